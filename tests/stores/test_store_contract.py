"""What every store must do, whatever it keeps tickets in."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from tests.kernel.builders import at

from dutyflow.errors import ConflictError
from dutyflow.kernel.events import Opened
from dutyflow.kernel.ticket import PendingEvent, Ticket
from dutyflow.ports.records import Answer, Change, Commit, KeptAnswer
from dutyflow.ports.store import TicketStore
from dutyflow.stores.memory import MemoryStore

STORES: list[Callable[[], TicketStore]] = [MemoryStore]
NINE = at("03-02 09:00")


@pytest.fixture(params=STORES, ids=lambda make: make.__name__)
def store(request: pytest.FixtureRequest) -> TicketStore:
    made: TicketStore = request.param()
    return made


def ticket(name: str, *, seq: int = 1, due: datetime | None = None, **fields: str) -> Ticket:
    return Ticket(
        id=name,
        workflow="complaint",
        rules="v1",
        state="received",
        seq=seq,
        opened_at=NINE,
        changed_at=NINE,
        entered_at=NINE,
        fields=fields,
        pending=(PendingEvent(due, "later"),) if due else (),
    )


def put(store: TicketStore, kept: Ticket, *, seq_before: int = 0) -> None:
    store.commit(Commit(changes=(change(kept, seq_before),)))


def change(kept: Ticket, seq_before: int = 0) -> Change:
    event = Opened(at=NINE, ticket=kept.id, workflow=kept.workflow, rules=kept.rules)
    before = ticket(kept.id, seq=seq_before) if seq_before else None
    return Change(book="desk", ticket=kept, events=(event,), before=before)


def hours(count: int) -> datetime:
    return NINE + timedelta(hours=count)


def test_a_ticket_comes_back_as_it_was_kept(store: TicketStore) -> None:
    put(store, ticket("a", customer="王女士"))
    assert store.load("a") == ticket("a", customer="王女士")
    assert store.load("b") is None
    assert len(store.history("a")) == 1 and store.history("b") == ()


def test_tickets_are_due_in_the_order_of_moment_and_id(store: TicketStore) -> None:
    for name, later in (("c", 2), ("b", 1), ("a", 2), ("d", 9)):
        put(store, ticket(name, due=hours(later)))
    due = store.due(hours(5), inclusive=False, limit=10)
    assert due == ((hours(1), "b"), (hours(2), "a"), (hours(2), "c"))
    assert store.due(hours(5), inclusive=False, limit=1) == due[:1]
    assert store.next_due_at() == hours(1)


@pytest.mark.parametrize("limit", [1, 5])
def test_a_due_moment_itself_counts_only_when_asked_for(store: TicketStore, limit: int) -> None:
    put(store, ticket("a", due=hours(1)))
    assert store.due(hours(1), inclusive=False, limit=limit) == ()
    assert store.due(hours(1), inclusive=True, limit=limit) == ((hours(1), "a"),)


def test_a_moved_or_cancelled_due_moment_is_forgotten(store: TicketStore) -> None:
    put(store, ticket("a", due=hours(1)))
    put(store, ticket("b", due=hours(2)))
    put(store, ticket("a", seq=2, due=hours(3)), seq_before=1)
    put(store, ticket("b", seq=2), seq_before=1)
    assert store.due(hours(9), inclusive=True, limit=1) == ((hours(3), "a"),)
    put(store, ticket("a", seq=3, due=hours(1)), seq_before=2)
    assert store.next_due_at() == hours(1)


def test_a_commit_on_an_outdated_ticket_writes_nothing(store: TicketStore) -> None:
    put(store, ticket("a", seq=3))
    changes = (change(ticket("b")), change(ticket("a", seq=5), 4))
    with pytest.raises(ConflictError):
        store.commit(Commit(changes=changes))
    assert store.load("b") is None and store.load("a") == ticket("a", seq=3)


def test_an_answer_is_kept_under_its_key_once(store: TicketStore) -> None:
    kept = KeptAnswer("print", Answer(ticket="a"))
    store.commit(Commit(answers={"k": kept}))
    assert store.answer("k") == kept and store.answer("other") is None
    with pytest.raises(ConflictError):
        store.commit(Commit(answers={"k": kept}))


def test_lookalikes_have_the_same_values_and_the_last_one_comes_first(store: TicketStore) -> None:
    for name, phone in (("a", "138"), ("b", "139"), ("c", "138")):
        put(store, ticket(name, phone=phone))
    assert [other.id for other in store.lookalikes("desk", "complaint", {"phone": "138"})] == ["c", "a"]
    assert store.lookalikes("desk", "revisit", {"phone": "138"}) == ()


def test_tickets_come_in_the_order_in_which_they_were_opened(store: TicketStore) -> None:
    for name in ("b", "a"):
        put(store, ticket(name))
    assert [kept.id for kept in store.tickets()] == ["b", "a"]
