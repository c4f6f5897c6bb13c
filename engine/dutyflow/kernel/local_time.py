"""Turns wall-clock dates and times of a zone into seconds since 1970 in UTC, and back.

Inside the kernel an instant is an integer number of seconds; a local date is its ordinal (`date.toordinal`), a local
time the second of the day. A time that a zone skips (spring) becomes the first instant after the gap; a time that it
shows twice (autumn) is the first of the two.
"""

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from dutyflow.errors import MisuseError, NaiveTimeError

DAY = 86_400
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = EPOCH.toordinal()
_YEARS = "that is beyond the years 2 to 9997, in which dutyflow can reckon"


def to_second(at: datetime) -> int:
    """Return an aware date-time as whole seconds since 1970 (fractions cut); refuse a naive one."""
    try:
        passed = at - EPOCH
    except TypeError:
        raise NaiveTimeError() from None
    return passed.days * DAY + passed.seconds


def to_datetime(second: int, zone: tzinfo) -> datetime:
    """Return an instant as a date-time of `zone`."""
    try:
        return datetime.fromtimestamp(second, zone)
    except (OverflowError, ValueError, OSError):
        raise MisuseError(_YEARS) from None


def in_utc(value: Any) -> Any:
    """The same value, a date-time in UTC: equal moments are equal bytes."""
    return value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo is not UTC else value


def local_day(second: int, zone: tzinfo) -> tuple[int, int]:
    """Return the local date of an instant as its ordinal, and the second of that day."""
    local = to_datetime(second, zone)
    return local.toordinal(), local.hour * 3600 + local.minute * 60 + local.second


def resolve(day: int, second_of_day: int, zone: tzinfo) -> int:
    """Return the instant of a local date and time; `second_of_day` may reach into the next day (86 400 = 24:00)."""
    try:
        wall = datetime.fromordinal(day) + timedelta(seconds=second_of_day)
        before, after = _offset(wall.replace(tzinfo=zone)), _offset(wall.replace(tzinfo=zone, fold=1))
    except (OverflowError, ValueError):
        raise MisuseError(_YEARS) from None
    seconds = (day - EPOCH_DAY) * DAY + second_of_day
    if before >= after:
        return seconds - before
    return _end_of_gap(seconds - after, seconds - before, after, zone)


def day_that_ends(at: datetime, zone: tzinfo) -> date:
    """Return the local date of an instant, where 00:00 still belongs to the day that ends (24:00)."""
    return date.fromordinal(local_day(to_second(at) - 1, zone)[0])


def load_zone(name: str) -> ZoneInfo | None:
    """Return the zone of an IANA name such as `Asia/Shanghai`, or nothing if there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def zone_names() -> list[str]:
    """List every known zone, for suggestions."""
    return sorted(available_timezones())


def _end_of_gap(low: int, high: int, offset_after: int, zone: tzinfo) -> int:
    """Find the first instant in (low, high] at which the clocks have been put forward."""
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(datetime.fromtimestamp(middle, zone)) == offset_after:
            high = middle
        else:
            low = middle
    return high


def _offset(local: datetime) -> int:
    """Return how many seconds an aware local time is ahead of UTC."""
    ahead = local.utcoffset()
    return 0 if ahead is None else ahead.days * DAY + ahead.seconds
