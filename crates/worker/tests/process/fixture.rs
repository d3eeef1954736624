//! A data folder, a version in it, and a line that gives out one attempt and hears what becomes of it.

use std::{
    fs,
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use mainspring_api::worker::{Answer, Boundary, Call, End, Line, Note, Order, Receipt, Report, Task, Ticket};
use mainspring_sandbox::Launcher;
use mainspring_types::{AttemptNo, Hash, Problem, RunId, StepId, TenantId, Value};
use mainspring_worker::{Folders, ProcessExecutor, Worker, environment::Settings};
use serde_json::{json, value::to_raw_value};
use tempfile::TempDir;
use tokio::{sync::watch, task::JoinHandle, time::timeout};

/// Nothing here takes that long unless it hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// The supervisor and what this machine gives it, found out once.
fn launcher() -> Launcher {
    static LAUNCHER: OnceLock<Launcher> = OnceLock::new();
    let probe = || Launcher::probe(env!("CARGO_BIN_EXE_mainspring-supervise-worker").into());
    LAUNCHER.get_or_init(probe).clone()
}

/// A data folder with one version, and the step to be run from it.
pub(crate) struct Agent {
    data: TempDir,
    work: serde_json::Value,
    input: serde_json::Value,
    previous: Option<serde_json::Value>,
    boundary: Option<Boundary>,
}

impl Agent {
    /// A package whose `agent.py` is `source`; its method is `go`.
    pub(crate) fn package(source: &str) -> Self {
        let step = json!({ "id": "go", "work": { "method": { "method": "go" } }, "timeout_ms": 20_000 });
        let agent = Self::of(json!({ "step": step, "requirements": {} }));
        fs::write(agent.version().join("agent.py"), source).expect("written");
        agent
    }

    /// A plain Python program.
    pub(crate) fn program(source: &str) -> Self {
        let step = json!({ "id": "go", "work": { "script": { "file": "ask.py" } }, "timeout_ms": 20_000 });
        let agent = Self::of(json!({ "step": step, "requirements": {} }));
        fs::write(agent.version().join("ask.py"), source).expect("written");
        agent
    }

    /// A command of one step.
    pub(crate) fn command(argv: &[&str]) -> Self {
        let step = json!({ "id": "go", "work": { "command": { "argv": argv } }, "timeout_ms": 20_000 });
        Self::of(json!({ "step": step }))
    }

    /// A command that is a shell script.
    pub(crate) fn script(script: &str) -> Self {
        Self::command(&["/bin/sh", "-c", script])
    }

    fn of(work: serde_json::Value) -> Self {
        let data = TempDir::new().expect("a temporary folder");
        let agent = Self { data, work, input: json!(null), previous: None, boundary: None };
        fs::create_dir_all(agent.version()).expect("made");
        agent
    }

    pub(crate) fn input(mut self, input: serde_json::Value) -> Self {
        self.input = input;
        self
    }

    pub(crate) fn previous(mut self, previous: serde_json::Value) -> Self {
        self.previous = Some(previous);
        self
    }

    pub(crate) fn timeout(mut self, timeout: Duration) -> Self {
        self.work["step"]["timeout_ms"] = json!(timeout.as_millis());
        self
    }

    /// Where its model calls go.
    pub(crate) fn boundary(mut self, boundary: Boundary) -> Self {
        self.boundary = Some(boundary);
        self
    }

    /// One more argument of the command.
    pub(crate) fn argument(mut self, argument: &str) -> Self {
        let argv = self.work["step"]["work"]["command"]["argv"].as_array_mut().expect("a command");
        argv.push(json!(argument));
        self
    }

    /// A variable that the definition sets.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.work["step"]["work"]["command"]["env"][name] = json!(value);
        self
    }

    /// The field of the limits becomes this.
    pub(crate) fn limit(mut self, name: &str, value: u64) -> Self {
        let all = mainspring_agent::Limits::default();
        let limits = &mut self.work["limits"];
        if limits.is_null() {
            *limits = json!(all);
        }
        limits[name] = json!(value);
        self
    }

    pub(crate) fn data(&self) -> &Path {
        self.data.path()
    }

    fn version(&self) -> PathBuf {
        self.data().join("versions").join(Hash::of(b"version").to_hex())
    }

    /// Where the attempts' folders are made.
    pub(crate) fn work_folder(&self) -> PathBuf {
        self.data().join("work")
    }

    /// Starts a worker on the one attempt.
    pub(crate) fn start(&self) -> Attempt {
        let run = RunId::generate();
        let folders = Folders {
            versions: self.data().join("versions"),
            work: self.work_folder(),
            // Shared and kept, so that only the first test of a checkout builds the one that all use.
            environments: Path::new(env!("CARGO_TARGET_TMPDIR")).join("worker-environments"),
            hidden: vec![self.data().to_owned()],
        };
        let executor =
            ProcessExecutor::new(folders, launcher(), &Settings::from_env()).expect("the folder is ours");
        let line = Arc::new(OneTask::of(self.task(run)));
        let one = NonZeroU32::MIN;
        let worker = Worker::new(Arc::clone(&line) as _, Arc::new(executor), one, "w1");
        let (leave, mut left) = watch::channel(false);
        let at_work = tokio::spawn(worker.run(async move {
            let _ = left.wait_for(|left| *left).await;
        }));
        Attempt { run, line, leave, at_work }
    }

    /// Works on the one attempt to its end.
    pub(crate) async fn run(&self) -> Attempted {
        self.start().finish().await
    }

    fn task(&self, run: RunId) -> Task {
        let value = |value: &serde_json::Value| Value::json(value).expect("JSON");
        let ticket = Ticket {
            tenant: TenantId::sole(),
            run,
            step: StepId::new("go").expect("a name"),
            attempt: AttemptNo(1),
            nonce: 7,
        };
        Task {
            ticket,
            version: Hash::of(b"version"),
            work: to_raw_value(&self.work).expect("JSON"),
            input: value(&self.input),
            previous: self.previous.as_ref().map(value),
            allow_install: false,
            boundary: self.boundary.clone(),
        }
    }
}

/// A line that gives out one attempt.
struct OneTask {
    task: Mutex<Option<Task>>,
    order: watch::Sender<Order>,
    notes: Mutex<Vec<Note>>,
    noted: watch::Sender<usize>,
    report: Mutex<Option<Report>>,
    claims: watch::Sender<usize>,
}

impl OneTask {
    fn of(task: Task) -> Self {
        Self {
            task: Mutex::new(Some(task)),
            order: watch::Sender::new(Order::Continue),
            notes: Mutex::default(),
            noted: watch::Sender::new(0),
            report: Mutex::default(),
            claims: watch::Sender::new(0),
        }
    }

    async fn answer(&self, call: Call) -> Vec<u8> {
        match call {
            Call::Claim(_) => {
                self.claims.send_modify(|count| *count += 1);
                match self.take() {
                    Some(task) => encode(&[task]),
                    None => std::future::pending().await,
                }
            }
            Call::Heartbeat(_) => {
                let mut order = self.order.subscribe();
                encode(&*order.wait_for(|order| *order != Order::Continue).await.expect("open"))
            }
            Call::Progress(notes) => {
                self.notes.lock().expect("sound").extend(notes.into_iter().map(|note| note.note));
                self.noted.send_modify(|count| *count += 1);
                encode(&())
            }
            Call::Report(report) => {
                *self.report.lock().expect("sound") = Some(*report);
                encode(&Receipt::Recorded)
            }
            call => panic!("a program holds no conversation: {call:?}"),
        }
    }

    fn take(&self) -> Option<Task> {
        self.task.lock().expect("sound").take()
    }
}

impl Line for OneTask {
    fn call(&self, call: Vec<u8>) -> Answer<'_> {
        let call: Result<Call, Problem> = Ok(serde_json::from_slice(&call).expect("a call"));
        Box::pin(async { Ok(self.answer(call?).await) })
    }
}

fn encode<T: serde::Serialize + ?Sized>(answer: &T) -> Vec<u8> {
    serde_json::to_vec(answer).expect("JSON")
}

/// An attempt at work.
pub(crate) struct Attempt {
    pub(crate) run: RunId,
    line: Arc<OneTask>,
    leave: watch::Sender<bool>,
    at_work: JoinHandle<()>,
}

impl Attempt {
    pub(crate) fn order(&self, order: Order) {
        self.line.order.send_replace(order);
    }

    /// Waits until a line of the agent's log is `expected`.
    pub(crate) async fn logs(&self, expected: &str) {
        let is_there = || {
            self.line
                .notes
                .lock()
                .expect("sound")
                .iter()
                .any(|note| lines_of(note).iter().any(|line| line == expected))
        };
        let mut noted = self.line.noted.subscribe();
        timeout(PATIENCE, noted.wait_for(|_| is_there())).await.expect("logged in time").expect("open");
    }

    /// Tells the worker to leave.
    pub(crate) fn leave(&self) {
        self.leave.send_replace(true);
    }

    /// Waits until the attempt is over: the worker claims another, or has left.
    pub(crate) async fn over(&mut self) {
        let mut claims = self.line.claims.subscribe();
        let over = async {
            tokio::select! {
                claimed = claims.wait_for(|claims| *claims > 1) => drop(claimed.expect("open")),
                left = &mut self.at_work => left.expect("no panic"),
            }
        };
        timeout(PATIENCE, over).await.expect("over in time");
    }

    /// Waits until the attempt is over; its report, if there is one.
    pub(crate) async fn ended(mut self) -> Option<Attempted> {
        self.over().await;
        self.leave();
        let report = self.line.report.lock().expect("sound").take()?;
        Some(Attempted { report, notes: std::mem::take(&mut *self.line.notes.lock().expect("sound")) })
    }

    /// Waits for the report.
    pub(crate) async fn finish(self) -> Attempted {
        self.ended().await.expect("not abandoned")
    }
}

/// An attempt that was reported.
#[derive(Debug)]
pub(crate) struct Attempted {
    pub(crate) report: Report,
    pub(crate) notes: Vec<Note>,
}

impl Attempted {
    /// The output, as text whatever it is.
    pub(crate) fn output(&self) -> String {
        match &self.report.end {
            End::Done { output } => {
                String::from_utf8(output.bytes().expect("inline").to_vec()).expect("UTF-8")
            }
            end => panic!("no output: {end:?}"),
        }
    }

    pub(crate) fn problem(&self) -> &Problem {
        match &self.report.end {
            End::Failed { problem, .. } => problem,
            end => panic!("no problem: {end:?}"),
        }
    }

    /// The code and the message of the problem.
    pub(crate) fn refusal(&self) -> String {
        format!("{}: {}", self.problem().code, self.problem().message)
    }

    /// Everything that was logged.
    pub(crate) fn log(&self) -> Vec<String> {
        self.notes.iter().flat_map(|note| lines_of(note).to_vec()).collect()
    }
}

fn lines_of(note: &Note) -> &[String] {
    match note {
        Note::Log { lines, .. } => lines,
        _ => &[],
    }
}
