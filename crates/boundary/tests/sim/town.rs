//! What people do: they start runs, answer gates, say things, and end what they started.

use std::{pin::Pin, task::Poll, time::Duration};

use mainspring_boundary::{
    broker::{Answer, Unanswered},
    conversation::{self, Unheard},
};
use mainspring_core::{Ask, CancelLevel, Loss, Principal, Request};
use mainspring_engine::{Message, Refused};
use mainspring_store::{Fault, GateRow};
use mainspring_types::{GateKind, RequestId};
use tokio::sync::oneshot;

use super::{
    laws::{Lawful, broken},
    life::poll,
    start::parts_of,
    universe::Universe,
};

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
    answer: Hearing,
}

/// What will be heard.
type Hearing = Pin<Box<dyn Future<Output = Heard>>>;

enum Heard {
    Gate(Box<Result<Result<GateRow, Unanswered>, Fault>>),
    Said(Result<Result<u64, Unheard>, Fault>),
    Done,
    Asked(Result<(), Refused>),
}

/// The errands that nobody heard the end of when the server died: what was said, to whom.
pub(super) type Unsure = Vec<(String, String)>;

impl Universe {
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
                self.interrupt(&run)
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

    fn answer(&self, gate: &GateRow, answer: Answer) -> Hearing {
        let (submit, id) = (self.server.submit(), gate.id());
        Box::pin(async move { Heard::Gate(Box::new(answer.give(&submit, Self::tenant(), id).await)) })
    }

    fn say(&self, run: &str, words: String) -> Hearing {
        let (submit, key) = (self.server.submit(), self.runs[run].key.clone());
        let message = (parts_of(&words), words);
        Box::pin(async move { Heard::Said(conversation::say(&submit, key, "ann", message).await) })
    }

    fn done(&self, run: &str) -> Hearing {
        let (submit, key) = (self.server.submit(), self.runs[run].key.clone());
        Box::pin(async move {
            // A run that has ended declines; a fault is met by saying it once more.
            drop(conversation::done(&submit, key, "ann").await);
            Heard::Done
        })
    }

    fn interrupt(&self, run: &str) -> Hearing {
        let (submit, key) = (self.server.submit(), self.runs[run].key.clone());
        Box::pin(async move {
            // What is at rest or over declines; a fault is met by a person who tries again.
            drop(conversation::interrupt(&submit, key, "ann").await);
            Heard::Done
        })
    }

    fn request(&self, run: &str, by: &str, ask: Ask) -> Hearing {
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
            (Errand::Answer(run, gate, answer), Heard::Gate(heard)) => {
                self.hear_gate(&run, (&gate, &answer), *heard)
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

    fn hear_gate(
        &mut self,
        run: &str,
        (asked, answer): (&GateRow, &Answer),
        heard: Result<Result<GateRow, Unanswered>, Fault>,
    ) -> Lawful {
        match heard {
            Ok(Ok(gate)) => {
                self.report.answers += 1;
                self.report.remembered += u64::from(answer.remember);
                self.report.edits += u64::from(answer.arguments.is_some());
                if gate.kind == GateKind::Input {
                    self.spoke(run);
                }
                self.memory.first_answer(run, &gate)
            }
            Ok(Err(Unanswered::Settled(gate))) => {
                self.report.late_answers += 1;
                self.memory.late_answer(run, *gate)
            }
            Ok(Err(Unanswered::NoSuchGate)) => {
                broken("a gate is there for ever", format!("{} of `{run}` is gone", asked.id()))
            }
            Ok(Err(Unanswered::Unfit { message }))
                if self.is_steady() && !self.memory.answered.contains_key(&asked.id()) =>
            {
                broken("an answer that fits is taken", format!("{message}: {answer:?} of `{run}`"))
            }
            // What was not written is asked again, since the gate is still open.
            Ok(Err(Unanswered::Unfit { .. })) | Err(_) => Ok(()),
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
                Errand::Answer(run, gate, Answer { message: Some(words), .. })
                    if gate.kind == GateKind::Input =>
                {
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
            let there = self.server.read(|pen| {
                let Some(part) = pen.conversation(&key)? else { return Ok(Vec::new()) };
                let next = pen.last_turn(&key.tenant, part.session)? + 1;
                Ok([pen.unheard(&key)?, pen.taken_up(&key, next)?].concat())
            });
            if there.iter().any(|message| message.parts == parts_of(&words)) {
                self.spoke(&run);
            }
        }
    }
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
