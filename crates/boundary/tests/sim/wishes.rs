//! What people wish to do next.

use std::time::Duration;

use mainspring_boundary::broker::Action;
use mainspring_core::CancelLevel;
use mainspring_store::GateRow;
use mainspring_types::GateKind;

use super::{
    people::{self, Reply},
    prng::Prng,
    town::{Errand, Pending},
    universe::{Manners, Universe},
};

/// How many workers a universe may lose: of more, a step is parked until somebody looks.
const LOSSES_MAX: u64 = 3;

impl Universe {
    /// What people may do now.
    pub(super) fn errands_of_people(&mut self) -> Vec<Errand> {
        let now = self.server.now;
        let is_overdue =
            |(_, gate): &(String, GateRow)| gate.deadline.is_some_and(|deadline| deadline <= now);
        let (overdue, timely): (Vec<_>, Vec<_>) = self.open_gates().into_iter().partition(is_overdue);
        let mut errands = match self.manners {
            Manners::Steady => {
                timely.into_iter().filter_map(|(run, gate)| self.steady_errand(&run, gate)).collect()
            }
            Manners::Wild => self.wild_errands(timely.into_iter().chain(overdue.iter().cloned())),
        };
        let often = if overdue.is_empty() { 10 } else { 50 };
        if !(errands.is_empty() && overdue.is_empty()) && self.prng.chance(often) {
            errands.extend(self.answer_late(overdue));
        }
        errands
    }

    /// The gates that nobody has answered, in an order that a seed decides.
    fn open_gates(&self) -> Vec<(String, GateRow)> {
        let mut open = Vec::new();
        for (name, run) in self.runs.iter().filter(|(_, run)| !run.ended) {
            let mut gates = self.server.see(|readers| readers.gates_of(&run.key));
            gates.retain(GateRow::is_open);
            gates.sort_by_cached_key(|gate| (gate.kind.as_str(), gate.tool.clone(), gate.arguments.clone()));
            open.extend(gates.into_iter().map(|gate| (name.clone(), gate)));
        }
        open
    }

    fn steady_errand(&mut self, run: &str, gate: GateRow) -> Option<Errand> {
        let is_about = |pending: &Pending| match &pending.errand {
            Errand::Answer(_, about, _) => about.hash == gate.hash,
            Errand::Say(about, _) | Errand::Done(about) => about == run,
            _ => false,
        };
        if self.errands.iter().any(is_about) {
            return None;
        }
        if gate.kind == GateKind::Input {
            return self.next_words(run, gate);
        }
        match people::steady(self.seed, run, &gate, &self.deeds) {
            Reply::Answer(answer) => Some(Errand::Answer(run.to_owned(), Box::new(gate), answer)),
            Reply::Nothing => None,
        }
    }

    /// What is said next to a run that waits for it.
    fn next_words(&mut self, run: &str, gate: GateRow) -> Option<Errand> {
        let spoken = self.memory.spoken.get(run).copied().unwrap_or(1);
        let part = self.parts.iter().find(|part| part.label == run);
        let words = part.filter(|_| !self.memory.healed).and_then(|part| part.messages.get(spoken)).cloned();
        match words {
            Some(words) if self.prng.chance(50) => Some(Errand::Say(run.to_owned(), words)),
            Some(words) => Some(Errand::Answer(run.to_owned(), Box::new(gate), people::said(words))),
            None if gate.deadline.is_some() && Prng::about(self.seed, &["leaves", run]).chance(50) => None,
            None => Some(Errand::Done(run.to_owned())),
        }
    }

    /// Somebody answers what was answered before, or what waited too long.
    fn answer_late(&mut self, overdue: Vec<(String, GateRow)>) -> Option<Errand> {
        let overdue = overdue.into_iter().filter(|(_, gate)| gate.kind == GateKind::Approval);
        let late: Vec<_> = overdue.chain(self.memory.answered.values().cloned()).collect();
        let (run, gate) = self.prng.pick(&late)?;
        let action = self.prng.weigh(&[(1, Action::Approve), (1, Action::Deny)]);
        Some(Errand::Answer(run, Box::new(gate), people::simple(action)))
    }

    fn wild_errands(&mut self, open: impl Iterator<Item = (String, GateRow)>) -> Vec<Errand> {
        let mut errands = Vec::new();
        for (run, gate) in open {
            let answer = people::wild(&mut self.prng, &gate, &self.deeds);
            errands.push(Errand::Answer(run, Box::new(gate), answer));
        }
        let live: Vec<String> =
            self.runs.iter().filter(|(_, run)| !run.ended).map(|(name, _)| name.clone()).collect();
        for run in live {
            let number = self.report.acts;
            let level = self.prng.weigh(&[
                (1, CancelLevel::Interrupt),
                (1, CancelLevel::Stop),
                (1, CancelLevel::Kill),
            ]);
            let errand = self.prng.weigh(&[
                (6, None),
                (3, Some(Errand::Say(run.clone(), format!("word {number} to {run}")))),
                (1, Some(Errand::Done(run.clone()))),
                (2, Some(Errand::Cancel(run.clone(), level))),
                (3, Some(Errand::Interrupt(run.clone()))),
            ]);
            errands.extend(errand);
        }
        let held: Vec<String> = self.attempts.keys().cloned().collect();
        if self.report.losses < LOSSES_MAX && self.prng.chance(10) {
            errands.extend(self.prng.pick(&held).map(Errand::Lose));
        }
        if self.prng.chance(15) {
            let wait = self.prng.weigh(&[(3, 50), (2, 5_000), (2, 600_000), (1, 8_000_000)]);
            errands.push(Errand::Wait(Duration::from_millis(self.prng.below(wait))));
        }
        errands
    }
}
