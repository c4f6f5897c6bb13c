"""What the reader of an interactive simulation may choose next, and what the kernel would say to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dutyflow.kernel.actions import Action, next_actions, opening_actions
from dutyflow.kernel.commands import Fire, Open
from dutyflow.kernel.decide import decide
from dutyflow.kernel.denials import Denial
from dutyflow.kernel.ticket import Ticket
from dutyflow.lab.simulation import MAIN, Simulation

_PROBE = "probe"


def choices(simulation: Simulation, now: datetime, ticket: str = MAIN) -> tuple[Action, ...]:
    """The events of the ticket's state; before there is a ticket, those that open one."""
    rules, facts = simulation.rules, simulation.runner.facts()
    if ticket in simulation.names:
        return next_actions(rules, simulation.ticket(ticket), None, now, facts)
    return opening_actions(rules, simulation.workflow or "", None, now, facts)


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
