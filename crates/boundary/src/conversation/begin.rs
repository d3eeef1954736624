//! The beginning of a run's part in a session, and of sessions that take over what others said.

use mainspring_store::{Conversation, Fault, News, Pen, RunKey, RunLimit, SessionRow, Submit};
use mainspring_types::{RunId, SessionId, TenantId, Timestamp};

use crate::work::{self, Work};

/// A run's part in a session, before the run begins.
#[derive(Clone, Debug)]
pub struct Beginning {
    /// The run that will be.
    pub key: RunKey,
    /// The session, which is begun when it is not there.
    pub session: SessionId,
    /// The agent that it is held with.
    pub agent: String,
    /// Whether the run waits for a further message after each turn.
    pub waits: bool,
    /// The first message, a JSON list of parts, and who sent it.
    pub first: Option<(String, String)>,
    /// Limits that the run is given.
    pub limits: Vec<RunLimit>,
}

/// The session has a run that has not ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Busy(pub RunId);

/// Writes a run's part in a session; durable once this returns.
pub async fn begin(submit: &Submit, beginning: Beginning) -> Result<Result<(), Busy>, Fault> {
    work::ask(submit, beginning).await
}

impl Work for Beginning {
    type Outcome = Result<(), Busy>;

    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp, _: &mut News) -> Result<Self::Outcome, Fault> {
        let tenant = &self.key.tenant;
        if let Some(live) = pen.live_in(tenant, self.session)? {
            return Ok(Err(Busy(live)));
        }
        if pen.session(tenant, self.session)?.is_none() {
            pen.begin_session(tenant, &session(self.session, &self.agent, now, None))?;
        }
        pen.join(&self.key, Conversation { session: self.session, waits: self.waits, over: false })?;
        if let Some((parts, sender)) = &self.first {
            pen.say(&self.key, sender, parts, now)?;
        }
        for limit in &self.limits {
            pen.limit_run(&self.key, limit)?;
        }
        Ok(Ok(()))
    }
}

/// Begins a session with the turns of another up to `turn`, or empty; durable once this returns it. `None` when there is
/// no session to fork.
pub async fn fork(
    submit: &Submit,
    tenant: TenantId,
    of: Option<(SessionId, Option<u32>)>,
    agent: Option<String>,
) -> Result<Option<SessionRow>, Fault> {
    work::ask(submit, Forking { tenant, of, agent }).await
}

struct Forking {
    tenant: TenantId,
    of: Option<(SessionId, Option<u32>)>,
    agent: Option<String>,
}

impl Work for Forking {
    type Outcome = Option<SessionRow>;

    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp, _: &mut News) -> Result<Self::Outcome, Fault> {
        let id = SessionId::generate();
        let Some((from, turn)) = self.of else {
            let row = session(id, self.agent.as_deref().unwrap_or_default(), now, None);
            pen.begin_session(&self.tenant, &row)?;
            return Ok(Some(row));
        };
        let Some(origin) = pen.session(&self.tenant, from)? else { return Ok(None) };
        let last = pen.last_turn(&self.tenant, from)?;
        let turn = turn.unwrap_or(last).min(last);
        let agent = self.agent.as_deref().unwrap_or(&origin.agent);
        let row = SessionRow { title: origin.title, ..session(id, agent, now, Some((from, turn))) };
        pen.begin_session(&self.tenant, &row)?;
        pen.copy_turns(&self.tenant, (from, id), turn)?;
        Ok(Some(row))
    }
}

fn session(session: SessionId, agent: &str, now: Timestamp, forked: Option<(SessionId, u32)>) -> SessionRow {
    SessionRow { session, agent: agent.to_owned(), title: None, forked, created_at: now, changed_at: now }
}
