"""The report on assumed figures: as a table for people, as CSV for a spreadsheet, as JSON for machines."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import StringIO
from itertools import groupby

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dutyflow.rulebook.assumed import Assumed
from dutyflow.rulebook.load import Loaded
from dutyflow.rulebook.places import Place
from dutyflow.wording import say
from dutyflow_cli.render.excerpt import cells, clean
from dutyflow_cli.render.tables import draw, prose, width
from dutyflow_cli.settings import Settings

SCHEMA_VERSION = 1
CSV_COLUMNS = ("file", "line", "rulebooks", "keys", "title", "figures", "why")
_GAP = 2
_INDENT = 2
_FIGURE_MAX = 40
_WHY_MIN = 24


@dataclass(frozen=True, slots=True)
class Item:
    """An assumed figure and the rulebooks that it holds for."""

    assumed: Assumed
    rulebooks: tuple[str, ...]

    @property
    def keys(self) -> str:
        """The keys that lead to it, as people write them."""
        return ".".join(self.assumed.path)

    @property
    def figures(self) -> list[str]:
        """What stands beside the mark, each with its key."""
        return [f"{figure.key} {figure.text}" for figure in self.assumed.figures]

    def title(self, lang: str) -> str:
        """What the rulebook calls it; empty where it has no title."""
        return self.assumed.title[lang] if self.assumed.title else ""

    def why(self, lang: str) -> str:
        """Why it was chosen; empty where the rulebook does not say."""
        return self.assumed.why[lang] if self.assumed.why else ""


@dataclass(frozen=True, slots=True)
class Report:
    """The rulebooks that were looked at, and each assumed figure once."""

    rulebooks: tuple[str, ...]
    items: tuple[Item, ...]


def gather(loaded: Iterable[Loaded]) -> Report:
    """The assumed figures of some rulebooks, by file and line; what several of them inherit is there once."""
    names: list[str] = []
    found: dict[Place, tuple[Assumed, list[str]]] = {}
    for one in loaded:
        names.append(one.name)
        for assumed in one.assumed:
            found.setdefault(assumed.place, (assumed, []))[1].append(one.name)
    return Report(tuple(names), tuple(Item(assumed, tuple(held)) for _, (assumed, held) in sorted(found.items())))


def as_text(report: Report, settings: Settings) -> str:
    """A table for each file, and how many there are."""
    lang = settings.lang
    if not report.items:
        return say("cli_report.nothing_assumed", lang)
    count, books = len(report.items), len(report.rulebooks)
    rulebooks = say(f"cli_count.rulebook_{'one' if books == 1 else 'many'}", lang, count=books)
    total = say(f"cli_report.assumed_{'one' if count == 1 else 'many'}", lang, count=count, rulebooks=rulebooks)
    return draw([*_tables(report, lang), prose(total, width())], settings)


def as_csv(report: Report, settings: Settings) -> str:
    """One line for each figure under a line of names, which are the same in every language."""
    written = StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for item in report.items:
        place, lang = item.assumed.place, settings.lang
        books, figures = " ".join(item.rulebooks), "; ".join(item.figures)
        writer.writerow((place.file, place.line, books, item.keys, item.title(lang), figures, item.why(lang)))
    return written.getvalue().rstrip("\n")


def as_json(report: Report, settings: Settings) -> str:
    """One document, described by `schemas/output/report.schema.json`."""
    items = [
        {
            "file": item.assumed.place.file,
            "line": item.assumed.place.line,
            "column": item.assumed.place.column,
            "rulebooks": list(item.rulebooks),
            "keys": list(item.assumed.path),
            "title": item.title(settings.lang) or None,
            "figures": [{"key": figure.key, "text": figure.text} for figure in item.assumed.figures],
            "why": item.why(settings.lang) or None,
        }
        for item in report.items
    ]
    document = {
        "schema_version": SCHEMA_VERSION,
        "report": "assumed",
        "rulebooks": list(report.rulebooks),
        "items": items,
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


FORMATS: dict[str, Callable[[Report, Settings], str]] = {"text": as_text, "csv": as_csv, "json": as_json}


@dataclass(frozen=True, slots=True)
class _Columns:
    """How wide each column is; `why` 0 means that the reason stands on lines of its own."""

    line: int
    what: int
    figure: int
    why: int


def _tables(report: Report, lang: str) -> Iterator[RenderableType]:
    heads = [say(f"cli_report.{head}", lang) for head in ("line", "what", "figure", "why")]
    columns = _columns(report.items, heads, lang)
    for file, items in groupby(report.items, key=lambda item: item.assumed.place.file):
        yield Text(clean(file), style="bold")
        drawn = Table.grid(padding=(0, _GAP, 0, 0))
        drawn.add_column(width=columns.line, justify="right", overflow="fold")
        for size in (columns.what, columns.figure, columns.why):
            if size:
                drawn.add_column(width=size, overflow="fold")
        shown = heads if columns.why else [*heads[:-2], " / ".join(heads[-2:])]
        drawn.add_row(*(Text(head, style="dim") for head in shown))
        for item in items:
            drawn.add_row(*_row(item, columns, lang))
        yield Padding(drawn, (0, 0, 1, _INDENT))


def _row(item: Item, columns: _Columns, lang: str) -> list[Text]:
    title, why = clean(item.title(lang)), clean(item.why(lang))
    what = prose(title, columns.what) + Text("\n") if title else Text()
    figure = prose("\n".join(map(clean, item.figures)) or "-", columns.figure)
    row = [Text(str(item.assumed.place.line)), what + Text(clean(item.keys), style="dim"), figure]
    if columns.why:
        return [*row, prose(why or "-", columns.why)]
    if why:
        row[2] = figure + Text("\n") + prose(why, columns.figure, "italic")
    return row


def _columns(items: Iterable[Item], heads: list[str], lang: str) -> _Columns:
    """As wide as the longest text where there is room; the reason takes what is left."""
    texts: tuple[list[str], ...] = ([heads[0]], [heads[1]], [heads[2]])
    for item in items:
        texts[0].append(str(item.assumed.place.line))
        texts[1].extend((item.title(lang), item.keys))
        texts[2].extend(item.figures)
    line, what, figure = (max(map(cells, column)) for column in texts)
    room = width() - _INDENT - line - _GAP
    what = min(what, room * 3 // 5)
    figure = min(figure, _FIGURE_MAX)
    why = room - what - figure - 2 * _GAP
    return _Columns(line, what, figure, why) if why >= _WHY_MIN else _Columns(line, what, room - what - _GAP, 0)
