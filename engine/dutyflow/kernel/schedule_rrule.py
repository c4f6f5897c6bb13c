"""Recurrence rules of RFC 5545 (`FREQ=MONTHLY;BYMONTHDAY=1`) as dates: the part of the standard whose work is bounded.

Whatever is finer than a day is refused, and so are the combinations that could be searched for ever without a find:
what remains fires regularly, or is found not to within half a second.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta

from dutyflow.errors import DutyflowError
from dutyflow.kernel.calendar_spec import Path, nearest

TEXT_MAX = 200
INTERVAL_MAX = 3_660
MONTHS = 12

_ALWAYS = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST")
_MONTHLY = (*_ALWAYS, "BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS")
_PARTS: Mapping[str, tuple[str, ...]] = {
    "DAILY": (*_ALWAYS, "BYDAY", "BYMONTH"),
    "WEEKLY": (*_ALWAYS, "BYDAY", "BYMONTH"),
    "MONTHLY": _MONTHLY,
    "YEARLY": (*_MONTHLY, "BYYEARDAY"),
}
_TOO_OFTEN = ("HOURLY", "MINUTELY", "SECONDLY")
_NUMBER = re.compile(r"[1-9][0-9]{0,4}")
_UNTIL = re.compile(r"[0-9]{8}")
_DAY = re.compile(r"([+-]?[1-9][0-9]?)?(?:MO|TU|WE|TH|FR|SA|SU)")
# The first days of a week that began earlier are missing when the reckoning starts in the middle of it.
_RUN_UP = timedelta(days=14)


class ScheduleError(DutyflowError, ValueError):
    """A mapping does not say when a duty recurs.

    `code` says why (stable), `path` where in the mapping (`("before", "day")`), `values` what was found and what is
    allowed; `values["suggestion"]`, where present, is what to write instead.
    """

    def __init__(self, code: str, path: Path, values: Mapping[str, object]) -> None:
        """Keep the parts for the one who makes a finding of them."""
        found = ", ".join(f"{key}={value!r}" for key, value in values.items())
        place = ".".join(str(part) for part in path) or "on"
        super().__init__(f"{place}: {code} ({found})")
        self.code = code
        self.path = path
        self.values = dict(values)


def read_rrule(text: object, first: date | None) -> str:
    """Return the rule in its canonical writing; `first` is the date from which it counts, if one is given."""
    if not isinstance(text, str) or len(text) > TEXT_MAX:
        raise _error("bad_rrule", found=text)
    rule = text.strip().upper().removeprefix("RRULE:").rstrip(";")
    parts: dict[str, str] = {}
    for part in rule.split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value or name in parts:
            raise _error("bad_rrule", found=part)
        parts[name] = value
    _check_parts(parts)
    if first is None and _counts_from_somewhere(parts):
        raise ScheduleError("needs_from", (), {"found": rule, "key": "from"})
    _try(rule)
    return rule


def rrule_days(rule: str, first: date | None, after: date) -> Iterator[date]:
    """Yield the dates of a rule that was read, in order, from some time before `after` if it counts from nowhere."""
    for moment in _parsed(rule, first or after - _RUN_UP):
        yield moment.date()


def _check_parts(parts: Mapping[str, str]) -> None:
    frequency = parts.get("FREQ", "")
    if frequency in _TOO_OFTEN:
        raise _error("rrule_too_often", found=frequency, allowed=tuple(_PARTS))
    if frequency not in _PARTS:
        raise _error("bad_rrule", found=f"FREQ={frequency}", allowed=tuple(_PARTS), near=nearest(frequency, (*_PARTS,)))
    allowed = _allowed(frequency, parts)
    for name in parts:
        if name not in allowed:
            near = None if name in _PARTS["YEARLY"] else nearest(name, allowed)
            raise _error("rrule_part", found=name, frequency=frequency, allowed=allowed, near=near)
    _check_values(frequency, parts)


def _allowed(frequency: str, parts: Mapping[str, str]) -> tuple[str, ...]:
    """The parts that may stand beside a frequency: every seventh day that is a Tuesday may never come."""
    if frequency == "DAILY" and parts.get("INTERVAL", "1") != "1":
        return _ALWAYS
    return _PARTS[frequency]


def _check_values(frequency: str, parts: Mapping[str, str]) -> None:
    for name in ("INTERVAL", "COUNT"):
        if name in parts and (not _NUMBER.fullmatch(parts[name]) or int(parts[name]) > INTERVAL_MAX):
            raise _error("bad_rrule", found=f"{name}={parts[name]}", least=1, most=INTERVAL_MAX)
    if "UNTIL" in parts and not _UNTIL.fullmatch(parts["UNTIL"]):
        raise _error("bad_rrule", found=f"UNTIL={parts['UNTIL']}", allowed=("UNTIL=YYYYMMDD",))
    if "BYDAY" in parts:
        _check_weekdays(parts["BYDAY"], _weeks_max(frequency, parts))
    for month in parts["BYMONTH"].split(",") if "BYMONTH" in parts else ():
        if not _NUMBER.fullmatch(month) or int(month) > MONTHS:  # the library reads a month 0 and fails over it later
            raise _error("bad_rrule", found=f"BYMONTH={month}", least=1, most=MONTHS)


def _weeks_max(frequency: str, parts: Mapping[str, str]) -> int:
    """How many of one weekday there are at most in what `1MO` counts in; nothing is counted in weeks and days."""
    if frequency in ("DAILY", "WEEKLY"):
        return 0
    return 5 if frequency == "MONTHLY" or "BYMONTH" in parts else 53


def _check_weekdays(text: str, weeks_max: int) -> None:
    for day in text.split(","):
        found = _DAY.fullmatch(day)
        if not found or abs(int(found[1] or 0)) > weeks_max:
            raise _error("bad_rrule", found=f"BYDAY={day}", allowed=("MO", "TU", "WE", "TH", "FR", "SA", "SU"))


def _counts_from_somewhere(parts: Mapping[str, str]) -> bool:
    """Whether the dates depend on the first one: every other, so many of them, or the day that the first one has."""
    if parts.get("INTERVAL", "1") != "1" or "COUNT" in parts:
        return True
    return parts["FREQ"] != "DAILY" and not any(name in parts for name in ("BYDAY", "BYMONTHDAY", "BYYEARDAY"))


def _parsed(rule: str, start: date) -> Iterable[datetime]:
    """The rule as the library reads it; imported here, because few rulebooks need it."""
    from dateutil.rrule import rrulestr

    return rrulestr(rule, dtstart=datetime(start.year, start.month, start.day))


def _try(rule: str) -> None:
    """Let the library read the rule, which knows the limits of every number in it."""
    try:
        _parsed(rule, date(2001, 1, 1))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        raise _error("bad_rrule", found=rule) from None


def _error(code: str, near: str | None = None, **values: object) -> ScheduleError:
    return ScheduleError(code, ("rrule",), values | ({"suggestion": near} if near else {}))
