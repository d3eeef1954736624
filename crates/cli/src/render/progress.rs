//! A run as it happens: its journal folded into one line per step, with the agent's last lines beneath.
//!
//! Pure: what is shown follows from the entries, the time and the frame. Steps that are finished, in order, are
//! *settled*: handed out once, to stay on the terminal. The rest is the *foot*, a few lines whatever the run's size.
//!
//! ```text
//! Pending ─▶ Due ─▶ Building ─▶ Live ─▶ Done | Failed | Ended
//!             ▲                   │
//!             └──── lost, retried ┘
//! ```

mod calls;
mod step;

use mainspring_api::event::EventView;
use mainspring_types::{StepId, Timestamp};

use crate::{
    output::{Palette, width_of},
    render::{Entry, entry},
};

use step::{Mark, Step};

/// How many steps that have not begun are listed; the rest is counted.
const PENDING_MAX: usize = 5;
/// How wide the column of step names may grow.
const NAME_MAX: usize = 28;

/// What has been seen of a run so far.
pub(crate) struct Progress {
    steps: Vec<Step>,
    /// How many leading steps have been handed out as settled.
    settled: usize,
    ended: bool,
}

/// How a line is drawn: where, when and in which colours.
#[derive(Clone, Copy)]
pub(crate) struct Frame {
    /// Now.
    pub(crate) now: Timestamp,
    /// Counts up; turns the spinner.
    pub(crate) number: usize,
    /// The colours.
    pub(crate) palette: Palette,
    /// How many columns a line may take.
    pub(crate) columns: usize,
}

impl Progress {
    /// A run of these steps, of which nothing has been seen.
    pub(crate) fn new<'a>(steps: impl IntoIterator<Item = &'a StepId>) -> Self {
        let steps = steps.into_iter().map(|id| Step::new(id.as_str())).collect();
        Self { steps, settled: 0, ended: false }
    }

    /// Takes in the next entry.
    pub(crate) fn fold(&mut self, event: &EventView) {
        self.ended |= event.is_last();
        let entry = Entry(event);
        let Some(step) = entry.step().map(|name| self.step(name)) else { return };
        match entry.kind() {
            "attempt.preparing" => step.building(event.at, entry::preparing(entry)),
            "attempt.started" => step.began(event.at, entry.attempt()),
            "attempt.ended" => step.ended(event.at, entry.text("end")),
            "attempt.lost" => step.lost(entry::lost(entry)),
            "log" => step.wrote(entry.lines()),
            _ => step.called(entry),
        }
    }

    fn step(&mut self, name: &str) -> &mut Step {
        let index = self.steps.iter().position(|step| step.name == name).unwrap_or_else(|| {
            self.steps.push(Step::new(name));
            self.steps.len() - 1
        });
        &mut self.steps[index]
    }

    /// The lines of steps that have finished since this was last asked; of all steps once the run has ended.
    pub(crate) fn settled(&mut self, frame: Frame) -> Vec<String> {
        let width = self.name_width();
        let finished =
            self.steps[self.settled..].iter().take_while(|step| self.ended || step.mark.is_finished());
        let finished: Vec<&Step> = finished.collect();
        let lines = finished.iter().flat_map(|step| step.lines(width, frame)).collect();
        self.settled += finished.len();
        lines
    }

    /// The lines of what is happening and what is to come.
    pub(crate) fn foot(&self, frame: Frame) -> Vec<String> {
        let width = self.name_width();
        let rest = &self.steps[self.settled..];
        let (pending, active): (Vec<&Step>, Vec<&Step>) =
            rest.iter().partition(|step| step.mark == Mark::Pending);
        let shown = active.into_iter().chain(pending.iter().take(PENDING_MAX).copied());
        let mut lines: Vec<String> = shown.flat_map(|step| step.lines(width, frame)).collect();
        if pending.len() > PENDING_MAX {
            lines.push(frame.palette.dim(&format!("    … {} more", pending.len() - PENDING_MAX)));
        }
        lines
    }

    fn name_width(&self) -> usize {
        self.steps.iter().map(|step| width_of(&step.name)).max().unwrap_or(0).min(NAME_MAX)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::render::fixture::{at, journal, lost_and_found};

    const NAMES: [&str; 3] = ["plan", "write", "send"];

    fn seen(count: usize) -> Progress {
        let names = NAMES.map(|name| StepId::new(name).expect("a step name"));
        let mut progress = Progress::new(&names);
        lost_and_found().iter().take(count).for_each(|event| progress.fold(event));
        progress
    }

    fn picture(count: usize, millis: i64) -> String {
        let frame = Frame { now: at(millis), number: 0, palette: Palette::Plain, columns: 60 };
        let mut progress = seen(count);
        let settled = progress.settled(frame);
        let foot = progress.foot(frame);
        format!("{}\n--------\n{}\n", settled.join("\n"), foot.join("\n"))
    }

    #[test]
    fn an_environment_is_seen_growing() {
        insta::assert_snapshot!(picture(2, 250), @"
        --------
          ⠋ plan      0.2 s  environment: install · resolving
          · write
          · send
        ");
    }

    #[test]
    fn the_agents_lines_stand_beneath_its_step() {
        insta::assert_snapshot!(picture(4, 700), @"
        --------
          ✓ environment built in 0.4 s
          ⠋ plan      0.3 s
              thinking
              thought
          · write
          · send
        ");
    }

    #[test]
    fn a_lost_attempt_is_told_and_the_next_goes_on() {
        insta::assert_snapshot!(picture(8, 5_600), @"
          ✓ environment built in 0.4 s
          ✓ plan      0.5 s
              thinking
              thought
        --------
          ⠋ write     0.6 s  attempt 2
              attempt 1 was cut off: the server died
          · send
        ");
    }

    #[test]
    fn model_calls_are_counted_beside_their_step() {
        let call = |kind: &str, more: Value| {
            let mut data = json!({"step": "plan", "attempt": 1, "effect": "e1", "model": "gpt-4o-mini"});
            data.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            (500, kind.to_owned(), data)
        };
        let story = [
            call("attempt.started", json!({})),
            call("effect.replayed", json!({"effect": "e0"})),
            call("effect.intended", json!({})),
            call("effect.retried", json!({"try": 1, "error": "status 529: overloaded"})),
            call("effect.committed", json!({"usage": {"input_tokens": 300, "output_tokens": 12}})),
        ];
        let names = [StepId::new("plan").expect("a step name")];
        let pictures = [3, 4, 5].map(|seen| {
            let mut progress = Progress::new(&names);
            let story: Vec<_> =
                story.iter().take(seen).map(|(at, kind, data)| (*at, kind.as_str(), data.clone())).collect();
            for event in &journal(&story) {
                progress.fold(event);
            }
            let frame = Frame { now: at(700), number: 0, palette: Palette::Plain, columns: 90 };
            progress.foot(frame).join("\n")
        });
        insta::assert_snapshot!(pictures.join("\n\n"), @"
        ⠋ plan     0.2 s  2 model calls, 1 from the journal · asks gpt-4o-mini

        ⠋ plan     0.2 s  2 model calls, 1 from the journal · asks gpt-4o-mini
            model gpt-4o-mini · try 1 failed: status 529: overloaded; trying again

        ⠋ plan     0.2 s  2 model calls, 1 from the journal
        ");
    }

    #[test]
    fn once_ended_every_step_is_settled() {
        insta::assert_snapshot!(picture(12, 9_000), @"
          ✓ environment built in 0.4 s
          ✓ plan      0.5 s
              thinking
              thought
          ✓ write     1.2 s  attempt 2
              attempt 1 was cut off: the server died
          ✗ send      0.1 s
        --------
        ");
    }
}
