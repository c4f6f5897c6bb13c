"""When a duration that starts at an instant is over: the meaning of every unit, in seconds and local days.

The start day is not counted (Civil Code of China, art. 201); a day ends at 24:00 unless the duration says otherwise.
DOMAIN.md 3.0 items 3 and 4 give the rules that are tested here figure by figure.
"""

from datetime import date

from dutyflow.kernel.duration_text import minute_of_day
from dutyflow.kernel.durations import CLOSE, ELAPSED, NEXT_OPEN, OPEN, SAME_DAY, SAME_TIME, Duration
from dutyflow.kernel.local_time import DAY, local_day, resolve
from dutyflow.kernel.openings import Openings


def due_second(duration: Duration, start: int, openings: Openings) -> int:
    """Return the earliest instant at which `duration`, begun at `start`, is used up."""
    unit = duration.unit
    if unit in OPEN:
        return openings.advance(start, duration.amount * OPEN[unit])
    if unit in ELAPSED:
        return start + duration.amount * ELAPSED[unit]
    day, second = local_day(start, openings.zone)
    if duration.cutoff is not None and second > minute_of_day(duration.cutoff) * 60:
        day += 1
    if unit == SAME_DAY:
        return _same_day(duration, start, day, openings)
    if unit == "bd":
        return _working_days(duration, day, second, openings)
    return _calendar_days(duration, day, second, openings)


def add_months(day: int, months: int) -> int:
    """Return the corresponding day of a later month, or the last day of that month if it has none (art. 202)."""
    start = date.fromordinal(day)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    first = date(year, month + 1, 1).toordinal()
    following = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1).toordinal()
    return min(first + start.day - 1, following - 1)


def _calendar_days(duration: Duration, day: int, second: int, openings: Openings) -> int:
    """Count calendar days: to the end of the last one, to a time on it, or rolled to the next open day."""
    amount = duration.amount
    last = add_months(day, amount) if duration.unit == "mo" else day + amount * (7 if duration.unit == "w" else 1)
    at_close = duration.until == CLOSE
    end = DAY if at_close else _end_of_day(duration, second)
    if not at_close and (duration.roll != NEXT_OPEN or openings.is_workday(last)):
        return resolve(last, end, openings.zone)
    last = openings.workday_after(last - 1, 1)
    close = openings.close_of(last)
    return close if end == DAY else min(close, resolve(last, end, openings.zone))


def _working_days(duration: Duration, day: int, second: int, openings: Openings) -> int:
    """Count days on which the calendar opens: to the close of the last one, or to a time on it.

    The time of day at which counting begins means something on a working day only: Saturday night is not later than
    Sunday morning when both count from Monday on.
    """
    last = openings.workday_after(day, duration.amount)
    if duration.anchor == SAME_TIME and openings.is_workday(day):
        return min(openings.close_of(last), resolve(last, second, openings.zone))
    return _end_of_workday(duration, last, openings)


def _same_day(duration: Duration, start: int, day: int, openings: Openings) -> int:
    """Find the end of this day if it is open and not yet over, else that of the next open day."""
    last = openings.workday_after(day - 1, 1)
    end = _end_of_workday(duration, last, openings)
    return end if end > start else _end_of_workday(duration, openings.workday_after(last, 1), openings)


def _end_of_workday(duration: Duration, day: int, openings: Openings) -> int:
    if duration.until is None or duration.until == CLOSE:
        return openings.close_of(day)
    return resolve(day, minute_of_day(duration.until) * 60, openings.zone)


def _end_of_day(duration: Duration, second: int) -> int:
    """Return the second at which a calendar day is over for this duration."""
    if duration.anchor == SAME_TIME:
        return second
    return DAY if duration.until is None else minute_of_day(duration.until) * 60
