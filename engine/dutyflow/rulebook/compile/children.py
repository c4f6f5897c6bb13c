"""Tickets that others open or signal: what is handed over must be what the event there needs and takes."""

from collections.abc import Iterable, Mapping

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
            for signal in (*rule.signals, *(signal for branch in rule.branches for signal in branch.signals)):
                _check_signal(context, workflows, signal)


def check_schedules(
    context: Context, workflows: Mapping[str, kr.Workflow], schedules: Mapping[str, kr.Schedule]
) -> None:
    """Look at what each schedule opens: it must be possible at all, else the duty never comes up."""
    for schedule in schedules.values():
        opening = context.section("schedules")[schedule.id].node.get("open")
        workflow = workflows.get(schedule.workflow)
        if opening is None or workflow is None or not schedule.event:
            continue
        rule = workflow.steps.get(schedule.event, {}).get(kr.NEW)
        if rule is None:
            context.findings.add("DF219", opening.place, event=schedule.event, workflow=workflow.id)
            continue
        values = {"event": schedule.event, "workflow": workflow.id}
        given = {assignment.field for assignment in schedule.data}
        _report_not_taken(context, opening, given - rule.accepts, workflow, schedule.event)
        missing = _missing(context, workflow, schedule.event, given)
        if missing:
            context.findings.add("DF271", opening.place, related=(), fields=_listed(missing), **values)
        if kr.SYSTEM not in rule.by:
            context.findings.add("DF271", opening.place, related=(), by=_listed(sorted(rule.by)), **values)


def _check_signal(context: Context, workflows: Mapping[str, kr.Workflow], signal: kr.Signal) -> None:
    workflow = workflows.get(context.workflow_of_set(signal.set)) if signal.set is not None else None
    if workflow is None:
        return
    taken = frozenset(name for rule in workflow.steps.get(signal.event, {}).values() for name in rule.accepts)
    for name in sorted({assignment.field for assignment in signal.data} - taken):
        place = context.places[signal.source]
        context.findings.add("DF218", place, name=name, event=signal.event, workflow=workflow.id)


def _report_not_taken(context: Context, opening: Node, names: Iterable[str], workflow: kr.Workflow, event: str) -> None:
    handed = opening.get("with")
    for name in sorted(names):
        place = handed.key_place(name) if handed is not None else opening.place
        context.findings.add("DF218", place, name=name, event=event, workflow=workflow.id)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


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
    if spawn.assign is not None:
        given.add(spawn.assign.field)
    for name in sorted(given - rule.accepts):
        context.findings.add("DF218", place, name=name, event=spawn.event, workflow=child.id)
    missing = _missing(context, child, spawn.event, given)
    if missing:
        context.findings.add("DF217", place, fields=", ".join(missing), event=spawn.event, workflow=child.id)


def _missing(context: Context, workflow: kr.Workflow, event: str, given: set[str]) -> list[str]:
    """What the opening event needs in any case, and neither comes with it nor has a default."""
    declared = context.section("workflows")[workflow.id].node
    return [name for name in _always_required(declared, event) if name not in given | set(workflow.defaults)]


def _always_required(workflow: Node, event: str) -> list[str]:
    """The fields that the opening event needs whatever the case."""
    events = workflow.get("events")
    rules = items_of(events.get(event) if events else None)
    opening = next((rule for rule in rules if is_true(rule.get("opens"))), None)
    if opening is None:
        return []
    listed = (*items_of(opening.get("require")), *items_of(opening.get("record")))
    return [item.text for item in listed if item.is_scalar]
