"""Reads the mapping that says when a duty recurs (`{weekday: fri, nth: 1}`) into one of a few kinds of rule."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Literal

import msgspec

from dutyflow.kernel.calendar_spec import Path, Problems, nearest, read_date, read_weekdays
from dutyflow.kernel.durations import DurationError, parse_duration
from dutyflow.kernel.schedule_rrule import ScheduleError, read_rrule

STEP_DAYS_MAX = 3_660
WORKDAYS_MAX = 250
DATES_MAX = 1_000
LAST = -1
"""Stands for `last` where days are counted."""

Roll = Literal["none", "before", "after"]
_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "workday": ("of",),
    "day": ("roll",),
    "weekday": ("nth", "workday"),
    "before": ("workdays",),
    "every": ("from",),
    "rrule": ("from",),
    "dates": (),
}
_WORDS: Mapping[str, Mapping[str, object]] = {"workday": {"workday": "every"}, "daily": {"weekday": "daily"}}
_STEP = re.compile(r"[1-9][0-9]*[dw]")
_RANGE = re.compile(r"\s*(\S+?)\s*\.\.\s*(\S+?)\s*")


class Workdays(msgspec.Struct, frozen=True, tag=True):
    """Every date on which the calendar opens."""


class NthWorkday(msgspec.Struct, frozen=True, tag=True):
    """The n-th date of a month or (Monday to Sunday) week on which the calendar opens; -1 is the last."""

    n: int
    of: Literal["month", "week"] = "month"


class MonthDay(msgspec.Struct, frozen=True, tag=True):
    """A day of every month, -1 the last; a short month has it at its end.

    `roll` moves it to a date on which the calendar opens, which may lie in a neighbouring month.
    """

    day: int
    roll: Roll = "none"


class Weekdays(msgspec.Struct, frozen=True, tag=True):
    """Weekdays (Monday = 0) of every week, or the n-th of them in a month; if asked, only where the calendar opens."""

    days: tuple[int, ...]
    nth: int | None = None
    workday: bool = False


class Before(msgspec.Struct, frozen=True, tag=True):
    """So many working days before a day of every month."""

    anchor: MonthDay
    workdays: int


class EveryDays(msgspec.Struct, frozen=True, tag=True):
    """A first date, and again after every so many calendar days."""

    step: int
    first: date


class Rrule(msgspec.Struct, frozen=True, tag=True):
    """A rule of RFC 5545, counted from a first date if it needs one."""

    text: str
    first: date | None = None


class Dates(msgspec.Struct, frozen=True, tag=True):
    """Named dates, in order."""

    days: tuple[date, ...]


Rule = Workdays | NthWorkday | MonthDay | Weekdays | Before | EveryDays | Rrule | Dates
Between = tuple[date, date] | None


def read_on(plain: object) -> tuple[Rule, Between]:
    """Return the rule, and the first and last date on which it applies; raise `ScheduleError`."""
    m = _mapping(plain)
    found = [key for key in _OPTIONS if key in m]
    # `workday` is a form of its own and an option of `weekday`.
    forms = [key for key in found if not (key == "workday" and "weekday" in m)]
    if not forms:
        unknown = next((str(key) for key in m if key != "between"), "")
        raise _error("unknown_form", (), found=unknown, allowed=(*_OPTIONS,), suggestion=nearest(unknown, (*_OPTIONS,)))
    if len(forms) > 1:
        raise _error("several_forms", (forms[1],), found=forms[1], other=forms[0])
    allowed = (forms[0], *_OPTIONS[forms[0]], "between")
    for key in m:
        if key not in allowed:
            raise _error("unknown_key", (str(key),), found=key, allowed=allowed, suggestion=nearest(str(key), allowed))
    return _READERS[forms[0]](m), _read_between(m.get("between"))


def _mapping(plain: object) -> Mapping[str, object]:
    if isinstance(plain, str):
        if plain not in _WORDS:
            raise _error("unknown_word", (), found=plain, allowed=(*_WORDS,), suggestion=nearest(plain, (*_WORDS,)))
        return _WORDS[plain]
    if not isinstance(plain, Mapping):
        raise _error("not_a_mapping", (), found=plain)
    return plain


def _read_workday(m: Mapping[str, object]) -> Rule:
    of = _word(m, "of", ("month", "week"), "month")
    if m["workday"] == "every":
        if "of" in m:
            raise _error("unknown_key", ("of",), found="of", allowed=("workday", "between"))
        return Workdays()
    most = 31 if of == "month" else 7
    return NthWorkday(_count(m["workday"], ("workday",), most, ("every", "last")), "month" if of == "month" else "week")


def _read_day(m: Mapping[str, object], path: Path = ()) -> MonthDay:
    roll = _word(m, "roll", ("before", "after"), "none", path)
    day = _count(m.get("day"), (*path, "day"), 31, ("last",))
    return MonthDay(day, "before" if roll == "before" else "after" if roll == "after" else "none")


def _read_weekday(m: Mapping[str, object]) -> Rule:
    written = m["weekday"]
    texts = written if isinstance(written, Sequence) and not isinstance(written, str) else [written]
    problems, days = Problems(), set[int]()
    for text in texts:
        days.update(read_weekdays(text, ("weekday",), problems))
    if problems or not days:
        raise _error("unknown_weekday", ("weekday",), **(problems[0].values if problems else {"found": written}))
    workday = m.get("workday", False)
    if not isinstance(workday, bool):
        raise _error("unknown_word", ("workday",), found=workday, allowed=("true", "false"))
    nth = _count(m["nth"], ("nth",), 31 if len(days) > 1 else 5, ("last",)) if "nth" in m else None
    return Weekdays(tuple(sorted(days)), nth, workday)


def _read_before(m: Mapping[str, object]) -> Rule:
    inner, path = m["before"], ("before",)
    if not isinstance(inner, Mapping):
        raise _error("not_a_mapping", path, found=inner)
    for key in inner:
        if key not in ("day", "roll"):
            near = nearest(str(key), ("day", "roll"))
            raise _error("unknown_key", (*path, str(key)), found=key, allowed=("day", "roll"), suggestion=near)
    return Before(_read_day(inner, path), _count(m.get("workdays"), ("workdays",), WORKDAYS_MAX))


def _read_every(m: Mapping[str, object]) -> Rule:
    if m.get("from") is None:
        raise _error("missing_key", (), key="from")
    return EveryDays(_step(m["every"]), _date(m["from"], ("from",)))


def _step(text: object) -> int:
    """Read `7d` or `2w` as days."""
    try:
        length = parse_duration(text) if isinstance(text, str) else None
    except DurationError as error:
        near = error.suggestion if _STEP.fullmatch(error.suggestion or "") else None
        raise _error("bad_step", ("every",), found=text, allowed=("7d", "2w"), suggestion=near) from None
    if length is None or not _STEP.fullmatch(length.text):
        raise _error("bad_step", ("every",), found=text, allowed=("7d", "2w"))
    days = length.amount * (7 if length.unit == "w" else 1)
    if days > STEP_DAYS_MAX:
        raise _error("bad_number", ("every",), found=text, least=1, most=STEP_DAYS_MAX)
    return days


def _read_rrule(m: Mapping[str, object]) -> Rule:
    first = None if m.get("from") is None else _date(m["from"], ("from",))
    return Rrule(read_rrule(m["rrule"], first), first)


def _read_dates(m: Mapping[str, object]) -> Rule:
    days = _list(m["dates"], ("dates",))
    if not 0 < len(days) <= DATES_MAX:
        raise _error("bad_number", ("dates",), found=len(days), least=1, most=DATES_MAX)
    read = [_date(day, ("dates", index)) for index, day in enumerate(days)]
    for index, day in enumerate(read):
        if day in read[:index]:
            raise _error("date_twice", ("dates", index), date=day.isoformat())
    return Dates(tuple(sorted(read)))


_READERS: Mapping[str, Callable[[Mapping[str, object]], Rule]] = {
    "workday": _read_workday,
    "day": _read_day,
    "weekday": _read_weekday,
    "before": _read_before,
    "every": _read_every,
    "rrule": _read_rrule,
    "dates": _read_dates,
}


def _read_between(value: object) -> Between:
    """Read the first and the last date, both included, as a list of two or as `2020-08-01..2020-10-31`."""
    if value is None:
        return None
    path = ("between",)
    ends = _RANGE.fullmatch(value) if isinstance(value, str) else None
    days = ends.groups() if ends else _list(value, path)
    if len(days) != 2:
        raise _error("bad_range", path, found=len(days))
    first, last = (_date(day, path if ends else (*path, index)) for index, day in enumerate(days))
    if last < first:
        raise _error("reversed_range", path, found=f"{first}..{last}", suggestion=f"{last}..{first}")
    return first, last


# --- values -------------------------------------------------------------------------------------------------------


def _count(value: object, path: Path, most: int, words: tuple[str, ...] = ()) -> int:
    """Read a number from 1, or `last` as -1 where that is allowed."""
    if value == "last" and "last" in words:
        return LAST
    if value is None:
        raise _error("missing_key", path[:-1], key=path[-1])
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise _error("bad_number", path, found=value, least=1, most=most, allowed=words or None)
    return value


def _word(m: Mapping[str, object], key: str, words: tuple[str, ...], default: str, path: Path = ()) -> str:
    value = m.get(key, default)
    if key in m and value not in words:
        near = nearest(str(value), words)
        raise _error("unknown_word", (*path, key), found=value, allowed=words, suggestion=near)
    return str(value)


def _list(value: object, path: Path) -> Sequence[object]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise _error("not_a_list", path, found=value)
    return value


def _date(value: object, path: Path) -> date:
    problems = Problems()
    day = read_date(value, path, problems)
    if day is None:
        raise ScheduleError(problems[0].code, path, problems[0].values)
    return day


def _error(code: str, path: Path, **values: object) -> ScheduleError:
    return ScheduleError(code, path, {key: value for key, value in values.items() if value is not None})
