"""All events in the order kept: a subscriber comes back with a position and misses nothing."""

import pytest
from tests.stores.builders import advance, keep, opening, put, ticket

from dutyflow.errors import ConflictError, MisuseError
from dutyflow.kernel.history import first_broken
from dutyflow.ports.store import SharedStore


def read_all(store: SharedStore, *, limit: int, after: str | None = None) -> list[tuple[str, int]]:
    seen = []
    while page := store.recorded(after, limit=limit):
        seen += [(event.ticket, event.seq) for event in page]
        after = page[-1].position
    return seen


ORDER = [("a", 1), ("b", 1), ("b", 2), ("a", 2), ("c", 1), ("a", 3)]


@pytest.fixture
def mixed(store: SharedStore) -> SharedStore:
    """A store in which three tickets took their steps in the order of `ORDER`."""
    keep(store, "a", "b")
    advance(store, "b")
    advance(store, "a")
    keep(store, "c")
    advance(store, "a")
    return store


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_events_come_in_the_order_kept_page_by_page(mixed: SharedStore, limit: int) -> None:
    assert read_all(mixed, limit=limit) == ORDER


def test_a_subscriber_goes_on_from_any_position(mixed: SharedStore) -> None:
    for place, event in enumerate(mixed.recorded(None, limit=100), start=1):
        assert read_all(mixed, limit=2, after=event.position) == ORDER[place:]


def test_what_comes_later_is_found_after_the_last_position(mixed: SharedStore) -> None:
    last = mixed.recorded(None, limit=100)[-1].position
    assert mixed.recorded(last, limit=5) == ()
    with pytest.raises(ConflictError):
        keep(mixed, "a")
    advance(mixed, "b")
    assert read_all(mixed, limit=5, after=last) == [("b", 3)]


def test_each_event_carries_itself_and_its_hash(mixed: SharedStore) -> None:
    recorded = [event for event in mixed.recorded(None, limit=100) if event.ticket == "a"]
    assert tuple(event.event for event in recorded) == mixed.history("a")
    assert first_broken(mixed.history("a"), [event.hash for event in recorded]) is None


def test_there_are_no_events_in_an_empty_store(store: SharedStore) -> None:
    assert store.recorded(None, limit=5) == ()
    put(store, opening(ticket("a")))
    assert len(store.recorded(None, limit=5)) == 1


@pytest.mark.parametrize("position", ["", "x", "-1", "1.5.2", "9" * 40, "1; DROP TABLE events"])
def test_a_position_of_another_kind_is_misuse(store: SharedStore, position: str) -> None:
    with pytest.raises(MisuseError):
        store.recorded(position, limit=5)
