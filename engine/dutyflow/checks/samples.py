"""Looks for counter-examples: values of a few fields under which conditions overlap, or none of them holds.

Choices and booleans are tried in full, numbers and texts at and around the values that the conditions name. A missing
value is tried only where a condition asks for one. What depends on anything but fields (the time, other clocks, who
acts) cannot be decided here, and nothing is claimed about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import product
from math import prod
from typing import Any, cast

from dutyflow.kernel.rules import Assignment, Expression
from dutyflow.kernel.rules import Field as Declared
from dutyflow.kernel.scope import Scope
from dutyflow.rulebook.expressions import Expression as Typed
from dutyflow.rulebook.expressions.nodes import Call, Compare, Field, Listing, Literal, Node, children
from dutyflow.rulebook.types import NONE

COMBINATIONS_MAX = 20_000
_OTHER_TEXT = "…"
# Most numbers count something: between 0 and 1 there is nothing. Amounts have cents.
_STEPS = {"number": Decimal(1), "money": Decimal("0.01")}
_WRITTEN = frozenset({"text", "person", "reference"})

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Example:
    """Values that show something, and how many combinations of them were there to be tried."""

    values: Values
    combinations: int

    @property
    def text(self) -> str:
        """`satisfied=false, priority=1`."""
        return ", ".join(f"{name}={_shown(value)}" for name, value in self.values.items())


class Undecidable(Exception):
    """A condition asks for more than the values of fields."""


class _OnlyFields:
    """A scope that knows the fields and nothing else."""

    __slots__ = ("values",)

    def __init__(self, values: Values) -> None:
        self.values = values

    def __getattr__(self, name: str) -> Any:
        raise Undecidable(name)


@dataclass(slots=True)
class _Mentioned:
    """What conditions say about one field."""

    values: set[Any] = field(default_factory=set)
    missing: bool = False


def find_example(
    conditions: Sequence[Expression],
    shows: Callable[[list[bool]], bool],
    fields: Mapping[str, Declared],
    typed: Mapping[str, Typed],
    sets: Iterable[Assignment] = (),
) -> Example | None:
    """The first combination of values for which `shows` holds of the conditions' truth; None if there is none.

    `sets` are laid over the values first, as an event does before its branches choose. None, too, when that cannot be
    decided: a condition that is not about fields, or more combinations than can be tried.
    """
    domains = _domains(conditions, fields, typed)
    if domains is None or prod(map(len, domains.values())) > COMBINATIONS_MAX:
        return None
    for combination in product(*domains.values()):
        values = dict(zip(domains, combination, strict=True))
        try:
            laid_over = values | _assigned(sets, values)
            truth = [bool(_evaluate(condition, laid_over)) for condition in conditions]
        except Undecidable:
            return None
        if shows(truth):
            return Example(values, prod(map(len, domains.values())))
    return None


def _assigned(sets: Iterable[Assignment], values: Values) -> dict[str, Any]:
    """What an event sets of the fields that matter; what it reckons from other fields is not known here."""
    found: dict[str, Any] = {}
    for assignment in sets:
        if assignment.field in values:
            if not assignment.value.reads <= values.keys():
                raise Undecidable(assignment.field)
            found[assignment.field] = _evaluate(assignment.value, values)
    return found


def _evaluate(expression: Expression, values: Values) -> Any:
    return expression.evaluate(cast(Scope, _OnlyFields(values)))


def _domains(
    conditions: Iterable[Expression], fields: Mapping[str, Declared], typed: Mapping[str, Typed]
) -> dict[str, list[Any]] | None:
    """The values to try for each field that is read; None if there is a field whose values cannot be listed."""
    mentioned: dict[str, _Mentioned] = {}
    for condition in conditions:
        known = typed.get(condition.source)
        if known is None or known.reads_time:
            return None
        for name in known.fields:
            mentioned.setdefault(name, _Mentioned())
        _collect(known.node, mentioned)
    domains: dict[str, list[Any]] = {}
    for name in sorted(mentioned):
        domain = _domain(fields.get(name), mentioned[name])
        if not domain:
            return None
        domains[name] = domain
    return domains


def _domain(declared: Declared | None, mentioned: _Mentioned) -> list[Any]:
    if declared is None:
        return []
    missing = [None] if mentioned.missing else []
    if declared.kind == "boolean":
        return [True, False, *missing]
    if declared.kind == "choice":
        return [*declared.options, *missing]
    if declared.kind in _STEPS:
        return [*_numbers(declared, mentioned.values), *missing]
    if declared.kind in _WRITTEN:
        texts = sorted(value for value in mentioned.values if isinstance(value, str))
        return [*texts, _OTHER_TEXT, *missing]
    return []


def _numbers(declared: Declared, values: Iterable[Any]) -> list[Any]:
    """Each number that is named, one step less and one more, as far as the field takes them; around 0 if none is.

    Numbers below zero are tried only if a condition names one: counts and amounts have none.
    """
    named = [Decimal(value) for value in values if isinstance(value, int | Decimal)] or [Decimal(0)]
    near = {number + way * _STEPS[declared.kind] for number in named for way in (-1, 0, 1)}
    lowest = min(Decimal(0), *named)
    return [taken for number in sorted(near) if number >= lowest for taken in _taken(declared, number)]


def _taken(declared: Declared, number: Decimal) -> list[Any]:
    """The number as the field would keep it; nothing if it is out of the field's range."""
    try:
        return [declared.accept(number)]
    except ValueError:
        return []


def _collect(node: Node, mentioned: dict[str, _Mentioned]) -> None:
    """Note the values that a field is compared with, and whether a condition asks if it is missing."""
    if isinstance(node, Compare):
        _collect_compared(node.left, node.right, mentioned)
        _collect_compared(node.right, node.left, mentioned)
    if isinstance(node, Call) and node.function in {"given", "coalesce"}:
        for name in _fields_in(node):
            mentioned.setdefault(name, _Mentioned()).missing = True
    for part in children(node):
        _collect(part, mentioned)


def _collect_compared(subject: Node, other: Node, mentioned: dict[str, _Mentioned]) -> None:
    values = [item for item in (other.items if isinstance(other, Listing) else [other]) if isinstance(item, Literal)]
    for name in _fields_in(subject):
        known = mentioned.setdefault(name, _Mentioned())
        known.missing = known.missing or any(value.type == NONE for value in values)
        known.values.update(value.value for value in values if value.type != NONE)


def _fields_in(node: Node) -> Iterator[str]:
    if isinstance(node, Field):
        yield node.name
    if isinstance(node, Call):
        yield from (argument for argument in node.arguments if isinstance(argument, str))
    for part in children(node):
        yield from _fields_in(part)


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
