"""What one person may see of tickets, histories and answers: private values are masked where they may not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from msgspec.structs import replace

from dutyflow.kernel.actions import Action
from dutyflow.kernel.denials import Denial
from dutyflow.kernel.events import Event
from dutyflow.kernel.privacy import hidden_fields, masked, masked_denial, masked_history, masked_ticket
from dutyflow.kernel.rules import Rules
from dutyflow.kernel.ticket import Ticket
from dutyflow.ports.host import Clock
from dutyflow.ports.records import Answer, Asked, BatchAnswer, Happening
from dutyflow.ports.store import Reads
from dutyflow.runtime.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class View:
    """The eyes of `actor`; roles are those held now."""

    actor: str
    catalogue: Catalogue
    store: Reads
    clock: Clock

    def roles(self, rules: Rules) -> frozenset[str]:
        """The roles that the person holds in a rulebook."""
        return self.catalogue.directory_of(rules).roles_of(self.actor, self.clock.now())

    def hidden(self, rules: Rules, workflow: str) -> frozenset[str]:
        """The fields of a workflow that the person may not see."""
        return hidden_fields(rules.workflows[workflow], self.roles(rules))

    def ticket(self, ticket: Ticket) -> Ticket:
        """A ticket as the person may see it."""
        rules = self.catalogue.rules_of(ticket)
        return masked_ticket(ticket, rules, self.roles(rules))

    def history(self, ticket: Ticket, events: Iterable[Event]) -> tuple[Event, ...]:
        """Its events."""
        rules = self.catalogue.rules_of(ticket)
        return masked_history(events, rules.workflows[ticket.workflow], self.roles(rules))

    def asked(self, ticket: Ticket | None, asked: Asked, rules: Rules) -> Asked:
        """An entry of the audit trail."""
        if asked.denial is None:
            return asked
        workflow = rules.workflows.get(asked.workflow)
        if workflow is None:  # nobody can tell what is private in it
            return replace(asked, denial=replace(asked.denial, values={}, follow=None))
        return replace(asked, denial=masked_denial(asked.denial, workflow, self.roles(rules)))

    def answer(self, answer: Answer, rules: Rules, workflow: str) -> Answer:
        """An answer, with what happened to other tickets by it; `rules` and `workflow` are those of the command."""
        happened = tuple(self._happening(item, rules) for item in answer.happened)
        return replace(answer, denial=self._denial(answer.denial, rules, workflow), happened=happened)

    def rows(self, answer: BatchAnswer, rules: Rules, workflow: str) -> BatchAnswer:
        """The answer to a batch."""
        bad = tuple(replace(row, denial=self._denial(row.denial, rules, workflow)) for row in answer.bad)
        happened = tuple(self._happening(item, rules) for item in answer.happened)
        return replace(answer, bad=bad, happened=happened)

    def actions(self, actions: Iterable[Action], rules: Rules, workflow: str) -> tuple[Action, ...]:
        """What may be done next: what stands in the way may speak of a private value."""
        return tuple(replace(action, denial=self._denial(action.denial, rules, workflow)) for action in actions)

    def _denial(self, denial: Denial | None, rules: Rules, workflow: str) -> Denial | None:
        return masked_denial(denial, rules.workflows[workflow], self.roles(rules)) if denial is not None else None

    def _happening(self, item: Happening, rules: Rules) -> Happening:
        ticket = self.store.load(item.ticket) if item.ticket is not None else None
        own = self.catalogue.rules_of(ticket) if ticket is not None else rules
        if isinstance(item.what, Asked):
            return replace(item, what=self.asked(ticket, item.what, own))
        assert ticket is not None, "what happened, happened to a ticket"
        return replace(item, what=masked(item.what, self.hidden(own, ticket.workflow)))
