//! The beginning of runs that take part in a session, and of sessions that take over what others said.

use mainspring_core::{Created, Principal};
use mainspring_store::{
    Conversation, Demand, Fault, Key, Keyed, Ledger as _, News, Pen, RunKey, RunLimit, SessionRow, Submit,
};
use mainspring_types::{Hash, RequestId, RunId, SessionId, TenantId, Timestamp, Value};

use crate::work::{self, Work};

/// A run to begin, with its part in a session.
#[derive(Clone, Debug)]
pub struct Beginning {
    /// The tenant it will belong to.
    pub tenant: TenantId,
    /// What it carries with it.
    pub created: Box<Created>,
    /// Its input: small enough to be stored beside the event, or kept before.
    pub input: Value,
    /// On whose behalf.
    pub by: Principal,
    /// The idempotency key and the hash of the whole request, when the caller gave one.
    pub once: Option<(Key, Hash)>,
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

/// What became of a beginning that was not refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Begun {
    /// The run is durable and was not there before.
    New(RunId),
    /// An earlier delivery of the same request made this run.
    Known(RunId),
}

/// Why a run does not begin. Nothing was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unbegun {
    /// The session has this run, which has not ended.
    Busy(RunId),
    /// The idempotency key stands for another request, which made this run.
    KeyUsed(RunId),
}

/// Begins a run and writes its part in a session, as one; durable once this returns.
pub async fn begin(submit: &Submit, beginning: Beginning) -> Result<Result<Begun, Unbegun>, Fault> {
    work::ask(submit, Admitting { beginning, demand: None }).await
}

struct Admitting {
    beginning: Beginning,
    demand: Option<Demand>,
}

impl Work for Admitting {
    type Outcome = Result<Begun, Unbegun>;

    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp, _: &mut News) -> Result<Self::Outcome, Fault> {
        let is = &self.beginning;
        if let Some(known) = is.known(pen)? {
            return Ok(known);
        }
        if let Some(live) = pen.live_in(&is.tenant, is.session)? {
            return Ok(Err(Unbegun::Busy(live)));
        }
        is.join(pen, now)?;
        self.demand = Some(is.demand());
        Ok(Ok(Begun::New(is.created.run)))
    }

    fn demands(&mut self) -> Vec<Demand> {
        self.demand.take().into_iter().collect()
    }
}

impl Beginning {
    /// What became of the same key before; nothing when it is new, which is remembered with what else is written.
    fn known(&self, pen: &mut Pen<'_>) -> Result<Option<Result<Begun, Unbegun>>, Fault> {
        let Some((name, request)) = &self.once else { return Ok(None) };
        Ok(pen.keyed(&self.tenant, name)?.map(|Keyed { request: first, run }| {
            if first == *request { Ok(Begun::Known(run)) } else { Err(Unbegun::KeyUsed(run)) }
        }))
    }

    fn join(&self, pen: &mut Pen<'_>, now: Timestamp) -> Result<(), Fault> {
        let (tenant, run) = (&self.tenant, self.created.run);
        let key = RunKey { tenant: tenant.clone(), run };
        if let Some((name, request)) = &self.once {
            pen.remember(tenant, name, Keyed { request: *request, run })?;
        }
        if pen.session(tenant, self.session)?.is_none() {
            pen.begin_session(tenant, &session(self.session, &self.agent, now, None))?;
        }
        pen.join(&key, Conversation::new(self.session, self.waits))?;
        if let Some((parts, sender)) = &self.first {
            pen.say(&key, sender, parts, now)?;
        }
        self.limits.iter().try_for_each(|limit| pen.limit_run(&key, limit))
    }

    fn demand(&self) -> Demand {
        Demand::Begin {
            key: RunKey { tenant: self.tenant.clone(), run: self.created.run },
            created: self.created.clone(),
            input: self.input.clone(),
            by: self.by.clone(),
            request: RequestId::generate(),
        }
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
