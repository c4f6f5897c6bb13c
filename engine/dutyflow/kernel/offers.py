"""What may be done next with a ticket, by whom, and why the rest is refused."""

from datetime import datetime

import msgspec

from dutyflow.kernel.commands import Fire
from dutyflow.kernel.decide import decide
from dutyflow.kernel.denials import Denial
from dutyflow.kernel.facts import Facts
from dutyflow.kernel.rules import EventRule, Rules
from dutyflow.kernel.ticket import Ticket


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """One event in the present state. `denial` tells what still stands in its way for this actor, without data."""

    event: str
    by: tuple[str, ...]
    rule: EventRule
    denial: Denial | None


def offers(rules: Rules, ticket: Ticket, actor: str, now: datetime, facts: Facts) -> tuple[Offer, ...]:
    """The events that a person may ask for in the ticket's state, in file order."""
    found = []
    for event, steps in rules.workflows[ticket.workflow].steps.items():
        rule = steps.get(ticket.state)
        if rule is None or rule.trigger != "person":
            continue
        answer = decide(rules, ticket, Fire(event=event, actor=actor), now, facts)
        denial = answer if isinstance(answer, Denial) else None
        found.append(Offer(event=event, by=tuple(sorted(rule.by)), rule=rule, denial=denial))
    return tuple(found)
