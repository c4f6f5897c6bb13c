"""Questions about many kept tickets, and what comes back: queues page by page, counts, events in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from dutyflow.kernel.events import Event
from dutyflow.kernel.ticket import OwnedBy

Order = Literal["due", "opened", "newest"]

LIMIT_MAX = 1_000
"""Rows in one page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which tickets are wanted; None leaves a question out.

    `role` or `member` owns the present state. `due_before` and `breached` speak of the clocks of a ticket. `fields`
    must be equal (a customer's number, say: the subject), and be of those that tickets are filed by. `text` is searched
    for in the id, the record number and the texts that are not private. In the order `due` comes first what is due
    first, and last what has no due time; `opened` begins with the oldest, `newest` with the youngest.
    """

    book: str | None = None
    workflow: str | None = None
    state: str | None = None
    role: str | None = None
    member: str | None = None
    department: str | None = None
    due_before: datetime | None = None
    breached: bool | None = None
    closed: bool | None = False
    fields: Mapping[str, Any] = field(default_factory=dict)
    text: str | None = None
    order: Order = "due"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One ticket in a queue."""

    ticket: str
    book: str
    workflow: str
    rules: str
    state: str
    owner: OwnedBy | None
    department: str | None
    number: str | None
    outcome: str | None
    opened_at: datetime
    changed_at: datetime
    due_at: datetime | None
    breached: int
    closed: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a queue, and the `cursor` that the next page begins after; None on the last one."""

    rows: tuple[Row, ...]
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many tickets stand alike: of a workflow, in a state, owned by a role, overdue or not."""

    book: str
    workflow: str
    state: str
    role: str | None
    closed: bool
    breached: bool
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An event in the order in which all events were kept; `position` is what a subscriber comes back with."""

    position: str
    ticket: str
    seq: int
    event: Event
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The kept bytes of one ticket, for whoever verifies them: `events` are (seq, bytes, hash) in the order kept."""

    ticket: str
    head: str
    body: bytes
    events: tuple[tuple[int, bytes, str], ...]
