//! What is said to runs, by their own name or by that of their session.

use std::time::Duration;

use mainspring_agent::Opening;
use mainspring_api::{
    run::{CreateRun, RunView},
    session::{AddMessage, MessageAdded, SessionView},
};
use mainspring_boundary::conversation::{self, Unheard};
use mainspring_store::RunKey;
use mainspring_types::{Code, Problem, RunId, SessionId};
use serde_json::{Value, json};

use super::Plane;
use crate::{admission, caller::Caller};

/// How often a message looks for the run that hears it: while one run ends and another begins it may miss both.
const ROUNDS_MAX: u32 = 4;

/// How long it waits for a run to end that hears nothing more.
const END_MAX: Duration = Duration::from_secs(3);

impl Plane {
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
