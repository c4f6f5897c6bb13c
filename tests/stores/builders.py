"""What the tests of stores keep: tickets, changes, messages and answers in a line, and everything a store holds."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from tests.kernel.builders import at

from dutyflow.kernel.denials import Denial
from dutyflow.kernel.effects import Addressee, Notice, Send
from dutyflow.kernel.events import Commented, Opened
from dutyflow.kernel.ticket import OwnedBy, PendingEvent, Ticket
from dutyflow.ports.outbox import Waiting
from dutyflow.ports.queue import Query, Row
from dutyflow.ports.records import Answer, Asked, Change, Commit, KeptAnswer, Listing, Outgoing
from dutyflow.ports.store import SharedStore, TicketStore

NINE = at("03-02 09:00")
PLAIN = Listing()


def hours(count: float) -> datetime:
    """So many hours after nine."""
    return NINE + timedelta(hours=count)


def ticket(
    name: str,
    *,
    workflow: str = "complaint",
    state: str = "received",
    owner: OwnedBy | None = None,
    due: datetime | None = None,
    **fields: Any,
) -> Ticket:
    """A ticket that has just been opened; `due` is when something happens to it by itself."""
    return Ticket(
        id=name,
        workflow=workflow,
        rules="v1",
        state=state,
        seq=1,
        opened_at=NINE,
        changed_at=NINE,
        entered_at=NINE,
        owner=owner,
        fields=fields,
        pending=_pending(due),
    )


def _pending(due: datetime | None) -> tuple[PendingEvent, ...]:
    return (PendingEvent(due, "later"),) if due else ()


def opening(opened: Ticket, *, book: str = "desk", listing: Listing = PLAIN) -> Change:
    """The change that opens a ticket."""
    event = Opened(at=NINE, ticket=opened.id, workflow=opened.workflow, rules=opened.rules, fields=opened.fields)
    return Change(book=book, ticket=opened, events=(event,), listing=listing)


def step(
    before: Ticket,
    *,
    book: str = "desk",
    listing: Listing = PLAIN,
    due: datetime | None = None,
    text: str = "noted",
    **changes: Any,
) -> Change:
    """The change of one event; what happens to the ticket by itself is only what `due` says."""
    after = msgspec.structs.replace(before, seq=before.seq + 1, pending=_pending(due), **changes)
    event = Commented(at=NINE, actor="A1", text=text)
    return Change(book=book, ticket=after, events=(event,), before=before, listing=listing)


def put(store: TicketStore, *changes: Change) -> None:
    """Keep some changes in one commit."""
    store.commit(Commit(changes=changes))


def keep(store: TicketStore, *names: str, due: datetime | None = None, **fields: Any) -> None:
    """Keep plain tickets of these names."""
    put(store, *[opening(ticket(name, due=due, **fields)) for name in names])


def advance(store: TicketStore, name: str, **changes: Any) -> Ticket:
    """Change a kept ticket by one event; the ticket as it stands then."""
    before = store.load(name)
    assert before is not None
    change = step(before, **changes)
    put(store, change)
    return change.ticket


def message(name: str, *, deliver_at: datetime = NINE) -> Outgoing:
    """A notice that waits to be sent."""
    to = Addressee(role="agent", members=("A1",))
    notice = Notice(sla="reply", run=1, kind="warning", level=1, at=NINE, deliver_at=deliver_at, to=to)
    return Outgoing(id=name, ticket="a", workflow="complaint", rules="v1", notice=notice, due_at=hours(3))


def letter(name: str, **values: Any) -> Outgoing:
    """A message by a template."""
    sent = Send(template="thanks", to=Addressee(role="customer"), at=NINE, deliver_at=NINE, values=values)
    return Outgoing(id=name, ticket="a", workflow="complaint", rules="v1", notice=sent)


def send(store: TicketStore, *outgoing: Outgoing) -> None:
    """Keep messages."""
    store.commit(Commit(outbox=outgoing))


def refused(name: str | None = "a", **values: Any) -> Asked:
    """A command that the rules refused."""
    denial = Denial(code="guard", event="close", state="received", values=values)
    return Asked(at=NINE, ticket=name, workflow="complaint", actor="A1", event="close", denial=denial)


def answered(name: str = "a") -> KeptAnswer:
    """An answer in which nothing happened."""
    return KeptAnswer("print", Answer(ticket=name))


def all_rows(store: SharedStore, query: Query, *, limit: int = 1_000) -> list[Row]:
    """The rows of all pages of a queue."""
    rows: list[Row] = []
    page = store.find(query, limit=limit)
    rows.extend(page.rows)
    while page.cursor is not None:
        page = store.find(query, limit=limit, after=page.cursor)
        rows.extend(page.rows)
    return rows


def found(store: SharedStore, query: Query) -> list[str]:
    """The ids of a queue in order."""
    return [row.ticket for row in store.find(query, limit=1_000).rows]


def everything(store: SharedStore) -> Mapping[str, object]:
    """All that a store holds, but for the places that it chose itself."""
    kept = tuple(store.tickets())
    return {
        "tickets": kept,
        "histories": [store.history(one.id) for one in kept],
        "recorded": [(event.ticket, event.seq, event.event, event.hash) for event in store.recorded(None, limit=1_000)],
        "chains": sorted(store.chains(), key=lambda chain: chain.ticket),
        "audit": list(store.audit()),
        "messages": [_unplaced(waiting) for waiting in store.messages(limit=1_000)],
        "waiting": [waiting.outgoing.id for waiting in store.outbox()],
        "due": store.due(hours(10_000), inclusive=True, limit=1_000),
        "next": store.next_due_at(),
        "queue": all_rows(store, Query(closed=None)),
        "counts": store.counts(),
        "numbers": [store.last_number(series) for series in ("desk/C", "desk/D")],
        "answers": [store.answer(key) for key in ("k1", "k2", "k3")],
        "schedules": dict(store.schedules()),
        "newest": dict(store.newest()),
    }


def _unplaced(waiting: Waiting) -> tuple[object, ...]:
    who = (waiting.outgoing, waiting.taken_by)
    return *who, waiting.status, waiting.try_at, waiting.attempts, waiting.problem
