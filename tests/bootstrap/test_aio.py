"""The async engine: every method of the engine can be awaited, and a cancelled await loses nothing."""

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from tests.bootstrap.engines import MONDAY, WITHOUT_SCHEDULES, SetClock, written

from dutyflow import AsyncEngine, Engine, Fire, Open, Order
from dutyflow.bootstrap.aio import lifted
from dutyflow.errors import ForbiddenError, MisuseError, UnknownTicketError
from dutyflow.ports.queue import Recorded
from dutyflow.ports.records import Answer

BOOK = Open(workflow="seat", event="book", actor="A1")
SECONDS = 20
"""After this a test has failed; nobody waits for it otherwise."""


def public(kind: type) -> set[str]:
    return {name for name, value in vars(kind).items() if not name.startswith("_") and callable(getattr(kind, name))}


def test_everything_that_an_engine_does_can_be_awaited() -> None:
    assert public(Engine) - public(AsyncEngine) == set()
    assert public(AsyncEngine) - public(Engine) == set()
    plain = {"open", "acting_as", "subscribe"}
    for name in public(AsyncEngine) - plain:
        assert inspect.iscoroutinefunction(getattr(AsyncEngine, name)), name
        if name != "close":
            assert inspect.signature(getattr(AsyncEngine, name)) == inspect.signature(getattr(Engine, name))


def played(url: str, folder: Path, play: Callable[[AsyncEngine], Coroutine[Any, Any, None]]) -> None:
    """Let a coroutine play with an engine that has the school published."""

    async def whole() -> None:
        async with asyncio.timeout(SECONDS), AsyncEngine.open(url, clock=SetClock(), threads=8) as engine:
            await engine.publish(written(folder, WITHOUT_SCHEDULES))
            await play(engine)

    asyncio.run(whole())


def test_commands_that_are_asked_at_once_are_all_answered(url: str, tmp_path: Path) -> None:
    async def play(engine: AsyncEngine) -> None:
        answers = await asyncio.gather(*[engine.submit(BOOK) for _ in range(50)])
        numbers = [(await engine.ticket(answer.ticket or "")).fields["number"] for answer in answers]
        assert sorted(numbers) == [f"S-2026-{number:03}" for number in range(1, 51)]
        assert sum(count.count for count in await engine.counts()) == 50
        assert (await engine.find(limit=10)).cursor is not None
        assert isinstance((await engine.submit_many([Order(command=BOOK)]))[0], Answer)

    played(url, tmp_path, play)


def test_exceptions_come_through(url: str, tmp_path: Path) -> None:
    async def play(engine: AsyncEngine) -> None:
        with pytest.raises(UnknownTicketError):
            await engine.history("nowhere")
        with pytest.raises(ForbiddenError):
            await engine.acting_as("A1").submit(Open(workflow="seat", event="book", actor="C1"))
        answer = await engine.acting_as("A1").submit(BOOK)
        assert [action.event for action in await engine.acting_as("A1").next_actions(answer.ticket or "")]

    played(url, tmp_path, play)


def test_events_are_followed_with_async_for_and_taken_up_where_one_left_off(url: str, tmp_path: Path) -> None:
    async def play(engine: AsyncEngine) -> None:
        seat = (await engine.submit(BOOK)).ticket or ""
        for _ in range(5):
            await engine.submit(Fire(event="note", actor="A1"), ticket=seat)
        seen = [recorded async for recorded in engine.subscribe(page=2)]
        assert [recorded.seq for recorded in seen] == list(range(1, 8))
        rest = [recorded async for recorded in engine.subscribe(seen[3].position, page=2)]
        assert rest == seen[4:]

    played(url, tmp_path, play)


def test_a_subscriber_who_waits_sees_what_comes_later(url: str, tmp_path: Path) -> None:
    async def follow(engine: AsyncEngine, count: int) -> list[Recorded]:
        seen: list[Recorded] = []
        async for recorded in engine.subscribe(wait_seconds=0.001):
            seen.append(recorded)
            if len(seen) == count:
                break
        return seen

    async def play(engine: AsyncEngine) -> None:
        following = asyncio.create_task(follow(engine, 4))
        await engine.submit(BOOK)
        await engine.submit(BOOK)
        assert len({recorded.ticket for recorded in await following}) == 2

    played(url, tmp_path, play)


def test_a_cancelled_await_loses_no_answer(url: str, tmp_path: Path) -> None:
    begun, go_on = Event(), Event()

    class SlowClock(SetClock):
        slow = False

        def now(self) -> Any:
            if self.slow:
                begun.set()
                assert go_on.wait(SECONDS)
            return super().now()

    async def whole() -> None:
        clock = SlowClock(MONDAY)
        async with asyncio.timeout(SECONDS), AsyncEngine.open(url, clock=clock) as engine:
            await engine.publish(written(tmp_path, WITHOUT_SCHEDULES))
            clock.slow = True
            asking = asyncio.create_task(engine.submit(BOOK, key="web-1"))
            await asyncio.to_thread(begun.wait, SECONDS)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            go_on.set()
            answer = await engine.submit(BOOK, key="web-1")
            assert answer.accepted
            assert [row.ticket for row in (await engine.find()).rows] == [answer.ticket]

    asyncio.run(whole())


def test_a_thread_sees_the_context_of_whoever_asks() -> None:
    request: ContextVar[str] = ContextVar("request", default="none")

    class Asked(AsyncEngine):
        look = lifted(lambda engine: request.get())

    async def whole() -> None:
        async with Asked(Engine.open("memory:")) as engine:
            request.set("r-1")
            assert await engine.look() == "r-1"

    asyncio.run(whole())


def test_after_the_block_the_engine_is_closed(url: str) -> None:
    async def whole() -> None:
        async with AsyncEngine.open(url) as engine:
            assert (await engine.find()).rows == ()
        with pytest.raises(MisuseError, match="closed"):
            await engine.find()

    asyncio.run(whole())
