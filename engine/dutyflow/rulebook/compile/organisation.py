"""Departments, roles, members and the responsibility matrix."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import msgspec

from dutyflow.kernel import rules as kr
from dutyflow.kernel.calendars import Calendar
from dutyflow.kernel.rules import SYSTEM
from dutyflow.rulebook.compile.context import Context, is_true, items_of, label, text_of
from dutyflow.rulebook.nodes import Node

NOT_A_ROLE = (SYSTEM, "owner", "head_of_owner", "superior_of_owner")
"""Words for whoever has a part in a ticket; a role of that name could not be told from them."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """An item of the responsibility matrix: the mark (A, R, C, I) of each department that has one."""

    id: str
    title: kr.Title
    marks: Mapping[str, str]
    source: str = ""


def compile_organisation(context: Context) -> kr.Organisation:
    """Everything about people; chains of superiors that bite their own tail are a finding."""
    context.refuse(NOT_A_ROLE, "roles")
    context.refuse(context.ids("roles"), "members")  # whoever acts or owns could be the one or the other
    organisation = kr.Organisation(
        departments={name: _department(context, name, d.node) for name, d in context.section("departments").items()},
        roles={name: _role(context, name, d.node) for name, d in context.section("roles").items()},
        members={name: _member(context, name, d.node) for name, d in context.section("members").items()},
    )
    _check_chains(context, organisation)
    return organisation


def compile_matrix(context: Context) -> dict[str, Item]:
    """The responsibility matrix, item by item."""
    items: dict[str, Item] = {}
    for name, declaration in context.section("responsibility").items():
        marks: dict[str, str] = {}
        departments = declaration.node.get("departments")
        for department, key_place, mark in departments.items() if departments else ():
            if department in context.section("departments"):
                marks[department] = mark.text
            else:
                context.findings.add("DF204", key_place, name=department)
        title = label(declaration.node.get("title"), name)
        items[name] = Item(id=name, title=title, marks=marks, source=context.source(declaration.key_place))
    return items


def _department(context: Context, name: str, node: Node) -> kr.Department:
    head = context.known("role", node.get("head"), context.ids("roles"))
    return kr.Department(id=name, title=label(node.get("title"), name), head=head)


def _role(context: Context, name: str, node: Node) -> kr.Role:
    quiet = context.known("quiet_hours", node.get("quiet_hours"), context.quiet_hours)
    return kr.Role(
        id=name,
        title=label(node.get("title"), name),
        department=context.known("department", node.get("department"), context.ids("departments")),
        superior=context.known("role", node.get("superior"), context.ids("roles")),
        external=is_true(node.get("external")),
        quiet_hours=context.quiet_hours.get(quiet) if quiet else None,
    )


def _member(context: Context, name: str, node: Node) -> kr.Member:
    roles = context.all_known("role", node.get("roles"), context.ids("roles"))
    skills = node.get("skills")
    return kr.Member(
        id=name,
        title=label(node.get("title"), name),
        roles=frozenset(roles),
        skills={skill: int(str(level.value)) for skill, _, level in skills.items()} if skills else {},
        shift=_shift(context, node.get("shift")),
        leave=tuple(absence for item in items_of(node.get("leave")) if (absence := _absence(context, item))),
    )


def compile_members(context: Context, nodes: Mapping[str, Node]) -> dict[str, kr.Member]:
    """Members that a scenario brings along."""
    return {name: _member(context, name, node) for name, node in nodes.items()}


def _shift(context: Context, node: Node | None) -> Calendar | None:
    name = context.known("calendar", node, context.calendars)
    return context.calendars[name] if name else None


def _absence(context: Context, node: Node) -> kr.Absence | None:
    """`2026-03-12..2026-03-13` (whole days, both included) or `2026-03-06 17:00..2026-03-10 09:00` (half open)."""
    first, _, last = text_of(node).partition("..")
    absence: kr.Absence | None = None
    with suppress(ValueError, OverflowError):  # a day at the very end or beginning of the calendar has no neighbour
        absence = kr.Absence(_moment(context, first, last=False), _moment(context, last or first, last=True))
    if absence is None or absence.end_at <= absence.start_at:
        context.findings.add("DF260", node.place, value=node.text)
        return None
    return absence


def _moment(context: Context, text: str, *, last: bool) -> datetime:
    text = text.strip()
    if ":" in text:
        return datetime.fromisoformat(text).replace(tzinfo=context.zone).astimezone(UTC)
    day = date.fromisoformat(text) + timedelta(days=1 if last else 0)
    return datetime(day.year, day.month, day.day, tzinfo=context.zone).astimezone(UTC)


def _check_chains(context: Context, organisation: kr.Organisation) -> None:
    reported: set[str] = set()
    for role in organisation.roles:
        chain = [role]
        while (superior := organisation.superior_of(chain[-1])) is not None and superior not in chain:
            chain.append(superior)
        if superior is not None and superior not in reported:
            cycle = [*chain[chain.index(superior) :], superior]
            reported.update(cycle)
            declaration = context.section("roles")[superior]
            node = declaration.node.get("superior")
            context.findings.add("DF216", node.place if node else declaration.key_place, cycle=" → ".join(cycle))
