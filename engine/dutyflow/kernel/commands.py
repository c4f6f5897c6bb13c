"""What the kernel is asked: open a ticket, fire an event, let time pass, take note of a child's end."""

from collections.abc import Mapping
from typing import Any

import msgspec


class Open(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Open a ticket under `ticket`, an id the runner chose, by an opening event of the workflow."""

    ticket: str
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


class Tick(msgspec.Struct, frozen=True, gc=False):
    """Time has come to the ticket's next due moment."""


class ChildEnded(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A ticket that this one opened has reached a final state."""

    child: str
    workflow: str
    outcome: str | None


Command = Open | Fire | Tick | ChildEnded
