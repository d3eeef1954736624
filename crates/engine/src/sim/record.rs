//! What is on the disk, read beside the server: the fold of every journal, and the laws a journal keeps.

use std::collections::{BTreeMap, BTreeSet};

use mainspring_core::{AttemptEnd, Command, Created, Event, Phase, Principal, Run, What};
use mainspring_store::{Entry, EntryKind, Key, RunKey};
use mainspring_types::{AttemptNo, Digest, Hash, RequestId, StepId, Value};

use super::{
    disk::Disk,
    laws::{Lawful, demand},
};

/// One delivery of a client's request to begin a run. A repetition is a delivery of its own, with another run.
#[derive(Clone)]
pub(super) struct Creation {
    pub(super) key: RunKey,
    pub(super) created: Created,
    pub(super) input: Value,
    pub(super) method: Option<String>,
    pub(super) once: Option<(Key, Hash)>,
    pub(super) request: RequestId,
}

/// An attempt, wholly named.
pub(super) type Slot = (RunKey, StepId, AttemptNo);

/// Everything that is durable, and what it has to agree with.
#[derive(Default)]
pub(super) struct Record {
    /// Every creation that was ever sent, and what the disk has of it.
    pub(super) runs: BTreeMap<RunKey, (Creation, Shadow)>,
    /// What the worker that took the attempt last is to make of it.
    pub(super) made: BTreeMap<Slot, Value>,
}

/// A run as its journal tells it.
#[derive(Default)]
pub(super) struct Shadow {
    /// The fold; `None` while there is no such run.
    pub(super) run: Option<Run>,
    /// The number of its latest entry.
    pub(super) seq: u64,
    /// The requests of people that are recorded, and how often.
    pub(super) requests: BTreeMap<RequestId, u32>,
    /// How attempts ended.
    pub(super) ends: BTreeMap<(StepId, AttemptNo), AttemptEnd>,
    /// The attempts that left a note.
    pub(super) noted: BTreeSet<(StepId, AttemptNo)>,
    /// What the latest batch ordered that no table holds: it is told once, or lost with the server.
    pub(super) passing: Vec<Command>,
    owed: BTreeSet<Command>,
    last_event: u64,
    outcome: Option<u64>,
}

impl Record {
    pub(super) fn expect(&mut self, creation: Creation) {
        self.runs.insert(creation.key.clone(), (creation, Shadow::default()));
    }

    /// The run as it is on the disk.
    pub(super) fn run(&self, key: &RunKey) -> Option<&Run> {
        self.runs.get(key)?.1.run.as_ref()
    }

    pub(super) fn shadow(&self, key: &RunKey) -> &Shadow {
        &self.runs[key].1
    }

    /// Every run there is.
    pub(super) fn existing(&self) -> impl Iterator<Item = (&RunKey, &Run)> {
        self.runs.iter().filter_map(|(key, (_, shadow))| Some((key, shadow.run.as_ref()?)))
    }

    pub(super) fn is_live(&self, (key, step, attempt): &Slot) -> bool {
        self.run(key).and_then(|run| run.steps.get(step)).is_some_and(|step| step.is_live(*attempt))
    }

    /// Reads what was committed since, and says how many entries.
    pub(super) fn absorb(&mut self, disk: &Disk) -> Lawful<u64> {
        let Self { runs, made } = self;
        let mut read = 0;
        for (key, (creation, shadow)) in runs {
            shadow.passing.clear();
            for entry in disk.entries_after(key, shadow.seq) {
                read += 1;
                shadow.absorb(key, creation, made, disk, &entry)?;
            }
            a_run_ends_with_its_outcome(key, shadow)?;
        }
        Ok(read)
    }
}

impl Shadow {
    fn absorb(
        &mut self,
        key: &RunKey,
        creation: &Creation,
        made: &BTreeMap<Slot, Value>,
        disk: &Disk,
        entry: &Entry,
    ) -> Lawful {
        demand(entry.seq == self.seq + 1, "sequence numbers have neither gap nor double", || {
            format!("{} has {} after {}", key.run, entry.seq, self.seq)
        })?;
        self.seq = entry.seq;
        match entry.kind {
            EntryKind::Note => self.note(entry),
            EntryKind::Effect => {}
            EntryKind::Outcome => return self.end(key, entry),
            EntryKind::Lifecycle => {
                let event = read_back(entry)?;
                a_body_is_the_one_its_maker_sent(key, creation, made, entry, &event)?;
                a_blob_is_referred_to_before_it_is_named(disk, key, entry, &event)?;
                self.happen(key, &event)?;
                self.last_event = entry.seq;
            }
        }
        Ok(())
    }

    fn note(&mut self, entry: &Entry) {
        let note: serde_json::Value = serde_json::from_str(&entry.envelope).expect("a note is JSON");
        let step = note["step"].as_str().and_then(|step| StepId::new(step).ok());
        let attempt = note["attempt"].as_u64().and_then(|attempt| u32::try_from(attempt).ok());
        self.noted.extend(step.zip(attempt.map(AttemptNo)));
    }

    fn end(&mut self, key: &RunKey, entry: &Entry) -> Lawful {
        let follows = self.outcome.is_none() && self.last_event + 1 == entry.seq;
        self.outcome = Some(entry.seq);
        demand(follows, "a run has one outcome, right after its last event", || {
            format!("{} has an outcome at {}, its last event is {}", key.run, entry.seq, self.last_event)
        })
    }

    fn happen(&mut self, key: &RunKey, event: &Event) -> Lawful {
        let before = self.run.take();
        events_are_dense_and_time_goes_forward(key, before.as_ref(), event)?;
        let (run, owed) = match &before {
            None => Run::begin(event).expect("a run without a fold begins with its creation"),
            Some(run) => run.clone().apply(event),
        };
        nothing_is_recorded_that_changes_nothing(key, before.as_ref(), &run, event)?;
        a_paused_run_dispatches_nothing(key, &run, &owed)?;
        self.fold_owed(owed);
        demand(self.owed == run.owed(), "what was ordered is what is owed", || {
            format!("{}: ordered {:?}, owed {:?}", key.run, self.owed, run.owed())
        })?;
        self.remember(event);
        self.run = Some(run);
        Ok(())
    }

    fn fold_owed(&mut self, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Dispatch { .. } => drop(self.owed.insert(command)),
                Command::Release { step, attempt } => {
                    self.owed.remove(&Command::Dispatch { step, attempt });
                }
                Command::Arm { ref timer, .. } => {
                    self.disarm(&timer.clone());
                    self.owed.insert(command);
                }
                Command::Disarm { timer } => self.disarm(&timer),
                Command::Finish => self.passing.push(command),
                Command::Abort { .. } | Command::Interrupt { .. } => {}
            }
        }
    }

    fn disarm(&mut self, gone: &mainspring_core::TimerId) {
        self.owed.retain(|owed| !matches!(owed, Command::Arm { timer, .. } if timer == gone));
    }

    fn remember(&mut self, event: &Event) {
        if matches!(event.by, Principal::User(_) | Principal::Run(_)) {
            *self.requests.entry(event.request.clone()).or_default() += 1;
        }
        if let What::AttemptEnded { step, attempt, end, .. } = &event.what {
            self.ends.insert((step.clone(), *attempt), end.clone());
        }
    }
}

fn read_back(entry: &Entry) -> Lawful<Event> {
    let event: Event = serde_json::from_str(&entry.envelope).expect("an event reads back");
    let again = serde_json::to_string(&event).expect("an event is plain data");
    demand(again == entry.envelope && event.at == entry.at, "an event reads back as written", || {
        format!("{} became {again}", entry.envelope)
    })?;
    Ok(event)
}

fn a_run_ends_with_its_outcome(key: &RunKey, shadow: &Shadow) -> Lawful {
    let ended = shadow.run.as_ref().is_some_and(|run| run.outcome().is_some());
    demand(ended == shadow.outcome.is_some(), "a run has an outcome exactly when it has ended", || {
        format!("{}: ended {ended}, outcome {:?}", key.run, shadow.outcome)
    })
}

fn events_are_dense_and_time_goes_forward(key: &RunKey, before: Option<&Run>, event: &Event) -> Lawful {
    let (index, at) = before.map_or((0, event.at), |run| (run.next_index, run.last_at));
    demand(event.index == index && event.at >= at, "events are dense and time goes forward", || {
        format!("{}: event {} at {}, after {index} at {at}", key.run, event.index, event.at)
    })
}

fn a_paused_run_dispatches_nothing(key: &RunKey, run: &Run, owed: &[Command]) -> Lawful {
    let paused = matches!(run.phase, Phase::Paused { .. });
    let dispatched = owed.iter().find(|command| matches!(command, Command::Dispatch { .. }));
    demand(!paused || dispatched.is_none(), "a paused run dispatches nothing", || {
        format!("{}: {dispatched:?}", key.run)
    })
}

fn nothing_is_recorded_that_changes_nothing(
    key: &RunKey,
    before: Option<&Run>,
    after: &Run,
    event: &Event,
) -> Lawful {
    let changed = before.is_none_or(|before| {
        before.outcome().is_none()
            && (before.steps != after.steps
                || before.phase != after.phase
                || before.timers != after.timers
                || before.clock_started != after.clock_started)
    });
    demand(changed, "nothing is recorded that changes nothing", || format!("{}: {event:?}", key.run))
}

/// The value that lies beside an event, and who made it.
fn body_of<'a>(
    key: &RunKey,
    creation: &'a Creation,
    made: &'a BTreeMap<Slot, Value>,
    event: &Event,
) -> Option<(Digest, Option<&'a Value>)> {
    match &event.what {
        What::Created(created) => Some((created.input, Some(&creation.input))),
        What::AttemptEnded { step, attempt, end: AttemptEnd::Done { output }, .. } => {
            Some((*output, made.get(&(key.clone(), step.clone(), *attempt))))
        }
        _ => None,
    }
}

fn a_body_is_the_one_its_maker_sent(
    key: &RunKey,
    creation: &Creation,
    made: &BTreeMap<Slot, Value>,
    entry: &Entry,
    event: &Event,
) -> Lawful {
    let Some((digest, sent)) = body_of(key, creation, made, event) else { return Ok(()) };
    let same = sent.is_some_and(|sent| sent.digest() == digest && sent.bytes() == entry.payload.as_deref());
    demand(same, "a body is the one its maker sent", || format!("{}: {event:?}, made {sent:?}", key.run))
}

fn a_blob_is_referred_to_before_it_is_named(
    disk: &Disk,
    key: &RunKey,
    entry: &Entry,
    event: &Event,
) -> Lawful {
    let named = match &event.what {
        What::Created(created) => Some(created.input),
        What::AttemptEnded { end: AttemptEnd::Done { output }, .. } => Some(*output),
        _ => None,
    };
    let sound = named.is_none_or(|digest| entry.payload.is_some() || disk.refers(key, &digest.hash));
    demand(sound, "a blob is referred to before it is named", || format!("{}: {event:?}", key.run))
}
