"""What an expression may see: the values of one ticket at one moment, and the facts around it."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from dutyflow.kernel import sets
from dutyflow.kernel.facts import Facts
from dutyflow.kernel.ticket import ClockRun, Ticket

if TYPE_CHECKING:
    from dutyflow.kernel.calendars import Calendar
    from dutyflow.kernel.rules import Rules


EACH = "each"
"""In the data of a batch, the item that a ticket is for."""


class Scope:
    """The world as one step sees it. `values` are the ticket's fields with what the command brought laid over them."""

    __slots__ = ("actor", "facts", "given", "now", "reason", "rules", "ticket", "values")

    def __init__(
        self,
        rules: "Rules",
        ticket: Ticket,
        *,
        values: Mapping[str, Any],
        now: datetime,
        facts: Facts,
        actor: str | None = None,
        given: Mapping[str, Any] | None = None,
        reason: str | None = None,
    ) -> None:
        self.rules = rules
        self.ticket = ticket
        self.values = values
        self.now = now
        self.facts = facts
        self.actor = actor
        self.given: Mapping[str, Any] = given or {}
        self.reason = reason

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the rulebook, for dates and times of day."""
        return zone_of(self.rules.zone)

    @property
    def state(self) -> str:
        """The state before the step."""
        return self.ticket.state

    @property
    def opened_at(self) -> datetime:
        """When the ticket was opened."""
        return self.ticket.opened_at

    @property
    def entered_at(self) -> datetime | None:
        """When the present state was entered."""
        return self.ticket.entered_at

    def clock(self, sla: str) -> ClockRun | None:
        """The open run of the SLA, else its last one."""
        runs = [run for run in (*self.ticket.past_clocks, *self.ticket.clocks) if run.sla == sla]
        return runs[-1] if runs else None

    def clock_open(self, sla: str) -> bool:
        """Whether a run of the SLA is open, breached or not."""
        return any(run.sla == sla for run in self.ticket.clocks)

    def clock_breached(self, sla: str) -> bool:
        """Whether the latest run of the SLA was breached."""
        run = self.clock(sla)
        return run is not None and run.breached_at is not None

    def clock_due(self, sla: str) -> datetime | None:
        """The due time of the latest run of the SLA."""
        run = self.clock(sla)
        return run.due_at if run else None

    def children_open(self, workflow: str | None = None) -> int:
        """How many child tickets (of one workflow) are still open."""
        return sum(
            1 for child in self.ticket.children if child.open and (workflow is None or child.workflow == workflow)
        )

    def roles_of(self, person: str) -> frozenset[str]:
        """The roles the person holds now."""
        return self.facts.roles_of(person, self.now)

    def beside(self, ticket: Ticket, values: Mapping[str, Any]) -> "Scope":
        """The same moment and the same people, seen from another ticket."""
        return Scope(self.rules, ticket, values=values, now=self.now, facts=self.facts, actor=self.actor)

    def with_each(self, item: Any) -> "Scope":
        """The same scope, where `each` is the item."""
        scope = self.beside(self.ticket, {**self.values, EACH: item})
        scope.given, scope.reason = self.given, self.reason
        return scope

    # --- other tickets and people -------------------------------------------------------------------------------

    def tickets_in(self, name: str) -> tuple[Ticket, ...]:
        """The tickets of a declared set, for this one."""
        return sets.tickets_in(name, self)

    def field_of(self, ticket: str, field: str) -> Any:
        """A field of another ticket; None where there is no such ticket."""
        other = self.facts.find(ticket)
        return None if other is None else other.fields.get(field)

    def state_of(self, ticket: str) -> str | None:
        """The state of another ticket; None where there is no such ticket."""
        other = self.facts.find(ticket)
        return None if other is None else other.state

    def skill_of(self, person: str, name: str) -> int:
        """The level of somebody's skill; 0 for none."""
        return self.facts.skill_of(person, name)

    def on_duty(self, person: str) -> bool:
        """Whether somebody works now, in any of their roles."""
        return any(person in self.facts.members_of(role, self.now) for role in self.roles_of(person))

    def open_load(self, person: str, field: str) -> int:
        """How many open tickets of this workflow name the person in `field`."""
        return sets.open_load(self.rules.workflows[self.ticket.workflow], person, field, self)

    def least_loaded(self, role: str, field: str, skill: str | None, level: int | None) -> str | None:
        """Who of a role has the fewest open tickets of this workflow."""
        return sets.least_loaded(role, field, skill, level or 0, self)

    def lookup(self, table: str, column: str) -> Any:
        """What a decision table gives for this ticket."""
        return self.rules.tables[table].lookup(column, self)

    def calendar(self, name: str) -> "Calendar":
        """A calendar of the rulebook."""
        return self.rules.calendars[name]


_zones: dict[str, ZoneInfo] = {}


def zone_of(name: str) -> ZoneInfo:
    """The zone of that name (zoneinfo keeps its own cache; this one skips its locking)."""
    zone = _zones.get(name)
    if zone is None:
        zone = _zones[name] = ZoneInfo(name)
    return zone
