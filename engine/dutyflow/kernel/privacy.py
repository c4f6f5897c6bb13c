"""Who may see which values: masks those of private fields in tickets, histories, refusals and messages."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, TypeVar, get_args, get_origin

import msgspec
from msgspec.structs import replace

from dutyflow.kernel.denials import Denial
from dutyflow.kernel.events import Event
from dutyflow.kernel.guards import is_blank
from dutyflow.kernel.rules import Field, Rules, Workflow
from dutyflow.kernel.ticket import Ticket

MASK = "***"
"""Stands where somebody may know that there is a value, but not which. What is empty stays empty."""

_WORD = re.compile(r"\w+")

Record = TypeVar("Record", bound=msgspec.Struct)


def may_see(field: Field, roles: frozenset[str]) -> bool:
    """Whether somebody who holds these roles may see what a field holds."""
    return not field.private or bool(field.seen_by & roles)


def hidden_fields(workflow: Workflow, roles: frozenset[str]) -> frozenset[str]:
    """The fields of a workflow that these roles may not see; with no roles, all private ones."""
    return frozenset(name for name, field in workflow.fields.items() if not may_see(field, roles))


def masked_ticket(ticket: Ticket, rules: Rules, roles: frozenset[str]) -> Ticket:
    """The ticket as these roles may see it; the ticket itself when nothing is hidden from them."""
    return masked(ticket, hidden_fields(rules.workflows[ticket.workflow], roles))


def masked_history(events: Iterable[Event], workflow: Workflow, roles: frozenset[str]) -> tuple[Event, ...]:
    """A ticket's events as these roles may see them; replayed, they give the masked ticket."""
    hidden = hidden_fields(workflow, roles)
    return tuple(masked(event, hidden) for event in events)


def masked_denial(denial: Denial, workflow: Workflow, roles: frozenset[str]) -> Denial:
    """A refusal as these roles may see it: why, but not what a private field holds or was to hold."""
    hidden = hidden_fields(workflow, roles)
    if not hidden:
        return denial
    follow = masked(denial.follow, hidden) if denial.follow is not None else None
    return replace(denial, values=masked_values(denial.values, _telling(denial.values, hidden)), follow=follow)


def masked(record: Record, hidden: frozenset[str]) -> Record:
    """A record with the values of hidden fields masked, wherever it holds values by the name of their field.

    Fits tickets, events, and the effects that carry such values (what a message by a template says, for instance).
    """
    changes = {}
    for name in value_holders(type(record)) if hidden else ():
        values = getattr(record, name)
        if values and not hidden.isdisjoint(values):
            changes[name] = masked_values(values, hidden)
    return replace(record, **changes) if changes else record


def masked_values(values: Mapping[str, Any], hidden: frozenset[str]) -> dict[str, Any]:
    """The values by their names, those of hidden names masked."""
    return {name: MASK if name in hidden and not is_blank(value) else value for name, value in values.items()}


@cache
def value_holders(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """The attributes of a record in which values stand by the name of their field, told by their shape.

    Names by name (`Fired.remember`) are none: a mapping of anything else is, so that no new kind is forgotten.
    """
    return tuple(field.name for field in msgspec.structs.fields(kind) if _holds_values(field.type))


def _holds_values(annotation: Any) -> bool:
    if get_origin(annotation) is Mapping:
        return get_args(annotation)[1] is not str
    return any(map(_holds_values, get_args(annotation)))


def _telling(values: Mapping[str, Any], hidden: frozenset[str]) -> frozenset[str]:
    """What in the values of a refusal would tell what a hidden field holds."""
    about = {"value", "person"} if values.get("field") in hidden else set()
    judged = _WORD.findall(str(values.get("rule", "")))
    return frozenset(about if hidden.isdisjoint(judged) else {*about, "bound"})
