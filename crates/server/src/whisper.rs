//! What models are just saying, passed on to those who watch their run live.
//!
//! A run nobody watches costs a look into an empty map. Nothing here is kept or journalled: a listener that is too slow
//! loses the oldest pieces, and whoever speaks never waits for one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use mainspring_api::event::Delta;
use mainspring_store::RunKey;
use tokio::sync::broadcast::{self, error::RecvError, error::TryRecvError};

/// How many pieces a listener may be behind: a few seconds of a fast model.
const BEHIND_MAX: usize = 256;

/// Who listens to which run. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Whispers {
    heard: Arc<Mutex<Heard>>,
}

type Heard = HashMap<RunKey, broadcast::Sender<Delta>>;

/// Hears what is said in one run for as long as it is kept.
pub(crate) struct Listener {
    whispers: Whispers,
    key: RunKey,
    pieces: broadcast::Receiver<Delta>,
}

impl Whispers {
    /// Passes a piece on to whoever listens to the run.
    pub(crate) fn whisper(&self, key: &RunKey, delta: Delta) {
        if let Some(listeners) = self.lock().get(key) {
            // The last listener may just be leaving.
            drop(listeners.send(delta));
        }
    }

    /// Listens to the run. What was said before is not told.
    pub(crate) fn listen(&self, key: &RunKey) -> Listener {
        let mut heard = self.lock();
        let pieces =
            heard.entry(key.clone()).or_insert_with(|| broadcast::Sender::new(BEHIND_MAX)).subscribe();
        Listener { whispers: self.clone(), key: key.clone(), pieces }
    }

    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener {
    /// The next piece, as soon as there is one.
    pub(crate) async fn next(&mut self) -> Delta {
        loop {
            match self.pieces.recv().await {
                Ok(delta) => return delta,
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => unreachable!("the sender is kept as long as its listeners"),
            }
        }
    }

    /// The pieces that are there already.
    pub(crate) fn pending(&mut self) -> Vec<Delta> {
        let mut pieces = Vec::new();
        while pieces.len() < BEHIND_MAX {
            match self.pieces.try_recv() {
                Ok(delta) => pieces.push(delta),
                Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        pieces
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut heard = self.whispers.lock();
        if heard.get(&self.key).is_some_and(|listeners| listeners.receiver_count() == 1) {
            heard.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use mainspring_api::event::DeltaKind;
    use mainspring_types::{RunId, StepId, TenantId};

    use super::*;

    fn key(run: u128) -> RunKey {
        RunKey { tenant: TenantId::sole(), run: RunId::from_u128(run) }
    }

    fn piece(text: &str) -> Delta {
        let step = StepId::new("main").expect("a name");
        Delta { step, turn: 1, call: 1, kind: DeltaKind::Text, text: text.to_owned() }
    }

    #[tokio::test]
    async fn everyone_who_listens_to_the_run_hears_it() {
        let whispers = Whispers::default();
        let (mut first, mut second) = (whispers.listen(&key(1)), whispers.listen(&key(1)));
        let mut other = whispers.listen(&key(2));
        whispers.whisper(&key(1), piece("hello"));
        assert_eq!([first.next().await, second.next().await], [piece("hello"), piece("hello")]);
        assert_eq!(other.pending(), []);
    }

    #[tokio::test]
    async fn a_slow_listener_loses_the_oldest_pieces() {
        let whispers = Whispers::default();
        let mut slow = whispers.listen(&key(1));
        (0..1_000).for_each(|number| whispers.whisper(&key(1), piece(&number.to_string())));
        let heard = slow.pending();
        assert_eq!((heard.len(), &heard[0], &heard[BEHIND_MAX - 1]), (256, &piece("744"), &piece("999")));
    }

    #[tokio::test]
    async fn a_run_is_forgotten_with_its_last_listener() {
        let whispers = Whispers::default();
        let (first, second) = (whispers.listen(&key(1)), whispers.listen(&key(1)));
        drop(first);
        assert_eq!(whispers.lock().len(), 1);
        drop(second);
        assert!(whispers.lock().is_empty());
        whispers.whisper(&key(1), piece("nobody"));
    }
}
