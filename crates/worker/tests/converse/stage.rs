//! A data folder, a model, and an attempt in it, at work for a control plane that the test plays.

#[path = "stage/plane.rs"]
mod plane;
#[path = "stage/told.rs"]
mod told;

use std::{
    collections::{BTreeMap, VecDeque},
    fs,
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use mainspring_api::{
    run::Level,
    worker::{Boundary, Concluded, Order, Task, Ticket, ToolDecision, ToolIntent, ToolOutcome},
};
use mainspring_sandbox::Launcher;
use mainspring_testkit::{processes::marked, upstream::Upstream};
use mainspring_types::{AttemptNo, EffectId, Hash, RunId, StepId, TenantId, Value};
use mainspring_worker::{ConverseExecutor, Ground, Reach, Vault, Worker};
use serde_json::{Value as Json, json, value::to_raw_value};
use tempfile::TempDir;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

use self::plane::Plane;
pub(crate) use self::told::Told;

/// Nothing here takes that long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// The only secret there is, `CANARY`.
pub(crate) const CANARY: &str = "sk-canary-5e0c";

/// What the control plane says to a call.
type Decide = Box<dyn Fn(&ToolIntent) -> ToolDecision + Send + Sync>;

fn launcher() -> Launcher {
    static LAUNCHER: OnceLock<Launcher> = OnceLock::new();
    let probe = || Launcher::probe(env!("CARGO_BIN_EXE_mainspring-supervise-worker").into());
    LAUNCHER.get_or_init(probe).clone()
}

/// One attempt as it is going to be.
pub(crate) struct Stage {
    data: TempDir,
    pub(crate) model: Upstream,
    pub(crate) gateway: String,
    assistant: Json,
    recalled: Json,
    decide: Decide,
    decides_after: Duration,
    then: VecDeque<Concluded>,
    faults: usize,
    attempt: AttemptNo,
}

impl Stage {
    /// An attempt whose model follows these rules of a script, and that is asked to `go`.
    pub(crate) fn new(rules: &str) -> Self {
        let model = Upstream::start(&format!("version: 1\nrules:\n{rules}"));
        let assistant = json!({
            "name": "hand", "model": "openai/gpt-4o-mini", "instructions": "You work.", "toolsets": ["shell"],
        });
        let go = json!({"id": 1, "parts": [{"type": "text", "text": "go"}]});
        let stage = Self {
            data: TempDir::new().expect("a temporary folder"),
            gateway: model.base_url(),
            model,
            assistant,
            recalled: json!({"history": [], "next_turn": 1, "inbox": [go], "done": true}),
            decide: Box::new(run),
            decides_after: Duration::ZERO,
            then: VecDeque::new(),
            faults: 0,
            attempt: AttemptNo(1),
        };
        fs::create_dir_all(stage.data().join("versions").join(Hash::of(b"version").to_hex())).expect("made");
        stage
    }

    pub(crate) fn data(&self) -> &Path {
        self.data.path()
    }

    /// The field of the assistant is this.
    pub(crate) fn with(mut self, field: &str, value: Json) -> Self {
        self.assistant[field] = value;
        self
    }

    /// It is a conversation; this follows its turns, one after the other.
    pub(crate) fn talks(mut self, then: impl IntoIterator<Item = Concluded>) -> Self {
        self.assistant["session"] = json!({"mode": "conversation"});
        self.recalled["done"] = json!(false);
        self.then = then.into_iter().collect();
        self
    }

    /// The session stands so.
    pub(crate) fn stands(mut self, recalled: Json) -> Self {
        self.recalled = recalled;
        self
    }

    /// The control plane decides so about calls.
    pub(crate) fn decides(
        mut self,
        decide: impl Fn(&ToolIntent) -> ToolDecision + Send + Sync + 'static,
    ) -> Self {
        self.decide = Box::new(decide);
        self
    }

    /// It takes so long to decide.
    pub(crate) fn decides_after(mut self, time: Duration) -> Self {
        self.decides_after = time;
        self
    }

    /// So many calls on the line do not get through before each that does.
    pub(crate) fn faults(mut self, faults: usize) -> Self {
        self.faults = faults;
        self
    }

    /// It is not the first attempt.
    pub(crate) fn repeated(self) -> Self {
        Self { attempt: AttemptNo(2), ..self }
    }

    pub(crate) fn start(self) -> Attempt {
        let run = RunId::generate();
        let ground = Ground {
            versions: self.data().join("versions"),
            workspaces: self.data().join("workspaces"),
            hidden: vec![self.data().to_owned()],
            reach: Reach::default(),
        };
        let workspace = ground.workspaces.join(run.to_string()).join("files");
        let plane = Arc::new(Plane {
            task: Mutex::new(Some(self.task(run))),
            recalled: serde_json::from_value(self.recalled).expect("a standing"),
            decide: self.decide,
            decides_after: self.decides_after,
            then: Mutex::new(self.then),
            faults: (self.faults, Mutex::new(0)),
            order: watch::Sender::new(Order::Continue),
            told: watch::Sender::default(),
        });
        let secret = |name: &str| (name == "CANARY").then(|| CANARY.to_owned());
        let executor = ConverseExecutor::new(ground, launcher()).with_vault(Vault::new(secret));
        let worker = Worker::new(Arc::clone(&plane) as _, Arc::new(executor), NonZeroU32::MIN, "w1");
        let (leave, mut left) = watch::channel(false);
        let at_work = tokio::spawn(worker.run(async move {
            let _ = left.wait_for(|left| *left).await;
        }));
        Attempt { _data: self.data, _model: self.model, workspace, plane, leave, at_work }
    }

    fn task(&self, run: RunId) -> Task {
        let assistant = json!({"converse": {"assistant": self.assistant}});
        let work = json!({"step": {"id": "main", "work": assistant, "timeout_ms": 600_000}});
        let step = StepId::new("main").expect("a name");
        Task {
            ticket: Ticket { tenant: TenantId::sole(), run, step, attempt: self.attempt, nonce: 7 },
            version: Hash::of(b"version"),
            work: to_raw_value(&work).expect("JSON"),
            input: Value::json(&json!("go")).expect("JSON"),
            previous: None,
            allow_install: false,
            boundary: Some(Boundary {
                url: self.gateway.clone(),
                socket: None,
                token: "token".into(),
                families: vec!["openai".into()],
                model: None,
                providers: BTreeMap::new(),
            }),
        }
    }
}

/// The call is made, as its first try.
pub(crate) fn run(intent: &ToolIntent) -> ToolDecision {
    ToolDecision::Run {
        effect: effect(&intent.position),
        number: 1,
        idempotency_key: "key".into(),
        arguments: intent.arguments.clone(),
    }
}

/// A person is asked about the call.
pub(crate) fn gate(intent: &ToolIntent) -> ToolDecision {
    ToolDecision::Gate { gate: Hash::of(intent.position.as_bytes()), deadline: None }
}

/// The call came to this before.
pub(crate) fn recorded(intent: &ToolIntent, text: &str) -> ToolDecision {
    let outcome = ToolOutcome { text: text.into(), error: false };
    ToolDecision::Recorded { effect: effect(&intent.position), outcome }
}

/// The effect of the call at a position such as `1.1.2`.
fn effect(position: &str) -> EffectId {
    let digits: String = position.chars().filter(char::is_ascii_digit).collect();
    EffectId::from_u128(digits.parse().expect("digits"))
}

/// An attempt at work.
pub(crate) struct Attempt {
    _data: TempDir,
    _model: Upstream,
    workspace: PathBuf,
    plane: Arc<Plane>,
    leave: watch::Sender<bool>,
    at_work: JoinHandle<()>,
}

impl Attempt {
    pub(crate) fn order(&self, order: Order) {
        self.plane.order.send_replace(order);
    }

    pub(crate) fn cancel(&self, level: Level) {
        self.order(Order::Cancel(level));
    }

    /// Tells the worker to leave.
    pub(crate) fn leave(&self) {
        self.leave.send_replace(true);
    }

    /// Waits until what was told is so.
    pub(crate) async fn until(&self, is_so: impl FnMut(&Told) -> bool) {
        let mut told = self.plane.told.subscribe();
        let waiting = timeout(PATIENCE, told.wait_for(is_so)).await;
        drop(waiting.expect("told in time").expect("open"));
    }

    /// Waits until a tool has made this file in its workspace.
    pub(crate) async fn file(&self, name: &str) {
        let path = self.workspace.join(name);
        let there = async {
            while !path.exists() {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, there).await.expect("a tool makes it in time");
    }

    /// Waits until the attempt is over, looks for what it left running, and says what was told.
    pub(crate) async fn over(mut self) -> Told {
        let mut told = self.plane.told.subscribe();
        let over = async {
            tokio::select! {
                claimed = told.wait_for(|told| told.claims > 1) => drop(claimed.expect("open")),
                left = &mut self.at_work => left.expect("no panic"),
            }
        };
        timeout(PATIENCE, over).await.expect("over in time");
        // At once: when an attempt is over, nothing of it is left.
        let left = marked(self.workspace.to_str().expect("UTF-8"));
        assert!(left.is_empty(), "left running: {left:?}");
        self.leave();
        self.plane.told.send_replace(Told::default())
    }
}
