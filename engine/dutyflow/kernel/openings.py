"""The opening hours of one calendar as sorted seconds with running totals, so that far look-ups are a bisect.

Everything here is an integer: instants are seconds since 1970 in UTC, dates are ordinals. Tables are built when first
needed and replaced as a whole (never changed), so that threads may share one calendar.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import chain
from typing import NamedTuple
from zoneinfo import ZoneInfo

from dutyflow.errors import MisuseError
from dutyflow.kernel.local_time import DAY, EPOCH_DAY, local_day, resolve

Period = tuple[int, int]
"""Open from a second of the day until a second of the day; the end may lie in the next day (> 86 400)."""

_YEAR = 366 * DAY
_JOIN_WITHIN = 100 * _YEAR
_HORIZON = 400 * _YEAR
_FIRST_YEAR, _LAST_YEAR = 2, 9997


class Table(NamedTuple):
    """Periods of open time that touch nothing else, and the days on which the calendar opens.

    Answers hold for instants in [first, last). `opened[i]` is the open time before period `i`; both lists begin with
    an empty period that lies before everything, so that a bisect always finds one.
    """

    first: int
    last: int
    starts: list[int]
    opened: list[int]
    days: list[int]
    closes: list[int]


class Openings:
    """When a calendar is open: weekly periods per weekday (Monday first), and special dates that replace them."""

    __slots__ = ("_last_special", "_special", "_table", "_weekly", "unbroken", "zone")

    def __init__(self, zone: ZoneInfo, weekly: Iterable[tuple[Period, ...]], special: dict[int, tuple[Period, ...]]):
        """Keep the rules; no table is built before it is needed."""
        self.zone = zone
        self._weekly = tuple(weekly)
        self._special = special
        self._last_special = max(special, default=EPOCH_DAY)
        self._table = Table(0, 0, [], [], [], [])
        self.unbroken = not special and covers_the_week(self._weekly)

    def advance(self, at: int, seconds: int) -> int:
        """Return the earliest instant at which `seconds` of open time have passed since `at`."""
        if self.unbroken or seconds <= 0:
            return at + _not_negative(seconds)
        table = self._table
        if not table.first <= at < table.last:
            table = self._cover(at, at)
        target = _opened(table, at) + seconds
        while target > table.opened[-1]:
            table = self._cover(table.first, 2 * table.last - table.first)
        index = bisect_left(table.opened, target) - 1
        return table.starts[index] + target - table.opened[index]

    def between(self, start: int, end: int) -> int:
        """Return the seconds of open time in [start, end); `end` must not lie before `start`."""
        if self.unbroken:
            return end - start
        table = self._table
        if not (table.first <= start and end < table.last):
            table = self._cover(start, end)
        return _opened(table, end) - _opened(table, start)

    def is_open(self, at: int) -> bool:
        """Say whether the calendar is open at an instant: the start of a period is, its end is not."""
        return self.next_open(at) == at

    def next_open(self, at: int) -> int:
        """Return the first instant at or after `at` at which the calendar is open."""
        return at if self.unbroken else self.advance(at, 1) - 1

    def close_after(self, at: int) -> int | None:
        """Return when the period that is open at `at`, else the next one, ends; nothing if it never does."""
        if self.unbroken:
            return None
        at = self.next_open(at)
        far = max(at, (self._last_special - EPOCH_DAY) * DAY) + _YEAR
        for until in (at, far):
            table = self._cover(at, until)
            index = bisect_right(table.starts, at)
            closes = table.starts[index - 1] + table.opened[index] - table.opened[index - 1]
            if closes < table.last:
                return closes
        return None

    def is_workday(self, day: int) -> bool:
        """Say whether the calendar opens on a local date."""
        table = self._covering_day(day)
        index = bisect_left(table.days, day)
        return index < len(table.days) and table.days[index] == day

    def workday_after(self, day: int, count: int) -> int:
        """Return the `count`-th (1, 2, ...) local date after `day` on which the calendar opens."""
        table = self._covering_day(day)
        while (index := bisect_right(table.days, day) + count - 1) >= len(table.days):
            table = self._cover(table.first, 2 * table.last - table.first)
        return table.days[index]

    def workday_before(self, day: int, count: int) -> int:
        """Return the `count`-th (1, 2, ...) local date before `day` on which the calendar opens."""
        table = self._covering_day(day)
        while (index := bisect_left(table.days, day) - count) < 0:
            table = self._cover(2 * table.first - table.last, table.last - 1)
        return table.days[index]

    def close_of(self, day: int) -> int:
        """Return the end of the last period that opens on a local date; the date must be a working day."""
        table = self._covering_day(day)
        return table.closes[bisect_left(table.days, day)]

    def open_of(self, day: int) -> int:
        """Return the start of the first period that opens on a local date; the date must be a working day."""
        return next(self._periods_of(day))[0]

    def _covering_day(self, day: int) -> Table:
        """Return a table in which a local date and its neighbours are whole."""
        noon = (day - EPOCH_DAY) * DAY + DAY // 2
        table = self._table
        return table if table.first <= noon - DAY and noon + DAY < table.last else self._cover(noon - DAY, noon + DAY)

    def _cover(self, start: int, end: int) -> Table:
        """Return a table for at least [start, end], kept for next time, joined to the present one if that is near."""
        table = self._table
        if table.first <= start and end < table.last:
            return table
        if table.days and max(end, table.last) - min(start, table.first) < _JOIN_WITHIN:
            start, end = min(start, table.first), max(end, table.last)
        if end - start > _HORIZON:
            raise MisuseError("that needs more than 400 years of a calendar")
        self._table = table = self._build(*self._whole_years(start, end))
        return table

    def _whole_years(self, start: int, end: int) -> tuple[int, int]:
        """Return the ordinals of a 1 January before `start`, and of one that follows `end` by a year or so."""
        first, last = local_day(start, self.zone)[0], local_day(end, self.zone)[0]
        return _new_year(first, 0), _new_year(last, 2)

    def _build(self, first_day: int, last_day: int) -> Table:
        """Lay out the days [first_day, last_day); the day before counts too, for a period that crosses midnight."""
        first, last = resolve(first_day, 0, self.zone), resolve(last_day, 0, self.zone)
        days: list[int] = []
        closes: list[int] = []
        found: list[Period] = []
        for day in range(first_day - 1, last_day):
            periods = tuple(self._periods_of(day))
            if periods:
                days.append(day)
                closes.append(periods[-1][1])
                found.extend(periods)
        starts, opened = _totals(found, before=first - 3 * DAY)
        return Table(first, last, starts, opened, days, closes)

    def _periods_of(self, day: int) -> Iterator[Period]:
        """Yield the periods that open on a local date, in instants; one that a clock change swallows is dropped."""
        periods = self._special.get(day)
        if periods is None:
            periods = self._weekly[(day - 1) % 7]
        if not periods:
            return
        midnight = resolve(day, 0, self.zone)
        steady = resolve(day + 1, 0, self.zone) - midnight == DAY
        for start, end in periods:
            opens = midnight + start if steady else resolve(day, start, self.zone)
            closes = midnight + end if steady and end <= DAY else resolve(day, end, self.zone)
            if opens < closes:
                yield opens, closes


def covers_the_week(weekly: tuple[tuple[Period, ...], ...]) -> bool:
    """Say whether weekly periods leave no second of the week closed."""
    spread = [(day * DAY + start, day * DAY + end) for day, periods in enumerate(weekly) for start, end in periods]
    week = 7 * DAY
    wrapped = sorted(chain(spread, ((start - week, end - week) for start, end in spread)))
    reached = 0
    for start, end in wrapped:
        if start > reached:
            return False
        reached = max(reached, end)
    return reached >= week


def _opened(table: Table, at: int) -> int:
    """Return the open time from the start of a table until `at`."""
    index = bisect_right(table.starts, at)
    opened = table.opened[index - 1] + at - table.starts[index - 1]
    return min(opened, table.opened[index])


def _totals(periods: list[Period], before: int) -> tuple[list[int], list[int]]:
    """Merge periods that touch or overlap; return their starts, and the open time before each and after the last."""
    starts, opened, reached = [before], [0, 0], before
    for start, end in sorted(periods):
        if start > reached:
            starts.append(start)
            opened.append(opened[-1] + end - start)
        elif end > reached:
            opened[-1] += end - reached
        reached = max(reached, end)
    return starts, opened


def _new_year(day: int, years: int) -> int:
    """Return the ordinal of 1 January of the year of a date, or `years` later."""
    year = date.fromordinal(day).year + years
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise MisuseError(f"dutyflow can reckon from the year {_FIRST_YEAR} to {_LAST_YEAR}, not in {year}")
    return date(year, 1, 1).toordinal()


def _not_negative(seconds: int) -> int:
    if seconds < 0:
        raise MisuseError("open time cannot be added backwards: the amount is negative")
    return seconds
