"""What a decision asks the world to do: open a child, tell a parent, send a notice, ask again elsewhere."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from dutyflow.kernel.ticket import AlarmKind


class OpenChild(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Open a ticket of another workflow for this one; refused children refuse the parent's command."""

    ticket: str
    workflow: str
    event: str
    actor: str
    data: Mapping[str, Any]
    source: str = ""


class TellParent(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """This ticket is over: tell the one that opened it."""

    parent: str
    child: str
    workflow: str
    outcome: str | None


class Resubmit(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The command belongs to another ticket: fire this event there instead."""

    ticket: str
    event: str
    actor: str
    data: Mapping[str, Any]
    reason: str | None = None


class Tell(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Fire an event on another ticket, as the system; where it is refused nothing happens."""

    ticket: str
    event: str
    data: Mapping[str, Any]
    source: str = ""


class Addressee(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A role, and those of its members who are on duty and free of conflict at that moment."""

    role: str
    members: tuple[str, ...] = ()


class Notice(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A warning, breach or escalation for people; held back until `deliver_at` when their quiet hours say so."""

    sla: str
    run: int
    kind: AlarmKind
    level: int
    at: datetime
    deliver_at: datetime
    to: Addressee


class Send(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A message by a template of the rulebook, held back until `deliver_at` when quiet hours say so.

    `values` are what the template's placeholders stand for, as the ticket held them at that moment.
    """

    template: str
    to: Addressee
    at: datetime
    deliver_at: datetime
    values: Mapping[str, Any] = {}


Effect = OpenChild | TellParent | Resubmit | Tell | Notice | Send
