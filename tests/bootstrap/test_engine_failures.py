"""A store that fails says why; the same command is asked again with its key, and happens once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from tests.bootstrap.engines import SetClock
from tests.crash.inspection import faults
from tests.crash.plan import DESK
from tests.postgres import PostgresServer

from dutyflow.bootstrap.engine import Engine
from dutyflow.errors import SchemaError, UnavailableError
from dutyflow.kernel.commands import Fire, Open
from dutyflow.kernel.events import Fired
from dutyflow.ports.records import Answer
from dutyflow.runtime.crash_points import call_at_crash_points
from dutyflow.stores.postgres import connections as postgres_connections
from dutyflow.stores.postgres.store import PostgresStore
from dutyflow.stores.sqlite import connections as sqlite_connections
from dutyflow.stores.sqlite.schema import upgrade_sqlite
from dutyflow.stores.sqlite.store import SqliteStore

Trouble = Callable[[Path, pytest.MonkeyPatch], AbstractContextManager[None]]
"""Something that is wrong with a file for a while."""


@contextmanager
def full_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """There is no room for one page more."""
    with closing(sqlite3.connect(path)) as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
    with _writing_with(f"PRAGMA max_page_count = {pages}", monkeypatch):
        yield


@contextmanager
def read_only(_: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The file may be read and no more."""
    with _writing_with("PRAGMA query_only = ON", monkeypatch):
        yield


@contextmanager
def locked(path: Path, _: pytest.MonkeyPatch) -> Iterator[None]:
    """Another process has begun to write and does not end."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def _writing_with(pragma: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(sqlite_connections, "_WRITING", (*sqlite_connections._WRITING, pragma))
        yield


@contextmanager
def engine_on(path: Path, clock: SetClock) -> Iterator[Engine]:
    """An engine that does not wait long for others."""
    with Engine(SqliteStore(path, clock=clock, busy_seconds=0.05), clock=clock) as engine:
        yield engine


@pytest.fixture
def path(tmp_path: Path, clock: SetClock) -> Path:
    """A file with one promise in it."""
    made = tmp_path / "tickets.db"
    upgrade_sqlite(made)
    with engine_on(made, clock) as engine:
        begin(engine)
    return made


@pytest.fixture
def store(postgres_url: str, clock: SetClock) -> Iterator[PostgresStore]:
    made = PostgresStore(postgres_url, clock=clock)
    yield made
    made.close()


@pytest.fixture
def engine(store: PostgresStore, clock: SetClock) -> Engine:
    """An engine on PostgreSQL, with one promise."""
    made = Engine(store, clock=clock)
    begin(made)
    return made


def begin(engine: Engine) -> None:
    """One promise."""
    engine.publish(DESK)
    opening = Open(ticket="p", workflow="promise", event="give", actor="A1", data={"topic": "x" * 5_000})
    assert engine.submit(opening, key="give").accepted


def put_off(engine: Engine) -> Answer:
    """The command that is asked again, always with its key."""
    command = Fire(event="put_off", actor="A1", data={"promised_at": "2026-03-02 18:00"}, reason="y" * 5_000)
    return engine.submit(command, ticket="p", key="put off")


def happens_once(engine: Engine) -> bool:
    """Whether the command, asked again twice, has one answer and one place in the history, and all else is in order."""
    answers = [put_off(engine), put_off(engine)]
    events = [event for event in engine.history("p") if isinstance(event, Fired) and event.event == "put_off"]
    messages = [message.outgoing.id for message in engine.store.messages(limit=10)]
    return answers[0] == answers[1] and len(events) == len(messages) == 1 and not faults(engine)


# --- a file -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (full_disk, "disk is full; make room"),
        (read_only, "may not be written; look at its permissions"),
        (locked, "Another process is writing"),
    ],
)
def test_a_command_that_a_file_does_not_take_is_asked_again(
    path: Path, clock: SetClock, trouble: Trouble, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with trouble(path, monkeypatch), engine_on(path, clock) as engine:
        before = engine.ticket("p")
        for _ in range(2):
            with pytest.raises(UnavailableError, match=said):
                put_off(engine)
        assert engine.ticket("p") == before
    with engine_on(path, clock) as engine:
        assert happens_once(engine)


def test_the_same_engine_goes_on_when_a_file_is_free_again(
    path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine_on(path, clock) as engine:
        with locked(path, monkeypatch), pytest.raises(UnavailableError):
            put_off(engine)
        assert happens_once(engine)


def test_a_file_of_another_version_is_refused_before_anything_is_asked(path: Path, clock: SetClock) -> None:
    with closing(sqlite3.connect(path)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute("PRAGMA user_version = 999")
    with pytest.raises(SchemaError, match="newer than this version"), engine_on(path, clock):
        pass
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {version:d}")
    with engine_on(path, clock) as engine:
        assert happens_once(engine)


def test_a_failure_concerns_the_timers_that_are_due_as_well(
    path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine_on(path, clock) as engine:
        due_at = engine.ticket("p").next_due_at
        clock.time = clock.time.replace(hour=clock.time.hour + 1)
        with locked(path, monkeypatch), pytest.raises(UnavailableError):
            engine.run_due()
        fired = engine.run_due()
        assert fired[0].at == due_at and not faults(engine)


# --- a database -------------------------------------------------------------------------------------------------


def test_a_ticket_that_is_damaged_does_not_hold_up_the_timers_of_others(
    path: Path, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    with engine_on(path, clock) as engine:
        engine.submit(Open(ticket="whole", workflow="promise", event="give", actor="A1", data={"topic": "y"}))
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE tickets SET body = x'00' WHERE id = 'p'")
        clock.time = clock.time.replace(hour=clock.time.hour + 1)
        assert {item.ticket for item in engine.run_due()} == {"whole"}
    assert {getattr(record, "ticket", None) for record in caplog.records} == {"p"}


def test_a_command_is_asked_again_when_the_server_is_back(engine: Engine, postgres_server: PostgresServer) -> None:
    postgres_server.stop()
    try:
        with pytest.raises(UnavailableError, match="Is the server running"):
            put_off(engine)
    finally:
        postgres_server.start()
    assert happens_once(engine)


@contextmanager
def once_decided(do: Callable[[], None]) -> Iterator[None]:
    """Do something in the middle of the next command: it is decided, and nothing is written."""

    def visited(point: str) -> None:
        if point == "decided":
            call_at_crash_points(None)
            do()

    call_at_crash_points(visited)
    try:
        yield
    finally:
        call_at_crash_points(None)


@pytest.mark.parametrize("is_power_cut", [False, True], ids=["restart", "power-cut"])
def test_a_server_that_goes_in_mid_command_leaves_all_of_it_or_nothing(
    engine: Engine, postgres_server: PostgresServer, is_power_cut: bool
) -> None:
    def go() -> None:
        if is_power_cut:
            postgres_server.kill()
            postgres_server.start()
        else:
            postgres_server.restart()

    with once_decided(go), pytest.raises(UnavailableError, match=r"may have been kept or not.*same key"):
        put_off(engine)
    assert happens_once(engine)


def test_a_connection_that_is_cut_in_mid_command_is_replaced(engine: Engine, postgres_url: str) -> None:
    def cut() -> None:
        with psycopg.connect(postgres_url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    with once_decided(cut), pytest.raises(UnavailableError, match=r"may have been kept or not.*same key"):
        put_off(engine)
    assert happens_once(engine)


def test_a_command_is_asked_again_when_a_connection_is_free(
    postgres_url: str, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_connections, "POOL_SECONDS", 0.2)
    with closing(PostgresStore(postgres_url, pool_max=1, clock=clock)) as store:
        engine = Engine(store, clock=clock)
        begin(engine)
        with store.begin(), pytest.raises(UnavailableError, match="all 1 connections are busy"):
            put_off(engine)
        assert happens_once(engine)
