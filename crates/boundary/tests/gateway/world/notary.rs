//! The smallest application of the writer that carries out units; a test can halt it, and cut it off.

use std::sync::{
    Arc, Condvar, Mutex, MutexGuard, PoisonError,
    mpsc::{self, Receiver, Sender},
};

use mainspring_store::{Application, Fault, News, Pen, Unit};
use mainspring_types::Timestamp;

/// What the writer is sent.
pub(crate) enum Item {
    /// Something to write.
    Unit(Box<dyn Unit>),
}

/// Halts the writer before it takes the next message.
#[derive(Default)]
pub(crate) struct Brake {
    state: Mutex<Going>,
    changed: Condvar,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Going {
    #[default]
    On,
    Halted,
    /// As if the process were killed: nothing is written any more.
    Cut,
}

impl Brake {
    /// Nothing is written until the guard is dropped.
    pub(crate) fn halt(&self) -> Halt<'_> {
        self.set(Going::Halted);
        Halt(self)
    }

    /// Nothing is written any more.
    pub(super) fn cut(&self) {
        self.set(Going::Cut);
    }

    fn set(&self, going: Going) {
        *self.lock() = going;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Going> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits while the brake is on; says whether to go on.
    fn pass(&self) -> bool {
        let mut going = self.lock();
        while *going == Going::Halted {
            going = self.changed.wait(going).unwrap_or_else(PoisonError::into_inner);
        }
        *going == Going::On
    }
}

/// The brake is on.
pub(crate) struct Halt<'a>(&'a Brake);

impl Drop for Halt<'_> {
    fn drop(&mut self) {
        self.0.set(Going::On);
    }
}

/// Carries units out.
pub(super) struct Notary {
    brake: Arc<Brake>,
    /// Units that are written and wait for the disk.
    written: Vec<Box<dyn Unit>>,
}

impl Notary {
    pub(super) fn new(brake: Arc<Brake>) -> Self {
        Self { brake, written: Vec::new() }
    }
}

impl Application for Notary {
    type Message = Item;

    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp, Item::Unit(mut unit): Item) -> Result<(), Fault> {
        let written = if self.brake.pass() { unit.write(pen, now).map(drop) } else { Err(killed()) };
        match written {
            Ok(()) => self.written.push(unit),
            Err(ref fault) => unit.settled(Err(fault.clone())),
        }
        Ok(())
    }

    fn due(&self) -> Option<Timestamp> {
        None
    }

    fn wake(&mut self, _: &mut Pen<'_>, _: Timestamp) -> Result<(), Fault> {
        Ok(())
    }

    fn durable(&mut self) {
        self.written.drain(..).for_each(|unit| unit.settled(Ok(())));
    }

    fn undone(&mut self, fault: &Fault) {
        self.written.drain(..).for_each(|unit| unit.settled(Err(fault.clone())));
    }
}

fn killed() -> Fault {
    Fault::Refused { detail: "the process was killed".into() }
}

/// A unit that does something and sends what came of it once that is durable.
pub(super) fn errand<T: Send + 'static>(
    work: impl FnOnce(&mut Pen<'_>) -> T + Send + 'static,
) -> (Box<dyn Unit>, Receiver<T>) {
    let (reply, done) = mpsc::channel();
    (Box::new(Errand { work: Some(work), came: None, reply }), done)
}

struct Errand<W, T> {
    work: Option<W>,
    came: Option<T>,
    reply: Sender<T>,
}

impl<W, T> Unit for Errand<W, T>
where
    W: FnOnce(&mut Pen<'_>) -> T + Send + 'static,
    T: Send + 'static,
{
    fn write(&mut self, pen: &mut Pen<'_>, _: Timestamp) -> Result<News, Fault> {
        let work = self.work.take().expect("it is done once");
        self.came = Some(work(pen));
        Ok(News::new())
    }

    fn settled(self: Box<Self>, written: Result<(), Fault>) {
        if let (Ok(()), Some(came)) = (written, self.came) {
            // The test may have failed meanwhile.
            let _ = self.reply.send(came);
        }
    }
}
