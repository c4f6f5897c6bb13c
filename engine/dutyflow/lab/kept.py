"""Tells a kept ticket like a simulated one: the histories of it and of its children, woven into one story."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from dutyflow.kernel.events import (
    Amended,
    Assigned,
    ChildClosed,
    Commented,
    Event,
    Fired,
    Rang,
    Signed,
    TaskDone,
)
from dutyflow.kernel.rules import Rules
from dutyflow.lab.simulation import MAIN
from dutyflow.ports.records import Asked, Happening, Outgoing

_NAMES: Mapping[type, str] = {Amended: "amend", Commented: "comment", Assigned: "assign"}
"""Under which names the audit knows requests that are no event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTicket:
    """A ticket as it was kept: what happened to it in order, what was asked of it, and the rules it runs under."""

    id: str
    rules: Rules
    history: Sequence[Event]
    asked: Sequence[Asked] = ()


@dataclass(frozen=True, slots=True)
class KeptStory:
    """A `Source` for `tell`: the first ticket is the one that the story is about."""

    tickets: tuple[KeptTicket, ...]
    records: tuple[Happening, ...]
    outbox: tuple[Outgoing, ...] = ()
    _rules: Mapping[str, Rules] = field(default_factory=dict)

    @classmethod
    def of(cls, tickets: Iterable[KeptTicket]) -> KeptStory:
        """The story of a ticket and, after it, of the tickets that it opened."""
        kept = tuple(tickets)
        return cls(kept, tuple(_woven(kept)), _rules={ticket.id: ticket.rules for ticket in kept})

    def rules_of(self, ticket: str | None) -> Rules:
        """The version that a ticket is pinned to; that of the main one for others that are only mentioned."""
        return self._rules.get(ticket or "", self.tickets[0].rules)

    def name_of(self, ticket: str | None) -> str:
        """The ticket that the story is about needs no name; the others go by their ids."""
        return MAIN if ticket == self.tickets[0].id else ticket or ""


def _woven(tickets: Sequence[KeptTicket]) -> Iterator[Happening]:
    """Everything in the order of happening: of one moment first the ticket, then those that it opened."""
    waiting = {ticket.id: deque(_own(ticket)) for ticket in tickets}
    while any(waiting.values()):
        now = min(queue[0].at for queue in waiting.values() if queue)
        for ticket in waiting:
            yield from _moment(ticket, now, waiting)


def _moment(ticket: str, now: datetime, waiting: Mapping[str, deque[Happening]]) -> Iterator[Happening]:
    """What happens to one ticket at this moment; the end of a child comes before its parent hears of it."""
    queue = waiting[ticket]
    while queue and queue[0].at <= now:
        item = queue.popleft()
        if isinstance(item.what, ChildClosed) and item.what.child in waiting:
            yield from _moment(item.what.child, now, waiting)
        yield item


def _own(ticket: KeptTicket) -> Iterator[Happening]:
    for seq, what in with_refusals(ticket.history, ticket.asked):
        yield Happening(ticket.id, what, seq)


def with_refusals(history: Sequence[Event], asked: Sequence[Asked]) -> Iterator[tuple[int, Event | Asked]]:
    """The numbered events of one ticket, and between them (as number 0) what was refused, in the order of asking.

    The audit holds what went through as well: the event that an entry led to tells where the next refusal belongs.
    """
    led_to = _led_to(history, asked)
    commands = frozenset(led_to.values())
    refused: dict[int, list[Asked]] = {}
    place = 0
    for number, entry in enumerate(asked):
        if entry.denial is None:
            place = led_to.get(number, place - 1) + 1
        else:
            place = _place(entry, place, history, commands)
            refused.setdefault(place, []).append(entry)
    for index, event in enumerate(history):
        yield from ((0, entry) for entry in refused.get(index, ()))
        yield index + 1, event
    yield from ((0, entry) for entry in refused.get(len(history), ()))


def _led_to(history: Sequence[Event], asked: Sequence[Asked]) -> dict[int, int]:
    """For each command that went through the event that it became, both by their places."""
    found: dict[int, int] = {}
    place = 0
    for number, entry in enumerate(asked):
        if entry.denial is None:
            fits = (index for index in range(place, len(history)) if _is_of(history[index], entry))
            index = next(fits, None)
            if index is not None:
                found[number], place = index, index + 1
    return found


def _is_of(event: Event, asked: Asked) -> bool:
    match event:
        case Fired() | Signed():
            name = event.event
        case TaskDone():
            name = event.task
        case Amended() | Commented() | Assigned():
            name = _NAMES[type(event)]
        case _:
            return False
    return (event.at, event.actor, name) == (asked.at, asked.actor, asked.event)


def _place(asked: Asked, place: int, history: Sequence[Event], commands: frozenset[int]) -> int:
    """Before which event a refusal stands: after what had been done by then, before alarms of the same moment."""
    while place < len(history) and place not in commands:
        event = history[place]
        if event.at > asked.at or (event.at == asked.at and isinstance(event, Rang)):
            break
        place += 1
    return place
