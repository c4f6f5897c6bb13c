"""What a field takes: turns the text or value that a command brings into the stored value, or says what is wrong."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from dutyflow.kernel.durations import Duration, DurationError
from dutyflow.rulebook.types import Type

TEXT_MAX = 10_000
"""Characters in a text field that declares no `max_length`."""

LIST_MAX = 1_000
"""Items in a list."""

MONEY_PLACES = 2

NUMBER_DIGITS_MAX = 15
"""Digits of a number or an amount before the point, so that sums and products stay exact."""

NUMBER_PLACES_MAX = 12
"""Decimal places of a number."""

DAY_MIN, DAY_MAX = date(1900, 1, 1), date(2199, 12, 31)
"""Dates and moments lie between these days: a slip of the keyboard is no deadline in the year 20260."""

_TRUE = frozenset({"true", "yes", "是", "对", "1"})
_FALSE = frozenset({"false", "no", "否", "不", "0"})

Accept = Callable[[Any], Any]
_Moment = TypeVar("_Moment", date, time, datetime)


class BadValue(ValueError):
    """A value does not fit its field. The text is a key of the `input` messages; `limits` are its placeholders."""

    def __init__(self, problem: str, **limits: object) -> None:
        """Keep the problem's key and what the sentence about it needs."""
        super().__init__(problem)
        self.problem = problem
        self.limits = limits


def acceptor(field_type: Type, declared: object, zone: ZoneInfo) -> Accept:
    """The function that takes a value for a field of this type; `declared` is the field's own mapping (limits)."""
    limits: Mapping[str, Any] = declared if isinstance(declared, dict) else {}
    take = _taker(field_type, limits, zone)

    def accept(value: Any) -> Any:
        return None if value is None or value == "" else take(value)

    return accept


def _taker(field_type: Type, limits: Mapping[str, Any], zone: ZoneInfo) -> Accept:
    match field_type.kind:
        case "choice":
            return lambda value: _choice(value, field_type.options)
        case "number" | "money":
            return lambda value: _number(value, limits, money=field_type.kind == "money")
        case "boolean":
            return _boolean
        case "date":
            return _date
        case "time":
            return _time
        case "datetime":
            return lambda value: _datetime(value, zone)
        case "duration":
            return _duration
        case "list":
            of = limits.get("of")
            assert field_type.item is not None, "a list type has items"
            return lambda value: _list(value, acceptor(field_type.item or field_type, of, zone))
        case _:
            return lambda value: _text(value, limits)


def _text(value: Any, limits: Mapping[str, Any]) -> str:
    if not isinstance(value, str) or "\0" in value:  # a NUL is no sign of any script, and PostgreSQL refuses it
        raise BadValue("text_expected")
    longest = int(limits.get("max_length", TEXT_MAX))
    if len(value) > longest:
        raise BadValue("too_long", max=longest)
    return value


def _choice(value: Any, options: tuple[str, ...]) -> str:
    if value not in options:
        raise BadValue("not_an_option", options=", ".join(options))
    return str(value)


def _number(value: Any, limits: Mapping[str, Any], *, money: bool) -> int | Decimal:
    if isinstance(value, bool | float) or not isinstance(value, str | int | Decimal):
        raise BadValue("number_expected")  # floats cannot carry money exactly: give text or Decimal
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise BadValue("number_expected") from None
    if not number.is_finite() or number.as_tuple().exponent < -NUMBER_PLACES_MAX:  # type: ignore[operator]  # finite: an int
        raise BadValue("number_expected")
    if number.adjusted() >= NUMBER_DIGITS_MAX:  # beyond that, sums would be rounded without a word
        raise BadValue("out_of_range", min=f"-{'9' * NUMBER_DIGITS_MAX}", max="9" * NUMBER_DIGITS_MAX)
    _check_range(number, limits)
    if money:
        return _money(number)
    return int(number) if number == number.to_integral_value() else number


def _check_range(number: Decimal, limits: Mapping[str, Any]) -> None:
    low, high = limits.get("min"), limits.get("max")
    if (low is not None and number < low) or (high is not None and number > high):
        raise BadValue("out_of_range", min="" if low is None else low, max="" if high is None else high)


def _money(number: Decimal) -> Decimal:
    exact = number.quantize(Decimal(1).scaleb(-MONEY_PLACES))
    if exact != number:
        raise BadValue("too_many_decimals", places=MONEY_PLACES)
    return exact


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise BadValue("boolean_expected")


def _date(value: Any) -> date:
    plain = isinstance(value, date) and not isinstance(value, datetime)
    return _in_range(value if plain else _parsed(date.fromisoformat, value, "date_expected"))


def _in_range(day: date) -> date:
    if not DAY_MIN <= day <= DAY_MAX:
        raise BadValue("out_of_range", min=DAY_MIN, max=DAY_MAX)
    return day


def _time(value: Any) -> time:
    clock = value if isinstance(value, time) else _parsed(time.fromisoformat, value, "time_expected")
    if clock.tzinfo is not None:  # the zone is that of the rulebook
        raise BadValue("time_expected")
    return clock


def _datetime(value: Any, zone: ZoneInfo) -> datetime:
    """An aware moment, in UTC. Text without an offset is a time of the rulebook's zone; a naive object is refused."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise BadValue("naive_time")
        _in_range(value.date())
        return value.astimezone(UTC)
    moment = _parsed(datetime.fromisoformat, value, "datetime_expected")
    _in_range(moment.date())
    aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return aware.astimezone(UTC)


def _parsed(parse: Callable[[str], _Moment], value: Any, problem: str) -> _Moment:
    if not isinstance(value, str):
        raise BadValue(problem)
    try:
        return parse(value.strip())
    except ValueError:
        raise BadValue(problem) from None


def _duration(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    try:
        seconds = Duration.parse(str(value)).seconds
    except DurationError:
        seconds = None
    if seconds is None:
        raise BadValue("duration_expected")
    return timedelta(seconds=seconds)


def _list(value: Any, accept: Accept) -> tuple[Any, ...]:
    items = [part for part in value.replace("，", ",").split(",") if part.strip()] if isinstance(value, str) else value
    if not isinstance(items, list | tuple):
        raise BadValue("list_expected")
    if len(items) > LIST_MAX:
        raise BadValue("too_long", max=LIST_MAX)
    accepted = (accept(item.strip() if isinstance(item, str) else item) for item in items)
    return tuple(item for item in accepted if item is not None)
