"""Connections to one SQLite file, and its failures told as exceptions of dutyflow."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock, local

from dutyflow.errors import MisuseError, StoreError, UnavailableError

BUSY_SECONDS = 10.0
"""How long a process waits for another one that is writing."""

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # an answer that was given survives a power cut
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -16000",
)
_ADVICE = {
    "SQLITE_BUSY": "Another process is writing to it for too long; try again.",
    "SQLITE_LOCKED": "Another process is writing to it for too long; try again.",
    "SQLITE_FULL": "The disk is full; make room and try again.",
    "SQLITE_READONLY": "It may not be written; look at its permissions.",
    "SQLITE_IOERR": "The disk does not answer as it should.",
    "SQLITE_CANTOPEN": "It cannot be opened; look at the path and its permissions.",
    "SQLITE_NOTADB": "It is no SQLite database.",
    "SQLITE_CORRUPT": "It is damaged; restore a backup.",
    "SQLITE_PERM": "It may not be read; look at its permissions.",
    "SQLITE_AUTH": "It may not be read; look at its permissions.",
}
_BROKEN = frozenset(("SQLITE_NOTADB", "SQLITE_CORRUPT"))


class Connections:
    """One connection that writes, guarded by `writing`, and one that reads for each thread.

    A process that was forked opens its own: a connection must not cross a fork.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.writing = RLock()
        self._all_lock = RLock()
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._writer: sqlite3.Connection | None = None
        self._local = local()
        self._all: list[sqlite3.Connection] = []
        self._closed = False

    @property
    def writer(self) -> sqlite3.Connection:
        """The connection that writes; use it while holding `writing`."""
        self._check()
        if self._writer is None:
            self._writer = self._open()
        return self._writer

    @property
    def reader(self) -> sqlite3.Connection:
        """The connection of this thread for reading what was committed."""
        self._check()
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = self._local.connection = self._open()
        return found

    def close(self) -> None:
        """Close them all."""
        with self._all_lock:
            self._closed = True
            if self._pid == os.getpid():
                for connection in self._all:
                    connection.close()
            self._all.clear()

    def _check(self) -> None:
        if self._pid != os.getpid():
            self.writing = RLock()
            self._all_lock = RLock()
            self._begin()
        if self._closed:
            raise MisuseError("The store has been closed.")

    def _open(self) -> sqlite3.Connection:
        with translated(self.path):
            connection = sqlite3.connect(
                self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
            )
            for pragma in _PRAGMAS:
                connection.execute(pragma)
        with self._all_lock:
            self._all.append(connection)
        return connection


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Failures of SQLite as exceptions that say what to do: `UnavailableError`, or `StoreError` for a broken file."""
    try:
        yield
    except sqlite3.Error as error:
        code = _code(error)
        said = f"{path}: {error}. {_ADVICE.get(code, '')}".strip()
        raise (StoreError(said) if code in _BROKEN else UnavailableError(said)) from error


def _code(error: sqlite3.Error) -> str:
    """The primary code: `SQLITE_IOERR` for `SQLITE_IOERR_WRITE`."""
    name = getattr(error, "sqlite_errorname", "")
    return next((code for code in _ADVICE if name == code or name.startswith(code + "_")), name)
