//! A stack whose attempts do what their input says, and what a worker would write beside it.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, sync::Arc, time::Duration};

use futures_util::StreamExt;
use mainspring_api::{
    client::Client,
    event::DeltaKind,
    run::{CreateRun, Level, RunStatus, RunView},
    worker::{End, Note, Order, Task, Wait},
};
use mainspring_server::{
    config::Config,
    data::{Folder, HOME_VARIABLE},
    stack::Stack,
};
use mainspring_store::{Conversation, Fault, GateRow, News, Pen, RunKey, Unit};
use mainspring_types::{GateDefault, GateId, GateKind, Hash, RunId, SessionId, StepId, TenantId, Timestamp};
use mainspring_worker::{Control, Execute, Execution, Outcome};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    sync::oneshot,
};

pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Gives back its input, unless that is one of these words.
///
/// `"hold"` works until it is told to end, `"speak"` says something once it is interrupted, `"ask"` waits at
/// [`gate_of`] before it is done, and `"delegate"` waits for [`CHILD`].
struct Echo;

impl Execute for Echo {
    fn execute(&self, task: Task, mut control: Control) -> Execution<'_> {
        Box::pin(async move {
            let end = match (word(&task).as_deref(), task.ticket.attempt.0) {
                (Some("hold"), _) => hold(&mut control).await,
                (Some("speak"), _) => {
                    control.order().await;
                    speak(&control);
                    End::Done { output: task.input }
                }
                (Some("ask"), 1) => {
                    End::Parked { wait: Wait::Gate { gate: gate_of(task.ticket.run), deadline: None } }
                }
                (Some("delegate"), _) => End::Parked { wait: Wait::Child { child: CHILD } },
                _ => End::Done { output: task.input },
            };
            Outcome::of(end)
        })
    }
}

fn word(task: &Task) -> Option<String> {
    let input: Value = serde_json::from_slice(task.input.bytes()?).ok()?;
    input.as_str().or(input["prompt"].as_str()).map(str::to_owned)
}

async fn hold(control: &mut Control) -> End {
    while control.order().await == Order::Cancel(Level::Interrupt) {}
    End::Aborted {}
}

fn speak(control: &Control) {
    for text in ["Hel", "lo"] {
        control.progress(Note::Delta { turn: 1, call: 1, kind: DeltaKind::Text, text: text.into() });
    }
}

/// The run that others wait for.
pub(crate) const CHILD: RunId = RunId::from_u128(7);

/// The gate at which a run waits whose input is `"ask"`.
pub(crate) fn gate_of(run: RunId) -> Hash {
    Hash::of(run.to_string().as_bytes())
}

/// The part of a run that waits for further messages, in a session that nobody asks for.
pub(crate) fn talking() -> Conversation {
    Conversation::new(SessionId::generate(), true)
}

/// A question at that gate, opened then.
pub(crate) fn question(run: RunId, opened_at: Timestamp) -> GateRow {
    let of = (run, StepId::new("main").expect("a name"));
    let kind = (GateKind::Question, GateDefault::Deny);
    GateRow {
        tool: Some("ask_user".into()),
        arguments: Some(r#"{"question":"which one?"}"#.into()),
        question: Some("which one?".into()),
        choices: Some(r#"["this","that"]"#.into()),
        ..GateRow::new(gate_of(run), of, kind, opened_at)
    }
}

pub(crate) struct Site {
    pub(crate) stack: Stack,
    pub(crate) client: Client,
    root: tempfile::TempDir,
}

impl Site {
    pub(crate) async fn start() -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let agent = root.path().join("echo");
        fs::write(&agent, "#!/bin/sh\n").expect("writes");
        fs::set_permissions(&agent, fs::Permissions::from_mode(0o755)).expect("sets");
        let data = root.path().join("data");
        let folder = Folder::resolve(None, &|name| (name == HOME_VARIABLE).then(|| data.clone().into()));
        let folder = folder.expect("a folder");
        let config = Config::resolve(&folder.config_file(), &|_| None, &[]).expect("defaults");
        let stack =
            Stack::start(&folder, &config, "test", |_| Ok(Some(Arc::new(Echo)))).await.expect("starts");
        let client = Client::unix(folder.control_socket());
        Self { stack, client, root }
    }

    pub(crate) fn request(&self, input: &str) -> CreateRun {
        let agent = self.root.path().join("echo").display().to_string();
        CreateRun { agent, input: Some(json!(input)), ..CreateRun::default() }
    }

    pub(crate) async fn create(&self, input: &str) -> RunId {
        self.client.create_run(&self.request(input), None).await.expect("accepted").run_id
    }

    /// The definition of an agent that holds conversations.
    pub(crate) fn talker(&self) -> String {
        let path = self.root.path().join("talker.yaml");
        let definition = "kind: Agent\nname: talker\nruntime: default\nmodel: openai/gpt-4o-mini\n\
            instructions: You talk.\nsession: {mode: conversation}\n";
        fs::write(&path, definition).expect("writes");
        path.display().to_string()
    }

    /// Lets a run hold a conversation, as that part says.
    pub(crate) async fn join(&self, run: RunId, part: Conversation) {
        self.write(move |pen| pen.join(&key(run), part)).await;
    }

    /// The run takes a turn of a conversation.
    pub(crate) async fn converse(&self, run: RunId) {
        self.join(run, talking()).await;
        let parts = json!([{"type": "text", "text": "hello"}]).to_string();
        self.write(move |pen| pen.say(&key(run), "me", &parts, Timestamp::now()).map(drop)).await;
    }

    /// Opens a gate; durable once this returns.
    pub(crate) async fn open(&self, gate: GateRow) -> GateId {
        let id = gate.id();
        self.write(move |pen| pen.ask(&TenantId::sole(), &gate)).await;
        id
    }

    /// A run that waits at this gate.
    pub(crate) async fn asking(
        &self,
        opened_at: Timestamp,
        like: impl FnOnce(GateRow) -> GateRow,
    ) -> (RunId, GateId) {
        let run = self.create("ask").await;
        self.until(run, RunStatus::Waiting).await;
        (run, self.open(like(question(run, opened_at))).await)
    }

    /// Writes as the broker does, in the writer's transaction.
    pub(crate) async fn write(&self, write: impl FnOnce(&mut Pen<'_>) -> Result<(), Fault> + Send + 'static) {
        let (reply, written) = oneshot::channel();
        let unit = Writing { write: Some(Box::new(write)), reply };
        self.stack.engine().submit()(Box::new(unit)).expect("the writer runs");
        written.await.expect("it answers").expect("it is written");
    }

    /// The run, once it stands so.
    pub(crate) async fn until(&self, run: RunId, status: RunStatus) -> RunView {
        let mut entries = std::pin::pin!(self.client.events(run, 0).await.expect("a stream"));
        loop {
            let view = self.client.run(run).await.expect("known");
            if view.status == status {
                return view;
            }
            entries.next().await.expect("it goes on").expect("an entry");
        }
    }
}

pub(crate) fn key(run: RunId) -> RunKey {
    RunKey { tenant: TenantId::sole(), run }
}

type Write = Box<dyn FnOnce(&mut Pen<'_>) -> Result<(), Fault> + Send>;

struct Writing {
    write: Option<Write>,
    reply: oneshot::Sender<Result<(), Fault>>,
}

impl Unit for Writing {
    fn write(&mut self, pen: &mut Pen<'_>, _: Timestamp) -> Result<News, Fault> {
        let write = self.write.take().expect("it is written once");
        write(pen).map(|()| News::new())
    }

    fn settled(self: Box<Self>, written: Result<(), Fault>) {
        drop(self.reply.send(written));
    }
}

/// The head and the body of the answer to a request without any of our client in it.
pub(crate) async fn post(socket: &Path, path: &str, body: &str) -> (String, String) {
    let mut wire = UnixStream::connect(socket).await.expect("connects");
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    wire.write_all(request.as_bytes()).await.expect("writes");
    let mut answer = String::new();
    wire.read_to_string(&mut answer).await.expect("reads");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    (head.to_owned(), body.to_owned())
}
