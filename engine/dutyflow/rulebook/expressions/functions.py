"""The closed list of functions that expressions may call: signatures, one-line descriptions, and what they compute."""

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from dutyflow.kernel.local_time import resolve, to_datetime
from dutyflow.rulebook.expressions.date_functions import DATE_FUNCTIONS
from dutyflow.rulebook.expressions.function import Function, guarded, local, of_list, strict
from dutyflow.rulebook.expressions.nodes import Evaluate
from dutyflow.rulebook.expressions.people_functions import PEOPLE_FUNCTIONS
from dutyflow.rulebook.expressions.set_functions import SET_FUNCTIONS
from dutyflow.rulebook.types import Scope

# --- time ---------------------------------------------------------------------------------------------------------


def today(scope: Scope) -> date | None:
    """The local date of now."""
    day: date | None = guarded(_local_date, [scope.now, scope.zone])
    return day


def _local_date(at: datetime | date, zone: Any) -> date:
    return at.astimezone(zone).date() if isinstance(at, datetime) else at


def _local_time(at: datetime, zone: Any) -> time:
    return at.astimezone(zone).time()


def _instant(day: date, at: time, zone: Any) -> datetime:
    second = at.hour * 3600 + at.minute * 60 + at.second
    return to_datetime(resolve(day.toordinal(), second, zone), UTC) + timedelta(microseconds=at.microsecond)


def _later(start: datetime, length: timedelta) -> datetime:
    return start + length


def _now(scope: Scope) -> datetime:
    return scope.now


def _make_is_open(name: str, at: Evaluate = _now) -> Evaluate:
    def run(scope: Scope) -> bool:
        moment = at(scope)
        return moment is not None and bool(guarded(scope.calendar(name).is_open, [moment]))

    return run


def _make_in_hours(name: str, at: Evaluate = _now) -> Evaluate:
    """Periods are half-open; the end of one counts too when the moment just before it is open."""

    def run(scope: Scope) -> bool:
        moment = at(scope)
        if moment is None:
            return False
        is_open = scope.calendar(name).is_open
        return bool(guarded(is_open, [moment]) or guarded(lambda: is_open(moment - _INSTANT), []))

    return run


_INSTANT = timedelta(microseconds=1)

# --- numbers, texts, lists ----------------------------------------------------------------------------------------

_PLACES_MAX = 12
_ROUNDING = Context(prec=60, rounding=ROUND_HALF_UP)


def round_half_up(value: int | Decimal, places: int | Decimal = 0) -> Decimal:
    """Round to so many places; exactly half goes away from zero, as in commerce."""
    digits = max(-_PLACES_MAX, min(_PLACES_MAX, int(places)))
    rounded = _ROUNDING.quantize(Decimal(value), Decimal(1).scaleb(-digits))
    return Decimal(f"{rounded:f}")


def _total(items: tuple[Any, ...]) -> Any:
    """The sum; like every step of reckoning, missing where one of the items is."""
    return None if None in items else guarded(sum, [items])


def _make_append(items: Evaluate, item: Evaluate) -> Evaluate:
    def run(scope: Scope) -> tuple[Any, ...]:
        present, new = items(scope) or (), item(scope)
        return tuple(present) if new is None else (*present, new)

    return run


def _make_covers(items: Evaluate, wanted: Evaluate) -> Evaluate:
    return lambda scope: not _absent(items(scope), wanted(scope))


def _make_missing_from(items: Evaluate, wanted: Evaluate) -> Evaluate:
    return lambda scope: _absent(items(scope), wanted(scope))


def _absent(items: tuple[Any, ...] | None, wanted: tuple[Any, ...] | None) -> tuple[Any, ...]:
    """What is wanted and not there, in the order wanted; a missing list is empty."""
    present = frozenset(items or ())
    return tuple(item for item in dict.fromkeys(wanted or ()) if item not in present)


def _make_coalesce(*parts: Evaluate) -> Evaluate:
    def run(scope: Scope) -> Any:
        for part in parts:
            value = part(scope)
            if value is not None:
                return value
        return None

    return run


def _make_length(part: Evaluate) -> Evaluate:
    return lambda scope: len(part(scope) or "")


def _make_contains(text: Evaluate, part: Evaluate) -> Evaluate:
    def run(scope: Scope) -> bool:
        whole, piece = text(scope), part(scope)
        return whole is not None and piece is not None and piece in whole

    return run


# --- the ticket and what is around it -----------------------------------------------------------------------------


def _make_holds(person: Evaluate, role: str) -> Evaluate:
    def run(scope: Scope) -> bool:
        who = person(scope)
        return who is not None and role in scope.roles_of(who)

    return run


def _table_of(*functions: Function) -> Mapping[str, Function]:
    return {function.name: function for function in functions}


FUNCTIONS: Mapping[str, Function] = _table_of(
    Function(
        name="after",
        parameters=("datetime", "timespan"),
        required=2,
        result="datetime",
        zh="某时刻之后经过一段时长的时刻, 时长可按日历计算, 如 after(now, 3bd)",
        en="The moment a duration after another moment; the duration may follow a calendar: after(now, 3bd)",
        make=strict(_later),
    ),
    Function(
        name="is_open",
        parameters=("calendar", "datetime"),
        required=1,
        result="boolean",
        zh="日历在该时刻(缺省为现在)是否开放, 收市那一刻不算",
        en="Whether the calendar is open at that moment (now if left out); the closing moment does not count",
        make=_make_is_open,
    ),
    Function(
        name="in_hours",
        parameters=("calendar", "datetime"),
        required=1,
        result="boolean",
        zh="该时刻(缺省为现在)是否在日历时段内, 首尾两端都算",
        en="Whether the moment (now if left out) is within the calendar's hours, both ends included",
        make=_make_in_hours,
    ),
    Function(
        name="date",
        parameters=("datetime",),
        required=1,
        result="date",
        zh="该时刻在本地的日期",
        en="The local date of a moment",
        make=local(_local_date),
    ),
    Function(
        name="time",
        parameters=("datetime",),
        required=1,
        result="time",
        zh="该时刻在本地的钟点",
        en="The local time of day of a moment",
        make=local(_local_time),
    ),
    Function(
        name="weekday",
        parameters=("day",),
        required=1,
        result="number",
        zh="星期几: 周一为 1, 周日为 7",
        en="The day of the week: 1 for Monday to 7 for Sunday",
        make=local(lambda at, zone: _local_date(at, zone).isoweekday()),
    ),
    Function(
        name="at",
        parameters=("date", "time"),
        required=2,
        result="datetime",
        zh="某日某钟点的时刻(本地时区)",
        en="The moment of a local date and time of day",
        make=local(_instant),
    ),
    Function(
        name="days_between",
        parameters=("date", "date"),
        required=2,
        result="number",
        zh="从前一日期到后一日期的天数, 反过来为负",
        en="Days from the first date to the second; negative if the second is earlier",
        make=strict(lambda first, second: (second - first).days),
    ),
    Function(
        name="count",
        parameters=("list",),
        required=1,
        result="number",
        zh="列表有几项, 未填为 0",
        en="How many items a list has; 0 when it is missing",
        make=of_list(len),
    ),
    Function(
        name="distinct",
        parameters=("list",),
        required=1,
        result="list",
        zh="去掉重复项, 保留先后次序",
        en="The list without doubles, in the same order",
        make=of_list(lambda items: tuple(dict.fromkeys(items))),
    ),
    Function(
        name="append",
        parameters=("list", "item"),
        required=2,
        result="list",
        zh="在列表末尾加一项",
        en="The list with one more item at its end",
        make=_make_append,
    ),
    Function(
        name="total",
        parameters=("list",),
        required=1,
        result="sum",
        zh="各项之和, 未填为 0",
        en="The sum of the items; 0 when the list is missing",
        make=of_list(_total),
    ),
    Function(
        name="first",
        parameters=("list",),
        required=1,
        result="item",
        zh="列表第一项",
        en="The first item of a list",
        make=of_list(lambda items: items[0] if items else None),
    ),
    Function(
        name="last",
        parameters=("list",),
        required=1,
        result="item",
        zh="列表最后一项",
        en="The last item of a list",
        make=of_list(lambda items: items[-1] if items else None),
    ),
    Function(
        name="covers",
        parameters=("list", "same_list"),
        required=2,
        result="boolean",
        zh="前一列表是否包含后一列表的每一项",
        en="Whether the first list has every item of the second",
        make=_make_covers,
    ),
    Function(
        name="missing_from",
        parameters=("list", "same_list"),
        required=2,
        result="same_list",
        zh="后一列表中有而前一列表中没有的各项, 不重复",
        en="The items of the second list that the first does not have, each once",
        make=_make_missing_from,
    ),
    Function(
        name="coalesce",
        parameters=("alike", "alike"),
        required=2,
        result="first",
        zh="第一个已填写的值",
        en="The first value that is not missing",
        make=_make_coalesce,
        repeats=True,
    ),
    Function(
        name="min",
        parameters=("ordered", "ordered"),
        required=2,
        result="first",
        zh="最小(最早)的值; 有未填者则无结果",
        en="The smallest (earliest) value; missing if one of them is",
        make=strict(lambda *values: min(values)),
        repeats=True,
    ),
    Function(
        name="max",
        parameters=("ordered", "ordered"),
        required=2,
        result="first",
        zh="最大(最晚)的值; 有未填者则无结果",
        en="The largest (latest) value; missing if one of them is",
        make=strict(lambda *values: max(values)),
        repeats=True,
    ),
    Function(
        name="abs",
        parameters=("signed",),
        required=1,
        result="first",
        zh="绝对值",
        en="The value without its sign",
        make=strict(abs),
    ),
    Function(
        name="round",
        parameters=("counted", "number"),
        required=1,
        result="first",
        zh="四舍五入到若干位小数(缺省为整数)",
        en="Rounded to so many places (none if left out), half away from zero",
        make=strict(round_half_up),
    ),
    Function(
        name="ceil",
        parameters=("counted",),
        required=1,
        result="first",
        zh="向上取整: 不小于它的最小整数",
        en="The next whole number upwards",
        make=strict(math.ceil),
    ),
    Function(
        name="floor",
        parameters=("counted",),
        required=1,
        result="first",
        zh="向下取整: 不大于它的最大整数",
        en="The next whole number downwards",
        make=strict(math.floor),
    ),
    Function(
        name="length",
        parameters=("text",),
        required=1,
        result="number",
        zh="文本有几个字, 未填为 0",
        en="How many characters a text has; 0 when it is missing",
        make=_make_length,
    ),
    Function(
        name="contains",
        parameters=("text", "text"),
        required=2,
        result="boolean",
        zh="前一文本是否含有后一文本",
        en="Whether the first text contains the second",
        make=_make_contains,
    ),
    Function(
        name="running",
        parameters=("clock",),
        required=1,
        result="boolean",
        zh="该计时是否尚未结束",
        en="Whether a run of the clock is open",
        make=lambda clock: lambda scope: scope.clock_open(clock),
    ),
    Function(
        name="breached",
        parameters=("clock",),
        required=1,
        result="boolean",
        zh="该计时是否已超时",
        en="Whether the clock was breached",
        make=lambda clock: lambda scope: scope.clock_breached(clock),
    ),
    Function(
        name="due_of",
        parameters=("clock",),
        required=1,
        result="datetime",
        zh="该计时的到期时刻",
        en="When the clock is due",
        make=lambda clock: lambda scope: scope.clock_due(clock),
    ),
    Function(
        name="open_children",
        parameters=("workflow",),
        required=0,
        result="number",
        zh="尚未办结的子工单数, 可限定流程",
        en="How many child tickets are open, of one workflow if it is named",
        make=lambda workflow=None: lambda scope: scope.children_open(workflow),
    ),
    Function(
        name="holds",
        parameters=("person", "role"),
        required=2,
        result="boolean",
        zh="该人员是否担任该岗位",
        en="Whether the person holds the role",
        make=_make_holds,
    ),
    Function(
        name="lookup",
        parameters=("table", "column"),
        required=2,
        result="cell",
        zh="决策表对本工单给出的某一列的值",
        en="What a decision table gives for this ticket in one column",
        make=lambda table, column: lambda scope: scope.lookup(table, column),
    ),
    Function(
        name="given",
        parameters=("field",),
        required=1,
        result="boolean",
        zh="该字段是否已填写",
        en="Whether the field has a value",
        make=lambda name: lambda scope: scope.values.get(name) is not None,
    ),
    *DATE_FUNCTIONS,
    *PEOPLE_FUNCTIONS,
    *SET_FUNCTIONS,
)
