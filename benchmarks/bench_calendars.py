"""How many times faster the calendar is than the `businesstimedelta` package, measured in the same run.

Run: `python benchmarks/bench_calendars.py` (needs the extra `bench`). Each figure is the median of the rounds;
both sides answer the same question, and the answers are compared before anything is measured.
"""

import sys
from collections.abc import Callable
from datetime import datetime, time, timedelta
from statistics import median
from timeit import repeat
from zoneinfo import ZoneInfo

import businesstimedelta as other  # type: ignore[import-untyped]  # it ships no types
import pytz  # type: ignore[import-untyped]  # the other package takes only its zones

from dutyflow.kernel.calendars import Calendar

ROUNDS = 7
TARGET = 100
ZONE = ZoneInfo("Asia/Shanghai")
OURS = Calendar.from_mapping({"timezone": "Asia/Shanghai", "hours": {"mon-fri": ["09:00-12:00", "13:00-18:00"]}})
THEIRS = other.Rules(
    [
        other.WorkDayRule(
            start_time=time(9), end_time=time(18), working_days=[0, 1, 2, 3, 4], tz=pytz.timezone("Asia/Shanghai")
        ),
        other.LunchTimeRule(
            start_time=time(12), end_time=time(13), working_days=[0, 1, 2, 3, 4], tz=pytz.timezone("Asia/Shanghai")
        ),
    ]
)
START = datetime(2026, 3, 6, 16, 20, tzinfo=ZONE)
END = START + timedelta(days=90)
THEIR_START = pytz.timezone("Asia/Shanghai").localize(START.replace(tzinfo=None))
THEIR_END = THEIR_START + timedelta(days=90)


def our_due() -> datetime:
    """Return when 16 business hours are used up."""
    return OURS.due_at(START, "16bh")


def their_due() -> datetime:
    """Ask the other package the same."""
    due: datetime = THEIR_START + other.BusinessTimeDelta(THEIRS, hours=16)
    return due


def our_open_time() -> timedelta:
    """Return the open time of 90 days."""
    return OURS.open_between(START, END)


def their_open_time() -> timedelta:
    """Ask the other package the same."""
    found = THEIRS.difference(THEIR_START, THEIR_END)
    return timedelta(hours=found.hours, seconds=found.seconds)


def microseconds(ask: Callable[[], object], calls: int) -> float:
    """Return the median time of one call over the rounds."""
    return median(repeat(ask, number=calls, repeat=ROUNDS)) / calls * 1e6


def compare(title: str, ours: Callable[[], object], theirs: Callable[[], object]) -> bool:
    """Print one line, and say whether the target is reached."""
    if ours() != theirs():
        raise SystemExit(f"{title}: the answers differ: {ours()} and {theirs()}")
    fast, slow = microseconds(ours, 20_000), microseconds(theirs, 20)
    ratio = slow / fast
    print(f"{title:<28} {fast:8.2f} us   businesstimedelta {slow:10.1f} us   {ratio:8.0f} x   (target {TARGET} x)")
    return ratio >= TARGET


def main() -> int:
    """Measure both questions."""
    reached = [
        compare("due_at 16 business hours", our_due, their_due),
        compare("open_between over 90 days", our_open_time, their_open_time),
    ]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
