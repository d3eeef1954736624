//! Tells those who watch a run that it has new entries.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use mainspring_store::RunKey;
use tokio::sync::watch;

/// Who watches which run. A run nobody watches costs nothing.
#[derive(Default)]
pub struct Bell {
    watched: Mutex<HashMap<RunKey, watch::Sender<u64>>>,
}

impl Bell {
    /// Follows the sequence number of the run's latest entry; it begins at 0, whatever the run has.
    pub fn listen(&self, key: &RunKey) -> watch::Receiver<u64> {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.entry(key.clone()).or_insert_with(|| watch::Sender::new(0)).subscribe()
    }

    /// The run has entries up to `seq`.
    pub fn ring(&self, key: &RunKey, seq: u64) {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        // The one who stopped watching last left the sender behind; the next news finds it unheard.
        if watched.get(key).is_some_and(|sender| sender.send(seq).is_err()) {
            watched.remove(key);
        }
    }
}
