"""Looks at kept tickets with the eyes of whoever asks; where nobody is named, every private value is masked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from dutyflow.bootstrap.engine import Engine
from dutyflow.errors import InputError
from dutyflow.kernel.actions import Action
from dutyflow.kernel.denials import Denial
from dutyflow.kernel.events import Event
from dutyflow.kernel.privacy import masked_denial, masked_history, masked_ticket
from dutyflow.kernel.rules import Rules
from dutyflow.kernel.ticket import Ticket
from dutyflow.lab.kept import KeptStory, KeptTicket
from dutyflow.ports.queue import Query
from dutyflow.ports.records import Asked
from dutyflow.rulebook.findings import closest
from dutyflow.rulebook.load import DEFAULT_ZONE
from dutyflow.runtime.limits import SEARCH_LENGTH_MAX, is_storable
from dutyflow.runtime.work import Work, World
from dutyflow.telling.reasons import ClockReason, clock_reasons
from dutyflow.telling.teller import Teller
from dutyflow.wording import say
from dutyflow_cli.settings import Settings

_CHILDREN_MAX = 200
"""Tickets that a story tells with the one that opened them."""

_NEAR_ROWS = 50


@dataclass(frozen=True, slots=True)
class Desk:
    """An engine and the reader's language. The engine's actor, if it has one, is who looks."""

    engine: Engine
    settings: Settings

    @property
    def lang(self) -> str:
        """The reader's language."""
        return self.settings.lang

    @property
    def now(self) -> datetime:
        """What time it is."""
        return self.engine.clock.now()

    def zone(self, book: str | None = None) -> ZoneInfo:
        """The zone of a rulebook, else of the first that is published."""
        names = [book] if book else sorted(self.engine.rulebooks())
        return ZoneInfo(self.engine.rules(names[0]).zone if names else DEFAULT_ZONE)

    def ticket_id(self, name: str) -> str:
        """The id of a ticket that goes by this id or record number; `InputError` with the nearest if there is none."""
        if is_storable(name) and self.engine.store.load(name) is not None:
            return name
        is_short = is_storable(name) and len(name) <= SEARCH_LENGTH_MAX
        rows = self.engine.find(Query(text=name, closed=None), limit=_NEAR_ROWS).rows if is_short else ()
        numbered = [row.ticket for row in rows if row.number == name]
        if len(numbered) == 1:
            return numbered[0]
        newest = self.engine.find(Query(closed=None, order="newest"), limit=_NEAR_ROWS).rows
        known = [known for row in (*rows, *newest) for known in (row.ticket, row.number) if known]
        near = closest(name, known)
        hint = say("cli.did_you_mean", self.lang, name=near) if near else ""
        raise InputError(say("cli_ticket.unknown", self.lang, ticket=name, hint=hint))

    def rules_of(self, ticket: Ticket) -> Rules:
        """The version that a ticket runs under."""
        return self.engine.rules_of(ticket)

    def teller(self, ticket: Ticket) -> Teller:
        """The words of its rulebook."""
        return Teller(self.rules_of(ticket), self.lang, ticket.workflow)

    def ticket(self, ticket: str) -> Ticket:
        """The ticket as the reader may see it."""
        found = self.engine.ticket(ticket)
        rules = self.rules_of(found)
        return masked_ticket(found, rules, self.roles(rules))

    def history(self, ticket: Ticket) -> tuple[Event, ...]:
        """Its events."""
        rules = self.rules_of(ticket)
        return masked_history(self.engine.history(ticket.id), rules.workflows[ticket.workflow], self.roles(rules))

    def asked(self, ticket: Ticket) -> tuple[Asked, ...]:
        """Every command that was asked of it."""
        return tuple(
            replace(asked, denial=self.denial(asked.denial, ticket)) if asked.denial else asked
            for asked in self.engine.asked(ticket.id)
        )

    def denial(self, denial: Denial, ticket: Ticket) -> Denial:
        """A refusal that the ticket gave."""
        rules = self.rules_of(ticket)
        return masked_denial(denial, rules.workflows[ticket.workflow], self.roles(rules))

    def story(self, ticket: Ticket) -> KeptStory:
        """Everything that happened to a ticket and to those that it opened."""
        return KeptStory.of(self._kept(found) for found in self._family(ticket))

    def actions(self, ticket: Ticket) -> tuple[Action, ...]:
        """What may be done next, by the actor or by anybody."""
        actions = self.engine.next_actions(ticket.id)
        return tuple(
            replace(action, denial=self.denial(action.denial, ticket)) if action.denial else action
            for action in actions
        )

    def clocks(self, ticket: Ticket) -> tuple[ClockReason, ...]:
        """Why each open clock is due when it is. Whom alarms go to may follow from what the reader does not see."""
        rules, whole = self.rules_of(ticket), self.engine.store.load(ticket.id) or ticket
        facts = World(Work(self.engine.store), self.engine.catalogue.directory_of(rules), rules.name)
        return clock_reasons(rules, whole, self.engine.history(ticket.id), self.now, facts)

    def roles(self, rules: Rules) -> frozenset[str]:
        """The roles of the one who looks."""
        actor = self.engine.actor
        return self.engine.catalogue.directory_of(rules).roles_of(actor, self.now) if actor else frozenset()

    def _kept(self, ticket: Ticket) -> KeptTicket:
        return KeptTicket(
            id=ticket.id, rules=self.rules_of(ticket), history=self.history(ticket), asked=self.asked(ticket)
        )

    def _family(self, ticket: Ticket) -> Iterable[Ticket]:
        """The ticket, its children, and theirs; the first ones, if there are very many."""
        found, queue = [ticket], [ticket]
        while queue and len(found) < _CHILDREN_MAX:
            children = [self.ticket(child) for child in self._children(queue.pop(0))]
            found += children
            queue += children
        return found[:_CHILDREN_MAX]

    def _children(self, ticket: Ticket) -> Iterator[str]:
        return (child.id for child in ticket.children[:_CHILDREN_MAX])
