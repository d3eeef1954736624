//! When the next model request of a session reaches the model.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tokio::sync::oneshot;

use crate::peer::model::Asked;

/// Whose requests are waited for, by the number of their session. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Arrivals {
    awaited: Arc<Mutex<HashMap<usize, oneshot::Sender<Instant>>>>,
}

impl Arrivals {
    /// What the model tells of each request.
    pub(super) fn hear(&self) -> impl Fn(&Asked) + Clone + Send + 'static {
        let arrivals = self.clone();
        move |asked| {
            if let Some(awaited) = arrivals.awaited().remove(&asked.number) {
                awaited.send(Instant::now()).expect("somebody waits for it");
            }
        }
    }

    /// The session's next request.
    pub(super) fn next_of(&self, number: usize) -> oneshot::Receiver<Instant> {
        let (arrived, next) = oneshot::channel();
        self.awaited().insert(number, arrived);
        next
    }

    fn awaited(&self) -> MutexGuard<'_, HashMap<usize, oneshot::Sender<Instant>>> {
        self.awaited.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
