"""The tables of a SQLite file: made and brought up to date by numbered migrations, each in one transaction."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from dutyflow.errors import SchemaError, StoreError
from dutyflow.stores.queries import Migration, read_migrations
from dutyflow.stores.sqlite.connections import BUSY_SECONDS, translated

MIGRATIONS = read_migrations(__package__)
APPLICATION_ID = int.from_bytes(b"duty")
"""Stands in the header of our files, so that those of other programs are recognised."""


def upgrade_sqlite(path: Path) -> tuple[Migration, ...]:
    """Make the file, which only its owner may read, or bring its tables up to date; the migrations that were needed.

    Raises `StoreError` for a file that holds something else, `SchemaError` for one that is newer than this version.
    """
    _make_private(path)
    with translated(path):
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            version_of(connection, path)  # a file of somebody else is refused before anything in it changes
            connection.execute("PRAGMA journal_mode = WAL")
            return _upgrade(connection, path)
        finally:
            connection.close()


def _make_private(path: Path) -> None:
    """A new file, for its owner only; SQLite gives its companions the same permissions. Whatever is there stays."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError:  # it is there already, or cannot be made: SQLite will say why
        return


def _upgrade(connection: sqlite3.Connection, path: Path) -> tuple[Migration, ...]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        done = version_of(connection, path)
        missing = tuple(migration for migration in MIGRATIONS if migration.number > done)
        for migration in missing:
            for statement in _statements(migration.sql):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {migration.number:d}")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return missing


def check_schema(connection: sqlite3.Connection, path: Path) -> None:
    """`SchemaError` unless the tables are those of this version."""
    with translated(path):
        done = version_of(connection, path)
    if done < MIGRATIONS[-1].number:
        raise SchemaError(f"{path}: its tables are older than this version: run `dutyflow db upgrade`.")


def version_of(connection: sqlite3.Connection, path: Path) -> int:
    """The number of the last migration that the file has had; 0 for a new file."""
    if connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None:
        return 0
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    if owner != APPLICATION_ID:
        raise StoreError(f"{path}: this file holds something else than tickets of dutyflow.")
    (done,) = connection.execute("PRAGMA user_version").fetchone()
    if done > MIGRATIONS[-1].number:
        raise SchemaError(f"{path}: its tables are newer than this version of dutyflow: upgrade dutyflow.")
    return int(done)


def _statements(sql: str) -> list[str]:
    """The statements of a migration; `executescript` would commit before it begins."""
    statements: list[str] = []
    pending = ""
    for line in sql.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            statements.append(pending)
            pending = ""
    return statements
