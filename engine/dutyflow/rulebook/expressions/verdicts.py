"""Conditions whose own literals decide them: always true, or never, whatever the ticket holds."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from dutyflow.rulebook.expressions.build import Builder
from dutyflow.rulebook.expressions.nodes import (
    Builtin,
    Compare,
    Field,
    Listing,
    Literal,
    Logic,
    Negation,
    Node,
    Problem,
    children,
)
from dutyflow.rulebook.types import NONE
from dutyflow.wording import Phrase

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def decided_conditions(root: Node) -> tuple[Problem, ...]:
    """A warning for each outermost condition that is decided already. A plain `true` on its own is meant so."""
    if isinstance(root, Literal):
        return ()
    return tuple(_decided(root))


def _decided(node: Node) -> Iterator[Problem]:
    always = None if isinstance(node, Literal) else verdict(node)
    if always is not None:
        yield Problem(
            "DF233",
            node.span.start,
            node.span.end,
            {"verdict": Phrase.of(f"expression.{'always' if always else 'never'}")},
        )
        return
    for part in children(node):
        yield from _decided(part)


def verdict(node: Node) -> bool | None:
    """What a condition always is, or nothing if it depends on the ticket."""
    match node:
        case Literal(value=bool() as value):
            return value
        case Compare():
            return _compared(node)
        case Negation(part=part):
            inner = verdict(part)
            return None if inner is None else not inner
        case Logic(operator=word, parts=parts):
            verdicts = [verdict(part) for part in parts]
            if (word == "or") in verdicts:
                return word == "or"
            if None not in verdicts:
                return word == "and"
            return False if word == "and" and _contradicts(node) else None
    return None


def _compared(node: Compare) -> bool | None:
    if isinstance(node.right, Listing) and not node.right.items:
        return False if node.operator == "in" else None
    if not all(_is_written(part) for part in (node.left, node.right)):
        return None
    decide: Any = Builder("").build(node)
    return bool(decide(None))  # literals look at nothing of the scope


def _is_written(node: Node) -> bool:
    if isinstance(node, Listing):
        return all(_is_written(item) for item in node.items)
    return isinstance(node, Literal)


# --- conditions joined by `and` that no value can fulfil ----------------------------------------------------------


@dataclass(slots=True)
class _Bounds:
    """What the conditions on one name leave open."""

    low: Any = None
    low_open: bool = False
    high: Any = None
    high_open: bool = False
    allowed: frozenset[Any] | None = None
    refused: set[Any] = field(default_factory=set)
    missing: bool = False
    given: bool = False

    def add(self, operator: str, value: Any) -> None:
        """Narrow by one more condition."""
        if operator in {">", ">="} and (self.low is None or (value, operator == ">") > (self.low, self.low_open)):
            self.low, self.low_open = value, operator == ">"
        elif operator in {"<", "<="} and (
            self.high is None or (value, operator == "<=") < (self.high, not self.high_open)
        ):
            self.high, self.high_open = value, operator == "<"
        elif operator in {"==", "in"}:
            values = frozenset(value) if operator == "in" else frozenset({value})
            self.allowed = values if self.allowed is None else self.allowed & values
        elif operator in {"!=", "not in"}:
            self.refused.update(value if operator == "not in" else {value})
        self.given = True

    def is_empty(self) -> bool:
        """Whether no value is left."""
        if self.missing:
            return self.given
        if self.allowed is not None:
            return not any(self._fits(value) for value in self.allowed)
        if self.low is None or self.high is None:
            return False
        return bool(self.low > self.high or (self.low == self.high and (self.low_open or self.high_open)))

    def _fits(self, value: Any) -> bool:
        above = self.low is None or value > self.low or (value == self.low and not self.low_open)
        below = self.high is None or value < self.high or (value == self.high and not self.high_open)
        return above and below and value not in self.refused


def _contradicts(node: Logic) -> bool:
    bounds: dict[str, _Bounds] = {}
    for name, operator, value, is_null in _conditions(node):
        known = bounds.setdefault(name, _Bounds())
        if is_null and operator == "==":
            known.missing = True
        elif is_null:
            known.given = True
        else:
            known.add(operator, value)
    return any(known.is_empty() for known in bounds.values())


def _conditions(node: Node) -> Iterator[tuple[str, str, Any, bool]]:
    """Every `name operator literal` that has to hold for the whole to hold."""
    if isinstance(node, Logic) and node.operator == "and":
        for part in node.parts:
            yield from _conditions(part)
    elif isinstance(node, Compare):
        left, operator, right = node.left, node.operator, node.right
        if isinstance(left, Literal) and operator in _MIRRORED:
            left, operator, right = right, _MIRRORED[operator], left
        if isinstance(left, Field | Builtin) and _is_written(right):
            value = _written(right)
            if isinstance(right, Literal) or None not in value:
                yield left.name, operator, value, right.type == NONE


def _written(node: Node) -> Any:
    if isinstance(node, Listing):
        return tuple(item.value for item in node.items if isinstance(item, Literal))
    return node.value if isinstance(node, Literal) else None
