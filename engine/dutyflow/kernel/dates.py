"""Steps from one date to another: days of a month, and working days of a calendar before and after."""

from calendar import monthrange
from datetime import UTC, date, datetime

from dutyflow.errors import MisuseError
from dutyflow.kernel.calendars import Calendar
from dutyflow.kernel.local_time import to_datetime

__all__ = [
    "close_of",
    "month_day",
    "workday_on_or_after",
    "workday_on_or_before",
    "workdays_after",
    "workdays_before",
]


def month_day(day: date, n: int) -> date:
    """Return the `n`-th day of the month of a date, from -1 = the last backwards; a short month has it at its end."""
    if n == 0:
        raise MisuseError("the days of a month are counted from 1, or from -1 backwards: there is no day 0")
    length = monthrange(day.year, day.month)[1]
    return day.replace(day=min(n, length) if n > 0 else max(length + 1 + n, 1))


def workday_on_or_before(day: date, calendar: Calendar) -> date:
    """Return the date itself if the calendar opens then, else the last date before on which it does."""
    return date.fromordinal(calendar.openings.workday_before(day.toordinal() + 1, 1))


def workday_on_or_after(day: date, calendar: Calendar) -> date:
    """Return the date itself if the calendar opens then, else the first date after on which it does."""
    return date.fromordinal(calendar.openings.workday_after(day.toordinal() - 1, 1))


def workdays_before(day: date, n: int, calendar: Calendar) -> date:
    """Return the `n`-th working day before a date, which need not be one itself; the date if `n` is 0."""
    return calendar.nth_workday_before(day, n) if n else day


def workdays_after(day: date, n: int, calendar: Calendar) -> date:
    """Return the `n`-th working day after a date, which need not be one itself; the date if `n` is 0."""
    return calendar.nth_workday_after(day, n) if n else day


def close_of(day: date, calendar: Calendar) -> datetime | None:
    """Return in UTC when the last period that opens on a date ends; nothing on a date on which none does."""
    openings, ordinal = calendar.openings, day.toordinal()
    return to_datetime(openings.close_of(ordinal), UTC) if openings.is_workday(ordinal) else None
