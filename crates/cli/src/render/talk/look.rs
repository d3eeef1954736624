//! How a model agent's work looks: what settled as it stays, and what is happening below it.

use mainspring_types::GateId;

use super::{Block, Kind, Talk, Waiting, call::Running};
use crate::{
    output::{Palette, Tone, fitted, time},
    render::{Frame, Prose, SPINNER, prose},
};

/// For how many frames no words come before what follows them settles; until then it is seen in the foot.
const QUIET_FRAMES: usize = 6;
/// How many calls under way are shown; the rest is counted.
const RUNNING_MAX: usize = 6;

impl Talk {
    /// The lines of what has settled since this was last asked.
    pub(crate) fn settled(&mut self, frame: Frame) -> Vec<String> {
        let mut lines = Vec::new();
        let is_quiet = |since: usize| frame.number.abs_diff(since) >= QUIET_FRAMES;
        if !self.held.is_empty() && is_quiet(*self.quiet.get_or_insert(frame.number)) {
            self.flush();
        }
        while let Some(block) = self.done.pop_front() {
            self.paint(block, frame, &mut lines);
        }
        if let Some(saying) = self.saying.as_mut().filter(|saying| saying.kind == Kind::Text)
            && let Some((rows, taken)) = self.prose.settled(&saying.text, frame.columns, frame.palette)
        {
            saying.text.drain(..taken);
            self.gap(Kind::Text, &mut lines);
            lines.extend(rows);
        }
        lines
    }

    fn paint(&mut self, block: Block, frame: Frame, lines: &mut Vec<String>) {
        let (palette, columns) = (frame.palette, frame.columns);
        let (kind, rows) = match block {
            Block::Said(kind @ Kind::Thinking, text) => (kind, prose::aside(&text, columns, palette)),
            Block::Said(kind, text) => (kind, self.prose.lines(&text, columns, palette)),
            Block::Full => {
                self.prose = Prose::default();
                return;
            }
            Block::Message(text) => (Kind::Message, message(&text, columns, palette)),
            Block::Card(card) => (Kind::Work, card.lines(palette, columns)),
            Block::Note(tone, words) => (Kind::Work, note(tone, &words, columns, palette)),
            Block::Used(words) => (Kind::Used, vec![palette.dim(&format!("  {words}"))]),
        };
        // Blank lines at the front would double the one that stands before every kind.
        let begins = self.last != Some(kind);
        let rows: Vec<String> = rows.into_iter().skip_while(|row| begins && row.trim().is_empty()).collect();
        if !rows.is_empty() {
            self.gap(kind, lines);
            lines.extend(rows);
        }
    }

    fn gap(&mut self, kind: Kind, lines: &mut Vec<String>) {
        if self.last.is_none_or(|last| last != kind) {
            lines.push(String::new());
        }
        self.last = Some(kind);
    }

    /// The lines of what is happening.
    pub(crate) fn foot(&self, frame: Frame) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(saying) = &self.saying {
            if self.last != Some(saying.kind) {
                lines.push(String::new());
            }
            lines.extend(match saying.kind {
                Kind::Thinking => prose::aside(&saying.text, frame.columns, frame.palette),
                _ => self.prose.unfinished(&saying.text, frame.columns, frame.palette),
            });
        }
        let held = self.held.iter().filter_map(|block| match block {
            Block::Card(card) => Some(card.lines(frame.palette, frame.columns)),
            Block::Note(tone, words) => Some(note(*tone, words, frame.columns, frame.palette)),
            _ => None,
        });
        let held: Vec<String> = held.flatten().collect();
        let calls: Vec<&Running> = self.children.iter().chain(&self.running).collect();
        let is_work = !calls.is_empty() || !held.is_empty();
        if is_work && (self.last != Some(Kind::Work) || self.saying.is_some()) {
            lines.push(String::new());
        }
        lines.extend(held);
        lines.extend(calls.iter().take(RUNNING_MAX).map(|running| running.line(frame)));
        if calls.len() > RUNNING_MAX {
            lines.push(frame.palette.dim(&format!("    … {} more", calls.len() - RUNNING_MAX)));
        }
        lines.extend(self.trouble.iter().map(|trouble| {
            frame
                .palette
                .paint(Tone::Warn, &format!("    {}", fitted(trouble, frame.columns.saturating_sub(5))))
        }));
        if self.is_working && !self.is_held() {
            lines.extend([String::new(), self.pulse(frame)]);
        }
        lines
    }

    /// Whether nothing happens until somebody decides.
    fn is_held(&self) -> bool {
        let is_idle = self.running.is_empty() && self.asking.is_empty() && self.saying.is_none();
        is_idle && !self.gates.is_empty()
    }

    /// That the agent works, at what and for how long.
    fn pulse(&self, frame: Frame) -> String {
        let what = match (&self.stage, self.writing.last(), self.asking.values().next()) {
            (Some(stage), ..) => stage.clone(),
            (_, Some(tool), _) => format!("writes a call of {tool}"),
            (.., Some(model)) if self.saying.is_none() => format!("asks {model}"),
            _ => match &self.saying {
                Some(saying) if saying.kind == Kind::Thinking => "thinks".to_owned(),
                Some(_) => "answers".to_owned(),
                None if self.running.is_empty() => "goes on".to_owned(),
                None => "works".to_owned(),
            },
        };
        let took = self.tally.elapsed(frame.now).map(time);
        let words: Vec<String> =
            [what].into_iter().chain(took).chain(["Ctrl-C interrupts".to_owned()]).collect();
        let spinner = SPINNER[frame.number % SPINNER.len()];
        let words = fitted(&words.join(" · "), frame.columns.saturating_sub(3));
        format!("{} {}", frame.palette.paint(Tone::Active, spinner), frame.palette.dim(&words))
    }

    /// What waits for a decision, `asked` left out, with how to decide from elsewhere.
    pub(crate) fn waiting(&self, frame: Frame, asked: Option<GateId>) -> Vec<String> {
        let asked = asked.map(|gate| gate.to_string());
        let line = |(id, waiting): (&String, &Waiting)| {
            let way = format!("  mainspring gates show {id}");
            let asks = fitted(&waiting.matter, frame.columns.saturating_sub(way.len() + 10).max(20));
            format!("  {} {asks}{}", frame.palette.paint(Tone::Warn, "○"), frame.palette.dim(&way))
        };
        self.gates.iter().filter(|(id, _)| asked.as_ref() != Some(*id)).map(line).collect()
    }
}

fn message(text: &str, columns: usize, palette: Palette) -> Vec<String> {
    let rows = text.lines().enumerate().map(|(index, line)| {
        let mark = if index == 0 { palette.paint(Tone::Active, "›") } else { " ".to_owned() };
        format!("{mark} {}", palette.strong(&fitted(line, columns.saturating_sub(3))))
    });
    rows.collect()
}

fn note(tone: Tone, words: &str, columns: usize, palette: Palette) -> Vec<String> {
    let rows = words.lines().map(|line| fitted(line, columns.saturating_sub(3)));
    rows.map(|line| format!("  {}", palette.paint(tone, &line))).collect()
}
