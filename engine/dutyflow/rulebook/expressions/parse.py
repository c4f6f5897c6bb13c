"""Text to a Python syntax tree: bounds, friendly help for common slips, bare durations; nothing is ever executed.

Durations may stand bare (`now + 48h`, `after(now, 4bh@desk)`). Python has no such literals, so each is overlaid with a
name of the same length, which keeps every column right, and remembered by its place.
"""

import ast
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dutyflow.rulebook.expressions.nodes import Problem, Span
from dutyflow.wording import Phrase, Value

LENGTH_MAX = 1_000
DEPTH_MAX = 30

_TOKEN = re.compile(
    r"""
    (?P<triple>'{3}|"{3})
  | (?P<string>'[^'\\\n]*'|"[^"\\\n]*")
  | (?P<duration>(?:[0-9][0-9._]*[^\W\d_]\w*|same_day\b)(?:@(?:[0-9]{1,2}:[0-9]{2}|[^\W\d](?:[\w-]*\w)?))*)
  | (?P<number>[0-9][0-9_]*(?:\.[0-9]+)?|\.[0-9]+)
  | (?P<word>\w+)
  | (?P<space>\s+)
  | (?P<sign><=|>=|==|!=|&&|\|\||<>|=<|=>|:=|[^\w\s])
    """,
    re.VERBOSE,
)
_INSTEAD: Mapping[str, str] = {
    "=": "==",
    "&&": "and",
    "&": "and",
    "||": "or",
    "|": "or",
    "!": "not",
    "<>": "!=",
    "=<": "<=",
    "=>": ">=",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "、": ",",
    "。": ".",
    "【": "[",
    "】": "]",
    "≥": ">=",
    "≤": "<=",
    "≠": "!=",
    "×": "*",
    "÷": "/",
}
_REFUSED_SIGNS = frozenset({*"\\#;`$?~^", ":="})


@dataclass(frozen=True, slots=True)
class Parsed:
    """The syntax tree of a text, the bare durations in it by their start, and how to find a node's place."""

    text: str
    tree: ast.expr
    durations: Mapping[int, str]
    _column_of_byte: tuple[int, ...] | None = None
    _offset: int = 0

    def span(self, node: ast.expr) -> Span:
        """The place of a node in the text as it was written, in code points."""
        start, end = node.col_offset, node.end_col_offset or node.col_offset
        if self._column_of_byte is not None:
            start, end = self._column_of_byte[start], self._column_of_byte[end]
        return Span(start + self._offset, end + self._offset)

    def source(self, span: Span) -> str:
        """The text of a place."""
        return self.text[span.start : span.end]


@dataclass(slots=True)
class _Scan:
    """What one pass over the signs of a text gathers."""

    text: str
    clean: list[str] = field(default_factory=list)
    durations: dict[int, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    depth: int = 0

    def report(self, code: str, start: int, end: int, **values: Value) -> None:
        self.problems.append(Problem(code, start, end, dict(values)))


def parse(text: str) -> Parsed | tuple[Problem, ...]:
    """Read a text; every problem that its signs show, or the first that Python's grammar shows."""
    if len(text) > LENGTH_MAX:
        return (Problem("DF230", LENGTH_MAX, len(text), {"length": str(len(text)), "limit": str(LENGTH_MAX)}),)
    if not text.strip():
        return (Problem("DF220", 0, len(text), {"problem": Phrase.of("expression.empty")}),)
    scan = _scan(text)
    if scan.problems:
        return tuple(scan.problems)
    return _grammar(text, "".join(scan.clean), scan.durations)


def _scan(text: str) -> _Scan:
    scan = _Scan(text)
    for match in _tokens(text):
        kind, found = match.lastgroup, match[0]
        if kind == "duration":
            scan.durations[match.start()] = found
            found = "_" * len(found)
        elif kind == "space":
            found = " " * len(found)
        else:
            _inspect(scan, kind or "", match)
        scan.clean.append(found)
    return scan


def _tokens(text: str) -> Iterator[re.Match[str]]:
    """The tokens one after the other; every character is a word, a space or a sign, so that none is left out."""
    return _TOKEN.finditer(text)


def _inspect(scan: _Scan, kind: str, match: re.Match[str]) -> None:
    found, start, end = match[0], match.start(), match.end()
    if kind == "triple":
        scan.report("DF222", start, end, found=found, write="'")
    elif kind == "word" and unicodedata.normalize("NFKC", found) != found:
        scan.report("DF220", start, end, found=found, write=unicodedata.normalize("NFKC", found))
    elif kind == "number" and len(found) > _DIGITS_MAX:
        scan.report("DF230", start, end, digits=str(_DIGITS_MAX))
    elif kind == "sign":
        _inspect_sign(scan, found, start, end)


_DIGITS_MAX = 28


def _inspect_sign(scan: _Scan, found: str, start: int, end: int) -> None:
    plain = unicodedata.normalize("NFKC", found)
    instead = _INSTEAD.get(plain, _INSTEAD.get(found))
    if instead is None and plain != found:
        instead = plain
    if instead is not None:
        scan.report("DF220", start, end, found=found, write=instead)
    elif found in {"'", '"'}:
        scan.report("DF220", start, end, problem=Phrase.of("expression.unclosed"))
    elif found in _REFUSED_SIGNS:
        scan.report("DF222", start, end, found=found)
    elif found in "([{":
        scan.depth += 1
        if scan.depth == DEPTH_MAX + 1:
            scan.report("DF230", start, end, depth=str(DEPTH_MAX))
    elif found in ")]}":
        scan.depth -= 1


def _grammar(text: str, clean: str, durations: Mapping[int, str]) -> Parsed | tuple[Problem, ...]:
    line = clean.lstrip(" ")
    offset = len(clean) - len(line)
    try:
        tree = ast.parse(line, mode="eval").body
    except SyntaxError as error:
        return (_syntax_problem(text, error, offset),)
    except (RecursionError, MemoryError):
        return (Problem("DF230", 0, len(text), {"depth": str(DEPTH_MAX)}),)
    except ValueError:  # a NUL or half a surrogate pair
        return (Problem("DF220", 0, len(text), {"problem": Phrase.of("expression.unreadable")}),)
    parsed = Parsed(text, tree, durations, None if line.isascii() else _columns(line), offset)
    deep = _too_deep(tree)
    if deep is not None:
        span = parsed.span(deep)
        return (Problem("DF230", span.start, span.end, {"depth": str(DEPTH_MAX)}),)
    return parsed


def _syntax_problem(text: str, error: SyntaxError, offset: int) -> Problem:
    """The place of Python's complaint, with the word or sign that stands there; at the end something is missing."""
    start = (error.offset or 0) - 1 + offset
    match = _TOKEN.match(text, start) if start >= offset else None
    if match is None or match.lastgroup == "space":
        end = len(text.rstrip())
        return Problem("DF220", max(end - 1, 0), end, {"problem": Phrase.of("expression.unfinished")})
    return Problem("DF220", start, match.end(), {"problem": Phrase.of("expression.unexpected", found=match[0])})


def _columns(line: str) -> tuple[int, ...]:
    """For each byte of the UTF-8 form, the number of the code point it belongs to."""
    columns = [column for column, character in enumerate(line) for _ in character.encode()]
    return (*columns, len(line))


def _too_deep(tree: ast.expr) -> ast.expr | None:
    """The first part that lies deeper than allowed, found without recursion."""
    waiting: list[tuple[ast.AST, int]] = [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        if depth > DEPTH_MAX and isinstance(node, ast.expr):
            return node
        waiting.extend((child, depth + isinstance(node, ast.expr)) for child in ast.iter_child_nodes(node))
    return None
