"""Tickets come back as they were kept, are found by their fields, and are due in order: in every store."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from tests.stores.builders import NINE, advance, hours, keep, opening, put, step, ticket

from dutyflow.errors import ConflictError
from dutyflow.kernel.history import first_broken
from dutyflow.kernel.ticket import Child, ClockRun, OwnedBy, PendingAlarm, Signature, Ticket
from dutyflow.ports.store import SharedStore, TicketStore

VALUES = {
    "text": 'a "quoted" \\ line\n王女士 𠮷 <&>',
    "long": "长" * 20_000,
    "count": 10**15,
    "amount": Decimal("100.00"),
    "rate": Decimal("0.125"),
    "on": date(2026, 2, 28),
    "clock": time(9, 30),
    "moment": datetime(2026, 3, 2, 1, 2, 3, tzinfo=UTC),
    "span": timedelta(days=1, seconds=1),
    "yes": True,
    "nothing": None,
    "several": ("a", "b", Decimal("1.5")),
    "none_of_them": (),
}


def full_ticket() -> Ticket:
    run = ClockRun(
        sla="reply",
        run=1,
        anchor_at=NINE,
        started_at=NINE,
        due_at=hours(2),
        nominal_due_at=hours(2),
        seconds=7200,
        target=7200,
        pauses=((NINE, hours(1)), (hours(2), None)),
        alarms=(PendingAlarm(hours(1), 0, "warning", 1),),
        rung=(("warning", 1),),
    )
    return Ticket(
        id="东-1",
        workflow="complaint",
        rules="v1",
        state="received",
        seq=1,
        opened_at=NINE,
        changed_at=hours(1),
        entered_at=NINE,
        owner=OwnedBy("agent", "A1"),
        outcome="settled",
        parent="p",
        fields=VALUES,
        clocks=(run,),
        past_clocks=(run,),
        memory={"outer": "inner"},
        children=(Child(id="c", workflow="visit", open=False, outcome="done"),),
        signatures=(Signature("close", "manager", "M1"),),
        tasks_done=("call",),
    )


def test_a_ticket_comes_back_as_it_was_kept(ticket_store: TicketStore) -> None:
    put(ticket_store, opening(full_ticket()))
    assert ticket_store.load("东-1") == full_ticket()
    assert ticket_store.load("b") is None


def test_values_come_back_with_their_types(store: SharedStore) -> None:
    keep(store, "a", **VALUES)
    kept = store.load("a")
    assert kept is not None and kept.fields == VALUES
    assert {name: type(value) for name, value in kept.fields.items()} == {n: type(v) for n, v in VALUES.items()}


def test_a_history_has_all_events_in_order(ticket_store: TicketStore) -> None:
    keep(ticket_store, "a", "b")
    for text in ("one", "two", "three"):
        advance(ticket_store, "a", text=text)
    texts = [getattr(event, "text", "opened") for event in ticket_store.history("a")]
    assert texts == ["opened", "one", "two", "three"]
    assert len(ticket_store.history("b")) == 1 and ticket_store.history("c") == ()


def test_tickets_come_in_the_order_in_which_they_were_opened(ticket_store: TicketStore) -> None:
    for name in ("b", "a", "c"):
        keep(ticket_store, name)
    advance(ticket_store, "a")
    assert [kept.id for kept in ticket_store.tickets()] == ["b", "a", "c"]


def test_some_of_them_are_put_in_that_order_too(ticket_store: TicketStore) -> None:
    for name in ("c", "a", "b"):
        put(ticket_store, opening(ticket(name)))
    assert ticket_store.in_opening_order(["a", "gone", "c"]) == ("c", "a")
    assert ticket_store.in_opening_order([]) == ()


def test_a_new_ticket_does_not_replace_one_that_is_there(ticket_store: TicketStore) -> None:
    keep(ticket_store, "a", customer="first")
    with pytest.raises(ConflictError):
        keep(ticket_store, "a", customer="second")
    assert ticket_store.load("a") == ticket("a", customer="first")


def test_a_change_of_a_ticket_that_is_not_there_is_refused(ticket_store: TicketStore) -> None:
    with pytest.raises(ConflictError):
        put(ticket_store, step(ticket("a")))
    assert ticket_store.load("a") is None


# --- found by their fields --------------------------------------------------------------------------------------


@pytest.fixture(params=[False, True], ids=["unfiled", "filed"])
def searched(request: pytest.FixtureRequest, store: SharedStore) -> SharedStore:
    """A store that files tickets by what is looked for, or does not: the answers are the same."""
    if request.param:
        fields = frozenset(("phone", "amount", "moment", "urgent", "tags"))
        store.publish("desk", "v1", b"", NINE, filed={"complaint": fields, "visit": fields})
    return store


def ids(found: tuple[Ticket, ...]) -> list[str]:
    return [kept.id for kept in found]


def test_tickets_are_selected_by_state_and_field_in_opening_order(searched: SharedStore) -> None:
    for name, phone, state in (("b", "138", "received"), ("a", "139", "received"), ("c", "138", "closed")):
        put(searched, opening(ticket(name, state=state, phone=phone)))
    put(searched, opening(ticket("d", workflow="visit", phone="138")))
    assert ids(searched.select("desk", "complaint", None, {})) == ["b", "a", "c"]
    assert ids(searched.select("desk", "complaint", frozenset({"received"}), {})) == ["b", "a"]
    assert ids(searched.select("desk", "complaint", None, {"phone": "138"})) == ["b", "c"]
    assert ids(searched.select("desk", "complaint", frozenset({"received"}), {"phone": "138"})) == ["b"]
    assert ids(searched.select("desk", "complaint", frozenset(), {})) == []
    assert ids(searched.select("desk", "visit", None, {"phone": "138"})) == ["d"]


def test_all_fields_must_be_equal(searched: SharedStore) -> None:
    keep(searched, "a", phone="138", shop="east")
    keep(searched, "b", phone="138", shop="west")
    assert ids(searched.select("desk", "complaint", None, {"phone": "138", "shop": "west"})) == ["b"]
    assert ids(searched.select("desk", "complaint", None, {"shop": "west", "phone": "139"})) == []


def test_equal_values_are_found_however_they_are_written(searched: SharedStore) -> None:
    keep(searched, "a", amount=Decimal("1.50"), moment=hours(1))
    keep(searched, "b", amount=Decimal("2.00"), moment=hours(2))
    assert ids(searched.select("desk", "complaint", None, {"amount": Decimal("1.5")})) == ["a"]
    assert ids(searched.select("desk", "complaint", None, {"amount": 2})) == ["b"]
    assert ids(searched.select("desk", "complaint", None, {"moment": hours(1).astimezone(UTC)})) == ["a"]


def test_nothing_and_lists_are_compared_too(searched: SharedStore) -> None:
    keep(searched, "a", tags=("x", "y"))
    keep(searched, "b", phone=None)
    keep(searched, "c", phone="138")
    assert ids(searched.select("desk", "complaint", None, {"phone": None})) == ["a", "b"]
    assert ids(searched.select("desk", "complaint", None, {"tags": ("x", "y")})) == ["a"]


def test_a_ticket_is_found_by_its_present_value_only(searched: SharedStore) -> None:
    keep(searched, "a", phone="138")
    advance(searched, "a", fields={"phone": "139"})
    assert ids(searched.select("desk", "complaint", None, {"phone": "138"})) == []
    assert ids(searched.select("desk", "complaint", None, {"phone": "139"})) == ["a"]
    advance(searched, "a", fields={})
    assert ids(searched.select("desk", "complaint", None, {"phone": "139"})) == []


def test_lookalikes_have_the_same_values_and_the_last_one_comes_first(searched: SharedStore) -> None:
    for name, phone in (("a", "138"), ("b", "139"), ("c", "138")):
        keep(searched, name, phone=phone)
    assert [other.id for other in searched.lookalikes("desk", "complaint", {"phone": "138"})] == ["c", "a"]
    assert searched.lookalikes("desk", "revisit", {"phone": "138"}) == ()


def test_books_are_kept_apart(searched: SharedStore) -> None:
    put(searched, opening(ticket("a", phone="138")), opening(ticket("b", phone="138"), book="school"))
    assert ids(searched.select("desk", "complaint", None, {"phone": "138"})) == ["a"]
    assert ids(searched.select("school", "complaint", None, {})) == ["b"]
    assert [other.id for other in searched.lookalikes("school", "complaint", {"phone": "138"})] == ["b"]


def test_the_store_of_simulations_finds_the_same(ticket_store: TicketStore) -> None:
    put(ticket_store, opening(ticket("a", phone="138")), opening(ticket("b", phone="138"), book="school"))
    assert ids(ticket_store.select("desk", "complaint", None, {"phone": "138"})) == ["a"]
    assert [other.id for other in ticket_store.lookalikes("school", "complaint", {"phone": "138"})] == ["b"]


# --- what is due ------------------------------------------------------------------------------------------------


def test_tickets_are_due_in_the_order_of_moment_and_id(ticket_store: TicketStore) -> None:
    for name, later in (("c", 2), ("b", 1), ("a", 2), ("d", 9)):
        keep(ticket_store, name, due=hours(later))
    due = ticket_store.due(hours(5), inclusive=False, limit=10)
    assert due == ((hours(1), "b"), (hours(2), "a"), (hours(2), "c"))
    assert ticket_store.due(hours(5), inclusive=False, limit=1) == due[:1]
    assert ticket_store.next_due_at() == hours(1)


@pytest.mark.parametrize("limit", [1, 5])
def test_a_due_moment_itself_counts_only_when_asked_for(ticket_store: TicketStore, limit: int) -> None:
    keep(ticket_store, "a", due=hours(1))
    assert ticket_store.due(hours(1), inclusive=False, limit=limit) == ()
    assert ticket_store.due(hours(1), inclusive=True, limit=limit) == ((hours(1), "a"),)


def test_a_moved_or_cancelled_due_moment_is_forgotten(ticket_store: TicketStore) -> None:
    keep(ticket_store, "a", due=hours(1))
    keep(ticket_store, "b", due=hours(2))
    advance(ticket_store, "a", due=hours(3))
    advance(ticket_store, "b")
    assert ticket_store.due(hours(9), inclusive=True, limit=1) == ((hours(3), "a"),)
    advance(ticket_store, "a", due=hours(1))
    assert ticket_store.next_due_at() == hours(1)


def test_nothing_is_due_in_an_empty_store(ticket_store: TicketStore) -> None:
    assert ticket_store.next_due_at() is None
    assert ticket_store.due(hours(9), inclusive=True, limit=5) == ()


# --- the bytes --------------------------------------------------------------------------------------------------


def test_the_kept_bytes_of_a_ticket_form_an_unbroken_chain(store: SharedStore) -> None:
    keep(store, "a", **VALUES)
    advance(store, "a")
    advance(store, "a")
    (chain,) = store.chains()
    assert (chain.ticket, [seq for seq, _, _ in chain.events]) == ("a", [1, 2, 3])
    assert first_broken(store.history("a"), [hash_ for _, _, hash_ in chain.events]) is None
    assert chain.head == chain.events[-1][2]


def test_a_ticket_of_several_events_in_one_commit_is_chained_too(store: SharedStore) -> None:
    first = opening(ticket("a"))
    second = step(first.ticket)
    both = opening(second.ticket)
    put(store, type(both)(book="desk", ticket=second.ticket, events=(*first.events, *second.events)))
    (chain,) = store.chains()
    assert first_broken(store.history("a"), [hash_ for _, _, hash_ in chain.events]) is None
