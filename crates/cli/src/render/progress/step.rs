//! One step of a run as it happens.

use std::{collections::VecDeque, fmt::Write as _, time::Duration};

use mainspring_types::Timestamp;

use super::{Frame, calls::Calls};
use crate::{
    output::{Tone, count, fitted, time, width_of},
    render::{Entry, SPINNER},
};

/// How many of an agent's last lines stand beneath its step.
const TAIL: usize = 4;
/// An environment that was there in less time was not built, and is not spoken of.
const BUILT_MIN: Duration = Duration::from_millis(200);

/// How a step stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mark {
    /// It has not begun.
    Pending,
    /// It waits to be tried again, or for something outside.
    Due,
    /// Its environment is being built.
    Building,
    /// The agent works.
    Live,
    /// It is done.
    Done,
    /// Its attempt failed.
    Failed,
    /// Its attempt was ended.
    Ended,
}

impl Mark {
    /// Whether the step may be settled. A failed one may yet be tried again.
    pub(super) fn is_finished(self) -> bool {
        self == Self::Done
    }
}

pub(super) struct Step {
    pub(super) name: String,
    pub(super) mark: Mark,
    pub(super) attempt: u64,
    pub(super) took: Option<Duration>,
    began: Option<Timestamp>,
    building_since: Option<Timestamp>,
    built: Option<Duration>,
    /// What is being built, in words.
    stage: String,
    tail: VecDeque<String>,
    /// How many lines came before the tail.
    before: usize,
    /// What became of attempts that were lost, and what else happened that explains the rest.
    asides: Vec<String>,
    calls: Calls,
}

impl Step {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            mark: Mark::Pending,
            attempt: 0,
            took: None,
            began: None,
            building_since: None,
            built: None,
            stage: String::new(),
            tail: VecDeque::new(),
            before: 0,
            asides: Vec::new(),
            calls: Calls::default(),
        }
    }

    /// What was said and timed belongs to the attempt before.
    fn forget(&mut self) {
        self.began = None;
        self.building_since = None;
        self.tail.clear();
        self.before = 0;
    }

    pub(super) fn building(&mut self, at: Timestamp, stage: String) {
        self.mark = Mark::Building;
        self.stage = stage;
        self.building_since.get_or_insert(at);
    }

    pub(super) fn began(&mut self, at: Timestamp, attempt: Option<u64>) {
        self.mark = Mark::Live;
        self.attempt = attempt.unwrap_or(self.attempt);
        self.built = self.building_since.take().map(|since| at.since(since)).or(self.built);
        self.began = Some(at);
    }

    pub(super) fn ended(&mut self, at: Timestamp, end: Option<&str>) {
        self.mark = match end {
            Some("done") => Mark::Done,
            Some("failed") => Mark::Failed,
            Some("parked") => Mark::Due,
            _ => Mark::Ended,
        };
        self.took = self.began.or(self.building_since).map(|began| at.since(began));
        self.building_since = None;
        self.calls.stop();
    }

    pub(super) fn lost(&mut self, what: String) {
        self.mark = Mark::Due;
        self.forget();
        self.calls.stop();
        self.asides.push(what);
    }

    pub(super) fn called(&mut self, entry: Entry<'_>) {
        self.asides.extend(self.calls.fold(entry));
    }

    pub(super) fn wrote<'a>(&mut self, lines: impl Iterator<Item = &'a str>) {
        for line in lines {
            self.tail.push_back(line.to_owned());
            if self.tail.len() > TAIL {
                self.tail.pop_front();
                self.before += 1;
            }
        }
    }

    /// The step as lines: what was built for it, the step itself, what happened to it, what it wrote.
    pub(super) fn lines(&self, width: usize, frame: Frame) -> Vec<String> {
        let palette = frame.palette;
        let mut lines = Vec::new();
        if let Some(built) = self.built.filter(|built| *built >= BUILT_MIN) {
            lines.push(format!(
                "  {} {}",
                palette.paint(Tone::Good, "✓"),
                palette.dim(&format!("environment built in {}", time(built)))
            ));
        }
        lines.push(self.line(width, frame));
        let beneath = |text: &str| format!("      {}", fitted(text, frame.columns.saturating_sub(7)));
        let asides = self.asides.iter().chain(&self.calls.trouble);
        lines.extend(asides.map(|aside| palette.paint(Tone::Warn, &beneath(aside))));
        if self.before > 0 {
            lines.push(palette.dim(&beneath(&format!("… {} before", count(self.before as u64, "line")))));
        }
        lines.extend(self.tail.iter().map(|line| palette.dim(&beneath(line))));
        lines
    }

    fn line(&self, width: usize, frame: Frame) -> String {
        let (mark, tone) = self.look(frame);
        let name = fitted(&self.name, width);
        let pad = " ".repeat(width.saturating_sub(width_of(&name)));
        let name = if self.mark == Mark::Pending { frame.palette.dim(&name) } else { name };
        let (clock, aside) = (self.clock(frame), self.aside(frame.columns.saturating_sub(width + 16)));
        let mut text = format!("  {} {name}", frame.palette.paint(tone, mark));
        if !clock.is_empty() || !aside.is_empty() {
            let _ = write!(text, "{pad}  {clock:>8}");
        }
        if !aside.is_empty() {
            let _ = write!(text, "  {}", frame.palette.dim(&aside));
        }
        text
    }

    fn look(&self, frame: Frame) -> (&'static str, Tone) {
        match self.mark {
            Mark::Pending => ("·", Tone::Dim),
            Mark::Due => ("○", Tone::Dim),
            Mark::Building | Mark::Live => (SPINNER[frame.number % SPINNER.len()], Tone::Active),
            Mark::Done => ("✓", Tone::Good),
            Mark::Failed => ("✗", Tone::Bad),
            Mark::Ended => ("■", Tone::Warn),
        }
    }

    fn clock(&self, frame: Frame) -> String {
        match self.mark {
            Mark::Pending | Mark::Due => String::new(),
            Mark::Building => self.building_since.map_or(String::new(), |since| time(frame.now.since(since))),
            Mark::Live => self.began.map_or(String::new(), |began| time(frame.now.since(began))),
            Mark::Done | Mark::Failed | Mark::Ended => self.took.map_or(String::new(), time),
        }
    }

    fn aside(&self, room: usize) -> String {
        if self.mark == Mark::Building {
            return fitted(&self.stage, room);
        }
        let attempt = (self.attempt > 1).then(|| format!("attempt {}", self.attempt));
        let parts: Vec<String> = attempt.into_iter().chain(self.calls.words()).collect();
        fitted(&parts.join(" · "), room)
    }
}
