"""Fills a store with open tickets by SQL: some lived through the engine, and then as many copies as are wanted.

A copy has an id of its own everywhere, also within its records, and its time limits lie a little later. All copies of
one ticket come after each other, so that large indexes are not filled at random places.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from desk import life, open_desk, submit_all

SEEDS = 100
SPREAD_MICROS = 30 * 86_400 * 1_000_000
"""The time limits of the copies lie within thirty days."""

_LATER = f"+ i * ({SPREAD_MICROS} / %(copies)d)"
_RECORD = "CAST(replace(CAST(body AS TEXT), {id}, {id} || '-' || i) AS %(record)s)"
_NEW_VALUES: Mapping[str, Mapping[str, str]] = {
    "tickets": {
        "id": "id || '-' || i",
        "due_at": f"CASE WHEN due_at < 9e18 THEN due_at {_LATER} ELSE due_at END",
        "body": _RECORD.format(id="id"),
    },
    "events": {"ticket": "ticket || '-' || i", "body": _RECORD.format(id="ticket")},
    "due": {"ticket": "ticket || '-' || i", "at": f"at {_LATER}"},
    "filed": {"ticket": "ticket || '-' || i"},
}


def filled_sqlite(path: Path, size: int) -> str:
    """A SQLite file with so many open tickets; its address."""
    url = f"sqlite:///{path}"
    _live(url)
    with sqlite3.connect(path, isolation_level=None) as connection:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000"):  # our store sets its own
            connection.execute(f"PRAGMA {pragma}")
        numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT i FROM n"
        _multiply(connection, size // SEEDS - 1, numbers, record="BLOB")
    connection.close()
    return url


def filled_postgres(url: str, size: int) -> str:
    """A PostgreSQL database with so many open tickets; its address."""
    import psycopg

    _live(url)
    with psycopg.connect(url, autocommit=True, options="-c search_path=dutyflow,pg_catalog") as connection:
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET maintenance_work_mem = '512MB'")
        _multiply(connection, size // SEEDS - 1, "SELECT i FROM generate_series(1, %d) AS n(i)", record="TEXT")
        connection.execute("VACUUM ANALYZE")
    return url


def _live(url: str) -> None:
    """Tickets that have just come in, have been judged, or have a promise as well."""
    with open_desk(url) as engine:
        for number in range(SEEDS):
            submit_all(engine, life(f"seed-{number}")[: 1 + number % 3])


def _multiply(connection: Any, copies: int, numbers: str, *, record: str) -> None:
    connection.execute(f"CREATE TEMPORARY TABLE copies AS {numbers % copies}")
    connection.execute("BEGIN")
    for table, changed in _NEW_VALUES.items():
        columns = [name for name in _columns(connection, table) if name != "no"]
        values = [changed.get(name, name) % {"copies": copies, "record": record} for name in columns]
        connection.execute(f"CREATE TEMPORARY TABLE seed_{table} AS SELECT * FROM {table}")
        connection.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM seed_{table} CROSS JOIN copies"
        )
    connection.execute(f"UPDATE counts SET count = count * {copies + 1}")
    connection.execute("COMMIT")
    connection.execute("ANALYZE")


def _columns(connection: Any, table: str) -> Sequence[str]:
    return [column[0] for column in connection.execute(f"SELECT * FROM {table} LIMIT 0").description]
