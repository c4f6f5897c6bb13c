"""A transaction writes everything or nothing, and only if what it has read still holds."""

import threading
from collections.abc import Callable

import pytest
from msgspec.structs import replace
from tests.stores.builders import (
    advance,
    answered,
    everything,
    hours,
    keep,
    letter,
    message,
    opening,
    put,
    refused,
    send,
    step,
    ticket,
)

from dutyflow.errors import ConflictError, MisuseError
from dutyflow.ports.outbox import Delivery
from dutyflow.ports.queue import Query
from dutyflow.ports.records import Commit, Turn
from dutyflow.ports.store import SharedStore

PATIENCE = 30


def before_it(store: SharedStore) -> None:
    """What there is when the full commit comes."""
    put(store, opening(ticket("a", due=hours(1), phone="138")), opening(ticket("b")))
    advance(store, "b")
    store.commit(
        Commit(
            outbox=(message("a:1:0"),),
            audit=(refused("a"),),
            answers={"k1": answered()},
            numbers={"desk/C": 5},
            turns=(Turn(book="desk", name="nightly", at=None, next_at=hours(2)),),
        )
    )


def full_commit() -> Commit:
    """A commit that writes to every table."""
    return Commit(
        changes=(step(ticket("a", due=hours(1), phone="138"), due=hours(4), state="closed"), opening(ticket("c"))),
        outbox=(message("a:2:0"), letter("a:2:1", customer="王")),
        audit=(refused("a"), refused(None)),
        answers={"k2": answered()},
        numbers={"desk/C": 6, "desk/D": 1},
        turns=(
            Turn(book="desk", name="nightly", at=hours(2), next_at=None),
            Turn(book="desk", name="weekly", at=None, next_at=hours(3)),
        ),
        read={"b": 2},
    )


POISON: dict[str, Callable[[Commit], Commit]] = {
    "a ticket moved on": lambda commit: replace(commit, changes=(*commit.changes, step(ticket("b")))),
    "a ticket was opened": lambda commit: replace(commit, changes=(*commit.changes, opening(ticket("b")))),
    "a ticket was never there": lambda commit: replace(commit, changes=(*commit.changes, step(ticket("d")))),
    "a ticket that was read moved on": lambda commit: replace(commit, read={"b": 1}),
    "a key was answered": lambda commit: replace(commit, answers={**commit.answers, "k1": answered()}),
    "a number was given": lambda commit: replace(commit, numbers={**commit.numbers, "desk/C": 5}),
    "a schedule moved on": lambda commit: replace(
        commit, turns=(*commit.turns, Turn(book="school", name="nightly", at=hours(1), next_at=hours(3)))
    ),
    "a schedule began": lambda commit: replace(
        commit, turns=(Turn(book="desk", name="nightly", at=None, next_at=hours(3)),)
    ),
}


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON.keys())
def test_a_refused_commit_writes_nothing(store: SharedStore, poison: Callable[[Commit], Commit]) -> None:
    before_it(store)
    kept = everything(store)
    with pytest.raises(ConflictError):
        store.commit(poison(full_commit()))
    assert everything(store) == kept
    store.commit(full_commit())
    assert store.last_number("desk/C") == 6 and store.load("c") is not None


def test_a_commit_writes_everything(store: SharedStore) -> None:
    before_it(store)
    store.commit(full_commit())
    kept = everything(store)
    assert kept["numbers"] == [6, 1]
    assert kept["schedules"] == {("desk", "nightly"): None, ("desk", "weekly"): hours(3)}
    assert kept["waiting"] == ["a:1:0", "a:2:0", "a:2:1"]
    assert kept["audit"] == [refused("a"), refused("a"), refused(None)]
    assert kept["due"] == ((hours(4), "a"),)
    assert store.answer("k2") == answered()
    assert [kept.id for kept in store.tickets()] == ["a", "b", "c"]


def test_an_empty_commit_changes_nothing(store: SharedStore) -> None:
    before_it(store)
    kept = everything(store)
    store.commit(Commit())
    assert everything(store) == kept


def test_a_schedule_that_has_ended_cannot_come_on(store: SharedStore) -> None:
    before_it(store)
    store.commit(Commit(turns=(Turn(book="desk", name="nightly", at=hours(2), next_at=None),)))
    with pytest.raises(ConflictError):
        store.commit(Commit(turns=(Turn(book="desk", name="nightly", at=hours(2), next_at=hours(3)),)))
    assert store.schedules() == {("desk", "nightly"): None}


def test_schedules_of_two_books_have_their_own_turns(store: SharedStore) -> None:
    turns = [Turn(book=book, name="nightly", at=None, next_at=hours(number)) for number, book in enumerate("ab")]
    store.commit(Commit(turns=tuple(turns)))
    assert store.schedules() == {("a", "nightly"): hours(0), ("b", "nightly"): hours(1)}


# --- begin ------------------------------------------------------------------------------------------------------


def test_a_transaction_reads_what_is_kept_and_writes_once(store: SharedStore) -> None:
    before_it(store)
    with store.begin(tickets=["a", "b"], keys=["k1"]) as transaction:
        assert transaction.load("a") == ticket("a", due=hours(1), phone="138") and transaction.load("z") is None
        assert [kept.id for kept in transaction.select("desk", "complaint", None, {"phone": "138"})] == ["a"]
        assert [other.id for other in transaction.lookalikes("desk", "complaint", {})] == ["b", "a"]
        assert transaction.last_number("desk/C") == 5 and transaction.last_number("desk/E") == 0
        assert transaction.answer("k1") == answered() and transaction.answer("k2") is None
        transaction.commit(full_commit())
    assert store.last_number("desk/C") == 6


def test_due_moments_of_some_tickets_are_those_before_a_moment(store: SharedStore) -> None:
    for name, later in (("a", 3), ("b", 1), ("c", 2), ("d", 1)):
        keep(store, name, due=hours(later))
    with store.begin() as transaction:
        assert transaction.due_of(["a", "b", "c", "x"], hours(3)) == ((hours(1), "b"), (hours(2), "c"))
        assert transaction.due_of([], hours(3)) == ()


def test_without_a_commit_nothing_is_written(store: SharedStore) -> None:
    before_it(store)
    kept = everything(store)
    with store.begin() as transaction:
        transaction.load("a")
    assert everything(store) == kept


def test_an_error_in_a_transaction_leaves_the_store_usable(store: SharedStore) -> None:
    with pytest.raises(RuntimeError, match="of the caller"), store.begin():
        raise RuntimeError("of the caller")
    keep(store, "a")
    assert store.load("a") == ticket("a")


def test_a_transaction_is_committed_once(store: SharedStore) -> None:
    with store.begin() as transaction:
        transaction.commit(Commit(changes=(opening(ticket("a")),)))
        with pytest.raises(MisuseError):
            transaction.commit(Commit(changes=(opening(ticket("b")),)))
    assert [kept.id for kept in store.tickets()] == ["a"]


def test_a_refused_transaction_cannot_be_committed_again(store: SharedStore) -> None:
    before_it(store)
    kept = everything(store)
    with store.begin() as transaction:
        with pytest.raises(ConflictError):
            transaction.commit(POISON["a key was answered"](full_commit()))
        with pytest.raises(MisuseError):
            transaction.commit(Commit(changes=(opening(ticket("z")),)))
    assert everything(store) == kept


def test_a_transaction_that_has_ended_writes_nothing(store: SharedStore) -> None:
    with store.begin() as transaction:
        pass
    with pytest.raises(MisuseError):
        transaction.commit(Commit(changes=(opening(ticket("a")),)))
    assert store.load("a") is None


def test_what_was_searched_while_it_was_watched_may_be_committed(store: SharedStore) -> None:
    keep(store, "a")
    watched = frozenset({("desk", "complaint")})
    with store.begin(watching=watched) as transaction:
        count = len(transaction.select("desk", "complaint", None, {}))
        transaction.commit(Commit(changes=(opening(ticket("b", place=count)),), watched=watched))
    assert store.load("b") == ticket("b", place=1)


# --- threads ----------------------------------------------------------------------------------------------------


def together(*works: Callable[[], None]) -> None:
    """Do all of it at once, each in its own thread; an error of one is an error of the test."""
    errors: list[BaseException] = []

    def run(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # raised again where the test sees it
            errors.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    if errors:
        raise errors[0]


def open_numbered(store: SharedStore, name: str) -> None:
    while True:
        try:
            with store.begin() as transaction:
                number = transaction.last_number("desk/C") + 1
                opened = opening(ticket(name, number=number))
                transaction.commit(Commit(changes=(opened,), numbers={"desk/C": number}))
            return
        except ConflictError:
            continue


def test_threads_that_commit_at_once_lose_nothing_and_share_no_number(store: SharedStore) -> None:
    def work(who: str) -> Callable[[], None]:
        return lambda: [open_numbered(store, f"{who}{number}") for number in range(20)] and None

    together(work("a"), work("b"), work("c"))
    assert sorted(kept.fields["number"] for kept in store.tickets()) == list(range(1, 61))
    assert sum(count.count for count in store.counts()) == 60
    assert len(store.recorded(None, limit=100)) == 60


def test_threads_that_change_one_ticket_at_once_do_not_overwrite_each_other(store: SharedStore) -> None:
    keep(store, "a", count=0)

    def add() -> None:
        done = 0
        while done < 10:
            try:
                with store.begin(tickets=["a"]) as transaction:
                    before = transaction.load("a")
                    assert before is not None
                    fields = {"count": before.fields["count"] + 1}
                    transaction.commit(Commit(changes=(step(before, fields=fields),)))
                done += 1
            except ConflictError:
                continue

    together(add, add, add)
    kept = store.load("a")
    assert kept is not None and (kept.fields["count"], kept.seq) == (30, 31)


def test_threads_read_while_another_one_writes(store: SharedStore) -> None:
    keep(store, "a")
    seen: list[int] = []

    def write() -> None:
        for _ in range(20):
            advance(store, "a")

    def read() -> None:
        for _ in range(20):
            kept, history = store.load("a"), store.history("a")
            assert kept is not None and len(history) >= kept.seq
            seen.append(len(store.find(Query(), limit=5).rows))

    together(write, read, read)
    assert seen == [1] * 40


# --- closing ----------------------------------------------------------------------------------------------------

USES: dict[str, Callable[[SharedStore], object]] = {
    "load": lambda store: store.load("a"),
    "select": lambda store: store.select("desk", "complaint", None, {}),
    "history": lambda store: store.history("a"),
    "tickets": lambda store: list(store.tickets()),
    "find": lambda store: store.find(Query(), limit=5),
    "counts": lambda store: store.counts(),
    "recorded": lambda store: store.recorded(None, limit=5),
    "chains": lambda store: list(store.chains()),
    "due": lambda store: store.due(hours(1), inclusive=True, limit=5),
    "outbox": lambda store: list(store.outbox()),
    "schedules": lambda store: store.schedules(),
    "newest": lambda store: store.newest(),
    "commit": lambda store: keep(store, "b"),
    "begin": lambda store: store.begin().__enter__(),
    "send": lambda store: send(store, message("m")),
    "settle": lambda store: store.settle([Delivery(id="m", status="dead", attempts=1, at=hours(1))]),
    "publish": lambda store: store.publish("desk", "v1", b"", hours(1), filed={}),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_a_closed_store_is_not_used_any_more(store: SharedStore, use: Callable[[SharedStore], object]) -> None:
    keep(store, "a")
    store.close()
    with pytest.raises(MisuseError):
        use(store)


def test_a_store_may_be_closed_twice(store: SharedStore) -> None:
    store.close()
    store.close()
    with pytest.raises(MisuseError):
        store.newest()
