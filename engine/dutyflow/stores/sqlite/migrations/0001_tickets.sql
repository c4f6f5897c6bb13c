-- Tickets with their events, what is due, what waits to be sent, and the rulebooks they run under.
-- Moments are microseconds since 1970 in UTC; records are canonical JSON.

-- A ticket as it stands. `no` is the order of opening, `head` the hash of its last event.
CREATE TABLE tickets (
    no          INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    book        TEXT NOT NULL,
    workflow    TEXT NOT NULL,
    opened_at   INTEGER NOT NULL,
    rules       TEXT NOT NULL,
    state       TEXT NOT NULL,
    seq         INTEGER NOT NULL,
    role        TEXT,
    member      TEXT,
    department  TEXT,
    number      TEXT,
    outcome     TEXT,
    changed_at  INTEGER NOT NULL,
    due_at      INTEGER NOT NULL,
    breached    INTEGER NOT NULL,
    closed      INTEGER NOT NULL,
    text        TEXT NOT NULL,
    head        TEXT NOT NULL,
    body        BLOB NOT NULL
);
CREATE INDEX tickets_by_state ON tickets (book, workflow, state, no);
CREATE INDEX open_by_due ON tickets (due_at, no) WHERE closed = 0;
CREATE INDEX open_by_role ON tickets (role, due_at, no) WHERE closed = 0;
CREATE INDEX open_by_member ON tickets (member, due_at, no) WHERE closed = 0 AND member IS NOT NULL;
CREATE INDEX open_by_department ON tickets (department, due_at, no) WHERE closed = 0 AND department IS NOT NULL;
CREATE INDEX open_by_workflow ON tickets (book, workflow, due_at, no) WHERE closed = 0;
CREATE INDEX open_by_state ON tickets (book, workflow, state, due_at, no) WHERE closed = 0;
CREATE INDEX open_breached ON tickets (due_at, no) WHERE closed = 0 AND breached > 0;

-- The history. `no` is the order in which all events were kept.
CREATE TABLE events (
    no      INTEGER PRIMARY KEY,
    ticket  TEXT NOT NULL,
    seq     INTEGER NOT NULL,
    body    BLOB NOT NULL,
    hash    TEXT NOT NULL
);
CREATE UNIQUE INDEX events_of_ticket ON events (ticket, seq);

-- When something next happens to a ticket by itself: one narrow row a ticket.
CREATE TABLE due (
    ticket        TEXT PRIMARY KEY,
    at            INTEGER NOT NULL,
    leased_until  INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX due_by_moment ON due (at, ticket);

-- The field values by which sets and duplicates find tickets, for the fields in `filed_fields`.
CREATE TABLE filed_fields (
    book      TEXT NOT NULL,
    workflow  TEXT NOT NULL,
    field     TEXT NOT NULL,
    PRIMARY KEY (book, workflow, field)
) WITHOUT ROWID;
CREATE TABLE filed (
    book      TEXT NOT NULL,
    workflow  TEXT NOT NULL,
    field     TEXT NOT NULL,
    value     TEXT NOT NULL,
    ticket    TEXT NOT NULL,
    PRIMARY KEY (book, workflow, field, value, ticket)
) WITHOUT ROWID;

-- How many tickets stand alike; kept in step with every commit.
CREATE TABLE counts (
    book      TEXT NOT NULL,
    workflow  TEXT NOT NULL,
    state     TEXT NOT NULL,
    role      TEXT NOT NULL,
    closed    INTEGER NOT NULL,
    breached  INTEGER NOT NULL,
    count     INTEGER NOT NULL,
    PRIMARY KEY (book, workflow, state, role, closed, breached)
) WITHOUT ROWID;

-- Every command that was asked, refused ones included.
CREATE TABLE asked (
    no        INTEGER PRIMARY KEY,
    at        INTEGER NOT NULL,
    ticket    TEXT,
    workflow  TEXT NOT NULL,
    actor     TEXT NOT NULL,
    event     TEXT NOT NULL,
    reason    TEXT,
    denial    BLOB
);
CREATE INDEX asked_of_ticket ON asked (ticket, no);

-- What was answered under an idempotency key.
CREATE TABLE answers (
    key          TEXT PRIMARY KEY,
    fingerprint  TEXT NOT NULL,
    body         BLOB NOT NULL
) WITHOUT ROWID;

-- Messages to people: waiting, delivered or dead. A `no` is never given again, not even when its message is forgotten:
-- whoever reads page by page goes on after a number.
CREATE TABLE outbox (
    no            INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT NOT NULL UNIQUE,
    ticket        TEXT NOT NULL,
    workflow      TEXT NOT NULL,
    rules         TEXT NOT NULL,
    kind          TEXT NOT NULL,
    body          BLOB NOT NULL,
    due_at        INTEGER,
    try_at        INTEGER NOT NULL,
    status        TEXT NOT NULL DEFAULT 'waiting',
    attempts      INTEGER NOT NULL DEFAULT 0,
    taken_by      TEXT NOT NULL DEFAULT '[]',
    problem       TEXT,
    leased_until  INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX outbox_waiting ON outbox (try_at, no) WHERE status = 'waiting';
CREATE INDEX outbox_by_status ON outbox (status, no);

-- The last record number of each series.
CREATE TABLE numbers (
    series  TEXT PRIMARY KEY,
    last    INTEGER NOT NULL
) WITHOUT ROWID;

-- When each schedule comes up next; NULL when it has ended.
CREATE TABLE turns (
    book     TEXT NOT NULL,
    name     TEXT NOT NULL,
    next_at  INTEGER,
    PRIMARY KEY (book, name)
) WITHOUT ROWID;

-- The sources of every published version, and what was published when; the newest of a name is its last publication.
CREATE TABLE rulebooks (
    version  TEXT PRIMARY KEY,
    book     TEXT NOT NULL,
    bundle   BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE publications (
    no       INTEGER PRIMARY KEY,
    book     TEXT NOT NULL,
    version  TEXT NOT NULL,
    at       INTEGER NOT NULL
);
