"""A pool of connections to one PostgreSQL database, and its failures told as exceptions of dutyflow."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.array import ListBinaryDumper
from psycopg.types.numeric import Int8BinaryDumper, Int8Dumper
from psycopg_pool import ConnectionPool, PoolTimeout

from dutyflow.errors import ConflictError, MisuseError, StoreError, UnavailableError
from dutyflow.runtime.forks import generation

R = TypeVar("R")

Connection = psycopg.Connection[tuple[Any, ...]]

POOL_SECONDS = 5.0
"""How long a thread waits for a connection that others have."""

# The failures of the pool are raised again as ours; without a handler Python would print them to the terminal as well.
logging.getLogger("psycopg.pool").addHandler(logging.NullHandler())

_DEFAULTS: dict[str, Any] = {
    "application_name": "dutyflow",
    "client_encoding": "utf8",
    "connect_timeout": 5,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
# Read committed, because each statement after a lock must see what was committed while it waited. Plans are made
# once: planning a commit takes longer than running it. They must also be right for tables that were empty when they
# were made and have grown since, hence always over an index.
_SETTINGS = """
    SET search_path = dutyflow, pg_catalog;
    SET default_transaction_isolation = 'read committed';
    SET statement_timeout = '30s';
    SET lock_timeout = '10s';
    SET idle_in_transaction_session_timeout = '60s';
    SET plan_cache_mode = force_generic_plan;
    SET enable_seqscan = off;
    SET jit = off;
"""
LOCKED = "55P03"
"""The state of a lock that others have: a conflict for who is writing; who only begins may try again later."""

# Somebody else was quicker: an expectation that is not met, a duplicate, a failed serialization, a deadlock.
_CONFLICTS = frozenset(("DF001", "23505", "40001", "40P01"))

_ADVICE = {
    "25006": "The server is read-only: name the primary server, or wait until it takes over.",
    "42501": "This user may not do that: grant it the schema `dutyflow`.",
    "53100": "The disk of the server is full; make room and try again.",
    "53200": "The server has no memory left; try again.",
    "53300": "The server has no connection left: close some, or raise its `max_connections`.",
    LOCKED: "Others are writing for too long; try again.",
    "57014": "It took too long; try again.",
    "57P01": "The server is being shut down, or somebody closed the connection; try again.",
    "57P02": "The server has crashed and is recovering; try again.",
    "57P03": "The server is starting; try again.",
}
# A connection that is refused has no code, only the words of the server.
_REFUSALS = (
    (r'database ".*" does not exist', "Create it: `createdb`."),
    (r"password authentication failed|no password supplied", "Look at the user and the password."),
    (r"too many clients|too many connections|remaining connection slots", _ADVICE["53300"]),
    (r"starting up|shutting down|recovery", "The server is starting or stopping; try again."),
    (
        r"refused|No such file|timeout|unreachable|resolve|translate host",
        "Is the server running, and the address right?",
    ),
)
_BROKEN = ("22", "42P01", "42703", "42883", "54", "58", "XX")


class Connections:
    """The connections of one process; one that was forked opens its own, because none may cross a fork."""

    def __init__(self, url: str, pool_max: int) -> None:
        self._parameters = parameters_of(url)
        self._pool_max = pool_max
        self.place = place_of(self._parameters)
        self._lock = Lock()
        self._born_in = generation()
        self._pool: ConnectionPool[Connection] | None = None
        self._left: list[ConnectionPool[Connection] | None] = []
        self._closed = False

    @contextmanager
    def opened(self, first: Callable[[Connection], R]) -> Iterator[R]:
        """What `first` makes of a connection, which is held until the end.

        A pooled connection may have been lost long ago. One that fails in `first` is therefore replaced, once: until
        then nothing has been written that could be written twice.
        """
        with translated(self.place):
            pool = self._open_pool()
            connection, result = self._begun(pool, first)
        try:
            yield result
        finally:
            pool.putconn(connection)

    def _begun(self, pool: ConnectionPool[Connection], first: Callable[[Connection], R]) -> tuple[Connection, R]:
        connection = self._taken(pool)
        try:
            return connection, first(connection)
        except BaseException as error:
            lost = isinstance(error, psycopg.OperationalError) and connection.closed
            pool.putconn(connection)
            if not lost:
                raise
        self._renew(pool)
        connection = self._taken(pool)
        try:
            return connection, first(connection)
        except BaseException:
            pool.putconn(connection)
            raise

    @contextmanager
    def alone(self) -> Iterator[Connection]:
        """A connection outside the pool: if there is none, the failure says at once why."""
        with connect(self._parameters) as connection:
            yield connection

    def ask(self, question: Callable[[Connection], R]) -> R:
        """The answer to a question that may be asked twice."""
        with self.opened(question) as answer:
            return answer

    def close(self) -> None:
        """Close them all."""
        with self._lock:
            self._closed = True
            pool, self._pool = self._pool, None
        if pool is not None and self._born_in == generation():
            pool.close()

    def _open_pool(self) -> ConnectionPool[Connection]:
        if self._born_in != generation():
            self._leave_to_parent()
        with self._lock:
            if self._closed:
                raise MisuseError("The store has been closed.")
            if self._pool is None:
                self._pool = self._new_pool()
            return self._pool

    def _leave_to_parent(self) -> None:
        """After a fork a thread that is not here may hold the lock, and the pool must not even be cleared away."""
        self._left.append(self._pool)
        self._born_in, self._lock, self._pool = generation(), Lock(), None

    def _new_pool(self) -> ConnectionPool[Connection]:
        pool: ConnectionPool[Connection] = ConnectionPool(
            kwargs={**self._parameters, "autocommit": True},
            min_size=0,
            max_size=self._pool_max,
            configure=_configure,
            timeout=POOL_SECONDS,
            reconnect_timeout=0,  # whoever needs a connection tries again; nobody else does
            name="dutyflow",
            open=False,
        )
        pool.open()
        return pool

    def _taken(self, pool: ConnectionPool[Connection]) -> Connection:
        try:
            return pool.getconn()
        except PoolTimeout as error:
            with self.alone():  # fails with the reason, unless others have all connections of the pool
                busy = f"{self.place}: all {self._pool_max} connections are busy; try again, or allow for more."
                raise UnavailableError(busy) from error

    def _renew(self, pool: ConnectionPool[Connection]) -> None:
        """Throw away the connections that were lost together with one; raises if there can be no new ones."""
        with self.alone():
            pool.check()


def connect(parameters: dict[str, Any]) -> Connection:
    """A connection of its own, outside any pool."""
    connection: Connection = psycopg.connect(**parameters, autocommit=True)
    _configure(connection)
    return connection


def parameters_of(url: str) -> dict[str, Any]:
    """How to connect; what the address does not say has a default. `MisuseError` for an address that cannot be read."""
    try:
        return {**_DEFAULTS, **conninfo_to_dict(url)}
    except psycopg.ProgrammingError:
        # The original error would quote the address, and with it the password.
        raise MisuseError(
            "This address of a PostgreSQL database cannot be read; one looks like postgresql://user@host/database."
        ) from None


def place_of(parameters: dict[str, Any]) -> str:
    """Where the database is, without user and password."""
    host, port = parameters.get("host") or "localhost", parameters.get("port") or 5432
    return f"PostgreSQL at {host}:{port}/{parameters.get('dbname') or ''}".rstrip("/")


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Failures of PostgreSQL as exceptions that say what to do."""
    try:
        yield
    except psycopg.Error as error:
        raise as_ours(error, place) from error


def as_ours(error: psycopg.Error, place: str) -> StoreError:
    """The failure as an exception of dutyflow."""
    state = error.sqlstate or ""
    said = _first_sentence(str(error))
    if state in _CONFLICTS:
        return ConflictError(f"Somebody else was quicker: {said}.")
    if isinstance(error, psycopg.DataError) or state.startswith(_BROKEN):
        return StoreError(f"{place} cannot keep or read this: {said}.")
    if state in _ADVICE:
        return UnavailableError(f"{place}: {said}. {_ADVICE[state]}")
    advice = next((advice for words, advice in _REFUSALS if re.search(words, str(error))), "")
    return UnavailableError(f"{place} cannot be reached: {said}. {advice}".strip())


def _first_sentence(text: str) -> str:
    """What went wrong, without the statement in which it did; a list of several servers is told to the end."""
    first = text.strip().partition("\n")[0]
    return (" ".join(text.split()) if first.endswith(":") else first).rstrip(".")


def _configure(connection: Connection) -> None:
    # Numbers always travel as eight bytes: a statement is prepared once, not once for each size of number. Lists
    # travel in binary, because it takes long to quote all the quotes of JSON.
    for dumper in (Int8BinaryDumper, Int8Dumper):
        connection.adapters.register_dumper(int, dumper)
    connection.adapters.register_dumper(list, ListBinaryDumper)
    connection.prepare_threshold = 2
    connection.execute(_SETTINGS)
