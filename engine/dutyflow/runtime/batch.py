"""A population from rows: one ticket for each row, all of them or none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dutyflow.errors import MisuseError
from dutyflow.kernel.admission import SHOWN_LENGTH_MAX
from dutyflow.kernel.commands import Open
from dutyflow.kernel.guards import is_blank
from dutyflow.kernel.rules import Rules
from dutyflow.ports.records import BadRow, BatchAnswer
from dutyflow.runtime.answering import fingerprint_of
from dutyflow.runtime.step import Step, Versions, asked
from dutyflow.runtime.work import Work

Row = Mapping[str, Any]

MISSING_KEY, REPEATED_KEY = WHYS = ("missing_key", "repeated_key")
"""Why a row is bad before any rule has been asked."""

BATCH_BYTES_MAX = 64 * 1024 * 1024
"""What all rows of a batch may bring, written down: more than a file of rows may hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Open a ticket for each of `rows` (field to text) by an opening event; cells that hold nothing count as absent.

    Each row must have a value of its own in the field `key`. What tickets that are there already forbid is a matter of
    the workflow's rules. Rows are numbered from 1.
    """

    workflow: str
    event: str
    actor: str
    rows: tuple[Row, ...]
    key: str
    reason: str | None = None


def open_rows(
    batch: Batch, ids: Callable[[int], str], at: datetime, versions: Versions, rules: Rules, work: Work
) -> BatchAnswer:
    """Open them all, or say what is wrong with every bad row; `work` then holds what is to be written.

    After a bad row the others are tried as if it were not there. Of a batch that is refused, only the refusals of the
    rules are written, into the audit trail.
    """
    rows = tuple(_filled(row) for row in batch.rows)
    bad = _bad_keys(rows, batch.key)
    refusals = work.fork()
    opened: list[str] = []
    whole = work.fork()
    for number, row in enumerate(rows, start=1):
        if number in bad:
            continue
        opening = _opening(batch, row, ids(number))
        step = Step(versions, rules, whole.fork())
        denial = step.perform(opening.ticket, opening, at)
        if denial is not None:
            bad[number] = BadRow(
                number=number, key=_key_of(row, batch.key)[:SHOWN_LENGTH_MAX], why=denial.code, denial=denial
            )
            refusals.note(asked(opening, None, at, denial, workflow=batch.workflow))
            continue
        step.work.note(asked(opening, step.reached, at, None, workflow=batch.workflow))
        whole.join(step.work)
        opened.append(step.reached or opening.ticket)
    if bad:
        work.join(refusals)
        return BatchAnswer(happened=tuple(refusals.happened), bad=tuple(bad[number] for number in sorted(bad)))
    work.join(whole)
    return BatchAnswer(tickets=tuple(opened), happened=tuple(whole.happened))


def fingerprint_of_rows(batch: Batch) -> str:
    """What makes two batches the same: the same rows in the same order."""
    rows = [dict(row) for row in batch.rows]
    same = ("Rows", batch.workflow, batch.event, batch.actor, batch.key, batch.reason, rows)
    return fingerprint_of(same, BATCH_BYTES_MAX)


def check_key(batch: Batch, rules: Rules) -> None:
    """`MisuseError` if the key is no field of the workflow, or there is no such workflow."""
    workflow = rules.workflows.get(batch.workflow)
    if workflow is None:
        raise MisuseError(f"There is no workflow {batch.workflow!r}.")
    if batch.key not in workflow.fields:
        raise MisuseError(f"The key {batch.key!r} is not a field of {batch.workflow}.")


def _opening(batch: Batch, row: Row, ticket: str) -> Open:
    return Open(
        ticket=ticket, workflow=batch.workflow, event=batch.event, actor=batch.actor, data=row, reason=batch.reason
    )


def _filled(row: Row) -> Row:
    """The cells of a row in which something stands."""
    cells = ((name, value.strip() if isinstance(value, str) else value) for name, value in row.items())
    return {name: value for name, value in cells if not is_blank(value)}


def _bad_keys(rows: Iterable[Row], field: str) -> dict[int, BadRow]:
    """The rows whose key is missing, or stands in a row above already."""
    bad: dict[int, BadRow] = {}
    first: dict[str, int] = {}
    for number, row in enumerate(rows, start=1):
        key = _key_of(row, field)
        if not key:
            bad[number] = BadRow(number=number, key="", why=MISSING_KEY)
        elif first.setdefault(key, number) != number:
            bad[number] = BadRow(number=number, key=key[:SHOWN_LENGTH_MAX], why=REPEATED_KEY, first=first[key])
    return bad


def _key_of(row: Row, field: str) -> str:
    return str(row[field]) if field in row else ""
