"""Cuts the lines of a file that a finding points at, with carets under the right cells of the screen."""

from __future__ import annotations

from dataclasses import dataclass

from wcwidth import wcwidth

from dutyflow.rulebook.places import Place, Source

_WIDTH_MAX = 140
_BEFORE_CARET = 40
_TAB = "    "
_CUT = "…"


@dataclass(frozen=True, slots=True)
class Excerpt:
    """One line of source ready for the screen, the cells before the carets, and the number of carets."""

    text: str
    indent: int
    width: int


def cells(text: str) -> int:
    """How many cells of a terminal a text takes: Chinese characters take two, combining ones none."""
    return sum(max(0, wcwidth(character)) for character in text)


def clean(text: str) -> str:
    """Text that cannot do anything to a terminal: tabs as spaces, whatever is invisible as a replacement sign."""
    return "".join(_TAB if character == "\t" else character if _harmless(character) else "\ufffd" for character in text)


def cut(source: Source, place: Place) -> Excerpt:
    """The first line of a place. A very long line is cut around the carets."""
    line = source.line(place.line)
    start = min(place.column - 1, len(line))
    end = place.end_column - 1 if place.end_line == place.line else len(line.rstrip())
    before, marked, after = clean(line[:start]), clean(line[start:end]), clean(line[max(start, end) :])
    if cells(before) > _WIDTH_MAX - _BEFORE_CARET:
        before = _CUT + _last_cells(before, _BEFORE_CARET)
    room = max(_BEFORE_CARET, _WIDTH_MAX - cells(before))
    marked = _first_cells(marked, room)
    after = _first_cells(after, max(0, room - cells(marked)))
    return Excerpt((before + marked + after).rstrip(), cells(before), max(1, cells(marked)))


def _harmless(character: str) -> bool:
    # wcwidth gives -1 for control characters; the others turn text around or cannot be encoded
    if "\u202a" <= character <= "\u202e" or "\u2066" <= character <= "\u2069" or "\ud800" <= character <= "\udfff":
        return False
    return wcwidth(character) >= 0


def _first_cells(text: str, limit: int) -> str:
    if cells(text) <= limit:
        return text
    used = 0
    for number, character in enumerate(text):
        used += max(0, wcwidth(character))
        if used > limit - 1:
            return text[:number] + _CUT
    return text


def _last_cells(text: str, limit: int) -> str:
    used = 0
    for number in range(len(text) - 1, -1, -1):
        used += max(0, wcwidth(text[number]))
        if used > limit:
            return text[number + 1 :]
    return text
