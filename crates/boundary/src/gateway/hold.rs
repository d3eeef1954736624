//! Requests that are held open: why, and that the warden hears of it and of its end.

use std::sync::Arc;

use super::Shared;
use crate::Pass;

/// Why a request is held open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Held {
    /// What it waits for.
    pub what: HeldFor,
    /// What is known about it, in a sentence.
    pub detail: String,
    /// What to do, or what will happen by itself.
    pub way_out: String,
}

/// What a request that is held open waits for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum HeldFor {
    /// Somebody to decide.
    Gate,
    /// A budget to be raised, or its window to end.
    Budget,
    /// The provider's limits.
    Quota,
}

/// Keeps a request held. Dropped, it goes on, or its client has gone.
pub(super) struct Hold {
    shared: Arc<Shared>,
    nonce: u64,
    number: u64,
}

impl Hold {
    pub(super) fn begin(shared: &Arc<Shared>, pass: &Pass, held: Held) -> Self {
        let number = shared.attempts.hold(pass.nonce, held);
        let begun = Self { shared: Arc::clone(shared), nonce: pass.nonce, number };
        begun.tell();
        begun
    }

    fn tell(&self) {
        if let Some((pass, held)) = self.shared.attempts.held(self.nonce) {
            self.shared.warden.hold(&pass, held.as_ref());
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.shared.attempts.unhold(self.nonce, self.number);
        self.tell();
    }
}
