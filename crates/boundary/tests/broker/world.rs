//! A server without its HTTP: a store on disk, the engine, a gateway and its broker.
//!
//! The test is the worker: it claims attempts, asks for calls, settles them and says how the attempts ended.
//! [`World::restart`] is what a killed server leaves: what was told is on the disk, what a worker had is lost.

mod agent;
mod attempt;
mod warden;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use mainspring_boundary::{
    Divergence, Pass,
    broker::{Answer, Broker, Charter, Unanswered},
    conversation::{self, Beginning, Begun, Unbegun},
    gateway::{Gateway, Settings},
    price::Prices,
    provider::{Place, Provider, SILENCE_MAX},
    route::Family,
};
use mainspring_core::{Ask, CancelLevel, Principal};
use mainspring_engine::{Embedded, Held, Message};
use mainspring_store::{
    Blobs, EffectRow, EffectState, Fault, GateRow, Readers, RunKey, Store, StoreOptions, Submit,
};
use mainspring_testkit::upstream::Upstream;
use mainspring_types::{GateId, Hash, RequestId, RunId, TenantId};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use self::warden::Bystander;
pub(crate) use self::{
    agent::{asking, asking_until, beginning, parts, says},
    attempt::{Attempt, gated, made, recorded},
};

/// Longer than anything here takes, unless it never comes.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// A data folder and what serves it.
pub(crate) struct World {
    folder: TempDir,
    providers: Vec<Provider>,
    alive: Option<Alive>,
    /// Attempts that were claimed while another was waited for.
    claimed: VecDeque<Held>,
}

/// What ends with the server.
struct Alive {
    engine: Embedded,
    writer: mainspring_store::Writer<Message>,
    readers: Readers,
    gateway: Gateway,
    broker: Broker,
    address: String,
    beside: [JoinHandle<()>; 2],
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Vec::new()).await
    }

    /// One whose agents ask their models there.
    pub(crate) async fn asking(upstream: &Upstream) -> Self {
        let place = Place::Server { family: Family::OpenAi, base_url: upstream.base_url() };
        let provider = Provider {
            name: "openai".into(),
            place,
            key: None,
            models: Vec::new(),
            calls_per_minute: None,
            silence_max: SILENCE_MAX,
        };
        Self::with(vec![provider]).await
    }

    async fn with(providers: Vec<Provider>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let alive = Alive::begin(folder.path(), &providers).await;
        Self { folder, providers, alive: Some(alive), claimed: VecDeque::new() }
    }

    /// Ends the server and starts another on the same folder.
    pub(crate) async fn restart(&mut self) {
        let Alive { writer, beside, .. } = self.alive.take().expect("it lives");
        for task in beside {
            task.abort();
        }
        tokio::task::spawn_blocking(|| writer.finish()).await.expect("the writer ends");
        self.claimed.clear();
        self.alive = Some(Alive::begin(self.folder.path(), &self.providers).await);
    }

    /// Begins a run in a session of the same number, with a first message.
    pub(crate) async fn begin(&self, run: u128, assistant: &Value) {
        self.begin_in(run, run, assistant).await.expect("the session is free");
    }

    pub(crate) async fn begin_in(
        &self,
        run: u128,
        session: u128,
        assistant: &Value,
    ) -> Result<Begun, Unbegun> {
        self.try_begin(beginning(run, session, assistant)).await
    }

    pub(crate) async fn try_begin(&self, beginning: Beginning) -> Result<Begun, Unbegun> {
        conversation::begin(&self.submit(), beginning).await.expect("the writer lives")
    }

    /// Claims the run's attempt and admits it, as a server does; it has heard what its turn answers, as with any worker.
    pub(crate) async fn attempt(&mut self, run: impl Into<Of>) -> Attempt {
        let Of(run) = run.into();
        let held = timeout(SOON, self.claim(run)).await.expect("an attempt is due");
        let is = &held.assignment;
        let pass = Pass {
            key: is.key.clone(),
            step: is.step.clone(),
            attempt: is.attempt,
            nonce: held.nonce,
            agent: is.agent.clone(),
            ancestors: serde_json::from_value(is.work["ancestors"].clone()).unwrap_or_default(),
            divergence: Divergence::Live,
        };
        let assistant = is.work.pointer("/step/work/converse/assistant").expect("a conversation").clone();
        let assistant = serde_json::from_value(assistant).expect("an assistant");
        let alive = self.alive();
        alive.broker.admit(pass.clone(), Charter { assistant, work: is.work.clone() });
        let token = alive.gateway.admit(pass.clone());
        let attempt = Attempt {
            broker: alive.broker.clone(),
            engine: alive.engine.clone(),
            address: alive.address.clone(),
            pass,
            token,
        };
        attempt.recall().await;
        attempt
    }

    async fn claim(&mut self, run: RunId) -> Held {
        loop {
            let of_run = |held: &Held| held.assignment.key.run == run;
            if let Some(at) = self.claimed.iter().position(of_run) {
                return self.claimed.remove(at).expect("it is there");
            }
            let claimed = self.alive().engine.claim_durably(10, SOON).await.expect("the engine lives");
            self.claimed.extend(claimed);
        }
    }

    /// Answers a gate as Ada.
    pub(crate) async fn answer(&self, gate: Hash, answer: Answer) -> Result<GateRow, Unanswered> {
        self.answer_as(TenantId::sole(), gate, answer).await
    }

    pub(crate) async fn answer_as(
        &self,
        tenant: TenantId,
        gate: Hash,
        answer: Answer,
    ) -> Result<GateRow, Unanswered> {
        answer.give(&self.submit(), tenant, GateId::of(&gate)).await.expect("the writer lives")
    }

    /// Says something to the run.
    pub(crate) async fn say(&self, run: u128, text: &str) -> Result<u64, conversation::Unheard> {
        let said = (parts(text), text.to_owned());
        conversation::say(&self.submit(), key(run), "ada", said).await.expect("the writer lives")
    }

    /// Tells the run that nothing more will be said.
    pub(crate) async fn done(&self, run: u128) -> Result<(), conversation::Unheard> {
        conversation::done(&self.submit(), key(run), "ada").await.expect("the writer lives")
    }

    /// Breaks off the turn that the run is in.
    pub(crate) async fn interrupt(&self, run: u128) -> Result<(), conversation::Uninterrupted> {
        conversation::interrupt(&self.submit(), key(run), "ada").await.expect("the writer lives")
    }

    pub(crate) async fn cancel(&self, run: u128) {
        let cancel = Ask::Cancel { level: CancelLevel::Stop, reason: Some("enough".into()) };
        let by = Principal::User("ada".into());
        self.alive().engine.ask(&key(run), by, RequestId::generate(), cancel).await.expect("it is cancelled");
    }

    pub(crate) fn submit(&self) -> Submit {
        self.alive().engine.submit()
    }

    pub(crate) fn readers(&self) -> &Readers {
        &self.alive().readers
    }

    pub(crate) fn broker(&self) -> Broker {
        self.alive().broker.clone()
    }

    pub(crate) fn gate(&self, gate: Hash) -> GateRow {
        let found = self.readers().gate(&TenantId::sole(), GateId::of(&gate)).expect("readable");
        found.expect("the gate is there")
    }

    /// How the run stands, in a word.
    pub(crate) fn status(&self, run: impl Into<Of>) -> String {
        let Of(run) = run.into();
        let key = RunKey { tenant: TenantId::sole(), run };
        self.readers().run(&key).expect("readable").expect("it began").status
    }

    /// The run's calls, oldest first.
    pub(crate) fn effects(&self, run: u128) -> Vec<EffectRow> {
        self.readers().effects(&key(run), None, 1_000).expect("readable")
    }

    /// How the run's calls stand, with their tries.
    pub(crate) fn states(&self, run: u128) -> Vec<(EffectState, u32)> {
        self.effects(run).iter().map(|effect| (effect.state, effect.tries)).collect()
    }

    /// What the run's journal says beside its lifecycle: each line as JSON.
    pub(crate) fn journal(&self, run: u128) -> Vec<Value> {
        let entries = self.readers().entries(&key(run), 0, 10_000).expect("readable");
        let lines = entries.iter().map(|entry| serde_json::from_str::<Value>(&entry.envelope).expect("JSON"));
        lines
            .filter(|line| {
                line["what"].is_null() && !line["type"].as_str().is_some_and(|kind| kind.starts_with("run."))
            })
            .collect()
    }

    /// The kinds of those lines.
    pub(crate) fn lines(&self, run: u128) -> Vec<String> {
        self.journal(run).iter().filter_map(|line| line["type"].as_str().map(str::to_owned)).collect()
    }

    fn alive(&self) -> &Alive {
        self.alive.as_ref().expect("it lives")
    }
}

impl Alive {
    async fn begin(folder: &std::path::Path, providers: &[Provider]) -> Self {
        let store = Store::open(&folder.join("mainspring.db"), StoreOptions::default()).expect("opens");
        let readers = store.readers(1).expect("opens");
        let blobs = Blobs::open(&folder.join("blobs")).expect("a folder");
        let (engine, writer, keeping) = Embedded::start(store, blobs.clone()).await.expect("starts");
        let settings = Settings {
            providers: providers.to_vec(),
            prices: Prices::builtin(),
            rules: Vec::new(),
            retry_wait: Duration::from_millis(5),
            blobs,
            submit: engine.submit(),
            warden: Arc::new(Bystander),
        };
        let gateway = Gateway::open(settings).await.expect("opens");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let serving = gateway.clone();
        let serving =
            tokio::spawn(async move { serving.serve_tcp(listener, CancellationToken::new()).await });
        let beside = [tokio::spawn(keeping), serving];
        Self { engine, writer, readers, broker: Broker::new(gateway.clone()), gateway, address, beside }
    }
}

/// Names a run, by its number or its id.
pub(crate) struct Of(RunId);

impl From<u128> for Of {
    fn from(run: u128) -> Self {
        Self(RunId::from_u128(run))
    }
}

impl From<RunId> for Of {
    fn from(run: RunId) -> Self {
        Self(run)
    }
}

/// A run of the only tenant.
pub(crate) fn key(run: u128) -> RunKey {
    RunKey { tenant: TenantId::sole(), run: RunId::from_u128(run) }
}

/// What a fault of the store would be, where none may be.
pub(crate) fn sound<T>(result: Result<T, Fault>) -> T {
    result.expect("the store is sound")
}
