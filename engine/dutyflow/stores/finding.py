"""A queue as SQL: conditions and parameters for a query, and the cursors between its pages. For every database."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from dutyflow.errors import MisuseError
from dutyflow.kernel.ticket import OwnedBy
from dutyflow.ports.queue import LIMIT_MAX, Order, Page, Query, Row
from dutyflow.stores.encoded import NEVER, filed_value, micros, moment

COLUMNS = (
    "no, id, book, workflow, rules, state, role, member, department, number, outcome, opened_at, changed_at, due_at,"
    " breached, closed"
)
_CURSOR = re.compile(r"(due|opened|newest):(-?\d{1,19}):(\d{1,18})")
_POSITION = re.compile(r"\d{1,18}")
_ORDERS: dict[Order, tuple[str, str]] = {
    "due": ("(due_at, no) > ({due}, {no})", "due_at, no"),
    "opened": ("no > {no}", "no"),
    "newest": ("no < {no}", "no DESC"),
}
Mark = Callable[[str], str]
"""How a database writes the place of a named parameter."""


Filed = Iterable[tuple[str, str, str]]
"""(book, workflow, field): the fields by which tickets are filed."""


def recorded_after(position: str | None) -> int:
    """The number that a position among all events stands for; `MisuseError` if it is none."""
    if position is None:
        return 0
    if not _POSITION.fullmatch(position):
        raise MisuseError(f"{position!r} is no position of an event.")
    return int(position)


def find_sql(query: Query, limit: int, after: str | None, filed: Filed, mark: Mark) -> tuple[str, dict[str, Any]]:
    """The statement for one page (and one row more, to know whether another follows) and its parameters."""
    check_limit(limit)
    beyond, order = _ORDERS[query.order]
    values: dict[str, Any] = {"limit": limit + 1}
    parts = [*_conditions(query, values), *_by_fields(query, list(filed), values)]
    if after is not None:
        values |= position_of(after, query.order)
        parts.append(beyond)
    where = " AND ".join(parts) or "1 = 1"
    names = {name: mark(name) for name in values}
    sql = f"SELECT {COLUMNS} FROM tickets WHERE {where} ORDER BY {order} LIMIT {{limit}}"
    return sql.format_map(names), values


def page_of(rows: Iterable[tuple[Any, ...]], limit: int, order: Order) -> Page:
    """The page that these rows make."""
    found = list(rows)
    shown = found[:limit]
    cursor = cursor_of(order, shown[-1][13], shown[-1][0]) if len(found) > limit else None
    return Page(tuple(_row(row) for row in shown), cursor)


def _conditions(query: Query, values: dict[str, Any]) -> Iterator[str]:
    if query.closed is not None:  # written out, so that the indexes of open tickets are found
        yield "closed = 1" if query.closed else "closed = 0"
    for name in ("book", "workflow", "state", "role", "member", "department"):
        wanted = getattr(query, name)
        if wanted is not None:
            values[name] = wanted
            yield f"{name} = {{{name}}}"
    if query.due_before is not None:
        values["due_before"] = micros(query.due_before)
        yield "due_at < {due_before}"
    if query.breached is not None:
        yield "breached > 0" if query.breached else "breached = 0"
    if query.text:
        values["text"] = f"%{_escaped(query.text.casefold())}%"
        yield "text LIKE {text} ESCAPE '!'"


def _by_fields(query: Query, filed: Filed, values: dict[str, Any]) -> Iterator[str]:
    for place, (field, value) in enumerate(sorted(query.fields.items())):
        homes = [
            (book, workflow)
            for book, workflow, name in filed
            if name == field and query.book in (None, book) and query.workflow in (None, workflow)
        ]
        if not homes:
            known = ", ".join(sorted({name for _, _, name in filed})) or "none"
            raise MisuseError(f"Tickets are not filed by {field!r}; they are by: {known}.")
        values |= {f"field{place}": field, f"value{place}": filed_value(value)}
        found = []
        for number, (book, workflow) in enumerate(homes):
            home = f"{place}_{number}"
            values |= {f"book{home}": book, f"workflow{home}": workflow}
            found.append(
                f"SELECT ticket FROM filed WHERE book = {{book{home}}} AND workflow = {{workflow{home}}}"
                f" AND field = {{field{place}}} AND value = {{value{place}}}"
            )
        yield f"id IN ({' UNION ALL '.join(found)})"


def _escaped(text: str) -> str:
    return re.sub(r"([!%_])", r"!\1", text)


def check_limit(limit: int) -> None:
    """`MisuseError` for a page of a size that is not given out."""
    if not 1 <= limit <= LIMIT_MAX:
        raise MisuseError(f"A page has 1 to {LIMIT_MAX} rows, not {limit}.")


def cursor_of(order: Order, due: int, no: int) -> str:
    """The cursor that stands behind a ticket: by its due time (`NEVER` for none) and its place in opening order."""
    return f"{order}:{due}:{no}"


def position_of(cursor: str, order: Order) -> dict[str, int]:
    """The place that a cursor stands for; `MisuseError` if it is none of this order."""
    found = _CURSOR.fullmatch(cursor)
    if found is None or found[1] != order or abs(int(found[2])) > NEVER:
        raise MisuseError(f"{cursor!r} is no cursor of a queue in the order `{order}`.")
    return {"due": int(found[2]), "no": int(found[3])}


def _row(row: tuple[Any, ...]) -> Row:
    _, name, book, workflow, rules, state, role, member, department, number, outcome, opened, changed, due, *rest = row
    breached, closed = rest
    return Row(
        ticket=name,
        book=book,
        workflow=workflow,
        rules=rules,
        state=state,
        owner=OwnedBy(role, member) if role or member else None,
        department=department,
        number=number,
        outcome=outcome,
        opened_at=moment(opened),
        changed_at=moment(changed),
        due_at=None if due == NEVER else moment(due),
        breached=breached,
        closed=bool(closed),
    )
