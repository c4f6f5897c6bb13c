"""Says in plain words why a text is not YAML, and points at what to change rather than at where the parser gave up."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import yaml

from dutyflow.rulebook.findings import Findings, Related
from dutyflow.rulebook.places import Place, Source
from dutyflow.wording import Phrase

_TAB_INDENT = re.compile(r"^ *\t")
_FULL_WIDTH_COLON = re.compile(r"^\s*(?:- +)?[{\[]?\s*[\w.-]+\s*(：)")
_FULL_WIDTH_IN_FLOW = re.compile(r"[，：｛｝【】［］]")
_NO_SPACE = re.compile(r"^\s*(?:- +)?[A-Za-z_][\w-]*(:)(?=[^\s:/])")
_LONG_ESCAPE = re.compile(r"\\U(?!00(?:0[0-9A-Fa-f]|10))[0-9A-Fa-f]{8}")
_KEY_LINE = re.compile(r"^\s*(?:- +)?[\w.-]+\s*: ")


@dataclass(frozen=True, slots=True)
class _Failure:
    """What the parser said, as 1-based places: where it gave up, and where the thing began that it was reading."""

    source: Source
    problem: str
    context: str
    line: int
    column: int
    from_line: int
    from_column: int

    @property
    def text(self) -> str:
        return self.source.line(self.line)

    @property
    def here(self) -> Place:
        return self.source.place(self.line, self.column)

    @property
    def beginning(self) -> Place:
        return self.source.place(self.from_line, self.from_column)

    def nearby(self) -> list[int]:
        """The lines in which the mistake may really be: those between beginning and end, and one before."""
        first = max(1, min(self.from_line, self.line - 1), self.line - 3)
        return sorted({first, self.from_line, *range(max(first, self.line - 1), self.line + 1)})


_Diagnosis = tuple[str, Place]


def problem(kind: str, **values: object) -> dict[str, object]:
    """The values of a DF001 finding for one kind of syntax error: what is wrong, and what to do."""
    return {"problem": Phrase.of(f"yaml.{kind}", **values), "hint": Phrase.of(f"yaml.{kind}_hint", **values)}


def report_syntax_error(error: yaml.MarkedYAMLError, source: Source, findings: Findings) -> None:
    """Add the one DF001 finding for an exception of the parser."""
    failure = _failure(error, source)
    kind, place = next(found for guess in _GUESSES if (found := guess(failure)))
    related = []
    if place != failure.here and failure.here.line > place.line and kind.startswith("unclosed"):
        related = [Related(failure.here, "related_gave_up")]
    character = source.line(place.line)[place.column - 1 : place.column]
    findings.add("DF001", place, related=related, **problem(kind, character=character))


def report_impossible_escape(source: Source, findings: Findings) -> None:
    """Add the DF001 finding for an escape beyond Unicode, for which the parser of pure Python names no place."""
    found = _LONG_ESCAPE.search(source.text)
    place = source.place_at(found.start()) if found else Place.whole(source.path)
    findings.add("DF001", place, related=(), **problem("bad_escape"))


def _failure(error: yaml.MarkedYAMLError, source: Source) -> _Failure:
    end = _position(error.problem_mark or error.context_mark, source)
    begin = _position(error.context_mark, source) if error.context_mark else end
    return _Failure(source, error.problem or "", error.context or "", *end, *begin)


def _position(mark: yaml.error.Mark | None, source: Source) -> tuple[int, int]:
    """A mark as 1-based line and column; one beyond the end goes to the end of the last line with something on it."""
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    last = len(source.lines)
    if line > last or (line == last and line > 1 and not source.line(line)):
        line = max((number for number in range(1, last + 1) if source.line(number).strip()), default=1)
        column = len(source.line(line)) + 1
    return line, min(column, len(source.line(line)) + 1)


def _tab(failure: _Failure) -> _Diagnosis | None:
    for number in (failure.line, failure.from_line):
        found = _TAB_INDENT.match(failure.source.line(number))
        if found:
            return "tab", failure.source.place(number, found.end())
    return None


def _bracket_in_text(failure: _Failure) -> _Diagnosis | None:
    """`{zh: 我是{姓名}。}`: text without quotes ends at a bracket. After a comma or colon it would begin a value."""
    before = failure.text[: failure.column - 1].rstrip()
    opened = failure.text[failure.column - 1 :].startswith(("{", "["))
    if "flow" in failure.context and opened and before and before[-1] not in ",:：，[{\"'":
        return "bracket_in_text", failure.here
    return None


def _full_width(failure: _Failure) -> _Diagnosis | None:
    for number in failure.nearby():
        found = _FULL_WIDTH_COLON.match(failure.source.line(number))
        if found:
            return "full_width", failure.source.place(number, found.start(1) + 1)
    if "flow" in failure.context or "node content" in failure.problem:
        found = _FULL_WIDTH_IN_FLOW.search(failure.text)
        if found:
            return "full_width", failure.source.place(failure.line, found.start() + 1)
    return None


def _no_space(failure: _Failure) -> _Diagnosis | None:
    if "quoted" in failure.context:
        return None
    for number in failure.nearby():
        line = failure.source.line(number)
        found = _NO_SPACE.match(line)
        if found and not _KEY_LINE.match(line):
            return "no_space", failure.source.place(number, found.start(1) + 1)
    return None


def _quoted(failure: _Failure) -> _Diagnosis | None:
    if "quoted scalar" not in failure.context:
        return None
    if "escape" in failure.problem or "hexdecimal" in failure.problem:
        return "bad_escape", failure.here
    return "unclosed_quote", failure.beginning


def _flow(failure: _Failure) -> _Diagnosis | None:
    if "flow" not in failure.context:
        return None
    if failure.line > failure.from_line or failure.column > len(failure.text.rstrip()):
        return "unclosed_bracket", failure.beginning
    return "missing_comma", failure.here


def _second_colon(failure: _Failure) -> _Diagnosis | None:
    if "mapping values are not allowed" not in failure.problem:
        return None
    before = failure.text[: failure.column - 1]
    return ("second_colon" if _KEY_LINE.match(before + " ") and ": " in before else "indentation"), failure.here


def _token(failure: _Failure) -> _Diagnosis | None:
    if "cannot start any token" in failure.problem:
        return "reserved_start", failure.here
    if "scanning an alias" in failure.context or "scanning an anchor" in failure.context:
        return "reserved_start", failure.beginning
    if "node content" in failure.problem:
        return "unexpected", failure.here
    if "block scalar" in failure.context:
        return "block_text", failure.beginning
    if "sequence entries are not allowed" in failure.problem:
        return "list_on_line", failure.here
    return None


def _after_quote(failure: _Failure) -> _Diagnosis | None:
    before = failure.text[: failure.column - 1].rstrip()
    block = "block mapping" in failure.context or "block collection" in failure.context
    if block and before.endswith(("'", '"', "]", "}")):
        return "after_quote", failure.here
    return None


def _missing_colon(failure: _Failure) -> _Diagnosis | None:
    if "could not find expected ':'" not in failure.problem:
        return None
    width = len(failure.source.line(failure.from_line).rstrip())
    end = max(width + 1, failure.from_column + 1)
    return "missing_colon", failure.source.place(failure.from_line, failure.from_column, end)


def _block(failure: _Failure) -> _Diagnosis | None:
    if "'-' indicator" in failure.problem or failure.text[failure.column - 1 :].startswith("- "):
        return "mixed_list", failure.here
    blocks = ("block mapping" in failure.context, "block collection" in failure.context)
    if any(blocks) or "<document start>" in failure.problem:
        return "indentation", failure.here
    return None


def _anything(failure: _Failure) -> _Diagnosis:
    return "unreadable", failure.here


# The first that recognises the mistake wins: what people really do wrong before what the parser says.
_GUESSES: tuple[Callable[[_Failure], _Diagnosis | None], ...] = (
    _tab,
    _bracket_in_text,
    _full_width,
    _no_space,
    _quoted,
    _flow,
    _second_colon,
    _token,
    _after_quote,
    _missing_colon,
    _block,
    _anything,
)
