"""Reads the mapping that describes a calendar, and reports everything that is wrong with it, each with its place."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from difflib import get_close_matches
from itertools import pairwise

import msgspec

from dutyflow.errors import DutyflowError
from dutyflow.kernel.duration_text import TIME, minute_of_day, suggest_period
from dutyflow.kernel.local_time import DAY, load_zone, zone_names
from dutyflow.kernel.openings import Period

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
KEYS = ("name", "title", "timezone", "hours", "closed", "open", "official_until")

Periods = tuple[Period, ...]
Path = tuple[str | int, ...]

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_RANGE_MAX = 3_660
_CLOSED_MAX = 366


class CalendarError(DutyflowError, ValueError):
    """A mapping does not describe a calendar.

    `code` says why (stable), `path` where in the mapping (`("hours", "mon-fri", 0)`), `values` what was found and what
    is allowed; `values["suggestion"]`, where present, is what to write instead.
    """

    def __init__(self, code: str, path: Path, values: Mapping[str, object]) -> None:
        """Keep the parts for the one who makes a finding of them."""
        found = ", ".join(f"{key}={value!r}" for key, value in values.items())
        place = ".".join(str(part) for part in path) or "calendar"
        super().__init__(f"{place}: {code} ({found})")
        self.code = code
        self.path = path
        self.values = dict(values)


class CalendarSpec(msgspec.Struct, frozen=True):
    """A calendar as plain data: equal calendars have equal specs.

    `weekly` has the periods of each weekday, Monday first; `special` the dates (ordinals, sorted) that differ, where no
    periods means closed. Periods are seconds of the day, sorted.
    """

    name: str
    timezone: str
    weekly: tuple[Periods, ...]
    special: tuple[tuple[int, Periods], ...] = ()
    official_until: date | None = None


class Problems(list[CalendarError]):
    """What is wrong with one mapping, in the order of reading."""

    def add(self, code: str, path: Path, **values: object) -> None:
        """Note one more; a suggestion of nothing is left out."""
        self.append(CalendarError(code, path, {key: value for key, value in values.items() if value is not None}))


def read_calendar(m: Mapping[str, object], problems: Problems) -> CalendarSpec:
    """Read a calendar as far as it can be understood; what cannot is added to `problems`."""
    for key in m:
        if key not in KEYS:
            problems.add("unknown_key", (key,), found=key, allowed=KEYS, suggestion=nearest(str(key), KEYS))
    weekly = _read_hours(m.get("hours"), problems)
    special: dict[int, Periods] = dict.fromkeys(_read_closed(m.get("closed"), problems), ())
    special.update(_read_open(m.get("open"), weekly, problems))
    if not problems:
        _check_opens(weekly, special, problems)
    return CalendarSpec(
        str(m.get("name") or ""),
        _read_zone(m.get("timezone"), problems),
        weekly,
        tuple(sorted(special.items())),
        _read_until(m.get("official_until"), problems),
    )


def _read_zone(value: object, problems: Problems) -> str:
    if value is None:
        problems.add("missing_key", (), key="timezone")
    elif not isinstance(value, str) or load_zone(value) is None:
        near = nearest(str(value), zone_names())
        problems.add("unknown_zone", ("timezone",), found=value, suggestion=near)
    else:
        return value
    return "UTC"


def _read_until(value: object, problems: Problems) -> date | None:
    return None if value is None else read_date(value, ("official_until",), problems)


def _read_hours(value: object, problems: Problems) -> tuple[Periods, ...]:
    """Read the weekly hours: each weekday at most once."""
    weekly: dict[int, Periods] = {}
    if not isinstance(value, Mapping):
        code = "missing_key" if value is None else "not_a_mapping"
        problems.add(code, () if value is None else ("hours",), key="hours")
        return ((),) * 7
    key_of: dict[int, str] = {}
    for key, texts in value.items():
        path = ("hours", str(key))
        periods = read_periods(texts, path, problems)
        for day in read_weekdays(key, path, problems):
            if day in weekly:
                problems.add("weekday_twice", path, weekday=WEEKDAYS[day], other=key_of[day])
            weekly[day], key_of[day] = periods, str(key)
    _check_nights(weekly, key_of, problems)
    return tuple(weekly.get(day, ()) for day in range(7))


def _check_nights(weekly: dict[int, Periods], key_of: dict[int, str], problems: Problems) -> None:
    """Report a period that crosses midnight into a period of the next weekday."""
    for day, periods in weekly.items():
        following = weekly.get((day + 1) % 7, ())
        if periods and following and periods[-1][1] - DAY > following[0][0]:
            first, second = write_period(periods[-1]), write_period(following[0])
            problems.add("overlapping_periods", ("hours", key_of[day]), first=first, second=second)
            return


def read_weekdays(key: object, path: Path, problems: Problems) -> list[int]:
    """Read `mon`, `mon-fri`, `sat-sun`, `mon,wed` or `daily` as numbers from Monday = 0."""
    if key == "daily":
        return list(range(7))
    days: list[int] = []
    for part in str(key).split(","):
        ends = part.strip().split("-")
        unknown = next((end for end in ends if end not in WEEKDAYS), None)
        if unknown is not None or len(ends) > 2:
            near = nearest(str(unknown)[:3].lower(), WEEKDAYS)
            problems.add("unknown_weekday", path, found=key, allowed=(*WEEKDAYS, "mon-fri", "daily"), suggestion=near)
            return []
        first, last = WEEKDAYS.index(ends[0]), WEEKDAYS.index(ends[-1])
        days.extend((first + step) % 7 for step in range((last - first) % 7 + 1))
    return days


def read_periods(value: object, path: Path, problems: Problems) -> Periods:
    """Read the periods of one day, such as `["09:00-12:00", "13:00-18:00"]`, or a single one as a text."""
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, Sequence):
        problems.add("not_a_list", path, found=value)
        return ()
    read = [(_read_period(text, (*path, index), problems), index) for index, text in enumerate(value)]
    periods = sorted((period, index) for period, index in read if period is not None)
    for (first, _), (second, index) in pairwise(periods):
        if second[0] < first[1]:
            places = (*path, index)
            problems.add("overlapping_periods", places, first=write_period(first), second=write_period(second))
    return tuple(period for period, _ in periods)


def _read_period(text: object, path: Path, problems: Problems) -> Period | None:
    """Read `09:00-12:00`; an end that is not after the start lies in the next day."""
    if not isinstance(text, str):
        problems.add("bad_period", path, found=text)
        return None
    start_text, dash, end_text = text.partition("-")
    if not dash or not TIME.fullmatch(start_text) or not TIME.fullmatch(end_text) or start_text == "24:00":
        problems.add("bad_period", path, found=text, suggestion=suggest_period(text))
        return None
    start, end = minute_of_day(start_text) * 60, minute_of_day(end_text) * 60
    if start == end:
        problems.add("zero_length_period", path, found=text, suggestion="00:00-24:00" if start == 0 else None)
        return None
    return start, end if end > start else end + DAY


def _read_closed(value: object, problems: Problems) -> Iterator[int]:
    """Read the closed dates: `2026-02-16`, and ranges `2026-02-15..2026-02-23` that include both ends."""
    if value is None:
        return
    if not isinstance(value, Sequence) or isinstance(value, str):
        problems.add("not_a_list", ("closed",), found=value)
        return
    for index, item in enumerate(value):
        yield from _read_dates(item, ("closed", index), problems)


def _read_open(value: object, weekly: tuple[Periods, ...], problems: Problems) -> dict[int, Periods]:
    """Read the dates that are open by exception, with hours of their own or with those of a weekday."""
    special: dict[int, Periods] = {}
    if value is None:
        return special
    items: list[tuple[object, object, Path]]
    if isinstance(value, Mapping):
        items = [(key, hours, ("open", str(key))) for key, hours in value.items()]
    elif isinstance(value, Sequence) and not isinstance(value, str):
        items = [(item, "mon", ("open", index)) for index, item in enumerate(value)]
    else:
        problems.add("not_a_list", ("open",), found=value)
        return special
    for dates, hours, path in items:
        periods = _read_special_hours(hours, weekly, path, problems)
        for day in _read_dates(dates, path, problems):
            if day in special:
                problems.add("date_twice", path, date=date.fromordinal(day).isoformat())
            special[day] = periods
    return special


def _read_special_hours(hours: object, weekly: tuple[Periods, ...], path: Path, problems: Problems) -> Periods:
    """Read the hours of one date: periods, or the weekday whose hours it has (of `mon-fri`, the first)."""
    before = len(problems)
    if isinstance(hours, str) and hours.isascii() and not any(letter.isdigit() for letter in hours):
        days = read_weekdays(hours, path, problems)
        periods = weekly[days[0]] if days else ()
    else:
        periods = read_periods(hours, path, problems)
    if not periods and len(problems) == before:
        problems.add("no_hours", path, found=hours)
    return periods


def _read_dates(item: object, path: Path, problems: Problems) -> Sequence[int]:
    """Read one date, or a range of dates, as ordinals."""
    if not isinstance(item, str) or ".." not in item:
        single = read_date(item, path, problems)
        return () if single is None else (single.toordinal(),)
    first_text, _, last_text = item.partition("..")
    first, last = read_date(first_text.strip(), path, problems), read_date(last_text.strip(), path, problems)
    if first is None or last is None:
        return ()
    if last < first:
        problems.add("reversed_range", path, found=item, suggestion=f"{last}..{first}")
        return ()
    if (last - first).days > _RANGE_MAX:
        problems.add("range_too_long", path, found=item, days_max=_RANGE_MAX)
        return ()
    return range(first.toordinal(), last.toordinal() + 1)


def read_date(value: object, path: Path, problems: Problems) -> date | None:
    """Read one date, `2026-02-16` or a `date`; nothing if it is none."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass  # 30 February has the right shape: it is reported like any other text
    problems.add("bad_date", path, found=value, suggestion=_suggest_date(value))
    return None


def _suggest_date(value: object) -> str | None:
    """Return the date that somebody who wrote `2026/2/16` or `2026.02.16` meant."""
    parts = str(value).replace("/", "-").replace(".", "-").split("-")
    if len(parts) != 3 or not all(part.isdecimal() and len(part) <= 4 for part in parts):
        return None
    try:
        return date(int(parts[0]), int(parts[1]), int(parts[2])).isoformat()
    except ValueError:
        return None


def _check_opens(weekly: tuple[Periods, ...], special: Mapping[int, Periods], problems: Problems) -> None:
    """Report a calendar that stays closed for more than 366 days in a row, or never opens at all."""
    if not any(weekly):
        problems.add("never_opens", ("hours",), days_max=_CLOSED_MAX)
        return
    looked_until = 0
    for day in sorted(special):
        if special[day] or day < looked_until:
            continue
        start = end = day
        while not special.get(start - 1, weekly[(start - 2) % 7]):
            start -= 1
        while not special.get(end, weekly[(end - 1) % 7]):
            end += 1
        if end - start > _CLOSED_MAX:
            first = date.fromordinal(start).isoformat()
            problems.add("never_opens", ("closed",), closed_from=first, days=end - start, days_max=_CLOSED_MAX)
        looked_until = end


def write_period(period: Period) -> str:
    """Write a period the way it is read."""
    start, end = period
    return f"{write_time(start)}-{write_time(end if end <= DAY else end - DAY)}"


def write_time(second: int) -> str:
    """Write a second of the day as `HH:MM`."""
    return f"{second // 3600:02d}:{second // 60 % 60:02d}"


def write_spec(spec: CalendarSpec) -> dict[str, object]:
    """Return the mapping from which an equal calendar is read."""
    closed = [date.fromordinal(day).isoformat() for day, periods in spec.special if not periods]
    opened = {
        date.fromordinal(day).isoformat(): [write_period(period) for period in periods]
        for day, periods in spec.special
        if periods
    }
    hours = {
        WEEKDAYS[day]: [write_period(period) for period in periods]
        for day, periods in enumerate(spec.weekly)
        if periods
    }
    mapping: dict[str, object] = {"timezone": spec.timezone, "hours": hours}
    optional = {
        "name": spec.name,
        "closed": closed,
        "open": opened,
        "official_until": spec.official_until.isoformat() if spec.official_until else None,
    }
    return mapping | {key: value for key, value in optional.items() if value}


def nearest(word: str, allowed: Sequence[str]) -> str | None:
    """Return the allowed word that somebody may have meant."""
    near = get_close_matches(word, allowed, n=1)
    return near[0] if near else None
