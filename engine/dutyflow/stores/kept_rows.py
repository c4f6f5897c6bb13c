"""Rows that every database gives back alike, as the records they stand for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from dutyflow.ports.outbox import Claimed, Delivery, Waiting
from dutyflow.ports.queue import Count
from dutyflow.ports.records import Publication
from dutyflow.stores.encoded import maybe_moment, micros, moment, outgoing_of

Rows = Iterable[tuple[Any, ...]]


def counts_of(rows: Rows) -> tuple[Count, ...]:
    """(book, workflow, state, role, closed, breached, count) of each kind of ticket."""
    return tuple(
        Count(
            book=book,
            workflow=workflow,
            state=state,
            role=role or None,
            closed=bool(closed),
            breached=bool(breached),
            count=count,
        )
        for book, workflow, state, role, closed, breached, count in rows
    )


def dues_of(rows: Rows) -> tuple[tuple[datetime, str], ...]:
    """(at, ticket) of each due moment."""
    return tuple((moment(at), ticket) for at, ticket in rows)


def turns_of(rows: Rows) -> Mapping[tuple[str, str], datetime | None]:
    """(book, name, next_at) of each schedule."""
    return {(book, name): maybe_moment(at) for book, name, at in rows}


def publications_of(rows: Rows) -> tuple[Publication, ...]:
    """(book, version, at, zones) of what was published."""
    return tuple(
        Publication(book=book, version=version, at=moment(at), zones=zones) for book, version, at, zones in rows
    )


def waiting_of(rows: Rows) -> tuple[Waiting, ...]:
    """(no, status, try_at, attempts, taken_by, problem) and the message itself."""
    return tuple(
        Waiting(
            number=number,
            outgoing=outgoing_of(outgoing),
            status=status,
            try_at=moment(try_at),
            attempts=attempts,
            taken_by=tuple(json.loads(taken_by)),
            problem=problem,
        )
        for number, status, try_at, attempts, taken_by, problem, *outgoing in rows
    )


def claimed_of(rows: Rows, lease: datetime) -> tuple[Claimed, ...]:
    """(attempts, taken_by) and the message itself; held until `lease`."""
    return tuple(
        Claimed(outgoing=outgoing_of(outgoing), attempts=attempts, taken_by=tuple(json.loads(taken_by)), lease=lease)
        for attempts, taken_by, *outgoing in rows
    )


def delivery_rows(deliveries: Iterable[Delivery]) -> list[tuple[Any, ...]]:
    """(status, attempts, try_at, taken_by, problem, id, lease or -1) of each message that was tried."""
    return [
        (
            d.status,
            d.attempts,
            micros(d.try_at or d.at),
            json.dumps(list(d.taken_by)),
            d.problem,
            d.id,
            -1 if d.lease is None else micros(d.lease),
        )
        for d in deliveries
    ]
