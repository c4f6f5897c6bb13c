"""Compares what a scenario expects with what happened: every difference, with its place, and why where that is near."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dutyflow.kernel import events as ev
from dutyflow.kernel.denials import Denial
from dutyflow.kernel.effects import Addressee
from dutyflow.kernel.guards import is_blank
from dutyflow.kernel.rules import Rules
from dutyflow.kernel.ticket import ClockRun, Ticket
from dutyflow.lab.moments import show_moment
from dutyflow.lab.scenario import Bound, Denied, Point, Told, WantedAlert
from dutyflow.lab.simulation import Simulation
from dutyflow.lab.telling import Teller, denial_text
from dutyflow.rulebook.places import Place
from dutyflow.wording import Phrase, say


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A warning, breach or escalation as it was raised."""

    at: datetime
    ticket: str
    clock: str
    kind: str
    to: tuple[Addressee, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """One difference: what differs, what was expected, what came instead, where that is written, and why if known."""

    what: Phrase
    expected: Any
    got: Any
    place: Place
    at: datetime | None = None
    ticket: str = ""
    why: Phrase | None = None

    def lines(self, rules: Rules, lang: str) -> tuple[str, ...]:
        """The difference in words: a heading, what was expected, what was got, and why."""
        teller = Teller(rules, lang)
        when = f"{show_moment(self.at, teller.zone, lang)}  " if self.at else ""
        expected, got = (show_value(value, rules, lang) for value in (self.expected, self.got))
        width = max(len(say("compare.expected", lang)), len(say("compare.got", lang)))
        told = [f"{when}{self.ticket + ': ' if self.ticket else ''}{self.what.text(lang)}"]
        told.append(f"  {say('compare.expected', lang).ljust(width)}: {expected}")
        told.append(f"  {say('compare.got', lang).ljust(width)}: {got}")
        if self.why is not None:
            told.append(f"  {say('compare.why', lang)}: {self.why.text(lang)}")
        return tuple(told)


# --- points -----------------------------------------------------------------------------------------------------


def compare_points(points: Iterable[Point], simulation: Simulation) -> list[Mismatch]:
    """Every point that is not as it should be. Children that the points name get their names on the way."""
    return [mismatch for point in points if (mismatch := _compare(point, simulation)) is not None]


def _compare(point: Point, simulation: Simulation) -> Mismatch | None:
    if point.ticket not in simulation.names:
        why = Phrase.of("compare.why_no_ticket")
        return _mismatch(point, None, simulation, why=why)
    ticket = simulation.ticket(point.ticket)
    if point.kind == "child":
        return None if _name_child(point, ticket, simulation) else _mismatch(point, None, simulation)
    if point.kind == "clock":
        return _compare_clock(point, ticket, simulation)
    got = _got(point, ticket)
    return None if _agree(point, got, ticket, simulation.rules) else _mismatch(point, got, simulation)


def _got(point: Point, ticket: Ticket) -> Any:
    match point.kind:
        case "state":
            return ticket.state
        case "owner":
            owner = ticket.owner
            names = [name for name in (owner.member, owner.role) if name] if owner else []
            return tuple(names) or None
        case "outcome":
            return ticket.outcome
        case _:
            value = ticket.fields.get(point.name)
            return None if is_blank(value) else value


def _agree(point: Point, got: Any, ticket: Ticket, rules: Rules) -> bool:
    if point.kind == "state":
        return point.want in rules.workflows[ticket.workflow].states[ticket.state].path
    if point.kind == "owner":
        return point.want in got if got else point.want is None
    return bool(got == (None if is_blank(point.want) else point.want))


def _name_child(point: Point, ticket: Ticket, simulation: Simulation) -> bool:
    named = set(simulation.names.values())
    known = simulation.names.get(point.want)
    children = [child.id for child in ticket.children if child.workflow == point.name]
    if known is not None:
        return known in children
    child = next((child for child in reversed(children) if child not in named), None)
    if child is None:
        return False
    simulation.name_ticket(point.want, child)
    return True


def _mismatch(point: Point, got: Any, simulation: Simulation, *, why: Phrase | None = None) -> Mismatch:
    key = f"clock_{point.part}" if point.kind == "clock" else point.kind
    return Mismatch(
        what=Phrase.of(f"compare.{key}", name=point.name),
        expected=point.want,
        got=got,
        place=point.place,
        at=simulation.now if simulation.started else None,
        ticket=point.ticket,
        why=why,
    )


# --- clocks -----------------------------------------------------------------------------------------------------


def runs_of(ticket: Ticket, sla: str) -> list[ClockRun]:
    """All runs of a time limit on a ticket, in order."""
    return sorted((run for run in (*ticket.past_clocks, *ticket.clocks) if run.sla == sla), key=lambda run: run.run)


def status_of(run: ClockRun | None) -> str:
    """How a clock stands, in one word; a breach outweighs a pause."""
    if run is None:
        return "none"
    if run.status == "met":
        return "met_late" if run.late else "met"
    if run.status != "open":
        return run.status
    return "breached" if run.late else "paused" if run.paused else "running"


def _compare_clock(point: Point, ticket: Ticket, simulation: Simulation) -> Mismatch | None:
    runs = runs_of(ticket, point.name)
    run = next((run for run in runs if point.run in (None, run.run) and (point.run or run is runs[-1])), None)
    got: Any = status_of(run)
    if point.part != "status" and run is not None:
        got = _moment_of(point.part, run, simulation.runner.history(ticket.id))
    elif point.part != "status":
        got = None
    if point.part == "warn" and not isinstance(point.want, tuple):
        agree = (got[0] if got else None) == point.want
    else:
        agree = got == point.want
    return None if agree else _mismatch(point, got, simulation, why=_why_clock(point.name, run, simulation))


def _moment_of(part: str, run: ClockRun, history: tuple[ev.Event, ...]) -> Any:
    if part == "due":
        return run.due_at
    return run.ended_at if part == "ended" else _warnings_of(run, history)


def _warnings_of(run: ClockRun, history: tuple[ev.Event, ...]) -> tuple[datetime, ...]:
    """The warnings of a run, rung or still to ring; an appointment puts the former ones out of force."""
    moments: set[datetime] = set()
    for event in history:
        if getattr(event, "sla", None) != run.sla or getattr(event, "run", None) != run.run:
            continue
        if isinstance(event, ev.ClockStarted | ev.ClockMoved):
            moments = {alarm.at for alarm in event.alarms if alarm.kind == "warning"}
        elif isinstance(event, ev.ClockResumed):
            moments = {at for at in moments if at <= event.at}
            moments |= {alarm.at for alarm in event.alarms if alarm.kind == "warning"}
        elif isinstance(event, ev.ClockPaused):
            moments = {at for at in moments if at <= event.at}
    return tuple(sorted(moments))


def _why_clock(sla: str, run: ClockRun | None, simulation: Simulation) -> Phrase | None:
    if run is None:
        return Phrase.of("compare.why_never_started", name=sla)
    if run.ended_at is None:
        return None
    zone = Teller(simulation.rules, "en").zone
    status = Phrase.of(f"clock_status.{status_of(run)}")
    return Phrase.of("compare.why_ended", name=sla, at=show_moment(run.ended_at, zone), status=status)


# --- refusals ---------------------------------------------------------------------------------------------------


def compare_denial(
    wanted: Denied | None,
    got: Denial | None,
    place: Place,
    *,
    at: datetime,
    ticket: str,
    name_of: Callable[[str | None], str],
) -> list[Mismatch]:
    """A refusal that should not be, one that should, another code, or other values than expected.

    `name_of` gives the name that a ticket has in the story.
    """
    code, got_code = (wanted.code if wanted else None), (got.code if got else None)
    if code != got_code:
        expected = wanted.code if wanted else Phrase.of("compare.accepted")
        found = got if got else Phrase.of("compare.accepted")
        return [
            Mismatch(
                what=Phrase.of("compare.denied"),
                expected=expected,
                got=found,
                place=wanted.place if wanted else place,
                at=at,
                ticket=ticket,
            )
        ]
    if wanted is None or got is None:
        return []
    said = {**got.values, "ticket": name_of(got.values.get("ticket"))}
    return [
        Mismatch(
            what=Phrase.of("compare.denied_value", name=name),
            expected=(want.at or want.text) if isinstance(want, Bound) else want,
            got=said.get(name),
            place=wanted.place,
            at=at,
            ticket=ticket,
        )
        for name, want in wanted.values.items()
        if not _agrees(want, said.get(name))
    ]


def _agrees(want: Any, got: Any) -> bool:
    if isinstance(want, Bound):
        return want.agrees(got)
    return bool(want == got or _plain(want) == _plain(got))


def _plain(value: Any) -> Any:
    return sorted(map(str, value)) if isinstance(value, tuple | list | frozenset) else str(value)


# --- alerts -----------------------------------------------------------------------------------------------------


def alerts_of(simulation: Simulation) -> list[Alert]:
    """Every warning, breach and escalation that somebody was told of, for all tickets, in the order of raising.

    A breach that nobody is told of is a fact all the same: the status of its clock shows it.
    """
    return [
        Alert(at=r.at, ticket=simulation.name_of(r.ticket), clock=r.what.sla, kind=r.what.kind, to=r.what.to)
        for r in simulation.records
        if isinstance(r.what, ev.Rang) and r.what.to
    ]


def compare_alerts(wanted: tuple[WantedAlert, ...], got: list[Alert], place: Place) -> list[Mismatch]:
    """The list is complete: what is missing, what nobody expected, what differs in time or addressee."""
    missing, extra = list(wanted), list(got)
    for want in wanted:
        found = next((alert for alert in extra if _same_clock(want, alert) and _fits(want, alert)), None)
        if found is not None:
            missing.remove(want)
            extra.remove(found)
    differing = list(_pairs(missing, extra))
    return [
        *(_alert_mismatch("alert_differs", want, alert, want.place) for want, alert in differing),
        *(_alert_mismatch("alert_missing", want, None, want.place) for want in missing),
        *(_alert_mismatch("alert_extra", None, alert, place) for alert in extra),
    ]


def _pairs(missing: list[WantedAlert], extra: list[Alert]) -> Iterator[tuple[WantedAlert, Alert]]:
    """Those that were probably meant by each other; taken out of both lists."""
    for want in tuple(missing):
        near = [alert for alert in extra if _same_clock(want, alert)]
        if near:
            alert = min(near, key=lambda alert: abs(alert.at - want.at))
            missing.remove(want)
            extra.remove(alert)
            yield want, alert


def _alert_mismatch(key: str, want: WantedAlert | None, got: Alert | None, place: Place) -> Mismatch:
    return Mismatch(what=Phrase.of(f"compare.{key}"), expected=want, got=got, place=place)


def _same_clock(want: WantedAlert, got: Alert) -> bool:
    return (want.clock, want.kind, want.ticket) == (got.clock, got.kind, got.ticket)


def _fits(want: WantedAlert, got: Alert) -> bool:
    if want.at != got.at:
        return False
    if want.to is None:
        return True
    left = list(got.to)
    for told in want.to:
        found = next((addressee for addressee in left if _is_told(told, addressee)), None)
        if found is None:
            return False
        left.remove(found)
    return not left


def _is_told(told: Told, addressee: Addressee) -> bool:
    if told.members is not None:
        return told.role == addressee.role and sorted(told.members) == sorted(addressee.members)
    return told.role == addressee.role or addressee.members == (told.role,)


# --- showing ----------------------------------------------------------------------------------------------------


def show_value(value: Any, rules: Rules, lang: str) -> str:
    """A value of a mismatch in words."""
    match value:
        case Phrase():
            return value.text(lang)
        case Denial():
            return f"{value.code} ({denial_text(value, rules, lang)})"
        case WantedAlert() | Alert():
            return _show_alert(value, rules, lang)
        case _:
            return Teller(rules, lang).value(value)


def _show_alert(alert: WantedAlert | Alert, rules: Rules, lang: str) -> str:
    teller = Teller(rules, lang)
    told: list[str] = []
    for addressee in alert.to or ():
        members = f" ({', '.join(addressee.members)})" if addressee.members else ""
        told.append(f"{addressee.role}{members}" if addressee.role else ", ".join(addressee.members or ()))
    to = f" → {teller.listed(told)}" if alert.to is not None else ""
    return f"{show_moment(alert.at, teller.zone, lang)} {alert.clock} {alert.kind}{to} ({alert.ticket})"
