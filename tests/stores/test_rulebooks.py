"""Versions of rulebooks, which one is the newest of its name, and the fields that tickets are filed by."""

import pytest
from tests.stores.builders import NINE, advance, found, hours, keep, opening, put, ticket

from dutyflow.errors import MisuseError
from dutyflow.ports.queue import Query
from dutyflow.ports.records import Publication
from dutyflow.ports.store import SharedStore

NOTHING: dict[str, frozenset[str]] = {}
PHONE = {"complaint": frozenset({"phone"})}


def test_an_unknown_version_has_no_sources(store: SharedStore) -> None:
    assert store.bundle("v1") is None and store.newest() == {}


def test_a_published_version_is_kept_and_is_the_newest(store: SharedStore) -> None:
    assert store.publish("desk", "v1", "规则 one".encode(), NINE, filed=NOTHING)
    assert store.bundle("v1") == "规则 one".encode()
    assert store.newest() == {"desk": "v1"}


def test_publishing_the_newest_version_again_changes_nothing(store: SharedStore) -> None:
    store.publish("desk", "v1", b"one", NINE, filed=NOTHING)
    assert not store.publish("desk", "v1", b"one", hours(1), filed=NOTHING)
    assert store.newest() == {"desk": "v1"}


def test_a_version_may_come_with_other_words(store: SharedStore) -> None:
    store.publish("desk", "v1", b"one", NINE, filed=NOTHING)
    assert store.publish("desk", "v1", b"other words", hours(1), filed=NOTHING)
    assert store.bundle("v1") == b"other words"
    assert not store.publish("desk", "v1", b"other words", hours(2), filed=NOTHING)


def test_the_last_one_published_is_the_newest_and_the_old_ones_stay(store: SharedStore) -> None:
    for number, version in enumerate(("v2", "v1")):
        store.publish("desk", version, version.encode(), hours(number), filed=NOTHING)
    assert store.newest() == {"desk": "v1"}
    assert store.publish("desk", "v2", b"v2", hours(3), filed=NOTHING)
    assert store.newest() == {"desk": "v2"}
    assert (store.bundle("v1"), store.bundle("v2")) == (b"v1", b"v2")


def test_each_name_has_its_own_newest_version(store: SharedStore) -> None:
    store.publish("desk", "v1", b"one", NINE, filed=NOTHING)
    store.publish("school", "w1", b"two", NINE, filed=NOTHING)
    assert store.newest() == {"desk": "v1", "school": "w1"}


# --- filed fields -----------------------------------------------------------------------------------------------


def by_phone(store: SharedStore, phone: str, **more: str) -> list[str]:
    return found(store, Query(fields={"phone": phone}, order="opened", **more))


def test_tickets_are_found_by_a_filed_field_and_by_no_other(store: SharedStore) -> None:
    store.publish("desk", "v1", b"one", NINE, filed=PHONE)
    keep(store, "a", phone="138", shop="east")
    keep(store, "b", phone="139", shop="east")
    assert by_phone(store, "138") == ["a"]
    with pytest.raises(MisuseError):
        store.find(Query(fields={"shop": "east"}), limit=5)
    with pytest.raises(MisuseError):
        store.find(Query(workflow="visit", fields={"phone": "138"}), limit=5)


def test_no_field_is_filed_before_a_rulebook_asks_for_it(store: SharedStore) -> None:
    keep(store, "a", phone="138")
    with pytest.raises(MisuseError):
        by_phone(store, "138")


def test_tickets_that_were_there_before_are_filed_too(store: SharedStore) -> None:
    store.publish("desk", "v1", b"one", NINE, filed=NOTHING)
    put(store, opening(ticket("s", phone="138"), book="school"), opening(ticket("v", workflow="visit", phone="138")))
    keep(store, "a", phone="138")
    keep(store, "b", phone="139")
    keep(store, "c", phone=None)
    store.publish("desk", "v2", b"two", NINE, filed=PHONE)
    assert by_phone(store, "138") == ["a"]
    advance(store, "a", fields={"phone": "139"})
    assert by_phone(store, "139") == ["a", "b"] and by_phone(store, "138") == []


def test_fields_stay_filed_when_a_newer_version_does_not_ask_for_them(store: SharedStore) -> None:
    store.publish("desk", "v1", b"one", NINE, filed=PHONE)
    store.publish("desk", "v2", b"two", NINE, filed={"complaint": frozenset({"shop"})})
    keep(store, "a", phone="138", shop="east")
    assert by_phone(store, "138") == found(store, Query(fields={"shop": "east"})) == ["a"]


def test_the_same_version_may_ask_for_more_fields_than_before(store: SharedStore) -> None:
    keep(store, "a", phone="138")
    store.publish("desk", "v1", b"one", NINE, filed=NOTHING)
    assert not store.publish("desk", "v1", b"one", NINE, filed=PHONE)
    assert by_phone(store, "138") == ["a"]


def test_books_file_their_own_tickets(store: SharedStore) -> None:
    for book in ("desk", "school"):
        store.publish(book, f"{book}1", b"", NINE, filed=PHONE)
        put(store, opening(ticket(f"in_{book}", phone="138"), book=book))
    assert by_phone(store, "138") == ["in_desk", "in_school"]
    assert by_phone(store, "138", book="school") == ["in_school"]
    with pytest.raises(MisuseError):
        by_phone(store, "138", book="hospital")


def test_what_was_published_when_and_with_which_zone_data_is_kept(store: SharedStore) -> None:
    store.publish("desk", "v1", b"one", NINE, filed=NOTHING, zones="tzdata 2026a")
    store.publish("desk", "v1", b"one", hours(1), filed=NOTHING, zones="tzdata 2026b")
    store.publish("desk", "v2", b"two", hours(2), filed=NOTHING)
    assert store.publications() == (
        Publication(book="desk", version="v1", at=NINE, zones="tzdata 2026a"),
        Publication(book="desk", version="v2", at=hours(2)),
    )
