//! The end of a turn before its time: what is under way is ended and written down.

use mainspring_core::AttemptEnd;
use mainspring_runtimes::default::Happening;

use super::{
    attempt::{Attempt, Place, Stage},
    call::calling,
    laws::Lawful,
    server::Order,
    tools::Fate,
    universe::Universe,
    worker::Hold,
};

impl Universe {
    /// The worker is told to stop: what is under way is ended and written down, one call after the other.
    pub(super) fn land(&mut self, attempt: &mut Attempt) -> Lawful<Hold> {
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
    pub(super) fn give_up(&mut self, attempt: &mut Attempt) -> Lawful<Hold> {
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
}
