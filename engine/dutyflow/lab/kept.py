"""Tells a kept ticket like a simulated one: the histories of it and of its children, woven into one story."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from dutyflow.kernel.events import ChildClosed, Event, Rang
from dutyflow.kernel.rules import Rules
from dutyflow.lab.simulation import MAIN
from dutyflow.ports.records import Asked, Happening, Outgoing


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
    """The events of one ticket and what was refused to people: of one moment before the alarms, after the rest."""
    refused = deque(asked for asked in ticket.asked if asked.denial is not None)
    for seq, event in enumerate(ticket.history, start=1):
        while refused and (refused[0].at < event.at or (refused[0].at == event.at and isinstance(event, Rang))):
            yield Happening(ticket.id, refused.popleft())
        yield Happening(ticket.id, event, seq)
    yield from (Happening(ticket.id, asked) for asked in refused)
