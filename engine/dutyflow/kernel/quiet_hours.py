"""Times of day at which people must not be contacted, and the exception for a time that they agreed to."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from dutyflow.kernel.calendar_spec import CalendarError, Problems, read_calendar
from dutyflow.kernel.calendars import Calendar
from dutyflow.kernel.durations import Duration, DurationError
from dutyflow.kernel.local_time import to_datetime, to_second

KEYS = ("name", "title", "timezone", "hours", "agreed_time_opens")
_MARGINS = ("before", "after")


class QuietHours(msgspec.Struct, frozen=True):
    """Quiet periods (start quiet, end not), and how long around an agreed time contact is allowed (both ends count).

    DOMAIN.md 3.0: 12:00-14:00 and 21:00-09:00; an agreed time opens from 15 minutes before to 30 minutes after it.
    """

    quiet: Calendar
    before: int | None = None
    after: int | None = None

    @classmethod
    def from_mapping(cls, m: Mapping[str, object], *, timezone: str | None = None) -> "QuietHours":
        """Read `{hours: ["12:00-14:00"], agreed_time_opens: {before: 15m, after: 30m}}`; raise `CalendarError`."""
        problems = Problems()
        quiet = _read(m, timezone, problems)
        if problems:
            raise problems[0]
        return quiet

    @classmethod
    def problems(cls, m: Mapping[str, object], *, timezone: str | None = None) -> tuple[CalendarError, ...]:
        """Return everything that is wrong with a mapping; nothing if `from_mapping` accepts it."""
        problems = Problems()
        _read(m, timezone, problems)
        return tuple(problems)

    @property
    def name(self) -> str:
        """The name it has in the rulebook, or an empty text."""
        return self.quiet.name

    def is_quiet(self, at: datetime, agreed_at: datetime | None = None) -> bool:
        """Say whether contact at `at` is forbidden; a time agreed by the customer opens a window around it."""
        return self.quiet.is_open(at) and not self._is_agreed(to_second(at), agreed_at)

    def next_contact(self, at: datetime, agreed_at: datetime | None = None) -> datetime:
        """Return the first instant at or after `at` at which contact is allowed: `at` itself if it is."""
        second = to_second(at)
        if self.is_quiet(at, agreed_at):
            end = self.quiet.openings.close_after(second)
            assert end is not None, "quiet hours that never end are refused when they are read"
            agreed_from = end if agreed_at is None or self.before is None else to_second(agreed_at) - self.before
            second = min(end, agreed_from) if agreed_from > second else end
        return to_datetime(second, self.quiet.zone)

    def _is_agreed(self, second: int, agreed_at: datetime | None) -> bool:
        if agreed_at is None or self.before is None or self.after is None:
            return False
        agreed = to_second(agreed_at)
        return agreed - self.before <= second <= agreed + self.after


def _read(m: Mapping[str, object], timezone: str | None, problems: Problems) -> QuietHours:
    """Read the quiet periods as a calendar that is open while it is quiet."""
    for key in m:
        if key not in KEYS:
            problems.add("unknown_key", (key,), found=key, allowed=KEYS)
    hours = m.get("hours")
    fields = {"timezone": timezone, **{key: m[key] for key in ("name", "timezone") if m.get(key) is not None}}
    calendar = _read_quiet(fields | {"hours": hours}, problems)
    before, after = _read_margins(m.get("agreed_time_opens"), problems)
    return QuietHours(calendar, before, after)


def _read_quiet(fields: Mapping[str, object], problems: Problems) -> Calendar:
    """Read the hours: per weekday like those of a calendar, or one list for every day."""
    hours = fields["hours"]
    daily = hours is not None and not isinstance(hours, Mapping)
    found = Problems()
    spec = read_calendar({**fields, "hours": {"daily": hours}} if daily else fields, found)
    problems.extend(_without_daily(problem) if daily else problem for problem in found)
    quiet = Calendar(spec)
    if quiet.openings.unbroken:
        problems.add("never_opens", ("hours",), found=hours)
    return quiet


def _without_daily(problem: CalendarError) -> CalendarError:
    """Point to `hours[0]`, where the person wrote it, not to `hours.daily[0]`, where it was put."""
    path = tuple(part for part in problem.path if part != "daily")
    return CalendarError(problem.code, path, problem.values)


def _read_margins(value: object, problems: Problems) -> tuple[int | None, int | None]:
    """Read how far an agreed time reaches, in seconds."""
    if value is None:
        return None, None
    if not isinstance(value, Mapping):
        problems.add("not_a_mapping", ("agreed_time_opens",), key="agreed_time_opens", found=value)
        return None, None
    for key in value:
        if key not in _MARGINS:
            problems.add("unknown_key", ("agreed_time_opens", str(key)), found=key, allowed=_MARGINS)
    before, after = (_read_margin(value.get(key, "0m"), key, problems) for key in _MARGINS)
    return before, after


def _read_margin(value: object, key: str, problems: Problems) -> int:
    path = ("agreed_time_opens", key)
    if value in ("0m", "0s", "0h"):
        return 0
    try:
        duration = Duration.parse(str(value))
    except DurationError as error:
        problems.add("bad_duration", path, found=value, suggestion=error.suggestion)
        return 0
    if not duration.is_elapsed or duration.seconds is None:
        problems.add("bad_duration", path, found=value, allowed=("s", "m", "h"))
        return 0
    return duration.seconds
