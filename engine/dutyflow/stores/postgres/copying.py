"""A whole PostgreSQL store: read from one moment, or filled table by table, while nobody else writes to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from dutyflow.stores.copying import COUNTS, OUTBOX, TABLES, Place, Table, refuse_unless_empty
from dutyflow.stores.postgres.connections import Connection, connect, parameters_of, place_of, translated
from dutyflow.stores.postgres.schema import check_schema, go_on
from dutyflow.stores.postgres.store import read_position

PAGE = 2_000
"""Rows that are fetched at a time."""

# The locks come first: the one moment that a transaction sees is that of its first question.
_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WRITING = "BEGIN"
_PATIENTLY = """
    SET statement_timeout = 0;
    SET idle_in_transaction_session_timeout = 0;
    SET enable_seqscan = on;
"""
_ALL = ", ".join(table.name for table in TABLES)


class PostgresOrigin:
    """A database that is copied."""

    def __init__(self, connection: Connection) -> None:
        self._sql = connection

    def rows(self, table: Table) -> Iterator[tuple[Any, ...]]:
        """The rows of a table in order."""
        with self._sql.cursor(f"copied_{table.name}") as cursor:
            cursor.itersize = PAGE
            yield from cursor.execute(f"{_selected(table)} ORDER BY {', '.join(table.order)}".encode())

    def last_message(self) -> int:
        """The last number that was given to a message, though it may be forgotten."""
        row = self._sql.execute("SELECT last_value, is_called FROM outbox_no_seq").fetchone()
        return int(row[0]) if row and row[1] else 0

    def place(self, position: str) -> Place:
        """Where a position lies; `MisuseError` if it is none."""
        tx, no = read_position(position)
        row = self._sql.execute("SELECT count(*) FROM events WHERE (tx, no) <= (%s, %s)", (tx, no)).fetchone()
        return Place(tx, no, row[0] if row else 0)


class PostgresDestination:
    """An empty database that is filled in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._sql = connection

    def take(self, table: Table, rows: Iterable[tuple[Any, ...]]) -> None:
        """Write the rows of a table."""
        slot = (0,) if table is COUNTS else ()  # any slot will do
        columns = [*table.columns, "slot"] if slot else table.columns
        command = f"COPY {table.name} ({', '.join(columns)}) FROM STDIN"
        with self._sql.cursor() as cursor, cursor.copy(command.encode()) as copy:
            for row in rows:
                copy.write_row((*row, *slot))

    def count(self, table: Table) -> int:
        """How many rows a table has now."""
        row = self._sql.execute(f"SELECT count(*) FROM ({_selected(table)}) AS kept".encode()).fetchone()
        return int(row[0]) if row else 0

    def go_on(self, last_message: int) -> None:
        """Let numbers go on after those that were written, and transactions after the last one that was."""
        for table in TABLES:
            if table.is_numbered:
                given = last_message if table is OUTBOX else 0
                self._sql.execute(
                    f"SELECT setval('{table.name}_no_seq', greatest(max(no), %(given)s, 1), "
                    f"greatest(max(no), %(given)s) > 0) FROM {table.name}".encode(),
                    {"given": given},
                )
        go_on(self._sql)

    def commit(self) -> None:
        """Keep it all."""
        self._sql.execute("COMMIT")

    def position(self, place: Place) -> str:
        """The position at which a subscriber goes on here."""
        return f"{place.tx}.{place.no}"


@contextmanager
def postgres_origin(url: str) -> Iterator[PostgresOrigin]:
    """The database to copy from. Others may read it meanwhile; whoever wants to write waits, then gives up."""
    with _held(url, _READING, "SHARE") as (connection, _):
        yield PostgresOrigin(connection)


@contextmanager
def postgres_destination(url: str) -> Iterator[PostgresDestination]:
    """The database to copy into, which has its tables; `StoreError` if it holds anything."""
    with _held(url, _WRITING, "EXCLUSIVE") as (connection, place):
        filled = (table.name for table in TABLES if _has_rows(connection, table))
        refuse_unless_empty(filled, place)
        yield PostgresDestination(connection)


@contextmanager
def _held(url: str, beginning: str, lock: str) -> Iterator[tuple[Connection, str]]:
    """A connection in a transaction that has locked all tables; what it does not commit is not written."""
    parameters = parameters_of(url)
    place = place_of(parameters)
    with translated(place), connect(parameters) as connection:
        check_schema(connection, place)
        connection.execute(_PATIENTLY)
        connection.execute(beginning.encode())
        connection.execute(f"LOCK TABLE {_ALL} IN {lock} MODE".encode())
        yield connection, place


def _has_rows(connection: Connection, table: Table) -> bool:
    return connection.execute(f"SELECT FROM {table.name} LIMIT 1".encode()).fetchone() is not None


def _selected(table: Table) -> str:
    if table is not COUNTS:
        return f"SELECT {', '.join(table.columns)} FROM {table.name}"
    *alike, count = table.columns
    names = ", ".join(alike)
    return f"SELECT {names}, sum({count})::bigint FROM {table.name} GROUP BY {names} HAVING sum({count}) <> 0"
