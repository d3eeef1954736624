//! The laws of waiting, and of the end: what has to hold whenever nobody is in the middle of something, and of everything
//! once nothing more happens.

use std::collections::{BTreeMap, HashMap};

use mainspring_core::{Ending, Phase, Run, StepState, Wait};
use mainspring_store::{EntryKind, GateRow, Ledger as _, RunKey};
use mainspring_types::{GateAction, GateId, GateKind, GateState};
use serde_json::{Value, json};

use super::{
    laws::{Lawful, Summary, events, holds},
    universe::Universe,
};

impl Universe {
    /// What has to hold whenever nobody is in the middle of something.
    pub(super) fn stand(&mut self) -> Lawful {
        let runs: Vec<_> =
            self.runs.iter().map(|(name, run)| (name.clone(), run.key.clone(), run.parent.clone())).collect();
        let mut stands: HashMap<String, Run> = HashMap::new();
        for (name, key, _) in &runs {
            if self.runs[name].ended {
                continue;
            }
            let entries = self.server.read(|pen| pen.lifecycle(key));
            stands.extend(Run::from_log(&events(&entries)).map(|run| (name.clone(), run)));
        }
        for (name, key, parent) in &runs {
            let Some(run) = stands.get(name) else { continue };
            self.waits_in_vain(name, key, run)?;
            let above = parent.as_ref().and_then(|parent| self.runs.get(parent));
            let orphan = above.is_some_and(|parent| parent.ended) && matches!(run.phase, Phase::Open);
            holds("no child outlives its parent", !orphan, || format!("`{name}` goes on"))?;
        }
        Ok(())
    }

    fn waits_in_vain(&mut self, name: &str, key: &RunKey, run: &Run) -> Lawful {
        for step in run.steps.values() {
            match &step.state {
                StepState::Parked { wait: Wait::Gate { gate, .. }, .. } => {
                    let row = self.server.see(|readers| readers.gate(&key.tenant, GateId::of(gate)));
                    let open = row.as_ref().is_some_and(GateRow::is_open);
                    holds("no run waits for a gate that is settled", open, || {
                        format!("`{name}` waits for {row:?}")
                    })?;
                }
                StepState::Parked { wait: Wait::Child { child }, .. } => {
                    let child = RunKey { tenant: key.tenant.clone(), run: *child };
                    let ended = self.server.read(|pen| pen.has_ended(&child));
                    holds("no run waits for a child that has ended", !ended, || {
                        format!("`{name}` waits for {}", child.run)
                    })?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Universe {
    /// What has to hold once nothing more happens.
    pub(super) fn end(&mut self) -> Lawful<Summary> {
        let started = self.begun == self.parts.len();
        holds("every run ends when everyone answers", started, || "one was never started".into())?;
        let runs: Vec<_> = self.runs.iter().map(|(name, run)| (name.clone(), run.key.clone())).collect();
        let mut endings = BTreeMap::new();
        for (name, key) in &runs {
            let entries = self.server.read(|pen| pen.lifecycle(key));
            let events = events(&entries);
            let run = Run::from_log(&events).expect("a run begins with its creation");
            let outcome = run.outcome();
            holds("every run ends when everyone answers", outcome.is_some(), || {
                format!("`{name}`: {:?}", run.steps)
            })?;
            self.gates_stand(name, key)?;
            let ending = match &outcome.expect("it has ended").ending {
                Ending::Completed { output } => {
                    self.report.completed += 1;
                    format!("completed with {}", output.hash)
                }
                Ending::Failed(problem) => {
                    self.report.failed += 1;
                    format!("failed: {}", problem.message)
                }
                Ending::Cancelled { .. } => {
                    self.report.cancelled += 1;
                    "cancelled".into()
                }
            };
            endings.insert(name.clone(), ending);
        }
        self.refused_is_not_done()?;
        if self.is_steady() {
            self.usage_is_exact(&runs)?;
        }
        self.report.paid += self.book.paid();
        Ok(self.memory.summary(endings, &self.book, &self.deeds))
    }

    fn gates_stand(&mut self, name: &str, key: &RunKey) -> Lawful {
        let entries = self.server.see(|readers| readers.entries(key, 0, u32::MAX));
        let lines = entries.iter().filter(|entry| entry.kind == EntryKind::Effect);
        let lines = lines.map(|entry| serde_json::from_str(&entry.envelope).expect("a line is JSON"));
        let ends: Vec<Value> = lines.filter(|line: &Value| line["type"] == "gate.settled").collect();
        for gate in self.server.see(|readers| readers.gates_of(key)) {
            let about = || format!("of `{name}`: {gate:?}");
            holds("no gate stays open when its run has ended", !gate.is_open(), about)?;
            let kept = self.memory.keeps_first(&gate);
            holds("a gate is settled once, and its first answer counts", kept, about)?;
            let told = ends.iter().filter(|line| line["gate_id"] == json!(gate.id())).count();
            // One that is withdrawn with its run ends with what is told of that.
            let once = told == 1 || (told == 0 && gate.settled.is_none());
            holds("the end of a gate is told once", once, about)?;
            holds("a deadline's default is taken once, and not before", is_right_default(&gate), about)?;
            self.report.doubts += u64::from(gate.kind == GateKind::Unknown);
            self.report.expired += u64::from(gate.state == GateState::Expired);
        }
        Ok(())
    }

    /// What a person, a deadline or the end of the run refused was not done.
    fn refused_is_not_done(&mut self) -> Lawful {
        let runs: Vec<_> = self.runs.iter().map(|(name, run)| (name.clone(), run.key.clone())).collect();
        for (name, key) in runs {
            for gate in self
                .server
                .see(|readers| readers.gates_of(&key))
                .iter()
                .filter(|gate| gate.kind == GateKind::Approval)
            {
                let approved =
                    gate.settled.as_ref().is_some_and(|settled| settled.action == GateAction::Approve);
                self.report.denials += u64::from(!approved);
                let made = self.deeds.all().iter().find(|made| {
                    made.run == name
                        && Some(&made.tool) == gate.tool.as_ref()
                        && Some(&made.asked) == gate.arguments.as_ref()
                });
                holds("what is refused is never done", approved || made.is_none(), || {
                    format!("{made:?}, {gate:?}")
                })?;
            }
        }
        Ok(())
    }

    /// Every answer that was paid for is told in one turn's usage.
    fn usage_is_exact(&self, runs: &[(String, RunKey)]) -> Lawful {
        for (name, _) in runs {
            let told = self.memory.told_of(name);
            let paid = self.book.used(name);
            holds("usage is exact", told == paid, || format!("`{name}` tells {told:?}, and paid {paid:?}"))?;
        }
        Ok(())
    }
}

/// Whether the gate has its default exactly when nobody answered before its deadline.
fn is_right_default(gate: &GateRow) -> bool {
    let Some(settled) = &gate.settled else { return gate.state != GateState::Expired };
    // A message to a run that is about to end for want of one is still heard.
    let due = gate.deadline.filter(|_| gate.kind != GateKind::Input || settled.by == "deadline");
    let late = due.is_some_and(|deadline| settled.at >= deadline);
    if settled.by == "deadline" {
        gate.state == GateState::Expired && settled.action == gate.fallback.action() && late
    } else {
        gate.state != GateState::Expired && !late
    }
}
