"""How the benchmarks measure: two pieces of work in turn, many times, so that both meet the same caches and noise."""

from collections.abc import Callable
from statistics import median
from time import perf_counter_ns

Work = Callable[[], object]


def ratio(ours: Work, theirs: Work, *, rounds: int = 2000) -> tuple[float, float, float]:
    """The median microseconds of `ours` and `theirs`, and the median of their ratios over blocks of rounds."""
    for _ in range(max(3, rounds // 20)):
        ours()
        theirs()
    ours_ns, theirs_ns = [], []
    for _ in range(rounds):
        begin = perf_counter_ns()
        theirs()
        between = perf_counter_ns()
        ours()
        end = perf_counter_ns()
        theirs_ns.append(between - begin)
        ours_ns.append(end - between)
    return median(ours_ns) / 1000, median(theirs_ns) / 1000, median(ours_ns) / median(theirs_ns)


def show(name: str, measured: tuple[float, float, float], target: str) -> None:
    """Print one line: what, both medians, the ratio and what was aimed at."""
    ours, theirs, quotient = measured
    print(f"{name:<58} {ours:10.1f} us  {theirs:10.1f} us  ratio {quotient:6.2f}   target {target}")
