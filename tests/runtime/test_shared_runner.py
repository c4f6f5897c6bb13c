"""The shared runner tries again when others are quicker, and lets no job spoil the others of its transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.kernel.builders import at
from tests.runtime.school import PEOPLE, SCHOOL

from dutyflow.bootstrap.engine import Engine, Order
from dutyflow.errors import ConflictError, MisuseError, MustWatchError, StoreError, UnavailableError
from dutyflow.kernel.commands import Fire, Open
from dutyflow.ports.records import Answer, Commit
from dutyflow.runtime import shared_runner
from dutyflow.runtime.clocks import VirtualClock
from dutyflow.stores.shared_memory import SharedMemoryStore

SEATS = frozenset({("school", "seat")})
REPORT = Open(workflow="report", event="report", actor="A1", data={"topic": "lift"})
BOOK = Open(workflow="seat", event="book", actor="A1")


class Unlucky:
    """A store whose commits fail as they are told to, before anything is written."""

    def __init__(self) -> None:
        self.real = SharedMemoryStore()
        self.failures: list[Exception] = []
        self.begun: list[frozenset[tuple[str, str]]] = []
        self.commits: list[Commit] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    @contextmanager
    def begin(self, *, watching: frozenset[tuple[str, str]] = frozenset(), **named: Any) -> Iterator[Any]:
        self.begun.append(watching)
        with self.real.begin(watching=watching, **named) as transaction:
            yield Failing(self, transaction)


class Failing:
    """A transaction of it."""

    def __init__(self, store: Unlucky, transaction: Any) -> None:
        self._store, self._transaction = store, transaction

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transaction, name)

    def commit(self, commit: Commit) -> None:
        if self._store.failures:
            raise self._store.failures.pop(0)
        self._transaction.commit(commit)
        self._store.commits.append(commit)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Unlucky:
    monkeypatch.setattr(shared_runner, "pause", lambda seconds: None)
    return Unlucky()


@pytest.fixture
def engine(store: Unlucky, tmp_path: Path) -> Iterator[Engine]:
    folder = tmp_path / "school"
    folder.mkdir()
    (folder / "rules.yaml").write_text(PEOPLE + SCHOOL.partition("schedules:")[0], encoding="utf-8")
    with Engine(store, clock=VirtualClock(at("03-02 10:00"))) as made:  # type: ignore[arg-type]  # it passes on the rest
        made.publish(folder)
        yield made


def test_a_transaction_that_lost_a_race_is_done_again(engine: Engine, store: Unlucky) -> None:
    store.failures = [ConflictError(), ConflictError()]
    answer = engine.submit(REPORT)
    assert answer.accepted and len(engine.history(answer.ticket or "")) == 2
    assert engine.ticket(answer.ticket or "").fields["number"] == "R1", "a try that failed takes no number"


def test_after_many_lost_races_the_caller_is_told_to_ask_again(engine: Engine, store: Unlucky) -> None:
    store.failures = [ConflictError() for _ in range(shared_runner.ATTEMPTS_MAX)]
    with pytest.raises(ConflictError, match="same key"):
        engine.submit(REPORT, key="k")
    assert engine.submit(REPORT, key="k").accepted


def test_what_must_be_watched_is_watched_from_the_next_try_on(engine: Engine, store: Unlucky) -> None:
    store.failures, store.begun = [MustWatchError(watched=SEATS)], []
    assert engine.submit(BOOK).accepted
    assert [watching >= SEATS for watching in store.begun] == [False, True]
    store.begun.clear()
    assert engine.submit(BOOK).accepted
    assert store.begun[0] >= SEATS, "the same kind of command watches at once"


def test_a_store_that_cannot_be_reached_is_told_as_it_is(engine: Engine, store: Unlucky) -> None:
    store.failures = [UnavailableError("the disk is full")]
    with pytest.raises(UnavailableError, match="the disk is full"):
        engine.submit(REPORT)
    assert engine.find().rows == ()


def test_jobs_of_one_transaction_see_each_other_and_a_failing_one_leaves_nothing(
    engine: Engine, store: Unlucky
) -> None:
    seat = engine.submit(BOOK).ticket
    store.commits.clear()
    answers = engine.submit_many(
        [
            Order(command=Fire(event="leave", actor="A1"), ticket=seat),
            Order(command=Fire(event="note", actor="A1"), ticket="nowhere"),
            Order(command=Fire(event="leave", actor="A1"), ticket=seat),
            Order(command=BOOK),
        ]
    )
    assert [isinstance(answer, Answer) and answer.accepted for answer in answers] == [True, False, False, True]
    assert isinstance(answers[1], MisuseError)
    assert len(store.commits) == 1
    assert {change.ticket.id for change in store.commits[0].changes} == {seat, answers[3].ticket}  # type: ignore[union-attr]  # it was answered


def test_a_command_for_no_ticket_spoils_no_other(engine: Engine) -> None:
    good, bad = engine.submit_many([Order(command=BOOK), Order(command=Fire(event="note", actor="A1"), ticket="")])
    assert isinstance(good, Answer) and good.accepted
    assert isinstance(bad, MisuseError)


def test_where_one_job_cannot_be_kept_the_others_are(engine: Engine, store: Unlucky) -> None:
    store.failures = [StoreError("together"), StoreError("the first alone")]
    bad, good = engine.submit_many([Order(command=BOOK), Order(command=REPORT)])
    assert isinstance(good, Answer) and good.accepted
    assert isinstance(bad, StoreError) and bad.message == "the first alone"
    assert [row.workflow for row in engine.find().rows] == ["report"]


def test_a_schedule_begins_though_another_process_was_quicker_with_something(
    engine: Engine, store: Unlucky, tmp_path: Path
) -> None:
    (tmp_path / "school" / "rules.yaml").write_text(PEOPLE + SCHOOL, encoding="utf-8")
    store.failures = [ConflictError()]
    engine.publish(tmp_path / "school")
    assert set(store.real.schedules()) == {("school", "weekly"), ("school", "daily")}


def test_a_transaction_in_which_nothing_happened_writes_nothing(engine: Engine, store: Unlucky) -> None:
    store.commits.clear()
    with pytest.raises(MisuseError):
        engine.submit(Fire(event="note", actor="A1"), ticket="nowhere")
    first = engine.submit(REPORT, key="k")
    assert engine.submit(REPORT, key="k") == first
    assert len(store.commits) == 1
