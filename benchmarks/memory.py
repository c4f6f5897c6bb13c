"""How much memory a worker takes that has fired and delivered thousands, and an engine on a store of a million tickets.

Both are processes of their own. Run as a program with the address of a store, this module is that engine: it opens the
store, works on it in rounds, and prints the bytes it takes after the first round and after the last.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types
from comparing import Line, Scale, progress
from desk import life, open_desk, submit_all
from filling import filled_sqlite
from growth import questions

from dutyflow.ports.queue import Query

MIB = 2**20
WORKER_MIB_MAX = 60
GROWTH_MAX = 1.2
ROUNDS = 20
TICKETS_WITH_TIMERS = 2_000


def measured(scale: Scale) -> Iterator[Line]:
    """The worker, and the engine on the smallest and the largest store."""
    with tempfile.TemporaryDirectory() as folder:
        yield _worker(Path(folder) / "worker.db", min(TICKETS_WITH_TIMERS, scale.sizes[0]))
        sizes = (min(scale.sizes), max(scale.sizes))
        taken = {size: _engine(Path(folder) / f"{size}.db", size) for size in sizes}
    told = "   ".join(f"{size:,}: {last / MIB:.0f} MiB" for size, (_, last) in taken.items())
    yield _growth("memory, engine by open tickets", told, *(taken[size][1] for size in sizes))
    first, last = taken[sizes[1]]
    told = f"round 1: {first / MIB:.0f} MiB   round {ROUNDS}: {last / MIB:.0f} MiB"
    yield _growth(f"memory, engine on {sizes[1]:,} open tickets", told, first, last)


def _growth(what: str, told: str, before: int, after: int) -> Line:
    growth = after / before
    return Line(what, told, f"{growth:.2f} x", f"< {GROWTH_MAX} x", growth < GROWTH_MAX)


def _worker(path: Path, size: int) -> Line:
    progress(f"memory: a worker fires the timers of {size:,} tickets")
    url = filled_sqlite(path, size)
    words = ("worker", "--store", url, "--log-messages", "--once")
    with subprocess.Popen([sys.executable, "-m", "dutyflow_cli", *words], stderr=subprocess.DEVNULL) as worker:
        taken = _most(worker)
    if worker.returncode != 0:
        raise SystemExit(f"The worker ended with {worker.returncode}.")
    with open_desk(url) as engine:
        delivered = len(engine.store.messages("delivered", limit=1_000_000))
    told = f"at most, while it delivered {delivered:,} messages"
    reached = taken < WORKER_MIB_MAX * MIB
    return Line("memory, worker", told, f"{taken / MIB:.0f} MiB", f"< {WORKER_MIB_MAX} MiB", reached)


def _most(worker: subprocess.Popen[bytes]) -> int:
    """The most memory that a process is seen to take until it ends."""
    process, taken = psutil.Process(worker.pid), 0
    while worker.poll() is None:
        with suppress(psutil.NoSuchProcess, subprocess.TimeoutExpired):
            taken = max(taken, process.memory_info().rss)
            worker.wait(timeout=0.1)
    return taken


def _engine(path: Path, size: int) -> tuple[int, int]:
    progress(f"memory: an engine on {size:,} open tickets")
    url = filled_sqlite(path, size)
    done = subprocess.run([sys.executable, __file__, url, str(size)], check=True, stdout=subprocess.PIPE, text=True)
    first, last = done.stdout.split()
    return int(first), int(last)


def work(url: str, size: int) -> None:
    """Ask, act and look in rounds; print the memory after the first and after the last."""
    taken, numbers = [], count()
    with open_desk(url) as engine:
        asked = questions(engine, size)
        for _ in range(ROUNDS):
            for ask in asked.values():
                for _ in range(20):
                    ask()
            for _ in range(10):
                submit_all(engine, life(f"new-{next(numbers)}"))
            engine.find(Query(order="newest"), limit=1_000)
            taken.append(psutil.Process().memory_info().rss)
    print(taken[0], taken[-1])


if __name__ == "__main__":
    work(sys.argv[1], int(sys.argv[2]))
