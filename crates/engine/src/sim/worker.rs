//! What workers do: take attempts, note, end them well or badly, fall silent, come late, and haunt later servers.

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use mainspring_core::{
    Ask, AttemptEnd, CancelLevel, Failure, FailureClass, Loss, Phase, Principal, Refusal, Request, Used, Wait,
};
use mainspring_types::{Code, Hash, Problem, RequestId, Timestamp};

use super::{
    laws::{Lawful, demand},
    mail::{From, Said},
    plans,
    prng::Prng,
    record::Slot,
    universe::Universe,
};
use crate::{Body, Held, Message, Order, Refused, RunNote};

/// Every attempt that someone holds or thinks to hold.
#[derive(Default)]
pub(super) struct Workers {
    holdings: BTreeMap<u64, Holding>,
    /// Holders of an earlier server's tickets.
    zombies: Vec<Holding>,
    /// Attempts that were aborted before they began and have not ended.
    pub(super) unbegun: BTreeSet<Slot>,
    taken: u64,
}

#[derive(Clone)]
struct Holding {
    slot: Slot,
    nonce: u64,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    AtWork,
    Reported,
    Silent,
}

impl Workers {
    /// The server has ended, and its workers with it; some of them do not know.
    pub(super) fn die(&mut self) {
        self.zombies.extend(std::mem::take(&mut self.holdings).into_values());
        self.unbegun.clear();
    }
}

impl Universe {
    /// One thing a worker does.
    pub(super) fn work(&mut self) -> Lawful {
        match self.prng.below(100) {
            0..30 => {
                let most = 1 + self.prng.index(3);
                return self.claim(most);
            }
            30..66 => return self.report_some(),
            66..76 => return self.note(),
            76..84 => return self.heartbeat(),
            84..95 => self.lose_the_silent(70),
            _ => return self.haunt(),
        }
        Ok(())
    }

    /// Takes up to `most` attempts; their claims are sent before anything else of them.
    pub(super) fn claim(&mut self, most: usize) -> Lawful {
        let claim = at_once(self.server.driver.world().desk.claim(most, Duration::ZERO));
        for Held { assignment, nonce } in claim.unwrap_or_default() {
            let slot: Slot = (assignment.key, assignment.step, assignment.attempt);
            let paused = matches!(self.record.run(&slot.0).map(|run| &run.phase), Some(Phase::Paused { .. }));
            demand(!paused, "nothing of a paused run is taken", || format!("{slot:?}"))?;
            let trace = self.record.shadow(&slot.0).noted.contains(&(slot.1.clone(), slot.2));
            demand(!trace, "an attempt that left a trace is not given out again", || format!("{slot:?}"))?;
            self.trace(|| format!("a worker takes {}/{} of {}", slot.1, slot.2, slot.0.run));
            let made = plans::value(&mut self.prng);
            self.record.made.insert(slot.clone(), made);
            let (key, step, attempt) = slot.clone();
            self.server.send(Message::Claimed { key, step, attempt, nonce, reply: None });
            self.workers.taken += 1;
            let holding = Holding { slot, nonce, state: State::AtWork };
            self.workers.holdings.insert(self.workers.taken, holding);
        }
        Ok(())
    }

    fn report_some(&mut self) -> Lawful {
        if self.prng.chance(self.temper.silence) {
            self.fall_silent();
            return Ok(());
        }
        let Some(id) = self.holding(|state| state != State::Reported) else { return Ok(()) };
        let end = self.end_of(id);
        self.report(id, end)
    }

    /// What a healing worker does with everything it holds.
    pub(super) fn finish_all(&mut self) -> Lawful {
        let at_work = self.workers.holdings.iter().filter(|(_, holding)| holding.state == State::AtWork);
        for id in at_work.map(|(id, _)| *id).collect::<Vec<_>>() {
            let output = self.record.made[&self.workers.holdings[&id].slot].digest();
            self.report(id, AttemptEnd::Done { output })?;
        }
        Ok(())
    }

    /// Reports the end of an attempt, unless the desk says it no longer counts.
    fn report(&mut self, id: u64, end: AttemptEnd) -> Lawful {
        if !self.hear(id)? {
            self.workers.holdings.remove(&id);
            return Ok(());
        }
        let Some(holding) = self.workers.holdings.get_mut(&id) else { return Ok(()) };
        holding.state = State::Reported;
        let slot = holding.slot.clone();
        self.send_end(&slot, end.clone(), From::Worker(id));
        if self.prng.chance(10) {
            self.send_end(&slot, end, From::Repeat);
        }
        Ok(())
    }

    fn send_end(&mut self, (key, step, attempt): &Slot, end: AttemptEnd, from: From) {
        let body = match &end {
            AttemptEnd::Done { .. } => {
                let made = self.record.made[&(key.clone(), step.clone(), *attempt)].clone();
                self.pin(key.tenant.clone(), &made);
                Some(Body::from(made))
            }
            _ => None,
        };
        let id = RequestId::from_cause(format!("end/{step}/{attempt}"));
        let ask = Ask::EndAttempt { step: step.clone(), attempt: *attempt, end, used: Used::default() };
        let request = Request { id, by: Principal::Worker("sim".into()), ask };
        self.send_request(key.clone(), request, body, from);
    }

    fn end_of(&mut self, id: u64) -> AttemptEnd {
        let slot = &self.workers.holdings[&id].slot;
        let output = self.record.made[slot].digest();
        let failed = |class| {
            AttemptEnd::Failed(Failure { class, problem: Problem::new(Code::Internal, "by the simulator") })
        };
        if self.prng.chance(self.temper.gates) {
            return AttemptEnd::Parked(shared_gate(&mut self.prng, self.now));
        }
        let wait = wait(&mut self.prng, self.now);
        self.prng.weigh(&[
            (60, AttemptEnd::Done { output }),
            (12, failed(FailureClass::Transient)),
            (2, failed(FailureClass::Permanent)),
            (20, AttemptEnd::Parked(wait)),
            (6, AttemptEnd::Aborted {}),
        ])
    }

    fn note(&mut self) -> Lawful {
        let Some(id) = self.holding(|state| state == State::AtWork) else { return Ok(()) };
        if !self.hear(id)? {
            return Ok(());
        }
        let (key, step, attempt) = self.workers.holdings[&id].slot.clone();
        let ask = Ask::StartClock { step: step.clone(), attempt };
        let request = Request { id: RequestId::from_cause("clock"), by: Principal::Engine, ask };
        self.send_request(key.clone(), request, None, From::Engine);
        let envelope = serde_json::json!({ "type": "log", "step": step, "attempt": attempt }).to_string();
        self.server.send(Message::Note(RunNote { key, envelope }));
        Ok(())
    }

    /// A worker asks what to do; one that is told to end mostly does.
    fn heartbeat(&mut self) -> Lawful {
        let Some(id) = self.holding(|state| state == State::AtWork) else { return Ok(()) };
        let Holding { slot: (key, step, attempt), nonce, .. } = self.workers.holdings[&id].clone();
        let desk = &self.server.driver.world().desk;
        let order = at_once(desk.order(&key, &step, (attempt, nonce), (Order::Continue, Duration::ZERO)));
        let order = order.unwrap_or(Order::Continue);
        let owed = self.order_owed(&(key, step, attempt));
        demand(order == owed, "a worker is told what its run wants", || format!("{order:?}, owed {owed:?}"))?;
        match order {
            Order::Continue | Order::Hold => Ok(()),
            Order::Cancel(CancelLevel::Interrupt) if self.prng.chance(50) => Ok(()),
            Order::Cancel(_) => self.report(id, AttemptEnd::Aborted {}),
            Order::Abandon => {
                self.workers.zombies.extend(self.workers.holdings.remove(&id));
                Ok(())
            }
        }
    }

    fn order_owed(&self, slot: &Slot) -> Order {
        match self.record.run(&slot.0).map(|run| &run.phase) {
            _ if !self.record.is_live(slot) => Order::Abandon,
            Some(Phase::Stopping { level, .. }) => Order::Cancel(*level),
            _ => Order::Continue,
        }
    }

    fn fall_silent(&mut self) {
        if let Some(id) = self.holding(|state| state == State::AtWork) {
            self.trace(|| "a worker falls silent".to_owned());
            self.workers.holdings.get_mut(&id).expect("it was just found").state = State::Silent;
        }
    }

    /// The engine loses some of the attempts whose worker fell silent.
    pub(super) fn lose_the_silent(&mut self, percent: u64) {
        let silent = self.workers.holdings.values().filter(|holding| holding.state == State::Silent);
        let counting = silent.map(|holding| holding.slot.clone()).filter(|slot| self.record.is_live(slot));
        for (key, step, attempt) in counting.collect::<Vec<_>>() {
            if self.prng.chance(percent) {
                let id = RequestId::from_cause(format!("lost/{step}/{attempt}"));
                let ask = Ask::LoseAttempt { step, attempt, loss: Loss::Worker };
                let request = Request { id, by: Principal::Engine, ask };
                self.send_request(key, request, None, From::Engine);
            }
        }
    }

    /// One who outlived its server, or its attempt, reports: past the desk's door, and around it.
    fn haunt(&mut self) -> Lawful {
        let Some(zombie) = self.prng.pick(self.workers.zombies.clone()) else { return Ok(()) };
        let Holding { slot, nonce, .. } = zombie;
        let heard = self.server.driver.world().desk.hear(&slot.0, &slot.1, (slot.2, nonce));
        demand(!heard, "a zombie is not heard", || format!("{slot:?}"))?;
        if !self.record.is_live(&slot) {
            let output = self.record.made[&slot].digest();
            self.send_end(&slot, AttemptEnd::Done { output }, From::Zombie);
        }
        Ok(())
    }

    /// What [`crate::Embedded`] does with attempts that were aborted before they began.
    pub(super) fn end_the_unbegun(&mut self, slots: Vec<Slot>) {
        for slot in slots {
            self.workers.unbegun.insert(slot.clone());
            self.send_end(&slot, AttemptEnd::Aborted {}, From::Engine);
        }
    }

    /// Whether the desk takes the ticket for the attempt that counts: it has to, exactly when it does.
    fn hear(&mut self, id: u64) -> Lawful<bool> {
        let Holding { slot, nonce, .. } = &self.workers.holdings[&id];
        let heard = self.server.driver.world().desk.hear(&slot.0, &slot.1, (slot.2, *nonce));
        demand(
            heard == self.record.is_live(slot),
            "who holds the live attempt is heard, and nobody else",
            || format!("{slot:?} is heard: {heard}"),
        )?;
        Ok(heard)
    }

    fn holding(&mut self, wanted: impl Fn(State) -> bool) -> Option<u64> {
        let found = self.workers.holdings.iter().filter(|(_, holding)| wanted(holding.state));
        self.prng.pick(found.map(|(id, _)| *id))
    }

    pub(super) fn report_was_answered(
        &mut self,
        slot: &Slot,
        end: &AttemptEnd,
        from: From,
        said: &Said,
    ) -> Lawful {
        let (key, step, attempt) = slot;
        let recorded = self.record.shadow(key).ends.get(&(step.clone(), *attempt));
        let sound = match said {
            Said::Done => recorded == Some(end) && from != From::Zombie,
            Said::Refused(Refused::Declined(Refusal::Stale { .. } | Refusal::Ended)) => {
                !self.record.is_live(slot)
            }
            said => said.is_unsure(),
        };
        demand(sound, "a report counts exactly when its attempt does", || {
            format!("{slot:?}: {end:?} from {from:?} was answered {said:?}, recorded {recorded:?}")
        })?;
        if let From::Worker(id) = from {
            self.hear_back(id, said);
        }
        Ok(())
    }

    /// A worker that does not know whether its report counts reports again.
    fn hear_back(&mut self, id: u64, said: &Said) {
        let Some(mut holding) = self.workers.holdings.remove(&id) else { return };
        if said.is_unsure() {
            holding.state = State::AtWork;
            self.workers.holdings.insert(id, holding);
        } else if self.prng.chance(20) {
            self.workers.zombies.push(holding);
        }
    }
}

fn wait(prng: &mut Prng, now: Timestamp) -> Wait {
    let past = Timestamp::from_millis(now.as_millis() - 5_000);
    let until = soon(prng, now);
    let gate = Hash::of(&prng.draw().to_le_bytes());
    let deadline = prng.chance(50).then(|| soon(prng, now));
    let child = plans::run_id(prng);
    prng.weigh(&[
        (3, Wait::Gate { gate, deadline }),
        (3, Wait::Timer { until }),
        (1, Wait::Timer { until: past }),
        (2, Wait::Child { child }),
        (1, Wait::Quota {}),
        (1, Wait::Budget {}),
    ])
}

/// One gate for every step: it is armed anew while it waits, and passed for all at once.
fn shared_gate(prng: &mut Prng, now: Timestamp) -> Wait {
    let deadline = prng.chance(80).then(|| soon(prng, now));
    Wait::Gate { gate: Hash::of(b"shared by many steps"), deadline }
}

fn soon(prng: &mut Prng, now: Timestamp) -> Timestamp {
    let reach = prng.weigh(&[(1, 1_000), (1, 30_000)]);
    now.after(Duration::from_millis(prng.below(reach)))
}

/// What the future says without waiting.
fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(said) => Some(said),
        Poll::Pending => None,
    }
}
