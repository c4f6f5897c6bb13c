"""Compares what a scenario expects with what happened: every difference, with its place, and why where that is near."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from dutyflow.kernel import events as ev
from dutyflow.kernel.denials import Denial
from dutyflow.kernel.guards import is_blank
from dutyflow.kernel.rules import Rules
from dutyflow.kernel.ticket import ClockRun, Ticket
from dutyflow.lab.announcements import Alert, Got, Sent, Wanted, announcement_text, differences
from dutyflow.lab.report import Figure, counter_of
from dutyflow.lab.scenario import Bound, Denied, Point, TicketName, WantedAlert, WantedMessage
from dutyflow.lab.simulation import Simulation
from dutyflow.lab.ticket_names import resolved
from dutyflow.rulebook.places import Place
from dutyflow.telling.moments import show_moment
from dutyflow.telling.teller import Teller, denial_text
from dutyflow.wording import Phrase, say


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
    if point.kind == "metric":
        return _compare_metric(point, simulation)
    if point.kind == "opened":
        return _name_tickets(point, simulation.unnamed(point.name), simulation)
    if point.ticket not in simulation.names:
        why = Phrase.of("compare.why_no_ticket")
        return _mismatch(point, None, simulation, why=why)
    ticket = simulation.ticket(point.ticket)
    if point.kind == "child":
        return _name_children(point, simulation)
    if point.kind == "clock":
        return _compare_clock(point, ticket, simulation)
    got = _got(point, ticket)
    return None if _agree(point, got, ticket, simulation) else _mismatch(point, got, simulation)


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


def _agree(point: Point, got: Any, ticket: Ticket, simulation: Simulation) -> bool:
    if point.kind == "state":
        return point.want in simulation.rules.workflows[ticket.workflow].states[ticket.state].path
    if point.kind == "owner":
        return point.want in got if got else point.want is None
    want = resolved(point.want, simulation)
    return bool(got == (None if is_blank(want) else want))


def _name_children(point: Point, simulation: Simulation) -> Mismatch | None:
    """A single name is for the child opened last; a list must name all that have no name yet."""
    parents = [simulation.ticket(name) for name in point.tickets if name in simulation.names]
    children = [child.id for parent in parents for child in parent.children if child.workflow == point.name]
    fresh = simulation.unnamed(point.name, children)
    if isinstance(point.want, tuple):
        return _name_tickets(point, fresh, simulation)
    known = simulation.names.get(point.want)
    if known is None and fresh:
        simulation.name_ticket(point.want, fresh[-1])
        return None
    return None if known in children else _mismatch(point, None, simulation)


def _name_tickets(point: Point, fresh: tuple[str, ...], simulation: Simulation) -> Mismatch | None:
    """Give the names to the tickets that have none, in opening order; one too many or too few is a difference."""
    names = point.want if isinstance(point.want, tuple) else (point.want,)
    for name, ticket in zip(names, fresh, strict=False):
        simulation.name_ticket(name, ticket)
    if len(names) == len(fresh):
        return None
    return _mismatch(point, tuple(simulation.name_of(ticket) for ticket in fresh), simulation)


def _compare_metric(point: Point, simulation: Simulation) -> Mismatch | None:
    """A share is compared as exactly as it is written: `0.9198` to four places."""
    assert point.metric is not None, "the reader has looked the metric up"
    figure = counter_of(simulation).figure(point.metric)
    got = _part(figure, point)
    return None if got == point.want else _mismatch(point, got, simulation)


def _part(figure: Figure, point: Point) -> Decimal | None:
    match point.part:
        case "numerator":
            return figure.numerator
        case "denominator":
            return figure.denominator
        case _:
            exponent = point.want.as_tuple().exponent
            return figure.rounded(max(-exponent, 0))


def _mismatch(point: Point, got: Any, simulation: Simulation, *, why: Phrase | None = None) -> Mismatch:
    key = f"{point.kind}_{point.part}" if point.kind in ("clock", "metric") else point.kind
    return Mismatch(
        what=Phrase.of(f"compare.{key}", name=point.name),
        expected=point.want,
        got=got,
        place=point.place,
        at=simulation.now if simulation.started else None,
        ticket="" if point.kind in ("metric", "opened") else point.ticket,
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


# --- alerts and messages ----------------------------------------------------------------------------------------


def compare_alerts(wanted: tuple[WantedAlert, ...], got: list[Alert], place: Place) -> list[Mismatch]:
    """The list is complete: what is missing, what nobody expected, what differs in time, addressee or tickets."""
    return [_announced("alert", want, alert, place) for want, alert in differences(wanted, got)]


def compare_messages(wanted: tuple[WantedMessage, ...], got: list[Sent], place: Place) -> list[Mismatch]:
    """The list is complete, as that of the alerts is."""
    return [_announced("message", want, sent, place) for want, sent in differences(wanted, got)]


def _announced(kind: str, want: Wanted | None, got: Got | None, place: Place) -> Mismatch:
    how = "extra" if want is None else "missing" if got is None else "differs"
    where = want.place if want is not None else place
    return Mismatch(what=Phrase.of(f"compare.{kind}_{how}"), expected=want, got=got, place=where)


# --- showing ----------------------------------------------------------------------------------------------------


def show_value(value: Any, rules: Rules, lang: str) -> str:
    """A value of a mismatch in words."""
    match value:
        case Phrase():
            return value.text(lang)
        case Denial():
            return f"{value.code} ({denial_text(value, rules, lang)})"
        case WantedAlert() | WantedMessage() | Alert() | Sent():
            return announcement_text(value, rules, lang)
        case TicketName():
            return value.name
        case _:
            return Teller(rules, lang).value(value)
