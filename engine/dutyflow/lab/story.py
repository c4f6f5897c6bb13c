"""Tells what happened as rows: time, who, what, state, owner, clocks; with the gaps in which nothing happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal, Protocol
from zoneinfo import ZoneInfo

from dutyflow.kernel import events as ev
from dutyflow.kernel.calendars import Calendar
from dutyflow.kernel.denials import Denial
from dutyflow.kernel.effects import Addressee, Send
from dutyflow.kernel.recurring import schedule_of
from dutyflow.kernel.rules import SYSTEM, Rules
from dutyflow.kernel.ticket import OwnedBy
from dutyflow.ports.records import Asked, Happening, Outgoing

RowKind = Literal[
    "event",
    "timer",
    "warning",
    "breach",
    "escalation",
    "denied",
    "signed",
    "task",
    "lapsed",
    "child",
    "message",
    "idle",
]
ClockWord = Literal["started", "met", "met_late", "cancelled", "superseded", "paused", "resumed", "moved"]
IDLE_FROM = timedelta(days=1)
"""A gap at least this long is told as a row of its own."""


class Source(Protocol):
    """What a story is told from: a simulation, or the kept history of a ticket (`lab.kept`)."""

    @property
    def records(self) -> Sequence[Happening]:
        """Everything that happened, in order, refusals included."""
        ...

    @property
    def outbox(self) -> Iterable[Outgoing]:
        """The messages that were sent meanwhile."""
        ...

    def rules_of(self, ticket: str | None) -> Rules:
        """The rules that a ticket runs under, by its id or its name in the story."""
        ...

    def name_of(self, ticket: str | None) -> str:
        """The name that a ticket has in the story."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockNote:
    """What a row did to a clock; `took` is the time since its anchor."""

    sla: str
    word: ClockWord
    due_at: datetime | None = None
    took: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Why nothing happened: days that a calendar of the running clocks closes, or opens by exception."""

    until: datetime
    closed: tuple[date, ...] = ()
    opened: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the story, without words: `lab.story_text` puts it into a language."""

    at: datetime
    elapsed: timedelta
    kind: RowKind
    ticket: str = ""
    workflow: str = ""
    actor: str = ""
    name: str = ""
    """The event, clock, task, child or message template that the row is about."""
    state: str = ""
    owner: OwnedBy | None = None
    outcome: str | None = None
    reason: str | None = None
    level: int = 0
    due_at: datetime | None = None
    to: tuple[Addressee, ...] = ()
    role: str = ""
    children: tuple[str, ...] = ()
    child_workflow: str = ""
    """Of a child that has ended: the workflow whose outcome it brings."""
    clocks: tuple[ClockNote, ...] = ()
    schedule: str = ""
    """Of an opening: the schedule that came up."""
    names: tuple[str, ...] = ()
    """Of an alert: the tickets that it lists."""
    deliver_at: datetime | None = None
    """Of a message: when it goes out, if quiet hours hold it back."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Of a message: what its placeholders stand for; of a correction: what differs now; of a comment: its `text`."""
    denial: Denial | None = None
    gap: Gap | None = None


def tell(source: Source) -> tuple[Row, ...]:
    """The story of a simulation or of a kept ticket, row by row."""
    narrator = _Narrator(source)
    for record in source.records:
        narrator.hear(record)
    narrator.carry(source.outbox)
    return tuple(_with_gaps(narrator.rows, narrator.open_at, source))


class _Narrator:
    """Follows the tickets through their events and writes down the rows."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.rows: list[Row] = []
        self.open_at: list[frozenset[tuple[str, str]]] = []
        """The clocks (workflow, sla) that are open after each row."""
        self.first_at = source.records[0].at if source.records else None
        self.workflow_of: dict[str, str] = {}
        self.scheduled: dict[str, str] = {}
        self.stands: dict[str, tuple[str, OwnedBy | None]] = {}
        self.anchors: dict[tuple[str, str, int], datetime] = {}
        self.late: set[tuple[str, str, int]] = set()

    def hear(self, record: Happening) -> None:
        """Take down one thing that happened."""
        ticket, what = record.ticket or "", record.what
        match what:
            case Asked():
                self._denied(what)
            case ev.Opened():
                self.workflow_of[ticket] = what.workflow
                schedule = schedule_of(self.source.rules_of(ticket), ticket)
                self.scheduled[ticket] = schedule.id if schedule is not None else ""
            case ev.Fired():
                self.stands[ticket] = (what.state, what.owner)
                kind: RowKind = "timer" if what.actor == SYSTEM else "event"
                self._row(
                    record,
                    kind,
                    what.event,
                    actor=what.actor,
                    outcome=what.outcome,
                    reason=what.reason,
                    schedule=self.scheduled.pop(ticket, ""),
                )
            case ev.Rang():
                if what.kind == "breach":
                    self.late.add((ticket, what.sla, what.run))
                self._row(record, what.kind, what.sla, level=what.level, due_at=what.due_at, to=what.to)
            case ev.Listed():
                self.rows[-1] = replace(self.rows[-1], names=tuple(map(self.source.name_of, what.tickets)))
            case ev.Signed() | ev.TaskDone() | ev.Amended() | ev.Commented() | ev.Assigned():
                self._by_a_person(record, what)
            case ev.Lapsed():
                self._row(record, "lapsed", what.event)
            case ev.ChildOpened():
                self._amend(record, child=what.child)
            case ev.ChildClosed():
                name, workflow = self.source.name_of(what.child), self.workflow_of.get(what.child, "")
                self._row(record, "child", name, outcome=what.outcome, child_workflow=workflow)
            case _:
                self._amend(record, note=self._note(ticket, what))

    def _by_a_person(
        self, record: Happening, what: ev.Signed | ev.TaskDone | ev.Amended | ev.Commented | ev.Assigned
    ) -> None:
        """What somebody did that leaves the ticket in its state."""
        match what:
            case ev.Signed():
                self._row(record, "signed", what.event, actor=what.actor, role=what.role)
            case ev.TaskDone():
                self._row(record, "task", what.task, actor=what.actor)
            case ev.Amended():
                self._row(record, "event", "amend", actor=what.actor, reason=what.reason, values=what.changes)
            case ev.Commented():
                self._row(record, "event", "comment", actor=what.actor, values={"text": what.text})
            case ev.Assigned():
                ticket = record.ticket or ""
                self.stands[ticket] = (self.stands[ticket][0], what.owner)
                self._row(record, "event", "assign", actor=what.actor, reason=what.reason)

    def carry(self, outbox: Iterable[Outgoing]) -> None:
        """Add each message after the last thing that happened to its ticket at that moment."""
        sent: dict[tuple[str, datetime], list[Send]] = {}
        for outgoing in outbox:
            if isinstance(outgoing.notice, Send):
                key = (self.source.name_of(outgoing.ticket), outgoing.notice.at)
                sent.setdefault(key, []).append(outgoing.notice)
        told: list[tuple[Row, frozenset[tuple[str, str]]]] = []
        for row, running in zip(reversed(self.rows), reversed(self.open_at), strict=True):
            messages = sent.pop((row.ticket, row.at), [])
            told += [(_message(row, send), running) for send in reversed(messages)]
            told.append((row, running))
        self.rows, self.open_at = [row for row, _ in reversed(told)], [running for _, running in reversed(told)]

    def _row(self, record: Happening, kind: RowKind, name: str, **more: object) -> None:
        ticket = record.ticket or ""
        state, owner = self.stands.get(ticket, ("", None))
        row = Row(
            at=record.at,
            elapsed=self._elapsed(record.at),
            kind=kind,
            ticket=self.source.name_of(ticket),
            workflow=self.workflow_of.get(ticket, ""),
            name=name,
            state=state,
            owner=owner,
        )
        self._add(replace(row, **more))  # type: ignore[arg-type]  # each caller names fields of Row

    def _add(self, row: Row) -> None:
        self.rows.append(row)
        self.open_at.append(self._open())

    def _denied(self, asked: Asked) -> None:
        state, owner = self.stands.get(asked.ticket or "", ("", None))
        self._add(
            Row(
                at=asked.at,
                elapsed=self._elapsed(asked.at),
                kind="denied",
                ticket=self.source.name_of(asked.ticket),
                workflow=asked.workflow,
                actor=asked.actor,
                name=asked.event,
                state=state,
                owner=owner,
                reason=asked.reason,
                denial=asked.denial,
            )
        )

    def _elapsed(self, at: datetime) -> timedelta:
        return at - (self.first_at or at)

    def _amend(self, record: Happening, *, note: ClockNote | None = None, child: str | None = None) -> None:
        """Add to the row that caused it: the event of the same ticket and moment, else the last row."""
        name = self.source.name_of(record.ticket)
        position = len(self.rows) - 1
        for index in range(position, -1, -1):
            row = self.rows[index]
            if row.at != record.at:
                break
            if row.ticket == name and row.kind in ("event", "timer"):
                position = index
                break
        if position < 0:
            return
        row = self.rows[position]
        children = (*row.children, self.source.name_of(child)) if child else row.children
        self.rows[position] = replace(row, clocks=(*row.clocks, note) if note else row.clocks, children=children)
        self.open_at[position] = self.open_at[-1] = self._open()

    def _note(self, ticket: str, what: ev.Event) -> ClockNote | None:
        match what:
            case ev.ClockStarted():
                self.anchors[ticket, what.sla, what.run] = what.anchor_at
                return ClockNote(sla=what.sla, word="started", due_at=what.due_at)
            case ev.ClockStopped():
                key = (ticket, what.sla, what.run)
                took = what.at - self.anchors.pop(key, what.at)
                word: ClockWord = "met_late" if what.how == "met" and key in self.late else what.how
                return ClockNote(sla=what.sla, word=word, took=took)
            case ev.ClockPaused():
                return ClockNote(sla=what.sla, word="paused")
            case ev.ClockResumed():
                return ClockNote(sla=what.sla, word="resumed", due_at=what.due_at)
            case ev.ClockMoved():
                return ClockNote(sla=what.sla, word="moved", due_at=what.due_at)
            case _:
                return None

    def _open(self) -> frozenset[tuple[str, str]]:
        return frozenset((self.workflow_of.get(ticket, ""), sla) for ticket, sla, _ in self.anchors)


def _message(row: Row, send: Send) -> Row:
    """The row of a message that was sent because of another row."""
    return Row(
        at=row.at,
        elapsed=row.elapsed,
        kind="message",
        ticket=row.ticket,
        workflow=row.workflow,
        name=send.template,
        state=row.state,
        owner=row.owner,
        to=(send.to,),
        values=send.values,
        deliver_at=send.deliver_at if send.deliver_at != send.at else None,
    )


# --- gaps -------------------------------------------------------------------------------------------------------


def _with_gaps(rows: Iterable[Row], open_at: Iterable[frozenset[tuple[str, str]]], source: Source) -> Iterator[Row]:
    last: Row | None = None
    running: frozenset[tuple[str, str]] = frozenset()
    for row, still_open in zip(rows, open_at, strict=True):
        if last is not None and row.at - last.at >= IDLE_FROM:
            gap = _gap(source.rules_of(row.ticket), running, last.at, row.at)
            yield Row(at=last.at, elapsed=row.at - last.at, kind="idle", ticket=row.ticket, gap=gap)
        yield row
        last, running = row, still_open


def _gap(rules: Rules, running: frozenset[tuple[str, str]], start: datetime, end: datetime) -> Gap:
    zone = ZoneInfo(rules.zone)
    first, last = start.astimezone(zone).date().isoformat(), end.astimezone(zone).date().isoformat()
    closed: set[str] = set()
    opened: set[str] = set()
    for calendar in _calendars(rules, running):
        mapping: Mapping[str, object] = calendar.to_mapping()
        closed.update(_dates(mapping.get("closed"), first, last))
        opened.update(_dates(mapping.get("open"), first, last))
    return Gap(until=end, closed=_sorted(closed - opened), opened=_sorted(opened))


def _calendars(rules: Rules, running: frozenset[tuple[str, str]]) -> Iterator[Calendar]:
    for workflow, sla in running:
        declared = rules.workflows[workflow].slas.get(sla) if workflow in rules.workflows else None
        for target in declared.targets if declared else ():
            yield target.calendar


def _dates(listed: object, first: str, last: str) -> Iterator[str]:
    for day in listed if isinstance(listed, list | dict) else ():
        if first <= str(day) <= last:
            yield str(day)


def _sorted(days: set[str]) -> tuple[date, ...]:
    return tuple(date.fromisoformat(day) for day in sorted(days))
