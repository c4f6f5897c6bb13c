"""The tables of a PostgreSQL database: made and brought up to date by numbered migrations, each in one transaction."""

from __future__ import annotations

from dutyflow.errors import SchemaError, StoreError
from dutyflow.stores.postgres.connections import Connection, connect, parameters_of, place_of, translated
from dutyflow.stores.queries import Migration, read_migrations, read_queries

MIGRATIONS = read_migrations(__package__)
SQL = read_queries(__package__)

VERSION_MIN = 130_000
"""PostgreSQL 13: transaction numbers that do not start again after four thousand million."""

_LOCK = 0x64757479  # any number that nobody else locks in this database
_BEGIN = """
    CREATE SCHEMA IF NOT EXISTS dutyflow;
    CREATE TABLE IF NOT EXISTS dutyflow.migrations (
        number      INTEGER PRIMARY KEY,
        name        TEXT NOT NULL,
        applied_at  TIMESTAMPTZ NOT NULL
    );
"""


def upgrade_postgres(url: str) -> tuple[Migration, ...]:
    """Make the tables of a database, or bring them up to date; the migrations that were needed.

    Run it as well after a dump was restored into another server: events go on after the last one that was kept.
    Raises `StoreError` if the schema `dutyflow` holds something else, `SchemaError` if it is newer than this version.
    """
    parameters = parameters_of(url)
    place = place_of(parameters)
    with translated(place), connect(parameters) as connection:
        # Another upgrader may be at work for as long as it takes.
        connection.execute("SET lock_timeout = 0; SET statement_timeout = 0")
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        missing = _missing(connection, place)
        for migration in missing:
            _migrate(connection, migration)
        go_on(connection)
    return missing


def is_new(url: str) -> bool:
    """Whether a database has no tables of dutyflow yet."""
    parameters = parameters_of(url)
    place = place_of(parameters)
    with translated(place), connect(parameters) as connection:
        return version_of(connection, place) == 0


def check_schema(connection: Connection, place: str) -> None:
    """`SchemaError` unless the tables are those of this version, and new events come after those that are kept."""
    if version_of(connection, place) < MIGRATIONS[-1].number:
        raise SchemaError(f"{place}: its tables are older than this version: run `dutyflow db upgrade`.")
    if _restored(connection)[1]:
        raise SchemaError(f"{place}: it was restored from a dump, and its events go on: run `dutyflow db upgrade`.")


def version_of(connection: Connection, place: str) -> int:
    """The number of the last migration that the database has had; 0 for a new one."""
    ours, anything = connection.execute(SQL["schema_tables"]).fetchone() or (False, False)
    if anything and not ours:
        raise StoreError(f"{place}: its schema `dutyflow` holds something else than tickets of dutyflow.")
    (done,) = (connection.execute(SQL["schema_version"]).fetchone() if ours else None) or (0,)
    if done > MIGRATIONS[-1].number:
        raise SchemaError(f"{place}: its tables are newer than this version of dutyflow: upgrade dutyflow.")
    return int(done)


def _missing(connection: Connection, place: str) -> tuple[Migration, ...]:
    if connection.info.server_version < VERSION_MIN:
        raise StoreError(f"{place}: dutyflow needs PostgreSQL 13 or newer.")
    if connection.info.parameter_status("server_encoding") != "UTF8":
        raise StoreError(f"{place}: the database must be encoded in UTF8: `createdb --encoding UTF8`.")
    done = version_of(connection, place)
    return tuple(migration for migration in MIGRATIONS if migration.number > done)


def _migrate(connection: Connection, migration: Migration) -> None:
    with connection.transaction():
        connection.execute(_BEGIN)
        connection.execute(migration.sql)
        connection.execute(SQL["add_migration"], (migration.number, migration.name))


def go_on(connection: Connection) -> None:
    """After a restore transactions are numbered from the start: let them count on after the last one kept."""
    last, behind = _restored(connection)
    if behind:
        connection.execute(SQL["raise_epoch"], (last,))


def _restored(connection: Connection) -> tuple[int, bool]:
    last, behind = connection.execute(SQL["lag"]).fetchone() or (0, False)
    return last, behind
