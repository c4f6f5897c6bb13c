"""What workers claim is theirs until the lease ends: due moments and messages."""

from datetime import timedelta

import pytest
from tests.stores.builders import NINE, advance, hours, keep, letter, message, send

from dutyflow.ports.outbox import Delivery, Waiting
from dutyflow.ports.store import SharedStore, TicketStore
from dutyflow.runtime.clocks import VirtualClock

LEASE = timedelta(minutes=5)
ALMOST = LEASE - timedelta(seconds=1)


def claim_due(store: SharedStore, before: int = 9, limit: int = 10) -> list[str]:
    return [name for _, name in store.claim_due(hours(before), limit=limit, lease=LEASE)]


def claim(store: SharedStore, at: float = 0, limit: int = 10) -> list[str]:
    return [claimed.outgoing.id for claimed in store.claim_messages(hours(at), limit=limit, lease=LEASE)]


# --- due moments ------------------------------------------------------------------------------------------------


def test_due_moments_are_claimed_earliest_first_and_only_those_that_have_come(store: SharedStore) -> None:
    for name, later in (("c", 2), ("b", 1), ("a", 2), ("d", 3)):
        keep(store, name, due=hours(later))
    assert store.claim_due(hours(3), limit=10, lease=LEASE) == ((hours(1), "b"), (hours(2), "a"), (hours(2), "c"))


def test_two_workers_are_never_given_the_same_moment(store: SharedStore) -> None:
    for number in range(5):
        keep(store, f"t{number}", due=hours(1))
    claims = [claim_due(store, limit=2) for _ in range(4)]
    assert claims == [["t0", "t1"], ["t2", "t3"], ["t4"], []]


def test_a_lease_that_ends_gives_the_moment_back(store: SharedStore, clock: VirtualClock) -> None:
    keep(store, "a", due=hours(1))
    assert claim_due(store) == ["a"]
    clock.move_to(NINE + ALMOST)
    assert claim_due(store) == []
    clock.move_to(NINE + LEASE)
    assert claim_due(store) == ["a"]


def test_a_commit_that_moves_the_moment_ends_the_lease(store: SharedStore) -> None:
    keep(store, "a", due=hours(1))
    claim_due(store)
    advance(store, "a", due=hours(2))
    assert claim_due(store) == ["a"]


def test_a_commit_that_leaves_the_moment_where_it_is_leaves_the_lease(store: SharedStore) -> None:
    keep(store, "a", due=hours(1))
    claim_due(store)
    advance(store, "a", due=hours(1))
    assert claim_due(store) == []


def test_a_moment_that_is_gone_is_not_claimed(store: SharedStore) -> None:
    keep(store, "a", due=hours(1))
    advance(store, "a")
    assert claim_due(store) == []
    advance(store, "a", due=hours(1))
    assert claim_due(store) == ["a"]


def test_a_claimed_moment_is_still_due(store: SharedStore) -> None:
    keep(store, "a", due=hours(1))
    claim_due(store)
    assert store.due(hours(2), inclusive=False, limit=5) == ((hours(1), "a"),)


# --- messages ---------------------------------------------------------------------------------------------------


def test_messages_wait_in_the_order_in_which_they_were_kept(ticket_store: TicketStore) -> None:
    kept = [message("b", deliver_at=hours(2)), letter("a", customer="王女士", paid=None), message("c")]
    send(ticket_store, *kept)
    waiting = list(ticket_store.outbox())
    assert [one.outgoing for one in waiting] == kept
    assert [one.try_at for one in waiting] == [hours(2), NINE, NINE]
    assert {(one.status, one.attempts, one.taken_by, one.problem) for one in waiting} == {("waiting", 0, (), None)}


def test_messages_whose_time_has_come_are_claimed_once(store: SharedStore) -> None:
    send(store, message("late", deliver_at=hours(2)), message("b", deliver_at=hours(1)), message("a"))
    assert claim(store, at=1, limit=1) == ["a"]
    assert claim(store, at=1) == ["b"]
    assert claim(store, at=1) == []
    assert claim(store, at=2) == ["late"]


def test_a_message_whose_lease_ended_is_given_out_again(store: SharedStore, clock: VirtualClock) -> None:
    send(store, message("m"))
    assert claim(store) == ["m"]
    clock.move_to(NINE + ALMOST)
    assert claim(store) == []
    clock.move_to(NINE + LEASE)
    assert claim(store) == ["m"]


def test_whoever_settles_after_the_lease_cannot_undo_what_others_did(store: SharedStore, clock: VirtualClock) -> None:
    send(store, message("m"))
    (late,) = store.claim_messages(hours(1), limit=5, lease=LEASE)
    clock.move_to(NINE + LEASE)
    (second,) = store.claim_messages(hours(1), limit=5, lease=LEASE)
    assert second.lease == NINE + LEASE + LEASE != late.lease
    gone_wrong = Delivery(id="m", status="dead", attempts=1, at=hours(1), problem="too late", lease=late.lease)
    store.settle([gone_wrong])
    assert claim(store) == [], "the second one still holds it"
    store.settle([Delivery(id="m", status="delivered", attempts=1, at=hours(1), lease=second.lease)])
    store.settle([gone_wrong])
    assert [one.status for one in store.messages(limit=5)] == ["delivered"]


def test_a_delivered_message_does_not_wait_any_more(store: SharedStore) -> None:
    send(store, message("m"), message("n"))
    claim(store)
    store.settle([Delivery(id="m", status="delivered", attempts=1, at=hours(1), taken_by=("log", "mail"))])
    assert [one.outgoing.id for one in store.outbox()] == ["n"]
    (kept,) = store.messages("delivered", limit=5)
    assert (kept.try_at, kept.attempts, kept.taken_by) == (hours(1), 1, ("log", "mail"))


def test_a_message_to_be_tried_again_waits_until_then_and_knows_who_has_it(store: SharedStore) -> None:
    send(store, message("m"))
    claim(store)
    retry = Delivery(
        id="m", status="waiting", attempts=1, at=NINE, try_at=hours(1), taken_by=("log",), problem="无法连接"
    )
    store.settle([retry])
    assert claim(store, at=0.5) == []
    (claimed,) = store.claim_messages(hours(1), limit=5, lease=LEASE)
    assert (claimed.attempts, claimed.taken_by, claimed.outgoing) == (1, ("log",), message("m"))
    (kept,) = store.messages(limit=5)
    assert kept.problem == "无法连接"


def test_dead_messages_wait_again_when_they_are_retried(store: SharedStore) -> None:
    send(store, *[message(name) for name in "abc"])
    claim(store)
    store.settle([Delivery(id=name, status="dead", attempts=8, at=NINE, taken_by=("log",)) for name in "abc"])
    assert claim(store, at=9) == []
    assert store.retry_messages(["b", "unknown"], hours(1)) == 1
    assert store.retry_messages([], hours(1)) == 0
    assert claim(store, at=0) == []
    (claimed,) = store.claim_messages(hours(1), limit=5, lease=LEASE)
    assert (claimed.outgoing.id, claimed.attempts, claimed.taken_by) == ("b", 0, ("log",))
    assert store.retry_messages(None, hours(2)) == 2
    assert claim(store, at=2) == ["a", "c"]


def test_only_dead_messages_are_retried(store: SharedStore) -> None:
    send(store, message("m"))
    claim(store)
    store.settle([Delivery(id="m", status="delivered", attempts=1, at=NINE)])
    assert store.retry_messages(None, hours(1)) == 0 and store.retry_messages(["m"], hours(1)) == 0


def test_delivered_messages_are_forgotten_when_they_are_old(store: SharedStore) -> None:
    send(store, *[message(name) for name in "abcd"])
    settled = [Delivery(id=name, status="delivered", attempts=1, at=hours(number)) for number, name in enumerate("ab")]
    store.settle([*settled, Delivery(id="c", status="dead", attempts=8, at=NINE)])
    assert store.forget_messages(hours(0)) == 0
    assert store.forget_messages(hours(1)) == 1
    assert [one.outgoing.id for one in store.messages(limit=9)] == ["b", "c", "d"]


def test_messages_are_read_page_by_page_by_status(store: SharedStore) -> None:
    send(store, *[message(name) for name in "abcde"])
    store.settle([Delivery(id="b", status="dead", attempts=1, at=NINE)])
    first = store.messages("waiting", limit=2)
    rest = store.messages("waiting", limit=9, after=first[-1].number)
    assert [names(first), names(rest)] == [["a", "c"], ["d", "e"]]
    assert names(store.messages("dead", limit=9)) == ["b"]
    assert names(store.messages(limit=9)) == list("abcde")


def names(messages: tuple[Waiting, ...]) -> list[str]:
    return [one.outgoing.id for one in messages]


def test_the_number_of_a_forgotten_message_is_not_given_again(store: SharedStore) -> None:
    send(store, message("a"))
    (last,) = store.messages(limit=5)
    store.settle([Delivery(id="a", status="delivered", attempts=1, at=NINE)])
    store.forget_messages(hours(1))
    send(store, message("b"))
    assert names(store.messages(limit=5, after=last.number)) == ["b"]


def test_what_became_of_an_unknown_message_is_ignored(store: SharedStore) -> None:
    store.settle([Delivery(id="x", status="delivered", attempts=1, at=NINE)])
    assert store.messages(limit=5) == ()


@pytest.mark.parametrize("count", [1, 3])
def test_several_messages_of_one_commit_have_rising_numbers(store: SharedStore, count: int) -> None:
    send(store, *[message(f"m{number}") for number in range(count)])
    send(store, message("last"))
    numbers = [one.number for one in store.messages(limit=9)]
    assert numbers == sorted(set(numbers)) and len(numbers) == count + 1
