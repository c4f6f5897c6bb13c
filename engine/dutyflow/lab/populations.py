"""Steps of a scenario that are about many tickets: rows that open them, numbers in texts, ranges of names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dutyflow.kernel.denials import ORDER
from dutyflow.lab.node_checks import check_keys, report_unknown
from dutyflow.lab.scenario import Population, RefusedRow
from dutyflow.lab.simulation import MAIN
from dutyflow.lab.ticket_names import with_tickets
from dutyflow.rulebook.compile.context import items_of, text_of
from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.folder import is_inside
from dutyflow.rulebook.nodes import Node
from dutyflow.runtime.batch import WHYS
from dutyflow.runtime.rows import ROWS_MAX, RowsError, read_rows
from dutyflow.wording import Phrase

REFUSED_KEYS = ("row", "why", "first")

_NUMBER = re.compile(r"\{n(?::0([1-9]))?\}")
_RANGE = re.compile(r"(.+)-([0-9]{1,6})\.\.(.+)-([0-9]{1,6})")


# --- names and numbers ------------------------------------------------------------------------------------------


def tickets_of(node: Node, findings: Findings) -> tuple[str, ...]:
    """The tickets that a step is done on: one, those that `for` lists, or as many new ones as `times` says.

    None, and a finding, for a range that is none.
    """
    several, times = node.get("for"), node.get("times")
    if several is not None:
        return tuple(name for item in items_of(several) for name in _names(item, findings))
    base = text_of(node.get("ticket"), MAIN)
    count = times.value if times is not None and isinstance(times.value, int) else None
    return (base,) if count is None else names_from(base, count) or (base,)


def names_from(base: str, count: int) -> tuple[str, ...]:
    """The names of tickets that are opened together."""
    return tuple(f"{base}-{number}" for number in range(1, count + 1))


def numbered(value: Any, number: int) -> Any:
    """The value with the running number where a text says `{n}`, or `{n:03}` for at least three digits."""
    match value:
        case str():
            return _NUMBER.sub(lambda found: str(number).zfill(int(found[1] or 0)), value)
        case list() | tuple():
            return type(value)(numbered(item, number) for item in value)
        case _:
            return value


def _names(item: Node, findings: Findings) -> Iterable[str]:
    """The name, or all names of a range such as `late-1..late-20`."""
    if ".." not in item.text:
        return (item.text,)
    found = _RANGE.fullmatch(item.text)
    first, last = (int(found[2]), int(found[4])) if found else (1, 0)
    if found is None or found[1] != found[3] or not first <= last < first + ROWS_MAX:
        findings.add("DF127", item.place, problem=Phrase.of("rows.no_range", text=item.text))
        return ()
    return (f"{found[1]}-{number}" for number in range(first, last + 1))


# --- rows -------------------------------------------------------------------------------------------------------


class RowsReader:
    """Reads `rows`, `key` and `refused` of one step. Files lie in the rulebook, named as seen from the scenario."""

    def __init__(self, findings: Findings, *, root: Path, fields: Iterable[str], workflow: str) -> None:
        self.findings = findings
        self.root = root
        self.fields = list(fields)
        self.workflow = workflow

    def read(self, step: Node, common: Mapping[str, Any], tickets: Iterable[str]) -> Population | None:
        """The rows over what they have in common; None, and a finding, when they cannot be used."""
        node, key = step.get("rows"), step.get("key")
        assert node is not None, "only asked for steps with rows"
        rows = self._listed(node, tickets) if node.is_list else self._filed(node)
        if key is None:
            self.findings.add("DF124", node.place, key="key")
            return None
        self._check_field(key.text, key)
        if not rows:
            return None
        whole = tuple({**_numbered_all(common, number), **row} for number, row in enumerate(rows, start=1))
        return Population(rows=whole, key=key.text, refused=tuple(self._refused(step.get("refused"), len(rows))))

    def _listed(self, node: Node, tickets: Iterable[str]) -> list[Mapping[str, Any]]:
        known = list(tickets)
        for row in node.children:
            for name, _, cell in row.items():
                self._check_field(name, cell)
        if not node.children:
            self._report(node, Phrase.of("rows.none"))
        return [{name: with_tickets(cell, known, self.findings) for name, _, cell in r.items()} for r in node.children]

    def _filed(self, node: Node) -> list[Mapping[str, Any]]:
        path = Path(node.file).parent / node.text
        if not is_inside(path, self.root):
            self.findings.add("DF013", node.place, target=node.text, root=self.root.as_posix())
            return []
        try:
            rows = read_rows(path)
        except RowsError as error:
            self._report(node, Phrase.of("rows.in_file", file=node.text, problem=error.problem))
            return []
        if not rows:
            self._report(node, Phrase.of("rows.in_file", file=node.text, problem=Phrase.of("rows.none")))
        for name in dict.fromkeys(name for row in rows for name in row):
            self._check_field(name, node)
        return list(rows)

    def _refused(self, node: Node | None, count: int) -> Iterator[RefusedRow]:
        """Numbers alone, or with the reason."""
        for item in items_of(node):
            row, why, first = (item.get(key) for key in REFUSED_KEYS) if item.is_map else (item, None, None)
            if item.is_map:
                check_keys(item, REFUSED_KEYS, self.findings)
            number = _whole(row)
            if number is None or not 1 <= number <= count:
                self._report(item, Phrase.of("rows.no_row", count=count))
                continue
            if why is not None and why.text not in (*WHYS, *ORDER):
                report_unknown(self.findings, "DF247", why.place, why.text, (*WHYS, *ORDER))
            yield RefusedRow(number=number, why=text_of(why) or None, first=_whole(first), place=item.place)

    def _check_field(self, name: str, node: Node) -> None:
        if name not in self.fields:
            report_unknown(self.findings, "DF245", node.place, name, self.fields, workflow=self.workflow)

    def _report(self, node: Node, problem: Phrase) -> None:
        self.findings.add("DF127", node.place, problem=problem)


def _numbered_all(data: Mapping[str, Any], number: int) -> dict[str, Any]:
    return {name: numbered(value, number) for name, value in data.items()}


def _whole(node: Node | None) -> int | None:
    value = node.value if node is not None else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
