"""A ticket and its clocks: plain frozen records, folded from events and nothing else."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

ClockStatus = Literal["open", "met", "cancelled", "superseded"]
AlarmKind = Literal["warning", "breach", "escalation"]


class PendingAlarm(msgspec.Struct, frozen=True, gc=False, array_like=True, order=True):
    """An alarm that will ring at `at` unless the clock ends first; `rank` orders alarms of one instant."""

    at: datetime
    rank: int
    kind: AlarmKind
    level: int


class ClockRun(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One run of an SLA on a ticket.

    `anchor_at` is where counting begins (the customer's first contact may lie before `started_at`, when the run
    was noticed). `seconds` is the target in the SLA's own measure. `pauses` are half-open spans, the last one
    without an end while paused. `due_at` and `alarms` are derived; None and empty while paused.
    """

    sla: str
    run: int
    anchor_at: datetime
    started_at: datetime
    due_at: datetime | None
    nominal_due_at: datetime
    seconds: int
    target: int
    fixed: bool = False
    pauses: tuple[tuple[datetime, datetime | None], ...] = ()
    alarms: tuple[PendingAlarm, ...] = ()
    rung: tuple[tuple[AlarmKind, int], ...] = ()
    breached_at: datetime | None = None
    status: ClockStatus = "open"
    ended_at: datetime | None = None

    @property
    def paused(self) -> bool:
        """Whether the clock stands still now."""
        return bool(self.pauses) and self.pauses[-1][1] is None

    @property
    def late(self) -> bool:
        """Whether the run was breached; a breach is never withdrawn."""
        return self.breached_at is not None


class OwnedBy(msgspec.Struct, frozen=True, gc=False):
    """Who is in charge: a role, and the person when one is named."""

    role: str | None
    member: str | None = None


class Child(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A ticket that this one opened."""

    id: str
    workflow: str
    open: bool = True
    outcome: str | None = None


class PendingEvent(msgspec.Struct, frozen=True, gc=False, array_like=True, order=True):
    """A timed event of the present state, waiting for its moment."""

    at: datetime
    event: str


class Signature(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One signature towards an event that needs several."""

    event: str
    role: str
    member: str


class Ticket(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One run of a workflow, pinned to the rulebook version `rules` (a content hash). `seq` counts its events."""

    id: str
    workflow: str
    rules: str
    state: str
    seq: int
    opened_at: datetime
    changed_at: datetime
    entered_at: datetime
    owner: OwnedBy | None = None
    outcome: str | None = None
    parent: str | None = None
    fields: Mapping[str, Any] = {}
    clocks: tuple[ClockRun, ...] = ()
    past_clocks: tuple[ClockRun, ...] = ()
    pending: tuple[PendingEvent, ...] = ()
    memory: Mapping[str, str] = {}
    children: tuple[Child, ...] = ()
    signatures: tuple[Signature, ...] = ()
    tasks_done: tuple[str, ...] = ()

    @property
    def next_due_at(self) -> datetime | None:
        """The earliest moment at which something happens by itself; None when nothing will."""
        earliest = self.pending[0].at if self.pending else None
        for run in self.clocks:
            if run.alarms and (earliest is None or run.alarms[0].at < earliest):
                earliest = run.alarms[0].at
        return earliest
