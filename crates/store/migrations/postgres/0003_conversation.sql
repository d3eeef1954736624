-- Conversations: what is asked of people, what is said, and which run started which.

-- One question to a person. arguments are those that were asked for, executed those that a person put in their place.
CREATE TABLE IF NOT EXISTS gates (
    tenant      TEXT    NOT NULL,
    gate        BYTEA    NOT NULL,
    hash        BYTEA    NOT NULL,
    run         BYTEA    NOT NULL,
    step        TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    tool        TEXT,
    arguments   TEXT,
    question    TEXT,
    choices     TEXT,
    why         TEXT,
    shape       TEXT,
    effect      BYTEA,
    opened_at   BIGINT NOT NULL,
    deadline    BIGINT,
    fallback    TEXT    NOT NULL,
    escalate_at BIGINT,
    escalate_to TEXT,
    state       TEXT    NOT NULL,
    action      TEXT,
    answerer    TEXT,
    message     TEXT,
    executed    TEXT,
    remembered  TEXT,
    settled_at  BIGINT,
    PRIMARY KEY (tenant, gate)
);

CREATE INDEX IF NOT EXISTS gates_by_state ON gates (tenant, state, opened_at, gate);
CREATE INDEX IF NOT EXISTS gates_by_run ON gates (tenant, run, state);
CREATE INDEX IF NOT EXISTS gates_by_time ON gates (tenant, opened_at, gate);

-- Calls that need no further approval in a session, each a pattern.
CREATE TABLE IF NOT EXISTS remembered (
    tenant  TEXT    NOT NULL,
    session BYTEA    NOT NULL,
    pattern TEXT    NOT NULL,
    allowed_by TEXT NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (tenant, session, pattern)
);

CREATE TABLE IF NOT EXISTS sessions (
    tenant      TEXT    NOT NULL,
    session     BYTEA    NOT NULL,
    agent       TEXT    NOT NULL,
    title       TEXT,
    forked_from BYTEA,
    forked_at   BIGINT,
    created_at  BIGINT NOT NULL,
    changed_at  BIGINT NOT NULL,
    PRIMARY KEY (tenant, session)
);

-- Which runs were held in which session, whether they wait for further messages, whether they hear any more, and the
-- last turn that a person broke off (0 when there is none).
CREATE TABLE IF NOT EXISTS conversations (
    tenant      TEXT   NOT NULL,
    run         BYTEA  NOT NULL,
    session     BYTEA  NOT NULL,
    waits       BIGINT NOT NULL,
    over        BIGINT NOT NULL,
    interrupted BIGINT NOT NULL,
    PRIMARY KEY (tenant, run)
);

CREATE INDEX IF NOT EXISTS conversations_by_session ON conversations (tenant, session, run);

-- What was said in each concluded turn: a packed list of messages. Never changed.
CREATE TABLE IF NOT EXISTS turns (
    tenant  TEXT    NOT NULL,
    session BYTEA    NOT NULL,
    turn    BIGINT NOT NULL,
    run     BYTEA    NOT NULL,
    at      BIGINT NOT NULL,
    text    TEXT    NOT NULL,
    packed  BIGINT NOT NULL,
    body    BYTEA    NOT NULL
);

CREATE UNIQUE INDEX IF NOT EXISTS turns_by_number ON turns (tenant, session, turn);

-- Messages to a run. turn is the one that took it up.
CREATE TABLE IF NOT EXISTS inbox (
    tenant  TEXT    NOT NULL,
    run     BYTEA    NOT NULL,
    message BIGINT NOT NULL,
    sender  TEXT    NOT NULL,
    at      BIGINT NOT NULL,
    parts   TEXT    NOT NULL,
    turn    BIGINT,
    PRIMARY KEY (tenant, run, message)
);

-- Runs that runs started. Such a run is ended with the one that started it.
CREATE TABLE IF NOT EXISTS children (
    tenant TEXT    NOT NULL,
    parent BYTEA    NOT NULL,
    child  BYTEA    NOT NULL,
    effect BYTEA    NOT NULL,
    PRIMARY KEY (tenant, parent, child)
);
