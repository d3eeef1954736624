//! What a person sees of one run while it happens, on any stream.

use std::io::Write;

use mainspring_api::{event::EventView, run::RunView};
use mainspring_types::Timestamp;

use crate::{
    output::{Palette, Screen, Surface, Tone},
    render::{self, Frame, Progress},
};

/// A run drawn live on a terminal, or told in lines elsewhere.
pub(crate) struct View<W: Write> {
    /// What has been seen so far.
    pub(crate) progress: Progress,
    canvas: Canvas<W>,
    palette: Palette,
    columns: usize,
    frame: usize,
}

enum Canvas<W: Write> {
    Screen(Screen<W>),
    /// Every notable entry, on a stream whose lines cannot be drawn again.
    Lines(W),
}

impl<W: Write> View<W> {
    /// A view of `run` on a stream of this kind.
    pub(crate) fn new(run: &RunView, stream: W, surface: Surface, palette: Palette) -> Self {
        let canvas = match surface {
            Surface::Terminal { .. } => Canvas::Screen(Screen::new(stream)),
            Surface::Plain => Canvas::Lines(stream),
        };
        let progress = Progress::new(run.steps.iter().map(|step| &step.id));
        Self { progress, canvas, palette, columns: surface.columns(), frame: 0 }
    }

    /// Takes in an entry and shows what follows from it.
    pub(crate) fn event(&mut self, event: &EventView) {
        self.progress.fold(event);
        match self.canvas {
            Canvas::Lines(_) if render::is_notable(event) => {
                self.put(&[render::line(event, self.palette, self.columns)]);
            }
            Canvas::Lines(_) => {}
            Canvas::Screen(_) => self.put(&[]),
        }
    }

    /// Draws the next frame.
    pub(crate) fn draw(&mut self) {
        self.frame += 1;
        if matches!(self.canvas, Canvas::Screen(_)) {
            self.put(&[]);
        }
    }

    /// Says something beside the run.
    pub(crate) fn say(&mut self, tone: Tone, words: &str) {
        self.put(&[format!("  {}", self.palette.paint(tone, words))]);
    }

    /// Writes lines to stay, and draws what is happening below them.
    pub(crate) fn put(&mut self, lines: &[String]) {
        self.write(lines, true);
    }

    /// Writes lines to stay, and takes away what was drawn below them.
    pub(crate) fn close(&mut self, lines: &[String]) {
        self.write(lines, false);
    }

    fn write(&mut self, lines: &[String], with_foot: bool) {
        let frame =
            Frame { now: Timestamp::now(), number: self.frame, palette: self.palette, columns: self.columns };
        match &mut self.canvas {
            Canvas::Lines(stream) => write_lines(stream, lines),
            Canvas::Screen(screen) => {
                let mut settled = self.progress.settled(frame);
                settled.extend_from_slice(lines);
                let foot = if with_foot { self.progress.foot(frame) } else { Vec::new() };
                screen.draw(&settled, &foot);
            }
        }
    }
}

fn write_lines(stream: &mut impl Write, lines: &[String]) {
    for line in lines {
        // A reader that is gone misses nothing; the run goes on.
        let _ = writeln!(stream, "{line}");
    }
    let _ = stream.flush();
}

#[cfg(test)]
mod tests {
    use mainspring_api::run::RunStatus;

    use super::*;
    use crate::render::fixture::{lost_and_found, run};

    fn shown(surface: Surface) -> String {
        let mut bytes = Vec::new();
        let mut view = View::new(&run(RunStatus::Running), &mut bytes, surface, Palette::Plain);
        lost_and_found().iter().take(9).for_each(|event| view.event(event));
        view.close(&["the end".to_owned()]);
        drop(view);
        String::from_utf8(bytes).expect("all of it is text")
    }

    #[test]
    fn a_pipe_gets_every_notable_entry_once() {
        let text = shown(Surface::Plain);
        assert_eq!(text.matches("write · done").count(), 1);
        assert!(text.ends_with("\nthe end\n"), "{text:?}");
    }

    #[test]
    fn a_terminal_keeps_finished_steps_and_loses_the_foot() {
        let text = shown(Surface::Terminal { columns: 60 });
        let end = text.rsplit("\x1b[J").next().expect("a last frame");
        assert!(end.starts_with("the end\n"), "{end:?}");
        assert_eq!(text.matches("✓ write").count(), 1);
    }
}
