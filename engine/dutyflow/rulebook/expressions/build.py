"""Turns a typed tree into closures: the common `field > literal` is one closure with one look-up."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from dutyflow.errors import MisuseError
from dutyflow.kernel.calendars import due_at
from dutyflow.kernel.durations import Duration
from dutyflow.rulebook.expressions.functions import FUNCTIONS, today
from dutyflow.rulebook.expressions.nodes import (
    Arithmetic,
    Builtin,
    Call,
    Choose,
    Compare,
    Evaluate,
    Field,
    Listing,
    Literal,
    Logic,
    Negation,
    Node,
    ToMoney,
)
from dutyflow.rulebook.types import NONE, Scope

# Beyond this a number has more digits than decimal arithmetic keeps; the result of a step is missing then.
NUMBER_MAX = 10**27
_DECIMALS = Context(prec=28, rounding=ROUND_HALF_EVEN, traps=[])
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_BUILTINS: Mapping[str, Evaluate] = {
    "now": lambda scope: scope.now,
    "today": today,
    "actor": lambda scope: scope.actor,
    "state": lambda scope: scope.state,
    "opened_at": lambda scope: scope.opened_at,
    "entered_at": lambda scope: scope.entered_at,
}


@dataclass(frozen=True, slots=True)
class Builder:
    """Builds closures; the calendar is that of durations which name none."""

    default_calendar: str

    def build(self, node: Node) -> Evaluate:
        """The function that gives the value of a node for a scope."""
        match node:
            case Literal(value=value):
                return lambda scope: value
            case Field(name=name):
                return lambda scope: scope.values.get(name)
            case Builtin(name=name):
                return _BUILTINS[name]
            case Listing(items=items):
                return self._listing(items)
            case Compare():
                return self._compare(node)
            case Logic():
                return _all([self.build(p) for p in node.parts], node.operator)
            case Negation(part=part):
                return _negated(self.build(part))
            case Arithmetic():
                return _stepped(step_of(node), self.build(node.left), self.build(node.right))
            case Choose():
                return _chosen(self.build(node.condition), self.build(node.yes), self.build(node.no))
            case ToMoney(part=part):
                return _as_money(self.build(part))
            case Call():
                return self._call(node)
        raise AssertionError(f"a part without a meaning reached the builder: {node!r}")

    def _listing(self, items: tuple[Node, ...]) -> Evaluate:
        if all(isinstance(item, Literal) for item in items):
            values = tuple(item.value for item in items if isinstance(item, Literal))
            return lambda scope: values
        parts = [self.build(item) for item in items]
        return lambda scope: tuple(part(scope) for part in parts)

    def _compare(self, node: Compare) -> Evaluate:
        left, right = node.left, node.right
        if node.operator in {"in", "not in"}:
            return _membership(node.operator == "in", self.build(left), self.build(right))
        if NONE in (left.type, right.type):
            return _missing(node.operator, left, right, self)
        compare = _COMPARE[node.operator]
        if isinstance(left, Field) and isinstance(right, Literal):
            return _field_to_literal(left.name, compare, right.value)
        return _compared(compare, self.build(left), self.build(right))

    def _call(self, node: Call) -> Evaluate:
        if node.function == "after" and isinstance(node.arguments[1], Literal):
            start, length = node.arguments
            if isinstance(start, Node) and isinstance(length, Literal) and isinstance(length.value, Duration):
                return _after(self.build(start), length.value, length.value.calendar or self.default_calendar)
        parts = [part if isinstance(part, str) else self.build(part) for part in node.arguments]
        return FUNCTIONS[node.function].make(*parts)


# --- conditions ---------------------------------------------------------------------------------------------------


def _field_to_literal(name: str, compare: Callable[[Any, Any], bool], literal: Any) -> Evaluate:
    def run(scope: Scope) -> bool:
        value = scope.values.get(name)
        return value is not None and compare(value, literal)

    return run


def _compared(compare: Callable[[Any, Any], bool], left: Evaluate, right: Evaluate) -> Evaluate:
    def run(scope: Scope) -> bool:
        first, second = left(scope), right(scope)
        return first is not None and second is not None and compare(first, second)

    return run


def _missing(word: str, left: Node, right: Node, builder: Builder) -> Evaluate:
    """A comparison with the literal `null`."""
    part = builder.build(left if right.type == NONE else right)
    if word == "==":
        return lambda scope: part(scope) is None
    if word == "!=":
        return lambda scope: part(scope) is not None
    return lambda scope: False


def _membership(wanted: bool, item: Evaluate, items: Evaluate) -> Evaluate:
    """A missing list has no items; a missing item is in a list only where `null` stands in it."""

    def run(scope: Scope) -> bool:
        value, present = item(scope), items(scope) or ()
        if value is None and None not in present:
            return False
        return (value in present) is wanted

    return run


def _all(parts: list[Evaluate], word: str) -> Evaluate:
    if word == "and":
        return _two_and(*parts) if len(parts) == 2 else lambda scope: all(part(scope) for part in parts)
    return lambda scope: any(part(scope) for part in parts)


def _two_and(first: Evaluate, second: Evaluate) -> Evaluate:
    return lambda scope: bool(first(scope) and second(scope))


def _negated(part: Evaluate) -> Evaluate:
    return lambda scope: not part(scope)


def _chosen(condition: Evaluate, yes: Evaluate, no: Evaluate) -> Evaluate:
    return lambda scope: yes(scope) if condition(scope) else no(scope)


# --- reckoning ----------------------------------------------------------------------------------------------------


def _stepped(step: Callable[[Any, Any], Any], left: Evaluate, right: Evaluate) -> Evaluate:
    def run(scope: Scope) -> Any:
        first, second = left(scope), right(scope)
        return None if first is None or second is None else step(first, second)

    return run


def _as_money(part: Evaluate) -> Evaluate:
    def run(scope: Scope) -> Any:
        value = part(scope)
        return Decimal(value) if isinstance(value, int) else value

    return run


def step_of(node: Arithmetic) -> Callable[[Any, Any], Any]:
    """The function of one arithmetic step on two values that are there."""
    kinds = (node.left.type.kind, node.operator, node.right.type.kind)
    if node.left.type.is_numeric and node.right.type.is_numeric:
        return _NUMERIC[node.operator]
    return _of_time(_TEMPORAL.get(kinds) or _PLAIN[node.operator])


def _in_range(value: Any) -> Any:
    """The number, or nothing if it has too many digits (or is none: a division by zero)."""
    if isinstance(value, Decimal) and not value.is_finite():
        return None
    return value if -NUMBER_MAX < value < NUMBER_MAX else None


def _exact(whole: Callable[[int, int], int], broken: Callable[[Any, Any], Decimal]) -> Callable[[Any, Any], Any]:
    """A step that stays whole between whole numbers."""

    def step(left: Any, right: Any) -> Any:
        both = isinstance(left, int) and isinstance(right, int)
        return _in_range(whole(left, right) if both else broken(left, right))

    return step


def _divided(left: Any, right: Any) -> Any:
    return _in_range(_DECIMALS.divide(left, right)) if right else None


def _remainder(left: Any, right: Any) -> Any:
    """What division leaves, with the sign of the divisor, for whole and broken numbers alike."""
    if not right:
        return None
    if isinstance(left, int) and isinstance(right, int):
        return left % right
    rest = _DECIMALS.remainder(left, right)
    if rest and rest.is_finite() and (rest < 0) != (right < 0):
        rest = _DECIMALS.add(rest, right)
    return _in_range(rest)


_NUMERIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": _exact(operator.add, _DECIMALS.add),
    "-": _exact(operator.sub, _DECIMALS.subtract),
    "*": _exact(operator.mul, _DECIMALS.multiply),
    "/": _divided,
    "%": _remainder,
}


def _of_time(step: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A step whose result is missing where time has no room for it."""

    def guarded(left: Any, right: Any) -> Any:
        try:
            return step(left, right)
        except (ArithmeticError, ValueError):
            return None

    return guarded


_MICROSECOND = timedelta(microseconds=1)


def _times(length: timedelta, factor: int | Decimal) -> timedelta:
    microseconds = length // _MICROSECOND
    return timedelta(microseconds=microseconds * factor if isinstance(factor, int) else int(microseconds * factor))


def _part(length: timedelta, divisor: int | Decimal) -> timedelta | None:
    return timedelta(microseconds=int(Decimal(length // _MICROSECOND) / divisor)) if divisor else None


def _ratio(left: timedelta, right: timedelta) -> Any:
    return _divided(Decimal(left // _MICROSECOND), Decimal(right // _MICROSECOND))


_PLAIN: Mapping[str, Callable[[Any, Any], Any]] = {"+": operator.add, "-": operator.sub, "%": operator.mod}
_TEMPORAL: Mapping[tuple[str, str, str], Callable[[Any, Any], Any]] = {
    ("duration", "*", "number"): _times,
    ("number", "*", "duration"): lambda factor, length: _times(length, factor),
    ("duration", "/", "number"): _part,
    ("duration", "/", "duration"): _ratio,
}


def _after(start: Evaluate, duration: Duration, calendar: str) -> Evaluate:
    def run(scope: Scope) -> datetime | None:
        moment = start(scope)
        if moment is None:
            return None
        try:
            return due_at(duration, moment, scope.calendar(calendar)).astimezone(UTC)
        except (MisuseError, ArithmeticError, ValueError):  # beyond the years a calendar can reckon with
            return None

    return run
