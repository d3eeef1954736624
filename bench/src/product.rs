//! The product under load: the embedded stack, with an executor of the benchmark's own.
//!
//! In the path: the engine, its store with fsync, the desk, the worker protocol serialised both ways, the worker. Not
//! in the path: HTTP, since a run is submitted to the engine and watched on its bell.

use std::{path::Path, sync::Arc, time::Duration};

use mainspring_api::worker::{End, Task};
use mainspring_core::{Created, Plan, PlannedStep, Principal, RULES, Retry, Trust};
use mainspring_engine::{Body, Create, Embedded};
use mainspring_server::{config::Config, data::Folder, stack::Stack};
use mainspring_store::RunKey;
use mainspring_types::{AgentName, Hash, RequestId, RunId, StepId, TenantId, Value};
use mainspring_worker::{Control, Execute, Execution, Outcome};

use crate::{
    measure::{Sample, drive},
    w1::{PAYLOAD, STEPS},
};

/// The sequence number of a run's last entry: its creation, ten ends, and its outcome.
const LAST_SEQ: u64 = STEPS as u64 + 2;

/// Answers every step at once with 1 KB.
pub(crate) struct Instantly;

impl Execute for Instantly {
    fn execute(&self, _: Task, _: Control) -> Execution<'_> {
        Box::pin(std::future::ready(done(PAYLOAD.as_str())))
    }

    fn calls_out(&self) -> bool {
        false
    }
}

/// The end of a step that answered this.
pub(crate) fn done(answer: &str) -> Outcome {
    Outcome::of(End::Done { output: Value::json(answer).expect("text is JSON") })
}

/// A stack on a folder of its own.
pub(crate) struct Product {
    stack: Stack,
}

impl Product {
    /// The data folder of a product in `folder`.
    pub(crate) fn data(folder: &Path) -> Folder {
        Folder::at(&folder.join("data")).expect("a folder")
    }

    pub(crate) async fn start(folder: &Path, executor: Arc<dyn Execute>) -> Self {
        let folder = Self::data(folder);
        let config = Config::resolve(&folder.config_file(), &|_| None, &[]).expect("defaults");
        let config = Config { slots: 64.try_into().expect("not zero"), ..config };
        let stack =
            Stack::start(&folder, &config, "benchmark", |_| Ok(Some(executor))).await.expect("starts");
        Self { stack }
    }

    pub(crate) fn engine(&self) -> &Embedded {
        self.stack.engine()
    }

    pub(crate) async fn stop(self) {
        self.stack.shutdown().await;
    }

    /// `concurrency` clients run one run after the other for `length`.
    pub(crate) async fn measure(&self, concurrency: usize, length: Duration) -> Sample {
        let engine = self.engine().clone();
        drive((concurrency, STEPS), length, move || run_once(engine.clone())).await
    }
}

/// Submits one run of ten steps and waits for its last entry.
pub(crate) async fn run_once(engine: Embedded) {
    run_of(engine, STEPS, LAST_SEQ).await;
}

/// Submits one run of so many steps and waits for its entry `last`.
pub(crate) async fn run_of(engine: Embedded, steps: usize, last: u64) {
    let key = new_run();
    let mut news = engine.bell().listen(&key);
    submit(&engine, &key, steps).await;
    news.reach(last).await;
}

/// A run that is not there yet.
pub(crate) fn new_run() -> RunKey {
    RunKey { tenant: TenantId::sole(), run: RunId::generate() }
}

/// Submits a run of so many steps; it is durable once this returns.
pub(crate) async fn submit(engine: &Embedded, key: &RunKey, steps: usize) {
    let input = Body::from(Value::null());
    let created = created(key.run, &input, steps);
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
}

fn created(run: RunId, input: &Body, steps: usize) -> Created {
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
        plan: Plan::sequence((0..steps).map(step)),
        input: input.digest,
        trust: Trust::Trusted,
        session: None,
        parent: None,
        fork: None,
        deadline: None,
        trace: format!("{:032x}", run.as_u128()),
    }
}
