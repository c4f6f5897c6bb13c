"""What the kernel must be told from outside one ticket: who holds which role, and which tickets look alike."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

if TYPE_CHECKING:
    from dutyflow.kernel.ticket import Ticket


class Lookalike(msgspec.Struct, frozen=True, kw_only=True):
    """Another ticket about the same thing: where it stands and since when."""

    id: str
    state: str
    changed_at: datetime


class Facts(Protocol):
    """Read-only answers about the world, read in the same transaction as the ticket."""

    def roles_of(self, person: str, at: datetime) -> frozenset[str]:
        """The roles a person (or an external party, or `system`) holds at `at`; empty for a stranger."""
        ...

    def members_of(self, role: str, at: datetime) -> tuple[str, ...]:
        """The members who hold the role and are on duty at `at`, sorted by id."""
        ...

    def skill_of(self, person: str, skill: str) -> int:
        """The level of a member's skill; 0 for none."""
        ...

    def find(self, ticket: str) -> "Ticket | None":
        """Another ticket as it stands in this transaction."""
        ...

    def select(self, workflow: str, states: frozenset[str] | None, same: Mapping[str, Any]) -> "tuple[Ticket, ...]":
        """Tickets of a workflow in these states (None: any) whose fields have these values, in opening order."""
        ...

    def next_number(self, series: str) -> int:
        """The number after the last one given in a series, from 1; each call in a transaction gives another."""
        ...

    def lookalikes(self, workflow: str, same: Mapping[str, Any]) -> tuple[Lookalike, ...]:
        """Tickets of a workflow whose fields have these values, newest first."""
        ...
