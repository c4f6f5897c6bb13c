"""Carries a whole store into another one of any kind, and backs a SQLite file up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from dutyflow.bootstrap.stores import POSTGRES, SQLITE, kind_of, open_store, shown, sqlite_path
from dutyflow.errors import MisuseError, StoreError
from dutyflow.runtime.verify import Damage, verify
from dutyflow.stores.copying import TABLES, Destination, Origin, Table

VERIFYING = "verify"
"""What `progress` is told while both stores are compared."""

Progress = Callable[[str, int], None]
"""Is told what is being copied (the name of a table, or `VERIFYING`) and how far it has come."""

_TOLD_EVERY = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What was carried over: rows by table, what was wrong with histories before (and still is), new positions."""

    rows: Mapping[str, int]
    damages: tuple[Damage, ...] = ()
    positions: Mapping[str, str]


def copy_store(source: str, target: str, *, positions: Iterable[str] = (), progress: Progress | None = None) -> Copied:
    """Copy everything that the store at one URL keeps into the empty or new one at another, all or nothing.

    Nobody writes to the source meanwhile: those who want to wait, and give up after some seconds. Afterwards both are
    compared byte by byte and verified. `positions` are those of subscribers; the answer says where each goes on.
    Raises `StoreError` if the target is not empty, `SchemaError` if the tables of either are of another version,
    `MisuseError` for a store in memory, for one and the same store, and for a position that is none.
    """
    _check_kinds(source, target)
    tell = progress or _tell_nobody
    with _origin(source) as origin:
        places = {position: origin.place(position) for position in positions}
        open_store(target).close()  # a new one is made, with its tables
        with _destination(target) as destination:
            rows = {table.name: _carry(table, origin, destination, tell) for table in TABLES}
            destination.go_on(origin.last_message())
            destination.commit()
            moved = {position: destination.position(place) for position, place in places.items()}
        damages = tuple(_compared(source, target, tell))
    return Copied(rows=rows, damages=damages, positions=moved)


def back_up(url: str, file: Path) -> None:
    """Write a SQLite store as it stands into a new file, while others go on using it.

    `MisuseError` for any other kind of store (PostgreSQL has `pg_dump`), and for a file that is there already.
    """
    if kind_of(url) != SQLITE:
        raise MisuseError(f"{shown(url)} is no file; PostgreSQL is backed up with `pg_dump` or `pg_basebackup`.")
    from dutyflow.stores.sqlite.copying import back_up_sqlite

    back_up_sqlite(sqlite_path(url), file)


def _check_kinds(source: str, target: str) -> None:
    for url in (source, target):
        if kind_of(url) not in (SQLITE, POSTGRES):
            raise MisuseError(f"{shown(url)}: a store in memory ends with its process; name one that lasts.")
    if source == target or (kind_of(source) == kind_of(target) == SQLITE and _same_file(source, target)):
        raise MisuseError(f"{shown(source)}: this is the same store; name another one to copy into.")


def _same_file(one: str, other: str) -> bool:
    return sqlite_path(one).resolve() == sqlite_path(other).resolve()


def _origin(url: str) -> AbstractContextManager[Origin]:
    if kind_of(url) == SQLITE:
        from dutyflow.stores.sqlite.copying import sqlite_origin

        return sqlite_origin(sqlite_path(url))
    from dutyflow.stores.postgres.copying import postgres_origin

    return postgres_origin(url)


def _destination(url: str) -> AbstractContextManager[Destination]:
    if kind_of(url) == SQLITE:
        from dutyflow.stores.sqlite.copying import sqlite_destination

        return sqlite_destination(sqlite_path(url))
    from dutyflow.stores.postgres.copying import postgres_destination

    return postgres_destination(url)


def _carry(table: Table, origin: Origin, destination: Destination, tell: Progress) -> int:
    """Copy one table; how many rows it has."""
    passed = 0

    def counted() -> Iterator[tuple[Any, ...]]:
        nonlocal passed
        for row in origin.rows(table):
            passed += 1
            if passed % _TOLD_EVERY == 0:
                tell(table.name, passed)
            yield row

    destination.take(table, counted())
    if destination.count(table) != passed:
        raise StoreError(f"{table.name}: {passed} rows were copied, but {destination.count(table)} arrived.")
    return passed


def _compared(source: str, target: str, tell: Progress) -> Iterator[Damage]:
    """What is wrong with the histories that were copied; `StoreError` if they are not those of the source."""
    with closing(open_store(source)) as before, closing(open_store(target)) as after:
        for number, (old, new) in enumerate(zip_longest(before.chains(), after.chains()), start=1):
            if old is None or new is None or old != new:
                raise StoreError(f"{shown(target)}: its tickets are not those that were copied; do not use it.")
            if number % _TOLD_EVERY == 0:
                tell(VERIFYING, number)
            yield from next(verify([new]))


def _tell_nobody(what: str, count: int) -> None:
    """Where nobody watches."""
