//! The timers that are armed, in the order of their moments, and their firing.

use std::collections::{BTreeMap, BTreeSet};

use mainspring_core::{Ask, Command, Principal, Refusal, Request, TimerId};
use mainspring_store::{Due, Fault, Ledger, RunKey};
use mainspring_types::{RequestId, Timestamp};

use super::{Driver, Staged};
use crate::{Refused, World};

/// How many timers are fired in one transaction.
const FIRE_MAX: usize = 128;

/// Every armed timer of a data folder.
#[derive(Default)]
pub(super) struct Timers {
    in_order: BTreeSet<Due>,
    moments: BTreeMap<(RunKey, TimerId), Timestamp>,
}

impl Timers {
    pub(super) fn arm(&mut self, key: &RunKey, timer: &TimerId, at: Timestamp) {
        self.disarm(key, timer);
        self.in_order.insert(Due { at, key: key.clone(), timer: timer.clone() });
        self.moments.insert((key.clone(), timer.clone()), at);
    }

    pub(super) fn disarm(&mut self, key: &RunKey, timer: &TimerId) {
        if let Some(at) = self.moments.remove(&(key.clone(), timer.clone())) {
            self.in_order.remove(&Due { at, key: key.clone(), timer: timer.clone() });
        }
    }

    fn due(&self, now: Timestamp) -> Vec<Due> {
        self.in_order.iter().take_while(|due| due.at <= now).take(FIRE_MAX).cloned().collect()
    }
}

impl<W: World> Driver<W> {
    /// When [`Driver::wake`] wants to be called next.
    pub fn due(&self) -> Option<Timestamp> {
        self.timers.in_order.first().map(|due| due.at)
    }

    /// Every armed timer, for those who check the driver from outside.
    pub(crate) fn armed(&self) -> impl Iterator<Item = &Due> {
        self.timers.in_order.iter()
    }

    /// Fires the timers that have come due. After an error none of them has fired.
    pub fn wake(&mut self, ledger: &mut dyn Ledger, now: Timestamp) -> Result<(), Fault> {
        let due = self.timers.due(now);
        self.as_one(|driver| due.into_iter().try_for_each(|due| driver.fire(ledger, now, due)))
    }

    fn fire(&mut self, ledger: &mut dyn Ledger, now: Timestamp, due: Due) -> Result<(), Fault> {
        let Due { key, timer, .. } = due;
        let id = RequestId::from_cause(format!("timer/{}", timer.key()));
        let request = Request { id, by: Principal::Engine, ask: Ask::FireTimer(timer.clone()) };
        match self.ask(ledger, now, &key, &request, None) {
            Ok(()) => Ok(()),
            Err(Refused::Fault(fault)) => Err(fault),
            // Armed anew for later in this very batch: what was staged then has not reached us.
            Err(Refused::Declined(Refusal::NotDue { due: at })) => {
                self.staged.push(Staged::Owed(key, Command::Arm { timer, at }));
                Ok(())
            }
            // The run no longer waits for it, or cannot be read: firing it again would not help.
            Err(_) => {
                ledger.disarm(&key, &timer)?;
                self.staged.push(Staged::Owed(key, Command::Disarm { timer }));
                Ok(())
            }
        }
    }
}
