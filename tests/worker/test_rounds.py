"""A loop survives whatever happens in it, says so once, and stops at once when it is told to."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event, Thread

import pytest
from tests.worker.posts import WAIT_SECONDS

from dutyflow.errors import UnavailableError
from dutyflow.runtime.observing import Unobserved
from dutyflow.worker.rounds import Rounds


def rounds(turn: Callable[[], float], stop: Event | None = None) -> Rounds:
    return Rounds("timers", turn, stop=stop or Event(), observer=Unobserved(), chance=lambda: 1.0)


def raising(*errors: Exception | None) -> Callable[[], float]:
    left = iter(errors)

    def turn() -> float:
        error = next(left)
        if error is not None:
            raise error
        return 7

    return turn


def test_a_round_says_when_the_next_one_begins() -> None:
    loop = rounds(lambda: 7)
    assert loop.turned_at is None
    assert loop.once() == 7 and loop.problem is None and loop.turned_at is not None


def test_a_lost_store_is_told_of_once_and_tried_again_more_and_more_seldom(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    lost = UnavailableError("the disk is full")
    loop = rounds(raising(*[lost] * 7, None))
    assert [loop.once() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert loop.problem == "the disk is full"
    assert loop.once() == 7 and loop.problem is None
    assert [record.getMessage() for record in caplog.records] == [
        "the store cannot be reached",
        "rounds succeed again",
    ]


def test_a_defect_is_logged_with_its_trace_and_the_loop_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    loop = rounds(raising(ZeroDivisionError("x"), None))
    assert loop.once() == 1 and loop.problem == "ZeroDivisionError"
    assert "Traceback" in caplog.text
    assert loop.once() == 7 and loop.problem is None


def test_waiting_ends_at_once_when_it_is_stopped() -> None:
    turned, stop = Event(), Event()

    def turn() -> float:
        turned.set()
        return 1e6

    thread = Thread(target=rounds(turn, stop).run, daemon=True)
    thread.start()
    assert turned.wait(WAIT_SECONDS)
    stop.set()
    thread.join(WAIT_SECONDS)
    assert not thread.is_alive()
