//! What runs look like to people: pure functions from wire types to text.

mod budget;
mod card;
mod effect;
mod entry;
mod gate;
mod list;
mod progress;
mod prose;
mod reason;
mod receipt;
mod session;
mod story;
mod subject;
mod talk;
mod tool;
mod value;

pub(crate) use budget::budget;
pub(crate) use card::card;
pub(crate) use effect::{effects, without_effects};
pub(crate) use entry::{Entry, is_notable, line};
pub(crate) use gate::{call, decided, gate, gates};
pub(crate) use list::list;
pub(crate) use progress::{Frame, Progress};
pub(crate) use prose::{Prose, aside};
pub(crate) use reason::{why, why_lines};
pub(crate) use receipt::receipt;
pub(crate) use session::{session, sessions, told};
pub(crate) use story::Story;
pub(crate) use subject::{subject, subject_field};
pub(crate) use talk::{Place, Talk, dollars};
pub(crate) use value::result;

use mainspring_api::run::{RunStatus, RunView};
use mainspring_types::ByteSize;
use std::time::Duration;

use crate::output::{Palette, Tone, count, time};

/// What turns while something happens, one sign a frame.
pub(crate) const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// The tone in which a status is shown.
pub(crate) fn tone_of(status: RunStatus) -> Tone {
    match status {
        RunStatus::Completed => Tone::Good,
        RunStatus::Failed => Tone::Bad,
        RunStatus::Cancelled | RunStatus::Paused => Tone::Warn,
        RunStatus::Running => Tone::Active,
        RunStatus::Queued | RunStatus::Waiting => Tone::Dim,
    }
}

/// What a run has used, in one line: `1.2 s · 2 attempts · 14.2 MB`, then its model calls if there were any.
pub(crate) fn used(run: &RunView) -> String {
    let worked = Duration::try_from_secs_f64(run.execution_time).unwrap_or_default();
    let mut parts = vec![time(worked), count(u64::from(run.attempts), "attempt")];
    parts.extend(run.memory_usage_bytes.map(|bytes| ByteSize(bytes).to_string()));
    parts.extend(effect::spent(run));
    parts.join(" · ")
}

/// The last line of a run: `✓ completed in 1.2 s · 2 attempts · 14.2 MB`.
pub(crate) fn ending(run: &RunView, palette: Palette) -> String {
    let (mark, word) = match run.status {
        RunStatus::Completed => ("✓", "completed in"),
        RunStatus::Failed => ("✗", "failed after"),
        RunStatus::Cancelled => ("■", "cancelled after"),
        other => ("…", other.as_str()),
    };
    let tone = tone_of(run.status);
    format!("{} {} {}", palette.paint(tone, mark), palette.paint(tone, word), used(run))
}

#[cfg(test)]
pub(crate) mod fixture;
