"""Child tickets: what is handed over must be what the child's opening event needs and takes."""

from dutyflow.kernel import rules as kr
from dutyflow.rulebook.compile.context import Context, is_true, items_of
from dutyflow.rulebook.findings import closest
from dutyflow.rulebook.nodes import Node


def check_children(context: Context, workflows: dict[str, kr.Workflow]) -> None:
    """Look at every spawn once all workflows are there."""
    for workflow in workflows.values():
        for rule in workflow.rules:
            _check_outcomes(context, workflows, rule)
            for spawn in (*rule.spawns, *(spawn for branch in rule.branches for spawn in branch.spawns)):
                _check(context, workflows[spawn.workflow], spawn)


def _check_outcomes(context: Context, workflows: dict[str, kr.Workflow], rule: kr.EventRule) -> None:
    """An event that waits for a child to end in some way: the child must be able to."""
    child = workflows.get(rule.child or "")
    if child is None:
        return
    possible = [outcome for state in child.states.values() for outcome in state.outcomes]
    for name in rule.child_outcomes:
        if name not in possible:
            suggestion, allowed = closest(name, possible), ", ".join(possible) or None
            context.findings.add(
                "DF215",
                context.places[rule.source],
                workflow=child.id,
                name=name,
                suggestion=suggestion,
                allowed=allowed,
            )


def _check(context: Context, child: kr.Workflow, spawn: kr.Spawn) -> None:
    place = context.places[spawn.source]
    rule = child.steps.get(spawn.event, {}).get(kr.NEW)
    if rule is None:
        context.findings.add("DF219", place, event=spawn.event, workflow=child.id)
        return
    given = {assignment.field for assignment in spawn.data}
    for name in sorted(given - rule.accepts):
        context.findings.add("DF218", place, name=name, event=spawn.event, workflow=child.id)
    declared = context.section("workflows")[child.id].node
    missing = [name for name in _always_required(declared, spawn.event) if name not in given | set(child.defaults)]
    if missing:
        context.findings.add("DF217", place, fields=", ".join(missing), event=spawn.event, workflow=child.id)


def _always_required(workflow: Node, event: str) -> list[str]:
    """The fields that the opening event needs whatever the case."""
    events = workflow.get("events")
    rules = items_of(events.get(event) if events else None)
    opening = next((rule for rule in rules if is_true(rule.get("opens"))), None)
    if opening is None:
        return []
    listed = (*items_of(opening.get("require")), *items_of(opening.get("record")))
    return [item.text for item in listed if item.is_scalar]
