"""A whole SQLite file: read or filled table by table while nobody else writes to it, or backed up while others do."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from dutyflow.errors import MisuseError, StoreError
from dutyflow.stores.copying import COUNTS, EVENTS, OUTBOX, TABLES, Place, Table, refuse_unless_empty
from dutyflow.stores.finding import recorded_after
from dutyflow.stores.sqlite.connections import Connections, translated
from dutyflow.stores.sqlite.schema import check_schema

_NUMBERED_ANEW = ("tx", "no")
"""Events are numbered from 1 in the order in which they come: the n-th event has the number n."""


class SqliteOrigin:
    """A file that is copied."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection

    def rows(self, table: Table) -> Iterator[tuple[Any, ...]]:
        """The rows of a table in order."""
        return self._sql.execute(f"{_selected(table)} ORDER BY {', '.join(table.order)}")

    def last_message(self) -> int:
        """The last number that was given to a message, though it may be forgotten."""
        row = self._sql.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (OUTBOX.name,)).fetchone()
        return int(row[0]) if row else 0

    def place(self, position: str) -> Place:
        """Where a position lies; `MisuseError` if it is none."""
        number = recorded_after(position)
        (count,) = self._sql.execute("SELECT count(*) FROM events WHERE no <= ?", (number,)).fetchone()
        return Place(0, number, count)


class SqliteDestination:
    """An empty file that is filled in one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection

    def take(self, table: Table, rows: Iterable[tuple[Any, ...]]) -> None:
        """Write the rows of a table."""
        left_out = _NUMBERED_ANEW if table is EVENTS else ()
        values = {
            name: f"CAST(?{place} AS BLOB)" if name in table.records else f"?{place}"
            for place, name in enumerate(table.columns, start=1)
            if name not in left_out
        }
        self._sql.executemany(
            f"INSERT INTO {table.name} ({', '.join(values)}) VALUES ({', '.join(values.values())})", rows
        )

    def count(self, table: Table) -> int:
        """How many rows a table has now."""
        (count,) = self._sql.execute(f"SELECT count(*) FROM ({_selected(table)})").fetchone()
        return int(count)

    def go_on(self, last_message: int) -> None:
        """Let the numbers of messages go on; all others follow from what is there."""
        self._sql.execute("DELETE FROM sqlite_sequence WHERE name = ?", (OUTBOX.name,))
        self._sql.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (OUTBOX.name, last_message))

    def commit(self) -> None:
        """Keep it all."""
        self._sql.execute("COMMIT")

    def position(self, place: Place) -> str:
        """The position at which a subscriber goes on here."""
        return str(place.count)


@contextmanager
def sqlite_origin(path: Path) -> Iterator[SqliteOrigin]:
    """The file to copy from. Others may read it meanwhile; whoever wants to write waits, then gives up."""
    with _held(path) as connection:
        yield SqliteOrigin(connection)


@contextmanager
def sqlite_destination(path: Path) -> Iterator[SqliteDestination]:
    """The file to copy into, which has its tables; `StoreError` if it holds anything."""
    with _held(path) as connection:
        filled = (
            table.name for table in TABLES if connection.execute(f"SELECT 1 FROM {table.name} LIMIT 1").fetchone()
        )
        refuse_unless_empty(filled, path)
        yield SqliteDestination(connection)


@contextmanager
def _held(path: Path) -> Iterator[sqlite3.Connection]:
    connections = Connections(path)
    try:
        with connections.writing() as connection:
            check_schema(connection, path)
            yield connection
    finally:
        connections.close()


def _selected(table: Table) -> str:
    columns = (f"CAST({name} AS TEXT)" if name in table.records else name for name in table.columns)
    if table is EVENTS:
        columns = ("0 AS tx" if name == "tx" else name for name in columns)
    return f"SELECT {', '.join(columns)} FROM {table.name}{' WHERE count <> 0' if table is COUNTS else ''}"


def back_up_sqlite(path: Path, file: Path) -> None:
    """Write the file as it stands at one moment into a new one that only its owner may read; others go on writing.

    The new file is there under its name only when it is whole. `MisuseError` if there is such a file already.
    """
    if file.exists():
        raise MisuseError(f"{file}: is there already; name a new file for the backup.")
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        _copy_pages(path, part)
        part.rename(file)
        _sync_folder(file.parent)
    finally:
        part.unlink(missing_ok=True)


def _copy_pages(path: Path, part: Path) -> None:
    with translated(path):
        connections = Connections(path)
        try:
            with connections.reading() as connection, closing(sqlite3.connect(part, isolation_level=None)) as copy:
                check_schema(connection, path)
                connection.backup(copy)  # all pages in one step: one moment, however much is written meanwhile
                copy.execute("PRAGMA journal_mode = DELETE")  # one file, without companions, until it is opened again
                (found,) = copy.execute("PRAGMA quick_check(1)").fetchone()
        finally:
            connections.close()
    if found != "ok":
        raise StoreError(f"{path}: its backup is damaged, and so may be the file itself: {found}")


def _sync_folder(folder: Path) -> None:
    """A new name is on the disk only when its folder is."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
