//! Where attempts wait for workers, and where workers hear what to do with them.
//!
//! ```text
//!  dispatch --> queued --claim--> held(ticket) --release--> gone
//!   hold --> withheld --unhold--> queued    (its run is paused)
//!                  |                |  ^
//!                  |             abort(level): the holder's next heartbeat says so
//!                  +-- abort: the attempt never began; it is reported as aborted at once
//! ```
//!
//! An attempt is given to the first worker that claims it. The ticket carries a random number, so that a worker of
//! an earlier server, or of an attempt that no longer counts, is told to abandon what it does.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use mainspring_core::{CancelLevel, Reason};
use mainspring_store::RunKey;
use mainspring_types::{AttemptNo, StepId, Timestamp};
use tokio::sync::{Notify, watch};

use crate::Assignment;

/// An attempt that a worker has.
#[derive(Clone, Debug)]
pub struct Held {
    /// What to do.
    pub assignment: Assignment,
    /// The random number of the ticket.
    pub nonce: u64,
}

/// What the holder of an attempt is to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// Go on.
    Continue,
    /// A call of it is held open: its time does not count and its slot is free, until it is told to go on.
    Hold,
    /// End it, so hard.
    Cancel(CancelLevel),
    /// Nothing it says counts any more.
    Abandon,
}

/// Why a call of a held attempt is held open, its process kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// What it waits for.
    pub reason: Reason,
    /// What is known about it, in a sentence.
    pub detail: String,
    /// What to do, or what will happen by itself.
    pub way_out: String,
    /// Since when.
    pub since: Timestamp,
}

/// Why attempts are with no worker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Untaken {
    /// They wait for a free worker.
    Queued,
    /// Their run is paused.
    Withheld,
}

/// The attempts of one data folder that are queued or held.
#[derive(Default)]
pub struct Desk {
    state: Mutex<State>,
    queued: Notify,
}

type Slot = (RunKey, StepId);

#[derive(Default)]
struct State {
    queue: VecDeque<Slot>,
    slots: BTreeMap<Slot, Attempt>,
    /// Runs whose attempts stay untaken.
    withheld: BTreeSet<RunKey>,
}

struct Attempt {
    assignment: Assignment,
    place: Place,
    order: watch::Sender<Order>,
    kept: Option<Kept>,
}

enum Place {
    Queued,
    Held { nonce: u64, heard: Instant },
}

impl Attempt {
    /// The ticket under which a worker has it.
    fn holder(&self) -> Option<(AttemptNo, u64)> {
        match self.place {
            Place::Held { nonce, .. } => Some((self.assignment.attempt, nonce)),
            Place::Queued => None,
        }
    }
}

impl State {
    /// The run's attempts that no worker has taken, in the order of their steps' names.
    fn untaken<'a>(&'a self, key: &'a RunKey) -> impl Iterator<Item = &'a Slot> {
        let of_run = move |((run, _), attempt): &(&Slot, &Attempt)| {
            run == key && matches!(attempt.place, Place::Queued)
        };
        self.slots.iter().filter(of_run).map(|(slot, _)| slot)
    }
}

impl Desk {
    /// Queues an attempt; an earlier attempt of the same step no longer counts.
    pub fn dispatch(&self, assignment: Assignment) {
        let slot = (assignment.key.clone(), assignment.step.clone());
        let attempt = Attempt {
            assignment,
            place: Place::Queued,
            order: watch::Sender::new(Order::Continue),
            kept: None,
        };
        let mut state = self.lock();
        if let Some(earlier) = state.slots.insert(slot.clone(), attempt) {
            earlier.order.send_replace(Order::Abandon);
        }
        if state.withheld.contains(&slot.0) {
            return;
        }
        state.queue.push_back(slot);
        drop(state);
        self.queued.notify_one();
    }

    /// Keeps the run's attempts that no worker has taken from being taken.
    pub fn hold(&self, key: &RunKey) {
        let mut state = self.lock();
        state.withheld.insert(key.clone());
        state.queue.retain(|(run, _)| run != key);
    }

    /// Lets the run's attempts be taken again.
    pub fn unhold(&self, key: &RunKey) {
        let mut state = self.lock();
        if state.withheld.remove(key) {
            let untaken: Vec<Slot> = state.untaken(key).cloned().collect();
            state.queue.extend(untaken);
            drop(state);
            self.queued.notify_one();
        }
    }

    /// Tells the holder to end the attempt. `Some` when nobody holds it yet: it leaves the queue and never begins.
    pub fn abort(
        &self,
        key: &RunKey,
        step: &StepId,
        attempt: AttemptNo,
        level: CancelLevel,
    ) -> Option<Assignment> {
        let mut state = self.lock();
        let slot = (key.clone(), step.clone());
        let found = state.slots.get(&slot).filter(|found| found.assignment.attempt == attempt)?;
        match found.place {
            Place::Held { .. } => {
                found.order.send_replace(Order::Cancel(level));
                None
            }
            Place::Queued => state.slots.remove(&slot).map(|attempt| attempt.assignment),
        }
    }

    /// Tells the holder of the attempt to stop what it does; whoever takes one that is still queued hears it then.
    pub fn interrupt(&self, key: &RunKey, step: &StepId, attempt: AttemptNo) {
        let state = self.lock();
        let found = state.slots.get(&(key.clone(), step.clone()));
        if let Some(found) = found.filter(|found| found.assignment.attempt == attempt) {
            let interrupt = Order::Cancel(CancelLevel::Interrupt);
            // A harder order stands.
            found.order.send_if_modified(|order| match order {
                Order::Continue | Order::Hold => {
                    *order = interrupt;
                    true
                }
                Order::Cancel(_) | Order::Abandon => false,
            });
        }
    }

    /// Calls of the attempt are held open, or none is any more.
    pub fn keep(&self, key: &RunKey, step: &StepId, ticket: (AttemptNo, u64), kept: Option<Kept>) {
        let mut state = self.lock();
        let Some(found) = state.slots.get_mut(&(key.clone(), step.clone())) else { return };
        if found.holder() != Some(ticket) {
            return;
        }
        let (from, to) = match kept {
            Some(_) => (Order::Continue, Order::Hold),
            None => (Order::Hold, Order::Continue),
        };
        found.kept = kept;
        // An order to end stands.
        found.order.send_if_modified(|order| *order == from && std::mem::replace(order, to) != to);
    }

    /// Why calls of the run's attempts are held open; `None` unless all that are live are.
    pub fn kept(&self, key: &RunKey) -> Option<Kept> {
        let state = self.lock();
        let mut of_run = state.slots.iter().filter(|((run, _), _)| run == key).peekable();
        of_run.peek()?;
        of_run.try_fold(None, |first, (_, attempt)| {
            let kept = attempt.kept.as_ref()?;
            Some(first.or_else(|| Some(kept.clone())))
        })?
    }

    /// How hard the holder of the ticket was told to end. One that no longer counts was not: it may have died.
    pub fn ending(&self, key: &RunKey, step: &StepId, ticket: (AttemptNo, u64)) -> Option<CancelLevel> {
        let state = self.lock();
        let found = state.slots.get(&(key.clone(), step.clone()));
        let held = found.filter(|found| found.holder() == Some(ticket))?;
        match *held.order.borrow() {
            Order::Cancel(level) => Some(level),
            Order::Continue | Order::Hold | Order::Abandon => None,
        }
    }

    /// The attempt no longer counts.
    pub fn release(&self, key: &RunKey, step: &StepId, attempt: AttemptNo) {
        let slot = (key.clone(), step.clone());
        let mut state = self.lock();
        let counts = state.slots.get(&slot).is_some_and(|found| found.assignment.attempt == attempt);
        let gone = if counts { state.slots.remove(&slot) } else { None };
        // Told and freed without the lock: workers are waiting for it.
        drop(state);
        if let Some(gone) = gone {
            gone.order.send_replace(Order::Abandon);
        }
    }

    /// Takes up to `most` attempts, in the order they were queued; waits up to `wait` for the first.
    pub async fn claim(&self, most: usize, wait: Duration) -> Vec<Held> {
        let mut held = self.take(most);
        if held.is_empty() && most > 0 {
            let queued = self.queued.notified();
            held = self.take(most);
            if held.is_empty() && tokio::time::timeout(wait, queued).await.is_ok() {
                held = self.take(most);
            }
        }
        if self.has_queued() {
            // One notice is kept however many attempts were queued: hand it on to the next who asks.
            self.queued.notify_one();
        }
        held
    }

    fn take(&self, most: usize) -> Vec<Held> {
        let mut state = self.lock();
        let mut held = Vec::with_capacity(most.min(state.queue.len()));
        while held.len() < most {
            let Some(slot) = state.queue.pop_front() else { break };
            // A slot whose attempt was aborted or replaced in the queue is passed over.
            let Some(attempt) = state.slots.get_mut(&slot) else { continue };
            if let Place::Queued = attempt.place {
                let nonce = mainspring_types::nonce();
                attempt.place = Place::Held { nonce, heard: Instant::now() };
                held.push(Held { assignment: attempt.assignment.clone(), nonce });
            }
        }
        held
    }

    fn has_queued(&self) -> bool {
        !self.lock().queue.is_empty()
    }

    /// Whether the ticket names the attempt that counts now; hears its holder.
    pub fn hear(&self, key: &RunKey, step: &StepId, ticket: (AttemptNo, u64)) -> bool {
        self.held(key, step, ticket).is_some()
    }

    /// What the holder of the ticket is to do; waits up to `wait` for anything but what it `knows`.
    pub async fn order(
        &self,
        key: &RunKey,
        step: &StepId,
        ticket: (AttemptNo, u64),
        (knows, wait): (Order, Duration),
    ) -> Order {
        let Some(mut orders) = self.held(key, step, ticket) else { return Order::Abandon };
        let changed = orders.wait_for(|order| *order != knows);
        match tokio::time::timeout(wait, changed).await {
            Ok(Ok(order)) => *order,
            Ok(Err(_)) => Order::Abandon,
            Err(_) => knows,
        }
    }

    fn held(
        &self,
        key: &RunKey,
        step: &StepId,
        (attempt, given): (AttemptNo, u64),
    ) -> Option<watch::Receiver<Order>> {
        let mut state = self.lock();
        let found = state.slots.get_mut(&(key.clone(), step.clone()))?;
        match &mut found.place {
            Place::Held { nonce, heard } if *nonce == given && found.assignment.attempt == attempt => {
                *heard = Instant::now();
                Some(found.order.subscribe())
            }
            _ => None,
        }
    }

    /// The attempts whose holder was not heard for `silence`.
    pub fn silent(&self, silence: Duration) -> Vec<(RunKey, StepId, AttemptNo)> {
        let state = self.lock();
        let fell_silent = |attempt: &&Attempt| match attempt.place {
            Place::Held { heard, .. } => heard.elapsed() >= silence,
            Place::Queued => false,
        };
        state
            .slots
            .values()
            .filter(fell_silent)
            .map(|Attempt { assignment: is, .. }| (is.key.clone(), is.step.clone(), is.attempt))
            .collect()
    }

    /// The steps of a run whose attempt no worker has taken.
    pub fn untaken_steps(&self, key: &RunKey) -> Vec<StepId> {
        self.lock().untaken(key).map(|(_, step)| step.clone()).collect()
    }

    /// Why the run's attempts are with no worker; `None` when one has one, or there is none.
    pub fn untaken(&self, key: &RunKey) -> Option<Untaken> {
        let state = self.lock();
        let of_run = state.slots.iter().filter(|((run, _), _)| run == key);
        let places: Vec<&Place> = of_run.map(|(_, attempt)| &attempt.place).collect();
        let untaken = !places.is_empty() && places.iter().all(|place| matches!(place, Place::Queued));
        untaken.then(|| if state.withheld.contains(key) { Untaken::Withheld } else { Untaken::Queued })
    }

    /// Every attempt that is queued or held, for those who check the desk from outside.
    pub(crate) fn slots(&self) -> Vec<(RunKey, StepId, AttemptNo)> {
        let slot = |((key, step), attempt): (&Slot, &Attempt)| {
            (key.clone(), step.clone(), attempt.assignment.attempt)
        };
        self.lock().slots.iter().map(slot).collect()
    }

    /// How many attempts are queued, and how many are held.
    pub fn load(&self) -> (usize, usize) {
        let state = self.lock();
        let held = state.slots.values().filter(|attempt| matches!(attempt.place, Place::Held { .. })).count();
        (state.slots.len() - held, held)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
