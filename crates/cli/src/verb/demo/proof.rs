//! What the demo claims, checked against the ledger and the journal before it is said.

use std::time::Duration;

use mainspring_api::run::{RunStatus, RunView};
use mainspring_types::{Code, Problem};
use serde::Serialize;

use super::{ledger::Noted, processes::Process};
use crate::output::{Palette, Table, Tone, time};

/// One step: what the journal and the ledger say about it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub(super) struct StepProof {
    pub(super) step: String,
    pub(super) attempts: u32,
    pub(super) begun: usize,
    pub(super) done: usize,
    /// How long its last attempt took.
    #[serde(skip)]
    pub(super) took: Duration,
    /// Whether it was done before everything was killed.
    pub(super) done_before_kill: bool,
}

/// What has been seen.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub(super) struct Proof {
    pub(super) run_id: String,
    pub(super) killed: Vec<i32>,
    #[serde(skip)]
    pub(super) survivors: usize,
    pub(super) steps: Vec<StepProof>,
    pub(super) seconds_saved: f64,
    pub(super) result: Option<serde_json::Value>,
}

/// The moment when everything was killed.
pub(super) struct Kill {
    /// The step that was at work.
    pub(super) step: String,
    /// What was killed.
    pub(super) processes: Vec<Process>,
    /// How many of them are gone.
    pub(super) gone: usize,
    /// The steps that were done by then.
    pub(super) done: Vec<String>,
}

impl Proof {
    /// Puts together what was seen of the run; `noted` and `took` say what the ledger and the journal have of a step.
    pub(super) fn of(
        run: &RunView,
        kill: &Kill,
        noted: impl Fn(&str) -> Noted,
        took: impl Fn(&str) -> Option<Duration>,
    ) -> Self {
        let step = |view: &mainspring_api::run::StepView| {
            let name = view.id.as_str();
            let Noted { begun, done } = noted(name);
            StepProof {
                step: name.to_owned(),
                attempts: view.attempts,
                begun,
                done,
                took: took(name).unwrap_or_default(),
                done_before_kill: kill.done.iter().any(|done| done == name),
            }
        };
        let steps: Vec<StepProof> = run.steps.iter().map(step).collect();
        let saved: Duration = steps.iter().filter(|step| step.done_before_kill).map(|step| step.took).sum();
        Self {
            run_id: run.run_id.to_string(),
            killed: kill.processes.iter().map(|process| process.pid).collect(),
            survivors: kill.processes.len() - kill.gone,
            steps,
            seconds_saved: saved.as_secs_f64(),
            result: run.result.clone(),
        }
    }

    /// Whether everything that is about to be said is true.
    pub(super) fn check(&self, status: RunStatus) -> Result<(), Problem> {
        if status != RunStatus::Completed {
            return Err(untrue(&format!("the run ended `{}`, not `completed`", status.as_str())));
        }
        if self.survivors > 0 {
            return Err(untrue(&format!("{} of the killed processes still live", self.survivors)));
        }
        for step in &self.steps {
            let StepProof { step: name, begun, done, attempts, done_before_kill, .. } = step;
            if *done != 1 {
                return Err(untrue(&format!(
                    "the ledger says {done} times that `{name}` was done, not once"
                )));
            }
            if *done_before_kill && (*begun, *attempts) != (1, 1) {
                return Err(untrue(&format!("`{name}` was done before the kill and began {begun} times")));
            }
        }
        let repeated: Vec<&StepProof> = self.steps.iter().filter(|step| step.begun > 1).collect();
        match repeated.as_slice() {
            [step] if step.begun == 2 && step.attempts == 2 => Ok(()),
            others => Err(untrue(&format!(
                "{} steps began more than once, not the one that was killed",
                others.len()
            ))),
        }
    }

    /// The proof as a table, what was saved below it.
    pub(super) fn render(&self, palette: Palette) -> String {
        let mut table = Table::new(["  STEP", "BEGUN", "DONE", ""]);
        for step in &self.steps {
            let (word, rest) = match step {
                step if step.done_before_kill => ("done once", ", before the kill: not repeated"),
                step if step.begun > 1 => ("done once", ", by its second attempt: the first was killed"),
                _ => ("done once", ""),
            };
            table.row([
                format!("  {}", step.step),
                format!("{}×", step.begun),
                format!("{}×", step.done),
                palette.paint(Tone::Good, word) + &palette.dim(rest),
            ]);
        }
        let kept: Vec<&str> =
            self.steps.iter().filter(|step| step.done_before_kill).map(|step| step.step.as_str()).collect();
        let saved = time(Duration::try_from_secs_f64(self.seconds_saved).unwrap_or_default());
        let line = format!("Not repeated: {}. That is {saved} of work kept.", kept.join(" and "));
        format!("{}\n{}\n", table.render(palette), palette.strong(&line))
    }
}

fn untrue(what: &str) -> Problem {
    Problem::new(Code::ExecutionFailed, format!("the demo did not show what it promises: {what}"))
        .suggest("run it again; if it stays so, report it with the output of `mainspring doctor`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(begun: [usize; 3], done: [usize; 3]) -> Proof {
        let steps = ["gather", "draft", "publish"].iter().enumerate();
        let steps = steps.map(|(index, name)| StepProof {
            step: (*name).to_owned(),
            attempts: u32::try_from(begun[index]).expect("small"),
            begun: begun[index],
            done: done[index],
            took: Duration::from_millis(1_240),
            done_before_kill: index == 0,
        });
        Proof {
            run_id: "run_1".to_owned(),
            killed: vec![7, 8],
            survivors: 0,
            steps: steps.collect(),
            seconds_saved: 1.24,
            result: None,
        }
    }

    #[test]
    fn what_is_true_is_shown() {
        let proof = proof([1, 2, 1], [1, 1, 1]);
        assert_eq!(proof.check(RunStatus::Completed), Ok(()));
        insta::assert_snapshot!(proof.render(Palette::Plain), @"
          STEP     BEGUN  DONE
          gather   1×     1×    done once, before the kill: not repeated
          draft    2×     1×    done once, by its second attempt: the first was killed
          publish  1×     1×    done once

        Not repeated: gather. That is 1.2 s of work kept.
        ");
    }

    #[test]
    fn what_is_not_true_is_not_claimed() {
        let told = |proof: Proof| proof.check(RunStatus::Completed).expect_err("a false claim").message;
        assert_eq!(
            told(proof([1, 2, 1], [1, 2, 1])),
            "the demo did not show what it promises: the ledger says 2 times that `draft` was done, not once"
        );
        assert_eq!(
            told(proof([2, 2, 1], [1, 1, 1])),
            "the demo did not show what it promises: `gather` was done before the kill and began 2 times"
        );
        assert_eq!(
            told(proof([1, 1, 1], [1, 1, 1])),
            "the demo did not show what it promises: 0 steps began more than once, not the one that was killed"
        );
    }
}
