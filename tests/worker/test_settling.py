"""What becomes of a message follows from what its handlers said, and from nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.bootstrap.engines import MONDAY

from dutyflow.errors import DeliveryError
from dutyflow.kernel.effects import Addressee, Notice
from dutyflow.ports.outbox import Claimed, Delivery
from dutyflow.ports.records import Outgoing
from dutyflow.worker.lanes import Results
from dutyflow.worker.pace import Pace
from dutyflow.worker.settling import PROBLEM_LENGTH_MAX, outcome_for, settled

NOTICE = Notice(sla="s", run=1, kind="warning", level=0, at=MONDAY, deliver_at=MONDAY, to=Addressee(role="agent"))
OUTGOING = Outgoing(id="P-1:2:0", ticket="P-1", workflow="promise", rules="v1", notice=NOTICE)
PACE = Pace()
AGAIN = DeliveryError("not now")
NEVER = DeliveryError("not here", final=True)
BOTH = ("hook", "mail")


def become(said: Results, *, attempts: int = 0, taken_by: tuple[str, ...] = (), chance: float = 0.5) -> Delivery:
    claimed = Claimed(outgoing=OUTGOING, attempts=attempts, taken_by=taken_by)
    return settled(claimed, said, BOTH, at=MONDAY, pace=PACE, chance=chance)


def test_a_message_that_all_have_taken_is_delivered() -> None:
    done = become({"hook": None, "mail": None})
    assert (done.status, done.attempts, done.try_at, done.problem) == ("delivered", 1, None, None)
    assert become({"mail": None}, taken_by=("hook",)).status == "delivered"


def test_whoever_has_taken_it_is_remembered_when_another_has_not() -> None:
    done = become({"hook": None, "mail": AGAIN})
    assert (done.status, done.taken_by, done.problem) == ("waiting", ("hook",), "not now")
    assert done.try_at == MONDAY + timedelta(seconds=3)


def test_a_message_that_will_never_be_taken_is_dead() -> None:
    done = become({"hook": NEVER, "mail": None})
    assert (done.status, done.taken_by, done.problem) == ("dead", ("mail",), "not here")


def test_one_refusal_for_good_does_not_rob_the_others_of_the_message() -> None:
    assert become({"hook": NEVER, "mail": AGAIN}).status == "waiting"
    assert become({"hook": NEVER}).status == "waiting"  # mail was not asked


@pytest.mark.parametrize(("attempts", "status"), [(10, "waiting"), (11, "dead")])
def test_after_twelve_attempts_it_is_dead(attempts: int, status: str) -> None:
    assert become({"hook": AGAIN, "mail": None}, attempts=attempts).status == status


def test_being_postponed_is_no_attempt() -> None:
    done = become({"hook": None}, attempts=4)
    assert (done.status, done.attempts, done.problem) == ("waiting", 4, None)
    assert done.try_at is not None and done.try_at >= MONDAY + PACE.postponed


def test_whoever_asks_to_be_left_alone_is() -> None:
    asked = DeliveryError("busy", retry_after=timedelta(hours=5))
    assert become({"hook": asked, "mail": AGAIN}).try_at == MONDAY + timedelta(hours=5)


def test_a_long_problem_is_cut() -> None:
    problem = become({"hook": DeliveryError("x" * 5000)}).problem
    assert problem is not None and len(problem) == PROBLEM_LENGTH_MAX


def test_what_a_handler_caused_is_counted_for_it() -> None:
    waits, dead = become({"hook": AGAIN, "mail": None}), become({"hook": NEVER, "mail": None})
    assert [outcome_for(error, waits) for error in (None, AGAIN)] == ["delivered", "retried"]
    assert [outcome_for(error, dead) for error in (None, NEVER)] == ["delivered", "dead"]


@given(
    said=st.dictionaries(st.sampled_from(BOTH), st.sampled_from([None, AGAIN, NEVER])),
    attempts=st.integers(0, 20),
    chance=st.floats(0, 1),
)
def test_a_message_is_delivered_or_tried_later_or_dead_with_a_problem(
    said: Results, attempts: int, chance: float
) -> None:
    done = become(said, attempts=attempts, chance=chance)
    assert (done.status == "delivered") == (set(done.taken_by) == set(BOTH))
    assert (done.status == "waiting") == (done.try_at is not None)
    assert done.try_at is None or done.try_at >= MONDAY + timedelta(seconds=1)
    assert done.status != "dead" or done.problem or attempts >= PACE.attempts_max
