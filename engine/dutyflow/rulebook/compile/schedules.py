"""Schedules: on which days a recurring duty comes up, and the ticket it opens."""

from dataclasses import replace
from datetime import time

from dutyflow.kernel import rules as kr
from dutyflow.kernel.calendars import Calendar
from dutyflow.kernel.schedules import Recurrence, ScheduleError, check_fires
from dutyflow.kernel.scope import EACH
from dutyflow.rulebook.compile.context import Context, label, text_of
from dutyflow.rulebook.compile.outreach import Others, handed_over
from dutyflow.rulebook.folder import Declaration
from dutyflow.rulebook.nodes import Node
from dutyflow.rulebook.schedule_findings import report_schedule
from dutyflow.rulebook.types import PERSON, REFERENCE, Names

MIDNIGHT = time(0)


def compile_schedules(context: Context, everywhere: Names, others: Others) -> dict[str, kr.Schedule]:
    """All schedules whose rule can be read and fires."""
    found: dict[str, kr.Schedule] = {}
    for name, declaration in context.section("schedules").items():
        schedule = _schedule(context, declaration, everywhere, others)
        if schedule is not None:
            found[name] = schedule
    return found


def _schedule(context: Context, declaration: Declaration, everywhere: Names, others: Others) -> kr.Schedule | None:
    node = declaration.node
    calendar = _calendar(context, declaration)
    recurrence = _recurrence(context, node.get("on"), calendar) if calendar is not None else None
    opening = node.get("open")
    workflow = context.known("workflow", opening.get("workflow") if opening else None, everywhere.workflows)
    if calendar is None or recurrence is None or opening is None or workflow is None:
        return None
    event = context.known("event", opening.get("event"), others.events.get(workflow, ()))
    role, chosen = _whom(context, node.get("for_each"), everywhere)
    each = PERSON if role is not None else REFERENCE
    names = replace(everywhere, fields={EACH: each} if role or chosen else {})
    data = tuple(handed_over(context, opening.get("with"), names, others.fields.get(workflow, {}), workflow))
    return kr.Schedule(
        id=declaration.id,
        title=label(node.get("title"), declaration.id),
        recurrence=recurrence,
        calendar=calendar,
        at=_time(node.get("at")),
        workflow=workflow,
        event=event or "",
        data=data,
        role=role,
        set=chosen,
        source=context.source(declaration.key_place),
    )


def _calendar(context: Context, declaration: Declaration) -> Calendar | None:
    node = declaration.node.get("calendar")
    if node is not None:
        name = context.known("calendar", node, context.calendars)
        return context.calendars[name] if name else None
    found = context.calendars.get(context.default_calendar)
    if found is None:
        context.findings.add("DF207", declaration.key_place, name=context.default_calendar)
    return found


def _recurrence(context: Context, node: Node | None, calendar: Calendar) -> Recurrence | None:
    if node is None:
        return None
    try:
        recurrence = Recurrence.from_mapping(node.plain())
        check_fires(recurrence, calendar)
    except ScheduleError as error:
        report_schedule(error, node, context.findings)
        return None
    return recurrence


def _whom(context: Context, node: Node | None, everywhere: Names) -> tuple[str | None, str | None]:
    if node is None:
        return None, None
    role, chosen = node.get("role"), node.get("set")
    return (
        context.known("role", role, everywhere.roles) if role is not None else None,
        context.known("set", chosen, everywhere.sets) if chosen is not None else None,
    )


def _time(node: Node | None) -> time:
    return MIDNIGHT if node is None else time.fromisoformat(text_of(node))
