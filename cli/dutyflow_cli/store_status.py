"""Gathers what a store holds, for `dutyflow db status`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dutyflow.bootstrap.engine import Engine
from dutyflow.bootstrap.stores import POSTGRES, SQLITE, kind_of, shown, sqlite_path
from dutyflow.ports.outbox import Status
from dutyflow.runtime.zone_data import zone_data
from dutyflow.stores.queries import read_migrations

COUNT_MAX = 10_000
"""What waits is counted so far and no further."""

_PAGE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreStatus:
    """A store at one moment. `tables` is the number of its last migration, `size` the bytes of its files, if known.

    `due` counts tickets whose moment has come and was not dealt with yet; a worker that runs keeps it near zero.
    `other_zone_data` is what the newest versions were published with, where that is not the `zone_data` of here.
    """

    store: str
    tables: int | None
    rulebooks: Mapping[str, str]
    open: int
    breached: int
    closed: int
    due: int
    next_due_at: datetime | None
    waiting: int
    dead: int
    size: int | None
    zone_data: str
    other_zone_data: tuple[str, ...] = ()


def status_of_store(url: str, engine: Engine) -> StoreStatus:
    """Look at everything once."""
    counts = engine.counts()
    now = engine.clock.now()
    return StoreStatus(
        store=shown(url),
        tables=_tables(url),
        rulebooks=dict(sorted(engine.rulebooks().items())),
        open=sum(count.count for count in counts if not count.closed),
        breached=sum(count.count for count in counts if count.breached and not count.closed),
        closed=sum(count.count for count in counts if count.closed),
        due=len(engine.store.due(now, inclusive=False, limit=COUNT_MAX)),
        next_due_at=engine.next_due_at(),
        waiting=_messages(engine, "waiting"),
        dead=_messages(engine, "dead"),
        size=_size(url),
        zone_data=zone_data(),
        other_zone_data=_other_zone_data(engine),
    )


def _other_zone_data(engine: Engine) -> tuple[str, ...]:
    newest = {publication.book: publication.zones for publication in engine.store.publications()}
    return tuple(sorted({zones for zones in newest.values() if zones and zones != zone_data()}))


def _tables(url: str) -> int | None:
    """An engine opens only on tables of this version, so that is the version they have; memory has none."""
    packages = {SQLITE: "dutyflow.stores.sqlite", POSTGRES: "dutyflow.stores.postgres"}
    package = packages.get(kind_of(url))
    return read_migrations(package)[-1].number if package else None


def _messages(engine: Engine, status: Status) -> int:
    count, after = 0, 0
    while count < COUNT_MAX:
        found = engine.store.messages(status, limit=_PAGE, after=after)
        count += len(found)
        if len(found) < _PAGE:
            break
        after = found[-1].number
    return count


def _size(url: str) -> int | None:
    """The file with what is not yet written back into it."""
    if kind_of(url) != SQLITE:
        return None
    path = sqlite_path(url)
    files = (path, Path(f"{path}-wal"))
    return sum(file.stat().st_size for file in files if file.exists())
