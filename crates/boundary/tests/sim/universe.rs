//! One universe: who acts next, and what the server's batches and crashes do to everybody.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use mainspring_agent::Assistant;
use mainspring_boundary::{
    Pass,
    broker::Broker,
    gateway::{Gateway, Held, Settings, Warden},
    price::Prices,
};
use mainspring_engine::{Assignment, Message};
use mainspring_store::{Blobs, Ledger as _, RunKey};
use mainspring_types::{AttemptNo, Problem, RunId, SessionId, TenantId, Timestamp};
use tokio::sync::oneshot;

use super::{
    attempt::Attempt,
    cast::{self, Part},
    laws::{Lawful, Memory, broken},
    model::Book,
    prng::Prng,
    report::Report,
    server::{Disk, Mishap, Order, Server, Settled},
    tools::Deeds,
    town::{Errand, Pending},
};

pub(super) use super::laws::Summary;

/// How many acts a universe may take until everything has ended.
const ACTS_MAX: u64 = 20_000;

/// How often a server is started until it has to be up.
const STARTS_MAX: u32 = 50;

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
    pub(super) prng: Prng,
    pub(super) weather: Weather,
    pub(super) manners: Manners,
    pub(super) server: Server,
    pub(super) broker: Option<Broker>,
    /// How many servers there have been.
    pub(super) life: u32,
    /// How often a batch meets a mishap, in thousandths.
    mishaps: u64,
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
    pub(super) fn new(seed: u64, weather: Weather, manners: Manners, disk: Disk) -> Self {
        let mut prng = Prng::about(seed, &["universe"]);
        let parts = cast::parts(seed);
        let sessions = parts.iter().map(|_| SessionId::generate()).collect();
        let run_ids = parts.iter().map(|_| RunId::generate()).collect();
        let mishaps = if weather == Weather::Calm { 0 } else { prng.weigh(&[(2, 10), (2, 40), (1, 150)]) };
        Self {
            seed,
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

    /// A server starts: it takes up what was left, and disowns what was in flight.
    fn start(&mut self) -> Lawful {
        for _ in 0..STARTS_MAX {
            if self.try_start()? {
                self.recall_errands();
                self.recall_runs();
                return self.stand();
            }
        }
        broken("a server starts", format!("not in {STARTS_MAX} tries"))
    }

    /// Nobody heard of a run's end when the server died over it.
    fn recall_runs(&mut self) {
        let server = &mut self.server;
        for run in self.runs.values_mut().filter(|run| !run.ended) {
            run.ended = server.read(|pen| pen.has_ended(&run.key));
        }
    }

    fn try_start(&mut self) -> Lawful<bool> {
        let (reply, mut answer) = oneshot::channel();
        self.server.send(Message::Recover { reply });
        if self.write()? == Settled::Died {
            return Ok(false);
        }
        let mut opening = Box::pin(Gateway::open(self.settings()));
        let recovered = matches!(answer.try_recv(), Ok(Ok(_)));
        while recovered {
            match poll(opening.as_mut()) {
                Poll::Ready(Ok(gateway)) => {
                    self.broker = Some(Broker::new(gateway));
                    return Ok(true);
                }
                Poll::Ready(Err(_)) => break,
                Poll::Pending if self.write()? == Settled::Died => return Ok(false),
                Poll::Pending => {}
            }
        }
        self.die("since it could not start");
        Ok(false)
    }

    fn settings(&self) -> Settings {
        Settings {
            providers: Vec::new(),
            prices: Prices::builtin(),
            rules: Vec::new(),
            retry_wait: Duration::ZERO,
            blobs: Blobs::open(&std::env::temp_dir())
                .expect("the folder for large values, of which there are none"),
            submit: self.server.submit(),
            warden: Arc::new(Nobody),
        }
    }

    /// The server ends, with its workers, and another starts.
    pub(super) fn crash(&mut self, when: &str) -> Lawful {
        self.die(when);
        self.start()
    }

    /// The server ends, with its workers and everybody's questions.
    fn die(&mut self, when: &str) {
        self.tell(&format!("the server dies {when}"));
        self.report.crashes += 1;
        self.life += 1;
        self.broker = None;
        self.server.begin_anew();
        self.queued.clear();
        self.attempts.clear();
        self.orders.clear();
        self.tickets.clear();
        self.lose_errands();
    }

    /// Waits for an answer of the server; `None` when the server died over it and another has started.
    pub(super) fn ask<T>(&mut self, question: impl Future<Output = T>) -> Lawful<Option<T>> {
        let mut question = pin!(question);
        for _ in 0..20 {
            if let Poll::Ready(answer) = poll(question.as_mut()) {
                return Ok(Some(answer));
            }
            if self.settle()? == Settled::Died {
                return Ok(None);
            }
        }
        broken("whoever asks is answered", "not after twenty batches".into())
    }

    /// Asks something of the driver; `None` when the server died over it.
    pub(super) fn tell_driver<T>(
        &mut self,
        message: impl FnOnce(oneshot::Sender<T>) -> Message,
    ) -> Lawful<Option<T>> {
        let (reply, answer) = oneshot::channel();
        self.server.send(message(reply));
        let answer = self.ask(answer)?;
        Ok(answer.map(|answer| answer.expect("the driver answers")))
    }

    /// Writes a batch; when the server dies over it, another starts.
    pub(super) fn settle(&mut self) -> Lawful<Settled> {
        let settled = self.write()?;
        if settled == Settled::Died {
            self.start()?;
        }
        Ok(settled)
    }

    /// Writes a batch, and says whether the server outlived it.
    fn write(&mut self) -> Lawful<Settled> {
        let mishap = self.mishap();
        self.report.batches += 1;
        self.report.faults += u64::from(mishap != Mishap::None);
        let settled = self.server.settle(mishap);
        if mishap != Mishap::None {
            self.tell(&format!("a batch meets {mishap:?}"));
        }
        if settled == Settled::Died {
            self.die("at a commit");
            return Ok(settled);
        }
        self.absorb()?;
        self.hear_errands()?;
        Ok(settled)
    }

    fn mishap(&mut self) -> Mishap {
        if self.prng.below(1_000) >= self.mishaps {
            return Mishap::None;
        }
        self.prng.weigh(&[
            (2, Mishap::Refused),
            (2, Mishap::Full),
            (3, Mishap::DiesBefore),
            (4, Mishap::DiesAfter),
        ])
    }

    /// Takes up what the driver let go.
    fn absorb(&mut self) -> Lawful {
        let around = std::mem::take(self.server.around());
        for assignment in around.dispatched {
            let run = self.name_of(&assignment)?;
            self.queued.insert(run, assignment);
        }
        for run in around.finished {
            let name = &self.names[&run];
            self.runs.get_mut(name).expect("a run that ends was dispatched").ended = true;
        }
        for (run, attempt, order) in around.orders {
            let run = self.names[&run].clone();
            let of_queued = self.queued.get(&run).is_some_and(|queued| queued.attempt == attempt);
            if of_queued && order == Order::Abandon {
                self.queued.remove(&run);
            }
            let stands = self.orders.entry((run, attempt)).or_insert(order);
            *stands = order.max(*stands);
        }
        Ok(())
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

/// Looks whether the answer is there.
pub(super) fn poll<F: Future + ?Sized>(question: Pin<&mut F>) -> Poll<F::Output> {
    question.poll(&mut Context::from_waker(Waker::noop()))
}

/// Nobody watches over model calls here: there are none.
struct Nobody;

impl Warden for Nobody {
    fn hold(&self, _: &Pass, _: Option<&Held>) {}

    fn is_cancelled(&self, _: &Pass) -> bool {
        false
    }

    fn end(&self, _: &Pass, _: Problem) {}
}
