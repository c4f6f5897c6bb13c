"""The working paper of one decision: the ticket as it stands so far, the events and effects gathered on the way."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dutyflow.kernel import events as ev
from dutyflow.kernel.effects import Effect
from dutyflow.kernel.evolve import evolve
from dutyflow.kernel.facts import Facts
from dutyflow.kernel.rules import Rules, Workflow
from dutyflow.kernel.scope import Scope
from dutyflow.kernel.ticket import Ticket


class Draft:
    """Local to one call of `decide`, so that deciding stays pure: nothing outside ever sees it."""

    __slots__ = ("effects", "events", "facts", "now", "rules", "steps", "ticket", "workflow")

    def __init__(self, rules: Rules, workflow: Workflow, ticket: Ticket, now: datetime, facts: Facts) -> None:
        self.rules = rules
        self.workflow = workflow
        self.ticket = ticket
        self.now = now
        self.facts = facts
        self.events: list[ev.Event] = []
        self.effects: list[Effect] = []
        self.steps = 0

    def add(self, event: ev.Event) -> None:
        """Take down an event; the ticket of the draft moves on with it."""
        self.events.append(event)
        self.ticket = evolve(self.ticket, event)

    def mark(self) -> tuple[Ticket, int, int]:
        """Where the paper stands now, to come `back_to` when an attempt fails."""
        return self.ticket, len(self.events), len(self.effects)

    def back_to(self, mark: tuple[Ticket, int, int]) -> None:
        """Cross out everything since `mark`."""
        self.ticket, events, effects = mark
        del self.events[events:], self.effects[effects:]

    def scope(self, actor: str | None = None, given: Mapping[str, Any] | None = None) -> Scope:
        """The world as the ticket of the draft sees it now."""
        return Scope(
            self.rules,
            self.ticket,
            values=self.ticket.fields,
            now=self.now,
            facts=self.facts,
            actor=actor,
            given=given,
        )
