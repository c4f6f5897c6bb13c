"""What happened to a ticket. Released shapes are frozen: a change is a new kind of event, never another field order."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from dutyflow.kernel.effects import Addressee
from dutyflow.kernel.ticket import AlarmKind, OwnedBy, PendingAlarm, PendingEvent


class Opened(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="opened"):
    """The ticket exists from here on."""

    at: datetime
    ticket: str
    workflow: str
    rules: str
    parent: str | None = None
    fields: Mapping[str, Any] = {}


class Fired(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="fired"):
    """An event went through: who asked, what was given, what changed, where the ticket stands now.

    `changes` are all field values that differ afterwards, the given ones included. `entered` tells whether a state
    was entered (re-entering the same one counts); `branch` is the branch of the rule that was taken.
    """

    at: datetime
    event: str
    actor: str
    state_before: str
    state: str
    entered: bool
    branch: int
    given: Mapping[str, Any] = {}
    changes: Mapping[str, Any] = {}
    owner: OwnedBy | None = None
    outcome: str | None = None
    reason: str | None = None
    pending: tuple[PendingEvent, ...] = ()
    remember: Mapping[str, str] = {}


class Lapsed(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="lapsed"):
    """A timed event came to its moment and its condition did not hold."""

    at: datetime
    event: str


class Signed(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="signed"):
    """One of several signatures that an event needs was given, with the data that came with it."""

    at: datetime
    event: str
    role: str
    actor: str
    given: Mapping[str, Any] = {}


class TaskDone(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="task_done"):
    """A task of the present state is finished."""

    at: datetime
    task: str
    actor: str


class ClockStarted(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="clock_started"):
    """A run of an SLA began; `anchor_at` is where its counting starts."""

    at: datetime
    sla: str
    run: int
    anchor_at: datetime
    due_at: datetime
    seconds: int
    target: int
    fixed: bool
    alarms: tuple[PendingAlarm, ...]
    pauses: tuple[tuple[datetime, datetime | None], ...] = ()


class ClockStopped(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="clock_stopped"):
    """A run ended: met (in time or late), cancelled, or superseded by another run."""

    at: datetime
    sla: str
    run: int
    how: Literal["met", "cancelled", "superseded"]


class ClockPaused(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="clock_paused"):
    """A run stands still from now on."""

    at: datetime
    sla: str
    run: int


class ClockResumed(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="clock_resumed"):
    """A paused run goes on, with the due time that its remaining time gives."""

    at: datetime
    sla: str
    run: int
    due_at: datetime
    alarms: tuple[PendingAlarm, ...]


class ClockMoved(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="clock_moved"):
    """A run got another due time: an appointment, an extension, another target."""

    at: datetime
    sla: str
    run: int
    due_at: datetime
    seconds: int
    target: int
    fixed: bool
    alarms: tuple[PendingAlarm, ...]
    why: str


class Rang(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="rang"):
    """A warning, a breach or an escalation was raised, and to whom it goes. A breach is never withdrawn."""

    at: datetime
    sla: str
    run: int
    kind: AlarmKind
    level: int
    due_at: datetime
    to: tuple[Addressee, ...]


class Listed(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="listed"):
    """The tickets that the alarm just raised speaks of: the members not yet covered, say."""

    at: datetime
    sla: str
    run: int
    kind: AlarmKind
    level: int
    tickets: tuple[str, ...]


class Hushed(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="hushed"):
    """An alarm came to its moment and had nothing to say: what it watches over was in order (`unless`)."""

    at: datetime
    sla: str
    run: int
    kind: AlarmKind
    level: int


class ChildOpened(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="child_opened"):
    """This ticket opened another one."""

    at: datetime
    child: str
    workflow: str


class ChildClosed(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="child_closed"):
    """A ticket that this one opened is over."""

    at: datetime
    child: str
    outcome: str | None


class Amended(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="amended"):
    """Values were corrected. `changes` are the ones that differ now; `pending` the timed events as they then wait."""

    at: datetime
    actor: str
    changes: Mapping[str, Any]
    reason: str
    pending: tuple[PendingEvent, ...] = ()


class Commented(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="commented"):
    """Somebody noted something down."""

    at: datetime
    actor: str
    text: str


class Assigned(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="assigned"):
    """The present state was given to a person, or back to its role."""

    at: datetime
    actor: str
    owner: OwnedBy
    reason: str | None = None


Event = (
    Opened
    | Fired
    | Lapsed
    | Signed
    | TaskDone
    | ClockStarted
    | ClockStopped
    | ClockPaused
    | ClockResumed
    | ClockMoved
    | Rang
    | Listed
    | Hushed
    | ChildOpened
    | ChildClosed
    | Amended
    | Commented
    | Assigned
)
