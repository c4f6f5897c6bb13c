"""Child tickets: what is handed over must be what the child's opening event needs and takes."""

from dutyflow.kernel import rules as kr
from dutyflow.rulebook.compile.context import Context
from dutyflow.rulebook.nodes import Node


def check_children(context: Context, workflows: dict[str, kr.Workflow]) -> None:
    """Look at every spawn once all workflows are there."""
    for workflow in workflows.values():
        for rule in workflow.rules:
            for spawn in (*rule.spawns, *(spawn for branch in rule.branches for spawn in branch.spawns)):
                _check(context, workflows[spawn.workflow], spawn)


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
    node = events.get(event) if events else None
    found: list[str] = []
    for key in ("require", "record"):
        listed = node.get(key) if node else None
        found += [item.text for item in (listed.children if listed else ()) if item.is_scalar]
    return found
