-- Conversations: what is asked of people, what is said, and which run started which.

-- One question to a person. arguments are those that were asked for, executed those that a person put in their place.
CREATE TABLE IF NOT EXISTS gates (
    tenant      TEXT    NOT NULL,
    gate        BLOB    NOT NULL,
    hash        BLOB    NOT NULL,
    run         BLOB    NOT NULL,
    step        TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    tool        TEXT,
    arguments   TEXT,
    question    TEXT,
    choices     TEXT,
    why         TEXT,
    shape       TEXT,
    effect      BLOB,
    opened_at   INTEGER NOT NULL,
    deadline    INTEGER,
    fallback    TEXT    NOT NULL,
    escalate_at INTEGER,
    escalate_to TEXT,
    state       TEXT    NOT NULL,
    action      TEXT,
    answerer    TEXT,
    message     TEXT,
    executed    TEXT,
    remembered  TEXT,
    settled_at  INTEGER,
    PRIMARY KEY (tenant, gate)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS gates_by_state ON gates (tenant, state, opened_at, gate);
CREATE INDEX IF NOT EXISTS gates_by_run ON gates (tenant, run, state);
CREATE INDEX IF NOT EXISTS gates_by_time ON gates (tenant, opened_at, gate);

-- Calls that need no further approval in a session, each a pattern.
CREATE TABLE IF NOT EXISTS remembered (
    tenant  TEXT    NOT NULL,
    session BLOB    NOT NULL,
    pattern TEXT    NOT NULL,
    allowed_by TEXT NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (tenant, session, pattern)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS sessions (
    tenant      TEXT    NOT NULL,
    session     BLOB    NOT NULL,
    agent       TEXT    NOT NULL,
    title       TEXT,
    forked_from BLOB,
    forked_at   INTEGER,
    created_at  INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant, session)
) WITHOUT ROWID;

-- Which runs were held in which session, whether they wait for further messages, whether they hear any more, and the
-- last turn that a person broke off (0 when there is none).
CREATE TABLE IF NOT EXISTS conversations (
    tenant      TEXT    NOT NULL,
    run         BLOB    NOT NULL,
    session     BLOB    NOT NULL,
    waits       INTEGER NOT NULL,
    over        INTEGER NOT NULL,
    interrupted INTEGER NOT NULL,
    PRIMARY KEY (tenant, run)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS conversations_by_session ON conversations (tenant, session, run);

-- What was said in each concluded turn: a packed list of messages. Never changed.
CREATE TABLE IF NOT EXISTS turns (
    tenant  TEXT    NOT NULL,
    session BLOB    NOT NULL,
    turn    INTEGER NOT NULL,
    run     BLOB    NOT NULL,
    at      INTEGER NOT NULL,
    text    TEXT    NOT NULL,
    packed  INTEGER NOT NULL,
    body    BLOB    NOT NULL
);

CREATE UNIQUE INDEX IF NOT EXISTS turns_by_number ON turns (tenant, session, turn);

-- Messages to a run. turn is the one that took it up.
CREATE TABLE IF NOT EXISTS inbox (
    tenant  TEXT    NOT NULL,
    run     BLOB    NOT NULL,
    message INTEGER NOT NULL,
    sender  TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    parts   TEXT    NOT NULL,
    turn    INTEGER,
    PRIMARY KEY (tenant, run, message)
) WITHOUT ROWID;

-- Runs that runs started. Such a run is ended with the one that started it.
CREATE TABLE IF NOT EXISTS children (
    tenant TEXT    NOT NULL,
    parent BLOB    NOT NULL,
    child  BLOB    NOT NULL,
    effect BLOB    NOT NULL,
    PRIMARY KEY (tenant, parent, child)
) WITHOUT ROWID;
