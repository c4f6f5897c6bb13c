"""Messages on their way: waiting, claimed by a worker, delivered or given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from dutyflow.ports.records import Outgoing

Status = Literal["waiting", "delivered", "dead"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A kept message: `number` is its place in the order kept, `try_at` when it is next tried (or was last)."""

    number: int
    outgoing: Outgoing
    status: Status = "waiting"
    try_at: datetime
    attempts: int = 0
    taken_by: tuple[str, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A message that this worker may deliver until `lease` ends; `taken_by` are the handlers that have it already."""

    outgoing: Outgoing
    attempts: int
    taken_by: tuple[str, ...]
    lease: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What became of a claimed message; `try_at` None means it will not be tried again.

    With a `lease` it counts only while that one holds: somebody who comes late must not undo what others did since.
    """

    id: str
    status: Status
    attempts: int
    at: datetime
    try_at: datetime | None = None
    taken_by: tuple[str, ...] = ()
    problem: str | None = None
    lease: datetime | None = None
