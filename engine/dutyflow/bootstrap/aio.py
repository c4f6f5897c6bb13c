"""The engine for hosts that run on asyncio: the same methods as coroutines, answered by threads of its own."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial, wraps
from itertools import islice
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, TypeVar

from dutyflow.bootstrap.engine import Engine
from dutyflow.errors import MisuseError
from dutyflow.ports.host import Clock, Directory, Observer
from dutyflow.ports.queue import Recorded

THREADS = 16
"""Commands that are asked at once; those that wait for each other share a transaction."""

P = ParamSpec("P")
R = TypeVar("R")


def lifted(
    method: Callable[Concatenate[Engine, P], R],
) -> Callable[Concatenate[AsyncEngine, P], Coroutine[Any, Any, R]]:
    """A method of `Engine` as a coroutine of `AsyncEngine`, with the same arguments and the same result."""

    @wraps(method)
    async def awaited(self: AsyncEngine, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return await self._answered(partial(method, self.engine, *args, **kwargs))

    return awaited


class AsyncEngine:
    """An `Engine` that asyncio can wait for; see there for what each method does.

    An `await` that is cancelled takes nothing back: the command is answered all the same or was never begun. Ask again
    with its key to learn which. The `run` of a worker blocks: `await asyncio.to_thread(worker.run)`.
    """

    def __init__(self, engine: Engine, *, threads: int = THREADS) -> None:
        """An async face for an engine that is open; `close` closes both."""
        self.engine = engine
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="dutyflow")

    @classmethod
    def open(
        cls,
        url: str,
        *,
        directory: Directory | None = None,
        clock: Clock | None = None,
        actor: str | None = None,
        observer: Observer | None = None,
        threads: int = THREADS,
    ) -> AsyncEngine:
        """`Engine.open`, at once: the store is there when this returns."""
        engine = Engine.open(url, directory=directory, clock=clock, actor=actor, observer=observer)
        return cls(engine, threads=threads)

    def acting_as(self, actor: str) -> AsyncEngine:
        """The same engine for one person only; closing it is the business of the first."""
        bound = object.__new__(AsyncEngine)
        bound.__dict__.update(self.__dict__, engine=self.engine.acting_as(actor))
        return bound

    publish = lifted(Engine.publish)
    rulebooks = lifted(Engine.rulebooks)
    rules = lifted(Engine.rules)
    rules_of = lifted(Engine.rules_of)
    submit = lifted(Engine.submit)
    submit_many = lifted(Engine.submit_many)
    submit_rows = lifted(Engine.submit_rows)
    why_not = lifted(Engine.why_not)
    ticket = lifted(Engine.ticket)
    history = lifted(Engine.history)
    asked = lifted(Engine.asked)
    find = lifted(Engine.find)
    counts = lifted(Engine.counts)
    next_actions = lifted(Engine.next_actions)
    opening_actions = lifted(Engine.opening_actions)
    run_due = lifted(Engine.run_due)
    next_due_at = lifted(Engine.next_due_at)
    worker = lifted(Engine.worker)

    async def subscribe(
        self, after: str | None = None, *, wait_seconds: float | None = None, page: int = 500
    ) -> AsyncIterator[Recorded]:
        """`Engine.subscribe`, for `async for`; no thread is held while it waits."""
        while True:
            found = await self._answered(partial(_next_page, self.engine, after, page))
            for recorded in found:
                yield recorded
            if found:
                after = found[-1].position
            elif wait_seconds is None:
                return
            else:
                await asyncio.sleep(wait_seconds)

    async def close(self) -> None:
        """Wait for what was begun, then give the store back."""
        await asyncio.to_thread(self._pool.shutdown)
        await asyncio.to_thread(self.engine.close)

    async def __aenter__(self) -> AsyncEngine:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _answered(self, ask: Callable[[], R]) -> R:
        """What a thread of the pool answers; it sees the context variables of whoever asks."""
        context = contextvars.copy_context()
        try:
            answer = asyncio.get_running_loop().run_in_executor(self._pool, context.run, ask)
        except RuntimeError as error:  # the pool takes no more
            raise MisuseError("The engine has been closed.") from error
        return await answer


def _next_page(engine: Engine, after: str | None, page: int) -> list[Recorded]:
    return list(islice(engine.subscribe(after, page=page), page))
