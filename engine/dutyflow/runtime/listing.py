"""How tickets appear in queues, and by which fields they are filed: both follow from the rulebook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dutyflow.kernel.decide import NUMBER
from dutyflow.kernel.rules import Rules, Workflow
from dutyflow.kernel.ticket import Ticket
from dutyflow.ports.records import Listing

TEXT_MAX = 2_000
"""Characters of a ticket that a search by words looks at."""

_SEARCHED = frozenset(("text", "person", "reference", "choice"))
_FILED = frozenset(("person", "reference"))


def listing_of(rules: Rules, ticket: Ticket) -> Listing:
    """What queues show of a ticket beside its own columns."""
    workflow = rules.workflows[ticket.workflow]
    number = ticket.fields.get(NUMBER)
    due = [run.due_at for run in ticket.clocks if run.due_at is not None]
    return Listing(
        department=_department_of(rules, ticket),
        due_at=min(due) if due else None,
        breached=sum([run.breached_at is not None for run in (*ticket.clocks, *ticket.past_clocks)]),
        closed=workflow.states[ticket.state].final,
        number=number if isinstance(number, str) else None,
        text=_text_of(workflow, ticket),
    )


def filed_fields(rules: Rules) -> Mapping[str, frozenset[str]]:
    """The fields of each workflow by which its tickets are looked for.

    Those by which sets, duplicates and allocations compare them, all that name a person or another ticket, and the
    private ones: what a customer is known by.
    """
    filed = {name: set(_filed_by_kind(workflow)) for name, workflow in rules.workflows.items()}
    for ticket_set in rules.sets.values():
        filed[ticket_set.workflow] |= {assignment.field for assignment in ticket_set.same}
    for workflow in rules.workflows.values():
        for duplicate in workflow.duplicates:
            filed[workflow.id] |= set(duplicate.same)
        for rule in workflow.rules:
            for spawn in (*rule.spawns, *(spawn for branch in rule.branches for spawn in branch.spawns)):
                if spawn.assign is not None:
                    filed[spawn.workflow].add(spawn.assign.field)
    return {name: frozenset(fields) for name, fields in filed.items()}


def _filed_by_kind(workflow: Workflow) -> Iterator[str]:
    return (field.id for field in workflow.fields.values() if field.kind in _FILED or field.private)


def _department_of(rules: Rules, ticket: Ticket) -> str | None:
    role = rules.organisation.roles.get(ticket.owner.role) if ticket.owner and ticket.owner.role else None
    return role.department if role else None


def _text_of(workflow: Workflow, ticket: Ticket) -> str:
    """The texts that are not private, in one; whoever searches does not care for capitals."""
    fields = workflow.fields
    words = [ticket.id]
    for name, value in ticket.fields.items():
        field = fields.get(name)
        if isinstance(value, str) and (field is None or (field.kind in _SEARCHED and not field.private)):
            words.append(value)
    return "\n".join(words).casefold()[:TEXT_MAX]
