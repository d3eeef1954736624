//! How what is under way is brought to an end: first nothing new begins, then nothing goes on.

use std::sync::OnceLock;

use tokio_util::sync::CancellationToken;

/// Why everything under way is to end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Why {
    /// The turn, or the run, is over: what became of each call is written down now.
    Over,
    /// The worker leaves and another goes on: what that one can do again or find out is left to it, as if this one had
    /// been killed.
    Handover,
}

/// What the calls of one turn listen to.
#[derive(Default)]
pub(super) struct Brake {
    why: OnceLock<Why>,
    halted: CancellationToken,
    killed: CancellationToken,
}

impl Brake {
    /// From now on nothing begins, and no model is listened to. The first reason counts.
    pub(super) fn halt(&self, why: Why) {
        let _ = self.why.set(why);
        self.halted.cancel();
    }

    /// Ends tools that still work.
    pub(super) fn kill(&self) {
        self.killed.cancel();
    }

    /// Why nothing may begin any more; `None` as long as something may.
    pub(super) fn why(&self) -> Option<Why> {
        self.why.get().copied()
    }

    /// Waits until nothing may begin any more.
    pub(super) async fn halted(&self) {
        self.halted.cancelled().await;
    }

    /// Fires when tools are to be ended.
    pub(super) fn killed(&self) -> &CancellationToken {
        &self.killed
    }
}
