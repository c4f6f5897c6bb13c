"""Bare psycopg that writes given rows: the same tables, settings and prepared statements as our store, and no logic."""

from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg.types.numeric import Int8Dumper

Transaction = list[tuple[str, list[Any]]]
_OPTIONS = "-c search_path=dutyflow,pg_catalog -c plan_cache_mode=force_generic_plan"


class RawPsycopg:
    """One connection to a database that has our tables."""

    def __init__(self, url: str) -> None:
        self._sql = psycopg.connect(url, autocommit=True, options=_OPTIONS, prepare_threshold=2)
        self._sql.adapters.register_dumper(int, Int8Dumper)
        self._cursor = psycopg.RawCursor(self._sql)

    def write(self, transactions: Iterable[Transaction]) -> None:
        """Write each transaction, which is one statement, and wait until it is on the disk."""
        for ((sql, (values,)),) in transactions:
            self._cursor.execute(sql, values)

    def close(self) -> None:
        """Close the connection."""
        self._sql.close()
