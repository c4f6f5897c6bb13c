"""What a host may plug in: people, the time, where notices go, who counts. The whole extension surface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

MessageKind = Literal["warning", "breach", "escalation", "message"]
Outcome = Literal["delivered", "retried", "dead"]


class Directory(Protocol):
    """Knows the people: a rulebook's own members, or those of the service that embeds dutyflow."""

    def roles_of(self, person: str, at: datetime) -> frozenset[str]:
        """The roles that a person, an external party or `system` holds; empty for a stranger."""
        ...

    def members_of(self, role: str, at: datetime) -> tuple[str, ...]:
        """Those who hold the role and are on duty at `at`, sorted by id."""
        ...

    def skill_of(self, person: str, skill: str) -> int:
        """The level of a member's skill; 0 for none."""
        ...


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The present instant, aware, in whole seconds."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something that people must hear: a warning, a breach, an escalation, or a message by a template.

    `id` stays the same however often it is delivered: receivers use it to recognise what they have already. `text` is
    the sentence in `zh` and `en`. `values` are plain JSON; private fields are left out of them and of the text.
    `clock` and `due_at` belong to alarms, `template` and `channel` to messages.
    """

    id: str
    kind: MessageKind
    at: datetime
    deliver_at: datetime
    ticket: str
    workflow: str
    rulebook: str
    role: str
    members: tuple[str, ...]
    text: Mapping[str, str]
    clock: str | None = None
    level: int = 0
    due_at: datetime | None = None
    template: str | None = None
    channel: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    attempt: int = 1


class Handler(Protocol):
    """Takes messages to the world: a webhook, a mail server, a chat. Delivery is at least once, in no fixed order."""

    @property
    def name(self) -> str:
        """A short name, the same after a restart: what a handler has taken is not given to it again."""
        ...

    def deliver(self, message: Message) -> None:
        """Hand the message over and return once it has been accepted.

        Raises `DeliveryError`; with `final=True` no further try is made. Any other exception counts as one to try
        again. Called without a lock or a transaction held, and by one thread at a time.
        """
        ...


class Observer(Protocol):
    """Hears how much is done and how long it takes, never what a ticket says. It is called by any thread, at any time,
    and neither blocks nor raises.
    """

    def answered(self, workflow: str, *, denied: bool) -> None:
        """A command was answered, and what came of it is kept."""
        ...

    def conflicted(self) -> None:
        """A transaction is tried again because another process was quicker."""
        ...

    def fired(self, events: int) -> None:
        """So many events happened because their time had come."""
        ...

    def handed_over(self, handler: str, outcome: Outcome) -> None:
        """A handler took a message, will be given it again, or will not be."""
        ...

    def turned(self, loop: str, seconds: float, *, failed: bool) -> None:
        """A loop of a worker (`timers` or `messages`) has done a round."""
        ...
