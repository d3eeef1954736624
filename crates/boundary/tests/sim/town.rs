//! What people do: they start runs, answer gates, say things, and end what they started.

use std::{pin::Pin, sync::Arc, task::Poll, time::Duration};

use mainspring_agent::{StepWork, Work};
use mainspring_boundary::{
    broker::{Action, Answer, Unanswered},
    conversation::{self, Beginning, Begun, Unheard},
};
use mainspring_core::{
    Ask, CancelLevel, Created, Loss, Plan, PlannedStep, Principal, RULES, Request, Retry, Trust,
};
use mainspring_engine::{Message, Refused};
use mainspring_store::{Fault, GateRow, Key, RunKey};
use mainspring_types::{Hash, RequestId, RunId, StepId, Value};
use serde_json::json;
use tokio::sync::oneshot;

use super::{
    cast::Part,
    laws::{Lawful, broken, holds},
    people::{self, Reply},
    prng::Prng,
    universe::{Known, Manners, Universe, poll},
};

/// How many workers a universe may lose: one more, and a step is parked until somebody looks.
const LOSSES_MAX: u64 = 3;

/// Something a person does, or fate.
#[derive(Clone, Debug)]
pub(super) enum Errand {
    /// Answers a gate of the run.
    Answer(String, Box<GateRow>, Answer),
    /// Says something to the run.
    Say(String, String),
    /// Tells the run that nothing more will be said.
    Done(String),
    /// Ends the run.
    Cancel(String, CancelLevel),
    /// Stops what the run does.
    Interrupt(String),
    /// The worker of the run's attempt is gone.
    Lose(String),
    /// Time passes.
    Wait(Duration),
}

/// An errand that waits for its answer.
pub(super) struct Pending {
    pub(super) errand: Errand,
    answer: Pin<Box<dyn Future<Output = Heard>>>,
}

enum Heard {
    Gate(Result<Result<GateRow, Unanswered>, Fault>),
    Said(Result<Result<u64, Unheard>, Fault>),
    Done,
    Asked(Result<(), Refused>),
}

/// The errands that nobody heard the end of when the server died: what was said, to whom.
pub(super) type Unsure = Vec<(String, String)>;

impl Universe {
    /// Starts a run; told again when nobody heard of its beginning, it is the same run.
    pub(super) fn begin(&mut self, number: usize) -> Lawful {
        let part = self.parts[number].clone();
        let key = RunKey { tenant: Self::tenant(), run: self.run_ids[number] };
        self.tell(&format!("somebody starts `{}`", part.label));
        self.names.insert(key.run, part.label.clone());
        self.runs.entry(part.label.clone()).or_insert_with(|| Known {
            key: key.clone(),
            assistant: Arc::new(part.assistant.clone()),
            parent: None,
            ended: false,
        });
        let (submit, beginning) = (self.server.submit(), self.beginning(&part, &key));
        match self.ask(conversation::begin(&submit, beginning))? {
            Some(Ok(Ok(Begun::New(run) | Begun::Known(run)))) => {
                self.begun += 1;
                self.memory.spoken.entry(part.label.clone()).or_insert(1);
                holds("a run is started once", run == key.run, || format!("{run} and {}", key.run))
            }
            Some(Ok(Err(unbegun))) => {
                broken("a run of a session follows the one before", format!("{unbegun:?}"))
            }
            Some(Err(_)) | None => Ok(()),
        }
    }

    fn beginning(&self, part: &Part, key: &RunKey) -> Beginning {
        let input = Value::json(&json!({ "prompt": part.messages[0] })).expect("text is JSON");
        let once = Key { caller: "ann".into(), route: "runs".into(), key: key.run.to_string() };
        Beginning {
            tenant: Self::tenant(),
            created: Box::new(self.created(part, key.run, &input)),
            input,
            by: Principal::User("ann".into()),
            once: Some((once, Hash::of(part.label.as_bytes()))),
            session: self.sessions[part.session],
            agent: "lead".into(),
            waits: part.waits,
            first: Some((parts_of(&part.messages[0]), "ann".into())),
            limits: Vec::new(),
        }
    }

    fn created(&self, part: &Part, run: RunId, input: &Value) -> Created {
        let step = StepWork {
            id: StepId::new("main").expect("a name"),
            work: Work::Converse { assistant: Box::new(part.assistant.clone()) },
            retry: mainspring_agent::Retry::default(),
            timeout: Duration::from_hours(1),
            input: None,
        };
        let planned = PlannedStep {
            id: step.id.clone(),
            after: Vec::new(),
            retry: Retry::default(),
            work: json!({ "step": step }),
        };
        Created {
            run,
            rules: RULES,
            agent: part.assistant.name.clone(),
            version: Hash::of(b"version"),
            plan: Plan::sequence([planned]),
            input: input.digest(),
            trust: Trust::Standard,
            session: Some(self.sessions[part.session].to_string()),
            parent: None,
            fork: None,
            deadline: None,
            trace: "0".repeat(32),
        }
    }

    /// What people may do now.
    pub(super) fn errands_of_people(&mut self) -> Vec<Errand> {
        let open = self.open_gates();
        match self.manners {
            Manners::Steady => {
                let mut errands: Vec<_> =
                    open.into_iter().filter_map(|(run, gate)| self.steady_errand(&run, gate)).collect();
                if !errands.is_empty() && self.prng.chance(10) {
                    errands.extend(self.answer_again());
                }
                errands
            }
            Manners::Wild => self.wild_errands(open),
        }
    }

    /// The gates that wait for a person, in an order that a seed decides.
    fn open_gates(&self) -> Vec<(String, GateRow)> {
        let now = self.server.now;
        let mut open = Vec::new();
        for (name, run) in self.runs.iter().filter(|(_, run)| !run.ended) {
            let mut gates = self.server.see(|readers| readers.gates_of(&run.key));
            gates.retain(|gate| gate.is_open() && gate.deadline.is_none_or(|deadline| deadline > now));
            gates.sort_by_cached_key(|gate| (gate.kind.clone(), gate.tool.clone(), gate.arguments.clone()));
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
        if gate.kind == "input" {
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

    /// Somebody answers what was answered before.
    fn answer_again(&mut self) -> Option<Errand> {
        let settled: Vec<_> = self.memory.answered.values().cloned().collect();
        let (run, gate) = self.prng.pick(&settled)?;
        let action = self.prng.weigh(&[(1, Action::Approve), (1, Action::Deny)]);
        Some(Errand::Answer(run, Box::new(gate), people::simple(action)))
    }

    fn wild_errands(&mut self, open: Vec<(String, GateRow)>) -> Vec<Errand> {
        let mut errands = Vec::new();
        for (run, gate) in open {
            let answer = people::wild(&mut self.prng, &gate, &self.deeds);
            errands.push(Errand::Answer(run, Box::new(gate), answer));
        }
        errands.extend(self.answer_again().filter(|_| self.prng.chance(20)));
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

    /// Begins an errand; its answer comes with some later batch.
    pub(super) fn run_errand(&mut self, errand: Errand) -> Lawful {
        self.tell(&brief(&errand));
        let answer = match errand.clone() {
            Errand::Wait(wait) => {
                self.server.now = self.server.now.after(wait);
                return self.settle().map(drop);
            }
            Errand::Answer(_, gate, answer) => self.answer(&gate, answer),
            Errand::Say(run, words) => self.say(&run, words),
            Errand::Done(run) => self.done(&run),
            Errand::Cancel(run, level) => {
                let reason = Some("somebody wants it so".to_owned());
                self.report.cancels += 1;
                self.request(&run, "ann", Ask::Cancel { level, reason })
            }
            Errand::Interrupt(run) => {
                self.report.interrupts += 1;
                self.request(&run, "ann", Ask::Interrupt)
            }
            Errand::Lose(run) => {
                let Some(attempt) = self.attempts.remove(&run) else { return Ok(()) };
                self.report.losses += 1;
                let (step, attempt) = (attempt.step().clone(), attempt.number());
                self.request(&run, "", Ask::LoseAttempt { step, attempt, loss: Loss::Worker })
            }
        };
        self.errands.push(Pending { errand, answer });
        self.hear_errands()?;
        // Else it is written together with what comes next.
        if self.prng.chance(60) { self.settle().map(drop) } else { Ok(()) }
    }

    fn answer(&self, gate: &GateRow, answer: Answer) -> Pin<Box<dyn Future<Output = Heard>>> {
        let (submit, id) = (self.server.submit(), gate.id());
        Box::pin(async move { Heard::Gate(answer.give(&submit, Self::tenant(), id).await) })
    }

    fn say(&self, run: &str, words: String) -> Pin<Box<dyn Future<Output = Heard>>> {
        let (submit, key) = (self.server.submit(), self.runs[run].key.clone());
        let message = (parts_of(&words), words);
        Box::pin(async move { Heard::Said(conversation::say(&submit, key, "ann", message).await) })
    }

    fn done(&self, run: &str) -> Pin<Box<dyn Future<Output = Heard>>> {
        let (submit, key) = (self.server.submit(), self.runs[run].key.clone());
        Box::pin(async move {
            // A run that has ended declines; a fault is met by saying it once more.
            drop(conversation::done(&submit, key, "ann").await);
            Heard::Done
        })
    }

    fn request(&self, run: &str, by: &str, ask: Ask) -> Pin<Box<dyn Future<Output = Heard>>> {
        let (reply, answer) = oneshot::channel();
        let by = if by.is_empty() { Principal::Engine } else { Principal::User(by.to_owned()) };
        let request = Box::new(Request { id: RequestId::generate(), by, ask });
        self.server.send(Message::Ask { key: self.runs[run].key.clone(), request, body: None, reply });
        Box::pin(async move { Heard::Asked(answer.await.expect("the driver answers")) })
    }

    /// Hears what became of errands.
    pub(super) fn hear_errands(&mut self) -> Lawful {
        for mut pending in std::mem::take(&mut self.errands) {
            match poll(pending.answer.as_mut()) {
                Poll::Pending => self.errands.push(pending),
                Poll::Ready(heard) => self.hear(pending.errand, heard)?,
            }
        }
        Ok(())
    }

    fn hear(&mut self, errand: Errand, heard: Heard) -> Lawful {
        match (errand, heard) {
            (Errand::Answer(run, _, answer), Heard::Gate(Ok(Ok(gate)))) => {
                self.report.answers += 1;
                self.report.remembered += u64::from(answer.remember);
                self.report.edits += u64::from(answer.arguments.is_some());
                if gate.kind == "input" {
                    self.spoke(&run);
                }
                self.memory.first_answer(&run, gate)
            }
            (Errand::Answer(run, ..), Heard::Gate(Ok(Err(Unanswered::Settled(gate))))) => {
                self.report.late_answers += 1;
                self.memory.late_answer(&run, *gate)
            }
            (Errand::Answer(run, gate, _), Heard::Gate(Ok(Err(Unanswered::NoSuchGate)))) => {
                broken("a gate is there for ever", format!("{} of `{run}` is gone", gate.id()))
            }
            (Errand::Answer(run, gate, answer), Heard::Gate(Ok(Err(Unanswered::Unfit { message }))))
                if self.is_steady() && !self.memory.answered.contains_key(&gate.id()) =>
            {
                broken("an answer that fits is taken", format!("{message}: {answer:?} of `{run}`"))
            }
            (Errand::Say(run, _), Heard::Said(Ok(Ok(_)))) => {
                self.spoke(&run);
                Ok(())
            }
            (Errand::Lose(run), Heard::Asked(Err(Refused::Fault(_)))) => {
                // Whoever watches over workers tries again.
                let Some(assignment) = self.memory.taken.get(&run).cloned() else { return Ok(()) };
                let loss = Ask::LoseAttempt {
                    step: assignment.step,
                    attempt: assignment.attempt,
                    loss: Loss::Worker,
                };
                let answer = self.request(&run, "", loss);
                self.errands.push(Pending { errand: Errand::Lose(run), answer });
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn spoke(&mut self, run: &str) {
        self.report.messages += 1;
        *self.memory.spoken.entry(run.to_owned()).or_insert(1) += 1;
    }

    /// The server is gone: nobody hears whether what was said was heard.
    pub(super) fn lose_errands(&mut self) {
        for pending in std::mem::take(&mut self.errands) {
            match pending.errand {
                Errand::Say(run, words) => self.memory.unsure.push((run, words)),
                Errand::Answer(run, gate, Answer { message: Some(words), .. }) if gate.kind == "input" => {
                    self.memory.unsure.push((run, words));
                }
                _ => {}
            }
        }
    }

    /// A server is up again: whoever said something looks whether it is there.
    pub(super) fn recall_errands(&mut self) {
        for (run, words) in std::mem::take(&mut self.memory.unsure) {
            let key = self.runs[&run].key.clone();
            let unheard = self.server.see(|readers| readers.unheard(&key));
            if unheard.iter().any(|message| message.parts == parts_of(&words)) {
                self.spoke(&run);
            }
        }
    }
}

/// A message's parts, as a conversation keeps them.
fn parts_of(words: &str) -> String {
    json!([{ "type": "text", "text": words }]).to_string()
}

fn brief(errand: &Errand) -> String {
    match errand {
        Errand::Answer(run, gate, answer) => {
            let tool = gate.tool.as_deref().unwrap_or_default();
            let arguments = gate.arguments.as_deref().unwrap_or_default();
            format!("somebody answers `{:?}` to {} of `{run}` ({tool} {arguments})", answer.action, gate.kind)
        }
        errand => format!("{errand:?}"),
    }
}
