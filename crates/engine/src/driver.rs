//! The driver: admits requests, writes what follows, and lets go what is owed once it is durable.
//!
//! ```text
//!  message --> take the run (resident, or folded from the journal)
//!          --> core admits        --refused--> the refusal is staged
//!          --> the event is appended, the core folds it in,
//!              what it owes is written (outbox, timers) and staged
//!  durable --> everything staged is let go: answers, dispatches, aborts, timers, news
//!  undone  --> everything staged and every resident run is forgotten; answers become the fault
//! ```
//!
//! Between two `durable` calls the driver decides on what it has written and not yet seen committed; nobody outside
//! can observe that, since nothing staged has left.

mod claims;
mod family;
mod recover;
mod staged;
mod timers;

use std::collections::{BTreeMap, BTreeSet};

use mainspring_core::{CancelLevel, Command, Event, Phase, Reason, Request, Run, Status, TimerId, What};
use mainspring_store::{EntryKind, Fault, Keyed, Ledger, NewEntry, RunKey};
use mainspring_types::{Timestamp, Value};

use self::{claims::Claims, staged::Staged, timers::Timers};
use crate::{Accepted, Body, Create, Message, Refused, RunNote, World, projection, resident::Resident};

/// Decides for every run of one data folder.
pub struct Driver<W> {
    world: W,
    residents: BTreeMap<RunKey, Resident>,
    /// Runs whose fold is ahead of the disk or behind it: dropped or kept once the batch is settled.
    touched: BTreeSet<RunKey>,
    timers: Timers,
    claims: Claims,
    staged: Vec<Staged>,
}

/// An event, what it brought, what follows from it, and how the run stood before.
struct Change<'a> {
    event: &'a Event,
    body: Option<&'a Body>,
    owed: Vec<Command>,
    stood: Option<Standing>,
}

/// What lists show of a run, written again only when it changes, whether it is paused, and how hard it is ended.
#[derive(Clone, Copy, PartialEq)]
struct Standing {
    status: Status,
    reason: Option<Reason>,
    paused: bool,
    stopping: Option<CancelLevel>,
}

fn standing(run: &Run) -> Standing {
    let (paused, stopping) = match &run.phase {
        Phase::Paused { .. } => (true, None),
        Phase::Stopping { level, .. } => (false, Some(*level)),
        Phase::Open | Phase::Ended(_) => (false, None),
    };
    Standing { status: run.status(), reason: run.reason(), paused, stopping }
}

impl<W: World> Driver<W> {
    /// A driver that knows no run yet; [`Message::Recover`] makes it take up what was left.
    pub fn new(world: W) -> Self {
        Self {
            world,
            residents: BTreeMap::new(),
            touched: BTreeSet::new(),
            timers: Timers::default(),
            claims: Claims::default(),
            staged: Vec::new(),
        }
    }

    /// Decides about one message and writes what follows. After an error nothing of this message counts.
    pub fn write(&mut self, ledger: &mut dyn Ledger, now: Timestamp, message: Message) -> Result<(), Fault> {
        self.as_one(|driver| {
            driver.decide(ledger, now, message)?;
            driver.claims.write(ledger)
        })
    }

    /// Does `work`, or nothing: when it fails, what it staged is answered with the fault, and the runs it touched are
    /// read again, since a part of what it folded into them may be undone.
    fn as_one(&mut self, work: impl FnOnce(&mut Self) -> Result<(), Fault>) -> Result<(), Fault> {
        let (staged, claims) = (self.staged.len(), self.claims.written());
        let touched = std::mem::take(&mut self.touched);
        let done = work(self).inspect_err(|fault| {
            self.claims.undo_to(claims);
            for key in std::mem::take(&mut self.touched) {
                self.residents.remove(&key);
            }
            for staged in self.staged.split_off(staged) {
                staged.fail(fault);
            }
        });
        // The few keys of this message join the many of the batch, not the other way round.
        let of_this = std::mem::replace(&mut self.touched, touched);
        self.touched.extend(of_this);
        done
    }

    fn decide(&mut self, ledger: &mut dyn Ledger, now: Timestamp, message: Message) -> Result<(), Fault> {
        match message {
            Message::Create(create) => self.create(ledger, now, *create),
            Message::Ask { key, request, body, reply } => {
                let asked = self.ask(ledger, now, &key, &request, body.as_ref());
                self.answer(asked, |answer| Staged::Done(reply, answer))
            }
            Message::Note(note) => self.note(ledger, now, &note),
            Message::Claimed { key, step, attempt, nonce, reply } => {
                self.claims.add(key, step, attempt, nonce);
                self.staged.extend(reply.map(|reply| Staged::Done(reply, Ok(()))));
                Ok(())
            }
            Message::Unit(_) => unreachable!("a unit is not the driver's to decide"),
            Message::Catalogue { tenant, version, reply } => {
                let done = ledger.catalogue(&tenant, &version, now).map_err(Refused::from);
                self.answer(done, |answer| Staged::Done(reply, answer))
            }
            Message::Pin { tenant, digest, reply } => {
                let done = ledger.pin(&tenant, &digest, now).map_err(Refused::from);
                self.answer(done, |answer| Staged::Done(reply, answer))
            }
            Message::Recover { reply } => {
                let taken_up = self.recover(ledger, now);
                self.answer(taken_up, |answer| Staged::Recovered(reply, answer))
            }
        }
    }

    /// Everything written since the last call is on disk: lets go what was staged.
    pub fn durable(&mut self) {
        self.claims.durable();
        for key in std::mem::take(&mut self.touched) {
            // A run that waits holds nothing but its rows.
            if self.residents.get(&key).is_some_and(|resident| resident.run.live().next().is_none()) {
                self.residents.remove(&key);
            }
        }
        for staged in std::mem::take(&mut self.staged) {
            self.let_go(staged);
        }
    }

    /// Nothing written since the last [`Driver::durable`] is on disk: forgets it, and answers with the fault.
    pub fn undone(&mut self, fault: &Fault) {
        self.residents.clear();
        self.touched.clear();
        self.claims.undo_to(0);
        for staged in std::mem::take(&mut self.staged) {
            staged.fail(fault);
        }
    }

    /// The run as it is in memory, for those who check the driver from outside.
    pub fn resident(&self, key: &RunKey) -> Option<&Run> {
        self.residents.get(key).map(|resident| &resident.run)
    }

    /// What lies around the driver.
    pub fn world(&mut self) -> &mut W {
        &mut self.world
    }

    /// Stages an answer; a fault of the store is passed on, so that the whole message is undone.
    fn answer<T>(
        &mut self,
        result: Result<T, Refused>,
        staged: impl FnOnce(Result<T, Refused>) -> Staged,
    ) -> Result<(), Fault> {
        let fault = match &result {
            Err(Refused::Fault(fault)) => Some(fault.clone()),
            _ => None,
        };
        self.staged.push(staged(result));
        fault.map_or(Ok(()), Err)
    }

    fn create(&mut self, ledger: &mut dyn Ledger, now: Timestamp, create: Create) -> Result<(), Fault> {
        let Create { tenant, created, input, method, by, request, key: once, reply } = create;
        let key = RunKey { tenant, run: created.run };
        let event = Event::begin(created, &request, by, now);
        let begun = (|| {
            if let Some((name, request)) = &once {
                match ledger.keyed(&key.tenant, name)? {
                    Some(Keyed { request: first, run }) if first == *request => {
                        return Ok(Accepted::Known(run));
                    }
                    Some(Keyed { run, .. }) => return Err(Refused::KeyUsed { run }),
                    None => {
                        ledger.remember(&key.tenant, name, Keyed { request: *request, run: key.run })?;
                    }
                }
            }
            ledger.begin(&key);
            let (resident, owed) = Resident::begin(&event, &input, method).expect("the event is a creation");
            let change = Change { event: &event, body: Some(&input), owed, stood: None };
            self.record(ledger, &key, resident, change)?;
            Ok(Accepted::New(key.run))
        })();
        self.answer(begun, |answer| Staged::Accepted(reply, answer))
    }

    fn ask(
        &mut self,
        ledger: &mut dyn Ledger,
        now: Timestamp,
        key: &RunKey,
        request: &Request,
        body: Option<&Body>,
    ) -> Result<(), Refused> {
        let resident = self.take(ledger, key)?;
        let event = match resident.run.admit(request, now) {
            Ok(event) => event,
            Err(refusal) => {
                self.keep(key, resident);
                return Err(refusal.into());
            }
        };
        let stood = Some(standing(&resident.run));
        let (resident, owed) = resident.fold(&event, body.cloned());
        let change = Change { event: &event, body, owed, stood };
        Ok(self.record(ledger, key, resident, change)?)
    }

    /// Writes an event and everything that follows from it.
    fn record(
        &mut self,
        ledger: &mut dyn Ledger,
        key: &RunKey,
        resident: Resident,
        change: Change<'_>,
    ) -> Result<(), Fault> {
        let Change { event, body, owed, stood } = change;
        let envelope = serde_json::to_string(event).expect("an event is plain data");
        let payload = body.and_then(|body| body.value.bytes());
        let entry = NewEntry { kind: EntryKind::Lifecycle, at: event.at, envelope: &envelope, payload };
        let mut seq = ledger.append(key, entry)?;
        if let Some(Body { value: Value::Blob(digest), .. }) = body {
            ledger.refer(key, &digest.hash)?;
        }
        if let What::TimerFired { timer: TimerId::Gate(gate) } = &event.what {
            seq = ledger.expire_gate(key, gate, event.at)?.unwrap_or(seq);
        }
        for command in owed {
            self.owe(ledger, key, &resident, command)?;
        }
        if let Some(outcome) = resident.run.outcome() {
            ledger.abandon(key, outcome.at)?;
            let envelope = projection::outcome_envelope(outcome);
            let entry =
                NewEntry { kind: EntryKind::Outcome, at: outcome.at, envelope: &envelope, payload: None };
            seq = ledger.append(key, entry)?;
        }
        let stands = standing(&resident.run);
        match (stood.is_some_and(|stood| stood.paused), stands.paused) {
            (false, true) => self.staged.push(Staged::Hold(key.clone())),
            (true, false) => self.staged.push(Staged::Unhold(key.clone())),
            _ => {}
        }
        if stood != Some(stands) {
            ledger.project(key, &projection::of(&resident.run, resident.method.as_deref()))?;
        }
        self.staged.push(Staged::News(key.clone(), seq));
        let parent = resident.run.created.parent.clone();
        self.keep(key, resident);
        self.tell_the_family(ledger, key, event, (stood, stands, parent))
    }

    /// Writes one thing owed where a restart finds it, and stages it.
    fn owe(
        &mut self,
        ledger: &mut dyn Ledger,
        key: &RunKey,
        resident: &Resident,
        command: Command,
    ) -> Result<(), Fault> {
        match &command {
            Command::Dispatch { step, attempt } => {
                ledger.owe(key, step, *attempt)?;
                let assignment = resident.assignment(key, step, *attempt);
                self.staged.push(Staged::Dispatch(Box::new(assignment)));
                return Ok(());
            }
            Command::Release { step, attempt } => ledger.settle(key, step, *attempt)?,
            Command::Arm { timer, at } => ledger.arm(key, timer, *at)?,
            Command::Disarm { timer } => ledger.disarm(key, timer)?,
            Command::Abort { .. } | Command::Interrupt { .. } | Command::Finish => {}
        }
        self.staged.push(Staged::Owed(key.clone(), command));
        Ok(())
    }

    fn note(&mut self, ledger: &mut dyn Ledger, now: Timestamp, note: &RunNote) -> Result<(), Fault> {
        let entry = NewEntry { kind: EntryKind::Note, at: now, envelope: &note.envelope, payload: None };
        let seq = ledger.append(&note.key, entry)?;
        self.staged.push(Staged::News(note.key.clone(), seq));
        Ok(())
    }

    /// The run, taken out of memory or folded from the journal; [`Driver::keep`] puts it back.
    fn take(&mut self, ledger: &mut dyn Ledger, key: &RunKey) -> Result<Resident, Refused> {
        if let Some(resident) = self.residents.remove(key) {
            return Ok(resident);
        }
        Resident::load(key, ledger.lifecycle(key)?)?.ok_or(Refused::NoSuchRun)
    }

    fn keep(&mut self, key: &RunKey, resident: Resident) {
        self.touched.insert(key.clone());
        self.residents.insert(key.clone(), resident);
    }
}
