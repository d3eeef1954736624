//! What a run intends to do: its steps, in what order, and how often each may be tried.

use std::{collections::BTreeSet, time::Duration};

use mainspring_types::StepId;
use serde::{Deserialize, Serialize};

/// The steps of a run and the time they may take together.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The steps, at least one, every `after` naming an earlier one.
    pub steps: Vec<PlannedStep>,
    /// How long the run may take from the moment its first attempt began, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

/// One step as planned.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedStep {
    /// Its name, unique in the plan.
    pub id: StepId,
    /// The steps that must be done first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<StepId>,
    /// How often it may fail.
    #[serde(default, skip_serializing_if = "Retry::is_once")]
    pub retry: Retry,
    /// What a worker has to do: opaque here, read by the worker.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub work: serde_json::Value,
}

/// How often a step is tried and how long is waited between two tries.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// Tries in all, at least 1; a lost attempt is not counted.
    pub attempts: u32,
    /// The wait before the second try, in milliseconds.
    pub delay_ms: u64,
    /// What each further wait is multiplied by, in thousandths.
    pub factor_permille: u32,
    /// The longest wait, in milliseconds.
    pub max_delay_ms: u64,
}

impl Default for Retry {
    /// One try.
    fn default() -> Self {
        Self { attempts: 1, delay_ms: 1_000, factor_permille: 2_000, max_delay_ms: 60_000 }
    }
}

impl Retry {
    fn is_once(&self) -> bool {
        *self == Self::default()
    }

    /// The wait after the given number of failures, or `None` when no try is left.
    pub fn wait_after(&self, failures: u32) -> Option<Duration> {
        if failures >= self.attempts {
            return None;
        }
        let mut wait = u128::from(self.delay_ms);
        for _ in 1..failures {
            wait = (wait * u128::from(self.factor_permille) / 1_000).min(u128::from(self.max_delay_ms));
        }
        Some(Duration::from_millis(u64::try_from(wait).unwrap_or(u64::MAX).min(self.max_delay_ms)))
    }
}

/// How far an agent is trusted: a floor for its isolation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// The owner's own code.
    Trusted,
    /// Code of a known source.
    Standard,
    /// Code of an unknown source.
    Untrusted,
    /// Code whose memory the host may not read.
    Confidential,
}

/// A plan that cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPlan {
    /// There is nothing to do.
    #[error("a plan needs at least one step")]
    Empty,
    /// Two steps share a name.
    #[error("step `{step}` is planned twice")]
    Twice {
        /// The name they share.
        step: StepId,
    },
    /// A step waits for one that does not come before it.
    #[error("step `{step}` comes after `{after}`, which is not planned before it")]
    Order {
        /// The step that waits.
        step: StepId,
        /// What it waits for.
        after: StepId,
    },
}

impl Plan {
    /// A plan whose steps run one after the other.
    pub fn sequence(steps: impl IntoIterator<Item = PlannedStep>) -> Self {
        let mut planned: Vec<PlannedStep> = Vec::new();
        for mut step in steps {
            step.after = planned.last().map(|before| before.id.clone()).into_iter().collect();
            planned.push(step);
        }
        Self { steps: planned, timeout_ms: None }
    }

    /// Whether the plan can be run. Since a step may only follow earlier ones, a valid plan has no cycle.
    pub fn validate(&self) -> Result<(), InvalidPlan> {
        let mut known = BTreeSet::new();
        for step in &self.steps {
            if let Some(after) = step.after.iter().find(|after| !known.contains(*after)) {
                return Err(InvalidPlan::Order { step: step.id.clone(), after: after.clone() });
            }
            if !known.insert(&step.id) {
                return Err(InvalidPlan::Twice { step: step.id.clone() });
            }
        }
        if known.is_empty() { Err(InvalidPlan::Empty) } else { Ok(()) }
    }

    /// The step whose output is the run's result: the one planned last.
    pub fn last(&self) -> Option<&StepId> {
        self.steps.last().map(|step| &step.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(id: &str, after: &[&str]) -> PlannedStep {
        let name = |text: &str| StepId::new(text).expect("a step name");
        PlannedStep {
            id: name(id),
            after: after.iter().map(|id| name(id)).collect(),
            retry: Retry::default(),
            work: serde_json::Value::Null,
        }
    }

    #[test]
    fn a_plan_that_cannot_be_run_says_why() {
        let check = |steps: Vec<PlannedStep>, wrong: &str| {
            let refused = Plan { steps, timeout_ms: None }.validate().expect_err(wrong);
            assert_eq!(refused.to_string(), wrong);
        };
        check(vec![], "a plan needs at least one step");
        check(vec![step("a", &[]), step("a", &[])], "step `a` is planned twice");
        check(
            vec![step("a", &["b"]), step("b", &[])],
            "step `a` comes after `b`, which is not planned before it",
        );
    }

    #[test]
    fn waits_grow_by_the_factor_up_to_the_longest() {
        let retry = Retry { attempts: 5, delay_ms: 100, factor_permille: 2_000, max_delay_ms: 350 };
        let waits: Vec<_> = (1..=5).map(|n| retry.wait_after(n).map(|wait| wait.as_millis())).collect();
        assert_eq!(waits, [Some(100), Some(200), Some(350), Some(350), None]);
    }
}
