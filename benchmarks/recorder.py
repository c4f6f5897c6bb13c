"""Takes down what an engine writes to its database, statement by statement, so that it can be written again bare.

A transaction is the list of its statements; reading is left out. Whoever replays them does no more than any program
would have to that wants the same rows in the same tables.
"""

import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

Transaction = list[tuple[str, list[Any]]]
"""Statements in order, each with the rows of values that it is run with."""

_WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE)\b")


@contextmanager
def recorded_sqlite() -> Iterator[list[Transaction]]:
    """What is committed by connections that are opened meanwhile."""
    transactions: list[Transaction] = []
    pending: Transaction = []

    class Recording(sqlite3.Connection):
        """A connection that remembers its writes: sqlite3 takes such a class as `factory`."""

        def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
            if _WRITES.match(sql):
                pending.append((sql, [parameters]))
            elif sql == "COMMIT" and pending:
                transactions.append(pending.copy())
                pending.clear()
            elif sql == "ROLLBACK":
                pending.clear()
            return super().execute(sql, parameters)

        def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
            rows = list(parameters)
            pending.append((sql, rows))
            return super().executemany(sql, rows)

    connect = sqlite3.connect

    def connected(*args: Any, **settings: Any) -> sqlite3.Connection:
        return connect(*args, **settings, factory=Recording)

    with patch("sqlite3.connect", connected):
        yield transactions


@contextmanager
def recorded_postgres() -> Iterator[list[Transaction]]:
    """What our store writes meanwhile: each transaction is one statement."""
    from psycopg import RawCursor

    transactions: list[Transaction] = []

    class Recording(RawCursor[Any]):
        """The cursor of the one statement that writes."""

        def execute(self, query: Any, params: Any = None, **settings: Any) -> Any:
            done = super().execute(query, params, **settings)
            transactions.append([(query, [params])])
            return done

    with patch("dutyflow.stores.postgres.transaction.RawCursor", Recording):
        yield transactions
