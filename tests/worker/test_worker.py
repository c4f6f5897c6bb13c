"""A worker fires what is due, delivers what it causes, shares the work with others, and stops when it is told to."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from tests.bootstrap.engines import MONDAY, SetClock, opened_engine
from tests.worker.posts import BRISK, GIVE, WAIT_SECONDS, Recorder, later, post, promises, when

from dutyflow.bootstrap.engine import Engine, Order
from dutyflow.errors import ForbiddenError, MisuseError, UnavailableError
from dutyflow.ports.host import Message
from dutyflow.stores.shared_memory import SharedMemoryStore
from dutyflow.worker.pace import Pace
from dutyflow.worker.worker import Worker


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def engine(clock: SetClock, tmp_path: Path) -> Iterator[Engine]:
    with promises(tmp_path, clock) as made:
        yield made


@contextmanager
def at_work(*workers: Worker) -> Iterator[None]:
    """Workers that run in threads of their own, until the end of the block."""
    threads = [Thread(target=worker.run, daemon=True) for worker in workers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for worker in workers:
            worker.stop()
        for thread in threads:
            thread.join(WAIT_SECONDS)
        assert not any(thread.is_alive() for thread in threads)


def test_what_comes_due_is_fired_and_told(engine: Engine, clock: SetClock) -> None:
    engine.submit(GIVE)
    mail = Recorder()
    worker = engine.worker([mail])
    later(clock, hours=1)
    assert worker.run_once().is_idle  # this very second still belongs to whoever acts
    later(clock, seconds=1)
    done = worker.run_once()
    assert (done.events, done.messages.delivered) == (1, 1)
    assert [(m.kind, m.at, m.role) for m in mail.got] == [("warning", MONDAY + timedelta(hours=1), "agent")]


def test_a_late_worker_sees_each_moment_as_its_own(engine: Engine, clock: SetClock) -> None:
    engine.submit(GIVE)
    mail = Recorder()
    later(clock, days=3)
    engine.worker([mail]).run_once()
    moments = [(m.kind, m.at - MONDAY) for m in mail.got]
    assert moments[:2] == [("warning", timedelta(hours=1)), ("breach", timedelta(hours=2))]


def test_timers_are_fired_in_slices(engine: Engine, clock: SetClock) -> None:
    engine.submit_many([Order(command=GIVE)] * 5)
    later(clock, minutes=61)
    worker = engine.worker(pace=Pace(timers=2))
    assert [worker.run_once().events for _ in range(4)] == [2, 2, 1, 0]


def test_delivered_messages_are_forgotten_after_a_while(engine: Engine, clock: SetClock) -> None:
    post(engine, "m-1")
    worker = engine.worker([Recorder()])
    worker.run_once()
    later(clock, days=29)
    assert worker.run_once().forgotten == 0 and engine.store.messages(limit=9)
    later(clock, days=2)
    assert worker.run_once().forgotten == 1 and not engine.store.messages(limit=9)


def test_a_running_worker_takes_what_others_bring(engine: Engine, clock: SetClock) -> None:
    act, told = when(2)
    mail = Recorder(act=act)
    with at_work(engine.worker([mail], pace=BRISK)):
        for _ in range(2):
            engine.submit(GIVE)
        later(clock, minutes=61)
        assert told.wait(WAIT_SECONDS)
    assert [message.kind for message in mail.got] == ["warning", "warning"]


def test_two_workers_on_one_file_deliver_each_message_once(clock: SetClock, tmp_path: Path) -> None:
    url, count = f"sqlite:///{tmp_path / 'tickets.db'}", 40
    act, told = when(count)
    mails = Recorder(act=act), Recorder(act=act)
    with promises(tmp_path, clock, url) as one, opened_engine(url, clock) as other:
        tickets = [one.submit(GIVE).ticket for _ in range(count)]
        later(clock, minutes=61)
        pace = Pace(pause_seconds=0.01, batch=3, timers=4)
        with at_work(one.worker([mails[0]], pace=pace), other.worker([mails[1]], pace=pace)):
            assert told.wait(WAIT_SECONDS)
        got = Counter(message.ticket for mail in mails for message in mail.got)
        assert got == Counter(tickets)
        assert {message.status for message in one.store.messages(limit=100)} == {"delivered"}


def test_stopping_finishes_what_is_in_hand_and_leaves_the_rest(engine: Engine) -> None:
    begun, go_on = Event(), Event()

    def act(_: Message) -> None:
        begun.set()
        assert go_on.wait(WAIT_SECONDS)

    mail = Recorder(act=act)
    post(engine, "m-1", "m-2")
    worker = engine.worker([mail], pace=BRISK)
    with at_work(worker):
        assert begun.wait(WAIT_SECONDS)
        worker.stop()
        go_on.set()
    statuses = [message.status for message in engine.store.messages(limit=9)]
    assert (mail.ids, statuses) == (["m-1"], ["delivered", "waiting"])


# --- a store that is lost -------------------------------------------------------------------------------------------


class Flaky(SharedMemoryStore):
    """A store that can be out of reach."""

    is_lost = False

    def _reading(self) -> Any:
        if self.is_lost:
            raise UnavailableError("the store is away")
        return super()._reading()


def test_a_worker_that_lost_its_store_is_not_ready_until_it_is_back(clock: SetClock, tmp_path: Path) -> None:
    store = Flaky(clock=clock)
    engine = Engine(store, clock=clock)
    worker = engine.worker()
    for loop in worker.loops:
        loop.once()
    assert worker.health().is_ready and worker.health().is_alive
    store.is_lost = True
    assert worker.health().problem == "the store is away"
    for loop in worker.loops:
        loop.once()
    store.is_lost = False
    assert not worker.health().is_ready  # the last round failed
    for loop in worker.loops:
        loop.once()
    assert worker.health().is_ready


def test_one_round_by_hand_says_that_the_store_is_lost(clock: SetClock) -> None:
    store = Flaky(clock=clock)
    worker = Engine(store, clock=clock).worker()
    store.is_lost = True
    with pytest.raises(UnavailableError):
        worker.run_once()


def test_a_worker_that_has_not_been_round_is_alive_and_not_ready(engine: Engine) -> None:
    health = engine.worker().health()
    assert health.is_alive and not health.is_ready


def test_a_loop_that_has_not_turned_for_long_is_not_alive(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    worker = engine.worker(pace=BRISK)
    with at_work(worker):
        assert worker.health().is_alive
        monkeypatch.setattr("dutyflow.worker.worker.monotonic", lambda: 1e9)
        assert not worker.health().is_alive
    assert "the worker has ended" in caplog.text


# --- misuse ---------------------------------------------------------------------------------------------------------


def test_nobody_lets_time_pass_for_himself(engine: Engine) -> None:
    with pytest.raises(ForbiddenError):
        engine.acting_as("A1").worker()


@pytest.mark.parametrize("wrong", [{"pause_seconds": 0}, {"batch": 0}, {"lease": timedelta()}, {"attempts_max": 0}])
def test_a_pace_at_which_nothing_is_done_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(MisuseError):
        Pace(**wrong)
