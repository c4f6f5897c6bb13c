"""The form of conditions for people who do not write code: `{severity: major, amount: "> 500"}`."""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from dutyflow.rulebook.expressions.nodes import Compare, Listing, Literal, Logic, Node, Problem, Span, broken
from dutyflow.rulebook.expressions.parse import Parsed, parse
from dutyflow.rulebook.expressions.typing import BUILTINS, Typer
from dutyflow.rulebook.findings import closest
from dutyflow.rulebook.types import BOOLEAN, NONE, NUMBER, TEXT, UNKNOWN, Names, list_of
from dutyflow.wording import Value

_OPERATOR = re.compile(r"\s*(>=|<=|==|!=|>|<|=|not\b)\s*")
_RANGE = re.compile(r"\s*(.+?)\s*\.\.\s*(.+?)\s*")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_WORDS: Mapping[str, object] = {"null": None, "true": True, "false": False}
_WIDE = str.maketrans({"＞": ">", "＜": "<", "＝": "=", "！": "!", "≥": ">", "≤": "<"})
_DIGITS_MAX = 28


@dataclass(frozen=True, slots=True)
class _Given:
    """One entry of the mapping: the key, the value as written, and its conditions so far."""

    key: str
    value: object

    @property
    def span(self) -> Span:
        """The whole value, in code points of its text."""
        return Span(0, len(self.text))

    @property
    def text(self) -> str:
        return self.value if isinstance(self.value, str) else _shown(self.value)


def read_friendly(mapping: Mapping[Any, object], names: Names) -> tuple[Node, tuple[Problem, ...]]:
    """The typed tree of a mapping (all entries have to hold), and its problems, each with its `key`."""
    parts: list[Node] = []
    problems: list[Problem] = []
    for key, value in mapping.items():
        reader = _Reader(_Given(str(key), value), names)
        parts.append(reader.read())
        problems += (replace(p, values={"key": str(key), **p.values}) for p in reader.problems)
    if len(parts) == 1:
        return parts[0], tuple(problems)
    return Logic(Span(0, 0), BOOLEAN, "and", tuple(parts)), tuple(problems)


class _Reader:
    """Reads the value of one key."""

    def __init__(self, given: _Given, names: Names) -> None:
        self.given = given
        self.names = names
        self.problems: list[Problem] = []
        self.subject: Node = broken(given.span)

    def read(self) -> Node:
        """The condition, or a stand-in once a problem is kept."""
        if self.given.key not in self.names.fields and self.given.key not in BUILTINS:
            near = closest(self.given.key, (*self.names.fields, *BUILTINS))
            return self.report("DF221", name=self.given.key, **({"suggestion": near} if near else {}))
        self.subject = self._name(self.given.key)
        return self._condition(self.given.value)

    def report(self, code: str, **values: Value) -> Node:
        span = self.given.span
        self.problems.append(Problem(code, span.start, span.end, dict(values)))
        return broken(span)

    def unreadable(self) -> Node:
        return self.report("DF234", found=self.given.text, expected=self.subject.type.phrase)

    def _name(self, name: str) -> Node:
        return self._bare_typer().named(name, self.given.span)

    def _bare_typer(self) -> Typer:
        """A typer for nodes that are made here, not read from a text."""
        return Typer(Parsed("", ast.Constant(None), {}), self.names)

    def _typer(self, text: str) -> Typer | None:
        parsed = parse(text)
        return None if isinstance(parsed, tuple) else Typer(parsed, self.names)

    def _condition(self, value: object) -> Node:
        if isinstance(value, list | tuple):
            return self._one_of(value)
        if isinstance(value, str):
            return self._of_text(value)
        literal = self._literal(value)
        return self.unreadable() if literal is None else self._equals("==", literal)

    def _one_of(self, values: list[object] | tuple[object, ...]) -> Node:
        items = [self._literal(_plain(value)) for value in values]
        given = [item for item in items if item is not None]
        if not items or len(given) < len(items):
            return self.unreadable()
        if self.subject.type.kind == "list":
            return Logic(self.given.span, BOOLEAN, "or", tuple(self._compared("in", i, self.subject) for i in given))
        return self._compared("in", self.subject, Listing(self.given.span, list_of(given[0].type), tuple(given)))

    def _of_text(self, value: str) -> Node:
        match = _OPERATOR.match(_narrow(value))
        if match:
            operator = {"=": "==", "not": "!="}.get(match[1], match[1])
            operand = self._operand(_narrow(value)[match.end() :].strip())
            return self.unreadable() if operand is None else self._equals(operator, operand)
        span = _RANGE.fullmatch(value)
        if span and self.subject.type.is_ordered:
            return self._range(span[1], span[2])
        operand = self._operand(value)
        return self.unreadable() if operand is None else self._equals("==", operand)

    def _range(self, low: str, high: str) -> Node:
        """Both ends belong to a range."""
        ends = self._operand(low), self._operand(high)
        if ends[0] is None or ends[1] is None:
            return self.unreadable()
        parts = self._compared(">=", self.subject, ends[0]), self._compared("<=", self.subject, ends[1])
        return Logic(self.given.span, BOOLEAN, "and", parts)

    def _equals(self, operator: str, literal: Node) -> Node:
        """A list is compared by what it contains."""
        if self.subject.type.kind == "list" and operator in {"==", "!="} and literal.type != NONE:
            return self._compared("in" if operator == "==" else "not in", literal, self.subject)
        return self._compared(operator, self.subject, literal)

    def _compared(self, operator: str, left: Node, right: Node) -> Node:
        """Typed like the written-out comparison; a literal that cannot be of the type is unreadable here."""
        typer = self._bare_typer()
        node = typer.compared(operator, left, right, self.given.span)
        for problem in typer.problems:
            if problem.code == "DF227":
                return self.unreadable()
            self.report(problem.code, **problem.values)
        return node if isinstance(node, Compare) else broken(self.given.span)

    def _operand(self, text: str) -> Node | None:
        """A literal of the subject's type, else (for what has an order) an expression such as `now + 48h`."""
        if not text:
            return None
        literal = self._literal(_scalar(text, self.subject.type.kind))
        if literal is not None and (not self.subject.type.is_ordered or self._reads(literal)):
            return literal
        return self._expression(text) if self.subject.type.is_ordered else None

    def _reads(self, literal: Node) -> bool:
        return self._bare_typer().as_type(literal, self.subject.type).type.kind != TEXT.kind

    def _expression(self, text: str) -> Node | None:
        typer = self._typer(text)
        if typer is None:
            return None
        node = typer.visit(typer.parsed.tree)
        return None if typer.problems or node.type == UNKNOWN else node

    def _literal(self, value: object) -> Node | None:
        span = self.given.span
        if value is None:
            return Literal(span, NONE, None)
        if isinstance(value, bool):
            return Literal(span, BOOLEAN, value) if self._wants_boolean() else None
        if isinstance(value, int | float | Decimal):
            number = _exact(value)
            return None if number is None else Literal(span, NUMBER, number)
        return Literal(span, TEXT, value) if isinstance(value, str) else None

    def _wants_boolean(self) -> bool:
        kind = self.subject.type.item or self.subject.type
        return kind.kind in {"boolean", "unknown"}


def _exact(value: int | float | Decimal) -> int | Decimal | None:
    """A number without the noise of binary fractions; nothing if it is none or has too many digits."""
    if isinstance(value, int):
        return value if len(str(abs(value))) <= _DIGITS_MAX else None
    number = Decimal(str(value))
    return number if number.is_finite() and abs(number.adjusted()) < _DIGITS_MAX else None


def _scalar(text: str, kind: str) -> object:
    """What an operand stands for: after an operator everything is text, also numbers and `null`."""
    if text in _WORDS and (kind not in {"text", "choice"} or text == "null"):
        return _WORDS[text]
    if kind in {"number", "money", "list"} and _NUMBER.fullmatch(text) and len(text) <= _DIGITS_MAX:
        return Decimal(text) if "." in text else int(text)
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    return text


def _plain(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def _narrow(text: str) -> str:
    """Operators typed with a Chinese input method, in their usual form."""
    head = text.lstrip()[:2]
    if head[:1] in {"≥", "≤"}:
        return f"{head[:1].translate(_WIDE)}={text.lstrip()[1:]}"
    return head.translate(_WIDE) + text.lstrip()[2:]


def _shown(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(_shown(item) for item in value)}]"
    if isinstance(value, Mapping):
        return "{...}"
    if value is None or isinstance(value, bool):
        return next(word for word, meaning in _WORDS.items() if meaning is value)
    return str(value)
