"""A library hands out the version of a rulebook that a ticket runs under, and compiles each one once."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest
from tests.rulebook.books import load, rules

from dutyflow.errors import InputError, MisuseError, RulebookError, StoreError
from dutyflow.rulebook.bundle import Bundle, bundle_of
from dutyflow.runtime.library import Library

OLD = bundle_of(load())
NEW = bundle_of(load({"slas.react.within": "3h"}))


class Shelf:
    """Published bundles, and which of them were asked for."""

    def __init__(self, *bundles: Bundle) -> None:
        self.documents: Mapping[str, bytes] = {bundle.hash: bundle.to_bytes() for bundle in bundles}
        self.asked: list[str] = []

    def fetch(self, hash: str) -> bytes | None:
        self.asked.append(hash)
        return self.documents.get(hash)


def test_a_version_that_was_added_is_found_by_its_hash() -> None:
    library, compiled = Library(), rules()
    assert library.add(compiled) is compiled
    assert library.rules(compiled.hash) is compiled


def test_a_bundle_is_compiled_when_it_is_added() -> None:
    library = Library()
    compiled = library.add(OLD)
    assert compiled.workflows["job"].initial == "new"
    assert library.rules(OLD.hash) is compiled


def test_a_published_version_is_fetched_at_its_first_use_only() -> None:
    shelf = Shelf(OLD, NEW)
    library = Library(shelf.fetch)
    assert shelf.asked == []
    first = library.rules(NEW.hash)
    assert (first.name, first.hash) == (NEW.name, NEW.hash)
    assert library.rules(NEW.hash) is first
    assert shelf.asked == [NEW.hash]


def test_an_unknown_version_is_misuse() -> None:
    for library in (Library(), Library(Shelf(OLD).fetch)):
        with pytest.raises(MisuseError, match="version of the rulebook that is not published here"):
            library.rules("0" * 64)


def test_words_of_a_version_can_be_corrected_because_they_are_not_in_its_hash() -> None:
    library = Library()
    library.add(OLD)
    library.add(bundle_of(load({"rulebook.title": "Corrected"})))
    assert library.rules(OLD.hash).title["en"] == "Corrected"


def test_a_store_that_gives_another_version_or_an_edited_one_is_not_believed() -> None:
    wrong = Library({OLD.hash: NEW.to_bytes()}.get)
    with pytest.raises(StoreError, match=NEW.hash):
        wrong.rules(OLD.hash)
    edited = replace(NEW, hash=OLD.hash)
    with pytest.raises(InputError, match="was changed"):
        Library({OLD.hash: edited.to_bytes()}.get).rules(OLD.hash)
    with pytest.raises(InputError, match="not a bundle"):
        Library({OLD.hash: b"no"}.get).rules(OLD.hash)


def test_a_bundle_with_errors_is_not_taken_in() -> None:
    library = Library()
    broken: dict[str, Any] = {"r/a.yaml": "roles: {agent: {superiour: x}}\n"}
    with pytest.raises(RulebookError):
        library.add(Bundle(name="r", hash="", entry="r", files=broken))


def test_threads_that_ask_at_once_all_get_the_same_rules() -> None:
    together = Barrier(4, timeout=30)

    def fetch(hash: str) -> bytes:
        together.wait()  # nobody gets an answer before everybody has asked: the library may not hold a lock here
        return OLD.to_bytes()

    library = Library(fetch)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(library.rules, [OLD.hash] * 4))
    assert all(one is found[0] for one in found)
    assert library.rules(OLD.hash) is found[0]
