//! The worker: goes on with an attempt by one small act at a time, as the worker of the product does.

use std::sync::Arc;

use mainspring_agent::{Assistant, Mode};
use mainspring_boundary::{
    Divergence, Pass,
    broker::Charter,
    conversation::{Concluded, Incoming, Recalled, Turn},
};
use mainspring_core::{Ask, AttemptEnd, Failure, FailureClass, Principal, Request, Run, Used, Wait};
use mainspring_engine::{Assignment, Body, Message, Refused};
use mainspring_runtimes::default::{self, Ending, Message as Words, Role, TurnEnd};
use mainspring_store::Ledger as _;
use mainspring_types::{AttemptNo, RequestId, Value};
use serde_json::value::to_raw_value;

use super::{
    attempt::{Attempt, Stage},
    laws::{Lawful, broken, holds},
    server::Order,
    universe::{Known, Universe},
};

/// Whether the worker still has the attempt.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    Kept,
    Gone,
}

impl Universe {
    /// What the run of an assignment is called; one that was not heard of is a child.
    pub(super) fn name_of(&mut self, assignment: &Assignment) -> Lawful<String> {
        if let Some(name) = self.names.get(&assignment.key.run) {
            return Ok(name.clone());
        }
        let Value::Json(input) = &assignment.input else { panic!("the input of a task is JSON") };
        let input: serde_json::Value = serde_json::from_str(input.get()).expect("it is JSON");
        let name = input["prompt"].as_str().expect("a task has a prompt").to_owned();
        let entries = self.server.read(|pen| pen.lifecycle(&assignment.key));
        let born = Run::from_log(&super::laws::events(&entries)).expect("a run begins with its creation");
        let (parent, _) = born.created.parent.expect("only tasks start runs by themselves");
        let parent = self.names[&parent].clone();
        let assistant = assistant_of(assignment);
        super::laws::is_narrowed(&self.runs[&parent].assistant, &assistant, &name)?;
        self.report.children += 1;
        self.tell(&format!("`{parent}` starts `{name}`"));
        self.names.insert(assignment.key.run, name.clone());
        let key = assignment.key.clone();
        let known = Known { key, assistant: Arc::new(assistant), parent: Some(parent), ended: false };
        if self.runs.insert(name.clone(), known).is_some() {
            return broken("a task is started once", format!("`{name}` was started before"));
        }
        Ok(name)
    }

    /// Takes an attempt; what it does may be seen by the world only once that is durable.
    pub(super) fn take(&mut self, run: &str) -> Lawful {
        let Some(assignment) = self.queued.get(run).cloned() else { return Ok(()) };
        let nonce = self.ticket(run, assignment.attempt);
        let (key, step, attempt) = (assignment.key.clone(), assignment.step.clone(), assignment.attempt);
        let claimed = |reply| Message::Claimed { key, step, attempt, nonce, reply: Some(reply) };
        let Some(Ok(())) = self.tell_driver(claimed)? else { return Ok(()) };
        let still_ours = self.queued.get(run).is_some_and(|queued| queued.attempt == assignment.attempt);
        if !still_ours {
            return Ok(());
        }
        self.queued.remove(run);
        self.tell(&format!("the worker takes attempt {} of `{run}`", assignment.attempt));
        let assistant = assistant_of(&assignment);
        let pass = Pass {
            key: assignment.key.clone(),
            step: assignment.step.clone(),
            attempt: assignment.attempt,
            nonce,
            agent: assignment.agent.clone(),
            ancestors: serde_json::from_value(assignment.work["ancestors"].clone()).unwrap_or_default(),
            divergence: Divergence::default(),
        };
        let charter = Charter { assistant: assistant.clone(), work: assignment.work.clone() };
        self.broker().admit(pass, charter);
        self.memory.taken.insert(run.to_owned(), assignment.clone());
        let attempt = Attempt {
            run: run.to_owned(),
            assignment,
            nonce,
            assistant: Arc::new(assistant),
            history: Vec::new(),
            stage: Stage::Fresh,
        };
        self.attempts.insert(run.to_owned(), attempt);
        Ok(())
    }

    /// The number of the ticket for an attempt; the same when the claim was not written and is sent again.
    fn ticket(&mut self, run: &str, attempt: AttemptNo) -> u64 {
        let next = self.nonces + 1;
        let nonce = *self.tickets.entry((run.to_owned(), attempt)).or_insert(next);
        self.nonces = self.nonces.max(nonce);
        nonce
    }

    /// Goes on with an attempt.
    pub(super) fn work(&mut self, run: &str) -> Lawful {
        let Some(mut attempt) = self.attempts.remove(run) else { return Ok(()) };
        let life = self.life;
        let hold = self.go_on(&mut attempt)?;
        if self.life != life {
            return Ok(());
        }
        match hold {
            Hold::Kept => drop(self.attempts.insert(run.to_owned(), attempt)),
            Hold::Gone => self.broker().release(attempt.nonce),
        }
        Ok(())
    }

    fn go_on(&mut self, attempt: &mut Attempt) -> Lawful<Hold> {
        let order = self.orders.get(&(attempt.run.clone(), attempt.number())).copied();
        match (order, &mut attempt.stage) {
            (Some(Order::Abandon), Stage::Turning(_)) => self.give_up(attempt),
            (Some(Order::Abandon), _) => Ok(Hold::Gone),
            (Some(_), Stage::Turning(_)) => self.land(attempt),
            (Some(Order::End), Stage::Fresh | Stage::Concluding { .. }) => {
                attempt.stage = Stage::Over(AttemptEnd::Aborted {}, None);
                Ok(Hold::Kept)
            }
            (_, Stage::Fresh) => self.recall(attempt),
            (_, Stage::Turning(_)) => self.turn(attempt),
            (_, Stage::Concluding { .. }) => self.conclude(attempt),
            (_, Stage::Over(..)) => self.report_end(attempt),
        }
    }

    fn recall(&mut self, attempt: &mut Attempt) -> Lawful<Hold> {
        let broker = self.broker();
        let Some(Ok(recalled)) = self.ask(broker.recall(attempt.nonce))? else { return Ok(Hold::Kept) };
        let Some(Recalled { history, next_turn, inbox, done }) = recalled else { return Ok(Hold::Gone) };
        let read = |kept: &str| serde_json::from_str(kept).expect("a session holds messages");
        attempt.history = history.iter().map(|message| read(message.get())).collect();
        match (inbox.is_empty(), done) {
            (false, _) => self.begin_turn(attempt, next_turn, &inbox)?,
            (true, true) => attempt.stage = done_with(attempt),
            (true, false) => {
                attempt.stage = Stage::Concluding { turn: next_turn - 1, ended: None };
            }
        }
        Ok(Hold::Kept)
    }

    fn begin_turn(&mut self, attempt: &mut Attempt, number: u32, inbox: &[Incoming]) -> Lawful {
        let incoming: Vec<Words> = inbox
            .iter()
            .map(|message| Words {
                role: Role::User,
                parts: serde_json::from_str(&message.parts).expect("a message has parts"),
            })
            .collect();
        self.memory.turn_begins((&attempt.run, number), &attempt.history, &incoming)?;
        self.report.turns += 1;
        attempt.stage = Stage::Turning(attempt.begin(number, incoming));
        self.pump(attempt)
    }

    /// Takes up what the loop says is due.
    pub(super) fn pump(&mut self, attempt: &mut Attempt) -> Lawful {
        let Stage::Turning(turning) = &mut attempt.stage else { return Ok(()) };
        let Some(ended) = turning.pump() else { return Ok(()) };
        self.memory.turn_ends((&attempt.run, turning.number), &ended)?;
        if ended.ending == Ending::Interrupted {
            let key = self.runs[&attempt.run].key.clone();
            let part = self.server.read(|pen| pen.conversation(&key));
            let broken_off = part.is_some_and(|part| part.interrupted == turning.number);
            holds("only a turn that a person broke off ends so", broken_off, || {
                format!("turn {} of `{}`: {part:?}", turning.number, attempt.run)
            })?;
        }
        let one_shot = attempt.assistant.session.mode == Mode::OneShot;
        attempt.stage = match &ended.ending {
            Ending::Failed(problem) if one_shot => {
                let failure = Failure { class: FailureClass::Permanent, problem: problem.clone() };
                Stage::Over(AttemptEnd::Failed(failure), None)
            }
            _ => Stage::Concluding { turn: turning.number, ended: Some(ended) },
        };
        Ok(())
    }

    fn conclude(&mut self, attempt: &mut Attempt) -> Lawful<Hold> {
        let Stage::Concluding { turn, ended } = &attempt.stage else { unreachable!("it concludes") };
        let turn = turn_of(*turn, ended.as_deref());
        let number = turn.number;
        let broker = self.broker();
        let Some(Ok(concluded)) = self.ask(broker.conclude(attempt.nonce, turn))? else {
            return Ok(Hold::Kept);
        };
        self.tell(&format!("turn {number} of `{}` is followed by {}", attempt.run, brief(&concluded)));
        if self.prng.chance(3) {
            return Ok(Hold::Kept);
        }
        let Stage::Concluding { ended, .. } = &mut attempt.stage else { unreachable!("it concludes") };
        if let Some(ended) = ended.take() {
            attempt.history.extend(ended.messages);
        }
        match concluded {
            Concluded::Messages(inbox) => self.begin_turn(attempt, number + 1, &inbox)?,
            Concluded::Next => attempt.stage = Stage::Over(AttemptEnd::Aborted {}, None),
            Concluded::Over => attempt.stage = done_with(attempt),
            Concluded::Gate { gate, deadline } => {
                attempt.stage = Stage::Over(AttemptEnd::Parked(Wait::Gate { gate, deadline }), None);
            }
            Concluded::Abandon => return Ok(Hold::Gone),
        }
        Ok(Hold::Kept)
    }

    fn report_end(&mut self, attempt: &mut Attempt) -> Lawful<Hold> {
        let Stage::Over(end, output) = &attempt.stage else { unreachable!("it is over") };
        let (end, body) = (end.clone(), output.clone().map(Body::from));
        self.tell(&format!("the attempt of `{}` ends: {end:?}", attempt.run));
        let (step, number) = (attempt.step().clone(), attempt.number());
        let id = RequestId::from_cause(format!("end/{step}/{number}"));
        let ask = Ask::EndAttempt { step, attempt: number, end, used: Used::default() };
        let request = Box::new(Request { id, by: Principal::Worker("sim".into()), ask });
        let key = attempt.assignment.key.clone();
        let told = self.tell_driver(|reply| Message::Ask { key, request, body, reply })?;
        match told {
            None | Some(Err(Refused::Fault(_))) => Ok(Hold::Kept),
            Some(_) => Ok(Hold::Gone),
        }
    }
}

fn assistant_of(assignment: &Assignment) -> Assistant {
    let assistant = assignment.work.pointer("/step/work/converse/assistant").expect("it is a conversation");
    serde_json::from_value(assistant.clone()).expect("an assistant is read as it was written")
}

/// The end of a conversation: what it came to follows from its history.
fn done_with(attempt: &Attempt) -> Stage {
    let outcome = default::outcome(&attempt.history, attempt.assistant.output.as_ref());
    let output = Value::json(&outcome).expect("an outcome is JSON");
    Stage::Over(AttemptEnd::Done { output: output.digest() }, Some(output))
}

fn turn_of(number: u32, ended: Option<&TurnEnd>) -> Turn {
    let messages = ended.map(|ended| ended.messages.as_slice()).unwrap_or_default();
    Turn {
        number,
        messages: messages
            .iter()
            .map(|message| to_raw_value(message).expect("a message is plain data"))
            .collect(),
        text: ended.map(|ended| ended.text.clone()).unwrap_or_default(),
    }
}

fn brief(concluded: &Concluded) -> String {
    match concluded {
        Concluded::Messages(messages) => format!("{} messages", messages.len()),
        Concluded::Next => "another attempt".into(),
        Concluded::Over => "nothing".into(),
        Concluded::Gate { .. } => "a wait for a message".into(),
        Concluded::Abandon => "an end: it no longer counts".into(),
    }
}
