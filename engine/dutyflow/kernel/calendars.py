"""Working calendars: when a department is open, and when an amount of its time is used up.

::

    calendar = Calendar.from_mapping({
        "timezone": "Asia/Shanghai",
        "hours": {"mon-fri": ["09:00-12:00", "13:00-18:00"]},
        "closed": ["2026-02-15..2026-02-23"],
        "open": {"2026-02-14": ["09:00-18:00"]},
    })
    calendar.due_at(start, "16bh")

Date-times must be aware. Periods include their start and exclude their end. The methods of a calendar answer in its
zone, for people to read; the functions below answer in UTC, for code to reckon with (Python compares and subtracts two
times of one zone by the wall clock, which is an hour wrong when the clocks go back).
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NoReturn
from zoneinfo import ZoneInfo

from dutyflow.errors import MisuseError
from dutyflow.kernel.calendar_spec import CalendarError, CalendarSpec, Problems, read_calendar, write_spec
from dutyflow.kernel.deadlines import due_second
from dutyflow.kernel.durations import Duration, default_warning_kind, parse_duration
from dutyflow.kernel.local_time import DAY, day_that_ends, resolve, to_datetime, to_second
from dutyflow.kernel.openings import Openings

__all__ = [
    "ALWAYS",
    "Calendar",
    "CalendarError",
    "default_warning_at",
    "due_at",
    "due_day",
    "measure",
]

_NO_WARNING_UP_TO = 600
_MORNING = 9 * 3600


class Calendar:
    """When work is done: weekly hours, closed dates, and dates with hours of their own (an exception beats a holiday).

    Immutable, equal and hashable by content, and safe to share between threads.
    """

    __slots__ = ("_openings", "_spec", "_zone")
    _openings: Openings
    _spec: CalendarSpec
    _zone: ZoneInfo

    def __init__(self, spec: CalendarSpec) -> None:
        """Take a calendar that was read already; people use `from_mapping`."""
        zone = ZoneInfo(spec.timezone)
        object.__setattr__(self, "_spec", spec)
        object.__setattr__(self, "_zone", zone)
        object.__setattr__(self, "_openings", Openings(zone, spec.weekly, dict(spec.special)))

    @classmethod
    def from_mapping(cls, m: Mapping[str, object], *, timezone: str | None = None) -> "Calendar":
        """Read a calendar; raise the first `CalendarError`. `timezone` is used if the mapping names none."""
        problems = Problems()
        spec = read_calendar(_with_zone(m, timezone), problems)
        if problems:
            raise problems[0]
        return cls(spec)

    @classmethod
    def problems(cls, m: Mapping[str, object], *, timezone: str | None = None) -> tuple[CalendarError, ...]:
        """Return everything that is wrong with a mapping; nothing if `from_mapping` accepts it."""
        problems = Problems()
        read_calendar(_with_zone(m, timezone), problems)
        return tuple(problems)

    def to_mapping(self) -> dict[str, object]:
        """Return a mapping from which an equal calendar is read."""
        return write_spec(self._spec)

    @property
    def name(self) -> str:
        """The name under which durations ask for it (`4bh@desk`), or an empty text."""
        return self._spec.name

    @property
    def timezone(self) -> str:
        """The IANA name of its zone."""
        return self._spec.timezone

    @property
    def zone(self) -> ZoneInfo:
        """Its zone, in which all answers are given."""
        return self._zone

    @property
    def official_until(self) -> date | None:
        """The last date for which its holidays are known, if somebody said so."""
        return self._spec.official_until

    @property
    def openings(self) -> Openings:
        """The same calendar in whole seconds since 1970, for code that reckons a lot."""
        return self._openings

    def due_at(self, start: datetime, within: "str | Duration | timedelta") -> datetime:
        """Return the earliest instant at which `within` is used up; a `timedelta` (1 s or more) means open time."""
        if isinstance(within, str):
            duration = parse_duration(within)
        elif isinstance(within, Duration):
            duration = within
        else:
            return self.add_open(start, _open_seconds(within))
        if duration.calendar is not None and duration.calendar != self._spec.name:
            raise MisuseError(f"{duration.text} asks for the calendar {duration.calendar!r}, this is {self.name!r}")
        return to_datetime(due_second(duration, to_second(start), self._openings), self._zone)

    def add_open(self, start: datetime, seconds: int) -> datetime:
        """Return the earliest instant at which `seconds` (not negative) of open time have passed since `start`."""
        return to_datetime(self._openings.advance(to_second(start), seconds), self._zone)

    def open_between(self, start: datetime, end: datetime) -> timedelta:
        """Return the open time in [start, end); refuse an end before the start."""
        first, last = to_second(start), to_second(end)
        if last < first:
            raise MisuseError(f"the end {end.isoformat()} lies before the start {start.isoformat()}")
        return timedelta(0, self._openings.between(first, last))

    def is_open(self, at: datetime) -> bool:
        """Say whether it is open at an instant."""
        return self._openings.is_open(to_second(at))

    def next_opening(self, at: datetime) -> datetime:
        """Return the first instant at or after `at` at which it is open: `at` itself while it is."""
        return to_datetime(self._openings.next_open(to_second(at)), self._zone)

    def closing(self, at: datetime) -> datetime | None:
        """Return when the period that is open at `at`, else the next one, ends; nothing if it never closes."""
        second = self._openings.close_after(to_second(at))
        return None if second is None else to_datetime(second, self._zone)

    def is_workday(self, day: date) -> bool:
        """Say whether it opens at all on a local date."""
        return self._openings.is_workday(day.toordinal())

    def nth_workday_after(self, day: date, n: int) -> date:
        """Return the `n`-th (from 1) date after `day` on which it opens."""
        return date.fromordinal(self._openings.workday_after(day.toordinal(), _from_one(n)))

    def nth_workday_before(self, day: date, n: int) -> date:
        """Return the `n`-th (from 1) date before `day` on which it opens, for plans made backwards."""
        return date.fromordinal(self._openings.workday_before(day.toordinal(), _from_one(n)))

    def workday_open(self, day: date) -> datetime:
        """Return when it first opens on a date; refuse a date on which it does not."""
        return to_datetime(self._openings.open_of(self._workday(day)), self._zone)

    def workday_close(self, day: date) -> datetime:
        """Return the end of the last period that opens on a date; refuse a date on which none does."""
        return to_datetime(self._openings.close_of(self._workday(day)), self._zone)

    def at(self, day: date, minute_of_day: int) -> datetime:
        """Return a local date and minute as an instant; 1440 is 24:00."""
        return to_datetime(resolve(day.toordinal(), minute_of_day * 60, self._zone), self._zone)

    def _workday(self, day: date) -> int:
        ordinal = day.toordinal()
        if not self._openings.is_workday(ordinal):
            raise MisuseError(f"the calendar {self.name!r} does not open on {day.isoformat()}")
        return ordinal

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse every change."""
        raise AttributeError(f"a calendar is immutable: {name}")

    def __eq__(self, other: object) -> bool:
        """Compare by content."""
        return self._spec == other._spec if isinstance(other, Calendar) else NotImplemented

    def __hash__(self) -> int:
        """Hash by content."""
        return hash(self._spec)

    def __reduce__(self) -> tuple[type["Calendar"], tuple[CalendarSpec]]:
        """Copy and pickle the content, not the tables."""
        return Calendar, (self._spec,)

    def __repr__(self) -> str:
        """Show its name and zone."""
        return f"<Calendar {self.name or '(no name)'} {self.timezone}>"


ALWAYS = Calendar(CalendarSpec("always", "UTC", (((0, DAY),),) * 7))


def due_at(duration: Duration, start: datetime, calendar: Calendar) -> datetime:
    """Return in UTC when a duration begun at `start` is used up; `calendar` is the one it names, or the default."""
    return to_datetime(due_second(duration, to_second(start), calendar.openings), UTC)


def measure(duration: Duration, calendar: Calendar) -> Calendar:
    """Return the calendar in which the time of a duration passes: every second counts for `s m h d w mo`."""
    return calendar if duration.unit in ("bh", "bm", "bd", "same_day") else ALWAYS


def due_day(due_at: datetime, zone: tzinfo) -> date:
    """Return the local date on which a deadline falls; 00:00 is the 24:00 of the day that ends."""
    return day_that_ends(due_at, zone)


def default_warning_at(duration: Duration, start: datetime, calendar: Calendar) -> datetime | None:
    """Return in UTC when a clock that never pauses warns if nothing is declared (DOMAIN 3.0 item 5), or nothing.

    Hours and minutes: 75 % of the span, cut to whole minutes, none up to 10 minutes. Days: 09:00 of the due day. A
    warning that would not lie between the start and the due time is dropped.
    """
    first, openings = to_second(start), calendar.openings
    due = due_second(duration, first, openings)
    if default_warning_kind(duration) == "due_day":
        day = day_that_ends(to_datetime(due, UTC), calendar.zone)
        warning = resolve(day.toordinal(), _MORNING, calendar.zone)
    else:
        span = duration.seconds or 0
        if span <= _NO_WARNING_UP_TO:
            return None
        warning = measure(duration, calendar).openings.advance(first, span * 3 // 4 // 60 * 60)
    return to_datetime(warning, UTC) if first < warning < due else None


def _open_seconds(within: timedelta) -> int:
    """Return a `timedelta` as seconds; it must be at least one."""
    if not hasattr(within, "total_seconds"):
        raise MisuseError(f"a duration is a text such as '16bh', a Duration or a timedelta, not {within!r}")
    return _from_one(within.days * DAY + within.seconds)


def _from_one(n: int) -> int:
    if n < 1:
        raise MisuseError(f"the amount must be at least 1, not {n}")
    return n


def _with_zone(m: Mapping[str, object], timezone: str | None) -> Mapping[str, object]:
    return m if timezone is None or m.get("timezone") is not None else {**m, "timezone": timezone}
