//! Conversations: what was said in sessions, and what is said to runs.

use std::time::Duration;

use mainspring_agent::Opening;
use mainspring_api::{
    run::{CreateRun, Page, RunView},
    session::{AddMessage, CreateSession, ListSessions, MessageAdded, SessionView, TurnView},
};
use mainspring_boundary::conversation::{self, Unheard};
use mainspring_store::{Fault, Readers, RunKey, SessionRow};
use mainspring_types::{Code, Problem, RunId, SessionId, TenantId};
use serde_json::{Value, json};

use super::{PAGE, Plane, bad_cursor, next_cursor, no_such_session};
use crate::{admission, caller::Caller, view};

/// How often a message looks for the run that hears it: while one run ends and another begins it may miss both.
const ROUNDS_MAX: u32 = 4;

/// How long it waits for a run to end that hears nothing more.
const END_MAX: Duration = Duration::from_secs(3);

impl Plane {
    /// Begins a session, empty or with the turns of another; durable once this returns.
    pub async fn create_session(
        &self,
        caller: &Caller,
        create: CreateSession,
    ) -> Result<SessionView, Problem> {
        let CreateSession { agent, fork_of, turn } = create;
        match fork_of {
            None if agent.is_none() => return Err(names_nothing()),
            None if turn.is_some() => {
                return Err(Problem::new(Code::BadRequest, "`turn` is of a session that is forked")
                    .suggest("name the session in `fork_of`"));
            }
            None => {}
            Some(from) => self.demand_turn(caller, from, turn).await?,
        }
        let of = fork_of.map(|from| (from, turn));
        let begun = conversation::fork(&self.engine.submit(), caller.tenant.clone(), of, agent).await;
        match (begun.map_err(|fault| fault.to_problem())?, fork_of) {
            (Some(row), _) => self.session(caller, row.session).await,
            (None, Some(from)) => Err(no_such_session(from)),
            (None, None) => Err(names_nothing()),
        }
    }

    /// One page of sessions, newest first.
    pub async fn list_sessions(
        &self,
        caller: &Caller,
        list: ListSessions,
    ) -> Result<Page<SessionView>, Problem> {
        let limit = list.limit.unwrap_or(PAGE.0).clamp(1, PAGE.1);
        let before = list.cursor.map(|cursor| cursor.parse::<SessionId>()).transpose();
        let before = before.map_err(|error| bad_cursor(&error))?;
        let tenant = caller.tenant.clone();
        self.read(move |readers| {
            let rows = readers.sessions(&tenant, before, limit)?;
            let next_cursor = next_cursor(&rows, limit, |row| row.session.to_string());
            let items = rows.into_iter().map(|row| shown(readers, &tenant, row)).collect::<Result<_, _>>()?;
            Ok(Page { items, next_cursor })
        })
        .await
    }

    /// A session.
    pub async fn session(&self, caller: &Caller, session: SessionId) -> Result<SessionView, Problem> {
        let tenant = caller.tenant.clone();
        let found = self.read(move |readers| {
            let row = readers.session(&tenant, session)?;
            row.map(|row| shown(readers, &tenant, row)).transpose()
        });
        found.await?.ok_or_else(|| no_such_session(session))
    }

    /// One page of a session's concluded turns, oldest first.
    pub async fn turns(
        &self,
        caller: &Caller,
        session: SessionId,
        list: ListSessions,
    ) -> Result<Page<TurnView>, Problem> {
        let limit = list.limit.unwrap_or(PAGE.0).clamp(1, PAGE.1);
        let after = list.cursor.map(|cursor| cursor.parse::<u32>()).transpose();
        let after = after.map_err(|error| bad_cursor(&error))?.unwrap_or(0);
        let tenant = caller.tenant.clone();
        let found = self.read(move |readers| match readers.session(&tenant, session)? {
            Some(_) => readers.turns(&tenant, session, after, limit).map(Some),
            None => Ok(None),
        });
        let rows = found.await?.ok_or_else(|| no_such_session(session))?;
        let next_cursor = next_cursor(&rows, limit, |row| row.turn.to_string());
        let items = rows.into_iter().map(view::turn).collect::<Result<_, _>>();
        Ok(Page { items: items.map_err(|fault| fault.to_problem())?, next_cursor })
    }

    /// Says something to a run, which takes it up with its next turn; durable once this returns.
    pub async fn add_message(
        &self,
        caller: &Caller,
        run: RunId,
        message: AddMessage,
    ) -> Result<MessageAdded, Problem> {
        let opening = opening_of(&message)?;
        match self.say(caller, run, &opening).await? {
            Ok(message_id) => Ok(MessageAdded { run_id: run, message_id }),
            Err(unheard) => Err(why_not(run, unheard)),
        }
    }

    /// Lets a run end when it has taken up what was said to it; one that has ended is shown as it is.
    pub async fn done(&self, caller: &Caller, run: RunId) -> Result<RunView, Problem> {
        let key = RunKey { tenant: caller.tenant.clone(), run };
        self.demand(&key).await?;
        let told = conversation::done(&self.engine.submit(), key, &caller.name).await;
        match told.map_err(|fault| fault.to_problem())? {
            Ok(()) | Err(Unheard::Ended) => self.run(caller, run).await,
            Err(unheard @ Unheard::Deaf) => Err(why_not(run, unheard)),
        }
    }

    /// Says something in a session: to the run that is live in it, or to a new run of its agent.
    pub async fn message_session(
        &self,
        caller: &Caller,
        session: SessionId,
        message: AddMessage,
    ) -> Result<MessageAdded, Vec<Problem>> {
        let alone = |problem: Problem| vec![problem];
        let opening = opening_of(&message).map_err(alone)?;
        for _ in 0..ROUNDS_MAX {
            let SessionView { live_run, agent, .. } = self.session(caller, session).await.map_err(alone)?;
            let Some(run) = live_run else {
                match self.begin_turn(caller, (session, agent), &opening).await {
                    // Another message began a run at the same moment: this one goes there.
                    Err(problems) if problems.iter().any(|problem| problem.code == Code::SessionBusy) => {
                        continue;
                    }
                    begun => return begun,
                }
            };
            match self.say(caller, run, &opening).await.map_err(alone)? {
                Ok(message_id) => return Ok(MessageAdded { run_id: run, message_id }),
                Err(_) => self.await_end(caller, run).await.map_err(alone)?,
            }
        }
        Err(vec![between_runs(session)])
    }

    /// Begins a run in the session with what is said.
    async fn begin_turn(
        &self,
        caller: &Caller,
        (session, agent): (SessionId, String),
        opening: &Opening,
    ) -> Result<MessageAdded, Vec<Problem>> {
        let input = serde_json::to_value(opening).expect("text and base64 serialise");
        let request = CreateRun { agent, input: Some(input), session: Some(session), ..CreateRun::default() };
        let run = self.create_run(caller, request, None).await?;
        Ok(MessageAdded { run_id: run.run_id, message_id: 1 })
    }

    /// Waits for the end of a run that hears nothing more.
    async fn await_end(&self, caller: &Caller, run: RunId) -> Result<(), Problem> {
        let key = RunKey { tenant: caller.tenant.clone(), run };
        let mut news = self.engine.bell().listen(&key);
        let ended = async {
            loop {
                news.forget();
                if self.demand(&key).await?.ended_at.is_some() {
                    return Ok(());
                }
                news.news().await;
            }
        };
        // One that takes longer is met again by the next round.
        tokio::time::timeout(END_MAX, ended).await.unwrap_or(Ok(()))
    }

    async fn say(
        &self,
        caller: &Caller,
        run: RunId,
        opening: &Opening,
    ) -> Result<Result<u64, Unheard>, Problem> {
        let key = RunKey { tenant: caller.tenant.clone(), run };
        self.demand(&key).await?;
        let message = (admission::parts(opening).to_string(), opening.prompt.clone());
        let said = conversation::say(&self.engine.submit(), key, &caller.name, message).await;
        said.map_err(|fault| fault.to_problem())
    }

    /// Whether the session has that turn; 0 stands for its beginning.
    async fn demand_turn(
        &self,
        caller: &Caller,
        session: SessionId,
        turn: Option<u32>,
    ) -> Result<(), Problem> {
        let turns = self.session(caller, session).await?.turns;
        match turn {
            Some(turn) if turn > turns => Err(Problem::new(
                Code::BadRequest,
                format!("`turn`: session {session} has {turns} turns, and no turn {turn}"),
            )
            .suggest("leave it out to begin with all of them")),
            _ => Ok(()),
        }
    }
}

fn shown(readers: &Readers, tenant: &TenantId, row: SessionRow) -> Result<SessionView, Fault> {
    let turns = readers.last_turn(tenant, row.session)?;
    let live = readers.live_in(tenant, row.session)?;
    Ok(view::session(row, turns, live))
}

/// The message as an agent's first one is read.
fn opening_of(message: &AddMessage) -> Result<Opening, Problem> {
    let images = Value::from(message.images.clone());
    let opening = Opening::read(&json!({ "prompt": message.text, "images": images }))?;
    if opening.is_empty() {
        return Err(Problem::new(Code::BadRequest, "the message says nothing").suggest("give it a `text`"));
    }
    Ok(opening)
}

fn between_runs(session: SessionId) -> Problem {
    Problem::new(Code::SessionBusy, format!("the run of session {session} is ending and hears nothing more"))
        .suggest("say it again in a moment: it begins the next run")
}

fn names_nothing() -> Problem {
    Problem::new(Code::BadRequest, "the request names neither an `agent` nor a session to fork")
        .suggest("name the agent that the session is held with, or a session in `fork_of`")
}

fn why_not(run: RunId, unheard: Unheard) -> Problem {
    let (message, next) = match unheard {
        Unheard::Deaf => (
            format!("run {run} holds no conversation"),
            "only runs of an agent that is a model with tools take messages".to_owned(),
        ),
        Unheard::Ended => (
            format!("run {run} has ended"),
            format!("`mainspring runs show {run}` names its session: what is said there begins the next run"),
        ),
    };
    Problem::new(Code::StateConflict, message).suggest(next)
}
