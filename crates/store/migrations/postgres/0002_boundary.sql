-- What leaves agents: effects, their tries, what was said, and what it cost. The tables of that name in 0001 were never
-- written; these replace them. outbox.claimed now holds the number of the ticket, 0 for none.

DROP TABLE IF EXISTS tries;
DROP TABLE IF EXISTS effects;

-- Every call that leaves an agent. request and answer are JSON documents; bodies lie in bodies and messages.
CREATE TABLE IF NOT EXISTS effects (
    tenant      TEXT    NOT NULL,
    run         BYTEA    NOT NULL,
    effect      BYTEA    NOT NULL,
    step        TEXT    NOT NULL,
    attempt     BIGINT NOT NULL,
    route       TEXT    NOT NULL,
    key         BYTEA    NOT NULL,
    occurrence  BIGINT NOT NULL,
    near        BYTEA    NOT NULL,
    parent      BYTEA    NOT NULL,
    previous    BYTEA,
    own         BYTEA    NOT NULL,
    model       TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    retryable   BIGINT NOT NULL,
    irreversible BIGINT NOT NULL,
    superseded  BIGINT NOT NULL,
    delivered   BIGINT NOT NULL,
    tries       BIGINT NOT NULL,
    owner       BYTEA    NOT NULL,
    request     TEXT    NOT NULL,
    answer      TEXT,
    intended_at BIGINT NOT NULL,
    settled_at  BIGINT,
    PRIMARY KEY (tenant, run, effect)
);

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
    run                   BYTEA    NOT NULL,
    effect                BYTEA    NOT NULL,
    try                   BIGINT NOT NULL,
    agent                 TEXT    NOT NULL,
    provider              TEXT    NOT NULL,
    state                 TEXT    NOT NULL,
    response              TEXT,
    held_tokens           BIGINT NOT NULL,
    held_cost             BIGINT NOT NULL,
    input_tokens          BIGINT NOT NULL DEFAULT 0,
    output_tokens         BIGINT NOT NULL DEFAULT 0,
    cache_read_tokens     BIGINT NOT NULL DEFAULT 0,
    cache_creation_tokens BIGINT NOT NULL DEFAULT 0,
    cost                  BIGINT NOT NULL DEFAULT 0,
    began_at              BIGINT NOT NULL,
    ended_at              BIGINT,
    PRIMARY KEY (tenant, effect, try)
);

CREATE INDEX IF NOT EXISTS tries_open ON tries (tenant, run) WHERE state = 'intended';

-- Which recorded effects later attempts were given, and whether they got all of it. The attempt that made an effect is
-- in effects itself.
CREATE TABLE IF NOT EXISTS served (
    tenant    TEXT    NOT NULL,
    run       BYTEA    NOT NULL,
    step      TEXT    NOT NULL,
    attempt   BIGINT NOT NULL,
    effect    BYTEA    NOT NULL,
    delivered BIGINT NOT NULL,
    replayed  BIGINT NOT NULL,
    PRIMARY KEY (tenant, run, effect, attempt)
);

-- The elements of requests, each stored once a run however often it is sent: a chain, each named by the hash of itself
-- and all before it. What a request holds beside them is a chain of one.
CREATE TABLE IF NOT EXISTS messages (
    tenant TEXT    NOT NULL,
    run    BYTEA    NOT NULL,
    node   BYTEA    NOT NULL,
    before BYTEA,
    packed BIGINT NOT NULL,
    body   BYTEA    NOT NULL
);

CREATE UNIQUE INDEX IF NOT EXISTS messages_by_node ON messages (tenant, run, node);

-- The answers of effects, packed. A row with a hash and no body has it as a blob.
CREATE TABLE IF NOT EXISTS bodies (
    tenant TEXT    NOT NULL,
    run    BYTEA    NOT NULL,
    effect BYTEA    NOT NULL,
    packed BIGINT NOT NULL,
    size   BIGINT NOT NULL,
    hash   BYTEA,
    body   BYTEA
);

CREATE UNIQUE INDEX IF NOT EXISTS bodies_by_effect ON bodies (tenant, effect);

-- What was spent and what is set aside, for every scope, meter and window that has a limit.
CREATE TABLE IF NOT EXISTS accounts (
    tenant   TEXT    NOT NULL,
    scope    TEXT    NOT NULL,
    meter    TEXT    NOT NULL,
    span     TEXT    NOT NULL,
    start_at BIGINT NOT NULL,
    settled  BIGINT NOT NULL,
    held     BIGINT NOT NULL,
    PRIMARY KEY (tenant, scope, meter, span, start_at)
);

-- The limits that single runs were given; those of tenants and agents are settings.
CREATE TABLE IF NOT EXISTS limits (
    tenant TEXT    NOT NULL,
    run    BYTEA    NOT NULL,
    meter  TEXT    NOT NULL,
    most   BIGINT NOT NULL,
    policy TEXT    NOT NULL,
    PRIMARY KEY (tenant, run, meter)
);
