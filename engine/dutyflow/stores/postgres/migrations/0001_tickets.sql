-- Tickets with their events, what is due, what waits to be sent, and the rulebooks they run under.
-- Moments are microseconds since 1970 in UTC. Records are canonical JSON as TEXT: JSONB would not give back the same
-- bytes, and the hashes are over bytes. Names are compared byte by byte ("C"), as Python and SQLite compare them.

-- A ticket as it stands. `no` is the order of opening, `head` the hash of its last event.
CREATE TABLE tickets (
    no          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id          TEXT COLLATE "C" NOT NULL UNIQUE,
    book        TEXT COLLATE "C" NOT NULL,
    workflow    TEXT COLLATE "C" NOT NULL,
    opened_at   BIGINT NOT NULL,
    rules       TEXT COLLATE "C" NOT NULL,
    state       TEXT COLLATE "C" NOT NULL,
    seq         BIGINT NOT NULL,
    role        TEXT COLLATE "C",
    member      TEXT COLLATE "C",
    department  TEXT COLLATE "C",
    number      TEXT COLLATE "C",
    outcome     TEXT COLLATE "C",
    changed_at  BIGINT NOT NULL,
    due_at      BIGINT NOT NULL,
    breached    BIGINT NOT NULL,
    closed      SMALLINT NOT NULL,
    text        TEXT COLLATE "C" NOT NULL,
    head        TEXT COLLATE "C" NOT NULL,
    body        TEXT COLLATE "C" NOT NULL
);
CREATE INDEX tickets_by_state ON tickets (book, workflow, state, no);
CREATE INDEX open_by_due ON tickets (due_at, no) WHERE closed = 0;
CREATE INDEX open_by_role ON tickets (role, due_at, no) WHERE closed = 0;
CREATE INDEX open_by_member ON tickets (member, due_at, no) WHERE closed = 0 AND member IS NOT NULL;
CREATE INDEX open_by_department ON tickets (department, due_at, no) WHERE closed = 0 AND department IS NOT NULL;
CREATE INDEX open_by_workflow ON tickets (book, workflow, due_at, no) WHERE closed = 0;
CREATE INDEX open_by_state ON tickets (book, workflow, state, due_at, no) WHERE closed = 0;
CREATE INDEX open_breached ON tickets (due_at, no) WHERE closed = 0 AND breached > 0;

-- The history. Numbers are given out before a transaction commits, so `no` alone is not the order in which events
-- appear; (tx, no) is, for whoever looks only at transactions older than all that are still running.
CREATE TABLE events (
    tx      BIGINT NOT NULL,
    no      BIGINT GENERATED ALWAYS AS IDENTITY,
    ticket  TEXT COLLATE "C" NOT NULL,
    seq     BIGINT NOT NULL,
    body    TEXT COLLATE "C" NOT NULL,
    hash    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (ticket, seq)
);
CREATE INDEX events_by_position ON events (tx, no);

-- What is added to PostgreSQL's transaction numbers, which start anew where a dump is restored: one row.
CREATE TABLE epoch (
    one     BOOLEAN PRIMARY KEY DEFAULT true CHECK (one),
    tx_sum  BIGINT NOT NULL
);
INSERT INTO epoch (tx_sum) VALUES (0);

-- When something next happens to a ticket by itself: one narrow row a ticket.
CREATE TABLE due (
    ticket        TEXT COLLATE "C" PRIMARY KEY,
    at            BIGINT NOT NULL,
    leased_until  BIGINT NOT NULL DEFAULT 0
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX due_by_moment ON due (at, ticket);

-- The field values by which sets and duplicates find tickets, for the fields in `filed_fields`.
CREATE TABLE filed_fields (
    book      TEXT COLLATE "C" NOT NULL,
    workflow  TEXT COLLATE "C" NOT NULL,
    field     TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (book, workflow, field)
);
CREATE TABLE filed (
    book      TEXT COLLATE "C" NOT NULL,
    workflow  TEXT COLLATE "C" NOT NULL,
    field     TEXT COLLATE "C" NOT NULL,
    value     TEXT COLLATE "C" NOT NULL,
    ticket    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (book, workflow, field, value, ticket)
);

-- How many tickets stand alike; kept in step with every commit. Each connection counts in a slot of its own, so that
-- commits need not wait for each other; the sum over the slots is the count.
CREATE TABLE counts (
    book      TEXT COLLATE "C" NOT NULL,
    workflow  TEXT COLLATE "C" NOT NULL,
    state     TEXT COLLATE "C" NOT NULL,
    role      TEXT COLLATE "C" NOT NULL,
    closed    SMALLINT NOT NULL,
    breached  SMALLINT NOT NULL,
    slot      SMALLINT NOT NULL,
    count     BIGINT NOT NULL,
    PRIMARY KEY (book, workflow, state, role, closed, breached, slot)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);

-- Every command that was asked, refused ones included.
CREATE TABLE asked (
    no        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        BIGINT NOT NULL,
    ticket    TEXT COLLATE "C",
    workflow  TEXT COLLATE "C" NOT NULL,
    actor     TEXT COLLATE "C" NOT NULL,
    event     TEXT COLLATE "C" NOT NULL,
    reason    TEXT COLLATE "C",
    denial    TEXT COLLATE "C"
);
CREATE INDEX asked_of_ticket ON asked (ticket, no);

-- What was answered under an idempotency key.
CREATE TABLE answers (
    key          TEXT COLLATE "C" PRIMARY KEY,
    fingerprint  TEXT COLLATE "C" NOT NULL,
    body         TEXT COLLATE "C" NOT NULL
);

-- Messages to people: waiting, delivered or dead.
CREATE TABLE outbox (
    no            BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id            TEXT COLLATE "C" NOT NULL UNIQUE,
    ticket        TEXT COLLATE "C" NOT NULL,
    workflow      TEXT COLLATE "C" NOT NULL,
    rules         TEXT COLLATE "C" NOT NULL,
    kind          TEXT COLLATE "C" NOT NULL,
    body          TEXT COLLATE "C" NOT NULL,
    due_at        BIGINT,
    try_at        BIGINT NOT NULL,
    status        TEXT COLLATE "C" NOT NULL DEFAULT 'waiting',
    attempts      BIGINT NOT NULL DEFAULT 0,
    taken_by      TEXT COLLATE "C" NOT NULL DEFAULT '[]',
    problem       TEXT COLLATE "C",
    leased_until  BIGINT NOT NULL DEFAULT 0
) WITH (autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX outbox_waiting ON outbox (try_at, no) WHERE status = 'waiting';
CREATE INDEX outbox_by_status ON outbox (status, no);

-- The last record number of each series.
CREATE TABLE numbers (
    series  TEXT COLLATE "C" PRIMARY KEY,
    last    BIGINT NOT NULL
);

-- When each schedule comes up next; NULL when it has ended.
CREATE TABLE turns (
    book     TEXT COLLATE "C" NOT NULL,
    name     TEXT COLLATE "C" NOT NULL,
    next_at  BIGINT,
    PRIMARY KEY (book, name)
);

-- The sources of every published version, and what was published when; the newest of a name is its last publication.
CREATE TABLE rulebooks (
    version  TEXT COLLATE "C" PRIMARY KEY,
    book     TEXT COLLATE "C" NOT NULL,
    bundle   BYTEA NOT NULL
);
CREATE TABLE publications (
    no       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    book     TEXT COLLATE "C" NOT NULL,
    version  TEXT COLLATE "C" NOT NULL,
    at       BIGINT NOT NULL
);

-- Fails the statement, and with it everything that the statement has written.
CREATE FUNCTION must(held BOOLEAN, why TEXT) RETURNS BOOLEAN LANGUAGE plpgsql AS $$
BEGIN
    IF held THEN
        RETURN true;
    END IF;
    RAISE EXCEPTION '%', why USING ERRCODE = 'DF001';
END
$$;

-- Locks workflows for searching in them: until the end of the transaction nobody else commits tickets of theirs.
CREATE FUNCTION watch(workflows BIGINT[]) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    workflow BIGINT;
BEGIN
    FOREACH workflow IN ARRAY workflows LOOP
        PERFORM pg_advisory_xact_lock(workflow);
    END LOOP;
END
$$;

-- Locks workflows for changing tickets of theirs, and makes sure that the fields by which tickets are filed are still
-- those that the writer knows. A volatile function sees what was committed while it waited for the locks; a plain
-- subquery would see what its statement saw at first.
CREATE FUNCTION enter(workflows BIGINT[], fields BIGINT) RETURNS BOOLEAN LANGUAGE plpgsql AS $$
DECLARE
    workflow BIGINT;
BEGIN
    FOREACH workflow IN ARRAY workflows LOOP
        PERFORM pg_advisory_xact_lock_shared(workflow);
    END LOOP;
    RETURN dutyflow.must(
        (SELECT count(*) FROM dutyflow.filed_fields) = fields, 'Tickets are filed by more fields than before.');
END
$$;
