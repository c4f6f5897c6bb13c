"""Recognises text without quotes that a comma has cut: in `{zh: 您好,欢迎}` the word after it became a key."""

from __future__ import annotations

from dutyflow.rulebook.nodes import Node
from dutyflow.rulebook.places import Source


def cut_texts(node: Node, source: Source | None) -> dict[str, str]:
    """The keys of a mapping that are really the rest of the text before them, each with the whole text."""
    if source is None:
        return {}
    found: dict[str, str] = {}
    pieces: list[str] = []
    start: Node | None = None  # the value that the text begins with
    for key, (span, value) in node.entries.items():
        line = source.line(span[0])
        if start is not None and start.span[0] == span[2] and _is_rest(line, span[1], span[3], value):
            pieces.append(key)
            found |= dict.fromkeys(pieces, line[start.span[1] - 1 : span[3] - 1])
        else:
            pieces = []
            start = value if value.is_scalar and value.text and not value.quoted else None
    return found


def _is_rest(line: str, begin: int, end: int, value: Node) -> bool:
    """A key after a comma with neither a colon nor a value."""
    nothing = value.is_scalar and not value.text and not value.quoted
    return nothing and line[: begin - 1].rstrip().endswith(",") and line[end - 1 :].lstrip()[:1] in (",", "}", "")
