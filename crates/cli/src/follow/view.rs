//! What a person sees of one run while it happens, on any stream.

use std::io::Write;

use mainspring_api::event::{Delta, EventView};
use mainspring_types::{GateId, Timestamp};

use crate::{
    output::{Cursor, Palette, Screen, Surface, Tone, window},
    render::{self, Frame, Story, Talk},
};

/// A run drawn live on a terminal, or told in lines elsewhere.
pub(crate) struct View<W: Write> {
    /// What has been seen so far.
    story: Story,
    canvas: Canvas<W>,
    palette: Palette,
    columns: usize,
    /// How many rows the foot may take.
    rows: usize,
    frame: usize,
}

enum Canvas<W: Write> {
    Screen(Screen<W>),
    /// Every notable entry, on a stream whose lines cannot be drawn again.
    Lines(W),
}

/// What stands below everything else, for whoever types.
#[derive(Default)]
pub(crate) struct Prompt {
    /// Its lines.
    pub(crate) lines: Vec<String>,
    /// Where in them the cursor stands.
    pub(crate) cursor: Option<Cursor>,
    /// The gate that they ask about.
    pub(crate) gate: Option<GateId>,
}

impl<W: Write> View<W> {
    /// A view of this story on a stream of this kind.
    pub(crate) fn new(story: Story, stream: W, surface: Surface, palette: Palette) -> Self {
        let canvas = match surface {
            Surface::Terminal { .. } => Canvas::Screen(Screen::new(stream)),
            Surface::Plain => Canvas::Lines(stream),
        };
        Self { story, canvas, palette, columns: surface.columns(), rows: usize::MAX, frame: 0 }
    }

    /// The model agent that is seen, once it is known to be one.
    pub(crate) fn talk(&mut self) -> Option<&mut Talk> {
        match &mut self.story {
            Story::Talk(talk) => Some(talk),
            Story::Steps(_) => None,
        }
    }

    /// How many columns a line may take.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Takes in an entry; where lines cannot be drawn again, writes it.
    pub(crate) fn event(&mut self, event: &EventView) {
        self.story.fold(event);
        if let Canvas::Lines(stream) = &mut self.canvas
            && render::is_notable(event)
        {
            write_lines(stream, &[render::line(event, self.palette, self.columns)]);
        }
    }

    /// Takes in a piece of what a model says.
    pub(crate) fn hear(&mut self, delta: &Delta) {
        self.story.hear(delta);
    }

    /// The next frame begins, on a terminal that may have another size by now.
    pub(crate) fn turn(&mut self) {
        self.frame += 1;
        if let (Canvas::Screen(_), Some((columns, rows))) = (&self.canvas, window()) {
            (self.columns, self.rows) = (columns, rows);
        }
    }

    /// Draws what has changed, with the prompt below it.
    pub(crate) fn draw(&mut self, prompt: &Prompt) {
        if matches!(self.canvas, Canvas::Screen(_)) {
            self.write(&[], Some(prompt));
        }
    }

    /// Says something beside the run.
    pub(crate) fn say(&mut self, tone: Tone, words: &str) {
        match (&mut self.story, &self.canvas) {
            (Story::Talk(talk), Canvas::Screen(_)) => talk.note(tone, words),
            _ => self.put(&[format!("  {}", self.palette.paint(tone, words))]),
        }
    }

    /// Writes lines to stay, and draws what is happening below them.
    pub(crate) fn put(&mut self, lines: &[String]) {
        self.write(lines, Some(&Prompt::default()));
    }

    /// Writes lines to stay, and takes away what was drawn below them.
    pub(crate) fn close(&mut self, lines: &[String]) {
        self.write(lines, None);
    }

    fn write(&mut self, lines: &[String], foot: Option<&Prompt>) {
        let frame =
            Frame { now: Timestamp::now(), number: self.frame, palette: self.palette, columns: self.columns };
        match &mut self.canvas {
            Canvas::Lines(stream) => write_lines(stream, lines),
            Canvas::Screen(screen) => {
                let mut settled = self.story.settled(frame);
                settled.extend_from_slice(lines);
                let (foot, cursor) = foot.map_or_else(Default::default, |prompt| {
                    let waiting = self.story.waiting(frame, prompt.gate);
                    below([self.story.foot(frame), waiting].concat(), prompt, self.rows)
                });
                screen.draw(&settled, &foot, cursor);
            }
        }
    }
}

/// What is happening above the prompt; when both are too high for the terminal, what is happening loses its first lines.
fn below(mut foot: Vec<String>, prompt: &Prompt, rows: usize) -> (Vec<String>, Option<Cursor>) {
    let over = (foot.len() + prompt.lines.len() + 1).saturating_sub(rows);
    foot.drain(..over.min(foot.len()));
    let cursor = prompt.cursor.map(|cursor| Cursor { row: foot.len() + cursor.row, ..cursor });
    foot.extend_from_slice(&prompt.lines);
    (foot, cursor)
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
        let story = Story::of(&run(RunStatus::Running));
        let mut view = View::new(story, &mut bytes, surface, Palette::Plain);
        for event in lost_and_found().iter().take(9) {
            view.event(event);
            view.draw(&Prompt::default());
        }
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

    #[test]
    fn on_a_low_terminal_the_prompt_stays() {
        let lines = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let prompt = Prompt { lines: lines(&["?"]), cursor: Some(Cursor { row: 0, column: 1 }), gate: None };
        let (foot, cursor) = below(lines(&["a", "b", "c"]), &prompt, 4);
        assert_eq!((foot, cursor), (lines(&["b", "c", "?"]), Some(Cursor { row: 2, column: 1 })));
    }
}
