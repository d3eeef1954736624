//! A warden that remembers what it was told.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use mainspring_boundary::{
    Pass,
    gateway::{Held, Order, Warden},
};
use mainspring_types::{Problem, RunId};
use tokio::{sync::Notify, time::timeout};

/// What the gateway told of attempts.
#[derive(Default)]
pub(crate) struct Watch {
    told: Mutex<Told>,
    changed: Notify,
    cancelled: AtomicBool,
}

#[derive(Default)]
struct Told {
    holds: Vec<(RunId, Option<Held>)>,
    ended: Vec<Problem>,
}

impl Watch {
    /// Every attempt is told to end from now on.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
    }

    /// What attempts were held for, in order; `None` where they no longer were.
    pub(crate) fn holds(&self) -> Vec<Option<Held>> {
        self.lock().holds.iter().map(|(_, held)| held.clone()).collect()
    }

    /// How often a hold began.
    pub(crate) fn holds_begun(&self) -> usize {
        self.lock().holds.iter().filter(|(_, held)| held.is_some()).count()
    }

    /// How many runs are held now.
    pub(crate) fn held_now(&self) -> usize {
        let told = self.lock();
        let last: HashMap<RunId, bool> =
            told.holds.iter().map(|(run, held)| (*run, held.is_some())).collect();
        last.values().filter(|held| **held).count()
    }

    /// Why runs were to end.
    pub(crate) fn ended(&self) -> Vec<Problem> {
        self.lock().ended.clone()
    }

    /// Waits until an attempt of the run is held, and says for what.
    pub(crate) async fn held(&self, run: u128) -> Held {
        let run = RunId::from_u128(run);
        let held = async {
            loop {
                let changed = self.changed.notified();
                let last = self.lock().holds.iter().rev().find(|(of, _)| *of == run).cloned();
                if let Some((_, Some(held))) = last {
                    return held;
                }
                changed.await;
            }
        };
        timeout(Duration::from_secs(10), held).await.expect("it is held")
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Warden for Watch {
    fn hold(&self, pass: &Pass, held: Option<&Held>) {
        self.lock().holds.push((pass.key.run, held.cloned()));
        self.changed.notify_waiters();
    }

    fn order(&self, _: &Pass) -> Order {
        if self.cancelled.load(Ordering::SeqCst) { Order::End } else { Order::GoOn }
    }

    fn end(&self, _: &Pass, problem: Problem) {
        self.lock().ended.push(problem);
    }
}
