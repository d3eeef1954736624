//! One account's limiter with those who wait at it, and the timer that lets them go.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use mainspring_types::{TenantId, Timestamp};
use tokio::{
    sync::{Notify, oneshot},
    time::{Instant, sleep_until},
};

use super::{Busy, Permit};
use crate::quota::{Limiter, Ticket, Turn};

/// Tokio's clock, read as moments.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    began: Instant,
    began_at: Timestamp,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self { began: Instant::now(), began_at: Timestamp::now() }
    }

    fn now(self) -> Timestamp {
        self.began_at.after(self.began.elapsed())
    }

    fn instant(self, at: Timestamp) -> Instant {
        self.began + at.since(self.began_at)
    }
}

#[derive(Debug)]
pub(super) struct Line {
    clock: Clock,
    state: Mutex<State>,
    /// Rung when the moment at which the next one goes may have moved.
    moved: Notify,
}

#[derive(Debug)]
struct State {
    limiter: Limiter,
    waiters: HashMap<Ticket, oneshot::Sender<()>>,
    issued: u64,
    timer: Timer,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Timer {
    Stopped,
    Running,
}

/// What a waiter is told, and where it is told its turn.
type Waiting = (Busy, oneshot::Receiver<()>);

impl Line {
    pub(super) fn new(clock: Clock, calls_per_minute: Option<NonZeroU32>) -> Self {
        let state = State {
            limiter: Limiter::new(calls_per_minute),
            waiters: HashMap::new(),
            issued: 0,
            timer: Timer::Stopped,
        };
        Self { clock, state: Mutex::new(state), moved: Notify::new() }
    }

    /// A permit, which is good at once or as soon as the receiver hears.
    pub(super) fn ask(line: &Arc<Self>, tenant: &TenantId) -> (Permit, Option<Waiting>) {
        let mut state = line.lock();
        let ticket = state.issue();
        let ahead = state.limiter.waiting();
        let turn = state.limiter.ask(line.clock.now(), tenant, ticket);
        let waiting = (turn == Turn::Wait).then(|| {
            let (sender, receiver) = oneshot::channel();
            state.waiters.insert(ticket, sender);
            if state.timer == Timer::Stopped {
                state.timer = Timer::Running;
                tokio::spawn(Arc::clone(line).run_timer());
            }
            (Busy { until: state.limiter.opens(), ahead }, receiver)
        });
        drop(state);
        (Permit { line: Arc::clone(line), ticket }, waiting)
    }

    /// A permit that is good at once, or none.
    pub(super) fn try_ask(line: &Arc<Self>, tenant: &TenantId) -> Result<Permit, Busy> {
        let mut state = line.lock();
        let (now, ahead) = (line.clock.now(), state.limiter.waiting());
        if ahead > 0 || !state.limiter.is_open(now) {
            return Err(Busy { until: state.limiter.opens(), ahead });
        }
        let ticket = state.issue();
        state.limiter.ask(now, tenant, ticket);
        drop(state);
        Ok(Permit { line: Arc::clone(line), ticket })
    }

    /// Changes the limiter, and lets go whom that allows to go.
    pub(super) fn change(&self, change: impl FnOnce(&mut Limiter, Timestamp)) {
        let mut state = self.lock();
        let now = self.clock.now();
        change(&mut state.limiter, now);
        state.wake(now);
        drop(state);
        self.moved.notify_one();
    }

    /// Takes a ticket back, wherever it stands.
    pub(super) fn leave(&self, ticket: Ticket) {
        self.lock().waiters.remove(&ticket);
        self.change(|limiter, now| limiter.leave(now, ticket));
    }

    /// Whether the line could be forgotten: nobody uses it, and nothing holds it back.
    pub(super) fn rests(&self) -> bool {
        let state = self.lock();
        state.limiter.is_idle() && state.limiter.is_open(self.clock.now())
    }

    async fn run_timer(self: Arc<Self>) {
        loop {
            let due = {
                let mut state = self.lock();
                state.wake(self.clock.now());
                if state.limiter.waiting() == 0 {
                    state.timer = Timer::Stopped;
                    return;
                }
                state.limiter.due()
            };
            match due {
                Some(at) => tokio::select! {
                    () = sleep_until(self.clock.instant(at)) => (),
                    () = self.moved.notified() => (),
                },
                None => self.moved.notified().await,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn issue(&mut self) -> Ticket {
        self.issued += 1;
        Ticket(self.issued)
    }

    fn wake(&mut self, now: Timestamp) {
        for ticket in self.limiter.wake(now) {
            // A waiter that is gone by now gives its ticket back as it drops its permit.
            if let Some(waiter) = self.waiters.remove(&ticket) {
                let _ = waiter.send(());
            }
        }
    }
}
