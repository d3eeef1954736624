-- The record of every run. All times are milliseconds since the epoch; all ids and hashes are raw bytes.

CREATE TABLE IF NOT EXISTS tenants (
    tenant     TEXT    NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL
);

-- The catalogue: what an agent was, under the address of its content. Never changed, never reused.
CREATE TABLE IF NOT EXISTS versions (
    tenant     TEXT    NOT NULL,
    version    BYTEA    NOT NULL,
    agent      TEXT    NOT NULL,
    document   TEXT    NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, version)
);

-- What lists and searches need of a run; the truth is in entries.
CREATE TABLE IF NOT EXISTS runs (
    tenant     TEXT    NOT NULL,
    run        BYTEA    NOT NULL,
    agent      TEXT    NOT NULL,
    version    BYTEA    NOT NULL,
    method     TEXT,
    status     TEXT    NOT NULL,
    reason     TEXT,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    ended_at   BIGINT,
    PRIMARY KEY (tenant, run)
);

CREATE INDEX IF NOT EXISTS runs_by_status ON runs (tenant, status, run);

-- The journal.
-- kind: 1 lifecycle, 2 note of a worker, 3 outcome. The payload lies apart from the envelope, which holds its hash,
-- so that erasing the one leaves the other verifiable.
CREATE TABLE IF NOT EXISTS entries (
    tenant   TEXT    NOT NULL,
    run      BYTEA    NOT NULL,
    seq      BIGINT NOT NULL,
    kind     BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    envelope TEXT    NOT NULL,
    payload  BYTEA
);

CREATE UNIQUE INDEX IF NOT EXISTS entries_by_seq ON entries (tenant, run, seq);

-- Attempts that are owed to a worker, or with one.
CREATE TABLE IF NOT EXISTS outbox (
    tenant  TEXT    NOT NULL,
    run     BYTEA    NOT NULL,
    step    TEXT    NOT NULL,
    attempt BIGINT NOT NULL,
    claimed BIGINT NOT NULL,
    PRIMARY KEY (tenant, run, step)
);

CREATE TABLE IF NOT EXISTS timers (
    tenant TEXT    NOT NULL,
    run    BYTEA    NOT NULL,
    timer  TEXT    NOT NULL,
    due    BIGINT NOT NULL,
    PRIMARY KEY (tenant, run, timer)
);

-- A repeated request finds the run that its first delivery made.
CREATE TABLE IF NOT EXISTS idempotency (
    tenant  TEXT NOT NULL,
    caller  TEXT NOT NULL,
    route   TEXT NOT NULL,
    key     TEXT NOT NULL,
    request BYTEA NOT NULL,
    run     BYTEA NOT NULL,
    PRIMARY KEY (tenant, caller, route, key)
);

-- Every call that leaves an agent, and each try of it upstream.
CREATE TABLE IF NOT EXISTS effects (
    tenant      TEXT    NOT NULL,
    run         BYTEA    NOT NULL,
    effect      BYTEA    NOT NULL,
    step        TEXT    NOT NULL,
    attempt     BIGINT NOT NULL,
    route       TEXT    NOT NULL,
    key         BYTEA    NOT NULL,
    occurrence  BIGINT NOT NULL,
    state       TEXT    NOT NULL,
    owner       TEXT,
    request     TEXT    NOT NULL,
    response    TEXT,
    intended_at BIGINT NOT NULL,
    settled_at  BIGINT,
    PRIMARY KEY (tenant, run, effect)
);

CREATE UNIQUE INDEX IF NOT EXISTS effects_by_key ON effects (tenant, run, step, route, key, occurrence);

CREATE TABLE IF NOT EXISTS tries (
    tenant   TEXT    NOT NULL,
    run      BYTEA    NOT NULL,
    effect   BYTEA    NOT NULL,
    try      BIGINT NOT NULL,
    state    TEXT    NOT NULL,
    charged  TEXT,
    began_at BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (tenant, run, effect, try)
);

-- Large values. A row is pinned before its file is written and kept once a run refers to it.
CREATE TABLE IF NOT EXISTS blobs (
    tenant     TEXT    NOT NULL,
    hash       BYTEA    NOT NULL,
    size       BIGINT NOT NULL,
    pinned_at  BIGINT NOT NULL,
    PRIMARY KEY (tenant, hash)
);

CREATE TABLE IF NOT EXISTS blob_references (
    tenant TEXT NOT NULL,
    hash   BYTEA NOT NULL,
    run    BYTEA NOT NULL,
    PRIMARY KEY (tenant, hash, run)
);
