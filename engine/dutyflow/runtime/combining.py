"""Lets callers that come at the same time share one transaction: whoever is first does the work of those who wait."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import SimpleQueue
from threading import Lock, get_ident
from typing import Generic, TypeVar, cast

from dutyflow.errors import MisuseError, UnavailableError
from dutyflow.runtime.forks import generation

JOBS_MAX = 128
"""Jobs in one transaction."""

J = TypeVar("J")
R = TypeVar("R")


class _Waiting(Generic[J, R]):
    """A job with the result it gets, and the bell by which its caller is woken."""

    __slots__ = ("bell", "done", "job", "result")

    def __init__(self, job: J) -> None:
        self.job = job
        self.result: R | BaseException | None = None
        self.done = False
        self.bell: SimpleQueue[None] = SimpleQueue()


class _Line(Generic[J, R]):
    """Where the jobs of one process stand, and the place of whoever does them."""

    __slots__ = ("busy", "waiting", "worker")

    def __init__(self) -> None:
        self.waiting: deque[_Waiting[J, R]] = deque()
        self.busy = Lock()
        self.worker: int | None = None
        """The thread that has the place."""


class Combiner(Generic[J, R]):
    """Gives jobs to `perform` in the order in which they came, many at once, and each caller its own result.

    `perform` answers a list of jobs with as many results, an exception standing for a job that failed; if it raises,
    all of its jobs failed with that. It is never called by two threads at a time. A caller never waits while nobody
    works: whoever finds the place free takes it. In a process that was forked nobody has come yet.
    """

    def __init__(self, perform: Callable[[Sequence[J]], Sequence[R | BaseException]], *, jobs_max: int = JOBS_MAX):
        self._perform = perform
        self._jobs_max = jobs_max
        self._lines: dict[int, _Line[J, R]] = {generation(): _Line()}

    def run(self, job: J) -> R:
        """The result of a job; raises what it failed with."""
        line = self._line()
        mine: _Waiting[J, R] = _Waiting(job)
        line.waiting.append(mine)
        self._see_through((mine,), line)
        if isinstance(mine.result, BaseException):
            raise mine.result
        return cast(R, mine.result)

    def run_all(self, jobs: Sequence[J]) -> list[R | BaseException]:
        """The results of many jobs in order, failures among them."""
        line = self._line()
        mine: list[_Waiting[J, R]] = [_Waiting(job) for job in jobs]
        line.waiting.extend(mine)
        self._see_through(mine, line)
        return [cast("R | BaseException", one.result) for one in mine]

    def _line(self) -> _Line[J, R]:
        """The line of this process: of one that was forked, all others stayed behind."""
        return self._lines.get(generation()) or self._lines.setdefault(generation(), _Line())

    def _see_through(self, mine: Sequence[_Waiting[J, R]], line: _Line[J, R]) -> None:
        try:
            for one in mine:
                while not one.done:
                    self._work_or_wait(one, line)
        except BaseException:
            _leave(mine, line)
            raise

    def _work_or_wait(self, mine: _Waiting[J, R], line: _Line[J, R]) -> None:
        if line.busy.acquire(blocking=False):
            line.worker = get_ident()
            try:
                self._work(line)
            finally:
                line.worker = None
                line.busy.release()
                _wake_next(line)
        elif line.worker == get_ident():
            raise MisuseError("Nothing can be asked from within a transaction: it would wait for itself.")
        else:
            mine.bell.get()

    def _work(self, line: _Line[J, R]) -> None:
        taken: list[_Waiting[J, R]] = []
        results: Sequence[R | BaseException] | None = None
        try:
            with suppress(IndexError):  # whoever is interrupted leaves the line at any moment
                while len(taken) < self._jobs_max:
                    taken.append(line.waiting.popleft())
            results = self._perform([one.job for one in taken]) if taken else ()
        except Exception as error:
            results = [error] * len(taken)
        finally:  # an interrupt is for whoever does the work
            interrupted = UnavailableError("The work was interrupted: ask again with the same key.")
            for one, result in zip(taken, results or [interrupted] * len(taken), strict=True):
                one.result, one.done = result, True
                one.bell.put(None)


def _leave(mine: Sequence[_Waiting[J, R]], line: _Line[J, R]) -> None:
    """Whoever is interrupted goes, and does not keep a place in front of others who wait to be woken."""
    for one in mine:
        with suppress(ValueError):
            line.waiting.remove(one)
    _wake_next(line)


def _wake_next(line: _Line[J, R]) -> None:
    """The first of those who came meanwhile takes the place; it may have found it busy and be waiting."""
    with suppress(IndexError):
        line.waiting[0].bell.put(None)
