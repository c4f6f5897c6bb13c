"""The expression language of rulebooks: text or friendly mapping in, a typed closure or all its problems out.

A typed subset of Python's expression syntax, read with `ast.parse`, never evaluated as Python. A missing value is
`None`: comparisons with it are false, reckoning with it is missing, a missing list is empty, conditions count it as
false; `== null`, `!= null` and `given()` ask for it. Nothing raises at run time on values of the declared types.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dutyflow.kernel.durations import Duration
from dutyflow.kernel.rules import Expression as KernelExpression
from dutyflow.rulebook.expressions.build import Builder
from dutyflow.rulebook.expressions.friendly import read_friendly
from dutyflow.rulebook.expressions.function import Function
from dutyflow.rulebook.expressions.functions import FUNCTIONS
from dutyflow.rulebook.expressions.nodes import (
    Builtin,
    Call,
    Evaluate,
    Field,
    Literal,
    Node,
    Problem,
    children,
)
from dutyflow.rulebook.expressions.parse import DEPTH_MAX, LENGTH_MAX, parse
from dutyflow.rulebook.expressions.people_functions import PEOPLE_FUNCTIONS
from dutyflow.rulebook.expressions.set_functions import SET_FUNCTIONS
from dutyflow.rulebook.expressions.typing import BUILTINS, RESERVED_NAMES, Typer
from dutyflow.rulebook.expressions.verdicts import decided_conditions
from dutyflow.rulebook.types import Names, Scope, Type

__all__ = [
    "BUILTINS",
    "DEPTH_MAX",
    "FUNCTIONS",
    "LENGTH_MAX",
    "RESERVED_NAMES",
    "Evaluate",
    "Expression",
    "Function",
    "Names",
    "Problem",
    "Scope",
    "compile_expression",
    "compile_friendly",
    "part_of",
]

_ABOUT_OTHERS = frozenset(function.name for function in (*PEOPLE_FUNCTIONS, *SET_FUNCTIONS))
_ON_DUTY_NOW = frozenset({"on_duty", "least_loaded"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """A compiled expression: its type, its value for a scope, and every name it reads.

    `evaluate` gives a value of `type` or None for missing. `reads_time` says that the value may change as time passes,
    without any event; `reads_others`, that other tickets or people decide it too. `warnings` are problems that do not
    hinder its use (DF233).
    """

    text: str
    type: Type
    evaluate: Evaluate
    fields: frozenset[str] = frozenset()
    builtins: frozenset[str] = frozenset()
    clocks: frozenset[str] = frozenset()
    calendars: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    workflows: frozenset[str] = frozenset()
    sets: frozenset[str] = frozenset()
    tables: frozenset[tuple[str, str]] = frozenset()
    reads_time: bool = False
    reads_others: bool = False
    warnings: tuple[Problem, ...] = ()
    node: Node = field(repr=False)

    def for_kernel(self, source: str = "") -> KernelExpression:
        """The record that the kernel's rules keep; `source` is the `file:line:column` that declares it."""
        elsewhere = self.builtins or self.clocks or self.calendars or self.roles or self.workflows or self.tables
        return KernelExpression(
            text=self.text,
            evaluate=self.evaluate,
            reads=self.fields,
            only_fields=not (elsewhere or self.reads_time or self.reads_others),
            source=source,
        )


def compile_expression(text: str, names: Names, *, expect: Type | None = None) -> Expression | tuple[Problem, ...]:
    """Compile a text, or say everything that is wrong with it; with `expect`, its value must be of that type."""
    parsed = parse(text)
    if isinstance(parsed, tuple):
        return parsed
    typer = Typer(parsed, names)
    node = typer.visit(parsed.tree, expect)
    if expect is not None:
        node = typer.wanted(node, expect, "DF229")
    if typer.problems:
        return tuple(sorted(typer.problems, key=lambda problem: (problem.start, problem.end, problem.code)))
    return _expression(text, node, names)


def compile_friendly(mapping: Mapping[Any, object], names: Names) -> Expression | tuple[Problem, ...]:
    """Compile `{severity: major, amount: "> 500", category: [a, b]}`: all entries have to hold.

    A value is a literal, a list (one of), a comparison (`"> 500"`, `"!= x"`, `"not x"`) or a range (`"1..5"`, both ends
    included); a list field is compared by what it contains. Problems carry the `key`; columns count in its value.
    """
    node, problems = read_friendly(mapping, names)
    if problems:
        return problems
    return _expression(", ".join(f"{key}: {value}" for key, value in mapping.items()), node, names)


def part_of(expression: Expression, node: Node, names: Names) -> Expression:
    """A part of a compiled expression by itself; it keeps the text of the whole."""
    return _expression(expression.text, node, names)


def _expression(text: str, node: Node, names: Names) -> Expression:
    parts = tuple(_all_parts(node))
    calls = [part for part in parts if isinstance(part, Call)]
    builtins = frozenset(part.name for part in parts if isinstance(part, Builtin))
    given = _named(calls, "field")
    return Expression(
        text=text,
        type=node.type,
        evaluate=Builder(names.default_calendar).build(node),
        fields=given | {part.name for part in parts if isinstance(part, Field)},
        builtins=builtins,
        clocks=_named(calls, "clock"),
        calendars=_named(calls, "calendar") | _calendars_of_durations(parts, names),
        roles=_named(calls, "role"),
        workflows=_named(calls, "workflow"),
        sets=_named(calls, "set"),
        tables=frozenset((str(c.arguments[0]), str(c.arguments[1])) for c in calls if c.function == "lookup"),
        reads_time=bool(builtins & {"now", "today"}) or any(_asks_for_now(call) for call in calls),
        reads_others=any(call.function in _ABOUT_OTHERS for call in calls),
        warnings=decided_conditions(node),
        node=node,
    )


def _all_parts(node: Node) -> Iterator[Node]:
    yield node
    for part in children(node):
        yield from _all_parts(part)


def _named(calls: list[Call], parameter: str) -> frozenset[str]:
    """The names that calls give for one kind of parameter."""
    return frozenset(
        argument
        for call in calls
        for kind, argument in zip(FUNCTIONS[call.function].parameters, call.arguments, strict=False)
        if kind == parameter and isinstance(argument, str)
    )


def _calendars_of_durations(parts: tuple[Node, ...], names: Names) -> frozenset[str]:
    durations = [part.value for part in parts if isinstance(part, Literal) and isinstance(part.value, Duration)]
    return frozenset(duration.calendar or names.default_calendar for duration in durations)


def _asks_for_now(call: Call) -> bool:
    return call.function in _ON_DUTY_NOW or (call.function in {"is_open", "in_hours"} and len(call.arguments) == 1)
