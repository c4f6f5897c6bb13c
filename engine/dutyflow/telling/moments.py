"""Moments as people write them in scenarios: `Mon 2026-03-02 09:14`, `周一 03-02 09:14`, `10:30`, `+20h`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from unicodedata import normalize

from dutyflow.errors import DutyflowError
from dutyflow.kernel.durations import DAYS, Duration, DurationError
from dutyflow.kernel.local_time import resolve, to_datetime
from dutyflow.wording import Phrase

WEEKDAYS: Mapping[str, tuple[str, ...]] = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
}
_LONG = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_CHINESE = "一二三四五六日"
_WEEKDAY_OF = {
    **{name.lower(): day for names in (WEEKDAYS["en"], _LONG) for day, name in enumerate(names)},
    **{prefix + sign: day for prefix in ("周", "星期", "礼拜") for day, sign in enumerate(_CHINESE)},
    **{prefix + "天": 6 for prefix in ("周", "星期", "礼拜")},
}
_MOMENT = re.compile(
    r"(?:(?P<weekday>[^\W\d_]+)\.?,?\s*)?"
    r"(?:(?:(?P<year>\d{4})-)?(?P<month>\d{2})-(?P<day>\d{2})[ T]+)?"
    r"(?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?\s*(?P<offset>Z|[+-]\d{2}:\d{2})?"
)
_DAY = 86_400


class MomentError(DutyflowError, ValueError):
    """A text is not a moment. `code` is the finding that fits, `values` what its sentence needs."""

    def __init__(self, code: str, **values: object) -> None:
        """Keep the parts for the one who makes a finding of them."""
        super().__init__("; ".join(_english(value) for value in values.values()))
        self.code = code
        self.values = values


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a moment may refer to: the zone, the step before it, and the start of the whole story (for `+20h`)."""

    zone: tzinfo
    previous: datetime | None = None
    start: datetime | None = None


def read_moment(text: str, anchor: Anchor) -> datetime:
    """The instant, in UTC, that a text means; raises `MomentError`.

    A date without a year is of the year of the step before, a time alone of its day; `24:00` ends the day. `+20h`
    counts from the start of the story, as the column of elapsed time does. A weekday must be the right one.
    """
    plain = normalize("NFKC", text).strip()
    if plain.startswith("+"):
        return _after(plain, anchor)
    found = _MOMENT.fullmatch(plain)
    if found is None:
        raise _unreadable(text, "form")
    day = _day(found, text, anchor)
    _check_weekday(found["weekday"], day, text)
    second = int(found["hour"]) * 3600 + int(found["minute"]) * 60 + int(found["second"] or 0)
    if second > _DAY or int(found["minute"]) > 59 or int(found["second"] or 0) > 59:
        raise _unreadable(text, "time")
    if found["offset"]:
        offset = datetime.fromisoformat("2000-01-01T00:00:00" + found["offset"].replace("Z", "+00:00")).tzinfo
        return (datetime(day.year, day.month, day.day, tzinfo=offset) + timedelta(seconds=second)).astimezone(UTC)
    return to_datetime(resolve(day.toordinal(), second, anchor.zone), UTC)


def show_moment(at: datetime, zone: tzinfo, lang: str = "en", *, year: bool = True) -> str:
    """An instant as `read_moment` reads it: `Mon 2026-03-02 09:14`; seconds only where there are some."""
    local = at.astimezone(zone)
    shape = ("%Y-" if year else "") + "%m-%d %H:%M" + (":%S" if local.second else "")
    return f"{WEEKDAYS[lang][local.weekday()]} {local.strftime(shape)}"


def show_span(span: timedelta) -> str:
    """A length of time: `3d 2h`, `1d 20m`, `0m` for nothing."""
    seconds = int(span.total_seconds())
    days, rest = divmod(seconds, _DAY)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s")]
    shown = [f"{amount}{unit}" for amount, unit in parts if amount]
    return " ".join(shown) or "0m"


def _after(plain: str, anchor: Anchor) -> datetime:
    origin = anchor.start or anchor.previous
    if origin is None:
        raise _unreadable(plain, "no_start")
    try:
        duration = Duration.parse(plain[1:].replace(" ", ""))
    except DurationError:
        raise _unreadable(plain, "duration") from None
    if duration.seconds is not None and duration.is_elapsed:
        return origin + timedelta(seconds=duration.seconds)
    if duration.unit not in DAYS[:2]:
        raise _unreadable(plain, "duration")
    local = origin.astimezone(anchor.zone)
    days = duration.amount * (7 if duration.unit == "w" else 1)
    second = local.hour * 3600 + local.minute * 60 + local.second
    return to_datetime(resolve(local.toordinal() + days, second, anchor.zone), UTC)


def _day(found: re.Match[str], text: str, anchor: Anchor) -> date:
    previous = anchor.previous or anchor.start
    if found["month"] is None or found["year"] is None:
        if previous is None:
            raise _unreadable(text, "no_day")
        local = previous.astimezone(anchor.zone).date()
        if found["month"] is None:
            return local
        year = local.year
    else:
        year = int(found["year"])
    try:
        return date(year, int(found["month"]), int(found["day"]))
    except ValueError:
        raise _unreadable(text, "no_such_day") from None


def _check_weekday(written: str | None, day: date, text: str) -> None:
    if written is None:
        return
    expected = _WEEKDAY_OF.get(written.lower())
    if expected is None:
        raise _unreadable(text, "weekday")
    if expected != day.weekday():
        right = Phrase.of(f"moment.{_LONG[day.weekday()].lower()}")
        raise MomentError("DF121", value=text, date=day.isoformat(), weekday=right)


def _unreadable(text: str, problem: str) -> MomentError:
    return MomentError("DF120", value=text, problem=Phrase.of(f"moment.{problem}"))


def _english(value: object) -> str:
    return value.text("en") if isinstance(value, Phrase) else str(value)
