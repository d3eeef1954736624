//! The end of a turn before its time: what is under way is ended and written down.

use mainspring_core::AttemptEnd;

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
        let under_way = turning.calls.iter().find_map(|(position, calling)| match &calling.place {
            Place::Allowed(_) | Place::Made(..) => Some((*position, calling.place.clone())),
            Place::Wanted | Place::Probing(_) | Place::Found(..) | Place::Waits(_) => None,
        });
        match under_way {
            Some((position, Place::Allowed(permit))) => {
                let fate = self.prng.weigh(&[(1, Fate::Breaks), (1, Fate::BreaksBefore), (1, Fate::Fails)]);
                let end = self.make(attempt, position, &permit, fate)?;
                calling(attempt, position).place = Place::Made(permit, end);
                Ok(Hold::Kept)
            }
            Some((position, Place::Made(permit, end))) => self.settle_call(attempt, position, &permit, end),
            _ => Ok(self.landed(attempt)),
        }
    }

    fn landed(&mut self, attempt: &mut Attempt) -> Hold {
        let at = (attempt.run.clone(), attempt.number());
        if self.orders.get(&at) == Some(&Order::Interrupt) {
            self.orders.remove(&at);
            self.tell(&format!("`{}` hears of the interruption", attempt.run));
            let Stage::Turning(turning) = &mut attempt.stage else { unreachable!("it takes a turn") };
            turning.interrupt();
        } else {
            attempt.stage = Stage::Over(AttemptEnd::Aborted {}, None);
        }
        Hold::Kept
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
