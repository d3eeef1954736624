//! The smallest application of the writer: it appends what it is told and answers once that is durable.

use std::{path::Path, sync::mpsc};

use mainspring_store::{
    Application, EntryKind, Fault, Ledger, NewEntry, Pen, Queue, RunKey, Store, StoreOptions, Writer,
};
use mainspring_types::{RunId, TenantId, Timestamp};

pub(crate) type Answer = Result<u64, Fault>;

/// One line for a run's journal.
pub(crate) struct Line {
    pub(crate) run: u128,
    pub(crate) text: String,
    /// Whether the application fails after it has written, as a bug of ours would.
    pub(crate) broken: bool,
    pub(crate) answer: mpsc::Sender<Answer>,
}

#[derive(Default)]
pub(crate) struct Notebook {
    staged: Vec<(mpsc::Sender<Answer>, u64)>,
}

pub(crate) fn key(run: u128) -> RunKey {
    RunKey { tenant: TenantId::sole(), run: RunId::from_u128(run) }
}

impl Application for Notebook {
    type Message = Line;

    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp, line: Line) -> Result<(), Fault> {
        let entry = NewEntry { kind: EntryKind::Note, at: now, envelope: &line.text, payload: None };
        let seq = pen.append(&key(line.run), entry)?;
        if line.broken {
            let fault = Fault::Refused { detail: "on purpose".into() };
            line.answer.send(Err(fault.clone())).expect("the test listens");
            return Err(fault);
        }
        self.staged.push((line.answer, seq));
        Ok(())
    }

    fn due(&self) -> Option<Timestamp> {
        None
    }

    fn wake(&mut self, _: &mut Pen<'_>, _: Timestamp) -> Result<(), Fault> {
        Ok(())
    }

    fn durable(&mut self) {
        for (answer, seq) in self.staged.drain(..) {
            answer.send(Ok(seq)).expect("the test listens");
        }
    }

    fn undone(&mut self, fault: &Fault) {
        for (answer, _) in self.staged.drain(..) {
            answer.send(Err(fault.clone())).expect("the test listens");
        }
    }
}

pub(crate) fn open(folder: &Path, options: StoreOptions) -> Writer<Line> {
    let store = Store::open(&folder.join("mainspring.db"), options).expect("the store opens");
    store.start(Notebook::default()).expect("the writer starts")
}

/// Sends a line; the answer comes once it is durable.
pub(crate) fn send(queue: &Queue<Line>, run: u128, text: &str) -> mpsc::Receiver<Answer> {
    let (answer, answered) = mpsc::channel();
    let line = Line { run, text: text.into(), broken: false, answer };
    assert!(queue.send(line).is_ok(), "the writer runs");
    answered
}
