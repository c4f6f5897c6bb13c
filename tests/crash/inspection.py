"""What must hold of every store at rest, whatever happened to the processes that used it: nothing lost or doubled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from dutyflow.bootstrap.engine import Engine
from dutyflow.kernel import events as ev
from dutyflow.kernel.encoding import canonical
from dutyflow.kernel.evolve import replay
from dutyflow.kernel.ticket import Ticket
from dutyflow.ports.store import SharedStore
from dutyflow.runtime.verify import verify

FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)
MANY = 1_000_000


def faults(engine: Engine) -> list[str]:
    """Everything that is wrong with the store of an engine; nothing must be."""
    store = engine.store
    tickets = tuple(store.tickets())
    return [
        *_broken_histories(store, tickets),
        *_broken_order(store, tickets),
        *_wrong_counts(engine, tickets),
        *_wrong_dues(store, tickets),
        *_wrong_numbers(tickets),
    ]


def _broken_histories(store: SharedStore, tickets: tuple[Ticket, ...]) -> Iterator[str]:
    """Each history replays to its ticket, its chain of hashes holds to the end, and its moments never go back."""
    for damages in verify(store.chains()):
        yield from (f"{damage.ticket}: event {damage.seq} is {damage.kind}" for damage in damages)
    for ticket in tickets:
        events = store.history(ticket.id)
        if canonical(replay(events)) != canonical(ticket):
            yield f"{ticket.id}: its history does not replay to the ticket that is kept"
        moments = [event.at for event in events]
        if moments != sorted(moments):
            yield f"{ticket.id}: an event lies before the one that was kept before it"


def _broken_order(store: SharedStore, tickets: tuple[Ticket, ...]) -> Iterator[str]:
    """Whoever follows all events sees each of them once, those of one ticket in order."""
    seen: dict[str, int] = {}
    for recorded in store.recorded(None, limit=MANY):
        if recorded.seq != seen.get(recorded.ticket, 0) + 1:
            yield f"{recorded.ticket}: event {recorded.seq} is out of order among all events"
        seen[recorded.ticket] = recorded.seq
    if seen != {ticket.id: ticket.seq for ticket in tickets}:
        yield "the order of all events lacks some"


def _wrong_counts(engine: Engine, tickets: tuple[Ticket, ...]) -> Iterator[str]:
    counted: Counter[tuple[str, str, bool, bool]] = Counter()
    for count in engine.counts():
        counted[count.workflow, count.state, count.closed, count.breached] += count.count
    expected = Counter(
        (ticket.workflow, ticket.state, _is_closed(engine, ticket), _is_breached(ticket)) for ticket in tickets
    )
    if counted != expected:
        yield f"the counts say {dict(counted)}; there are {dict(expected)}"


def _is_closed(engine: Engine, ticket: Ticket) -> bool:
    return engine.rules_of(ticket).workflows[ticket.workflow].states[ticket.state].final


def _is_breached(ticket: Ticket) -> bool:
    return any(run.breached_at is not None for run in (*ticket.clocks, *ticket.past_clocks))


def _wrong_dues(store: SharedStore, tickets: tuple[Ticket, ...]) -> Iterator[str]:
    kept = set(store.due(FOR_EVER, inclusive=True, limit=MANY))
    expected = {(ticket.next_due_at, ticket.id) for ticket in tickets if ticket.next_due_at is not None}
    if kept != expected:
        yield f"what is due differs from what the tickets say: {kept ^ expected}"


def _wrong_numbers(tickets: tuple[Ticket, ...]) -> Iterator[str]:
    """Record numbers are given once and none is left out: one that is taken by a command that fails is given back."""
    numbers = sorted(number for ticket in tickets if (number := ticket.fields.get("number")))
    if numbers != [f"P-{n:05}" for n in range(1, len(numbers) + 1)]:
        yield f"the record numbers are {numbers}"


def happened(store: SharedStore, *tickets: str) -> Counter[tuple[str, str, datetime]]:
    """What happened to tickets, in the words of the plan."""
    return Counter(fact for ticket in tickets for event in store.history(ticket) if (fact := _fact(event)))


def _fact(event: ev.Event) -> tuple[str, str, datetime] | None:
    match event:
        case ev.Fired():
            return "fired", event.event, event.at
        case ev.Rang():
            return "rang", event.kind, event.at
        case ev.Commented():
            return "commented", event.actor, event.at
        case ev.ChildClosed():
            return "child", "closed", event.at
    return None
