"""Tickets seen together: who is in a set for the ticket that asks, and who of a role has the least to do."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dutyflow.kernel.rules import Workflow
    from dutyflow.kernel.scope import Scope
    from dutyflow.kernel.ticket import Ticket


def tickets_in(name: str, scope: "Scope") -> "tuple[Ticket, ...]":
    """The tickets of a declared set, in opening order. The asking ticket itself counts as it stands now."""
    found = scope.rules.sets[name]
    same = {assignment.field: assignment.value.evaluate(scope) for assignment in found.same}
    candidates = _with_myself(scope.facts.select(found.workflow, found.states, same), name, same, scope)
    if found.where is None:
        return tuple(candidates)
    taken = {field: scope.values.get(field) for field in found.takes}
    return tuple(t for t in candidates if found.where.evaluate(scope.beside(t, {**taken, **t.fields})))


def _with_myself(tickets: "tuple[Ticket, ...]", name: str, same: dict[str, Any], scope: "Scope") -> "Iterator[Ticket]":
    """The same tickets, with the asking one as it stands in this very step instead of as it was kept."""
    me = scope.ticket
    belongs = _belongs(me, name, same, scope)
    for ticket in tickets:
        if ticket.id != me.id:
            yield ticket
        elif belongs:
            yield me
            belongs = False
    if belongs:
        yield me


def _belongs(me: "Ticket", name: str, same: dict[str, Any], scope: "Scope") -> bool:
    found = scope.rules.sets[name]
    if me.workflow != found.workflow or (found.states is not None and me.state not in found.states):
        return False
    return all(me.fields.get(field) == value for field, value in same.items())


def open_load(workflow: "Workflow", person: str, field: str, scope: "Scope") -> int:
    """How many open tickets of a workflow name the person in `field`."""
    return len(scope.facts.select(workflow.id, _open_states(workflow), {field: person}))


def candidates(role: str, skill: str | None, level: int, scope: "Scope") -> tuple[tuple[int, str], ...]:
    """Members of a role who are on duty and skilled enough, each with the (negated) skill that breaks ties."""
    members = scope.facts.members_of(role, scope.now)
    graded = [(scope.facts.skill_of(member, skill) if skill else 0, member) for member in members]
    return tuple((-grade, member) for grade, member in graded if grade >= level)


def least_loaded(role: str, field: str, skill: str | None, level: int, scope: "Scope") -> str | None:
    """Who gets the next ticket: the fewest open ones, then the highest skill, then the lowest id (DOMAIN 3.0, 10)."""
    workflow = scope.rules.workflows[scope.ticket.workflow]
    ranked = [
        (open_load(workflow, member, field, scope), grade, member)
        for grade, member in candidates(role, skill, level, scope)
    ]
    return min(ranked)[2] if ranked else None


def _open_states(workflow: "Workflow") -> frozenset[str]:
    return frozenset(name for name, state in workflow.states.items() if not state.final)
