"""Small checks that the readers of scenarios share: keys that mean nothing, names that nobody declares."""

from __future__ import annotations

from collections.abc import Iterable

from dutyflow.rulebook.findings import Findings, closest
from dutyflow.rulebook.nodes import Node
from dutyflow.rulebook.places import Place
from dutyflow.telling.moments import MomentError


def check_keys(node: Node, keys: Iterable[str], findings: Findings) -> None:
    """Report the keys of a mapping that mean nothing here."""
    allowed = list(keys)
    for key, place, _ in node.items():
        if key not in allowed:
            free = [name for name in allowed if node.get(name) is None]
            allowed_words = ", ".join(f"`{name}`" for name in free) or None
            findings.add("DF101", place, key=key, suggestion=closest(key, free), allowed=allowed_words)


def report_unknown(
    findings: Findings, code: str, place: Place, name: str, known: Iterable[str], **values: object
) -> None:
    """Report a name that nobody declares, with the one that was probably meant."""
    names = list(dict.fromkeys(known))
    allowed = ", ".join(f"`{item}`" for item in names) or None
    findings.add(code, place, name=name, suggestion=closest(name, names), allowed=allowed, related=(), **values)


def report_moment(findings: Findings, place: Place, error: MomentError) -> None:
    """Report a text that is not a moment."""
    findings.add(error.code, place, related=(), **error.values)
