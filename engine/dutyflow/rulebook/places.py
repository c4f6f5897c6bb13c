"""Where something stands: a span in a file, and the text of the file it stands in."""

from __future__ import annotations

import re
from dataclasses import dataclass

# What the YAML parser counts as the end of a line; str.splitlines knows more of them and would drift.
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A span of one file: lines and columns are 1-based code points, the end column is exclusive.

    Line 0 means the file or folder as a whole (see `Place.whole`).
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    @classmethod
    def whole(cls, file: str) -> Place:
        """The file (or folder) itself, when no line of it is to blame."""
        return cls(file, 0, 0, 0, 0)

    @property
    def is_whole_file(self) -> bool:
        return self.line == 0

    def __str__(self) -> str:
        return self.file if self.is_whole_file else f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read: its path as shown to people, its text and its lines (without line ends)."""

    path: str
    text: str
    lines: tuple[str, ...]

    @classmethod
    def of(cls, path: str, text: str) -> Source:
        return cls(path, text, tuple(_LINE_BREAK.split(text)))

    def line(self, number: int) -> str:
        """The line with this 1-based number, or an empty string beyond the end."""
        return self.lines[number - 1] if 1 <= number <= len(self.lines) else ""

    def place(self, line: int, column: int, end_column: int | None = None) -> Place:
        """A span inside one line; by default one character."""
        return Place(self.path, line, column, line, column + 1 if end_column is None else end_column)

    def place_at(self, offset: int) -> Place:
        """The place of the character with this 0-based offset in the text."""
        before = _LINE_BREAK.split(self.text[:offset])
        return self.place(len(before), len(before[-1]) + 1)
