"""When recurring duties fall due: rules such as "the third working day of the month" as dates of a calendar.

::

    recurrence = Recurrence.from_mapping({"before": {"day": 15, "roll": "before"}, "workdays": 1})
    next_date(recurrence, office, date(2026, 2, 1))  # 2026-02-13

A rule is about local dates; at what time of the day something happens is said elsewhere.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count
from typing import Literal

import msgspec

from dutyflow.kernel.calendars import ALWAYS, Calendar
from dutyflow.kernel.dates import month_day, workday_on_or_after, workday_on_or_before
from dutyflow.kernel.openings import Openings
from dutyflow.kernel.schedule_rrule import ScheduleError, rrule_days
from dutyflow.kernel.schedule_spec import (
    Before,
    Dates,
    EveryDays,
    MonthDay,
    NthWorkday,
    Rrule,
    Rule,
    Weekdays,
    Workdays,
    read_on,
)

__all__ = ["Recurrence", "ScheduleError", "check_fires", "next_date", "occurrences"]

_DAY = timedelta(1)
_YEAR_DAYS = 366
# A rule that finds nothing in so many days will not find anything: calendars and rules repeat sooner.
_SEARCH_DAYS = 3_660
# Calendars reckon from the year 2 to 9997; what lies beyond these dates is not looked at.
_FIRST_DAY, _LAST_DAY = date(5, 1, 1), date(9980, 12, 31)
# What the year of a rule is when neither the rule nor the calendar belongs to one.
_ANY_DAY = date(2001, 1, 1)
# A day that rolls forward may come from an earlier month; no calendar stays closed for longer.
_ROLL_MONTHS = 13


class Recurrence(msgspec.Struct, frozen=True):
    """When something recurs: a rule, and the first and the last date on which it applies."""

    rule: Rule
    between: tuple[date, date] | None = None

    @classmethod
    def from_mapping(cls, plain: object) -> "Recurrence":
        """Read what stands under `on:`, a mapping or a word; raise `ScheduleError`, also for what never fires."""
        rule, between = read_on(plain)
        recurrence = cls(rule, between)
        if not recurrence.uses_calendar:
            check_fires(recurrence, ALWAYS)
        return recurrence

    @property
    def uses_calendar(self) -> bool:
        """Whether the dates depend on the calendar."""
        match self.rule:
            case Workdays() | NthWorkday() | Before():
                return True
            case MonthDay(roll=roll):
                return roll != "none"
            case Weekdays(workday=workday):
                return workday
        return False

    @property
    def first(self) -> date | None:
        """The first date that is possible, if the rule names one."""
        starts = self.rule.first if isinstance(self.rule, EveryDays | Rrule) else None
        named = [day for day in (starts, self.between and self.between[0]) if day]
        return max(named, default=None)


def check_fires(recurrence: Recurrence, calendar: Calendar) -> None:
    """Raise `ScheduleError` if a rule gives no date in the time that it names, else in 366 days.

    The days are counted from the first date that is possible, else from the year for which the calendar is official.
    """
    until = calendar.official_until
    start = recurrence.first or (_ANY_DAY if until is None else date(until.year, 1, 1))
    end = start + timedelta(_YEAR_DAYS) if start < _LAST_DAY else start
    if recurrence.between is not None:
        end = recurrence.between[1]
    elif isinstance(recurrence.rule, Dates):
        return
    if next(occurrences(recurrence, calendar, _day_before(start), end), None) is None:
        raise ScheduleError("never_fires", (), {"first": start.isoformat(), "last": end.isoformat()})


def occurrences(recurrence: Recurrence, calendar: Calendar, after: date, until: date) -> Iterator[date]:
    """Yield the dates of a rule after `after`, up to and with `until`, in order and each once."""
    after, until = max(after, _FIRST_DAY), min(until, _LAST_DAY)
    if recurrence.between is not None:
        after, until = max(after, _day_before(recurrence.between[0])), min(until, recurrence.between[1])
    if until <= after:
        return
    for day in _days(recurrence.rule, calendar, after, until):
        if day > until:
            return
        if day > after:
            yield day
            after = day


def next_date(recurrence: Recurrence, calendar: Calendar, after: date) -> date | None:
    """Return the first date of a rule after a date; nothing if it has ended (ten years without a date are an end)."""
    start = max(after, _day_before(recurrence.first or _FIRST_DAY))
    if isinstance(recurrence.rule, Dates | Rrule) or (_LAST_DAY - start).days <= _SEARCH_DAYS:
        end = _LAST_DAY
    else:
        end = start + timedelta(_SEARCH_DAYS)
    return next(occurrences(recurrence, calendar, start, end), None)


def _days(rule: Rule, calendar: Calendar, after: date, until: date) -> Iterator[date]:
    """Yield dates of a rule in order, all that lie in (after, until] among them."""
    match rule:
        case Workdays():
            return _workdays(calendar.openings, after)
        case NthWorkday(n=n, of=of):
            return _nth_workdays(n, of, calendar.openings, after, until)
        case MonthDay():
            return _month_days(rule, calendar, after)
        case Weekdays(nth=None):
            return _weekdays(rule, calendar, after, until)
        case Weekdays(nth=int(nth)):
            return _nth_weekdays(rule, nth, calendar, after, until)
        case Before(anchor=anchor, workdays=workdays):
            return (calendar.nth_workday_before(day, workdays) for day in _month_days(anchor, calendar, after))
        case EveryDays(step=step, first=first):
            passed = max(0, (after - first).days // step)
            return (date.fromordinal(first.toordinal() + step * n) for n in count(passed))
        case Rrule(text=text, first=first):
            return rrule_days(text, first, after)
        case Dates(days=days):
            return iter(days)
    raise AssertionError(f"a rule without a meaning: {rule!r}")


def _workdays(openings: Openings, after: date) -> Iterator[date]:
    day = after.toordinal()
    while True:
        day = openings.workday_after(day, 1)
        yield date.fromordinal(day)


def _nth_workdays(n: int, of: Literal["month", "week"], openings: Openings, after: date, until: date) -> Iterator[date]:
    """Yield the n-th working day of every month or week that has so many."""
    for first, following in _months(after, until) if of == "month" else _weeks(after, until):
        before, end = first.toordinal() - 1, following.toordinal()
        day = openings.workday_after(before, n) if n > 0 else openings.workday_before(end, -n)
        if before < day < end:
            yield date.fromordinal(day)


def _month_days(rule: MonthDay, calendar: Calendar, after: date) -> Iterator[date]:
    back = _ROLL_MONTHS if rule.roll == "after" else 0
    for first, _ in _months(_month_later(after, -back), date.max):
        day = month_day(first, rule.day)
        if rule.roll == "before":
            day = workday_on_or_before(day, calendar)
        elif rule.roll == "after":
            day = workday_on_or_after(day, calendar)
        yield day


def _weekdays(rule: Weekdays, calendar: Calendar, after: date, until: date) -> Iterator[date]:
    for day in map(date.fromordinal, range(after.toordinal() + 1, until.toordinal() + 1)):
        if _fits(rule, day, calendar):
            yield day


def _nth_weekdays(rule: Weekdays, nth: int, calendar: Calendar, after: date, until: date) -> Iterator[date]:
    for first, following in _months(after, until):
        month = map(date.fromordinal, range(first.toordinal(), following.toordinal()))
        fitting = [day for day in month if _fits(rule, day, calendar)]
        index = nth - 1 if nth > 0 else nth
        if -len(fitting) <= index < len(fitting):
            yield fitting[index]


def _fits(rule: Weekdays, day: date, calendar: Calendar) -> bool:
    return day.weekday() in rule.days and (not rule.workday or calendar.is_workday(day))


def _months(after: date, until: date) -> Iterator[tuple[date, date]]:
    """Yield the first day of each month from that of `after`, with the first day of the next one."""
    first = after.replace(day=1)
    while first <= until:
        following = _month_later(first, 1)
        yield first, following
        first = following


def _weeks(after: date, until: date) -> Iterator[tuple[date, date]]:
    """Yield the Monday of each week from that of `after`, with the next Monday."""
    monday = after - timedelta(after.weekday())
    while monday <= until:
        yield monday, monday + timedelta(7)
        monday += timedelta(7)


def _day_before(day: date) -> date:
    return max(day, _FIRST_DAY) - _DAY


def _month_later(day: date, months: int) -> date:
    """Return the first day of the month so many months later."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)
