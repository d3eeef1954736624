//! An answer on its way: what came of it so far, for as many as ask for it.
//!
//! ```text
//!  begun ── head ── pieces … ──┬── whole
//!    │                         └── cut (the agents' connections break)
//!    └── refused: another head and body, nothing flowed before
//! ```

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use bytes::Bytes;
use mainspring_types::EffectId;
use tokio::sync::{Notify, watch};

use super::head::Head;
use crate::Pass;

/// An answer on its way. Whoever comes late gets what came before first.
pub(super) struct Flight {
    pub(super) effect: EffectId,
    /// The attempt that asked for it last: in its name it is tried again.
    pass: Mutex<Pass>,
    progress: Mutex<Progress>,
    changed: watch::Sender<()>,
    audience: AtomicUsize,
    /// Its attempt was told to end and has ended: the provider is left as soon as nobody listens.
    unwanted: AtomicBool,
    /// The last listener hung up, and its attempt was told to end.
    deserted: Notify,
}

#[derive(Default)]
struct Progress {
    head: Option<Head>,
    pieces: Vec<Bytes>,
    end: Option<Landing>,
}

/// How a flight ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Landing {
    /// Every piece is there.
    Whole,
    /// It broke after something had flowed.
    Cut,
    /// Nothing flowed; this is the answer instead.
    Instead(Head, Bytes),
}

/// What a listener hears first.
pub(super) enum Beginning {
    /// The answer begins.
    Head(Head),
    /// There is another answer.
    Instead(Head, Bytes),
    /// It broke at once.
    Cut,
}

/// What a listener hears next.
pub(super) enum Next {
    Piece(Bytes),
    End,
    Cut,
}

impl Flight {
    pub(super) fn new(effect: EffectId, pass: Pass) -> Self {
        Self {
            effect,
            pass: Mutex::new(pass),
            progress: Mutex::default(),
            changed: watch::Sender::new(()),
            audience: AtomicUsize::new(0),
            unwanted: AtomicBool::new(false),
            deserted: Notify::new(),
        }
    }

    /// Another attempt asks for it.
    pub(super) fn joined_by(&self, pass: Pass) {
        *self.pass.lock().unwrap_or_else(PoisonError::into_inner) = pass;
    }

    pub(super) fn pass(&self) -> Pass {
        self.pass.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The answer begins to flow.
    pub(super) fn begin(&self, head: Head) {
        self.lock().head = Some(head);
        self.changed.send_replace(());
    }

    /// More of the answer.
    pub(super) fn flow(&self, piece: Bytes) {
        if !piece.is_empty() {
            self.lock().pieces.push(piece);
            self.changed.send_replace(());
        }
    }

    /// The answer is whole: what is left of it and its end at once, so that whoever hears its last piece knows.
    pub(super) fn complete(&self, head: Head, rest: Bytes) {
        let mut progress = self.lock();
        progress.head.get_or_insert(head);
        if !rest.is_empty() {
            progress.pieces.push(rest);
        }
        progress.end = Some(Landing::Whole);
        drop(progress);
        self.changed.send_replace(());
    }

    /// The answer ends otherwise.
    pub(super) fn land(&self, landing: Landing) {
        self.lock().end = Some(landing);
        self.changed.send_replace(());
    }

    /// Whether it has ended.
    pub(super) fn has_landed(&self) -> bool {
        self.lock().end.is_some()
    }

    /// Whether something of the answer was let go.
    pub(super) fn has_flowed(&self) -> bool {
        self.lock().head.is_some()
    }

    /// The head that was let go.
    pub(super) fn head(&self) -> Option<Head> {
        self.lock().head.clone()
    }

    /// Everything that was let go so far.
    pub(super) fn flown(&self) -> Vec<Bytes> {
        self.lock().pieces.clone()
    }

    /// Its attempt ended as it was told to: it ends when nobody listens, or with the last who does.
    pub(super) fn disown(&self) {
        self.unwanted.store(true, Ordering::SeqCst);
        if self.audience.load(Ordering::SeqCst) == 0 {
            self.deserted.notify_one();
        }
    }

    /// Resolves when nobody listens any more although somebody should not have left.
    pub(super) async fn deserted(&self) {
        self.deserted.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hears one flight from its beginning.
pub(super) struct Listener {
    flight: std::sync::Arc<Flight>,
    changed: watch::Receiver<()>,
    heard: usize,
    deserts: Deserts,
}

/// Whether a listener that hangs up leaves an attempt that is told to end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Deserts {
    No,
    Yes,
}

impl Listener {
    pub(super) fn new(flight: std::sync::Arc<Flight>) -> Self {
        flight.audience.fetch_add(1, Ordering::SeqCst);
        let changed = flight.changed.subscribe();
        Self { flight, changed, heard: 0, deserts: Deserts::No }
    }

    /// The effect whose answer it is.
    pub(super) fn effect(&self) -> EffectId {
        self.flight.effect
    }

    pub(super) async fn beginning(&mut self) -> Beginning {
        loop {
            {
                let progress = self.flight.lock();
                if let Some(head) = &progress.head {
                    return Beginning::Head(head.clone());
                }
                match &progress.end {
                    Some(Landing::Instead(head, body)) => {
                        return Beginning::Instead(head.clone(), body.clone());
                    }
                    Some(Landing::Whole | Landing::Cut) => return Beginning::Cut,
                    None => {}
                }
            }
            // The sender lives in the flight, and so as long as we do.
            let _ = self.changed.changed().await;
        }
    }

    pub(super) async fn next(&mut self) -> Next {
        loop {
            {
                let progress = self.flight.lock();
                if let Some(piece) = progress.pieces.get(self.heard) {
                    self.heard += 1;
                    return Next::Piece(piece.clone());
                }
                match &progress.end {
                    Some(Landing::Whole) => return Next::End,
                    Some(_) => return Next::Cut,
                    None => {}
                }
            }
            let _ = self.changed.changed().await;
        }
    }

    /// Whether everything was heard and nothing more comes.
    pub(super) fn is_done(&self) -> bool {
        let progress = self.flight.lock();
        progress.end == Some(Landing::Whole) && progress.pieces.len() == self.heard
    }

    /// It is about to hang up under a cancel: the last to do so ends the flight.
    pub(super) fn desert(&mut self) {
        self.deserts = Deserts::Yes;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let is_last = self.flight.audience.fetch_sub(1, Ordering::SeqCst) == 1;
        let is_left = self.deserts == Deserts::Yes || self.flight.unwanted.load(Ordering::SeqCst);
        if is_last && is_left {
            self.flight.deserted.notify_one();
        }
    }
}
