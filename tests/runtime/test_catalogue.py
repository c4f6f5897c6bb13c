"""The catalogue knows the newest versions, and whose people work by them."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from tests.kernel.builders import at
from tests.runtime.school import PEOPLE, SCHOOL

from dutyflow.errors import MisuseError, RulebookError
from dutyflow.kernel.ticket import Ticket
from dutyflow.ports.store import SharedStore
from dutyflow.rulebook.bundle import Bundle, bundle_of
from dutyflow.rulebook.load import load_rulebook
from dutyflow.runtime import catalogue as module
from dutyflow.runtime.catalogue import Catalogue
from dutyflow.stores.shared_memory import SharedMemoryStore

NOW = at("03-02 09:00")
CHANGED = SCHOOL.replace("after: 24h", "after: 12h")
HIRED = PEOPLE.replace("  A1: {", "  N1: {title: N1, roles: [agent]}\n  A1: {", 1)


@pytest.fixture
def store() -> SharedStore:
    return SharedMemoryStore()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that only go forward when a test says so."""
    seconds = [0.0]
    monkeypatch.setattr(module, "monotonic", lambda: seconds[0])
    return seconds


def bundle(folder: Path, text: str, name: str = "school", people: str = PEOPLE) -> Bundle:
    place = folder / name
    place.mkdir(exist_ok=True)
    (place / "rules.yaml").write_text(people + text, encoding="utf-8")
    return bundle_of(load_rulebook(place))


def publish(store: SharedStore, version: Bundle) -> str:
    store.publish(version.name, version.hash, version.to_bytes(), NOW, filed={})
    return version.hash


def test_a_version_that_another_process_published_is_noticed_after_a_moment(
    store: SharedStore, clock: list[float], tmp_path: Path
) -> None:
    catalogue = Catalogue(store)
    first = publish(store, bundle(tmp_path, SCHOOL))
    assert catalogue.newest("school").hash == first
    second = publish(store, bundle(tmp_path, CHANGED))
    assert catalogue.newest("school").hash == first
    clock[0] += module.STALE_SECONDS + 1
    assert catalogue.newest("school").hash == second
    assert catalogue.version(first).hash == first


def test_a_rulebook_that_is_not_known_yet_is_looked_for_at_once(
    store: SharedStore, clock: list[float], tmp_path: Path
) -> None:
    catalogue = Catalogue(store)
    assert catalogue.names() == ()
    with pytest.raises(MisuseError, match="there are: none"):
        catalogue.newest("school")
    publish(store, bundle(tmp_path, SCHOOL))
    assert catalogue.book_of("seat") == "school"
    assert catalogue.schedules_of("school") == {"weekly", "daily"} and catalogue.schedules_of("evening") == frozenset()


def test_a_published_version_that_no_longer_compiles_has_no_schedules_and_stands_in_nobody_s_way(
    store: SharedStore, tmp_path: Path
) -> None:
    good = bundle(tmp_path, SCHOOL)
    broken = {name: text.replace("owner: agent", "owner: nobody") for name, text in good.files.items()}
    store.publish("school", "f" * 64, replace(good, hash="f" * 64, files=broken).to_bytes(), NOW, filed={})
    catalogue = Catalogue(store)
    with pytest.raises(RulebookError):
        catalogue.newest("school")
    assert catalogue.schedules_of("school") == frozenset()


def test_a_slow_look_does_not_bring_back_what_a_later_one_has_replaced(
    store: SharedStore, clock: list[float], tmp_path: Path
) -> None:
    catalogue = Catalogue(store)
    publish(store, bundle(tmp_path, SCHOOL))
    answer = store.newest()
    second = publish(store, bundle(tmp_path, CHANGED))

    class Slow:
        """A store whose first answer is overtaken by a second look."""

        def newest(self) -> object:
            catalogue._store = store
            catalogue.refresh()
            return answer

    catalogue._store = Slow()  # type: ignore[assignment]  # all that is asked of it here
    catalogue.refresh()
    assert catalogue.newest("school").hash == second


def test_the_people_are_those_of_the_newest_version_whatever_a_ticket_is_pinned_to(
    store: SharedStore, tmp_path: Path
) -> None:
    catalogue = Catalogue(store)
    first = publish(store, bundle(tmp_path, SCHOOL))
    assert catalogue.directory_of(catalogue.newest("school")).roles_of("N1", NOW) == frozenset()
    publish(store, bundle(tmp_path, SCHOOL, people=HIRED))
    catalogue.refresh()
    assert catalogue.directory_of(catalogue.version(first)).roles_of("N1", NOW) == {"agent"}


def test_a_directory_of_the_host_takes_their_place(store: SharedStore, tmp_path: Path) -> None:
    class Nobody:
        def roles_of(self, person: str, at: datetime) -> frozenset[str]:
            return frozenset()

        def members_of(self, role: str, at: datetime) -> tuple[str, ...]:
            return ()

        def skill_of(self, person: str, skill: str) -> int:
            return 0

    nobody = Nobody()
    catalogue = Catalogue(store, nobody)
    publish(store, bundle(tmp_path, SCHOOL))
    assert catalogue.directory_of(catalogue.newest("school")) is nobody


def test_a_ticket_of_a_version_that_is_not_here_is_misuse(store: SharedStore) -> None:
    ticket = Ticket(
        id="t", workflow="seat", rules="gone", state="x", seq=1, opened_at=NOW, changed_at=NOW, entered_at=NOW
    )
    with pytest.raises(MisuseError):
        Catalogue(store).rules_of(ticket)
