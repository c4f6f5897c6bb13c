"""Duties: every item of the matrix has one accountable department, and who owns a state answers for its item."""

from __future__ import annotations

from collections.abc import Iterator

from dutyflow.checks.subject import Book, Part
from dutyflow.kernel.rules import NEW, Role, State, TableRow
from dutyflow.rulebook.compile.readers import possible_owners
from dutyflow.rulebook.nodes import Node

ACCOUNTABLE = "A"
ANSWERS = frozenset({"A", "R"})
"""Marks with which a department may own the work of an item; who is consulted or informed may not."""


def items_without_accountable(book: Book) -> None:
    """DF402: departments take part in an item, but none answers for it in the end."""
    for item in book.loaded.matrix.values():
        if item.marks and ACCOUNTABLE not in item.marks.values():
            book.report("DF402", item.source, item=item.id)


def items_with_two_accountable(book: Book) -> None:
    """DF403: where two answer for something, nobody does."""
    for item in book.loaded.matrix.values():
        accountable = [department for department, mark in item.marks.items() if mark == ACCOUNTABLE]
        if len(accountable) > 1:
            book.report("DF403", item.source, item=item.id, departments=_listed(accountable))


def items_without_department(book: Book) -> None:
    """DF411: no department has anything to do with an item (DOMAIN.md 18.8)."""
    for item in book.loaded.matrix.values():
        if not item.marks:
            book.report("DF411", item.source, item=item.id)


def departments_without_item(book: Book) -> None:
    """DF410: a department that stands nowhere in the matrix."""
    if not book.loaded.matrix:
        return
    marked = {department for item in book.loaded.matrix.values() for department in item.marks}
    for name in book.rules.organisation.departments:
        if name not in marked:
            book.report("DF410", book.declared_at("departments", name), department=name)


def states_without_owner(part: Part) -> None:
    """DF408: work in a state, and nobody to do it."""
    for name, state in part.reachable.items():
        if not state.final and state.owner is None:
            part.report("DF408", state.source, state=name)


def states_without_item(part: Part) -> None:
    """DF419: a matrix is declared, but a state does not say which item of it it serves."""
    for name, state in part.reachable.items():
        if part.book.loaded.matrix and not state.final and state.serves is None and not _routed_by_item(part, state):
            part.report("DF419", state.source, state=name)


def owners_without_mark(part: Part) -> None:
    """DF409: the department of a state's owner does not answer for the item that the state serves."""
    for name, state in part.reachable.items():
        if state.final or state.owner is None or state.serves is None or _routed_by_item(part, state):
            continue
        for role in dict.fromkeys(possible_owners(state.owner, part.workflow, part.book.rules.tables)):
            wrong = _lacks_mark(part.book, role, state.serves)
            if wrong is not None:
                source = state.owner.source or state.source
                related = [part.book.loaded.matrix[state.serves].source]
                values = {"state": name, "item": state.serves, "role": role, "department": wrong or None}
                part.report("DF409", source, related=related, **values)


def routed_rows_without_mark(book: Book) -> None:
    """DF409: a row of a routing table gives an item to a role whose department does not answer for it."""
    for table in book.rules.tables.values():
        role_columns = [name for name, kind in _column_kinds(book, table.id) if kind == "role"]
        for row in table.rows:
            if row.item is not None and row.item in book.loaded.matrix:
                for column in role_columns:
                    _check_row(book, table.id, row, str(row.values.get(column)), row.item)


def roles_without_holder(book: Book) -> None:
    """DF412: members are declared, but none of them holds a role that the rulebook counts on."""
    members = book.rules.organisation.members.values()
    held = {role for member in members for role in member.roles}
    for name in _roles_in_use(book) if members else ():
        role = book.rules.organisation.roles.get(name)
        if role is not None and not role.external and name not in held:
            book.report("DF412", book.declared_at("roles", name), role=name)


def _check_row(book: Book, table: str, row: TableRow, role: str, item: str) -> None:
    wrong = _lacks_mark(book, role, item)
    if wrong is not None:
        related = [book.loaded.matrix[item].source]
        values = {"table": table, "item": item, "role": role, "department": wrong or None}
        book.report("DF409", row.source, related=related, **values)


def _lacks_mark(book: Book, role: str, item: str) -> str | None:
    """The department of the role if it does not answer for the item, empty if the role has none; None if all is well.

    Customers and other outside roles belong to no department and are not asked.
    """
    found: Role | None = book.rules.organisation.roles.get(role)
    if found is None or found.external or item not in book.loaded.matrix:
        return None
    if found.department is None:
        return ""
    return None if book.loaded.matrix[item].marks.get(found.department) in ANSWERS else found.department


def _routed_by_item(part: Part, state: State) -> bool:
    """Whether the owner comes from a decision table that names the item row by row."""
    if state.owner is None or state.owner.choose is None:
        return False
    return any(
        state.owner.choose.text.startswith(f"lookup({table.id},") and any(row.item for row in table.rows)
        for table in part.book.rules.tables.values()
    )


def _column_kinds(book: Book, table: str) -> Iterator[tuple[str, str]]:
    node = book.declared("tables", table)
    columns: Node | None = node.get("columns") if node else None
    for name, _, kind in columns.items() if columns else ():
        yield name, kind.text


def _roles_in_use(book: Book) -> Iterator[str]:
    """The roles that own states or that only one role may act for, each once."""
    found: dict[str, None] = {}
    for workflow in book.rules.workflows.values():
        for state in workflow.states.values():
            if state.owner is not None and state.owner.role is not None:
                found[state.owner.role] = None
        for rule in workflow.rules:
            if len(rule.by) == 1 and rule.sources != (NEW,):
                found.update(dict.fromkeys(rule.by))
    yield from found


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
