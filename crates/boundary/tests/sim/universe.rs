//! One universe: who acts next, and what the server's batches and crashes do to everybody.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use mainspring_agent::Assistant;
use mainspring_boundary::{broker::Broker, price::Prices};
use mainspring_engine::Assignment;
use mainspring_store::RunKey;
use mainspring_types::{AttemptNo, RunId, SessionId, TenantId, Timestamp};

pub(super) use super::laws::Summary;
use super::{
    attempt::Attempt,
    cast::{self, Part},
    laws::{Lawful, Memory, broken},
    model::Book,
    prng::Prng,
    report::Report,
    server::{Disk, Order, Server},
    tools::Deeds,
    town::{Errand, Pending},
};

/// How many acts a universe may take until everything has ended.
const ACTS_MAX: u64 = 20_000;

/// How many acts are remembered to be told.
const TOLD_MAX: usize = 80;

/// Whether anything goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Weather {
    /// Nothing.
    Calm,
    /// Servers die, disks are full.
    Rough,
}

/// How people are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Manners {
    /// They answer what they would always answer.
    Steady,
    /// They do as they like.
    Wild,
}

/// A run as far as it is known.
pub(super) struct Known {
    pub(super) key: RunKey,
    pub(super) assistant: Arc<Assistant>,
    pub(super) parent: Option<String>,
    pub(super) ended: bool,
}

/// What somebody does next.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// A person starts a run.
    Begin(usize),
    /// The worker takes an attempt.
    Take(String),
    /// The worker goes on with an attempt.
    Work(String),
    /// A person does something.
    Run(Errand),
}

/// A universe.
pub(super) struct Universe {
    pub(super) seed: u64,
    pub(super) prices: Prices,
    pub(super) prng: Prng,
    pub(super) weather: Weather,
    pub(super) manners: Manners,
    pub(super) server: Server,
    pub(super) broker: Option<Broker>,
    /// How many servers there have been.
    pub(super) life: u32,
    /// How often a batch meets a mishap, in thousandths.
    pub(super) mishaps: u64,
    pub(super) parts: Vec<Part>,
    pub(super) sessions: Vec<SessionId>,
    pub(super) run_ids: Vec<RunId>,
    /// How many of the parts were begun.
    pub(super) begun: usize,
    pub(super) names: HashMap<RunId, String>,
    pub(super) runs: BTreeMap<String, Known>,
    /// Attempts that no worker has taken.
    pub(super) queued: BTreeMap<String, Assignment>,
    pub(super) attempts: BTreeMap<String, Attempt>,
    pub(super) orders: BTreeMap<(String, AttemptNo), Order>,
    pub(super) errands: Vec<Pending>,
    pub(super) nonces: u64,
    pub(super) tickets: BTreeMap<(String, AttemptNo), u64>,
    pub(super) book: Book,
    pub(super) deeds: Deeds,
    pub(super) memory: Memory,
    pub(super) report: Report,
    pub(super) told: VecDeque<String>,
}

impl Universe {
    pub(super) fn new((seed, prices): (u64, Prices), weather: Weather, manners: Manners, disk: Disk) -> Self {
        let mut prng = Prng::about(seed, &["universe"]);
        let parts = cast::parts(seed);
        let sessions = parts.iter().map(|_| SessionId::generate()).collect();
        let run_ids = parts.iter().map(|_| RunId::generate()).collect();
        let mishaps = if weather == Weather::Calm { 0 } else { prng.weigh(&[(3, 10), (2, 30), (1, 120)]) };
        Self {
            seed,
            prices,
            prng,
            weather,
            manners,
            server: Server::new(disk),
            broker: None,
            life: 0,
            mishaps,
            parts,
            sessions,
            run_ids,
            begun: 0,
            names: HashMap::new(),
            runs: BTreeMap::new(),
            queued: BTreeMap::new(),
            attempts: BTreeMap::new(),
            orders: BTreeMap::new(),
            errands: Vec::new(),
            nonces: 0,
            tickets: BTreeMap::new(),
            book: Book::default(),
            deeds: Deeds::default(),
            memory: Memory::default(),
            report: Report::default(),
            told: VecDeque::new(),
        }
    }

    pub(super) fn into_disk(self) -> Disk {
        self.server.into_disk()
    }

    /// Lives until everything has ended.
    pub(super) fn live(&mut self) -> Lawful<Summary> {
        self.start()?;
        let wild = 30 + self.prng.below(120);
        while self.report.acts < ACTS_MAX {
            self.report.acts += 1;
            if self.manners == Manners::Wild && self.report.acts == wild {
                self.tell("everybody behaves from now on");
                self.weather = Weather::Calm;
                self.mishaps = 0;
                self.manners = Manners::Steady;
                self.memory.healed = true;
            }
            if self.weather == Weather::Rough && self.prng.below(1_000) < self.mishaps / 2 {
                self.crash("between two acts")?;
            }
            match self.next_act() {
                Some(act) => self.act(act)?,
                None if !self.errands.is_empty() => drop(self.settle()?),
                None => {
                    self.stand()?;
                    let Some(due) = self.server.due() else { return self.end() };
                    self.pass_time(due)?;
                }
            }
        }
        broken("every run ends when everyone answers", format!("not within {ACTS_MAX} acts"))
    }

    fn next_act(&mut self) -> Option<Act> {
        let mut acts: Vec<Act> = Vec::new();
        acts.extend(self.queued.keys().cloned().map(Act::Take));
        acts.extend(self.attempts.keys().cloned().map(Act::Work));
        acts.extend(self.next_part().map(Act::Begin));
        // People look at what is asked of them now and then, and when nothing else happens.
        if acts.is_empty() || self.prng.chance(25) {
            acts.extend(self.errands_of_people().into_iter().map(Act::Run));
        }
        self.prng.pick(&acts)
    }

    /// The next run, once the one before it in its session has ended.
    fn next_part(&self) -> Option<usize> {
        let next = self.parts.get(self.begun)?;
        let mut before = self.parts[..self.begun].iter().filter(|part| part.session == next.session);
        before.all(|part| self.runs[&part.label].ended).then_some(self.begun)
    }

    fn act(&mut self, act: Act) -> Lawful {
        match act {
            Act::Begin(number) => self.begin(number),
            Act::Take(run) => self.take(&run),
            Act::Work(run) => self.work(&run),
            Act::Run(errand) => self.run_errand(errand),
        }
    }

    fn pass_time(&mut self, due: Timestamp) -> Lawful {
        let late = self.prng.below(2_000);
        self.server.now = self.server.now.max(due).after(Duration::from_millis(late));
        self.tell(&format!("time passes until {}", self.server.now.as_millis()));
        self.settle().map(drop)
    }

    /// Whether people were steady from the beginning: what comes of this universe follows from its seed alone.
    pub(super) fn is_steady(&self) -> bool {
        self.manners == Manners::Steady && !self.memory.healed
    }

    pub(super) fn tell(&mut self, what: &str) {
        if self.told.len() == TOLD_MAX {
            self.told.pop_front();
        }
        self.told.push_back(format!("{:>5} {what}", self.report.acts));
    }

    pub(super) fn broker(&self) -> Broker {
        self.broker.clone().expect("nobody asks while no server is up")
    }

    pub(super) fn tenant() -> TenantId {
        TenantId::sole()
    }
}
