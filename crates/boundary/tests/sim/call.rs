//! Calls: of the model and of tools, from what the loop wants to what it hears, by one small act at a time.

use mainspring_agent::{EffectClass, Policy};
use mainspring_boundary::broker::{Decision, End, Permit, Settled, Wanted};
use mainspring_core::{AttemptEnd, Wait};
use mainspring_runtimes::default::{Happening, Position, ToolOutcome};

use super::{
    attempt::{Attempt, Calling, Place, Stage, Turning},
    laws::{Lawful, holds},
    model::print_of,
    tools::{self, Fate, Made},
    universe::Universe,
    worker::Hold,
};

impl Universe {
    /// One thing of what is under way goes on; when nothing can, the attempt parks.
    pub(super) fn turn(&mut self, attempt: &mut Attempt) -> Lawful<Hold> {
        let Stage::Turning(turning) = &mut attempt.stage else { unreachable!("it takes a turn") };
        let mut movable: Vec<Option<Position>> = turning.movable().into_iter().map(Some).collect();
        movable.extend(turning.asking.is_some().then_some(None));
        match self.prng.pick(&movable) {
            Some(None) => {
                let interrupted = self.is_interrupted(&attempt.run);
                self.answer_step(&attempt.run, turning, interrupted);
                self.pump(attempt)?;
                Ok(Hold::Kept)
            }
            Some(Some(position)) => self.call(attempt, position),
            None if turning.interrupted => {
                turning.turn.on(Happening::Interrupted);
                self.pump(attempt)?;
                Ok(Hold::Kept)
            }
            None => {
                let wait = turning.wait().expect("a turn waits for what it began");
                self.report.parks += 1;
                attempt.stage = Stage::Over(AttemptEnd::Parked(wait), None);
                Ok(Hold::Kept)
            }
        }
    }

    /// Whether the turn that the run is in was broken off, as far as is on record.
    fn is_interrupted(&mut self, run: &str) -> bool {
        let key = self.runs[run].key.clone();
        self.server.read(|pen| pen.is_interrupted(&key))
    }

    /// The model answers; the loop may come to hear of it only after a crash. In a turn that was broken off it is not
    /// asked anything new.
    fn answer_step(&mut self, run: &str, turning: &mut Turning, interrupted: bool) {
        let (step, request) = turning.asking.take().expect("the model is asked");
        let before = turning.asked.entry(print_of(&request)).or_default();
        if interrupted && !self.book.has(run, &request, *before) {
            turning.interrupt();
            return;
        }
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
            Place::Made(permit, end) => self.settle_call(attempt, position, &permit, end),
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
            refused: calling_now.refused.clone(),
        };
        let interrupted = self.is_interrupted(&attempt.run);
        let Some(Ok(decision)) = self.ask(broker.intend(attempt.nonce, wanted))? else {
            return Ok(Hold::Kept);
        };
        let idle =
            matches!(decision, Decision::Recorded { .. } | Decision::Interrupted { .. } | Decision::Abandon);
        holds("nothing new is begun in a turn that was interrupted", idle || !interrupted, || {
            format!("`{}` at {position}: {decision:?}", attempt.run)
        })?;
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
            Decision::Interrupted { begun } => {
                self.tell(&format!("`{}` finds that its turn was interrupted", attempt.run));
                if !begun {
                    let text = "it was not made".to_owned();
                    self.returned(attempt, position, ToolOutcome { text, error: true })?;
                }
                if let Stage::Turning(turning) = &mut attempt.stage {
                    turning.calls.remove(&position);
                    turning.interrupt();
                }
                return Ok(Hold::Kept);
            }
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
    pub(super) fn make(
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

    pub(super) fn settle_call(
        &mut self,
        attempt: &mut Attempt,
        position: Position,
        permit: &Permit,
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
}

pub(super) fn calling(attempt: &mut Attempt, position: Position) -> &mut Calling {
    let Stage::Turning(turning) = &mut attempt.stage else { unreachable!("it takes a turn") };
    turning.calls.get_mut(&position).expect("the call is under way")
}
