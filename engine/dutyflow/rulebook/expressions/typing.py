"""Gives every part of an expression its type and finds all names and operators that do not fit."""

import ast
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import cast

from dutyflow.kernel.durations import Duration, DurationError
from dutyflow.rulebook.expressions.calls import type_call
from dutyflow.rulebook.expressions.fitting import accepts, comparable, join, result_of
from dutyflow.rulebook.expressions.literals import coerce, elapsed
from dutyflow.rulebook.expressions.nodes import (
    Arithmetic,
    Builtin,
    Choose,
    Compare,
    Field,
    Listing,
    Literal,
    Logic,
    Negation,
    Node,
    Problem,
    Span,
    broken,
)
from dutyflow.rulebook.expressions.parse import Parsed
from dutyflow.rulebook.findings import closest
from dutyflow.rulebook.types import (
    BOOLEAN,
    DATE,
    DATETIME,
    DURATION,
    NONE,
    NUMBER,
    PERSON,
    TEXT,
    UNKNOWN,
    Names,
    Type,
    choice,
    list_of,
)
from dutyflow.wording import Phrase, Value

BUILTINS: Mapping[str, Type] = {
    "now": DATETIME,
    "today": DATE,
    "actor": PERSON,
    "state": TEXT,
    "opened_at": DATETIME,
    "entered_at": DATETIME,
}
_CONSTANTS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None}
# Names that a field may not have, because an expression could not reach it.
RESERVED_NAMES = frozenset(
    {*BUILTINS, *_CONSTANTS, "and", "or", "not", "in", "if", "else", "is", "True", "False", "None"}
)

_COMPARISONS: Mapping[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_ARITHMETIC: Mapping[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Mod: "%",
}


class Typer:
    """Turns one syntax tree into a typed tree, and collects every problem on the way."""

    def __init__(self, parsed: Parsed, names: Names) -> None:
        self.parsed = parsed
        self.names = names
        self.problems: list[Problem] = []

    def report(self, code: str, span: Span, **values: Value) -> Node:
        """Keep a problem; the part that has it fits everywhere from now on."""
        self.problems.append(Problem(code, span.start, span.end, dict(values)))
        return broken(span)

    def visit(self, node: ast.expr, hint: Type | None = None) -> Node:
        """The typed form of a part. `hint` is the type that its place would like, for suggestions only."""
        method = _VISITORS.get(type(node))
        if method is None:
            span = self.parsed.span(node)
            return self.report("DF222", span, found=self.parsed.source(span))
        return method(self, node, hint)

    def wanted(self, node: Node, want: Type, code: str, **values: Value) -> Node:
        """The node as the wanted type, or a problem with `code`."""
        node = self.as_type(node, want)
        if accepts(want, node.type):
            return node
        return self.report(code, node.span, expected=want.phrase, actual=node.type.phrase, **values)

    def as_type(self, node: Node, want: Type) -> Node:
        """Let the literals of a node take a type; a text that is no option of the choice is a problem."""
        return self._options(coerce(node, want, self.names.zone))

    def _options(self, node: Node) -> Node:
        match node:
            case Literal(type=Type(kind="choice", options=options), value=str() as text) if text not in options:
                values = {"found": text, "options": " | ".join(options)}
                near = closest(text, options)
                return self.report("DF228", node.span, **values, **({"suggestion": near} if near else {}))
            case Listing(items=items):
                return replace(node, items=tuple(self._options(item) for item in items))
            case Choose(yes=yes, no=no):
                return replace(node, yes=self._options(yes), no=self._options(no))
        return node

    # --- literals and names ---------------------------------------------------------------------------------------

    def _constant(self, node: ast.expr, _hint: Type | None) -> Node:
        value = cast(ast.Constant, node).value
        span = self.parsed.span(node)
        source = self.parsed.source(span)
        if isinstance(value, str) and source[:1] in {"'", '"'}:
            return Literal(span, TEXT, value)
        if value is None or isinstance(value, bool):
            return Literal(span, NONE if value is None else BOOLEAN, value)
        if isinstance(value, int):
            return Literal(span, NUMBER, value)
        if isinstance(value, float):
            return Literal(span, NUMBER, Decimal(source))
        return self.report("DF222", span, found=source)

    def _name(self, node: ast.expr, hint: Type | None) -> Node:
        span, name = self.parsed.span(node), cast(ast.Name, node).id
        if span.start in self.parsed.durations:
            return self.elapsed_duration(self.parsed.durations[span.start], span)
        return self.named(name, span, hint)

    def named(self, name: str, span: Span, hint: Type | None = None) -> Node:
        """What a name stands for, or a problem with a suggestion."""
        if name in _CONSTANTS:
            value = _CONSTANTS[name]
            return Literal(span, NONE if value is None else BOOLEAN, value)
        if name in BUILTINS:
            return Builtin(span, self._type_of_builtin(name), name)
        if name in self.names.fields:
            return Field(span, self.names.fields[name], name)
        return self._unknown_name(span, name, hint)

    def _type_of_builtin(self, name: str) -> Type:
        return choice(*sorted(self.names.states)) if name == "state" and self.names.states else BUILTINS[name]

    def _unknown_name(self, span: Span, name: str, hint: Type | None) -> Node:
        options = hint.options if hint else ()
        if name in options:
            return self.report("DF221", span, name=name, write=f"'{name}'")
        near = closest(name, (*self.names.fields, *BUILTINS, *_CONSTANTS)) or closest(name, options)
        if near in options:
            near = f"'{near}'"
        return self.report("DF221", span, name=name, **({"suggestion": near} if near else {}))

    def duration(self, text: str, span: Span) -> Duration | None:
        """A kernel duration with a known calendar, or a problem."""
        try:
            duration = Duration.parse(text)
        except DurationError as error:
            self.report("DF231", span, found=text, **({"suggestion": error.suggestion} if error.suggestion else {}))
            return None
        if duration.calendar is not None and duration.calendar not in self.names.calendars:
            self.unknown("calendar", duration.calendar, self.names.calendars, span)
            return None
        return duration

    def elapsed_duration(self, text: str, span: Span) -> Node:
        """A duration that can be reckoned with; one that follows a calendar belongs into `after`."""
        duration = self.duration(text, span)
        if duration is None:
            return broken(span)
        length = elapsed(duration)
        if length is None:
            return self.report("DF226", span, calendar_units=text, write=f"after(now, {text})")
        return Literal(span, DURATION, length)

    def unknown(self, what: str, name: str, known: Mapping[str, object] | frozenset[str], span: Span) -> None:
        """Report a name of something declared elsewhere that does not exist."""
        near = closest(name, sorted(known))
        values: dict[str, Value] = {"what": _what(what), "name": name}
        self.report("DF232", span, **values, **({"suggestion": near} if near else {}))

    def _list(self, node: ast.expr, hint: Type | None) -> Node:
        items = [self.visit(item, hint.item if hint else None) for item in cast(ast.List, node).elts]
        kind = self.common(items)
        typed = tuple(item if item.type == kind else self.as_type(item, kind) for item in items)
        return Listing(self.parsed.span(node), list_of(kind), typed)

    def common(self, nodes: list[Node]) -> Type:
        """The type that all nodes can have; literals follow the others."""
        firm = [node.type for node in nodes if not isinstance(node, Literal)]
        kind = firm[0] if firm else NONE
        for node in nodes:
            wanted = kind if kind is NONE else coerce(node, kind, self.names.zone).type
            joined = join(kind, node.type if kind is NONE else wanted)
            if joined is None:
                self.report("DF227", node.span, first=kind.phrase, second=node.type.phrase)
                return UNKNOWN
            kind = joined
        return kind

    # --- operators ------------------------------------------------------------------------------------------------

    def _logic(self, node: ast.expr, _hint: Type | None) -> Node:
        node = cast(ast.BoolOp, node)
        word = "and" if isinstance(node.op, ast.And) else "or"
        parts = tuple(self.condition(part, word) for part in node.values)
        return Logic(self.parsed.span(node), BOOLEAN, word, parts)

    def condition(self, node: ast.expr, operator: str) -> Node:
        """A part that has to be true or false."""
        typed = self.visit(node)
        return self.wanted(typed, BOOLEAN, "DF226", operator=operator, left=typed.type.phrase)

    def _unary(self, node: ast.expr, _hint: Type | None) -> Node:
        node = cast(ast.UnaryOp, node)
        span = self.parsed.span(node)
        if isinstance(node.op, ast.Not):
            return Negation(span, BOOLEAN, self.condition(node.operand, "not"))
        if not isinstance(node.op, ast.USub):
            return self.report("DF222", span, found=self.parsed.source(span))
        part = self.visit(node.operand)
        if isinstance(part, Literal) and part.type.kind in {"number", "duration"}:
            return Literal(span, part.type, -part.value)
        if part.type.kind in {"number", "money", "duration"}:
            zero = Literal(span, NUMBER, -1)
            return Arithmetic(span, part.type, "*", part, zero)
        if part.type == UNKNOWN:
            return broken(span)
        return self.report("DF226", span, operator="-", left=part.type.phrase)

    def _arithmetic(self, node: ast.expr, _hint: Type | None) -> Node:
        node = cast(ast.BinOp, node)
        span = self.parsed.span(node)
        operator = _ARITHMETIC.get(type(node.op))
        if operator is None:
            return self.report("DF222", span, found=self.parsed.source(span))
        left, right = self.visit(node.left), self.visit(node.right)
        left, right = self._lengths(left, right), self._lengths(right, left)
        if UNKNOWN in (left.type, right.type):
            return broken(span)
        kind = result_of(left.type.kind, operator, right.type.kind)
        if kind is None:
            return self.report("DF226", span, operator=operator, left=left.type.phrase, right=right.type.phrase)
        return Arithmetic(span, Type(kind), operator, left, right)

    def _lengths(self, node: Node, other: Node) -> Node:
        """A text beside a moment or a duration is a duration, such as `slot_at + '30m'`."""
        return self.as_type(node, DURATION) if other.type.kind in {"datetime", "duration"} else node

    def _choose(self, node: ast.expr, hint: Type | None) -> Node:
        node = cast(ast.IfExp, node)
        yes, condition = self.visit(node.body, hint), self.condition(node.test, "if")
        no = self.visit(node.orelse, hint)
        kind = self.common([yes, no])
        return Choose(self.parsed.span(node), kind, condition, self.as_type(yes, kind), self.as_type(no, kind))

    def _compare(self, node: ast.expr, _hint: Type | None) -> Node:
        node = cast(ast.Compare, node)
        span = self.parsed.span(node)
        left, parts = self.visit(node.left), []
        for operator, right_node in zip(node.ops, node.comparators, strict=True):
            word = _COMPARISONS.get(type(operator))
            if word is None:
                return self.report("DF222", span, found="is", write="==")
            right = self.visit(right_node, _hint_for(word, left.type))
            parts.append(self.compared(word, left, right, span if len(node.ops) == 1 else None))
            left = right
        return parts[0] if len(parts) == 1 else Logic(span, BOOLEAN, "and", tuple(parts))

    def compared(self, operator: str, left: Node, right: Node, span: Span | None = None) -> Node:
        """One comparison, with the literals of both sides read as the other side's type."""
        span = span or Span(left.span.start, right.span.end)
        if operator in {"in", "not in"}:
            return self._membership(operator, left, right, span)
        right = self.as_type(right, left.type)
        left = self.as_type(left, right.type)
        if UNKNOWN in (left.type, right.type):
            return broken(span)
        if not comparable(left.type, right.type):
            return self._never_equal(span, left, right)
        if operator not in {"==", "!="} and not (left.type.is_ordered and right.type.is_ordered):
            return self.report("DF226", span, operator=operator, left=left.type.phrase, right=right.type.phrase)
        return Compare(span, BOOLEAN, operator, left, right)

    def _membership(self, operator: str, left: Node, right: Node, span: Span) -> Node:
        right = self.as_type(right, list_of(left.type))
        if UNKNOWN in (left.type, right.type):
            return broken(span)
        if right.type.item is None:
            return self.report("DF226", span, operator=operator, left=left.type.phrase, right=right.type.phrase)
        left = self.as_type(left, right.type.item)
        for item in right.items if isinstance(right, Listing) else ():
            if not comparable(left.type, item.type):
                return self._never_equal(span, left, item)
        if UNKNOWN not in (left.type, right.type.item) and not comparable(left.type, right.type.item):
            return self._never_equal(span, left, replace(right, type=right.type.item))
        return Compare(span, BOOLEAN, operator, left, right)

    def _never_equal(self, span: Span, left: Node, right: Node) -> Node:
        values: dict[str, Value] = {"left": left.type.phrase, "right": right.type.phrase}
        kinds = (left.type.kind, right.type.kind)
        for moment in (left, right):
            if "date" in kinds and moment.type.kind == "datetime":
                values["write"] = f"date({self.parsed.source(moment.span)})"
        for form, text in (("date", "'2026-03-02'"), ("time", "'18:30'"), ("datetime", "'2026-03-02 18:30'")):
            if form in kinds and "text" in kinds:
                values["form"] = text
        return self.report("DF227", span, **values)

    def _call(self, node: ast.expr, _hint: Type | None) -> Node:
        return type_call(self, cast(ast.Call, node))


def _hint_for(operator: str, left: Type) -> Type:
    return list_of(left) if operator in {"in", "not in"} else left


def _what(parameter: str) -> Value:

    return Phrase.of(f"types.{parameter}")


_VISITORS: Mapping[type[ast.expr], Callable[[Typer, ast.expr, Type | None], Node]] = {
    ast.Constant: Typer._constant,
    ast.Name: Typer._name,
    ast.List: Typer._list,
    ast.BoolOp: Typer._logic,
    ast.UnaryOp: Typer._unary,
    ast.BinOp: Typer._arithmetic,
    ast.IfExp: Typer._choose,
    ast.Compare: Typer._compare,
    ast.Call: Typer._call,
}
