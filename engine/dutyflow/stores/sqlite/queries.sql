-- name: load
-- A ticket as it stands, with what its next change must know.
SELECT no, seq, head, book, workflow, state, role, closed, breached, body FROM tickets WHERE id = ?;

-- name: load_all
-- The same for some tickets (a JSON list of ids).
SELECT id, no, seq, head, book, workflow, state, role, closed, breached, body FROM tickets
WHERE id IN (SELECT value FROM json_each(?));

-- name: history
-- All events of a ticket.
SELECT body FROM events WHERE ticket = ? ORDER BY seq;

-- name: history_part
-- Some events of a ticket, from one number to another.
SELECT body FROM events WHERE ticket = ? AND seq BETWEEN ? AND ? ORDER BY seq;

-- name: ids
-- All tickets in opening order.
SELECT id FROM tickets ORDER BY no;

-- name: in_opening_order
-- Some tickets (a JSON list of ids) in opening order.
SELECT id FROM tickets WHERE id IN (SELECT value FROM json_each(?)) ORDER BY no;

-- name: select
-- Tickets of a workflow; the states are laid in.
SELECT id, no, seq, head, book, workflow, state, role, closed, breached, body FROM tickets
WHERE book = ? AND workflow = ? {states} ORDER BY no;

-- name: select_filed
-- The same among those that are filed under a value.
SELECT id, no, seq, head, book, workflow, state, role, closed, breached, body FROM tickets
WHERE id IN (SELECT ticket FROM filed WHERE book = ? AND workflow = ? AND field = ? AND value = ?) {states} ORDER BY no;

-- name: due_first
-- The earliest due moments.
SELECT at, ticket FROM due WHERE at < ? ORDER BY at, ticket LIMIT ?;

-- name: due_of
-- The due moments of some tickets (a JSON list of ids).
SELECT at, ticket FROM due WHERE ticket IN (SELECT value FROM json_each(?)) AND at < ? ORDER BY at, ticket;

-- name: next_due
-- The earliest moment at which something happens by itself.
SELECT min(at) FROM due;

-- name: claimable_due
-- The earliest due moments that no worker holds.
SELECT at, ticket FROM due WHERE at < ? AND leased_until <= ? ORDER BY at, ticket LIMIT ?;

-- name: lease_due
-- Hold a due moment for one worker.
UPDATE due SET leased_until = ? WHERE ticket = ?;

-- name: put_due
-- Keep when something next happens to a ticket; nobody holds that moment yet.
INSERT INTO due (ticket, at) VALUES (?, ?)
ON CONFLICT (ticket) DO UPDATE SET at = excluded.at, leased_until = 0;

-- name: drop_due
-- Nothing will happen to a ticket by itself.
DELETE FROM due WHERE ticket = ?;

-- name: open_ticket
-- A new ticket.
INSERT INTO tickets (id, book, workflow, opened_at, rules, state, seq, role, member, department, number, outcome,
    changed_at, due_at, breached, closed, text, head, body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: change_ticket
-- A ticket after a step.
UPDATE tickets SET rules = ?, state = ?, seq = ?, role = ?, member = ?, department = ?, number = ?, outcome = ?,
    changed_at = ?, due_at = ?, breached = ?, closed = ?, text = ?, head = ?, body = ?
WHERE no = ?;

-- name: add_event
-- One event more.
INSERT INTO events (ticket, seq, body, hash) VALUES (?, ?, ?, ?);

-- name: filed_fields
-- The fields by which tickets are filed.
SELECT book, workflow, field FROM filed_fields;

-- name: filed_fields_count
-- Whether there are more of them than this process knows.
SELECT count(*) FROM filed_fields;

-- name: add_filed_field
-- File the tickets of a workflow by one field more.
INSERT OR IGNORE INTO filed_fields (book, workflow, field) VALUES (?, ?, ?);

-- name: file_ticket
-- File a ticket under a value.
INSERT OR IGNORE INTO filed (book, workflow, field, value, ticket) VALUES (?, ?, ?, ?, ?);

-- name: unfile_ticket
-- A ticket no longer has a value.
DELETE FROM filed WHERE book = ? AND workflow = ? AND field = ? AND value = ? AND ticket = ?;

-- name: count
-- More or fewer tickets that stand alike.
INSERT INTO counts (book, workflow, state, role, closed, breached, count) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET count = count + excluded.count;

-- name: counts
-- How many tickets stand alike.
SELECT book, workflow, state, role, closed, breached, count FROM counts WHERE count <> 0
ORDER BY book, workflow, state, role, closed, breached;

-- name: add_asked
-- A command into the audit trail.
INSERT INTO asked (at, ticket, workflow, actor, event, reason, denial) VALUES (?, ?, ?, ?, ?, ?, ?);

-- name: asked
-- The whole audit trail.
SELECT at, ticket, workflow, actor, event, reason, denial FROM asked ORDER BY no;

-- name: asked_of
-- What was asked of one ticket.
SELECT at, ticket, workflow, actor, event, reason, denial FROM asked WHERE ticket = ? ORDER BY no;

-- name: answer
-- What was answered under a key.
SELECT fingerprint, body FROM answers WHERE key = ?;

-- name: answers
-- The same for some keys (a JSON list).
SELECT key, fingerprint, body FROM answers WHERE key IN (SELECT value FROM json_each(?));

-- name: add_answer
-- Keep an answer under its key, unless there is one.
INSERT INTO answers (key, fingerprint, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING;

-- name: add_message
-- A message that begins to wait.
INSERT INTO outbox (id, ticket, workflow, rules, kind, body, due_at, try_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- name: messages
-- Messages by status, oldest first.
SELECT no, status, try_at, attempts, taken_by, problem, id, ticket, workflow, rules, kind, body, due_at FROM outbox
WHERE no > ? {status} ORDER BY no LIMIT ?;

-- name: claimable_messages
-- Messages whose time has come and that no worker holds. Without a word SQLite would read and sort all that wait.
SELECT attempts, taken_by, id, ticket, workflow, rules, kind, body, due_at FROM outbox INDEXED BY outbox_waiting
WHERE status = 'waiting' AND try_at <= ? AND leased_until <= ? ORDER BY try_at, no LIMIT ?;

-- name: lease_message
-- Hold a message for one worker.
UPDATE outbox SET leased_until = ? WHERE id = ?;

-- name: settle_message
-- What became of a message, for whoever holds it (-1: whoever does).
UPDATE outbox SET status = ?1, attempts = ?2, try_at = ?3, taken_by = ?4, problem = ?5, leased_until = 0
WHERE id = ?6 AND (?7 < 0 OR leased_until = ?7);

-- name: retry_messages
-- Dead messages (a JSON list of ids) wait again.
UPDATE outbox SET status = 'waiting', attempts = 0, try_at = ?, leased_until = 0
WHERE status = 'dead' AND id IN (SELECT value FROM json_each(?));

-- name: retry_all_messages
-- All dead messages wait again.
UPDATE outbox SET status = 'waiting', attempts = 0, try_at = ?, leased_until = 0 WHERE status = 'dead';

-- name: forget_messages
-- Messages that were delivered long ago.
DELETE FROM outbox WHERE status = 'delivered' AND try_at < ?;

-- name: last_number
-- The last record number of a series.
SELECT last FROM numbers WHERE series = ?;

-- name: put_number
-- A record number was given, unless somebody else has come as far.
INSERT INTO numbers (series, last) VALUES (?, ?)
ON CONFLICT (series) DO UPDATE SET last = excluded.last WHERE last < excluded.last;

-- name: turns
-- When each schedule comes up next.
SELECT book, name, next_at FROM turns;

-- name: begin_turn
-- A schedule begins.
INSERT INTO turns (book, name, next_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING;

-- name: turn
-- A schedule comes on, unless somebody else has moved it.
UPDATE turns SET next_at = ? WHERE book = ? AND name = ? AND next_at = ?;

-- name: newest
-- The newest version of each rulebook.
SELECT book, version FROM publications WHERE no IN (SELECT max(no) FROM publications GROUP BY book);

-- name: add_rulebook
-- The sources of a version. What it decides never changes; its words may (titles and texts are not in the hash).
INSERT INTO rulebooks (version, book, bundle) VALUES (?, ?, ?)
ON CONFLICT (version) DO UPDATE SET bundle = excluded.bundle;

-- name: add_publication
-- A version becomes the newest of its name.
INSERT INTO publications (book, version, at, zones) VALUES (?, ?, ?, ?);

-- name: publications
-- What was published when.
SELECT book, version, at, zones FROM publications ORDER BY no;

-- name: bundle
-- The sources of a version.
SELECT bundle FROM rulebooks WHERE version = ?;

-- name: recorded
-- Events of all tickets in the order kept.
SELECT no, ticket, seq, body, hash FROM events WHERE no > ? ORDER BY no LIMIT ?;

-- name: chain_ids
-- Every ticket that has anything, with or without its own row.
SELECT id FROM tickets UNION SELECT ticket FROM events ORDER BY 1;

-- name: chain_head
-- A ticket's own row as it was kept.
SELECT head, body FROM tickets WHERE id = ?;

-- name: chain
-- The kept bytes of one history.
SELECT seq, body, hash FROM events WHERE ticket = ? ORDER BY seq;

-- name: bodies
-- The tickets of a workflow, in no order.
SELECT id, body FROM tickets WHERE book = ? AND workflow = ?;
