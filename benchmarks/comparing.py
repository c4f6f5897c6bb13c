"""How the durable benchmarks compare: works in turn, block by block, medians of the ratios; and what they print."""

import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median, quantiles
from time import perf_counter
from typing import TypeVar

from callers import together

Asked = TypeVar("Asked")


@dataclass(frozen=True)
class Scale:
    """How much is done: blocks that count; in each, tickets for one thread and turns for many; the sizes of a store."""

    blocks: int = 9
    lives: int = 10
    each: int = 2
    sizes: tuple[int, ...] = (10_000, 100_000, 1_000_000)

    def turns(self, name: str) -> Iterator[int]:
        """The numbers of the blocks; the first one, 0, only warms up."""
        for block in range(self.blocks + 1):
            progress(f"{name}: block {block} of {self.blocks}")
            yield block


QUICK = Scale(blocks=1, lives=2, each=1, sizes=(1_000, 10_000))


@dataclass(frozen=True)
class Line:
    """One result: what was measured, in words; the figure; what was aimed at, and whether it was reached."""

    what: str
    measured: str
    figure: str
    target: str = ""
    reached: bool = True

    def __str__(self) -> str:
        aim = f"target {self.target:<9} {'' if self.reached else 'MISSED'}" if self.target else ""
        return f"{self.what:<46} {self.measured:<52} {self.figure:>9}   {aim}".rstrip()


@dataclass
class Rates:
    """How many things a second each work did in each block, and how long its callers waited. Block 0 does not count."""

    block: int = 0
    done: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    seconds: dict[str, dict[int, float]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(float)))
    waits: dict[str, dict[int, list[float]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))

    def turns(self, scale: Scale, name: str) -> Iterator[int]:
        """The numbers of the blocks; what is timed counts for the present one."""
        for self.block in scale.turns(name):
            yield self.block

    @contextmanager
    def timed(self, work: str, count: int) -> Iterator[None]:
        """A part of a block of a work, which is so many things."""
        begin = perf_counter()
        yield
        self._add(work, count, perf_counter() - begin)

    def together(self, work: str, ask: Callable[[Asked], object], shares: Sequence[Sequence[Asked]]) -> None:
        """A part of a block of a work with a caller for each share."""
        seconds, waits = together(ask, shares)
        self._add(work, len(waits), seconds)
        self.waits[work][self.block] += waits

    def median(self, work: str) -> float:
        """Things a second."""
        return median(self._rates(work))

    def ratio(self, work: str, other: str) -> float:
        """How much faster a work is than another; they are compared within each block."""
        return median(mine / theirs for mine, theirs in zip(self._rates(work), self._rates(other), strict=True))

    def share(self, what: str, work: str, other: str, at_least: float | None = None) -> Line:
        """A line that says what part of another work's speed a work reaches."""
        ratio = self.ratio(work, other)
        target = "" if at_least is None else f">= {at_least:.0%}"
        return Line(what, self._both(work, other), f"{ratio:.0%}", target, at_least is None or ratio >= at_least)

    def times(self, what: str, work: str, other: str, at_least: float | None = None) -> Line:
        """A line that says how many times faster a work is than another."""
        ratio = self.ratio(work, other)
        target = "" if at_least is None else f">= {at_least:g} x"
        return Line(what, self._both(work, other), f"{ratio:.2f} x", target, at_least is None or ratio >= at_least)

    def latency(self, what: str, work: str, ms_max: float | None = None) -> Line:
        """A line that says how long callers of a work waited: medians of the percentiles of its blocks."""
        half, most = (
            median(quantiles(waits, n=100)[part - 1] * 1000 for waits in self._waits(work)) for part in (50, 99)
        )
        target = "" if ms_max is None else f"< {ms_max:g} ms"
        return Line(what, f"p50 {half:.1f} ms   p99", f"{most:.1f} ms", target, ms_max is None or most < ms_max)

    def _add(self, work: str, count: int, seconds: float) -> None:
        self.done[work][self.block] += count
        self.seconds[work][self.block] += seconds

    def _rates(self, work: str) -> list[float]:
        return [count / self.seconds[work][block] for block, count in self.done[work].items() if block]

    def _waits(self, work: str) -> list[list[float]]:
        return [waits for block, waits in self.waits[work].items() if block]

    def _both(self, work: str, other: str) -> str:
        return f"{self.median(work):7.0f}/s   {other} {self.median(other):.0f}/s"


def progress(text: str) -> None:
    """Tell whoever waits what is being done."""
    print(f"   {text}", file=sys.stderr, flush=True)
