"""Tables and wrapped text for a terminal: Chinese characters count two cells, nothing is coloured into a pipe."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import StringIO

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dutyflow_cli.render.excerpt import cells
from dutyflow_cli.settings import Settings

_WIDTH_OF_A_PIPE = 160
_WIDTH_MIN = 40
_WIDE = r"\u2e80-\u9fff\uff00-\uffef"
# A line may end after a Chinese character (with the marks that open before it and close after it), or after a blank.
_BEFORE = r"[“（《「]*"
_AFTER = r"[，。；：、！？）》”」…,.;:!?)]*"
TOKEN = re.compile(rf"\s*{_BEFORE}(?:[{_WIDE}“]|[^\s{_WIDE}“]+){_AFTER}|\s+")


def width() -> int:
    """How many cells a line has: COLUMNS, the terminal's, or plenty where nobody looks."""
    return max(_WIDTH_MIN, shutil.get_terminal_size((_WIDTH_OF_A_PIPE, 24)).columns)


def draw(parts: Iterable[RenderableType], settings: Settings, columns: int | None = None) -> str:
    """Turn what Rich can draw into text, one part under the other, without blanks at line ends."""
    colour = settings.wants_color(sys.stdout)
    console = Console(
        file=StringIO(),
        width=columns or width(),
        force_terminal=colour,
        color_system="standard" if colour else None,
        no_color=not colour,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    with console.capture() as captured:
        for part in parts:
            console.print(part, soft_wrap=False)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def table(heads: Sequence[str], rows: Iterable[Sequence[RenderableType]], *, indent: int = 0) -> RenderableType:
    """A table without lines; a cell that does not fit goes on below, in its column."""
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_header=any(heads))
    for head in heads:
        drawn.add_column(head, overflow="fold")
    for row in rows:
        drawn.add_row(*row)
    return Padding(drawn, (0, 0, 0, indent)) if indent else drawn


@dataclass(frozen=True, slots=True)
class Prose:
    """Text that is broken to whatever width it is given when it is drawn, in a table too."""

    text: str
    style: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield prose(self.text, options.max_width, self.style)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(1, cells(self.text)).with_maximum(options.max_width)


def indented(text: str | Text, by: int) -> Padding:
    """Text that begins, and goes on, some cells to the right."""
    return Padding(text if isinstance(text, Text) else Prose(text), (0, 0, 0, by))


def prose(text: str, size: int, style: str = "") -> Text:
    """Text broken into lines of at most `size` cells. Rich breaks at blanks only, which Chinese does not have."""
    return Text("\n".join(line for part in text.split("\n") for line in _wrapped(part, size)), style=style)


def _wrapped(text: str, size: int) -> list[str]:
    lines = [""]
    for token in TOKEN.findall(text):
        if cells(lines[-1] + token.rstrip()) > size and lines[-1].strip():
            lines[-1] = lines[-1].rstrip()
            lines.append(token.lstrip())
        else:
            lines[-1] += token
    return [line.rstrip() for line in lines]
