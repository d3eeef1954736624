-- The record of every run. All times are milliseconds since the epoch; all ids and hashes are raw bytes.

CREATE TABLE IF NOT EXISTS tenants (
    tenant     TEXT    NOT NULL PRIMARY KEY,
    created_at INTEGER NOT NULL
);

-- The catalogue: what an agent was, under the address of its content. Never changed, never reused.
CREATE TABLE IF NOT EXISTS versions (
    tenant     TEXT    NOT NULL,
    version    BLOB    NOT NULL,
    agent      TEXT    NOT NULL,
    document   TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, version)
) WITHOUT ROWID;

-- What lists and searches need of a run; the truth is in entries.
CREATE TABLE IF NOT EXISTS runs (
    tenant     TEXT    NOT NULL,
    run        BLOB    NOT NULL,
    agent      TEXT    NOT NULL,
    version    BLOB    NOT NULL,
    method     TEXT,
    status     TEXT    NOT NULL,
    reason     TEXT,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    ended_at   INTEGER,
    PRIMARY KEY (tenant, run)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS runs_by_status ON runs (tenant, status, run);

-- The journal. A rowid table: with the key as its clustering, 1 KB payloads would spill to pages of their own.
-- kind: 1 lifecycle, 2 note of a worker, 3 outcome. The payload lies apart from the envelope, which holds its hash,
-- so that erasing the one leaves the other verifiable.
CREATE TABLE IF NOT EXISTS entries (
    tenant   TEXT    NOT NULL,
    run      BLOB    NOT NULL,
    seq      INTEGER NOT NULL,
    kind     INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    envelope TEXT    NOT NULL,
    payload  BLOB
);

CREATE UNIQUE INDEX IF NOT EXISTS entries_by_seq ON entries (tenant, run, seq);

-- Attempts that are owed to a worker, or with one.
CREATE TABLE IF NOT EXISTS outbox (
    tenant  TEXT    NOT NULL,
    run     BLOB    NOT NULL,
    step    TEXT    NOT NULL,
    attempt INTEGER NOT NULL,
    claimed INTEGER NOT NULL,
    PRIMARY KEY (tenant, run, step)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS timers (
    tenant TEXT    NOT NULL,
    run    BLOB    NOT NULL,
    timer  TEXT    NOT NULL,
    due    INTEGER NOT NULL,
    PRIMARY KEY (tenant, run, timer)
) WITHOUT ROWID;

-- A repeated request finds the run that its first delivery made.
CREATE TABLE IF NOT EXISTS idempotency (
    tenant  TEXT NOT NULL,
    caller  TEXT NOT NULL,
    route   TEXT NOT NULL,
    key     TEXT NOT NULL,
    request BLOB NOT NULL,
    run     BLOB NOT NULL,
    PRIMARY KEY (tenant, caller, route, key)
) WITHOUT ROWID;

-- Every call that leaves an agent, and each try of it upstream.
CREATE TABLE IF NOT EXISTS effects (
    tenant      TEXT    NOT NULL,
    run         BLOB    NOT NULL,
    effect      BLOB    NOT NULL,
    step        TEXT    NOT NULL,
    attempt     INTEGER NOT NULL,
    route       TEXT    NOT NULL,
    key         BLOB    NOT NULL,
    occurrence  INTEGER NOT NULL,
    state       TEXT    NOT NULL,
    owner       TEXT,
    request     TEXT    NOT NULL,
    response    TEXT,
    intended_at INTEGER NOT NULL,
    settled_at  INTEGER,
    PRIMARY KEY (tenant, run, effect)
) WITHOUT ROWID;

CREATE UNIQUE INDEX IF NOT EXISTS effects_by_key ON effects (tenant, run, step, route, key, occurrence);

CREATE TABLE IF NOT EXISTS tries (
    tenant   TEXT    NOT NULL,
    run      BLOB    NOT NULL,
    effect   BLOB    NOT NULL,
    try      INTEGER NOT NULL,
    state    TEXT    NOT NULL,
    charged  TEXT,
    began_at INTEGER NOT NULL,
    ended_at INTEGER,
    PRIMARY KEY (tenant, run, effect, try)
) WITHOUT ROWID;

-- Large values. A row is pinned before its file is written and kept once a run refers to it.
CREATE TABLE IF NOT EXISTS blobs (
    tenant     TEXT    NOT NULL,
    hash       BLOB    NOT NULL,
    size       INTEGER NOT NULL,
    pinned_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant, hash)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS blob_references (
    tenant TEXT NOT NULL,
    hash   BLOB NOT NULL,
    run    BLOB NOT NULL,
    PRIMARY KEY (tenant, hash, run)
) WITHOUT ROWID;
