//! The worker: goes on with an attempt by one small act at a time, as the worker of the product does.

use std::sync::Arc;

use mainspring_agent::{Assistant, EffectClass, Mode, Policy};
use mainspring_boundary::{
    Divergence, Pass,
    broker::{Charter, Decision, End, Permit, Settled, Wanted},
    conversation::{Concluded, Incoming, Recalled, Turn},
};
use mainspring_core::{Ask, AttemptEnd, Failure, FailureClass, Principal, Request, Run, Used, Wait};
use mainspring_engine::{Assignment, Body, Message, Refused};
use mainspring_runtimes::default::{
    Ending, Happening, Message as Words, Position, Role, ToolOutcome, TurnEnd,
};
use mainspring_store::Ledger as _;
use mainspring_types::{AttemptNo, RequestId, Value};
use serde_json::value::to_raw_value;

use super::{
    attempt::{Attempt, Calling, Place, Stage, Turning},
    laws::{Lawful, broken},
    model::print_of,
    server::Order,
    tools::{self, Fate, Made},
    universe::{Known, Universe},
};

/// Whether the worker still has the attempt.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hold {
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
            output: Value::null(),
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
        let said = attempt.history.iter().rev().find(|message: &&Words| message.role == Role::Assistant);
        attempt.output = output(said.map(Words::plain).unwrap_or_default());
        match (inbox.is_empty(), done) {
            (false, _) => self.begin_turn(attempt, next_turn, &inbox)?,
            (true, true) => attempt.stage = done_with(attempt.output.clone()),
            (true, false) => {
                attempt.stage = Stage::Concluding { turn: next_turn - 1, taken: Vec::new(), ended: None };
            }
        }
        Ok(Hold::Kept)
    }

    fn begin_turn(&mut self, attempt: &mut Attempt, number: u32, inbox: &[Incoming]) -> Lawful {
        let taken = inbox.iter().map(|message| message.id).collect();
        let incoming: Vec<Words> = inbox
            .iter()
            .map(|message| Words {
                role: Role::User,
                parts: serde_json::from_str(&message.parts).expect("a message has parts"),
            })
            .collect();
        self.memory.turn_begins((&attempt.run, number), &attempt.history, &incoming)?;
        self.report.turns += 1;
        attempt.stage = Stage::Turning(attempt.begin(number, taken, incoming));
        self.pump(attempt)
    }

    /// Takes up what the loop says is due.
    fn pump(&mut self, attempt: &mut Attempt) -> Lawful {
        let Stage::Turning(turning) = &mut attempt.stage else { return Ok(()) };
        let Some(ended) = turning.pump() else { return Ok(()) };
        self.memory.turn_ends((&attempt.run, turning.number), &ended)?;
        let one_shot = attempt.assistant.session.mode == Mode::OneShot;
        attempt.stage = match &ended.ending {
            Ending::Failed(problem) if one_shot => {
                let failure = Failure { class: FailureClass::Permanent, problem: problem.clone() };
                Stage::Over(AttemptEnd::Failed(failure), None)
            }
            _ => {
                let taken = std::mem::take(&mut turning.taken);
                Stage::Concluding { turn: turning.number, taken, ended: Some(ended) }
            }
        };
        Ok(())
    }

    /// One thing of what is under way goes on; when nothing can, the attempt parks.
    fn turn(&mut self, attempt: &mut Attempt) -> Lawful<Hold> {
        let Stage::Turning(turning) = &mut attempt.stage else { unreachable!("it takes a turn") };
        let mut movable: Vec<Option<Position>> = turning.movable().into_iter().map(Some).collect();
        movable.extend(turning.asking.is_some().then_some(None));
        match self.prng.pick(&movable) {
            Some(None) => {
                self.answer_step(&attempt.run, turning);
                self.pump(attempt)?;
                Ok(Hold::Kept)
            }
            Some(Some(position)) => self.call(attempt, position),
            None => {
                let wait = turning.wait().expect("a turn waits for what it began");
                self.report.parks += 1;
                attempt.stage = Stage::Over(AttemptEnd::Parked(wait), None);
                Ok(Hold::Kept)
            }
        }
    }

    /// The model answers; the loop may come to hear of it only after a crash.
    fn answer_step(&mut self, run: &str, turning: &mut Turning) {
        let (step, request) = turning.asking.take().expect("the model is asked");
        let before = turning.asked.entry(print_of(&request)).or_default();
        let answer = self.book.ask(self.seed, run, &request, *before);
        if self.prng.chance(10) {
            turning.asking = Some((step, request));
            return;
        }
        *before += 1;
        turning.turn.on(Happening::Answered { step, answer });
    }

    fn call(&mut self, attempt: &mut Attempt, position: Position) -> Lawful<Hold> {
        let place = calling(attempt, position).place.clone();
        match place {
            Place::Wanted => self.intend(attempt, position),
            Place::Allowed(permit) => {
                let fate = self.fate(attempt, position, &permit);
                let end = self.make(attempt, position, &permit, fate)?;
                calling(attempt, position).place = Place::Made(permit, end);
                Ok(Hold::Kept)
            }
            Place::Made(permit, end) => self.settle_call(attempt, position, permit, end),
            Place::Probing(permit) => {
                self.probe(attempt, position, permit);
                Ok(Hold::Kept)
            }
            Place::Found(permit, end) => {
                let broker = self.broker();
                let settled = broker.settle(attempt.nonce, (permit.effect, permit.number), end, 1);
                if let Some(Ok(_)) = self.ask(settled)? {
                    calling(attempt, position).place = Place::Wanted;
                }
                Ok(Hold::Kept)
            }
            Place::Waits(_) => unreachable!("nothing can be done about it"),
        }
    }

    fn intend(&mut self, attempt: &mut Attempt, position: Position) -> Lawful<Hold> {
        let broker = self.broker();
        let calling_now = calling(attempt, position);
        let wanted = Wanted {
            position: position.to_string(),
            tool: calling_now.call.name.clone(),
            arguments: calling_now.call.arguments.to_string(),
            unsure: calling_now.unsure.clone(),
        };
        let Some(Ok(decision)) = self.ask(broker.intend(attempt.nonce, wanted))? else {
            return Ok(Hold::Kept);
        };
        self.tell(&format!("`{}` at {position}: {decision:?}", attempt.run));
        if self.prng.chance(3) {
            // The answer is lost on its way, and the broker is asked again.
            return Ok(Hold::Kept);
        }
        let calling = calling(attempt, position);
        calling.unsure = None;
        calling.place = match decision {
            Decision::Run(permit) => Place::Allowed(permit),
            Decision::Probe(permit) => Place::Probing(permit),
            Decision::Gate { gate, deadline } => Place::Waits(Wait::Gate { gate, deadline }),
            Decision::Child(child) => Place::Waits(Wait::Child { child }),
            Decision::Abandon => return Ok(Hold::Gone),
            Decision::Recorded { text, error, .. } => {
                self.report.replays += 1;
                self.returned(attempt, position, ToolOutcome { text, error })?;
                return Ok(Hold::Kept);
            }
        };
        Ok(Hold::Kept)
    }

    fn returned(&mut self, attempt: &mut Attempt, position: Position, outcome: ToolOutcome) -> Lawful {
        let asked = calling(attempt, position).call.arguments.to_string();
        self.memory.call_returns((&attempt.run, position, asked), &outcome)?;
        let Stage::Turning(turning) = &mut attempt.stage else { unreachable!("it takes a turn") };
        turning.calls.remove(&position);
        turning.turn.on(Happening::Returned { position, outcome });
        self.pump(attempt)
    }

    fn fate(&self, attempt: &mut Attempt, position: Position, permit: &Permit) -> Fate {
        let call = calling(attempt, position).call.clone();
        let class = Policy::of(&attempt.assistant).rule(&call.name, &call.arguments, &[]).class;
        match tools::fate(self.seed, &call.name, class, permit) {
            // Of what cannot be repeated, a crash makes a question to a person, who answers otherwise than the broker.
            Fate::Breaks | Fate::BreaksBefore if self.is_steady() && class > EffectClass::Idempotent => {
                Fate::Returns
            }
            fate => fate,
        }
    }

    /// Lets the tool do what it does to the world.
    fn make(
        &mut self,
        attempt: &mut Attempt,
        position: Position,
        permit: &Permit,
        fate: Fate,
    ) -> Lawful<End> {
        let call = calling(attempt, position).call.clone();
        if fate.takes_place() {
            let ruling = Policy::of(&attempt.assistant).rule(&call.name, &call.arguments, &[]);
            let made = Made {
                run: attempt.run.clone(),
                position: position.to_string(),
                tool: call.name.clone(),
                arguments: permit.arguments.clone(),
                asked: call.arguments.to_string(),
                class: ruling.class,
                effect: permit.effect,
                key: permit.idempotency_key(),
            };
            self.tell(&format!("`{}` does {} {} ({fate:?})", made.run, made.tool, made.arguments));
            self.judge(&made, permit)?;
            self.deeds.add(made);
            self.report.deeds += 1;
        }
        Ok(fate.end(&call.name, &permit.arguments))
    }

    fn settle_call(
        &mut self,
        attempt: &mut Attempt,
        position: Position,
        permit: Permit,
        end: End,
    ) -> Lawful<Hold> {
        let broker = self.broker();
        let settled = broker.settle(attempt.nonce, (permit.effect, permit.number), end.clone(), 1);
        match self.ask(settled)? {
            None | Some(Err(_)) => return Ok(Hold::Kept),
            Some(Ok(Settled::Abandoned)) => return Ok(Hold::Gone),
            Some(Ok(Settled::Written)) => {}
        }
        let outcome = match end {
            End::Returned { text, error } => ToolOutcome { text, error },
            End::Failed { message } => ToolOutcome::error(message),
            End::Unknown { .. } | End::NotDone => {
                calling(attempt, position).place = Place::Wanted;
                return Ok(Hold::Kept);
            }
        };
        self.returned(attempt, position, outcome)?;
        Ok(Hold::Kept)
    }

    /// Asks the tool what became of a try; now and then it cannot tell.
    fn probe(&mut self, attempt: &mut Attempt, position: Position, permit: Permit) {
        self.report.probes += 1;
        let made = self.deeds.has(&permit.idempotency_key());
        let unsure = self.prng.chance(20);
        let calling = calling(attempt, position);
        if unsure {
            calling.unsure = Some("the bank is closed".into());
            calling.place = Place::Wanted;
            return;
        }
        let end = if made { Fate::Returns.end(&calling.call.name, &permit.arguments) } else { End::NotDone };
        calling.place = Place::Found(permit, end);
    }

    /// The worker is told to stop: what is under way is ended and written down, one call after the other.
    fn land(&mut self, attempt: &mut Attempt) -> Lawful<Hold> {
        let Stage::Turning(turning) = &mut attempt.stage else { unreachable!("it takes a turn") };
        let Some((&position, first)) = turning.calls.first_key_value() else { return self.landed(attempt) };
        match first.place.clone() {
            Place::Allowed(permit) => {
                let fate = self.prng.weigh(&[(1, Fate::Breaks), (1, Fate::BreaksBefore), (1, Fate::Fails)]);
                let end = self.make(attempt, position, &permit, fate)?;
                calling(attempt, position).place = Place::Made(permit, end);
            }
            Place::Made(permit, end) => {
                let broker = self.broker();
                let settled = broker.settle(attempt.nonce, (permit.effect, permit.number), end, 1);
                if let Some(Ok(_)) = self.ask(settled)? {
                    let Stage::Turning(turning) = &mut attempt.stage else { unreachable!("it takes a turn") };
                    turning.calls.remove(&position);
                }
            }
            Place::Wanted | Place::Probing(_) | Place::Found(..) | Place::Waits(_) => {
                turning.calls.remove(&position);
            }
        }
        Ok(Hold::Kept)
    }

    fn landed(&mut self, attempt: &mut Attempt) -> Lawful<Hold> {
        let at = (attempt.run.clone(), attempt.number());
        if self.orders.get(&at) == Some(&Order::Interrupt) {
            self.orders.remove(&at);
            self.tell(&format!("the turn of `{}` is interrupted", attempt.run));
            let Stage::Turning(turning) = &mut attempt.stage else { unreachable!("it takes a turn") };
            turning.asking = None;
            turning.turn.on(Happening::Interrupted);
            self.pump(attempt)?;
        } else {
            attempt.stage = Stage::Over(AttemptEnd::Aborted {}, None);
        }
        Ok(Hold::Kept)
    }

    /// Nothing it says counts any more; what a tool is doing may still take place.
    fn give_up(&mut self, attempt: &mut Attempt) -> Lawful<Hold> {
        let Stage::Turning(turning) = &mut attempt.stage else { unreachable!("it takes a turn") };
        let under_way = turning.calls.iter().find_map(|(position, calling)| match &calling.place {
            Place::Allowed(permit) => Some((*position, permit.clone())),
            _ => None,
        });
        if let Some((position, permit)) = under_way.filter(|_| self.prng.chance(50)) {
            self.make(attempt, position, &permit, Fate::Breaks)?;
        }
        Ok(Hold::Gone)
    }

    fn conclude(&mut self, attempt: &mut Attempt) -> Lawful<Hold> {
        let Stage::Concluding { turn, taken, ended } = &attempt.stage else { unreachable!("it concludes") };
        let turn = turn_of(*turn, taken.clone(), ended.as_deref());
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
            attempt.output = Value::json(&ended.output).expect("an answer is JSON");
            attempt.history.extend(ended.messages);
        }
        match concluded {
            Concluded::Messages(inbox) => self.begin_turn(attempt, number + 1, &inbox)?,
            Concluded::Over => attempt.stage = done_with(attempt.output.clone()),
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

fn calling(attempt: &mut Attempt, position: Position) -> &mut Calling {
    let Stage::Turning(turning) = &mut attempt.stage else { unreachable!("it takes a turn") };
    turning.calls.get_mut(&position).expect("the call is under way")
}

fn assistant_of(assignment: &Assignment) -> Assistant {
    let assistant = assignment.work.pointer("/step/work/converse/assistant").expect("it is a conversation");
    serde_json::from_value(assistant.clone()).expect("an assistant is read as it was written")
}

fn output(text: String) -> Value {
    Value::json(&text).expect("text is JSON")
}

fn done_with(output: Value) -> Stage {
    Stage::Over(AttemptEnd::Done { output: output.digest() }, Some(output))
}

fn turn_of(number: u32, taken: Vec<u64>, ended: Option<&TurnEnd>) -> Turn {
    let messages = ended.map(|ended| ended.messages.as_slice()).unwrap_or_default();
    Turn {
        number,
        messages: messages
            .iter()
            .map(|message| to_raw_value(message).expect("a message is plain data"))
            .collect(),
        taken,
        text: ended.map(|ended| ended.text.clone()).unwrap_or_default(),
    }
}

fn brief(concluded: &Concluded) -> String {
    match concluded {
        Concluded::Messages(messages) => format!("{} messages", messages.len()),
        Concluded::Over => "nothing".into(),
        Concluded::Gate { .. } => "a wait for a message".into(),
        Concluded::Abandon => "an end: it no longer counts".into(),
    }
}
