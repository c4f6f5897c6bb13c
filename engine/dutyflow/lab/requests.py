"""What somebody asks for in a story: an event, or by its name one of the requests that need none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from dutyflow.kernel.commands import BUILT_IN, Amend, Assign, Comment, Fire
from dutyflow.kernel.rules import Workflow

_WORDS = {"comment": ("text",), "assign": ("member",)}
"""What comes with a request that brings no fields."""


def is_built_in(name: str, workflow: Workflow) -> bool:
    """Whether a name means a request that needs no event; an event of that name goes first."""
    return name in BUILT_IN and name not in workflow.steps


def words_of(name: str, workflow: Workflow) -> Collection[str]:
    """The names that may stand in the data: the fields, or the words of the request."""
    return _WORDS.get(name, workflow.fields) if is_built_in(name, workflow) else workflow.fields


def request(
    name: str, workflow: Workflow, actor: str, data: Mapping[str, Any], reason: str | None
) -> Fire | Amend | Comment | Assign:
    """The command for a ticket of a workflow."""
    match name if is_built_in(name, workflow) else "":
        case "amend":
            return Amend(actor=actor, data=data, reason=reason)
        case "comment":
            return Comment(actor=actor, text=data.get("text") or "")
        case "assign":
            return Assign(actor=actor, member=data.get("member") or None, reason=reason)
        case _:
            return Fire(event=name, actor=actor, data=data, reason=reason)
