"""Opens the store that a URL names: `sqlite:///tickets.db`, `postgresql://...`, `memory:`."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from dutyflow.errors import MisuseError
from dutyflow.ports.host import Clock
from dutyflow.ports.store import SharedStore
from dutyflow.stores.queries import Migration

SQLITE, POSTGRES, MEMORY = "sqlite", "postgresql", "memory"

_PASSWORDS = (re.compile(r"(:(?!//)).*(?=@)"), re.compile(r"(password=|passfile=)[^&\s]*", re.IGNORECASE))
"""Where one may stand: `user:password@host`, `?password=...`."""

_FORMS = "sqlite:///tickets.db, sqlite:////var/lib/desk/tickets.db, postgresql://user@host/database, memory:"


def open_store(url: str, *, clock: Clock | None = None) -> SharedStore:
    """The store of a URL; a new one is made, with its tables.

    `clock` measures leases. Raises `SchemaError` for tables of another version, `UnavailableError` if the store cannot
    be reached, `MisuseError` for a URL of another form.
    """
    kind = kind_of(url)
    if kind == SQLITE:
        return _open_sqlite(sqlite_path(url), clock)
    if kind == POSTGRES:
        return _open_postgres(url, clock)
    from dutyflow.stores.shared_memory import SharedMemoryStore

    return SharedMemoryStore(clock=clock)


def upgrade_store(url: str) -> tuple[Migration, ...]:
    """Make the tables of a store or bring them up to date; the steps that were needed."""
    kind = kind_of(url)
    if kind == SQLITE:
        from dutyflow.stores.sqlite.schema import upgrade_sqlite

        return upgrade_sqlite(sqlite_path(url))
    if kind == POSTGRES:
        from dutyflow.stores.postgres.schema import upgrade_postgres

        return upgrade_postgres(url)
    return ()


def kind_of(url: str) -> str:
    """`sqlite`, `postgresql` or `memory`; `MisuseError` for anything else."""
    scheme = urlsplit(url).scheme
    if scheme == "postgres":
        return POSTGRES
    if scheme not in (SQLITE, POSTGRES, MEMORY):
        raise MisuseError(f"{shown(url)!r} is no store; write one of: {_FORMS}.")
    return scheme


def sqlite_path(url: str) -> Path:
    """The file that a URL names: three slashes and a relative path, or four and an absolute one."""
    parts = urlsplit(url)
    path = unquote(parts.path)
    if parts.netloc or not path.startswith("/") or path == "/":
        raise MisuseError(f"{shown(url)!r} names no file; write one of: {_FORMS}.")
    return Path(path[1:])


def shown(url: str) -> str:
    """The URL as it may be shown: without a password, even where it is misspelt and no URL."""
    for password in _PASSWORDS:
        url = password.sub(r"\1***", url)
    return url


def _open_sqlite(path: Path, clock: Clock | None) -> SharedStore:
    from dutyflow.stores.sqlite.schema import upgrade_sqlite
    from dutyflow.stores.sqlite.store import SqliteStore

    if not path.exists() or path.stat().st_size == 0:
        upgrade_sqlite(path)
    return SqliteStore(path, clock=clock)


def _open_postgres(url: str, clock: Clock | None) -> SharedStore:
    from dutyflow.stores.postgres.schema import is_new, upgrade_postgres
    from dutyflow.stores.postgres.store import PostgresStore

    if is_new(url):
        upgrade_postgres(url)
    return PostgresStore(url, clock=clock)
