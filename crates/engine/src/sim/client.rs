//! What clients do: begin runs, repeat themselves, steer runs, and check what they are answered.

use std::collections::{BTreeMap, BTreeSet};

use mainspring_core::{Ask, CancelLevel, Phase, Principal, Refusal, Request, Run, StepState, Wait};
use mainspring_store::{Key, RunKey, Version};
use mainspring_types::{Hash, RequestId, RunId, TenantId, Value};

use super::{
    laws::{Lawful, demand},
    mail::{About, From, Said},
    plans,
    record::Creation,
    universe::Universe,
};
use crate::{Accepted, Body, Create, Message, Refused};

/// How many creations are sent in one universe, repetitions included.
const CREATIONS_MAX: usize = 8;

/// What clients remember.
#[derive(Default)]
pub(super) struct Clients {
    /// What each idempotency key turned out to stand for.
    bound: BTreeMap<(TenantId, Key), RunId>,
    /// Runs that were refused: they never come to be.
    void: BTreeSet<RunKey>,
    asked: Vec<(RunKey, Request)>,
    requests: u64,
}

impl Universe {
    /// One thing a client does.
    pub(super) fn ask(&mut self) {
        match self.prng.below(100) {
            0..30 => self.create(),
            30..42 => self.repeat_creation(),
            42..47 => self.cancel(),
            47..55 => self.ask_of_any(Ask::Pause),
            55..65 => self.ask_of_any(Ask::Resume),
            65..88 => self.answer_a_wait(),
            88..94 => self.repeat_request(),
            _ => self.ask_in_vain(),
        }
    }

    fn create(&mut self) {
        let plan = plans::plan(&mut self.prng);
        let input = plans::value(&mut self.prng);
        let created = plans::created(&mut self.prng, plan, &input, self.now);
        let tenant = if self.prng.chance(80) { "default" } else { "other" };
        let key = RunKey { tenant: TenantId::new(tenant).expect("a slug"), run: created.run };
        let name = |key: u64| Key { caller: "c".into(), route: "r".into(), key: format!("k{key}") };
        let once = self.prng.chance(60).then(|| (name(self.prng.below(5)), input.digest().hash));
        let method = self.prng.chance(50).then(|| "main".to_owned());
        let request = self.request_id();
        self.send_creation(Creation { key, created, input, method, once, request });
    }

    /// The same request once more: as the control plane would, under a run id of its own.
    fn repeat_creation(&mut self) {
        let keyed =
            self.record.runs.values().map(|(creation, _)| creation).filter(|sent| sent.once.is_some());
        let Some(mut creation) = self.prng.pick(keyed.cloned()) else { return };
        creation.created.run = plans::run_id(&mut self.prng);
        creation.key.run = creation.created.run;
        creation.request = self.request_id();
        self.send_creation(creation);
    }

    fn send_creation(&mut self, creation: Creation) {
        if self.record.runs.len() >= CREATIONS_MAX {
            return;
        }
        self.trace(|| {
            let key = creation.once.as_ref().map_or("no key", |(once, _)| &once.key);
            format!(
                "a client creates {} with {key}: {:?}",
                creation.key.run,
                creation.created.plan.steps.len()
            )
        });
        self.stock(&creation);
        let Creation { key, created, input, method, once, request } = creation.clone();
        self.record.expect(creation);
        let reply = self.mail.for_creation(key.clone());
        self.server.send(Message::Create(Box::new(Create {
            tenant: key.tenant,
            created,
            input: Body::from(input),
            method,
            by: Principal::User("client".into()),
            request,
            key: once,
            reply,
        })));
    }

    /// Puts version and blob where the run will look for them.
    fn stock(&mut self, creation: &Creation) {
        let tenant = creation.key.tenant.clone();
        let version = Version {
            version: creation.created.version,
            agent: creation.created.agent.to_string(),
            document: "{}".into(),
        };
        let reply = self.mail.for_request(About::Stock);
        self.server.send(Message::Catalogue { tenant: tenant.clone(), version, reply });
        self.pin(tenant, &creation.input);
    }

    pub(super) fn pin(&mut self, tenant: TenantId, value: &Value) {
        if let Value::Blob(digest) = value {
            let reply = self.mail.for_request(About::Stock);
            self.server.send(Message::Pin { tenant, digest: *digest, reply });
        }
    }

    fn cancel(&mut self) {
        let level =
            self.prng.weigh(&[(1, CancelLevel::Interrupt), (2, CancelLevel::Stop), (1, CancelLevel::Kill)]);
        let reason = self.prng.chance(30).then(|| "enough".to_owned());
        self.ask_of_any(Ask::Cancel { level, reason });
    }

    fn ask_of_any(&mut self, ask: Ask) {
        let Some(key) = self.prng.pick(self.record.runs.keys().cloned()) else { return };
        self.ask_as_client(key, ask);
    }

    fn answer_a_wait(&mut self) {
        let waits = self
            .record
            .existing()
            .flat_map(|(key, run)| way_out(run).into_iter().map(move |ask| (key.clone(), ask)));
        if let Some((key, ask)) = self.prng.pick(waits.collect::<Vec<_>>()) {
            self.ask_as_client(key, ask);
        }
    }

    fn repeat_request(&mut self) {
        let Some((key, request)) = self.prng.pick(self.clients.asked.clone()) else { return };
        self.send_request(key, request, None, From::Client);
    }

    fn ask_in_vain(&mut self) {
        let nobody = Hash::of(b"nobody waits for this");
        self.ask_of_any(Ask::AnswerGate { gate: nobody });
        let run = plans::run_id(&mut self.prng);
        self.ask_of_any(Ask::EndChild { child: run });
    }

    /// What a healing client does: whatever each run waits for comes to pass.
    pub(super) fn give_every_way_out(&mut self) {
        let asks: Vec<(RunKey, Ask)> = self
            .record
            .existing()
            .flat_map(|(key, run)| way_out(run).into_iter().map(move |ask| (key.clone(), ask)))
            .collect();
        for (key, ask) in asks {
            self.ask_as_client(key, ask);
        }
    }

    fn ask_as_client(&mut self, key: RunKey, ask: Ask) {
        let request = Request { id: self.request_id(), by: Principal::User("client".into()), ask };
        self.clients.asked.push((key.clone(), request.clone()));
        self.send_request(key, request, None, From::Client);
    }

    fn request_id(&mut self) -> RequestId {
        self.clients.requests += 1;
        RequestId::from_cause(format!("client/{}", self.clients.requests))
    }

    pub(super) fn creation_was_answered(&mut self, key: RunKey, said: &Said) -> Lawful {
        match said {
            Said::Accepted(accepted) => self.was_accepted(&key, *accepted),
            Said::Refused(Refused::KeyUsed { run }) => {
                let (creation, _) = &self.record.runs[&key];
                let first = self.record.runs.get(&RunKey { run: *run, ..key.clone() });
                let other = first.is_some_and(|(first, _)| hash_of(first) != hash_of(creation));
                demand(other, "a key is refused only for another request", || key.run.to_string())?;
                self.bind(&key, *run)
            }
            said if said.is_undone() => {
                self.clients.void.insert(key);
                Ok(())
            }
            Said::Lost | Said::Refused(Refused::Fault(_)) => Ok(()),
            said => demand(false, "a creation is accepted or refused for its key", || format!("{said:?}")),
        }
    }

    fn was_accepted(&mut self, key: &RunKey, accepted: Accepted) -> Lawful {
        let made = RunKey { run: accepted.run(), ..key.clone() };
        let durable = self.record.run(&made).is_some();
        demand(durable, "what was accepted is durable", || format!("{accepted:?} for {}", key.run))?;
        let same = hash_of(&self.record.runs[&made].0) == hash_of(&self.record.runs[key].0);
        let own = accepted == Accepted::New(key.run) || matches!(accepted, Accepted::Known(_)) && same;
        demand(own, "a request is answered with the run it made", || {
            format!("{accepted:?} for {}", key.run)
        })?;
        self.bind(key, made.run)
    }

    /// A key stands for one run, whoever asks and however often.
    fn bind(&mut self, key: &RunKey, run: RunId) -> Lawful {
        let Some((once, _)) = &self.record.runs[key].0.once else { return Ok(()) };
        let bound = *self.clients.bound.entry((key.tenant.clone(), once.clone())).or_insert(run);
        demand(bound == run, "a key stands for one run", || format!("{once:?}: {bound} and {run}"))
    }

    pub(super) fn client_was_answered(&mut self, key: &RunKey, request: &Request, said: &Said) -> Lawful {
        let shadow = self.record.shadow(key);
        let recorded = shadow.requests.get(&request.id).copied().unwrap_or(0);
        let ended = shadow.run.as_ref().is_some_and(|run| run.outcome().is_some());
        let sound = match said {
            Said::Done => recorded == 1,
            Said::Refused(Refused::Declined(Refusal::Ended)) => ended,
            Said::Refused(Refused::NoSuchRun) => shadow.run.is_none(),
            Said::Refused(_) | Said::Lost => true,
            Said::Accepted(_) => false,
        };
        demand(sound, "an answer is what the journal says", || {
            format!("{}: {request:?} was answered {said:?}, recorded {recorded} times", key.run)
        })
    }

    /// What was refused never came to be, and no key made two runs.
    pub(super) fn clients_got_what_they_were_told(&self) -> Lawful {
        let void = self.clients.void.iter().find(|key| self.record.run(key).is_some());
        demand(void.is_none(), "what was undone never comes to be", || format!("{void:?}"))?;
        let mut made = BTreeSet::new();
        for (key, _) in self.record.existing() {
            if let Some((once, _)) = &self.record.runs[key].0.once {
                let first = made.insert((key.tenant.clone(), once.clone()));
                demand(first, "a key makes one run", || format!("{once:?}"))?;
            }
        }
        Ok(())
    }
}

fn hash_of(creation: &Creation) -> Option<Hash> {
    creation.once.as_ref().map(|(_, hash)| *hash)
}

/// What would let the run go on.
fn way_out(run: &Run) -> Vec<Ask> {
    let mut asks: Vec<Ask> = run
        .steps
        .iter()
        .filter_map(|(id, step)| match &step.state {
            StepState::Stranded { .. } => Some(Ask::Resume),
            StepState::Parked { wait: Wait::Gate { gate, .. }, .. } => Some(Ask::AnswerGate { gate: *gate }),
            StepState::Parked { wait: Wait::Child { child }, .. } => Some(Ask::EndChild { child: *child }),
            StepState::Parked { wait: Wait::Quota {} | Wait::Budget {}, .. } => {
                Some(Ask::Wake { step: id.clone() })
            }
            _ => None,
        })
        .collect();
    if matches!(run.phase, Phase::Paused { .. }) {
        asks.push(Ask::Resume);
    }
    asks
}
