"""Queues: what is found, in which order, and each ticket once however one turns the pages."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.stores.builders import NINE, advance, all_rows, found, hours, keep, opening, put, ticket
from tests.stores.conftest import NAMES, opened

from dutyflow.errors import MisuseError
from dutyflow.kernel.ticket import OwnedBy
from dutyflow.ports.queue import LIMIT_MAX, Count, Order, Query, Row
from dutyflow.ports.records import Change, Listing
from dutyflow.ports.store import SharedStore
from dutyflow.runtime.clocks import VirtualClock

ORDERS: tuple[Order, ...] = get_args(Order)
EVERYTHING = Query(closed=None)


def listed(store: SharedStore, name: str, *, due: datetime | None = None, **listing: Any) -> None:
    """Keep a ticket that appears like this in lists."""
    put(store, opening(ticket(name), listing=Listing(due_at=due, **listing)))


# --- one row, one filter ----------------------------------------------------------------------------------------


def test_a_row_says_how_its_ticket_stands(store: SharedStore) -> None:
    listing = Listing(department="客服部", due_at=hours(2), breached=2, closed=True, number="C-1", text="x")
    kept = ticket("a", state="closed", owner=OwnedBy("agent", "A1"))
    put(store, opening(kept, listing=listing))
    assert store.find(EVERYTHING, limit=5).rows == (
        Row(
            ticket="a",
            book="desk",
            workflow="complaint",
            rules="v1",
            state="closed",
            owner=OwnedBy("agent", "A1"),
            department="客服部",
            number="C-1",
            outcome=None,
            opened_at=NINE,
            changed_at=NINE,
            due_at=hours(2),
            breached=2,
            closed=True,
        ),
    )


def test_a_row_follows_its_ticket(store: SharedStore) -> None:
    listed(store, "a", due=hours(1))
    advance(store, "a", state="waiting", outcome="settled", changed_at=hours(3), owner=OwnedBy(None, "A2"))
    (row,) = store.find(EVERYTHING, limit=5).rows
    assert (row.state, row.outcome, row.changed_at, row.due_at) == ("waiting", "settled", hours(3), None)
    assert row.owner == OwnedBy(None, "A2")


def test_what_is_due_first_comes_first_and_what_has_no_due_time_last(store: SharedStore) -> None:
    for name, due in (("a", None), ("b", hours(2)), ("c", hours(1)), ("d", None), ("e", hours(1))):
        listed(store, name, due=due)
    assert found(store, Query()) == ["c", "e", "b", "a", "d"]
    assert found(store, Query(order="opened")) == ["a", "b", "c", "d", "e"]
    assert found(store, Query(order="newest")) == ["e", "d", "c", "b", "a"]


def test_closed_tickets_are_left_out_unless_they_are_asked_for(store: SharedStore) -> None:
    listed(store, "a")
    listed(store, "b", closed=True)
    assert [found(store, Query(closed=closed)) for closed in (False, True, None)] == [["a"], ["b"], ["a", "b"]]


def test_due_before_leaves_out_the_moment_itself_and_what_has_no_due_time(store: SharedStore) -> None:
    for name, due in (("a", hours(1)), ("b", hours(2)), ("c", None)):
        listed(store, name, due=due)
    assert found(store, Query(due_before=hours(2))) == ["a"]
    assert found(store, Query(due_before=hours(2.001))) == ["a", "b"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("100%", ["a"]),
        ("_x_", ["b"]),
        ("王女士", ["c"]),
        ("女", ["c"]),
        ("!", ["d"]),
        ("SHOUT", ["e"]),
        ("shout", ["e"]),
        ("𠮷", ["f"]),
        ("straße", ["g"]),
        ("\\", ["h"]),
        ("école", ["i"]),
        ("ÉCOLE", ["i"]),
        ("", list("abcdefghi")),
        ("nothing like it", []),
    ],
)
def test_texts_are_searched_for_letter_by_letter_but_for_capitals(
    store: SharedStore, wanted: str, expected: list[str]
) -> None:
    texts = ("100% sure", "a_x_b", "王女士来电", "now!", "Shouted", "𠮷野家", "STRASSE", "back\\slash", "École")
    for name, text in zip("abcdefghi", texts, strict=True):
        listed(store, name, text=text)
    assert found(store, Query(text=wanted, order="opened")) == expected


def test_fields_of_several_types_are_looked_for(store: SharedStore) -> None:
    fields = frozenset({"phone", "amount", "since", "urgent"})
    store.publish("desk", "v1", b"", NINE, filed={"complaint": fields})
    keep(store, "a", phone="138", amount=Decimal("1.50"), since=hours(1), urgent=True)
    keep(store, "b", phone="138", amount=Decimal("2"), since=hours(2), urgent=False)
    for wanted in ({"amount": Decimal("1.5")}, {"since": hours(1)}, {"urgent": True}):
        assert found(store, Query(fields=wanted)) == ["a"]
    assert found(store, Query(fields={"phone": "138", "amount": 2})) == ["b"]
    assert found(store, Query(fields={"phone": "138", "amount": 3})) == []


# --- pages ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("limit", [1, 3, 7, 8])
def test_pages_show_each_ticket_once_in_order(store: SharedStore, order: Order, limit: int) -> None:
    for number in range(7):
        listed(store, f"t{number}", due=hours(number % 3) if number % 4 else None)
    query = Query(order=order)
    assert all_rows(store, query, limit=limit) == list(store.find(query, limit=100).rows)


def test_the_last_page_has_no_cursor(store: SharedStore) -> None:
    assert store.find(Query(), limit=2).cursor is None
    for name in "ab":
        listed(store, name)
    assert store.find(Query(), limit=2).cursor is None
    assert store.find(Query(), limit=1).cursor is not None


@pytest.mark.parametrize("order", ORDERS)
def test_a_ticket_that_stays_where_it_is_is_seen_once_while_others_come_and_go(
    store: SharedStore, order: Order
) -> None:
    stay, move = [f"s{number}" for number in range(8)], [f"m{number}" for number in range(8)]
    for number, names in enumerate(zip(stay, move, strict=True)):
        for name in names:
            listed(store, name, due=hours(number))
    seen, cursor, turns = [], None, 0
    while turns == 0 or cursor is not None:
        page = store.find(Query(order=order), limit=3, after=cursor)
        seen += [row.ticket for row in page.rows]
        cursor, turns = page.cursor, turns + 1
        listed(store, f"n{turns}", due=hours(turns))
        if move:
            advance(store, move.pop(), listing=Listing(due_at=hours(turns), closed=turns % 2 == 0))
        assert turns < 30
    assert [name for name in seen if name.startswith("s")] == (stay if order != "newest" else stay[::-1])


@pytest.mark.parametrize("cursor", ["", "due", "due:1", "opened:0:1", "due:x:1", "due:1:2:3", f"due:{10**19}:1"])
def test_a_cursor_of_another_kind_is_misuse(store: SharedStore, cursor: str) -> None:
    with pytest.raises(MisuseError):
        store.find(Query(order="due"), limit=5, after=cursor)


@pytest.mark.parametrize("limit", [0, -1, LIMIT_MAX + 1])
def test_a_page_has_between_one_row_and_a_thousand(store: SharedStore, limit: int) -> None:
    with pytest.raises(MisuseError):
        store.find(Query(), limit=limit)


# --- filters against a plain one --------------------------------------------------------------------------------


def population() -> list[Change]:
    """Some tickets of every sort, always the same."""
    chance = random.Random(7)
    owners = (None, OwnedBy("agent"), OwnedBy("agent", "A1"), OwnedBy("manager", "M1"), OwnedBy(None, "A1"))
    changes = []
    for number in range(80):
        listing = Listing(
            department=chance.choice((None, "east", "west")),
            due_at=chance.choice((None, hours(1), hours(2), hours(3))),
            breached=chance.choice((0, 0, 1, 3)),
            closed=chance.random() < 0.4,
            text=chance.choice(("", "invoice 100%", "王女士 invoice", "broken_lamp")),
        )
        kept = ticket(
            f"t{number}",
            workflow=chance.choice(("complaint", "visit")),
            state=chance.choice(("received", "waiting")),
            owner=chance.choice(owners),
            phone=chance.choice(("138", "139", None)),
        )
        changes.append(opening(kept, book=chance.choice(("desk", "school")), listing=listing))
    return changes


POPULATION = population()
PHONE = {"complaint": frozenset({"phone"}), "visit": frozenset({"phone"})}


@pytest.fixture(scope="module", params=NAMES)
def peopled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedStore]:
    """A store of each kind with the whole population; nobody changes it."""
    folder: Path = tmp_path_factory.mktemp("peopled")
    with opened(request, request.param, folder, VirtualClock(NINE)) as made:
        for book in ("desk", "school"):
            made.publish(book, book, b"", NINE, filed=PHONE)
        put(made, *POPULATION)
        yield made


def maybe(*values: object) -> st.SearchStrategy[Any]:
    return st.sampled_from((None, *values))


QUERIES = st.builds(
    Query,
    book=maybe("desk", "school", "none"),
    workflow=maybe("complaint", "visit"),
    state=maybe("received", "waiting"),
    role=maybe("agent", "manager"),
    member=maybe("A1", "M1"),
    department=maybe("east", "west"),
    due_before=maybe(hours(1), hours(2), hours(9)),
    breached=maybe(True, False),
    closed=maybe(True, False),
    fields=st.sampled_from(({}, {"phone": "138"}, {"phone": "139"}, {"phone": "000"})),
    text=maybe("invoice", "100%", "王", "n_l"),
    order=st.sampled_from(ORDERS),
)
FILTERS: dict[str, object] = {
    "book": "desk",
    "workflow": "visit",
    "state": "waiting",
    "role": "agent",
    "member": "A1",
    "department": "west",
    "due_before": hours(2),
    "breached": True,
    "closed": True,
    "fields": {"phone": "138"},
    "text": "invoice",
}


def fits(query: Query, change: Change) -> bool:
    """Whether a query means a ticket, said as plainly as possible."""
    kept, listing = change.ticket, change.listing
    owner = kept.owner or OwnedBy(None)
    wanted: list[tuple[object, object]] = [
        (query.book, change.book),
        (query.workflow, kept.workflow),
        (query.state, kept.state),
        (query.role, owner.role),
        (query.member, owner.member),
        (query.department, listing.department),
        (query.breached, listing.breached > 0),
        (query.closed, listing.closed),
    ]
    if query.due_before is not None and (listing.due_at is None or listing.due_at >= query.due_before):
        return False
    if query.text and query.text not in listing.text:
        return False
    same = all(kept.fields.get(name) == value for name, value in query.fields.items())
    return same and all(want in (None, is_) for want, is_ in wanted)


def expected(query: Query) -> list[str]:
    names = [change.ticket.id for change in POPULATION if fits(query, change)]
    if query.order == "newest":
        return names[::-1]
    if query.order == "opened":
        return names
    due = {change.ticket.id: change.listing.due_at or hours(10_000) for change in POPULATION}
    return sorted(names, key=lambda name: due[name])


@given(query=QUERIES, limit=st.integers(1, 90))
@settings(max_examples=150)
def test_any_filters_together_find_what_a_plain_filter_finds(peopled: SharedStore, query: Query, limit: int) -> None:
    if query.book == "none" and query.fields:
        with pytest.raises(MisuseError):
            peopled.find(query, limit=limit)
        return
    assert [row.ticket for row in all_rows(peopled, query, limit=limit)] == expected(query)


@pytest.mark.parametrize("one", FILTERS)
def test_every_filter_works_alone_and_beside_every_other(peopled: SharedStore, one: str) -> None:
    alone = replace(EVERYTHING, **{one: FILTERS[one]})
    assert 0 < len(expected(alone)) < len(POPULATION)
    for other, wanted in FILTERS.items():
        query = replace(alone, **{other: wanted})
        assert [row.ticket for row in all_rows(peopled, query, limit=11)] == expected(query)


# --- counts -----------------------------------------------------------------------------------------------------


def recount(store: SharedStore) -> Counter[tuple[object, ...]]:
    return Counter(
        (row.book, row.workflow, row.state, row.owner.role if row.owner else None, row.closed, row.breached > 0)
        for row in all_rows(store, EVERYTHING)
    )


def counted(store: SharedStore) -> dict[tuple[object, ...], int]:
    return {(c.book, c.workflow, c.state, c.role, c.closed, c.breached): c.count for c in store.counts()}


def test_counts_are_those_of_a_recount(peopled: SharedStore) -> None:
    assert counted(peopled) == recount(peopled)


def test_counts_follow_every_commit(store: SharedStore) -> None:
    assert store.counts() == ()
    keep(store, "a", "b")
    advance(store, "a", state="closed", owner=OwnedBy("agent"), listing=Listing(closed=True, breached=1))
    advance(store, "b", text="nothing that counts")
    plain = Count(book="desk", workflow="complaint", state="received", role=None, closed=False, breached=False, count=1)
    over = replace(plain, state="closed", role="agent", closed=True, breached=True)
    assert sorted(store.counts(), key=lambda count: count.state) == [over, plain]
    advance(store, "b", state="closed", owner=OwnedBy("agent", "A1"), listing=Listing(closed=True, breached=2))
    assert store.counts() == (replace(over, count=2),)
