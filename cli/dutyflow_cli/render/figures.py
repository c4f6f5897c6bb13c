"""Metrics and statistics for people, for a spreadsheet and for machines: shares with targets, tables with totals."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import RenderableType
from rich.text import Text

from dutyflow.kernel.rules import Rules
from dutyflow.lab.report import Figure, Table, figures_of, tables_of
from dutyflow.lab.simulation import Simulation
from dutyflow.rulebook.compile.reports import Reports
from dutyflow.telling.teller import Teller
from dutyflow.wording import say
from dutyflow_cli.render.excerpt import clean
from dutyflow_cli.render.tables import draw, prose, table, width
from dutyflow_cli.settings import Settings

SCHEMA_VERSION = 1
METRIC_COLUMNS = (
    *("metric", "title", "workflow", "sum", "numerator", "denominator"),
    *("excluded", "value", "target", "reached"),
)
STATISTIC_COLUMNS = ("statistic", "title", "workflow", "sum", "row", "column", "value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a rulebook wants counted, counted at one moment of one story."""

    rules: Rules
    at: datetime
    figures: tuple[Figure, ...]
    tables: tuple[Table, ...]


def count(simulation: Simulation, reports: Reports) -> Counted:
    """Everything for the tickets of a simulation, where its clock stands."""
    return Counted(
        rules=simulation.rules,
        at=simulation.now.astimezone(ZoneInfo(simulation.rules.zone)),
        figures=figures_of(simulation, reports),
        tables=tables_of(simulation, reports),
    )


# --- metrics ----------------------------------------------------------------------------------------------------


def metrics_text(counted: Counted, settings: Settings) -> str:
    """One line for each metric: the share, of how much, what was left out, and whether the target is reached."""
    lang = settings.lang
    if not counted.figures:
        return say("cli_report.no_metrics", lang)
    heads = [say(f"cli_report.{head}", lang) for head in ("metric", "share", "counted", "excluded", "target")]
    return draw([table(heads, [_figure_row(figure, lang) for figure in counted.figures])], settings)


def metrics_csv(counted: Counted, settings: Settings) -> str:
    """One line for each metric."""
    return _csv(METRIC_COLUMNS, ((*_figure(figure, settings).values(),) for figure in counted.figures))


def metrics_json(counted: Counted, settings: Settings) -> str:
    """One document, described by `schemas/output/report.schema.json`; amounts are texts, so that they stay exact."""
    return _json("metrics", counted, [_figure(figure, settings) for figure in counted.figures])


def _figure_row(figure: Figure, lang: str) -> list[str | Text]:
    of = f"{_number(figure.numerator)} / {_number(figure.denominator)}"
    target = "-" if figure.metric.target is None else _percent(figure.metric.target)
    mark = {True: " ✓", False: " ✗", None: ""}[figure.reached]
    style = {True: "green", False: "red", None: ""}[figure.reached]
    title = clean(figure.metric.title.get(lang) or figure.metric.id)
    return [title, _percent(figure.value), of, _number(figure.excluded), Text(target + mark, style=style)]


def _figure(figure: Figure, settings: Settings) -> dict[str, Any]:
    metric = figure.metric
    return {
        "metric": metric.id,
        "title": metric.title.get(settings.lang, metric.id),
        "workflow": metric.workflow,
        "sum": metric.sum,
        "numerator": _number(figure.numerator),
        "denominator": _number(figure.denominator),
        "excluded": _number(figure.excluded),
        "value": None if figure.value is None else _number(figure.value),
        "target": None if metric.target is None else _number(metric.target),
        "reached": figure.reached,
    }


# --- statistics -------------------------------------------------------------------------------------------------


def statistics_text(counted: Counted, settings: Settings) -> str:
    """A table with totals for each statistic."""
    if not counted.tables:
        return say("cli_report.no_statistics", settings.lang)
    return draw(list(_drawn(counted, settings.lang)), settings)


def statistics_csv(counted: Counted, settings: Settings) -> str:
    """One line for each number; totals are left to the spreadsheet."""
    rows = (
        (statistic, one["title"], one["workflow"], one["sum"], cell["row"], cell["column"], cell["value"])
        for one in (_statistic(found, settings) for found in counted.tables)
        for statistic in (one["statistic"],)
        for cell in one["cells"]
    )
    return _csv(STATISTIC_COLUMNS, rows)


def statistics_json(counted: Counted, settings: Settings) -> str:
    """One document, described by `schemas/output/report.schema.json`."""
    return _json("statistics", counted, [_statistic(found, settings) for found in counted.tables])


def _drawn(counted: Counted, lang: str) -> Iterator[RenderableType]:
    for number, found in enumerate(counted.tables):
        statistic = found.statistic
        teller = Teller(counted.rules, lang, statistic.workflow)
        heading = prose(clean(statistic.title.get(lang) or statistic.id), width(), "bold")
        yield Text("\n") + heading if number else heading
        total = say("cli_report.total", lang)
        columns = found.columns if statistic.columns else ()
        heads = [_heading(statistic.rows, teller), *(_value(column, statistic.columns, teller) for column in columns)]
        rows = [_cells(found, row, columns, teller) for row in found.rows]
        last = [total, *(_number(found.column_total(column)) for column in columns), _number(found.total)]
        yield table([*heads, total], [*rows, last], indent=2)


def _cells(found: Table, row: Any, columns: Sequence[Any], teller: Teller) -> list[str]:
    cells = [_number(found.cell(row, column)) for column in columns]
    return [_value(row, found.statistic.rows, teller), *cells, _number(found.row_total(row))]


def _heading(name: str, teller: Teller) -> str:
    return say(f"cli_report.{name}", teller.lang) if name in ("state", "outcome") else clean(teller.field(name))


def _value(value: Any, name: str | None, teller: Teller) -> str:
    if value is not None and name == "state":
        return clean(teller.state(str(value)))
    if value is not None and name == "outcome":
        return clean(teller.outcome(str(value)))
    return "-" if value is None else clean(teller.value(value))


def _statistic(found: Table, settings: Settings) -> dict[str, Any]:
    statistic = found.statistic
    return {
        "statistic": statistic.id,
        "title": statistic.title.get(settings.lang, statistic.id),
        "workflow": statistic.workflow,
        "sum": statistic.sum,
        "rows": statistic.rows,
        "columns": statistic.columns,
        "cells": [
            {"row": _plain(row), "column": _plain(column), "value": _number(found.cells[row, column])}
            for row in found.rows
            for column in found.columns
            if (row, column) in found.cells
        ],
        "row_totals": [{"row": _plain(row), "value": _number(found.row_total(row))} for row in found.rows],
        "column_totals": [
            {"column": _plain(column), "value": _number(found.column_total(column))}
            for column in (found.columns if statistic.columns else ())
        ],
        "total": _number(found.total),
    }


# --- both -------------------------------------------------------------------------------------------------------

METRICS: dict[str, Callable[[Counted, Settings], str]] = {
    "text": metrics_text,
    "csv": metrics_csv,
    "json": metrics_json,
}
STATISTICS: dict[str, Callable[[Counted, Settings], str]] = {
    "text": statistics_text,
    "csv": statistics_csv,
    "json": statistics_json,
}


def _csv(columns: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> str:
    written = StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(tuple(_cell(value) for value in row) for row in rows)
    return written.getvalue().rstrip("\n")


def _cell(value: Any) -> Any:
    """A value of a spreadsheet: yes and no as every other output writes them."""
    return str(value).lower() if isinstance(value, bool) else value


def _json(report: str, counted: Counted, items: list[dict[str, Any]]) -> str:
    document = {
        "schema_version": SCHEMA_VERSION,
        "report": report,
        "rulebook": counted.rules.name,
        "at": counted.at.isoformat(),
        "items": items,
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _plain(value: Any) -> str | None:
    return None if value is None else str(value)


def _number(value: Decimal) -> str:
    """A number without an exponent and without zeros that say nothing."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _percent(value: Decimal | None) -> str:
    return "-" if value is None else f"{value * 100:.2f}".rstrip("0").rstrip(".") + "%"
