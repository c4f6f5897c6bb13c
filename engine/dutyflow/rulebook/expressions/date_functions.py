"""The functions that step from one date to another, by months and by the working days of a calendar."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from dutyflow.errors import MisuseError
from dutyflow.kernel.dates import (
    close_of,
    month_day,
    workday_on_or_after,
    workday_on_or_before,
    workdays_after,
    workdays_before,
)
from dutyflow.rulebook.expressions.function import Function, Make, guarded, strict
from dutyflow.rulebook.expressions.nodes import Evaluate
from dutyflow.rulebook.types import Scope


def _with_calendar(compute: Callable[..., Any]) -> Make:
    """Like `strict`, for a function whose last argument is the name of a calendar."""

    def make(*arguments: Any) -> Evaluate:
        parts, name = arguments[:-1], arguments[-1]

        def run(scope: Scope) -> Any:
            values = [part(scope) for part in parts]
            if any(value is None for value in values):
                return None
            return guarded(compute, [*values, scope.calendar(name)])

        return run

    return make


def _day_of_month(day: Any, n: int | Decimal) -> Any:
    return month_day(day, _counted(n))


def _steps(compute: Callable[..., Any]) -> Callable[..., Any]:
    return lambda day, n, calendar: compute(day, _counted(n), calendar)


def _counted(n: int | Decimal) -> int:
    """A number of days; a part of one has no meaning."""
    if n != int(n):
        raise MisuseError(f"days are counted in whole numbers, not {n}")
    return int(n)


DATE_FUNCTIONS: tuple[Function, ...] = (
    Function(
        name="month_day",
        parameters=("date", "number"),
        required=2,
        result="date",
        zh="该日期所在月的第几日: 当月不够则取月末, -1 为最后一日",
        en="That day of the month of a date; the last one where the month is shorter, and for -1",
        make=strict(_day_of_month),
    ),
    Function(
        name="workday_on_or_before",
        parameters=("date", "calendar"),
        required=1,
        result="date",
        zh="该日期本身, 若非工作日则取之前最近的工作日(日历缺省为默认日历)",
        en="The date, or the last working day before it if it is none; of the default calendar if none is named",
        make=_with_calendar(workday_on_or_before),
    ),
    Function(
        name="workday_on_or_after",
        parameters=("date", "calendar"),
        required=1,
        result="date",
        zh="该日期本身, 若非工作日则取之后最近的工作日",
        en="The date, or the first working day after it if it is none",
        make=_with_calendar(workday_on_or_after),
    ),
    Function(
        name="workdays_before",
        parameters=("date", "number", "calendar"),
        required=2,
        result="date",
        zh="该日期之前第几个工作日, 0 为该日期本身",
        en="So many working days before a date; 0 is the date itself",
        make=_with_calendar(_steps(workdays_before)),
    ),
    Function(
        name="workdays_after",
        parameters=("date", "number", "calendar"),
        required=2,
        result="date",
        zh="该日期之后第几个工作日, 0 为该日期本身",
        en="So many working days after a date; 0 is the date itself",
        make=_with_calendar(_steps(workdays_after)),
    ),
    Function(
        name="close_of",
        parameters=("date", "calendar"),
        required=1,
        result="datetime",
        zh="日历在该日收市的时刻, 当日不开放则无结果",
        en="When the calendar closes on a date; missing if it does not open then",
        make=_with_calendar(close_of),
    ),
)
