//! Tries under way, counted: while there are any, a budget that is short may yet get back what they hold.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// How many tries are under way, from before they are written until they are settled. Clones share the count.
#[derive(Clone, Default)]
pub(super) struct Aloft {
    count: Arc<AtomicUsize>,
}

/// One of them.
pub(super) struct Lifted {
    count: Arc<AtomicUsize>,
}

impl Aloft {
    pub(super) fn lift(&self) -> Lifted {
        self.count.fetch_add(1, Ordering::SeqCst);
        Lifted { count: Arc::clone(&self.count) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count.load(Ordering::SeqCst) == 0
    }
}

impl Drop for Lifted {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::SeqCst);
    }
}
