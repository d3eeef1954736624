//! Where the run is shown: drawn live on a terminal, written in lines elsewhere.

use std::io::Write;

use crate::output::{Screen, Surface};

/// One stream, as it can show things.
pub(super) enum Canvas {
    Screen(Screen<Box<dyn Write + Send>>),
    Lines(Box<dyn Write + Send>),
}

impl Canvas {
    pub(super) fn new(stream: Box<dyn Write + Send>, surface: Surface) -> Self {
        match surface {
            Surface::Terminal { .. } => Self::Screen(Screen::new(stream)),
            Surface::Plain => Self::Lines(stream),
        }
    }

    /// Writes `settled` to stay and, where lines can be drawn again, `foot` below it in place of the one before.
    pub(super) fn draw(&mut self, settled: &[String], foot: Option<&String>) {
        match self {
            Self::Screen(screen) => screen.draw(settled, foot.map_or(&[], std::slice::from_ref), None),
            Self::Lines(stream) => {
                for line in settled {
                    // A reader that is gone misses nothing; the demo goes on.
                    let _ = writeln!(stream, "{line}");
                }
                let _ = stream.flush();
            }
        }
    }
}
