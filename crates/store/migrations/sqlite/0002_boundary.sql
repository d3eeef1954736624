-- What leaves agents: effects, their tries, what was said, and what it cost. The tables of that name in 0001 were never
-- written; these replace them. outbox.claimed now holds the number of the ticket, 0 for none.

DROP TABLE IF EXISTS tries;
DROP TABLE IF EXISTS effects;

-- Every call that leaves an agent. request and answer are JSON documents; bodies lie in bodies and messages.
CREATE TABLE IF NOT EXISTS effects (
    tenant      TEXT    NOT NULL,
    run         BLOB    NOT NULL,
    effect      BLOB    NOT NULL,
    step        TEXT    NOT NULL,
    attempt     INTEGER NOT NULL,
    route       TEXT    NOT NULL,
    key         BLOB    NOT NULL,
    occurrence  INTEGER NOT NULL,
    near        BLOB    NOT NULL,
    parent      BLOB    NOT NULL,
    previous    BLOB,
    own         BLOB    NOT NULL,
    model       TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    retryable   INTEGER NOT NULL,
    irreversible INTEGER NOT NULL,
    superseded  INTEGER NOT NULL,
    delivered   INTEGER NOT NULL,
    tries       INTEGER NOT NULL,
    owner       BLOB    NOT NULL,
    request     TEXT    NOT NULL,
    answer      TEXT,
    intended_at INTEGER NOT NULL,
    settled_at  INTEGER,
    PRIMARY KEY (tenant, run, effect)
) WITHOUT ROWID;

CREATE UNIQUE INDEX IF NOT EXISTS effects_by_key ON effects (tenant, run, step, route, key, occurrence);

-- What a conversation went on with, and what else was asked at the same place of it.
CREATE INDEX IF NOT EXISTS effects_by_previous ON effects (run, previous);
CREATE INDEX IF NOT EXISTS effects_by_parent ON effects (run, parent);

-- Effects that nobody has settled: few at any time, looked for at every start and at the end of every run.
CREATE INDEX IF NOT EXISTS effects_open ON effects (tenant, run) WHERE state = 'intended';

-- Each sending of an effect to a provider, and what it was charged. held_* is what was set aside for it. Ids of effects
-- grow with time: without the run before them, what many live runs write lies side by side at the edge of the index.
CREATE TABLE IF NOT EXISTS tries (
    tenant                TEXT    NOT NULL,
    run                   BLOB    NOT NULL,
    effect                BLOB    NOT NULL,
    try                   INTEGER NOT NULL,
    agent                 TEXT    NOT NULL,
    provider              TEXT    NOT NULL,
    state                 TEXT    NOT NULL,
    response              TEXT,
    held_tokens           INTEGER NOT NULL,
    held_cost             INTEGER NOT NULL,
    input_tokens          INTEGER NOT NULL DEFAULT 0,
    output_tokens         INTEGER NOT NULL DEFAULT 0,
    cache_read_tokens     INTEGER NOT NULL DEFAULT 0,
    cache_creation_tokens INTEGER NOT NULL DEFAULT 0,
    cost                  INTEGER NOT NULL DEFAULT 0,
    began_at              INTEGER NOT NULL,
    ended_at              INTEGER,
    PRIMARY KEY (tenant, effect, try)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS tries_open ON tries (tenant, run) WHERE state = 'intended';

-- Which recorded effects later attempts were given, and whether they got all of it. The attempt that made an effect is
-- in effects itself.
CREATE TABLE IF NOT EXISTS served (
    tenant    TEXT    NOT NULL,
    run       BLOB    NOT NULL,
    step      TEXT    NOT NULL,
    attempt   INTEGER NOT NULL,
    effect    BLOB    NOT NULL,
    delivered INTEGER NOT NULL,
    replayed  INTEGER NOT NULL,
    PRIMARY KEY (tenant, run, effect, attempt)
) WITHOUT ROWID;

-- The elements of requests, each stored once a run however often it is sent: a chain, each named by the hash of itself
-- and all before it. What a request holds beside them is a chain of one.
CREATE TABLE IF NOT EXISTS messages (
    tenant TEXT    NOT NULL,
    run    BLOB    NOT NULL,
    node   BLOB    NOT NULL,
    before BLOB,
    packed INTEGER NOT NULL,
    body   BLOB    NOT NULL
);

CREATE UNIQUE INDEX IF NOT EXISTS messages_by_node ON messages (tenant, run, node);

-- The answers of effects, packed. A row with a hash and no body has it as a blob.
CREATE TABLE IF NOT EXISTS bodies (
    tenant TEXT    NOT NULL,
    run    BLOB    NOT NULL,
    effect BLOB    NOT NULL,
    packed INTEGER NOT NULL,
    size   INTEGER NOT NULL,
    hash   BLOB,
    body   BLOB
);

CREATE UNIQUE INDEX IF NOT EXISTS bodies_by_effect ON bodies (tenant, effect);

-- What was spent and what is set aside, for every scope, meter and window that has a limit.
CREATE TABLE IF NOT EXISTS accounts (
    tenant   TEXT    NOT NULL,
    scope    TEXT    NOT NULL,
    meter    TEXT    NOT NULL,
    span     TEXT    NOT NULL,
    start_at INTEGER NOT NULL,
    settled  INTEGER NOT NULL,
    held     INTEGER NOT NULL,
    PRIMARY KEY (tenant, scope, meter, span, start_at)
) WITHOUT ROWID;

-- The limits that single runs were given; those of tenants and agents are settings.
CREATE TABLE IF NOT EXISTS limits (
    tenant TEXT    NOT NULL,
    run    BLOB    NOT NULL,
    meter  TEXT    NOT NULL,
    most   INTEGER NOT NULL,
    policy TEXT    NOT NULL,
    PRIMARY KEY (tenant, run, meter)
) WITHOUT ROWID;
