"""Bare psycopg that writes given rows: the same tables, settings and prepared statements as our store, and no logic."""

from collections.abc import Iterable
from typing import Any

from psycopg import RawCursor

from dutyflow.stores.postgres.connections import connect, parameters_of

Transaction = list[tuple[str, list[Any]]]


class RawPsycopg:
    """One connection to a database that has our tables, set up as our store sets up its own."""

    def __init__(self, url: str) -> None:
        self._sql = connect(parameters_of(url))
        self._cursor = RawCursor(self._sql)

    def write(self, transactions: Iterable[Transaction]) -> None:
        """Write each transaction, which is one statement, and wait until it is on the disk."""
        for ((sql, (values,)),) in transactions:
            self._cursor.execute(sql, values)

    def close(self) -> None:
        """Close the connection."""
        self._sql.close()
