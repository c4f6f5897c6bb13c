"""References in a story: `{ticket: name}` in the data of a scenario stands for the id that the ticket has by then."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from dutyflow.lab.node_checks import report_unknown
from dutyflow.lab.scenario import TicketName
from dutyflow.lab.simulation import Simulation
from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.nodes import Node

KEY = "ticket"


def with_tickets(
    node: Node, known: Iterable[str], findings: Findings, accept: Callable[[Any], Any] = lambda value: value
) -> Any:
    """The plain value in `node`, as `accept` takes it; references to tickets of the story are kept as names."""
    if _is_reference(node):
        return _name(node, known, findings)
    if node.is_list and any(_is_reference(item) for item in node.children):
        return tuple(with_tickets(item, known, findings) for item in node.children)
    return accept(node.plain())


def resolved(value: Any, simulation: Simulation) -> Any:
    """The value with the ids that the names stand for; a name that no ticket has yet stands for itself."""
    match value:
        case TicketName():
            return simulation.names.get(value.name, value.name)
        case list() | tuple():
            return type(value)(resolved(item, simulation) for item in value)
        case _:
            return value


def _is_reference(node: Node) -> bool:
    return node.is_map and list(node.keys()) == [KEY]


def _name(node: Node, known: Iterable[str], findings: Findings) -> TicketName:
    named = node.get(KEY)
    assert named is not None, "a reference has its key"
    names = list(known)
    if named.text not in names:
        report_unknown(findings, "DF248", named.place, named.text, names)
    return TicketName(named.text)
