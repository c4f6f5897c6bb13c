"""SQLite finds what is asked for by an index: no query of every day reads or sorts a whole table."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.stores.builders import hours

from dutyflow.ports.queue import Query
from dutyflow.stores.finding import find_sql
from dutyflow.stores.sqlite.schema import upgrade_sqlite
from dutyflow.stores.sqlite.transaction import SQL

FILED = [("desk", "complaint", "phone"), ("school", "complaint", "phone")]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """An empty file: the plans must not depend on statistics."""
    path: Path = tmp_path_factory.mktemp("plans") / "tickets.db"
    upgrade_sqlite(path)
    with closing(sqlite3.connect(path)) as connection:
        yield connection


def plan(database: sqlite3.Connection, sql: str, values: Any = ()) -> str:
    return "; ".join(row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {sql}", values))


def plan_of_queue(database: sqlite3.Connection, query: Query) -> str:
    sql, values = find_sql(query, 50, None, FILED, lambda name: f":{name}")
    return plan(database, sql, values)


FILTERS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "role": {"role": "agent"},
    "member": {"member": "A1"},
    "department": {"department": "east"},
    "book and role": {"book": "desk", "role": "agent"},
    "workflow and role": {"book": "desk", "workflow": "complaint", "role": "agent"},
    "workflow and member": {"book": "desk", "workflow": "complaint", "member": "A1"},
    "workflow": {"book": "desk", "workflow": "complaint"},
    "state": {"book": "desk", "workflow": "complaint", "state": "received"},
    "breached": {"breached": True},
    "due before": {"due_before": hours(1)},
    "role and due before": {"role": "agent", "due_before": hours(1)},
    "role and breached": {"role": "agent", "breached": True},
    "text": {"text": "lamp"},
}


@pytest.mark.parametrize("filters", FILTERS.values(), ids=FILTERS.keys())
def test_open_tickets_in_the_order_of_due_times_are_neither_sorted_nor_all_read(
    database: sqlite3.Connection, filters: dict[str, Any]
) -> None:
    found = plan_of_queue(database, Query(**filters))
    assert "USING INDEX open_" in found and "B-TREE" not in found


def test_open_tickets_of_one_book_are_read_by_an_index(database: sqlite3.Connection) -> None:
    assert "USING INDEX open_" in plan_of_queue(database, Query(book="desk"))


@pytest.mark.parametrize("order", ["opened", "newest"])
@pytest.mark.parametrize("closed", [True, False, None])
@pytest.mark.parametrize("filters", [{}, {"book": "desk", "workflow": "complaint", "state": "received"}])
def test_tickets_in_opening_order_are_not_sorted(
    database: sqlite3.Connection, order: Any, closed: bool | None, filters: dict[str, Any]
) -> None:
    assert "B-TREE" not in plan_of_queue(database, Query(order=order, closed=closed, **filters))


@pytest.mark.parametrize("order", ["due", "opened", "newest"])
@pytest.mark.parametrize("closed", [True, False, None])
def test_tickets_with_a_filed_value_are_read_by_it(
    database: sqlite3.Connection, order: Any, closed: bool | None
) -> None:
    found = plan_of_queue(database, Query(order=order, closed=closed, fields={"phone": "138"}))
    assert "SEARCH filed USING PRIMARY KEY" in found and "SCAN tickets" not in found


NAMED: dict[str, tuple[tuple[Any, ...], str]] = {
    "load": (("a",), "SEARCH tickets USING INDEX sqlite_autoindex_tickets_1 (id=?)"),
    "history": (("a",), "SEARCH events USING INDEX events_of_ticket (ticket=?)"),
    "history_part": (("a", 1, 2), "SEARCH events USING INDEX events_of_ticket (ticket=? AND seq>? AND seq<?)"),
    "chain": (("a",), "SEARCH events USING INDEX events_of_ticket (ticket=?)"),
    "recorded": ((0, 5), "SEARCH events USING INTEGER PRIMARY KEY (rowid>?)"),
    "due_first": ((0, 5), "SEARCH due USING COVERING INDEX due_by_moment (at<?)"),
    "claimable_due": ((0, 0, 5), "SEARCH due USING INDEX due_by_moment (at<?)"),
    "claimable_messages": ((0, 0, 5), "SEARCH outbox USING INDEX outbox_waiting (try_at<?)"),
    "asked_of": (("a",), "SEARCH asked USING INDEX asked_of_ticket (ticket=?)"),
    "answer": (("k",), "SEARCH answers USING PRIMARY KEY (key=?)"),
    "last_number": (("s",), "SEARCH numbers USING PRIMARY KEY (series=?)"),
    "bundle": (("v",), "SEARCH rulebooks USING PRIMARY KEY (version=?)"),
}


@pytest.mark.parametrize("name", NAMED)
def test_a_question_is_answered_by_its_index(database: sqlite3.Connection, name: str) -> None:
    values, expected = NAMED[name]
    found = plan(database, SQL[name], values)
    assert expected in found and "B-TREE" not in found


@pytest.mark.parametrize("states", ["", "AND state IN (?, ?)"])
def test_tickets_of_a_workflow_are_selected_by_an_index(database: sqlite3.Connection, states: str) -> None:
    values = ("desk", "complaint", "received", "waiting")[: 2 + states.count("?")]
    assert "SEARCH tickets USING INDEX tickets_by_state" in plan(database, SQL["select"].format(states=states), values)


def test_tickets_with_a_filed_value_are_selected_by_it(database: sqlite3.Connection) -> None:
    found = plan(database, SQL["select_filed"].format(states=""), ("desk", "complaint", "phone", "138"))
    assert "SEARCH filed USING PRIMARY KEY (book=? AND workflow=? AND field=? AND value=?)" in found
    assert "SCAN tickets" not in found


@pytest.mark.parametrize("status", ["", "AND status = ?"])
def test_messages_are_read_in_order_by_an_index(database: sqlite3.Connection, status: str) -> None:
    values = (0, "dead", 5) if status else (0, 5)
    found = plan(database, SQL["messages"].format(status=status), values)
    assert "SEARCH outbox USING" in found and "B-TREE" not in found
