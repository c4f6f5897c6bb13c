"""What can be done next with a ticket: each event with those who may do it, or with the reason why not now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dutyflow.kernel.commands import Fire, Open
from dutyflow.kernel.decide import decide
from dutyflow.kernel.denials import Denial
from dutyflow.kernel.rules import NEW, EventRule, Workflow
from dutyflow.kernel.ticket import Ticket
from dutyflow.lab.simulation import MAIN, Simulation

_DATA_CODES = ("input", "evidence", "reason")
_PROBE = "probe"
_SAID = "…"


@dataclass(frozen=True, slots=True)
class Choice:
    """One event: who may do it, and what stands in the way of the first of them. Missing data does not."""

    event: str
    rule: EventRule
    actors: tuple[str, ...]
    denial: Denial | None

    @property
    def open(self) -> bool:
        """Whether somebody can do it now, given the data that it asks for."""
        return bool(self.actors) and (self.denial is None or self.denial.code in _DATA_CODES)


def choices(simulation: Simulation, now: datetime, ticket: str = MAIN) -> tuple[Choice, ...]:
    """The events of the ticket's state; before there is a ticket, those that open one."""
    known = simulation.ticket(ticket) if ticket in simulation.names else None
    workflow = simulation.rules.workflows[known.workflow if known else simulation.workflow or ""]
    state = known.state if known else NEW
    found = ((event, steps[state]) for event, steps in workflow.steps.items() if state in steps)
    return tuple(
        _choice(simulation, now, known, workflow, event, rule) for event, rule in found if rule.trigger == "person"
    )


def probe(
    simulation: Simulation,
    now: datetime,
    ticket: Ticket | None,
    command: tuple[str, str],
    data: Mapping[str, Any],
    reason: str | None,
) -> Denial | None:
    """What the kernel would answer to somebody (`command` = actor, event), without anything being done."""
    actor, event = command
    asked: Open | Fire
    if ticket is None:
        workflow = simulation.workflow or ""
        asked = Open(ticket=_PROBE, workflow=workflow, event=event, actor=actor, data=data, reason=reason)
    else:
        asked = Fire(event=event, actor=actor, data=data, reason=reason)
    answer = decide(simulation.rules, ticket, asked, now, simulation.runner.facts())
    return answer if isinstance(answer, Denial) else None


def _choice(
    simulation: Simulation, now: datetime, ticket: Ticket | None, workflow: Workflow, event: str, rule: EventRule
) -> Choice:
    candidates = tuple(dict.fromkeys(_candidates(simulation, now, ticket, rule)))
    able: list[str] = []
    first: Denial | None = None
    for actor in candidates:
        denial = probe(simulation, now, ticket, (actor, event), {}, _SAID)
        if denial is None or denial.code in _DATA_CODES:
            able.append(actor)
            first = denial if len(able) == 1 else first
        elif not able and (first is None or first.code == "role"):
            first = denial
    if not candidates:
        first = probe(simulation, now, ticket, ("-", event), {}, _SAID)
    return Choice(event, rule, tuple(able), first)


def _candidates(simulation: Simulation, now: datetime, ticket: Ticket | None, rule: EventRule) -> Iterator[str]:
    facts, roles = simulation.runner.facts(), set(rule.by)
    if rule.approvals is not None:
        roles |= set(rule.approvals.roles)
    if "owner" in roles and ticket is not None and ticket.owner is not None:
        if ticket.owner.member:
            yield ticket.owner.member
        elif ticket.owner.role:
            roles.add(ticket.owner.role)
    for role in sorted(roles - {"owner"}):
        declared = simulation.rules.organisation.roles.get(role)
        if role == "system" or (declared is not None and declared.external):
            yield role
        yield from facts.members_of(role, now)
