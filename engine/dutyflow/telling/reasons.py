"""Why a deadline is what it is: for each open clock the limit, where counting began, what stood in between, what rings.

Facts only, no words: whoever shows them chooses the language and the form.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from dutyflow.kernel import events as ev
from dutyflow.kernel.calendars import Calendar
from dutyflow.kernel.clocks import consumed_seconds, overrun_seconds, plan_of
from dutyflow.kernel.clockwork import declared_alarm
from dutyflow.kernel.durations import Duration
from dutyflow.kernel.effects import Addressee
from dutyflow.kernel.facts import Facts
from dutyflow.kernel.recipients import address
from dutyflow.kernel.rules import Rules, Sla, Title
from dutyflow.kernel.scope import Scope
from dutyflow.kernel.ticket import AlarmKind, ClockRun, PendingAlarm, Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What happened at a moment: an event, a correction (`amend`) or an assignment, and who asked for it.

    For a clock that begins where another is overdue, `event` is empty and `breached` names that one.
    """

    at: datetime
    event: str = ""
    actor: str = ""
    breached: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standstill:
    """A span in which a clock did not count; `end` is None while it lasts, `reason` is empty where none is declared."""

    start: datetime
    end: datetime | None
    reason: Title


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The due time that an appointment or an extension gave a clock, and the line that let it."""

    due_at: datetime
    cause: Cause
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """An alarm that will ring, and who would hear it as things stand now."""

    at: datetime
    kind: AlarmKind
    level: int
    to: tuple[Addressee, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReason:
    """Everything that makes the due time of one open clock.

    within     the limit, if it is a duration, counted in `measure`; else `due` is the expression that gives the moment
    when       the condition that chose this limit among several; None if there is one only
    source     the line of the limit
    begun      what started the run
    anchor     the expression that says where counting begins, if that is not the moment of `begun`
    consumed   seconds of the limit that are used up now, of `run.seconds`; `overrun` is what goes beyond
    """

    run: ClockRun
    sla: Sla
    within: Duration | None
    due: str | None
    when: str | None
    source: str
    measure: Calendar
    begun: Cause
    anchor: str | None
    pauses: tuple[Standstill, ...]
    moves: tuple[Moved, ...]
    consumed: int
    overrun: int
    ahead: tuple[Ahead, ...]


def clock_reasons(
    rules: Rules, ticket: Ticket, history: Sequence[ev.Event], now: datetime, facts: Facts
) -> tuple[ClockReason, ...]:
    """Why each open clock of a ticket is due when it is, those that are due first first."""
    past = _Past(rules, ticket.workflow)
    for event in history:
        past.hear(event)
    scope = Scope(rules, ticket, values=ticket.fields, now=now, facts=facts)
    runs = sorted(ticket.clocks, key=lambda run: (run.due_at is None, run.due_at or run.nominal_due_at))
    return tuple(_reason(run, past, scope) for run in runs)


def _reason(run: ClockRun, past: _Past, scope: Scope) -> ClockReason:
    sla = scope.rules.workflows[scope.ticket.workflow].slas[run.sla]
    measure = plan_of(sla, run).measure
    target = sla.targets[run.target] if run.target >= 0 else None
    move = sla.moves[-run.target - 1] if run.target < 0 else None
    chosen = target or move
    due = target.due if target else move.due if move else None
    return ClockReason(
        run=run,
        sla=sla,
        within=target.within if target else None,
        due=due.text if due else None,
        when=chosen.when.text if chosen and chosen.when else None,
        source=chosen.source if chosen and chosen.source else sla.source,
        measure=measure,
        begun=past.begun[run.sla, run.run],
        anchor=_anchor(sla, run),
        pauses=tuple(_standstills(run, past)),
        moves=tuple(past.moves.get((run.sla, run.run), ())),
        consumed=consumed_seconds(measure, run, scope.now),
        overrun=overrun_seconds(measure, run, scope.now),
        ahead=tuple(_ahead(sla, run, alarm, scope) for alarm in run.alarms),
    )


def _anchor(sla: Sla, run: ClockRun) -> str | None:
    """The expression that put the beginning elsewhere; one that goes on after an earlier run has none."""
    if run.anchor_at == run.started_at:
        return None
    return next((start.anchor.text for start in sla.starts if start.anchor is not None), None)


def _standstills(run: ClockRun, past: _Past) -> Iterator[Standstill]:
    for start, end in run.pauses:
        yield Standstill(start=start, end=end, reason=past.reasons.get((run.sla, run.run, start), {}))


def _ahead(sla: Sla, run: ClockRun, pending: PendingAlarm, scope: Scope) -> Ahead:
    found = (address(recipient, scope) for recipient in declared_alarm(sla, run, pending).to)
    to = tuple(dict.fromkeys(addressee for addressee in found if addressee is not None))
    return Ahead(at=pending.at, kind=pending.kind, level=pending.level, to=to)


class _Past:
    """Follows a history and remembers what began, moved and paused each run."""

    def __init__(self, rules: Rules, workflow: str) -> None:
        self.workflow = rules.workflows[workflow]
        self.begun: dict[tuple[str, int], Cause] = {}
        self.moves: dict[tuple[str, int], list[Moved]] = {}
        self.reasons: dict[tuple[str, int, datetime], Title] = {}
        self.state = ""
        self.cause: Cause | None = None

    def hear(self, event: ev.Event) -> None:
        """Take down one event."""
        match event:
            case ev.Fired():
                self.state = event.state
                self.cause = Cause(at=event.at, event=event.event, actor=event.actor)
            case ev.Signed():
                self.cause = Cause(at=event.at, event=event.event, actor=event.actor)
            case ev.TaskDone():
                self.cause = Cause(at=event.at, event=event.task, actor=event.actor)
            case ev.Amended() | ev.Assigned():
                name = "amend" if isinstance(event, ev.Amended) else "assign"
                self.cause = Cause(at=event.at, event=name, actor=event.actor)
            case ev.Rang() if event.kind == "breach":
                self.cause = Cause(at=event.at, breached=event.sla)
            case ev.ClockStarted():
                self.begun[event.sla, event.run] = self._cause(event)
            case ev.ClockPaused():
                self.reasons[event.sla, event.run, event.at] = self._why_paused(event.sla)
            case ev.ClockMoved():
                self._move(event)

    def _cause(self, event: ev.ClockStarted | ev.ClockMoved) -> Cause:
        assert self.cause is not None, "a clock follows from something that happened"
        return self.cause

    def _move(self, event: ev.ClockMoved) -> None:
        sla = self.workflow.slas[event.sla]
        source = sla.moves[-event.target - 1].source if event.target < 0 else sla.source
        moved = Moved(due_at=event.due_at, cause=self._cause(event), source=source)
        self.moves.setdefault((event.sla, event.run), []).append(moved)

    def _why_paused(self, sla: str) -> Title:
        """The reason of the pause that names the state; else of one that has a condition."""
        path = frozenset(self.workflow.states[self.state].path)
        pauses = self.workflow.slas[sla].pauses
        by_state = (pause.reason for pause in pauses if pause.states & path)
        by_condition = (pause.reason for pause in pauses if pause.condition is not None)
        return next(chain(by_state, by_condition), {})


# --- what may be done -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPlaces:
    """Where a workflow has an event: `states` by the line of their rule; `by_itself` if no person asks for it."""

    event: str
    states: Mapping[str, str]
    by_itself: bool


def places_of(rules: Rules, workflow: str, event: str) -> EventPlaces:
    """The states in which an event is possible at all; none for an unknown one."""
    steps = rules.workflows[workflow].steps.get(event, {})
    asked: Iterable[str] = [rule.trigger for rule in steps.values()]
    return EventPlaces(
        event=event,
        states={state: rule.source for state, rule in steps.items()},
        by_itself=bool(steps) and "person" not in asked,
    )
