"""A store that fails when chance says so: before a commit, in the middle of it, after it, or with a conflict."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from dutyflow.errors import ConflictError, UnavailableError
from dutyflow.ports.outbox import Claimed, Delivery
from dutyflow.ports.records import Commit
from dutyflow.ports.store import SharedStore, Transaction
from dutyflow.stores.sqlite.transaction import SqliteTransaction

Chance = Callable[[float], bool]
"""Whether something with this probability happens now."""


class FaultyStore:
    """Passes everything on to a store, and sometimes fails instead, or after it has done its work."""

    def __init__(self, store: SharedStore, chance: Chance, rate: float) -> None:
        self._store = store
        self._chance = chance
        self._rate = rate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def begin(self, **words: Any) -> Iterator[FaultyTransaction]:
        """A transaction that may not begin at all."""
        self._fail("before a transaction")
        with self._store.begin(**words) as transaction:
            yield FaultyTransaction(transaction, self._chance, self._rate)

    def claim_due(self, before: datetime, *, limit: int, lease: timedelta) -> tuple[tuple[datetime, str], ...]:
        """A claim that may be kept without anybody being told."""
        self._fail("before a claim")
        claimed = self._store.claim_due(before, limit=limit, lease=lease)
        self._fail("after a claim")
        return claimed

    def claim_messages(self, now: datetime, *, limit: int, lease: timedelta) -> tuple[Claimed, ...]:
        """A claim that may be kept without anybody being told."""
        self._fail("before a claim of messages")
        claimed = self._store.claim_messages(now, limit=limit, lease=lease)
        self._fail("after a claim of messages")
        return claimed

    def settle(self, deliveries: Iterable[Delivery]) -> None:
        """What became of messages, which may be kept or not."""
        self._fail("before settling")
        self._store.settle(deliveries)
        self._fail("after settling")

    def _fail(self, where: str) -> None:
        if self._chance(self._rate):
            raise UnavailableError(f"The simulation fails {where}.")


class FaultyTransaction:
    """Passes everything on to a transaction; its commit may fail in every way that a commit can."""

    def __init__(self, transaction: Transaction, chance: Chance, rate: float) -> None:
        self._transaction = transaction
        self._chance = chance
        self._rate = rate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transaction, name)

    def commit(self, commit: Commit) -> None:
        """Write everything or nothing, and perhaps say the wrong thing about it."""
        if self._chance(self._rate):
            raise UnavailableError("The simulation fails before a commit.")
        if self._chance(self._rate):
            raise ConflictError("The simulation was quicker.")
        if self._chance(self._rate) and isinstance(self._transaction, SqliteTransaction):
            self._transaction._sql = _Torn(self._transaction._sql, self._chance)  # type: ignore[assignment]  # stands in
        self._transaction.commit(commit)
        if self._chance(self._rate):
            raise UnavailableError("The simulation fails after a commit: nobody knows that it was kept.")


class _Torn:
    """A connection that is lost between two statements of a commit."""

    def __init__(self, connection: sqlite3.Connection, chance: Chance) -> None:
        self._connection = connection
        self._chance = chance

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Run a statement, unless it is the one that fails; a rollback never does."""
        if sql != "ROLLBACK":
            self._tear()
        return self._connection.execute(sql, *values)

    def executemany(self, sql: str, rows: Any) -> sqlite3.Cursor:
        """The same for many rows."""
        self._tear()
        return self._connection.executemany(sql, rows)

    def _tear(self) -> None:
        if self._chance(0.2):
            error = sqlite3.OperationalError("The simulation tears a commit in two")
            error.sqlite_errorname = "SQLITE_IOERR_WRITE"
            raise error
