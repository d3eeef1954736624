//! Sessions: begun, forked, listed, and what was said in them.

use mainspring_api::{
    run::Page,
    session::{CreateSession, ListSessions, SessionView, TurnView},
};
use mainspring_boundary::conversation;
use mainspring_store::{Fault, Readers, SessionRow};
use mainspring_types::{Code, Problem, SessionId, TenantId};

use super::{PAGE, Plane, bad_cursor, next_cursor, no_such_session};
use crate::{caller::Caller, view};

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
        let missing = || fork_of.map_or_else(names_nothing, no_such_session);
        let row = begun.map_err(|fault| fault.to_problem())?.ok_or_else(missing)?;
        self.session(caller, row.session).await
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
        let found = self.read(move |readers| {
            if readers.session(&tenant, session)?.is_none() {
                return Ok(None);
            }
            let rows = readers.turns(&tenant, session, after, limit)?;
            let next_cursor = next_cursor(&rows, limit, |row| row.turn.to_string());
            let items = rows.into_iter().map(view::turn).collect::<Result<_, _>>()?;
            Ok(Some(Page { items, next_cursor }))
        });
        found.await?.ok_or_else(|| no_such_session(session))
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

fn names_nothing() -> Problem {
    Problem::new(Code::BadRequest, "the request names neither an `agent` nor a session to fork")
        .suggest("name the agent that the session is held with, or a session in `fork_of`")
}
