//! Answers that agents got all of, on their way to the record.
//!
//! Nobody waits for this to be durable, so it is written with the next intent or, when none comes, a moment later. What
//! a crash takes away makes an answer count as cut off: it is then served again, from the journal.

use std::sync::{Arc, Mutex, PoisonError};

use mainspring_store::{Fault, News, Pen, RunKey};
use mainspring_types::{AttemptNo, EffectId, Timestamp};

use crate::work::Work;

/// Which attempt got all of which effect's answer.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) key: RunKey,
    pub(crate) attempt: AttemptNo,
    pub(crate) effect: EffectId,
}

/// Deliveries that are not written yet. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Deliveries {
    waiting: Arc<Mutex<Vec<Delivery>>>,
}

impl Deliveries {
    pub(crate) fn note(&self, delivery: Delivery) {
        self.lock().push(delivery);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Writes all of them. Those returned were written, and go back with [`Deliveries::restore`] should that be undone.
    pub(super) fn write(&self, pen: &mut Pen<'_>) -> Result<Vec<Delivery>, Fault> {
        let taken = std::mem::take(&mut *self.lock());
        for delivery in &taken {
            if let Err(fault) = pen.delivered(&delivery.key, delivery.effect, delivery.attempt) {
                self.restore(taken);
                return Err(fault);
            }
        }
        Ok(taken)
    }

    pub(super) fn restore(&self, undone: Vec<Delivery>) {
        self.lock().extend(undone);
    }

    /// What writes them when nothing else does.
    pub(crate) fn flush(&self) -> impl Work<Outcome = ()> + use<> {
        Flush { deliveries: self.clone(), taken: Vec::new() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Delivery>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Flush {
    deliveries: Deliveries,
    taken: Vec<Delivery>,
}

impl Work for Flush {
    type Outcome = ();

    fn write(&mut self, pen: &mut Pen<'_>, _: Timestamp, _: &mut News) -> Result<(), Fault> {
        self.taken = self.deliveries.write(pen)?;
        Ok(())
    }

    fn undone(&mut self) {
        self.deliveries.restore(std::mem::take(&mut self.taken));
    }
}
