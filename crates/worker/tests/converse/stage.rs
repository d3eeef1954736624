//! A data folder, a model, and a control plane of one attempt that decides as the test says and keeps what it is told.

use std::{
    collections::{BTreeMap, VecDeque},
    fs,
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use mainspring_api::{
    event::DeltaKind,
    run::Level,
    worker::{
        Answer, Boundary, Call, Concluded, Conclusion, End, Line, Note, Order, Recalled, Receipt, Report,
        Task, Ticket, ToolDecision, ToolEnd, ToolIntent, ToolOutcome, Wait,
    },
};
use mainspring_sandbox::Launcher;
use mainspring_testkit::{processes::marked, upstream::Upstream};
use mainspring_types::{AttemptNo, Code, EffectId, Hash, Problem, RunId, StepId, TenantId, Value};
use mainspring_worker::{ConverseExecutor, Ground, Reach, Vault, Worker};
use serde_json::{Value as Json, json, value::to_raw_value};
use tempfile::TempDir;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

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

/// What the control plane was told.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) intents: Vec<String>,
    /// Each call by its digits, and how it ended.
    pub(crate) settled: Vec<(u128, ToolEnd)>,
    pub(crate) concluded: Vec<Conclusion>,
    pub(crate) notes: Vec<Note>,
    pub(crate) report: Option<Report>,
    claims: usize,
}

impl Told {
    /// What was heard of the model, each piece by its kind.
    pub(crate) fn heard(&self) -> String {
        let pieces = self.notes.iter().filter_map(|note| match note {
            Note::Delta { kind: DeltaKind::Again, .. } => Some("[again]"),
            Note::Delta { kind: DeltaKind::Text, text, .. } => Some(text.as_str()),
            _ => None,
        });
        pieces.collect()
    }

    pub(crate) fn remarks(&self) -> Vec<&str> {
        let remarks = self.notes.iter().filter_map(|note| match note {
            Note::Remark { message, .. } => Some(message.as_str()),
            _ => None,
        });
        remarks.collect()
    }

    /// The turns as they were kept, message by message.
    pub(crate) fn kept(&self) -> String {
        let messages = self.concluded.iter().flat_map(|turn| &turn.messages);
        messages.map(|message| message.get().to_owned() + "\n").collect()
    }

    /// How each call ended, in the order of the calls.
    pub(crate) fn ends(&self) -> Vec<(u128, String)> {
        let mut ends: Vec<(u128, String)> = self
            .settled
            .iter()
            .map(|(call, end)| {
                let end = match end {
                    ToolEnd::Returned(outcome) => outcome.text.lines().next().unwrap_or_default().to_owned(),
                    ToolEnd::Failed { message } => format!("failed: {message}"),
                    ToolEnd::Unknown { message } => format!("unknown: {message}"),
                    ToolEnd::NotDone {} => "not done".into(),
                };
                (*call, end)
            })
            .collect();
        ends.sort();
        ends
    }

    /// How the attempt ended, in a line.
    pub(crate) fn end(&self) -> String {
        match self.report.as_ref().map(|report| &report.end) {
            None => "no report".into(),
            Some(End::Done { output }) => {
                let output = String::from_utf8(output.bytes().expect("inline").to_vec()).expect("UTF-8");
                format!("done: {output}")
            }
            Some(End::Failed { problem, .. }) => format!("failed: {}: {}", problem.code, problem.message),
            Some(End::Parked { wait: Wait::Gate { .. } }) => "parked at a gate".into(),
            Some(End::Parked { wait: Wait::Child { .. } }) => "parked for a child".into(),
            Some(End::Aborted {}) => "aborted".into(),
            Some(End::Lost {}) => "lost".into(),
        }
    }
}

/// A control plane of one attempt.
struct Plane {
    task: Mutex<Option<Task>>,
    recalled: Recalled,
    decide: Decide,
    decides_after: Duration,
    then: Mutex<VecDeque<Concluded>>,
    faults: (usize, Mutex<usize>),
    order: watch::Sender<Order>,
    told: watch::Sender<Told>,
}

impl Plane {
    async fn answer(&self, call: Call) -> Result<Vec<u8>, Problem> {
        if !matches!(call, Call::Claim(_) | Call::Heartbeat(_) | Call::Progress(_)) {
            self.fault()?;
        }
        Ok(match call {
            Call::Claim(_) => {
                self.tell(|told| told.claims += 1);
                let task = lock(&self.task).take();
                match task {
                    Some(task) => encode(&[task]),
                    None => std::future::pending().await,
                }
            }
            Call::Heartbeat(_) => {
                let mut order = self.order.subscribe();
                encode(&*order.wait_for(|order| *order != Order::Continue).await.expect("open"))
            }
            Call::Progress(notes) => {
                self.tell(|told| told.notes.extend(notes.into_iter().map(|note| note.note)));
                encode(&())
            }
            Call::Recall(_) => encode(&Some(&self.recalled)),
            Call::Intend(intent) => encode(&self.intend(&intent).await),
            Call::Settle(is) => {
                self.tell(|told| told.settled.push((is.effect.as_u128(), is.end)));
                encode(&Receipt::Recorded)
            }
            Call::Conclude(turn) => {
                self.tell(|told| told.concluded.push(*turn));
                let next = lock(&self.then).pop_front();
                encode(&next.unwrap_or(Concluded::Over {}))
            }
            Call::Report(report) => {
                self.tell(|told| told.report = Some(*report));
                encode(&Receipt::Recorded)
            }
        })
    }

    /// What is decided; of a call that nobody knows the end of, that is what is recorded.
    async fn intend(&self, intent: &ToolIntent) -> ToolDecision {
        let id = effect(&intent.position);
        self.tell(|told| told.intents.push(intent.position.clone()));
        let is_settled = self.told.borrow().settled.iter().any(|(settled, _)| *settled == id.as_u128());
        if is_settled {
            let text = "nobody knows".to_owned();
            let outcome = ToolOutcome { text, error: true };
            return ToolDecision::Recorded { effect: id, outcome };
        }
        sleep(self.decides_after).await;
        (self.decide)(intent)
    }

    fn fault(&self) -> Result<(), Problem> {
        let mut failed = lock(&self.faults.1);
        if *failed == self.faults.0 {
            *failed = 0;
            return Ok(());
        }
        *failed += 1;
        Err(Problem::new(Code::Unreachable, "the line is down"))
    }

    fn tell(&self, change: impl FnOnce(&mut Told)) {
        self.told.send_modify(change);
    }
}

impl Line for Plane {
    fn call(&self, call: Vec<u8>) -> Answer<'_> {
        let call: Call = serde_json::from_slice(&call).expect("a call");
        Box::pin(self.answer(call))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn encode<T: serde::Serialize + ?Sized>(answer: &T) -> Vec<u8> {
    serde_json::to_vec(answer).expect("JSON")
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
