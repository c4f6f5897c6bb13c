"""Messages are delivered at least once, outside any transaction, and nobody holds up anybody else."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from tests.bootstrap.engines import MONDAY, SetClock
from tests.worker.posts import WAIT_SECONDS, Recorder, failing, kept, later, post, promises

from dutyflow.bootstrap.engine import Engine
from dutyflow.errors import DeliveryError, MisuseError
from dutyflow.ports.host import Message
from dutyflow.worker.pace import Pace

HASTY = Pace(lease=timedelta(seconds=3))
"""A lease of which the thirds are over soon: for handlers that hang."""


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture(params=["memory:", "sqlite"])
def engine(request: pytest.FixtureRequest, clock: SetClock, tmp_path: Path) -> Iterator[Engine]:
    url = request.param if request.param == "memory:" else f"sqlite:///{tmp_path / 'tickets.db'}"
    with promises(tmp_path, clock, url) as made:
        yield made


def test_a_message_goes_to_every_handler_once(engine: Engine) -> None:
    hook, mail = Recorder("hook"), Recorder("mail")
    post(engine, "m-1", "m-2")
    worker = engine.worker([hook, mail])
    done = worker.run_once().messages
    assert (done.delivered, done.waiting, done.dead) == (2, 0, 0)
    assert hook.ids == mail.ids == ["m-1", "m-2"]
    assert worker.run_once().is_idle and kept(engine, "m-1").status == "delivered"


def test_only_those_who_have_not_taken_it_are_given_it_again(engine: Engine, clock: SetClock) -> None:
    hook, mail = Recorder("hook"), Recorder("mail", failing(DeliveryError("busy")))
    post(engine, "m-1")
    worker = engine.worker([hook, mail])
    assert worker.run_once().messages.waiting == 1
    assert (kept(engine, "m-1").taken_by, kept(engine, "m-1").problem) == (("hook",), "busy")
    mail.act = lambda _: None
    later(clock, seconds=6)
    assert worker.run_once().messages.delivered == 1
    assert [(m.id, m.attempt) for m in mail.got] == [("m-1", 1), ("m-1", 2)]
    assert hook.ids == ["m-1"]


def test_a_failed_message_is_not_tried_before_its_time(engine: Engine, clock: SetClock) -> None:
    mail = Recorder(act=failing(DeliveryError("busy", retry_after=timedelta(minutes=10))))
    post(engine, "m-1")
    worker = engine.worker([mail])
    worker.run_once()
    later(clock, minutes=9)
    assert worker.run_once().is_idle
    later(clock, minutes=1)
    assert worker.run_once().messages.waiting == 1 and len(mail.got) == 2


def test_a_refusal_for_good_ends_the_tries(engine: Engine, clock: SetClock) -> None:
    mail = Recorder(act=failing(DeliveryError("no such inbox", final=True)))
    post(engine, "m-1")
    assert engine.worker([mail]).run_once().messages.dead == 1
    later(clock, days=9)
    assert engine.worker([mail]).run_once().is_idle
    assert (kept(engine, "m-1").status, kept(engine, "m-1").problem) == ("dead", "no such inbox")
    assert engine.store.retry_messages(None, clock.now()) == 1
    mail.act = lambda _: None
    assert engine.worker([mail]).run_once().messages.delivered == 1


def test_a_message_that_is_never_taken_is_dead_after_its_attempts(engine: Engine, clock: SetClock) -> None:
    mail = Recorder(act=failing(RuntimeError("private words")))
    post(engine, "m-1")
    worker = engine.worker([mail], pace=Pace(attempts_max=3))
    for _ in range(9):
        worker.run_once()
        later(clock, hours=1)
    assert [message.attempt for message in mail.got] == [1, 2, 3]
    assert (kept(engine, "m-1").status, kept(engine, "m-1").problem) == ("dead", "recorder: RuntimeError.")


def test_what_a_handler_says_when_it_breaks_is_not_logged(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    post(engine, "m-1")
    engine.worker([Recorder(act=failing(RuntimeError("138 0000 0000")))]).run_once()
    assert "a handler failed" in caplog.text and "138" not in caplog.text


def test_a_message_whose_rules_are_not_there_is_dead_and_holds_up_no_other(engine: Engine) -> None:
    mail = Recorder()
    post(engine, "m-1", rules="no such version")
    post(engine, "m-2")
    done = engine.worker([mail]).run_once().messages
    assert (done.delivered, done.dead) == (1, 1)
    assert mail.ids == ["m-2"]
    assert "no such vers" in (kept(engine, "m-1").problem or "")


def test_a_message_for_the_morning_waits_until_then(engine: Engine, clock: SetClock) -> None:
    mail = Recorder()
    post(engine, "m-1", deliver_at=MONDAY + timedelta(hours=9))
    later(clock, hours=9, seconds=-1)
    assert engine.worker([mail]).run_once().is_idle and mail.got == []
    later(clock, seconds=1)
    assert engine.worker([mail]).run_once().messages.delivered == 1


def test_without_handlers_messages_wait_and_the_log_says_so_once(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    post(engine, "m-1")
    worker = engine.worker()
    assert worker.run_once().is_idle and worker.run_once().is_idle
    assert caplog.text.count("messages wait") == 1
    assert (kept(engine, "m-1").status, kept(engine, "m-1").attempts) == ("waiting", 0)
    assert engine.worker([Recorder()]).run_once().messages.delivered == 1


def test_a_worker_that_died_leaves_its_messages_to_others_when_its_lease_ends(engine: Engine, clock: SetClock) -> None:
    mail = Recorder()
    post(engine, "m-1")
    assert engine.store.claim_messages(clock.now(), limit=9, lease=Pace().lease)  # ... and dies
    later(clock, seconds=29)
    assert engine.worker([mail]).run_once().is_idle
    later(clock, seconds=1)
    assert engine.worker([mail]).run_once().messages.delivered == 1
    assert [(message.id, message.attempt) for message in mail.got] == [("m-1", 1)]


def test_a_handler_may_ask_the_engine_because_nothing_is_locked(engine: Engine) -> None:
    def act(message: Message) -> None:
        assert engine.store.forget_messages(MONDAY - timedelta(days=1)) == 0  # it writes

    post(engine, "m-1")
    assert engine.worker([Recorder(act=act)]).run_once().messages.delivered == 1


def test_a_handler_that_hangs_does_not_hold_up_the_others(
    engine: Engine, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    over = Event()

    def hang(_: Message) -> None:
        over.wait(WAIT_SECONDS)

    hook, mail = Recorder("hook", hang), Recorder("mail")
    post(engine, "m-1", "m-2")
    worker = engine.worker([hook, mail], pace=HASTY)
    try:
        assert worker.run_once().messages.waiting == 2
        assert mail.ids == ["m-1", "m-2"] and hook.ids == ["m-1"]
        assert [kept(engine, id).attempts for id in ("m-1", "m-2")] == [1, 0]
        assert "in time" in (kept(engine, "m-1").problem or "")
        post(engine, "m-3")
        later(clock, minutes=5)
        worker.run_once()
        assert mail.ids == ["m-1", "m-2", "m-3"] and hook.ids == ["m-1"]
        assert caplog.text.count("does not return") == 1
    finally:
        over.set()


def test_two_handlers_of_one_name_are_refused(engine: Engine) -> None:
    with pytest.raises(MisuseError, match="name of its own"):
        engine.worker([Recorder("mail"), Recorder("mail")])
