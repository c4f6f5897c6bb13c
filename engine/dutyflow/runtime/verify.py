"""Whether kept histories can be trusted: every event in its place, and every ticket what its history gives.

The hash of an event is over its own bytes and the hash before it; a ticket keeps the hash of its last event. So
whatever was edited, removed, put in or moved shows, unless somebody reckoned all later hashes anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import msgspec

from dutyflow.kernel.encoding import canonical, decode
from dutyflow.kernel.events import Event, Opened
from dutyflow.kernel.evolve import evolve
from dutyflow.kernel.history import GENESIS, chain_bytes
from dutyflow.kernel.ticket import Ticket
from dutyflow.ports.queue import Chain

DamageKind = Literal["edited", "missing", "misplaced", "end", "no_ticket", "no_events", "unreadable", "not_replayed"]


@dataclass(frozen=True, slots=True)
class Damage:
    """What is wrong with one ticket; `seq` is the number of the event, 0 for the ticket itself.

    kind          what was found
    edited        the event is not the one that was kept there: changed, or moved from elsewhere
    missing       there is no event of this number, but later ones
    misplaced     the number comes twice, or is none
    end           the history does not end where the ticket does: its last events are missing, or more were added
    no_ticket     events without a ticket
    no_events     a ticket without events
    unreadable    the bytes are no event, or no ticket
    not_replayed  the ticket is not what its history gives
    """

    ticket: str
    kind: DamageKind
    seq: int = 0


def verify(chains: Iterable[Chain]) -> Iterator[tuple[Damage, ...]]:
    """What is wrong with each ticket in turn; nothing for one whose history holds."""
    for chain in chains:
        yield tuple(_damages(chain))


def _damages(chain: Chain) -> Iterator[Damage]:
    broken = list(_broken_links(chain))
    yield from broken
    if not chain.body:
        yield Damage(chain.ticket, "no_ticket")
    elif not chain.events:
        yield Damage(chain.ticket, "no_events")
    elif not broken:
        yield from _differing(chain)


def _broken_links(chain: Chain) -> Iterator[Damage]:
    """Each event that does not follow from the one before; later ones are judged from its hash as it was kept."""
    previous, expected = GENESIS, 1
    for seq, body, kept in chain.events:
        for number in range(expected, seq):
            yield Damage(chain.ticket, "missing", number)
        if seq < expected:
            yield Damage(chain.ticket, "misplaced", seq)
        elif seq == expected and chain_bytes(previous, body) != kept:
            yield Damage(chain.ticket, "edited", seq)
        previous, expected = kept, max(expected, seq + 1)
    if chain.body and chain.events and chain.head != previous:
        yield Damage(chain.ticket, "end", expected)


def _differing(chain: Chain) -> Iterator[Damage]:
    """Whether the ticket is the fold of its events; they are what was kept, or this is not asked."""
    replayed: Ticket | None = None
    for seq, body, _ in chain.events:
        replayed = _after(replayed, body)
        if replayed is None:
            yield Damage(chain.ticket, "unreadable", seq)
            return
    kept = _ticket(chain.body)
    if kept is None:
        yield Damage(chain.ticket, "unreadable")
    elif kept.id != chain.ticket or replayed is None or canonical(replayed) != canonical(kept):
        yield Damage(chain.ticket, "not_replayed")


def _after(ticket: Ticket | None, body: bytes) -> Ticket | None:
    """The ticket after one more event; None where the bytes are none that could follow."""
    try:
        event: Event = decode(body, Event)  # type: ignore[arg-type]  # a union of records is no class
        return evolve(ticket, event) if ticket is not None or isinstance(event, Opened) else None
    except (msgspec.DecodeError, LookupError):
        return None


def _ticket(body: bytes) -> Ticket | None:
    try:
        return decode(body, Ticket)
    except msgspec.DecodeError:
        return None
