"""Finds full-width punctuation, as Chinese input methods type it, where YAML was meant to see its own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.nodes import Node
from dutyflow.rulebook.places import Place, Source

# Lower-case identifiers only: `VIP：优先处理` is ordinary text, `title：投诉` is a key that went wrong.
_KEY_AT_START = re.compile(r"[a-z_][a-z0-9_-]*\s*(：)")
_KEY_AFTER_COMMA = re.compile(r"(，)\s*[a-z_][a-z0-9_-]*\s*(?:：|:|$)")
_QUOTE_PAIRS = {"“": "”", "”": "”", "‘": "’", "＂": "＂", "＇": "＇"}
_WIDE = re.compile("[：，“”‘’＂＇]")
_ASCII = {"：": ":", "，": ","}


def check_punctuation(root: Node, findings: Findings) -> None:
    """Warn about unquoted text that looks like a key with `：`, an entry after `，`, or text in `“ ”`."""
    source = findings.sources[root.file]
    if not _WIDE.search(source.text):
        return
    for scalar, is_key in _plain_scalars(root, source):
        text = scalar.text
        found = _KEY_AT_START.match(text) or _KEY_AFTER_COMMA.search(text)
        if found and (is_key or _own_line(scalar, source.line(scalar.span[0])) or found[1] == "，"):
            _report(scalar, found.start(1), found[1], findings)
        elif not is_key and len(text) > 1 and _QUOTE_PAIRS.get(text[0]) == text[-1]:
            findings.add("DF022", scalar.place, text=text, inner=text[1:-1])


def _report(scalar: Node, offset: int, character: str, findings: Findings) -> None:
    line, column, end_line, _ = scalar.span
    place = scalar.place
    if end_line == line:
        place = Place(scalar.file, line, column + offset, line, column + offset + 1)
    findings.add("DF009", place, character=character, ascii=_ASCII[character])


def _own_line(scalar: Node, line: str) -> bool:
    """True if nothing stands before the text on its line, except the dash of a list."""
    return line[: scalar.span[1] - 1].strip(" -{[") == ""


def _plain_scalars(root: Node, source: Source) -> Iterator[tuple[Node, bool]]:
    """Every unquoted text with a wide character, keys too, each once however often it is aliased."""
    todo, seen = [root], set()
    while todo:
        node = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if node.kind == "scalar":
            if not node.quoted and _WIDE.search(node.text):
                yield node, False
            continue
        todo += node.children
        for key, (span, child) in node.entries.items():
            if _WIDE.search(key) and source.line(span[0])[span[1] - 1 : span[1]] not in "\"'":
                yield Node("scalar", node.file, span, text=key), True
            todo.append(child)
