"""What people were told in a simulation, alerts and messages, and how that differs from what a scenario lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from dutyflow.kernel import events as ev
from dutyflow.kernel.effects import Addressee, Send
from dutyflow.kernel.rules import Rules
from dutyflow.lab.scenario import Told, WantedAlert, WantedMessage
from dutyflow.lab.simulation import Simulation
from dutyflow.telling.moments import show_moment
from dutyflow.telling.teller import Teller


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A warning, breach or escalation as it was raised; `names` are the tickets that it lists, if it lists any."""

    at: datetime
    ticket: str
    clock: str
    kind: str
    to: tuple[Addressee, ...]
    names: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message as it was sent, at the moment at which it goes out."""

    at: datetime
    template: str
    to: tuple[Addressee, ...]
    ticket: str


Wanted = WantedAlert | WantedMessage
Got = Alert | Sent


def alerts_of(simulation: Simulation) -> list[Alert]:
    """Every warning, breach and escalation that somebody was told of, for all tickets, in the order of raising.

    A breach that nobody is told of is a fact all the same: the status of its clock shows it.
    """
    found: list[Alert] = []
    for record, after in pairwise((*simulation.records, None)):
        what = record.what if record is not None else None
        if record is None or not isinstance(what, ev.Rang) or not what.to:
            continue
        name = simulation.name_of(record.ticket)
        listed = after.what if after is not None and after.ticket == record.ticket else None
        names = _names(listed, simulation) if isinstance(listed, ev.Listed) else None
        found.append(Alert(at=what.at, ticket=name, clock=what.sla, kind=what.kind, to=what.to, names=names))
    return found


def _names(listed: ev.Listed, simulation: Simulation) -> tuple[str, ...]:
    return tuple(simulation.name_of(ticket) for ticket in listed.tickets)


def messages_of(simulation: Simulation) -> list[Sent]:
    """Every message that was sent, in the order in which they go out."""
    sent = ((outgoing.ticket, outgoing.notice) for outgoing in simulation.runner.outbox())
    found = [
        Sent(at=send.deliver_at, template=send.template, to=(send.to,), ticket=simulation.name_of(ticket))
        for ticket, send in sent
        if isinstance(send, Send)
    ]
    return sorted(found, key=lambda message: message.at)


# --- comparing --------------------------------------------------------------------------------------------------


def differences(wanted: Iterable[Wanted], got: Iterable[Got]) -> Iterator[tuple[Wanted | None, Got | None]]:
    """The lists are complete: what differs in time or addressee, what is missing, what nobody expected."""
    missing, extra = list(wanted), list(got)
    for want in tuple(missing):
        found = next((one for one in extra if _is_about(want, one) and _fits(want, one)), None)
        if found is not None:
            missing.remove(want)
            extra.remove(found)
    yield from list(_pairs(missing, extra))
    yield from ((want, None) for want in missing)
    yield from ((None, one) for one in extra)


def _pairs(missing: list[Wanted], extra: list[Got]) -> Iterator[tuple[Wanted, Got]]:
    """Those that were probably meant by each other; taken out of both lists."""
    for want in tuple(missing):
        near = [one for one in extra if _is_about(want, one)]
        if near:
            nearest = _nearest(want, near)
            missing.remove(want)
            extra.remove(nearest)
            yield want, nearest


def _nearest(want: Wanted, near: list[Got]) -> Got:
    return min(near, key=lambda one: abs(one.at - want.at))


def _is_about(want: Wanted, got: Got) -> bool:
    if isinstance(want, WantedAlert) and isinstance(got, Alert):
        return (want.clock, want.kind, want.ticket) == (got.clock, got.kind, got.ticket)
    if isinstance(want, WantedMessage) and isinstance(got, Sent):
        return (want.template, want.ticket) == (got.template, got.ticket)
    return False


def _fits(want: Wanted, got: Got) -> bool:
    if want.at != got.at:
        return False
    if isinstance(want, WantedAlert) and isinstance(got, Alert) and want.names is not None:
        return sorted(want.names) == sorted(got.names or ()) and _is_addressed(want.to, got.to)
    return _is_addressed(want.to, got.to)


def _is_addressed(wanted: tuple[Told, ...] | None, got: tuple[Addressee, ...]) -> bool:
    if wanted is None:
        return True
    left = list(got)
    for told in wanted:
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


def announcement_text(value: Wanted | Got, rules: Rules, lang: str) -> str:
    """An alert or a message on one line: when, what, to whom, about which ticket."""
    teller = Teller(rules, lang)
    to = f" → {teller.listed(_told(value.to))}" if value.to is not None else ""
    when = show_moment(value.at, teller.zone, lang)
    if isinstance(value, WantedMessage | Sent):
        return f"{when} {value.template}{to} ({value.ticket})"
    names = f" [{', '.join(value.names)}]" if value.names is not None else ""
    return f"{when} {value.clock} {value.kind}{to} ({value.ticket}){names}"


def _told(to: Iterable[Told | Addressee]) -> Iterator[str]:
    for addressee in to:
        members = f" ({', '.join(addressee.members)})" if addressee.members else ""
        yield f"{addressee.role}{members}" if addressee.role else ", ".join(addressee.members or ())
