"""Bare `sqlite3` that writes given rows: the same tables and the same durability as our store, and no logic at all."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Transaction = list[tuple[str, list[Any]]]


class RawSqlite:
    """A file that has our tables."""

    def __init__(self, path: Path) -> None:
        self._sql = sqlite3.connect(path, isolation_level=None, cached_statements=256)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "temp_store = MEMORY", "cache_size = -16000"):
            self._sql.execute(f"PRAGMA {pragma}")

    def write(self, transactions: Iterable[Transaction]) -> None:
        """Write each transaction and wait until it is on the disk."""
        execute, executemany = self._sql.execute, self._sql.executemany
        for statements in transactions:
            execute("BEGIN IMMEDIATE")
            for sql, rows in statements:
                if len(rows) == 1:
                    execute(sql, rows[0])
                else:
                    executemany(sql, rows)
            execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._sql.close()
