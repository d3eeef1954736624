//! Tells work on another thread that nobody waits for it any more.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use super::trouble::Trouble;

/// Asked between two pieces of work.
#[derive(Clone, Debug)]
pub(super) struct Stop(Arc<AtomicBool>);

/// Stops the work when it is dropped.
#[derive(Debug)]
pub(super) struct Abandon(Arc<AtomicBool>);

pub(super) fn pair() -> (Stop, Abandon) {
    let flag = Arc::new(AtomicBool::new(false));
    (Stop(Arc::clone(&flag)), Abandon(flag))
}

impl Stop {
    /// Fails once the work is abandoned. Nobody hears of it.
    pub(super) fn check(&self) -> Result<(), Trouble> {
        if self.0.load(Ordering::Acquire) {
            return Err(Trouble::complaint("the call was abandoned"));
        }
        Ok(())
    }
}

impl Drop for Abandon {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}
