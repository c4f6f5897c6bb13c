"""What the kernel is asked: open a ticket, fire an event, correct, note down, assign, let time pass, a child's end."""

from collections.abc import Mapping
from typing import Any

import msgspec


class Open(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Open a ticket by an opening event of the workflow, under the id `ticket`; an engine gives one if it is empty."""

    ticket: str = ""
    workflow: str
    event: str
    actor: str
    data: Mapping[str, Any] = {}
    reason: str | None = None
    parent: str | None = None


class Fire(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Ask for an event on a ticket that exists."""

    event: str
    actor: str
    data: Mapping[str, Any] = {}
    reason: str | None = None


class Amend(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Correct values of fields; the reason is mandatory. No event need be declared for it, nor for the next two."""

    actor: str
    data: Mapping[str, Any] = {}
    reason: str | None = None


class Comment(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Note something down on a ticket, open or closed."""

    actor: str
    text: str


class Assign(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Name the person who owns the present state; `member` None gives it back to the role."""

    actor: str
    member: str | None = None
    reason: str | None = None


class Tick(msgspec.Struct, frozen=True, gc=False):
    """Time has come to the ticket's next due moment."""


class ChildEnded(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A ticket that this one opened has reached a final state."""

    child: str
    workflow: str
    outcome: str | None


Request = Open | Fire | Amend | Comment | Assign
"""What people and other systems ask for; the rest comes from time and from other tickets."""

Command = Request | Tick | ChildEnded

BUILT_IN = ("amend", "comment", "assign")
"""The names under which requests that are no event are known: in rulebooks, denials, the audit trail and scenarios."""


def name_of(request: Request) -> str:
    """The event that is asked for, or the name of the request itself."""
    return request.event if isinstance(request, Open | Fire) else type(request).__name__.lower()
