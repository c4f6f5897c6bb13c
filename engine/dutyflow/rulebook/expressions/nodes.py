"""The typed tree that an expression becomes before it is built into closures, and the problems found on the way."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dutyflow.rulebook.types import UNKNOWN, Scope, Type
from dutyflow.wording import Value

Evaluate = Callable[[Scope], Any]


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the text, in code points; the end is not included."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake in an expression: its code, its place in the text in code points, and what its message needs."""

    code: str
    start: int
    end: int
    values: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Node:
    """A part of an expression with its type."""

    span: Span
    type: Type


@dataclass(frozen=True, slots=True)
class Broken(Node):
    """A part that has a problem already."""


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A value written in the text. A duration counted in a calendar's units is a kernel `Duration`, not a timedelta."""

    value: Any


@dataclass(frozen=True, slots=True)
class Field(Node):
    """A field of the ticket."""

    name: str


@dataclass(frozen=True, slots=True)
class Builtin(Node):
    """A name that every expression knows, such as `now`."""

    name: str


@dataclass(frozen=True, slots=True)
class Listing(Node):
    """A list written in the text."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Compare(Node):
    """One comparison of two values."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Logic(Node):
    """`and` or `or` over conditions."""

    operator: str
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Negation(Node):
    """`not` of a condition."""

    part: Node


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """One arithmetic step; `operator` is one of `+ - * / %`."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Choose(Node):
    """`a if condition else b`."""

    condition: Node
    yes: Node
    no: Node


@dataclass(frozen=True, slots=True)
class ToMoney(Node):
    """A number where money is wanted."""

    part: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A call of a function of the closed list; names of calendars, clocks and so on are texts among the arguments."""

    function: str
    arguments: tuple[Node | str, ...]


def broken(span: Span) -> Broken:
    """A stand-in for a part that has a problem already."""
    return Broken(span, UNKNOWN)


def children(node: Node) -> tuple[Node, ...]:
    """The parts of a node, in the order in which they are written."""
    match node:
        case Compare(left=left, right=right) | Arithmetic(left=left, right=right):
            return left, right
        case Logic(parts=parts) | Listing(items=parts):
            return parts
        case Negation(part=part) | ToMoney(part=part):
            return (part,)
        case Choose(condition=condition, yes=yes, no=no):
            return yes, condition, no
        case Call(arguments=arguments):
            return tuple(argument for argument in arguments if isinstance(argument, Node))
    return ()
