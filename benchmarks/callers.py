"""People who ask at the same time: a thread for each, all let go at once, every answer waited for and timed."""

from collections.abc import Callable, Sequence
from threading import Barrier, Thread
from time import perf_counter
from typing import TypeVar

Asked = TypeVar("Asked")


def together(ask: Callable[[Asked], object], shares: Sequence[Sequence[Asked]]) -> tuple[float, list[float]]:
    """Let a caller for each share ask for its things in order: seconds until all are done, seconds of each answer."""
    barrier = Barrier(len(shares) + 1)
    waits: list[float] = []
    failures: list[BaseException] = []

    def call(share: Sequence[Asked]) -> None:
        barrier.wait()
        try:
            for one in share:
                begin = perf_counter()
                ask(one)
                waits.append(perf_counter() - begin)
        except BaseException as error:
            failures.append(error)

    threads = [Thread(target=call, args=(share,)) for share in shares]
    for thread in threads:
        thread.start()
    barrier.wait()
    begin = perf_counter()
    for thread in threads:
        thread.join()
    seconds = perf_counter() - begin
    if failures:
        raise failures[0]
    return seconds, waits
