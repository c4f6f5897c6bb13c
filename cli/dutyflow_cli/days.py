"""The days of a calendar one by one: when each is open, why it is not, and what of it counts towards a due time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Literal

from dutyflow.kernel.calendar_spec import WEEKDAYS
from dutyflow.kernel.calendars import Calendar

DayKind = Literal["open", "closed", "holiday", "extra"]
_MOMENT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class DayOfWork:
    """One local date: the periods of it that are open (clipped to the date), and what kind of day it is.

    `holiday` is a date that its weekday would open, `extra` one that is open, or has hours of its own, by exception.
    """

    day: date
    kind: DayKind
    periods: tuple[tuple[datetime, datetime], ...]

    @property
    def open_time(self) -> timedelta:
        """How long it is open on this date."""
        return sum((end - start for start, end in self.periods), timedelta())

    def clipped(self, start: datetime, end: datetime) -> DayOfWork:
        """What of the day lies in [start, end)."""
        cut = ((max(a, start), min(b, end)) for a, b in self.periods)
        return DayOfWork(self.day, self.kind, tuple((a, b) for a, b in cut if a < b))


@dataclass(frozen=True, slots=True)
class Stretch:
    """Dates in a row that are shown as one line: a single open date, or closed ones."""

    first: date
    last: date
    days: tuple[DayOfWork, ...]

    @property
    def kind(self) -> DayKind:
        """The kind of the dates; holidays among closed ones count."""
        kinds = {day.kind for day in self.days}
        return "holiday" if "holiday" in kinds else self.days[0].kind


def days_of_work(calendar: Calendar, first: date, last: date) -> Iterator[DayOfWork]:
    """The local dates from `first` to `last`, both included."""
    written = calendar.to_mapping()
    weekly = written["hours"]
    special = written.get("open", {})
    assert isinstance(weekly, dict) and isinstance(special, dict), "a calendar writes mappings"
    day = first
    while day <= last:
        periods = tuple(_periods(calendar, day))
        opens = WEEKDAYS[day.weekday()] in weekly
        if day.isoformat() in special:
            kind: DayKind = "extra"
        elif periods:
            kind = "open"
        else:
            kind = "holiday" if opens else "closed"
        yield DayOfWork(day, kind, periods)
        day += timedelta(days=1)


def last_day(end: datetime) -> date:
    """The last date of which something lies before `end`: midnight belongs to the day that it ends."""
    return (end - _MOMENT).date()


def stretches(days: Iterator[DayOfWork]) -> Iterator[Stretch]:
    """Closed dates in a row become one."""
    for key, found in groupby(days, key=lambda day: day.day if day.periods else None):
        run = tuple(found)
        if key is None:
            yield Stretch(run[0].day, run[-1].day, run)
        else:
            yield from (Stretch(day.day, day.day, (day,)) for day in run)


def _periods(calendar: Calendar, day: date) -> Iterator[tuple[datetime, datetime]]:
    start, end = calendar.at(day, 0), calendar.at(day + timedelta(days=1), 0)
    at = start
    while at < end:
        opens = calendar.next_opening(at)
        if opens >= end:
            return
        closes = calendar.closing(opens)
        until = end if closes is None or closes > end else closes
        yield opens, until
        at = until
