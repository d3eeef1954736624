//! Sessions: who takes part in which, what was said, and what waits to be heard.

use mainspring_types::{RunId, SessionId, TenantId, Timestamp};
use rusqlite::{OptionalExtension, Row};

use super::{Pen, run_bytes, run_from};
use crate::{Conversation, Fault, InboxRow, RunKey, SessionRow, TurnRow};

const BEGIN_SESSION: &str =
    "INSERT INTO sessions (tenant, session, agent, title, forked_from, forked_at, created_at, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
pub(crate) const SESSION: &str =
    "SELECT session, agent, title, forked_from, forked_at, created_at, changed_at
FROM sessions
WHERE tenant = $1 AND session = $2";
const TOUCH: &str = "UPDATE sessions
SET changed_at = $1, title = coalesce(title, $2)
WHERE tenant = $3 AND session = $4";
const JOIN: &str = "INSERT INTO conversations (tenant, run, session, waits, over, interrupted)
VALUES ($1, $2, $3, $4, $5, $6)";
pub(crate) const CONVERSATION: &str = "SELECT session, waits, over, interrupted
FROM conversations
WHERE tenant = $1 AND run = $2";
const HEAR_NO_MORE: &str = "UPDATE conversations
SET waits = 0
WHERE tenant = $1 AND run = $2";
const HEAR_NOTHING: &str = "UPDATE conversations
SET over = 1
WHERE tenant = $1 AND run = $2";
const INTERRUPT: &str = "UPDATE conversations
SET interrupted = $1
WHERE tenant = $2 AND run = $3";
pub(crate) const LIVE_IN: &str = "SELECT r.run
FROM conversations AS c
JOIN runs AS r ON r.tenant = c.tenant AND r.run = c.run
WHERE c.tenant = $1 AND c.session = $2 AND c.over = 0 AND r.ended_at IS NULL
ORDER BY r.run DESC
LIMIT 1";
const CONCLUDE: &str = "INSERT INTO turns (tenant, session, turn, run, at, text, packed, body)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const COPY_TURNS: &str = "INSERT INTO turns (tenant, session, turn, run, at, text, packed, body)
SELECT tenant, $1, turn, run, at, text, packed, body
FROM turns
WHERE tenant = $2 AND session = $3 AND turn <= $4";
pub(crate) const LAST_TURN: &str = "SELECT coalesce(max(turn), 0)
FROM turns
WHERE tenant = $1 AND session = $2";
pub(crate) const TURNS: &str = "SELECT turn, run, at, text, packed, body
FROM turns
WHERE tenant = $1 AND session = $2 AND turn > $3
ORDER BY turn
LIMIT $4";
const LAST_TEXT: &str = "SELECT text
FROM turns
WHERE tenant = $1 AND session = $2
ORDER BY turn DESC
LIMIT 1";
const SAY: &str = "INSERT INTO inbox (tenant, run, message, sender, at, parts, turn)
VALUES ($1, $2, $3, $4, $5, $6, NULL)";
const LAST_MESSAGE: &str = "SELECT coalesce(max(message), 0)
FROM inbox
WHERE tenant = $1 AND run = $2";
pub(crate) const UNHEARD: &str = "SELECT message, sender, at, parts, turn
FROM inbox
WHERE tenant = $1 AND run = $2 AND turn IS NULL
ORDER BY message";
const TAKEN_UP: &str = "SELECT message, sender, at, parts, turn
FROM inbox
WHERE tenant = $1 AND run = $2 AND turn = $3
ORDER BY message";
const HEARD: &str = "UPDATE inbox
SET turn = $1
WHERE tenant = $2 AND run = $3 AND message = $4";
pub(crate) const STATEMENTS: &[&str] = &[
    BEGIN_SESSION,
    SESSION,
    TOUCH,
    JOIN,
    CONVERSATION,
    HEAR_NO_MORE,
    HEAR_NOTHING,
    INTERRUPT,
    LIVE_IN,
    CONCLUDE,
    COPY_TURNS,
    LAST_TURN,
    TURNS,
    LAST_TEXT,
    SAY,
    LAST_MESSAGE,
    UNHEARD,
    TAKEN_UP,
    HEARD,
];

/// Sessions.
impl Pen<'_> {
    /// Begins a session.
    pub fn begin_session(&mut self, tenant: &TenantId, is: &SessionRow) -> Result<(), Fault> {
        let (from, at) = is.forked.unzip();
        self.execute(
            BEGIN_SESSION,
            &[
                &tenant.as_str(),
                &bytes(is.session),
                &is.agent,
                &is.title,
                &from.map(bytes),
                &at,
                &is.created_at.as_millis(),
                &is.changed_at.as_millis(),
            ],
        )
    }

    /// The session, if there is one.
    pub fn session(&self, tenant: &TenantId, session: SessionId) -> Result<Option<SessionRow>, Fault> {
        let mut statement = self.connection.prepare_cached(SESSION)?;
        Ok(statement.query_row((tenant.as_str(), bytes(session)), session_row).optional()?)
    }

    /// Lets a run take part in a session.
    pub fn join(&mut self, key: &RunKey, is: Conversation) -> Result<(), Fault> {
        let (tenant, run) = (key.tenant.as_str(), run_bytes(key.run));
        self.execute(JOIN, &[&tenant, &run, &bytes(is.session), &is.waits, &is.over, &is.interrupted])
    }

    /// The run's part in a session, if it has one.
    pub fn conversation(&self, key: &RunKey) -> Result<Option<Conversation>, Fault> {
        let mut statement = self.connection.prepare_cached(CONVERSATION)?;
        Ok(statement.query_row((key.tenant.as_str(), run_bytes(key.run)), conversation_row).optional()?)
    }

    /// The run waits for no further message.
    pub fn hear_no_more(&mut self, key: &RunKey) -> Result<(), Fault> {
        self.execute(HEAR_NO_MORE, &[&key.tenant.as_str(), &run_bytes(key.run)])
    }

    /// The run hears nothing that is said from now on.
    pub fn hear_nothing(&mut self, key: &RunKey) -> Result<(), Fault> {
        self.execute(HEAR_NOTHING, &[&key.tenant.as_str(), &run_bytes(key.run)])
    }

    /// A person breaks the run's turn off.
    pub fn interrupt(&mut self, key: &RunKey, turn: u32) -> Result<(), Fault> {
        self.execute(INTERRUPT, &[&turn, &key.tenant.as_str(), &run_bytes(key.run)])
    }

    /// Whether the turn that the run is in was broken off.
    pub fn is_interrupted(&self, key: &RunKey) -> Result<bool, Fault> {
        match self.conversation(key)? {
            // What most conversations are asked costs no look at their turns.
            Some(Conversation { session, interrupted, .. }) if interrupted > 0 => {
                Ok(interrupted > self.last_turn(&key.tenant, session)?)
            }
            _ => Ok(false),
        }
    }

    /// The run in a session that hears what is said, if there is one.
    pub fn live_in(&self, tenant: &TenantId, session: SessionId) -> Result<Option<RunId>, Fault> {
        let mut statement = self.connection.prepare_cached(LIVE_IN)?;
        Ok(statement.query_row((tenant.as_str(), bytes(session)), |row| run_from(row, 0)).optional()?)
    }

    /// Writes a concluded turn. `title` is given to a session that has none.
    pub fn conclude(
        &mut self,
        tenant: &TenantId,
        session: SessionId,
        is: &TurnRow,
        title: Option<&str>,
    ) -> Result<(), Fault> {
        self.execute(
            CONCLUDE,
            &[
                &tenant.as_str(),
                &bytes(session),
                &is.turn,
                &run_bytes(is.run),
                &is.at.as_millis(),
                &is.text,
                &is.packed,
                &is.body,
            ],
        )?;
        self.execute(TOUCH, &[&is.at.as_millis(), &title, &tenant.as_str(), &bytes(session)])
    }

    /// Copies the turns up to `turn` into another session.
    pub fn copy_turns(
        &mut self,
        tenant: &TenantId,
        (from, to): (SessionId, SessionId),
        turn: u32,
    ) -> Result<(), Fault> {
        self.execute(COPY_TURNS, &[&bytes(to), &tenant.as_str(), &bytes(from), &turn])
    }

    /// The number of the session's last turn; 0 when there is none.
    pub fn last_turn(&self, tenant: &TenantId, session: SessionId) -> Result<u32, Fault> {
        let mut statement = self.connection.prepare_cached(LAST_TURN)?;
        Ok(statement.query_row((tenant.as_str(), bytes(session)), |row| row.get(0))?)
    }

    /// The turns of the session after `after`, in order.
    pub fn turns(&self, tenant: &TenantId, session: SessionId, after: u32) -> Result<Vec<TurnRow>, Fault> {
        self.rows(TURNS, &[&tenant.as_str(), &bytes(session), &after, &i64::MAX], turn_row)
    }

    /// What the agent said at the end of the session's last turn.
    pub fn last_text(&self, tenant: &TenantId, session: SessionId) -> Result<Option<String>, Fault> {
        let mut statement = self.connection.prepare_cached(LAST_TEXT)?;
        Ok(statement.query_row((tenant.as_str(), bytes(session)), |row| row.get(0)).optional()?)
    }

    /// Puts a message into the run's inbox; says its number.
    pub fn say(&mut self, key: &RunKey, sender: &str, parts: &str, at: Timestamp) -> Result<u64, Fault> {
        let (tenant, run) = (key.tenant.as_str(), run_bytes(key.run));
        let last: i64 =
            self.connection.prepare_cached(LAST_MESSAGE)?.query_row((tenant, run), |row| row.get(0))?;
        self.execute(SAY, &[&tenant, &run, &(last + 1), &sender, &at.as_millis(), &parts])?;
        Ok((last + 1).cast_unsigned())
    }

    /// The messages that no turn has taken up, oldest first.
    pub fn unheard(&self, key: &RunKey) -> Result<Vec<InboxRow>, Fault> {
        self.rows(UNHEARD, &[&key.tenant.as_str(), &run_bytes(key.run)], inbox_row)
    }

    /// The messages that the turn has taken up, oldest first.
    pub fn taken_up(&self, key: &RunKey, turn: u32) -> Result<Vec<InboxRow>, Fault> {
        self.rows(TAKEN_UP, &[&key.tenant.as_str(), &run_bytes(key.run), &turn], inbox_row)
    }

    /// A turn has taken up the message.
    pub fn heard(&mut self, key: &RunKey, message: u64, turn: u32) -> Result<(), Fault> {
        let message = message.cast_signed();
        self.execute(HEARD, &[&turn, &key.tenant.as_str(), &run_bytes(key.run), &message])
    }
}

/// A session's id as stored.
pub(crate) fn bytes(session: SessionId) -> [u8; 16] {
    session.as_u128().to_be_bytes()
}

fn session_from(row: &Row<'_>, column: usize) -> rusqlite::Result<SessionId> {
    Ok(SessionId::from_u128(u128::from_be_bytes(row.get(column)?)))
}

pub(crate) fn session_row(row: &Row<'_>) -> rusqlite::Result<SessionRow> {
    let from: Option<[u8; 16]> = row.get(3)?;
    let from = from.map(|bytes| SessionId::from_u128(u128::from_be_bytes(bytes)));
    Ok(SessionRow {
        session: session_from(row, 0)?,
        agent: row.get(1)?,
        title: row.get(2)?,
        forked: from.zip(row.get(4)?),
        created_at: Timestamp::from_millis(row.get(5)?),
        changed_at: Timestamp::from_millis(row.get(6)?),
    })
}

pub(crate) fn conversation_row(row: &Row<'_>) -> rusqlite::Result<Conversation> {
    Ok(Conversation {
        session: session_from(row, 0)?,
        waits: row.get(1)?,
        over: row.get(2)?,
        interrupted: row.get(3)?,
    })
}

pub(crate) fn turn_row(row: &Row<'_>) -> rusqlite::Result<TurnRow> {
    Ok(TurnRow {
        turn: row.get(0)?,
        run: run_from(row, 1)?,
        at: Timestamp::from_millis(row.get(2)?),
        text: row.get(3)?,
        packed: row.get(4)?,
        body: row.get(5)?,
    })
}

pub(crate) fn inbox_row(row: &Row<'_>) -> rusqlite::Result<InboxRow> {
    Ok(InboxRow {
        message: row.get::<_, i64>(0)?.cast_unsigned(),
        sender: row.get(1)?,
        at: Timestamp::from_millis(row.get(2)?),
        parts: row.get(3)?,
        turn: row.get(4)?,
    })
}
