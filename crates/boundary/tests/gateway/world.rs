//! A gateway with everything around it: a store on disk, a provider that plays a script, a warden that remembers.
//!
//! The gateway has a runtime of its own, so that a test can kill it: [`World::kill`] ends every task where it stands and
//! lets the writer refuse what was queued, which is what a killed process leaves on the disk.

mod agent;
mod notary;
mod raw;
mod watch;

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use mainspring_boundary::{
    Divergence, Pass,
    budget::Rule,
    gateway::{Gateway, Settings},
    price::Prices,
    provider::{Place, Provider},
    route::Family,
};
use mainspring_store::{
    Blobs, EffectRow, EffectState, Entry, Ledger as _, Pen, Readers, RunKey, Store, StoreOptions, Writer,
};
use mainspring_testkit::upstream::Upstream;
use mainspring_types::{AgentName, AttemptNo, RunId, SecretString, StepId, TenantId};
use tempfile::TempDir;
use tokio::{net::TcpListener, runtime::Runtime};
use tokio_util::sync::CancellationToken;

use self::notary::{Item, Notary};
pub(crate) use self::{
    agent::{Agent, Answer, chat},
    notary::Brake,
    raw::{Ending, Raw},
    watch::Watch,
};

/// Longer than anything here takes, unless it never comes.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// What may differ from what most tests want.
pub(crate) struct Plan {
    pub(crate) providers: Vec<Provider>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) divergence: Divergence,
}

impl Plan {
    /// One provider of the `OpenAI` kind.
    pub(crate) fn of(upstream: &Upstream) -> Self {
        Self::at(upstream.base_url())
    }

    pub(crate) fn at(base_url: String) -> Self {
        let providers = vec![provider_at("openai", Family::OpenAi, base_url)];
        Self { providers, rules: Vec::new(), divergence: Divergence::Live }
    }
}

/// A provider that may be silent for a moment.
pub(crate) fn provider(name: &str, family: Family, upstream: &Upstream) -> Provider {
    provider_at(name, family, upstream.base_url())
}

pub(crate) fn provider_at(name: &str, family: Family, base_url: String) -> Provider {
    Provider {
        name: name.into(),
        place: Place::Server { family, base_url },
        key: Some(SecretString::from("the-provider-key")),
        models: Vec::new(),
        calls_per_minute: None,
        silence_max: Duration::from_millis(400),
    }
}

/// A data folder and the gateway that serves it.
pub(crate) struct World {
    plan: Plan,
    folder: TempDir,
    pub(crate) watch: Arc<Watch>,
    alive: Option<Alive>,
}

/// What dies with the process.
struct Alive {
    runtime: Runtime,
    writer: Writer<Item>,
    readers: Readers,
    brake: Arc<Brake>,
    gateway: Gateway,
    address: String,
}

impl World {
    /// A new data folder, and a gateway that passes calls on to the provider.
    pub(crate) async fn new(upstream: &Upstream) -> Self {
        Self::with(Plan::of(upstream)).await
    }

    pub(crate) async fn with(plan: Plan) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let watch = Arc::new(Watch::default());
        let alive = Alive::begin(folder.path(), &plan, &watch).await;
        Self { plan, folder, watch, alive: Some(alive) }
    }

    /// Ends the gateway as a kill would, and nothing begins in its place.
    pub(crate) async fn kill(&mut self) {
        let Some(alive) = self.alive.take() else { return };
        alive.brake.cut();
        alive.runtime.shutdown_background();
        let (writer, gateway) = (alive.writer, alive.gateway);
        drop(gateway);
        tokio::task::spawn_blocking(|| writer.finish()).await.expect("the writer ends");
    }

    /// Kills the gateway and opens another on the same folder.
    pub(crate) async fn restart(&mut self) {
        self.kill().await;
        self.alive = Some(Alive::begin(self.folder.path(), &self.plan, &self.watch).await);
    }

    /// Changes the settings, which the next start reads.
    pub(crate) fn plan(&mut self) -> &mut Plan {
        &mut self.plan
    }

    pub(crate) fn gateway(&self) -> &Gateway {
        &self.alive().gateway
    }

    /// The writer's brake.
    pub(crate) fn brake(&self) -> &Brake {
        &self.alive().brake
    }

    /// Makes an attempt of the run's one step due, claims it and lets it call out.
    pub(crate) fn attempt(&self, run: u128, attempt: u32) -> Agent {
        self.attempt_of(TenantId::sole(), run, attempt)
    }

    pub(crate) fn attempt_of(&self, tenant: TenantId, run: u128, attempt: u32) -> Agent {
        let nonce = u64::try_from(run).expect("a small number") * 1_000 + u64::from(attempt);
        let pass = Pass {
            key: RunKey { tenant, run: RunId::from_u128(run) },
            step: StepId::new("main").expect("a name"),
            attempt: AttemptNo(attempt),
            nonce,
            agent: AgentName::new("agent").expect("a name"),
            ancestors: Vec::new(),
            divergence: self.plan.divergence,
        };
        let claimed = pass.clone();
        self.write(move |pen| {
            let Pass { key, step, attempt, nonce, .. } = &claimed;
            pen.owe(key, step, *attempt).expect("owed");
            pen.claim(key, step, *attempt, *nonce).expect("claimed");
        });
        let token = self.gateway().admit(pass);
        Agent { address: self.alive().address.clone(), token, headers: Vec::new() }
    }

    /// Does something in the writer's transaction, and waits until that is durable.
    pub(crate) fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Pen<'_>) -> T + Send + 'static,
    ) -> T {
        let (unit, done) = notary::errand(work);
        self.alive().writer.queue().send(Item::Unit(unit)).expect("the writer lives");
        done.recv().expect("it is written")
    }

    /// The effects of a run, oldest first.
    pub(crate) fn effects(&self, run: u128) -> Vec<EffectRow> {
        self.alive().readers.effects(&key(run), None, 10_000).expect("readable")
    }

    /// How the effects of a run stand, with their tries.
    pub(crate) fn states(&self, run: u128) -> Vec<(EffectState, u32)> {
        self.effects(run).iter().map(|effect| (effect.state, effect.tries)).collect()
    }

    /// The run's journal: each line as JSON.
    pub(crate) fn journal(&self, run: u128) -> Vec<serde_json::Value> {
        let entries = self.alive().readers.entries(&key(run), 0, 100_000).expect("readable");
        let read = |entry: &Entry| serde_json::from_str(&entry.envelope).expect("JSON");
        entries.iter().map(read).collect()
    }

    /// The kinds of the lines of a run's journal.
    pub(crate) fn lines(&self, run: u128) -> Vec<String> {
        self.journal(run).iter().map(|line| line["type"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Waits until the run's journal has a line of this kind.
    pub(crate) async fn wait_for(&self, run: u128, kind: &str) {
        self.wait_until(SOON, || self.lines(run).iter().any(|line| line == kind)).await;
    }

    /// Waits until something holds of what is written.
    pub(crate) async fn wait_until(&self, within: Duration, holds: impl Fn() -> bool) {
        let deadline = tokio::time::Instant::now() + within;
        while !holds() {
            assert!(tokio::time::Instant::now() < deadline, "it does not hold after {within:?}");
            // The store tells nobody but the engine of what is written, and there is none here.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The data folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn alive(&self) -> &Alive {
        self.alive.as_ref().expect("it was not killed")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(alive) = self.alive.take() {
            alive.brake.cut();
            alive.runtime.shutdown_background();
        }
    }
}

impl Alive {
    async fn begin(folder: &Path, plan: &Plan, watch: &Arc<Watch>) -> Self {
        let store = Store::open(&folder.join("mainspring.db"), StoreOptions::default()).expect("opens");
        let readers = store.readers(1).expect("opens");
        let brake = Arc::new(Brake::default());
        let writer = store.start(Notary::new(Arc::clone(&brake))).expect("a thread");
        let queue = Mutex::new(writer.queue());
        let settings = Settings {
            providers: plan.providers.clone(),
            prices: Prices::builtin(),
            rules: plan.rules.clone(),
            retry_wait: Duration::from_millis(5),
            blobs: Blobs::open(&folder.join("blobs")).expect("a folder"),
            submit: Arc::new(move |unit| {
                let queue = queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
                queue.send(Item::Unit(unit))
            }),
            warden: Arc::clone(watch) as _,
        };
        let runtime = Runtime::new().expect("a runtime");
        let begun = runtime.spawn(async {
            let gateway = Gateway::open(settings).await.expect("opens");
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("it is bound").to_string();
            let serving = gateway.clone();
            tokio::spawn(async move { serving.serve_tcp(listener, CancellationToken::new()).await });
            let house = gateway.clone();
            tokio::spawn(async move { house.keep_house().await });
            (gateway, address)
        });
        let (gateway, address) = begun.await.expect("begins");
        Self { runtime, writer, readers, brake, gateway, address }
    }
}

/// A run of the only tenant.
pub(crate) fn key(run: u128) -> RunKey {
    RunKey { tenant: TenantId::sole(), run: RunId::from_u128(run) }
}
