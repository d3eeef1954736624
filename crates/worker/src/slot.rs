//! A worker's slot: taken by an attempt, free while the attempt is held.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The slot of one attempt. Dropped, it is free.
pub(crate) struct Slot {
    permit: Mutex<Option<OwnedSemaphorePermit>>,
    all: Arc<Semaphore>,
}

impl Slot {
    pub(crate) fn new(permit: OwnedSemaphorePermit, all: &Arc<Semaphore>) -> Self {
        Self { permit: Mutex::new(Some(permit)), all: Arc::clone(all) }
    }

    /// Another attempt may have it: this one only waits.
    pub(crate) fn lend(&self) {
        self.permit().take();
    }

    /// The attempt goes on. Where every slot is taken it works beyond them: its process is there in any case.
    pub(crate) fn take_back(&self) {
        let mut permit = self.permit();
        if permit.is_none() {
            *permit = Arc::clone(&self.all).try_acquire_owned().ok();
        }
    }

    fn permit(&self) -> std::sync::MutexGuard<'_, Option<OwnedSemaphorePermit>> {
        self.permit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lent_slot_is_free_and_comes_back_when_it_can() {
        let all = Arc::new(Semaphore::new(1));
        let take = || Arc::clone(&all).try_acquire_owned().ok();
        let slot = Slot::new(take().expect("free"), &all);
        slot.lend();
        let other = take().expect("lent");
        slot.take_back();
        drop(other);
        assert_eq!(all.available_permits(), 1, "there was none to take back");
        slot.take_back();
        assert_eq!(all.available_permits(), 0);
        drop(slot);
        assert_eq!(all.available_permits(), 1);
    }
}
