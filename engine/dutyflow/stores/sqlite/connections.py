"""Connections to one SQLite file, and its failures told as exceptions of dutyflow."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, RLock
from types import TracebackType

from dutyflow.errors import DutyflowError, MisuseError, StoreError, UnavailableError
from dutyflow.runtime.forks import generation

BUSY_SECONDS = 10.0
"""How long one waits for another thread or process that is writing."""

_ALWAYS = ("PRAGMA temp_store = MEMORY", "PRAGMA cache_size = -4000")  # 4 MB a connection; the system keeps the rest
_READING = (*_ALWAYS, "PRAGMA query_only = ON")
_WRITING = (
    *_ALWAYS,
    "PRAGMA journal_mode = WAL",  # a file that was restored from a backup may have lost it
    "PRAGMA synchronous = FULL",  # an answer that was given survives a power cut
)
_ADVICE = {
    "SQLITE_BUSY": "Another process is writing to it for too long; try again.",
    "SQLITE_LOCKED": "Another process is writing to it for too long; try again.",
    "SQLITE_PROTOCOL": "Another process is writing to it for too long; try again.",
    "SQLITE_FULL": "The disk is full; make room and try again.",
    "SQLITE_READONLY": "It may not be written; look at its permissions.",
    "SQLITE_IOERR": "The disk does not answer as it should.",
    "SQLITE_CANTOPEN": "It cannot be opened; look at the path and its permissions.",
    "SQLITE_PERM": "It may not be read; look at its permissions.",
    "SQLITE_AUTH": "It may not be read; look at its permissions.",
    "SQLITE_NOMEM": "There is not enough memory.",
    "SQLITE_NOTADB": "It is no SQLite database.",
    "SQLITE_CORRUPT": "It is damaged; restore a backup.",
}
_BROKEN = frozenset(("SQLITE_NOTADB", "SQLITE_CORRUPT"))


class Connections:
    """One connection that writes, for one thread at a time, and as many that read as are reading at once.

    A process that was forked opens its own: a connection must not cross a fork, not even to be closed.
    """

    def __init__(self, path: Path, busy_seconds: float = BUSY_SECONDS) -> None:
        self.path = path
        self._busy_seconds = busy_seconds
        self._closed = False
        self._inherited: list[sqlite3.Connection] = []
        self._begin()

    def _begin(self) -> None:
        self._born_in = generation()
        self._write_lock = RLock()
        self._idle_lock = Lock()
        self._writer: sqlite3.Connection | None = None
        self._idle: list[sqlite3.Connection] = []

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for reading what was committed; nobody else has it meanwhile."""
        self._check()
        with self._idle_lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = self._open(_READING)
        try:
            yield connection
        finally:
            self._give_back(connection)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The connection that writes, within a transaction; whoever does not commit it has written nothing."""
        with self._held(), translated(self.path):
            if self._writer is None:
                self._writer = self._open(_WRITING)
            connection = self._writer
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close them all, once whoever is writing has ended; those that read now are closed when they have read."""
        if self._closed:
            return
        with self._held():
            with self._idle_lock:
                self._closed = True
                unused = [*self._idle, *([self._writer] if self._writer else [])]
            for connection in unused:
                connection.close()

    @contextmanager
    def _held(self) -> Iterator[None]:
        """The right to write. A thread that has it already has forgotten to end its transaction."""
        self._check()
        lock = self._write_lock
        if not lock.acquire(timeout=self._busy_seconds):
            raise UnavailableError(f"{self.path}: another thread has been writing to it for too long; try again.")
        try:
            self._check()
            if self._writer is not None and self._writer.in_transaction:
                raise MisuseError("This thread has begun a transaction already: end it first.")
            yield
        finally:
            lock.release()

    def _check(self) -> None:
        if self._closed:
            raise MisuseError("The store has been closed.")
        if self._born_in != generation():
            self._inherited += [*self._idle, *([self._writer] if self._writer else [])]
            self._begin()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._idle_lock:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()

    def _open(self, pragmas: Iterable[str]) -> sqlite3.Connection:
        """A connection to the file, which must be there: making one is what `upgrade_sqlite` is for."""
        with translated(self.path):
            connection = sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode=rw",
                uri=True,
                timeout=self._busy_seconds,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=256,
            )
            try:
                for pragma in pragmas:
                    connection.execute(pragma)
            except sqlite3.Error:
                connection.close()
                raise
        return connection


class translated:
    """Failures of SQLite as exceptions that say what to do: `UnavailableError` where trying again may help.

    Entered several times for each command, and therefore no generator.
    """

    __slots__ = ("_path",)

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, sqlite3.Error):
            raise _told(error, self._path) from error


def _told(error: sqlite3.Error, path: Path) -> DutyflowError:
    if isinstance(error, sqlite3.ProgrammingError):
        return MisuseError(f"{path}: {error}")
    code = _code(error)
    said = f"{path}: {error}. {_ADVICE.get(code, '')}".strip()
    return UnavailableError(said) if code in _ADVICE and code not in _BROKEN else StoreError(said)


def _code(error: sqlite3.Error) -> str:
    """The primary code: `SQLITE_IOERR` for `SQLITE_IOERR_WRITE`."""
    name = getattr(error, "sqlite_errorname", "")
    return next((code for code in _ADVICE if name == code or name.startswith(code + "_")), name)
