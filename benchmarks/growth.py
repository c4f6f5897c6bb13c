"""What questions cost when there are a hundred times as many open tickets: asked of all sizes in turn, in one run."""

import random
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from comparing import Line, Scale, progress
from desk import NOW, open_desk
from filling import SEEDS, filled_postgres, filled_sqlite

from dutyflow.bootstrap.engine import Engine
from dutyflow.ports.queue import Query

GROWTH_MAX = 1.6
ASKED = 30
"""How often a block asks each question of each store, one store after the other."""

LATER = NOW + timedelta(days=20)
"""By then most of the copied time limits have passed."""


def sqlite(scale: Scale) -> Iterator[Line]:
    """Files of growing size."""
    with tempfile.TemporaryDirectory() as folder:
        urls = {size: _filled(filled_sqlite, Path(folder) / f"{size}.db", size) for size in scale.sizes}
        yield from _compared("SQLite", urls, scale)


def postgres(scale: Scale) -> Iterator[Line]:
    """Databases of growing size on one server."""
    from postgres import running_server

    with running_server() as server:
        urls = {size: _filled(filled_postgres, server.create(f"of_{size}"), size) for size in scale.sizes}
        yield from _compared("PostgreSQL", urls, scale)


def questions(engine: Engine, size: int) -> Mapping[str, Callable[[], object]]:
    """What a worker and the people at the desk ask all day long."""
    choice = random.Random(7)
    leases = count(1)
    queue = Query(role="supervisor")
    middle = engine.find(queue, limit=100).cursor

    def claim() -> object:
        # A lease that is over at once, so that the next one finds the same; never the last one, which writes nothing.
        return engine.store.claim_due(LATER, limit=64, lease=timedelta(microseconds=-next(leases)))

    def show() -> object:
        name = f"seed-{choice.randrange(SEEDS)}-{choice.randrange(1, size // SEEDS)}"
        return engine.ticket(name), engine.history(name)

    return {
        "claim what is due": claim,
        "a page of a queue": lambda: engine.find(queue, after=middle),
        "show one ticket": show,
        "counts of a dashboard": engine.counts,
    }


def _filled(fill: Callable[[Any, int], str], place: Any, size: int) -> str:
    progress(f"filling a store with {size:,} open tickets")
    return fill(place, size)


def _compared(store: str, urls: Mapping[int, str], scale: Scale) -> Iterator[Line]:
    engines = {size: open_desk(url) for size, url in urls.items()}
    asked = {size: questions(engine, size) for size, engine in engines.items()}
    small, large = min(urls), max(urls)
    for question in asked[small]:
        costs: dict[int, list[float]] = {size: [] for size in urls}
        for block in scale.turns(f"{store}, {question}"):
            for size, cost in _in_turn({size: asked[size][question] for size in urls}).items():
                costs[size] += [cost] if block else []
        growth = median(more / less for more, less in zip(costs[large], costs[small], strict=True))
        told = "   ".join(f"{size:,}: {median(costs[size]):.0f} us" for size in urls)
        yield Line(f"{store}, {question}", told, f"{growth:.2f} x", f"< {GROWTH_MAX} x", growth < GROWTH_MAX)
    for engine in engines.values():
        engine.close()


def _in_turn(asks: Mapping[int, Callable[[], object]]) -> Mapping[int, float]:
    """The median microseconds of a question, by size of the store."""
    times: dict[int, list[float]] = {size: [] for size in asks}
    for _ in range(ASKED):
        for size, ask in asks.items():
            begin = perf_counter()
            ask()
            times[size].append(perf_counter() - begin)
    return {size: median(taken) * 1e6 for size, taken in times.items()}
