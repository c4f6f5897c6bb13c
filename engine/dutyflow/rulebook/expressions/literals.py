"""Literals take the type that the other side wants: a text becomes a date, an option or a duration; a number, money."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from dutyflow.errors import MisuseError
from dutyflow.kernel.durations import Duration, DurationError
from dutyflow.kernel.local_time import resolve, to_datetime
from dutyflow.rulebook.expressions.nodes import Choose, Listing, Literal, Node, ToMoney
from dutyflow.rulebook.types import MONEY, Type, list_of

_T = TypeVar("_T")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(?::[0-9]{2})?")
_DATETIME = re.compile(rf"({_DATE.pattern})[ T]({_TIME.pattern})(Z|[+-][0-9]{{2}}:[0-9]{{2}})?")
_AS_WRITTEN = frozenset({"person", "reference", "attachment"})


def read_date(text: str, _zone: ZoneInfo | None = None) -> date | None:
    """A date such as `2026-03-02`; nothing for anything else."""
    return _read(date.fromisoformat, text) if _DATE.fullmatch(text) else None


def read_time(text: str, _zone: ZoneInfo | None = None) -> time | None:
    """A time of day such as `18:30`; nothing for anything else."""
    return _read(time.fromisoformat, text) if _TIME.fullmatch(text) else None


def read_datetime(text: str, zone: ZoneInfo) -> datetime | None:
    """A moment such as `2026-03-02 09:00`, in `zone` unless it gives its offset; nothing for anything else."""
    match = _DATETIME.fullmatch(text)
    if match is None:
        return None
    day, at, offset = read_date(match[1]), read_time(match[2]), match[3]
    if day is None or at is None:
        return None
    if offset:
        return _read(lambda moment: datetime.fromisoformat(moment).astimezone(UTC), f"{day}T{at}{offset}")
    second = at.hour * 3600 + at.minute * 60 + at.second
    return _read(lambda _: to_datetime(resolve(day.toordinal(), second, zone), UTC), text)


def read_duration(text: str, _zone: ZoneInfo | None = None) -> timedelta | None:
    """An elapsed duration such as `48h`; nothing for one that is counted in calendar units, and for anything else."""
    try:
        return elapsed(Duration.parse(text))
    except DurationError:
        return None


def elapsed(duration: Duration) -> timedelta | None:
    """The duration as a plain length of time, if it is one."""
    return timedelta(seconds=duration.seconds or 0) if duration.is_elapsed else None


def _read(parse: Callable[[str], _T], text: str) -> _T | None:
    try:
        return parse(text)
    except (ValueError, OverflowError, MisuseError):
        return None


_READERS: Mapping[str, Callable[[str, ZoneInfo], Any]] = {
    "date": read_date,
    "time": read_time,
    "datetime": read_datetime,
    "duration": read_duration,
}


def coerce(node: Node, want: Type, zone: ZoneInfo) -> Node:
    """The node as the wanted type if its literals can be read so, else the node as it is.

    A text that is wanted as a choice takes that type even when it is no option: the caller reports that.
    """
    match node:
        case Literal(type=Type(kind="text"), value=str() as text):
            return _text_as(node, text, want, zone)
        case Listing(items=items) if want.item is not None:
            return replace(node, type=list_of(want.item), items=tuple(coerce(i, want.item, zone) for i in items))
        case Choose(yes=yes, no=no) if node.type.kind != want.kind:
            yes, no = coerce(yes, want, zone), coerce(no, want, zone)
            kinds = {part.type.kind for part in (yes, no)} - {"none"}
            return replace(node, yes=yes, no=no, type=want) if kinds == {want.kind} else node
    if want.kind == "money" and node.type.kind == "number":
        return as_money(node)
    return node


def as_money(node: Node) -> Node:
    """A number as an amount of money."""
    if isinstance(node, Literal):
        return replace(node, type=MONEY, value=Decimal(node.value))
    return ToMoney(node.span, MONEY, node)


def _text_as(node: Literal, text: str, want: Type, zone: ZoneInfo) -> Node:
    if want.kind == "choice" or want.kind in _AS_WRITTEN:
        return replace(node, type=want)
    reader = _READERS.get(want.kind)
    value = reader(text, zone) if reader else None
    return node if value is None else replace(node, type=want, value=value)
