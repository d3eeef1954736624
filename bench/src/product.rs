//! The product under load: the embedded stack, with the executor in this process.
//!
//! In the path: the engine, its store with fsync, the desk, the worker protocol serialised both ways, the worker. Not
//! in the path: HTTP, since a run is submitted to the engine and watched on its bell.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use mainspring_api::worker::{End, Task, Used};
use mainspring_core::{Created, Plan, PlannedStep, Principal, RULES, Retry, Trust};
use mainspring_engine::{Body, Create, Embedded};
use mainspring_server::{
    config::Config,
    data::Folder,
    stack::Stack,
};
use mainspring_store::RunKey;
use mainspring_types::{AgentName, Hash, RequestId, RunId, StepId, TenantId, Value};
use mainspring_worker::{Control, Execute, Execution, Outcome};

use crate::{
    measure::{Interval, Sample},
    w1::{PAYLOAD, STEPS},
};

/// The sequence number of a run's last entry: its creation, ten ends, and its outcome.
const LAST_SEQ: u64 = STEPS as u64 + 2;

/// Answers every step at once with 1 KB.
pub(crate) struct Instantly;

impl Execute for Instantly {
    fn execute(&self, _: Task, _: Control) -> Execution<'_> {
        let output = Value::json(PAYLOAD.as_str()).expect("text is JSON");
        Box::pin(std::future::ready(Outcome { end: End::Done { output }, used: Used::default() }))
    }
}

/// A stack on a folder of its own.
pub(crate) struct Product {
    stack: Stack,
}

impl Product {
    pub(crate) async fn start(folder: &Path, executor: Arc<dyn Execute>) -> Self {
        let folder = Folder::at(&folder.join("data")).expect("a folder");
        let config = Config::resolve(&folder.config_file(), &|_| None, &[]).expect("defaults");
        let config = Config { slots: 64.try_into().expect("not zero"), ..config };
        let stack = Stack::start(&folder, &config, "benchmark", |_| Ok(Some(executor))).await.expect("starts");
        Self { stack }
    }

    pub(crate) async fn stop(self) {
        self.stack.shutdown().await;
    }

    /// `concurrency` clients run one run after the other for `length`.
    pub(crate) async fn measure(&self, concurrency: usize, length: Duration) -> Sample {
        let interval = Interval::begin();
        let until = Instant::now() + length;
        let clients: Vec<_> = (0..concurrency)
            .map(|_| tokio::spawn(submit_runs(self.stack.engine().clone(), until)))
            .collect();
        let mut latencies = Vec::new();
        for client in clients {
            latencies.extend(client.await.expect("a client ends"));
        }
        interval.end(concurrency, STEPS, latencies)
    }
}

async fn submit_runs(engine: Embedded, until: Instant) -> Vec<Duration> {
    let mut latencies = Vec::new();
    while Instant::now() < until {
        let began = Instant::now();
        run_once(&engine).await;
        latencies.push(began.elapsed());
    }
    latencies
}

/// Submits one run and waits for its last entry.
pub(crate) async fn run_once(engine: &Embedded) {
    let key = RunKey { tenant: TenantId::sole(), run: RunId::generate() };
    let mut news = engine.bell().listen(&key);
    let input = Body::from(Value::null());
    let created = created(key.run, &input);
    let tenant = key.tenant.clone();
    let accepted = engine.create(|reply| Create {
        tenant,
        created,
        input,
        method: None,
        by: Principal::User("bench".into()),
        request: RequestId::generate(),
        key: None,
        reply,
    });
    accepted.await.expect("accepted");
    news.wait_for(|seq| *seq >= LAST_SEQ).await.expect("the engine runs");
}

fn created(run: RunId, input: &Body) -> Created {
    let step = |n: usize| PlannedStep {
        id: StepId::new(&format!("step-{n}")).expect("a step name"),
        after: Vec::new(),
        retry: Retry::default(),
        work: serde_json::Value::Null,
    };
    Created {
        run,
        rules: RULES,
        agent: AgentName::new("bench").expect("a name"),
        version: Hash::of(b"bench"),
        plan: Plan::sequence((0..STEPS).map(step)),
        input: input.digest,
        trust: Trust::Trusted,
        session: None,
        parent: None,
        fork: None,
        deadline: None,
        trace: format!("{:032x}", run.as_u128()),
    }
}
