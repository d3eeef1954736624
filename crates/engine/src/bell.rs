//! Tells those who watch a run that it has new entries.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use mainspring_store::RunKey;
use tokio::sync::watch;

/// Who watches which run. A run nobody watches costs nothing. Clones share it.
#[derive(Clone, Default)]
pub struct Bell {
    watched: Arc<Mutex<Watched>>,
}

type Watched = HashMap<RunKey, watch::Sender<u64>>;

/// Hears of one run for as long as it is kept.
pub struct Listener {
    bell: Bell,
    key: RunKey,
    heard: watch::Receiver<u64>,
}

impl Bell {
    /// Listens for the run. What it had before is not told.
    pub fn listen(&self, key: &RunKey) -> Listener {
        let mut watched = self.lock();
        let heard = watched.entry(key.clone()).or_insert_with(|| watch::Sender::new(0)).subscribe();
        Listener { bell: self.clone(), key: key.clone(), heard }
    }

    /// The run has entries up to `seq`.
    pub fn ring(&self, key: &RunKey, seq: u64) {
        if let Some(listeners) = self.lock().get(key) {
            listeners.send_replace(seq);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener {
    /// Waits until the run has entries that were not there when this was last asked.
    pub async fn news(&mut self) {
        // The sender lives at least as long as its listeners.
        let _ = self.heard.changed().await;
    }

    /// Waits until the run is known to have the entry.
    pub async fn reach(&mut self, seq: u64) {
        let _ = self.heard.wait_for(|known| *known >= seq).await;
    }

    /// Whatever was told so far is no news any more.
    pub fn forget(&mut self) {
        self.heard.mark_unchanged();
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut watched = self.bell.lock();
        if watched.get(&self.key).is_some_and(|listeners| listeners.receiver_count() == 1) {
            watched.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use mainspring_types::{RunId, TenantId};

    use super::*;

    #[tokio::test]
    async fn a_run_is_forgotten_with_its_last_listener() {
        let bell = Bell::default();
        let key = RunKey { tenant: TenantId::sole(), run: RunId::from_u128(1) };
        let (mut first, second) = (bell.listen(&key), bell.listen(&key));
        drop(second);
        bell.ring(&key, 3);
        first.reach(3).await;
        drop(first);
        assert!(bell.lock().is_empty());
        bell.ring(&key, 4);
    }
}
