-- --- reading a transaction -------------------------------------------------------------------------------------

-- name: begin
-- All that a transaction is sure to read, in one round trip: tickets with what their next change must know and when
-- they are due, answers under their keys, and how many fields tickets are filed by.
SELECT 'ticket', t.id, t.no, t.seq, t.head, t.book, t.workflow, t.state, t.role, t.closed, t.breached, t.body, d.at
FROM tickets t LEFT JOIN due d ON d.ticket = t.id WHERE t.id = ANY(%(tickets)s::text[])
UNION ALL
SELECT 'answer', key, 0, 0, fingerprint, '', '', '', NULL, 0, 0, body, NULL
FROM answers WHERE key = ANY(%(keys)s::text[])
UNION ALL
SELECT 'fields', '', count(*), 0, '', '', '', '', NULL, 0, 0, '', NULL FROM filed_fields;

-- name: load
-- Tickets as they stand.
SELECT t.id, t.no, t.seq, t.head, t.book, t.workflow, t.state, t.role, t.closed, t.breached, t.body, d.at
FROM tickets t LEFT JOIN due d ON d.ticket = t.id WHERE t.id = ANY(%s::text[]);

-- name: select
-- Tickets of a workflow; the states are laid in.
SELECT t.id, t.no, t.seq, t.head, t.book, t.workflow, t.state, t.role, t.closed, t.breached, t.body, d.at
FROM tickets t LEFT JOIN due d ON d.ticket = t.id
WHERE t.book = %s AND t.workflow = %s {states} ORDER BY t.no;

-- name: select_filed
-- The same among those that are filed under a value.
SELECT t.id, t.no, t.seq, t.head, t.book, t.workflow, t.state, t.role, t.closed, t.breached, t.body, d.at
FROM tickets t LEFT JOIN due d ON d.ticket = t.id
WHERE t.id IN (SELECT ticket FROM filed WHERE book = %s AND workflow = %s AND field = %s AND value = %s) {states}
ORDER BY t.no;

-- name: answer
-- What was answered under a key.
SELECT fingerprint, body FROM answers WHERE key = %s;

-- name: last_number
-- The last record number of a series.
SELECT last FROM numbers WHERE series = %s;

-- name: history_part
-- Some events of a ticket, from one number to another.
SELECT body FROM events WHERE ticket = %s AND seq BETWEEN %s AND %s ORDER BY seq;

-- name: filed_fields
-- The fields by which tickets are filed.
SELECT book, workflow, field FROM filed_fields;

-- name: watch
-- Wait until nobody else is changing tickets of these workflows.
SELECT watch(%s::bigint[]);

-- --- writing a transaction: parts of one statement --------------------------------------------------------------

-- name: keep_entered
-- The locks that say: tickets of these workflows are being changed.
SELECT enter(%s::bigint[], %s::bigint) AS done;

-- name: keep_held
-- Lock the tickets that change in a fixed order, so that two commits wait for each other in one direction only.
SELECT no FROM tickets WHERE no = ANY(%s::bigint[]) ORDER BY no FOR NO KEY UPDATE;

-- name: keep_changed
-- Tickets after a step, if nobody else has taken one meanwhile.
UPDATE tickets SET rules = n.rules, state = n.state, seq = n.seq, role = n.role, member = n.member,
    department = n.department, number = n.number, outcome = n.outcome, changed_at = n.changed_at, due_at = n.due_at,
    breached = n.breached, closed = n.closed, text = n.text, head = n.head, body = n.body
FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::text[],
    %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[],
    %s::text[]) AS n(no, seq_before, rules, state, seq, role, member, department, number, outcome, changed_at,
    due_at, breached, closed, text, head, body)
WHERE tickets.no = n.no AND tickets.seq = n.seq_before RETURNING tickets.no;

-- name: keep_opened
-- New tickets.
INSERT INTO tickets (id, book, workflow, opened_at, rules, state, seq, role, member, department, number, outcome,
    changed_at, due_at, breached, closed, text, head, body)
SELECT id, book, workflow, opened_at, rules, state, seq, role, member, department, number, outcome,
    changed_at, due_at, breached, closed, text, head, body
FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::text[],
    %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
    %s::text[], %s::text[], %s::text[]) WITH ORDINALITY AS n(id, book, workflow, opened_at, rules, state, seq, role,
    member, department, number, outcome, changed_at, due_at, breached, closed, text, head, body, place)
ORDER BY place RETURNING no;

-- name: keep_looked
-- Tickets that were looked at stay as they are until this is kept. Whoever changes one at this moment spoils what was
-- decided here: there is no point in waiting, and without waiting there is no deadlock.
SELECT t.no FROM unnest(%s::text[], %s::bigint[]) AS n(id, seq) JOIN tickets t ON t.id = n.id AND t.seq = n.seq
ORDER BY t.no FOR SHARE OF t NOWAIT;

-- name: keep_events
-- Events more, with the transaction that brings them.
INSERT INTO events (tx, ticket, seq, body, hash)
SELECT pg_current_xact_id()::text::bigint + (SELECT tx_sum FROM epoch), ticket, seq, body, hash
FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::text[]) WITH ORDINALITY AS n(ticket, seq, body, hash, place)
ORDER BY place RETURNING no;

-- name: keep_due
-- When something next happens to tickets; nobody holds that moment yet.
INSERT INTO due (ticket, at) SELECT ticket, at FROM unnest(%s::text[], %s::bigint[]) AS n(ticket, at) ORDER BY ticket
ON CONFLICT (ticket) DO UPDATE SET at = excluded.at, leased_until = 0 RETURNING ticket;

-- name: keep_undue
-- Nothing will happen to these tickets by itself.
DELETE FROM due WHERE ticket = ANY(%s::text[]) RETURNING ticket;

-- name: keep_unfiled
-- Tickets that no longer have a value.
DELETE FROM filed USING unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
    AS n(book, workflow, field, value, ticket)
WHERE filed.book = n.book AND filed.workflow = n.workflow AND filed.field = n.field AND filed.value = n.value
    AND filed.ticket = n.ticket RETURNING filed.ticket;

-- name: keep_filed
-- Tickets under their new values.
INSERT INTO filed (book, workflow, field, value, ticket)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
ON CONFLICT DO NOTHING RETURNING ticket;

-- name: keep_messages
-- Messages that begin to wait.
INSERT INTO outbox (id, ticket, workflow, rules, kind, body, due_at, try_at)
SELECT id, ticket, workflow, rules, kind, body, due_at, try_at
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[])
    WITH ORDINALITY AS n(id, ticket, workflow, rules, kind, body, due_at, try_at, place)
ORDER BY place RETURNING no;

-- name: keep_asked
-- Commands into the audit trail.
INSERT INTO asked (at, ticket, workflow, actor, event, reason, denial)
SELECT at, ticket, workflow, actor, event, reason, denial
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
    WITH ORDINALITY AS n(at, ticket, workflow, actor, event, reason, denial, place)
ORDER BY place RETURNING no;

-- name: keep_answers
-- Answers under their keys.
INSERT INTO answers (key, fingerprint, body)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[]) AS n(key, fingerprint, body) ORDER BY key RETURNING key;

-- name: keep_first_numbers
-- Series of record numbers that begin.
INSERT INTO numbers (series, last)
SELECT * FROM unnest(%s::text[], %s::bigint[]) AS n(series, last) ORDER BY series
ON CONFLICT DO NOTHING RETURNING series;

-- name: keep_numbers
-- Record numbers that follow the last one that was read, unless somebody else has given some meanwhile. That there are
-- fewer of those is not enough: who gives two at once would give one of them again.
UPDATE numbers SET last = n.last FROM unnest(%s::text[], %s::bigint[], %s::bigint[]) AS n(series, last, before)
WHERE numbers.series = n.series AND numbers.last = n.before RETURNING numbers.series;

-- name: keep_begun
-- Schedules that begin.
INSERT INTO turns (book, name, next_at)
SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS n(book, name, next_at) ORDER BY book, name
ON CONFLICT DO NOTHING RETURNING name;

-- name: keep_turned
-- Schedules that come on, unless somebody else has moved them.
UPDATE turns SET next_at = n.next_at
FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[]) AS n(book, name, next_at, at)
WHERE turns.book = n.book AND turns.name = n.name AND turns.next_at = n.at RETURNING turns.name;

-- name: keep_counted
-- More or fewer tickets that stand alike, in the slot of this connection.
INSERT INTO counts (book, workflow, state, role, closed, breached, slot, count)
SELECT book, workflow, state, role, closed, breached, pg_backend_pid() %% 64, count
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[])
    AS n(book, workflow, state, role, closed, breached, count)
ORDER BY book, workflow, state, role, closed, breached
ON CONFLICT (book, workflow, state, role, closed, breached, slot) DO UPDATE SET count = counts.count + excluded.count
RETURNING slot;

-- --- looking ----------------------------------------------------------------------------------------------------

-- name: history
-- All events of a ticket.
SELECT body FROM events WHERE ticket = %s ORDER BY seq;

-- name: tickets
-- Tickets in opening order, after a number.
SELECT no, body FROM tickets WHERE no > %s ORDER BY no LIMIT %s;

-- name: counts
-- How many tickets stand alike.
SELECT book, workflow, state, role, closed, breached, sum(count)::bigint FROM counts
GROUP BY book, workflow, state, role, closed, breached HAVING sum(count) <> 0
ORDER BY book, workflow, state, role, closed, breached;

-- name: recorded
-- Events of all tickets in the order kept, of transactions that are older than all that are still running: a later
-- one never gets a position before them.
SELECT tx, no, ticket, seq, body, hash FROM events
WHERE (tx, no) > (%s, %s)
    AND tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint + (SELECT tx_sum FROM epoch)
ORDER BY tx, no LIMIT %s;

-- name: chain_heads
-- Every ticket that has anything, with its own row if it still has one.
SELECT id, head, body FROM tickets UNION ALL
SELECT DISTINCT ticket, '', '' FROM events WHERE NOT EXISTS (SELECT FROM tickets WHERE id = ticket) ORDER BY 1;

-- name: chain
-- The kept bytes of some histories.
SELECT ticket, seq, body, hash FROM events WHERE ticket = ANY(%s::text[]) ORDER BY ticket, seq;

-- name: asked
-- The whole audit trail.
SELECT at, ticket, workflow, actor, event, reason, denial FROM asked ORDER BY no;

-- name: asked_of
-- What was asked of one ticket.
SELECT at, ticket, workflow, actor, event, reason, denial FROM asked WHERE ticket = %s ORDER BY no;

-- --- workers ----------------------------------------------------------------------------------------------------

-- name: due_first
-- The earliest due moments.
SELECT at, ticket FROM due WHERE at < %s ORDER BY at, ticket LIMIT %s;

-- name: next_due
-- The earliest moment at which something happens by itself.
SELECT min(at) FROM due;

-- name: claim_due
-- Hold the earliest due moments that no worker holds.
WITH chosen AS MATERIALIZED (
    SELECT ticket FROM due WHERE at < %(before)s AND leased_until <= %(now)s ORDER BY at, ticket LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
), leased AS (
    UPDATE due SET leased_until = %(until)s FROM chosen WHERE due.ticket = chosen.ticket RETURNING due.at, due.ticket
)
SELECT at, ticket FROM leased ORDER BY at, ticket;

-- name: turns
-- When each schedule comes up next.
SELECT book, name, next_at FROM turns;

-- name: messages
-- Messages by status, oldest first.
SELECT no, status, try_at, attempts, taken_by, problem, id, ticket, workflow, rules, kind, body, due_at FROM outbox
WHERE no > %s {status} ORDER BY no LIMIT %s;

-- name: claim_messages
-- Hold messages whose time has come and that no worker holds.
WITH chosen AS MATERIALIZED (
    SELECT no FROM outbox WHERE status = 'waiting' AND try_at <= %(before)s AND leased_until <= %(now)s
    ORDER BY try_at, no LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), leased AS (
    UPDATE outbox SET leased_until = %(until)s FROM chosen WHERE outbox.no = chosen.no RETURNING outbox.*
)
SELECT attempts, taken_by, id, ticket, workflow, rules, kind, body, due_at FROM leased ORDER BY try_at, no;

-- name: settle_messages
-- What became of messages, for whoever holds them (-1: whoever does).
UPDATE outbox SET status = n.status, attempts = n.attempts, try_at = n.try_at, taken_by = n.taken_by,
    problem = n.problem, leased_until = 0
FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::bigint[])
    AS n(status, attempts, try_at, taken_by, problem, id, lease)
WHERE outbox.id = n.id AND (n.lease < 0 OR outbox.leased_until = n.lease);

-- name: retry_messages
-- Dead messages wait again: those of a list, or all.
UPDATE outbox SET status = 'waiting', attempts = 0, try_at = %(now)s, leased_until = 0
WHERE status = 'dead' AND (%(ids)s::text[] IS NULL OR id = ANY(%(ids)s::text[]));

-- name: forget_messages
-- Messages that were delivered long ago.
DELETE FROM outbox WHERE status = 'delivered' AND try_at < %s;

-- --- rulebooks --------------------------------------------------------------------------------------------------

-- name: newest
-- The newest version of each rulebook.
SELECT book, version FROM publications WHERE no IN (SELECT max(no) FROM publications GROUP BY book);

-- name: add_rulebook
-- The sources of a version. What it decides never changes; its words may (titles and texts are not in the hash).
INSERT INTO rulebooks (version, book, bundle) VALUES (%s, %s, %s)
ON CONFLICT (version) DO UPDATE SET bundle = excluded.bundle;

-- name: add_publication
-- A version becomes the newest of its name.
INSERT INTO publications (book, version, at, zones) VALUES (%s, %s, %s, %s);

-- name: add_filed_fields
-- File the tickets of a workflow by fields more.
INSERT INTO filed_fields (book, workflow, field) SELECT %s, %s, unnest(%s::text[]) ON CONFLICT DO NOTHING;

-- name: tickets_of
-- Tickets of a workflow in opening order, after a number.
SELECT no, id, body FROM tickets WHERE book = %s AND workflow = %s AND no > %s ORDER BY no LIMIT %s;

-- name: file_tickets
-- Tickets under their values.
INSERT INTO filed (book, workflow, field, value, ticket)
SELECT %s, %s, field, value, ticket FROM unnest(%s::text[], %s::text[], %s::text[]) AS n(field, value, ticket)
ON CONFLICT DO NOTHING;

-- name: publications
-- What was published when.
SELECT book, version, at, zones FROM publications ORDER BY no;

-- name: bundle
-- The sources of a version.
SELECT bundle FROM rulebooks WHERE version = %s;

-- --- the schema -------------------------------------------------------------------------------------------------

-- name: schema_tables
-- What the schema holds: whether it records migrations, and whether there is anything.
SELECT to_regclass('dutyflow.migrations') IS NOT NULL,
    EXISTS (SELECT FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace WHERE s.nspname = 'dutyflow');

-- name: schema_version
-- The last migration that was made; 0 for none.
SELECT coalesce(max(number), 0) FROM dutyflow.migrations;

-- name: add_migration
-- A migration was made.
INSERT INTO dutyflow.migrations (number, name, applied_at) VALUES (%s, %s, now());

-- name: lag
-- The last kept transaction number, and whether the next one would come before it: a dump was restored.
SELECT coalesce(max(tx), 0),
    coalesce(max(tx), 0) >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
        + (SELECT tx_sum FROM dutyflow.epoch)
FROM dutyflow.events;

-- name: raise_epoch
-- Let transaction numbers go on after the last one that was kept.
UPDATE dutyflow.epoch SET tx_sum = %s;
