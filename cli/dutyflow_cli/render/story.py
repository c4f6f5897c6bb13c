"""Draws a story as a table: columns where there is room, lines below where there is none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from dutyflow.kernel.rules import Rules
from dutyflow.lab.simulation import MAIN, Simulation
from dutyflow.lab.story import Row, Source, tell
from dutyflow.lab.story_text import RowText, row_text, summary_text
from dutyflow.telling.teller import Teller
from dutyflow.wording import say
from dutyflow_cli.render.excerpt import cells, clean
from dutyflow_cli.render.tables import draw, prose, width
from dutyflow_cli.settings import Settings

_GAP = 2
_CLOCKS_MIN = 34
_CAPS = {"who": 12, "what": 24, "state": 18, "owner": 22}
_SMALL_CAPS = {"who": 9, "what": 18, "state": 14, "owner": 14}
_ALERTS = {"warning": ("! ", "yellow"), "breach": ("✗ ", "bold red"), "escalation": ("✗ ", "red")}
_LINES = {"denied": "red", "idle": "dim", "signed": "", "task": "", "lapsed": "dim", "child": ""}


@dataclass(frozen=True, slots=True)
class Told:
    """A row with its words, and for a refusal the name of what was asked and the line that refused."""

    row: Row
    text: RowText
    event: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Columns:
    """How wide each column is; `clocks` 0 means that clocks stand on lines of their own."""

    time: int
    elapsed: int
    who: int
    what: int
    state: int
    owner: int
    clocks: int

    @property
    def before_rest(self) -> int:
        """The cells before the column of who acts: there begin the lines that need room."""
        return self.time + self.elapsed + 2 * _GAP


def told(rows: Iterable[Row], source: Source, lang: str, *, ids: bool = False) -> list[Told]:
    """Rows with their words; with `ids`, events, states and clocks go by the names that the YAML uses."""
    return [_told(row, source.rules_of(row.ticket), lang, ids=ids) for row in rows]


def draw_story(source: Source, settings: Settings, *, ids: bool = False, since: int = 0) -> str:
    """The story from row `since` on, with the heads of its columns."""
    rows = told(tell(source)[since:], source, settings.lang, ids=ids)
    return draw(story_parts(rows, settings.lang, heads=not since), settings)


def story_parts(rows: Sequence[Told], lang: str, *, heads: bool = True) -> Iterator[RenderableType]:
    """One part for each line of the table."""
    names = {name: say(f"cli_story.{name}", lang) for name in ("time", "elapsed", "who", "what", "state", "owner")}
    clocks = say("cli_story.clocks", lang)
    columns = _columns(rows, names if heads else dict.fromkeys(names, ""), width())
    if heads:
        yield _line(columns, [Text(names[name], style="dim") for name in names], Text(clocks, style="dim"))
    before: Row | None = None
    for one in rows:
        again = before is not None and before.at == one.row.at and one.row.kind != "idle"
        yield from _row(one, columns, repeated=again)
        before = None if one.row.kind == "idle" else one.row


def result_line(simulation: Simulation, lang: str) -> str:
    """Where each ticket stands in the end, and how many warnings and breaches there were."""
    lines = []
    kinds = [row.kind for row in tell(simulation)]
    for name in simulation.names:
        head = "" if name == MAIN else f"{name}: "
        lines.append(head + summary_text(simulation, lang, ticket=name))
    counts = {key: sum(kind == key for kind in kinds) for key in ("event", "warning", "breach", "denied")}
    return say("cli_story.result", lang, result="; ".join(lines) or "-", **counts)


def _told(row: Row, rules: Rules, lang: str, *, ids: bool) -> Told:
    teller = Teller(rules, lang, row.workflow or None)
    text = row_text(row, teller)
    event = ""
    source = ""
    if row.kind == "denied":
        event = row.name if ids else teller.event(row.name)
        source = row.denial.source if row.denial else ""
    if ids and row.kind in ("event", "timer"):
        text = replace(text, what=row.name, state=row.state)
    if row.kind == "timer":
        text = replace(text, who=say("cli_story.by_itself", lang))
    if row.ticket not in ("", MAIN) and row.kind != "idle":
        text = replace(text, what=f"[{row.ticket}] {text.what}")
    return Told(row, _cleaned(text), clean(event), source)


def _cleaned(text: RowText) -> RowText:
    """Whatever people typed cannot steer the terminal."""
    return replace(
        text,
        who=clean(text.who),
        what=clean(text.what),
        owner=clean(text.owner),
        clocks=tuple(clean(clock) for clock in text.clocks),
    )


def _columns(rows: Sequence[Told], heads: dict[str, str], total: int) -> Columns:
    in_columns = [one for one in rows if one.row.kind in ("event", "timer", "denied")]

    def widest(name: str, cap: int) -> int:
        texts = [one.event if name == "what" and one.event else str(getattr(one.text, name)) for one in in_columns]
        return min(cap, max([cells(heads[name]), *(cells(text) for text in texts)]))

    time = max([cells(heads["time"]), *(cells(one.text.time) for one in rows)])
    elapsed = max([cells(heads["elapsed"]), *(cells(one.text.elapsed) for one in rows)])
    longest = max([0, *(cells(clock) for one in rows for clock in one.text.clocks)])
    for caps, clocks in ((_CAPS, True), (_SMALL_CAPS, True), (_CAPS, False), (_SMALL_CAPS, False)):
        who, what, state, owner = (widest(name, caps[name]) for name in ("who", "what", "state", "owner"))
        room = total - (time + elapsed + who + what + state + owner + 6 * _GAP)
        if room >= (min(_CLOCKS_MIN, longest) if clocks else 0):
            break
    return Columns(time, elapsed, who, what, state, owner, room if clocks else 0)


def _row(one: Told, columns: Columns, *, repeated: bool) -> Iterator[RenderableType]:
    text = one.text
    time, elapsed = ("", "") if repeated else (text.time, text.elapsed)
    if one.row.kind in _ALERTS:
        sign, style = _ALERTS[one.row.kind]
        yield _wide(columns, time, elapsed, sign, Text(text.what, style=style))
    elif one.row.kind == "idle":
        yield _wide(columns, "", "", "~~~ ", Text(text.what + " ~~~", style="dim"))
    elif one.row.kind == "denied":
        yield _line(
            columns, [Text(part) for part in (time, elapsed, text.who, one.event, text.state, text.owner)], Text()
        )
        yield _wide(columns, "", "", "- ", Text(text.what, style="red"))
        if one.source:
            yield _wide(columns, "", "", "  ", Text(one.source, style="dim"))
    elif one.row.kind in ("event", "timer"):
        cells_ = [Text(part) for part in (time, elapsed, text.who, text.what, text.state, text.owner)]
        yield _line(columns, cells_, Text("\n".join(text.clocks)))
        if not columns.clocks:
            yield from (_wide(columns, "", "", "", Text(clock, style="dim")) for clock in text.clocks)
    else:
        yield _wide(columns, time, elapsed, "", Text(text.what, style=_LINES.get(one.row.kind, "")))
    if one.row.reason and one.row.kind in ("event", "denied"):
        yield _wide(columns, "", "", "“", Text(clean(one.row.reason) + "”", style="italic"))


def _line(columns: Columns, parts: Sequence[Text], clocks: Text) -> Table:
    grid = Table.grid(padding=(0, _GAP, 0, 0))
    widths = (columns.time, columns.elapsed, columns.who, columns.what, columns.state, columns.owner)
    for size in widths:
        grid.add_column(width=size, overflow="fold")
    if columns.clocks:
        grid.add_column(width=columns.clocks, overflow="fold")
        grid.add_row(*parts, clocks)
    else:
        grid.add_row(*parts)
    return grid


def _wide(columns: Columns, time: str, elapsed: str, sign: str, text: Text) -> Table:
    """A line whose text may use everything right of the elapsed time; it goes on below its own beginning."""
    grid = Table.grid(padding=(0, 0, 0, 0))
    grid.add_column(width=columns.time + _GAP)
    grid.add_column(width=columns.elapsed + _GAP)
    if sign:
        grid.add_column(width=cells(sign))
    grid.add_column(overflow="fold")
    room = width() - columns.before_rest - cells(sign)
    lines = prose(text.plain, room, str(text.style))
    grid.add_row(time, elapsed, *([Text(sign, style=text.style)] if sign else []), lines)
    return grid
