"""Scripts for the telephone: each leads from line to line, for events that exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dutyflow.checks.subject import Book
from dutyflow.rulebook.findings import closest
from dutyflow.rulebook.nodes import Node


def lines_that_do_not_exist(book: Book) -> None:
    """DF257: a script goes on with a line that it does not have."""
    for name, script in _scripts(book):
        lines = script.get("lines")
        known = list(lines.keys()) if lines else []
        for node in _next_lines(script):
            if node.text not in known:
                near = closest(node.text, known)
                book.report("DF257", node.place, script=name, name=node.text, suggestion=near)


def scripts_for_nothing(book: Book) -> None:
    """DF209, DF202: a script belongs to a workflow or an event that does not exist."""
    for _, script in _scripts(book):
        belongs = script.get("for")
        named = belongs.get("workflow") if belongs else None
        if belongs is None or named is None:
            continue
        workflow = book.rules.workflows.get(named.text)
        if workflow is None:
            _report_unknown(book, "DF209", named, book.rules.workflows)
            continue
        for node in _items(belongs.get("events")):
            if node.text not in workflow.steps:
                _report_unknown(book, "DF202", node, workflow.steps)


def _report_unknown(book: Book, code: str, node: Node, known: Iterable[str]) -> None:
    book.report(code, node.place, name=node.text, suggestion=closest(node.text, known))


def _scripts(book: Book) -> Iterator[tuple[str, Node]]:
    raw = book.loaded.raw
    for name, declaration in (raw.sections.get("scripts", {}) if raw else {}).items():
        yield name, declaration.node


def _next_lines(script: Node) -> Iterator[Node]:
    """Every place in a script that names a line."""
    yield from _items(script.get("start"))
    lines = script.get("lines")
    for _, _, line in lines.items() if lines else ():
        yield from _items(line.get("next"))
        answers = line.get("answers")
        for _, _, target in answers.items() if answers else ():
            yield from _items(target.get("next") if target.is_map else target)


def _items(node: Node | None) -> Iterator[Node]:
    if node is not None:
        yield from node.children if node.is_list else [node]
