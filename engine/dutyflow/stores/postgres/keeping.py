"""Turns a commit into one statement: its parts, each with the rows of one table, and what must hold for all to be kept.

The parts are common table expressions over arrays of columns. They are counted in the final SELECT in the order in
which they stand, and PostgreSQL runs a part when it is first counted: locks of workflows come first, then those of
tickets, and what many share (the counts) last. Should it ever choose another order, nothing would be kept wrongly;
there would only be more deadlocks, and a deadlock is a conflict like any other.

A commit may wait for the lock of a workflow that somebody is searching, and its statement then still sees what was
committed before. That does no harm: a commit does not search. It changes tickets by their `seq`, which PostgreSQL
checks against the newest row; it opens tickets and answers keys that must be unique; and the fields by which it files
are checked by a function that sees what is newest (`enter`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from hashlib import blake2b
from itertools import count
from typing import Any

from dutyflow.errors import ConflictError
from dutyflow.ports.records import Change, Commit, Turn
from dutyflow.stores.encoded import (
    Known,
    Tally,
    asked_row,
    encode_answer,
    event_rows,
    filed_rows,
    maybe_micros,
    micros,
    outgoing_row,
    tally_of,
    ticket_row,
)
from dutyflow.stores.queries import read_queries

SQL = read_queries(__package__)

FiledFields = Mapping[tuple[str, str], frozenset[str]]
"""The fields by which the tickets of a workflow (book, workflow) are filed."""

Rows = dict[str, list[tuple[Any, ...]]]
"""The rows of each part."""

# All parts in order; those with a sentence must write each of their rows, or the sentence says why nothing is kept.
_PARTS: Mapping[str, str | None] = {
    "entered": None,
    "held": None,
    "changed": "A ticket has moved on meanwhile.",
    "opened": "A ticket has been opened meanwhile.",
    "looked": "A ticket that was looked at has moved on meanwhile.",
    "events": None,
    "due": None,
    "undue": None,
    "unfiled": None,
    "filed": None,
    "messages": None,
    "asked": None,
    "first_numbers": "A record number has been given meanwhile.",
    "numbers": "A record number has been given meanwhile.",
    "begun": "A schedule has moved on meanwhile.",
    "turned": "A schedule has moved on meanwhile.",
    "answers": None,
    "counted": None,
}


def workflow_locks(workflows: Iterable[tuple[str, str]]) -> list[int]:
    """The numbers under which workflows are locked, in the order in which everybody locks them."""
    return sorted(_workflow_lock(*workflow) for workflow in workflows)


@cache
def _workflow_lock(book: str, workflow: str) -> int:
    digest = blake2b(f"dutyflow\0{book}\0{workflow}".encode(), digest_size=8)
    return int.from_bytes(digest.digest(), "big", signed=True)


def keeping(
    commit: Commit,
    known: Callable[[Change], Known | None],
    last_number: Callable[[str], int],
    *,
    filed: FiledFields,
    watching: frozenset[tuple[str, str]],
) -> tuple[str, list[Any]]:
    """The statement that keeps a commit, with its values.

    `known` is how a changed ticket stood when it was read, `last_number` how far a series of numbers had come.
    """
    rows: Rows = {part: [] for part in _PARTS}
    _add_changes(rows, commit.changes, known, filed)
    rows["looked"] = list(commit.read.items())
    rows["messages"] = [_text(outgoing_row(outgoing)) for outgoing in commit.outbox]
    rows["asked"] = [_text(asked_row(asked)) for asked in commit.audit]
    rows["answers"] = [
        (key, kept.fingerprint, encode_answer(kept.answer).decode()) for key, kept in commit.answers.items()
    ]
    _add_numbers(rows, commit.numbers, last_number)
    _add_turns(rows, commit.turns)
    values: dict[str, list[Any]] = {
        part: [list(column) for column in zip(*found, strict=True)] for part, found in rows.items() if found
    }
    if commit.changes:
        entered = {(change.book, change.ticket.workflow) for change in commit.changes} - watching
        values["entered"] = [workflow_locks(entered), sum(map(len, filed.values()))]
    parts = tuple(part for part in _PARTS if part in values)
    expected = [len(rows[part]) for part in parts if _PARTS[part]]
    return _statement(parts), [value for part in parts for value in values[part]] + expected


def _add_changes(
    rows: Rows, changes: Iterable[Change], known: Callable[[Change], Known | None], filed: FiledFields
) -> None:
    counted: Counter[Tally] = Counter()
    for change in changes:
        _add_change(rows, change, known(change), counted)
        _add_filed(rows, change, filed.get((change.book, change.ticket.workflow), frozenset()))
    rows["counted"] = [_text((*tally, number)) for tally, number in counted.items() if number]
    if len(rows["changed"]) > 1:
        rows["held"] = [(row[0],) for row in rows["changed"]]


def _add_change(rows: Rows, change: Change, known: Known | None, counted: Counter[Tally]) -> None:
    ticket = change.ticket
    events = list(event_rows(change, known.head if known else None))
    rows["events"] += [_text(event) for event in events]
    row = _text(ticket_row(change, events[-1][3] if events else (known.head if known else "")))
    if known is None:
        rows["opened"].append((ticket.id, change.book, ticket.workflow, micros(ticket.opened_at), *row))
    else:
        rows["changed"].append((known.no, known.seq, *row))
    tally = tally_of(change)
    if known is None or known.tally != tally:
        counted[tally] += 1
        if known is not None:
            counted[known.tally] -= 1
    _add_due(rows, change)


def _add_due(rows: Rows, change: Change) -> None:
    due_at = change.ticket.next_due_at
    if due_at == (change.before.next_due_at if change.before else None):
        return
    if due_at is None:
        rows["undue"].append((change.ticket.id,))
    else:
        rows["due"].append((change.ticket.id, micros(due_at)))


def _add_filed(rows: Rows, change: Change, fields: frozenset[str]) -> None:
    place = (change.book, change.ticket.workflow)
    gone, new = filed_rows(change, fields)
    rows["unfiled"] += [(*place, field, value, change.ticket.id) for field, value in gone]
    rows["filed"] += [(*place, field, value, change.ticket.id) for field, value in new]


def _add_numbers(rows: Rows, numbers: Mapping[str, int], last_number: Callable[[str], int]) -> None:
    for series, last in numbers.items():
        before = last_number(series)
        if last <= before:
            raise ConflictError(f"The number {last} of {series} has been given already.")
        if before:
            rows["numbers"].append((series, last, before))
        else:
            rows["first_numbers"].append((series, last))


def _add_turns(rows: Rows, turns: Iterable[Turn]) -> None:
    """A schedule that comes on several times in one commit comes on once, from the first moment to the last."""
    whole: dict[tuple[str, str], tuple[int | None, int | None]] = {}
    for turn in turns:
        place, at = (turn.book, turn.name), maybe_micros(turn.at)
        if place in whole and whole[place][1] != at:
            raise ConflictError(f"The schedule {turn.name} has moved on meanwhile.")
        whole[place] = (whole[place][0] if place in whole else at, maybe_micros(turn.next_at))
    for place, (at, next_at) in whole.items():
        if at is None:
            rows["begun"].append((*place, next_at))
        else:
            rows["turned"].append((*place, next_at, at))


def _text(row: Iterable[Any]) -> tuple[Any, ...]:
    """Records as text, and truth as 0 or 1."""
    return tuple(_plain(value) for value in row)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode()
    return int(value) if isinstance(value, bool) else value


@cache
def _statement(parts: tuple[str, ...]) -> str:
    tables = ",\n".join(f"{part} AS (\n{SQL['keep_' + part]}\n)" for part in parts)
    numbers = count(1)
    checks = ",\n    ".join(_check(part) for part in parts)
    return re.sub(
        r"%(s|%)", lambda found: f"${next(numbers)}" if found[1] == "s" else "%", f"WITH {tables}\nSELECT {checks}"
    )


def _check(part: str) -> str:
    """Runs a part, and fails the statement if fewer rows were written than there are."""
    why = _PARTS[part]
    counted = f"(SELECT count(*) FROM {part})"
    return f"must({counted} = %s::bigint, '{why}')" if why else counted
