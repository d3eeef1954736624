//! One conversation with an agent: its session, and the run that is live in it.

use mainspring_api::{
    client::Client,
    run::{CreateRun, RunStatus, RunView, Usage},
    session::{AddMessage, ListSessions, SessionView, TurnView},
};
use mainspring_types::{Code, Problem, RunId, SessionId};
use serde_json::Value;

use super::LAST;
use crate::{
    failure::Failure,
    verb::{find, sessions},
};

/// A conversation, which begins with its first message.
pub(super) struct Conversation {
    /// Speaks to the server.
    pub(super) client: Client,
    /// The agent, as people call it.
    pub(super) name: String,
    /// How a run of it is begun.
    begin: CreateRun,
    /// Known once something was said.
    pub(super) session: Option<SessionId>,
    /// The run that hears what is said, as far as is known.
    pub(super) run: Option<RunId>,
}

/// What a conversation has used so far.
pub(super) struct Used {
    /// Tokens of all its runs.
    pub(super) usage: Usage,
    /// What they cost, in billionths of a dollar.
    pub(super) nano_usd: u64,
    /// How many model and tool calls were made.
    pub(super) calls: (u64, u64),
}

impl Conversation {
    /// A conversation in which nothing was said.
    pub(super) fn begin(client: Client, begin: CreateRun, name: String) -> Self {
        Self { client, name, begin, session: None, run: None }
    }

    /// The conversation that a session, a run or the session used last stands for.
    pub(super) async fn resume(client: Client, which: &str, mut begin: CreateRun) -> Result<Self, Problem> {
        let session = match which {
            LAST => last(&client).await?,
            text if text.starts_with("run_") => of_run(&client, text).await?,
            text => client.session(find::session(&client, text).await?).await?,
        };
        begin.agent.clone_from(&session.agent);
        begin.session = Some(session.session_id);
        let run = session.live_run;
        let name = session.agent.rsplit('/').next().unwrap_or_default().to_owned();
        let mut conversation = Self { client, name, begin, session: Some(session.session_id), run };
        conversation.take_up().await?;
        Ok(conversation)
    }

    /// Takes up the name of the agent, and the folder that was named before unless another is named now.
    async fn take_up(&mut self) -> Result<(), Problem> {
        let concluded = self.turns().await?.last().map(|turn| turn.run_id);
        let Some(last) = self.run.or(concluded) else { return Ok(()) };
        let run = self.client.run(last).await?;
        self.name = run.agent;
        if self.begin.workspace.is_none() {
            // A folder of its own is called like its run, and belongs to that alone.
            let own = run.run_id.to_string();
            self.begin.workspace = run.workspace.filter(|workspace| !workspace.ends_with(&own));
        }
        Ok(())
    }

    /// What was said before, turn by turn.
    pub(super) async fn turns(&self) -> Result<Vec<TurnView>, Problem> {
        match self.session {
            Some(session) => sessions::turns(&self.client, session).await,
            None => Ok(Vec::new()),
        }
    }

    /// Says something; the run that hears it, which may be a new one.
    pub(super) async fn say(&mut self, text: &str) -> Result<RunId, Failure> {
        let heard = match self.run {
            Some(run) => self.add(run, text).await?,
            None => None,
        };
        let run = match heard {
            Some(run) => run,
            None => self.start_or_join(text).await?,
        };
        self.run = Some(run);
        Ok(run)
    }

    /// Says it to the live run; `None` when that has ended meanwhile.
    async fn add(&self, run: RunId, text: &str) -> Result<Option<RunId>, Problem> {
        match self.client.message_run(run, &message(text)).await {
            Ok(added) => Ok(Some(added.run_id)),
            Err(problem) if problem.code == Code::StateConflict => Ok(None),
            Err(problem) => Err(problem),
        }
    }

    /// Begins a run with it; where somebody else began one meanwhile, says it there.
    async fn start_or_join(&mut self, text: &str) -> Result<RunId, Failure> {
        match (self.start(text).await, self.session) {
            (Err(failure), Some(session)) if failure.code() == Code::SessionBusy => {
                Ok(self.client.message_session(session, &message(text)).await?.run_id)
            }
            (started, _) => started,
        }
    }

    async fn start(&mut self, text: &str) -> Result<RunId, Failure> {
        let request = CreateRun { input: Some(Value::from(text)), ..self.begin.clone() };
        let run = self.client.create_run(&request, None).await?;
        self.session = run.session.or(self.session);
        self.begin.session = self.session;
        Ok(run.run_id)
    }

    /// The live run has ended: how.
    pub(super) async fn ended(&mut self) -> Result<Option<RunView>, Problem> {
        match self.run.take() {
            Some(run) => self.client.run(run).await.map(Some),
            None => Ok(None),
        }
    }

    /// Nothing more will be said to the live run.
    pub(super) async fn done(&self) -> Result<(), Problem> {
        match self.run {
            Some(run) => self.client.done(run).await.map(drop),
            None => Ok(()),
        }
    }

    /// What all its runs have used.
    pub(super) async fn used(&self) -> Result<Used, Problem> {
        let mut runs: Vec<RunId> = self.turns().await?.iter().map(|turn| turn.run_id).collect();
        runs.extend(self.run);
        runs.sort_unstable();
        runs.dedup();
        let mut used = Used { usage: Usage::default(), nano_usd: 0, calls: (0, 0) };
        for run in runs {
            let run = self.client.run(run).await?;
            used.usage.input_tokens += run.usage.input_tokens;
            used.usage.output_tokens += run.usage.output_tokens;
            used.usage.total_tokens += run.usage.total_tokens;
            used.nano_usd += run.cost_nano_usd;
            used.calls = (used.calls.0 + run.model_calls, used.calls.1 + run.tool_calls);
        }
        Ok(used)
    }
}

fn message(text: &str) -> AddMessage {
    AddMessage { text: text.to_owned(), images: Vec::new() }
}

/// The session used last.
async fn last(client: &Client) -> Result<SessionView, Problem> {
    let page = client.list_sessions(&ListSessions { limit: Some(200), cursor: None }).await?;
    page.items.into_iter().max_by_key(|session| session.changed_at).ok_or_else(|| {
        Problem::new(Code::NotFound, "there is no conversation to go on with")
            .suggest("begin one with `mainspring chat AGENT.yaml`")
    })
}

async fn of_run(client: &Client, text: &str) -> Result<SessionView, Problem> {
    let run = client.run(find::run(client, text).await?).await?;
    match run.session {
        Some(session) => client.session(session).await,
        None => {
            Err(Problem::new(Code::InvalidInput, format!("run `{}` belongs to no conversation", run.run_id))
                .suggest("list conversations with `mainspring sessions list`"))
        }
    }
}

/// How a run of a conversation ended, when that is worth a word.
pub(super) fn ending(run: &RunView) -> Option<String> {
    match (run.status, &run.error) {
        (RunStatus::Cancelled, _) => {
            Some("cancelled; what you say next goes on from the last turn".to_owned())
        }
        (RunStatus::Failed, Some(problem)) => Some(format!("{} ({})", problem.message, problem.code)),
        (RunStatus::Failed, None) => Some("failed".to_owned()),
        _ => None,
    }
}
