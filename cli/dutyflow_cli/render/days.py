"""Draws the days of a calendar, and the arithmetic of a due time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta, tzinfo

from rich.console import RenderableType
from rich.text import Text

from dutyflow.kernel.calendar_spec import WEEKDAYS as KEYS
from dutyflow.kernel.calendars import Calendar
from dutyflow.kernel.durations import Duration
from dutyflow.telling.moments import WEEKDAYS, show_moment, show_span
from dutyflow.wording import say
from dutyflow_cli.days import DayOfWork, Stretch, stretches
from dutyflow_cli.render.tables import table

_REMARKS = {"holiday": "holiday", "extra": "extra"}


def hours_of_week(calendar: Calendar, lang: str) -> str:
    """The weekly hours in a line: `Mon-Fri 09:00-12:00 13:00-18:00`."""
    written = calendar.to_mapping()["hours"]
    assert isinstance(written, dict), "a calendar writes a mapping"
    groups: list[tuple[list[int], list[str]]] = []
    for number, key in enumerate(KEYS):
        periods = written.get(key)
        if not periods:
            continue
        if groups and groups[-1][1] == periods and groups[-1][0][-1] == number - 1:
            groups[-1][0].append(number)
        else:
            groups.append(([number], periods))
    return "; ".join(f"{_weekdays(days, lang)} {' '.join(periods)}" for days, periods in groups)


def listing(days: Iterator[DayOfWork], lang: str) -> RenderableType:
    """A line for each day: its hours, how long it is open, why it differs from others of its weekday."""
    rows = []
    for day in days:
        span = show_span(day.open_time) if day.periods else ""
        hours = _periods(day) or say("cli_calendar.closed", lang)
        rows.append(_row(_day(day.day, lang), hours, span, _remark(day.kind, lang), dim=not day.periods))
    return table(("", "", "", ""), rows, indent=1)


def arithmetic(
    amount: Duration, start: datetime, end: datetime, days: Iterator[DayOfWork], zone: tzinfo, lang: str
) -> Iterator[RenderableType]:
    """How a due time comes about: what was asked, what each day gave, and the result."""
    yield Text(say("cli_calendar.asked", lang, amount=amount.text, start=show_moment(start, zone, lang)))
    if amount.is_elapsed:
        yield Text(say("cli_calendar.elapsed", lang))
    elif amount.is_open_time:
        yield open_table(start, end, days, lang)
    else:
        yield day_table(amount, start, end, days, lang)
    yield Text(say("cli_calendar.due", lang, due=show_moment(end, zone, lang)), style="bold")


def open_table(start: datetime, end: datetime, days: Iterator[DayOfWork], lang: str) -> RenderableType:
    """What each day gave of open time, and how much it was so far."""
    return table(("", "", "", "", ""), list(_open_rows(start, end, days, lang)), indent=1)


def day_table(amount: Duration, start: datetime, end: datetime, days: Iterator[DayOfWork], lang: str) -> RenderableType:
    """Which days were counted."""
    return table(("", "", ""), list(_day_rows(amount, start, end, days, lang)), indent=1)


def _open_rows(start: datetime, end: datetime, days: Iterator[DayOfWork], lang: str) -> Iterator[tuple[Text, ...]]:
    used = timedelta()
    for stretch in stretches(day.clipped(start, end) for day in days):
        first = stretch.days[0]
        if not first.periods:
            remark = _remark(stretch.kind, lang)
            yield _row(_dates(stretch, lang), say("cli_calendar.nothing", lang), "", "", remark, dim=True)
            continue
        used += first.open_time
        total = say("cli_calendar.so_far", lang, span=show_hours(used))
        yield _row(
            _day(first.day, lang), _periods(first), show_hours(first.open_time), total, _remark(first.kind, lang)
        )


def _day_rows(
    amount: Duration, start: datetime, end: datetime, days: Iterator[DayOfWork], lang: str
) -> Iterator[tuple[Text, ...]]:
    """Which days were counted. The first is not, unless the duration says so; for `bd` closed ones are not either."""
    counted, only_open = 0, amount.unit in ("bd", "same_day")
    start_day = start.astimezone(end.tzinfo).date()
    shifted = amount.cutoff is not None and f"{start.astimezone(end.tzinfo):%H:%M}" > amount.cutoff
    for day in days:
        remark = _remark(day.kind, lang)
        if amount.unit == "same_day":
            said = say("cli_calendar.same_day" if day.day == end.date() else "cli_calendar.not_counted", lang)
        elif day.day == start_day or (shifted and (day.day - start_day).days == 1):
            said = say("cli_calendar.start_day", lang)
        elif only_open and not day.periods:
            said = say("cli_calendar.not_counted", lang)
        else:
            counted += 1
            said = say("cli_calendar.nth_day", lang, number=counted)
        if day.day == end.date() and f"{end:%H:%M}" != "00:00":
            said += say("cli_calendar.until", lang, time=f"{end:%H:%M}")
        yield _row(_day(day.day, lang), said, remark, dim=not day.periods and only_open)


def show_hours(span: timedelta) -> str:
    """Open time in hours and minutes; a day of work has no fixed length."""
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "m"), (seconds, "s")]
    return " ".join(f"{amount}{unit}" for amount, unit in parts if amount) or "0m"


def _row(*cells: str, dim: bool = False) -> tuple[Text, ...]:
    return tuple(Text(cell, style="dim" if dim else "") for cell in cells)


def _periods(day: DayOfWork) -> str:
    return " ".join(f"{start:%H:%M}-{_end(end, day.day)}" for start, end in day.periods)


def _end(end: datetime, day: date) -> str:
    return "24:00" if end.date() > day else f"{end:%H:%M}"


def _remark(kind: str, lang: str) -> str:
    return say(f"cli_calendar.{_REMARKS[kind]}", lang) if kind in _REMARKS else ""


def _day(day: date, lang: str) -> str:
    return f"{WEEKDAYS[lang][day.weekday()]} {day.isoformat()}"


def _dates(stretch: Stretch, lang: str) -> str:
    first = _day(stretch.first, lang)
    return first if stretch.first == stretch.last else f"{first}..{stretch.last:%m-%d}"


def _weekdays(days: list[int], lang: str) -> str:
    names = WEEKDAYS[lang]
    if len(days) == len(names):
        return say("cli_calendar.daily", lang)
    return names[days[0]] if len(days) == 1 else f"{names[days[0]]}-{names[days[-1]]}"
