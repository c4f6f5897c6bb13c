"""A whole store moves to another kind of store and back: nothing is missing, everything goes on."""

import shutil
import sqlite3
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urlsplit

import pytest
from tests.bootstrap.engines import MONDAY, SetClock, fire, open_ticket, opened_engine, written
from tests.postgres import PostgresServer
from tests.runtime.school import SCHOOL

from dutyflow.bootstrap.copying import VERIFYING, back_up, copy_store
from dutyflow.bootstrap.engine import Engine
from dutyflow.bootstrap.stores import kind_of, sqlite_path, upgrade_store
from dutyflow.errors import MisuseError, SchemaError, StoreError, UnavailableError
from dutyflow.kernel.commands import Open
from dutyflow.ports.outbox import Delivery
from dutyflow.runtime.verify import Damage, verify
from dutyflow.stores.copying import TABLES
from dutyflow.stores.sqlite.schema import upgrade_sqlite

WAYS = [("sqlite", "postgres"), ("postgres", "sqlite"), ("sqlite", "sqlite"), ("postgres", "postgres")]

LEFT_OUT = {("due", "leased_until"), ("outbox", "leased_until"), ("counts", "slot")}
"""Columns that stay behind: nobody holds anything in a new store, and slots are for those who count at once."""

NewUrl = Callable[[str], str]


@pytest.fixture
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewUrl]:
    """Makes a new store of a kind; its address."""
    numbers = count(1)
    with ExitStack() as stack:

        def made(kind: str) -> str:
            if kind == "sqlite":
                return f"sqlite:///{tmp_path}/{next(numbers)}.db"
            server: PostgresServer = request.getfixturevalue("postgres_server")
            database = server.create()
            stack.callback(server.drop, database)
            return server.url(database)

        yield made


def live(url: str, folder: Path, clock: SetClock) -> tuple[str, ...]:
    """A desk in the middle of its work, with messages in every status; the positions of its events."""
    with opened_engine(url, clock) as engine:
        engine.publish(written(folder, SCHOOL))
        for number, topic in enumerate(["art", "no", "art", "art"]):
            command = Open(ticket=f"seat-{number}", workflow="seat", event="book", actor="A1", data={"topic": topic})
            engine.submit(command, key=f"seat/{number}")
        fire(engine, "seat-0", "leave")
        open_ticket(engine, "begin", actor="C1", ticket="round", people=["王", "李"])
        clock.time = MONDAY + timedelta(days=3)
        engine.run_due()
        settle_some(engine)
        return tuple(event.position for event in engine.subscribe())


def settle_some(engine: Engine) -> None:
    """One message is given up; the last one is delivered and forgotten, so that its number is given to nobody else."""
    now = engine.clock.now()
    first, *_, last = engine.store.messages(limit=100)
    dead = Delivery(id=first.outgoing.id, status="dead", attempts=12, at=now, taken_by=("mail",), problem="no address")
    gone = Delivery(id=last.outgoing.id, status="delivered", attempts=1, at=now)
    engine.store.settle([dead, gone])
    assert engine.store.forget_messages(now + timedelta(days=1)) == 1


def told(engine: Engine) -> dict[str, object]:
    """Everything that can be asked of a store, without positions: each kind has its own."""
    store = engine.store
    return {
        "tickets": list(store.tickets()),
        "chains": list(store.chains()),
        "counts": store.counts(),
        "audit": list(store.audit()),
        "outbox": store.messages(limit=1_000),
        "answers": [store.answer(f"seat/{number}") for number in range(4)],
        "numbers": store.last_number("school:seat:2026"),
        "events": [replace(event, position="") for event in engine.subscribe()],
        "due": store.due(engine.clock.now() + timedelta(days=999), inclusive=True, limit=999),
        "schedules": store.schedules(),
        "bundles": {name: store.bundle(version) for name, version in store.newest().items()},
        "queue": engine.find(limit=100),
        "filed": store.select("school", "seat", None, {"major": "math"}),
    }


def work_on(engine: Engine, clock: SetClock) -> None:
    """What may come next anywhere: a number, a duty, a message."""
    open_ticket(engine, "book", ticket="later", topic="art")
    clock.time = MONDAY + timedelta(days=8)
    engine.run_due()


@pytest.mark.parametrize(("kind", "other"), WAYS)
def test_a_copy_tells_the_same_and_goes_on_alike(
    kind: str, other: str, new_url: NewUrl, tmp_path: Path, clock: SetClock
) -> None:
    source, target = new_url(kind), new_url(other)
    live(source, tmp_path, clock)
    copied = copy_store(source, target)
    assert copied.damages == () and all(copied.rows[table.name] for table in TABLES)
    stopped_at = clock.time
    stories = []
    for url in (source, target):
        clock.time = stopped_at
        with opened_engine(url, clock) as engine:
            before = told(engine)
            work_on(engine, clock)
            stories.append((before, told(engine)))
    assert stories[0] == stories[1]
    assert stories[0][0] != stories[0][1]


@pytest.mark.parametrize(("kind", "other"), WAYS)
def test_a_subscriber_goes_on_after_a_copy_and_misses_nothing_and_sees_nothing_twice(
    kind: str, other: str, new_url: NewUrl, tmp_path: Path, clock: SetClock
) -> None:
    source, target = new_url(kind), new_url(other)
    positions = live(source, tmp_path, clock)
    moved = copy_store(source, target, positions=positions).positions
    with opened_engine(target, clock) as engine:
        work_on(engine, clock)
        whole = [(event.ticket, event.seq) for event in engine.subscribe()]
        assert len(whole) > len(positions)
        for passed, position in enumerate(positions, start=1):
            assert [(event.ticket, event.seq) for event in engine.subscribe(moved[position])] == whole[passed:]


def test_positions_are_moved_as_the_page_for_operators_says(new_url: NewUrl, tmp_path: Path, clock: SetClock) -> None:
    file, database, back = new_url("sqlite"), new_url("postgres"), new_url("sqlite")
    positions = live(file, tmp_path, clock)
    there = copy_store(file, database, positions=positions).positions
    assert there == {position: f"0.{position}" for position in positions}
    assert copy_store(database, back, positions=there.values()).positions == {new: old for old, new in there.items()}


def test_every_column_of_every_table_is_copied(tmp_path: Path) -> None:
    upgrade_sqlite(tmp_path / "tickets.db")
    copied = {(table.name, column) for table in TABLES for column in table.columns} - {("events", "tx")}
    with closing(sqlite3.connect(tmp_path / "tickets.db")) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        kept = {
            (name, row[1])
            for name in names
            if not name.startswith("sqlite_")
            for row in connection.execute(f"PRAGMA table_info({name})")
        }
    assert kept - LEFT_OUT == copied


def test_the_tables_of_both_databases_have_the_same_columns(postgres_url: str, tmp_path: Path) -> None:
    import psycopg

    copied = {(table.name, column) for table in TABLES for column in table.columns}
    own = {("epoch", "one"), ("epoch", "tx_sum"), *(("migrations", name) for name in ("number", "name", "applied_at"))}
    with psycopg.connect(postgres_url) as connection:
        rows = connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'dutyflow'"
        ).fetchall()
    assert set(rows) - LEFT_OUT - own == copied


def test_events_from_a_server_that_has_seen_more_are_followed_by_those_of_the_new_one(
    new_url: NewUrl, postgres_server: PostgresServer, tmp_path: Path, clock: SetClock
) -> None:
    source, target = new_url("postgres"), new_url("postgres")
    live(source, tmp_path, clock)
    let_it_have_seen_more(postgres_server, database_of(source))
    with opened_engine(source, clock) as engine:
        last = [event.position for event in engine.subscribe()][-1]
    assert copy_store(source, target, positions=[last]).positions == {last: last}
    with opened_engine(target, clock) as engine:
        assert list(engine.subscribe(last)) == []
        work_on(engine, clock)
        assert list(engine.subscribe(last)) != []


def let_it_have_seen_more(server: PostgresServer, database: str) -> None:
    """As if it had counted many more transactions than the others."""
    server.execute("UPDATE dutyflow.events SET tx = tx + 5000000000", database)
    server.execute("UPDATE dutyflow.epoch SET tx_sum = 5000000000", database)


def database_of(url: str) -> str:
    """The name of the database in an address."""
    return urlsplit(url).path.removeprefix("/")


@pytest.mark.parametrize("other", ["sqlite", "postgres"])
def test_a_store_that_is_not_empty_is_left_alone(other: str, new_url: NewUrl, tmp_path: Path, clock: SetClock) -> None:
    source, target = new_url("sqlite"), new_url(other)
    live(source, tmp_path, clock)
    with opened_engine(target, clock) as engine:
        engine.publish(written(tmp_path, SCHOOL))
        before = told(engine)
    with pytest.raises(StoreError, match=r"not empty \(rulebooks, publications"):
        copy_store(source, target)
    with opened_engine(target, clock) as engine:
        assert told(engine) == before


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_whoever_wants_to_write_to_a_store_that_is_copied_waits(
    kind: str, new_url: NewUrl, tmp_path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = new_url(kind)
    live(source, tmp_path, clock)
    told_of = []

    def try_to_write(what: str, number: int) -> None:
        told_of.append(what)
        if len(told_of) == 1:
            write_impatiently(source)

    monkeypatch.setattr("dutyflow.bootstrap.copying._TOLD_EVERY", 1)
    copy_store(source, new_url("sqlite"), progress=try_to_write)
    assert {table.name for table in TABLES} | {VERIFYING} == set(told_of)


def write_impatiently(url: str) -> None:
    """Somebody who does not wait long, and is refused."""
    if kind_of(url) == "sqlite":
        path = sqlite_path(url)
        with (
            closing(sqlite3.connect(path, timeout=0.05)) as file,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            file.execute("INSERT INTO numbers (series, last) VALUES ('x', 1)")
        return
    import psycopg

    with (
        psycopg.connect(url, options="-c lock_timeout=50ms") as connection,
        pytest.raises(psycopg.errors.LockNotAvailable),
    ):
        connection.execute("INSERT INTO dutyflow.numbers (series, last) VALUES ('x', 1)")


def test_a_copy_that_fails_leaves_an_empty_store_that_can_be_copied_into(
    new_url: NewUrl, tmp_path: Path, clock: SetClock
) -> None:
    source, target = new_url("sqlite"), new_url("postgres")
    live(source, tmp_path, clock)
    change(source, "UPDATE asked SET reason = char(0)")  # PostgreSQL keeps no text with this character
    with pytest.raises(StoreError):
        copy_store(source, target)
    change(source, "UPDATE asked SET reason = NULL")
    assert copy_store(source, target).rows["tickets"]


def test_damage_is_carried_over_and_told(new_url: NewUrl, tmp_path: Path, clock: SetClock) -> None:
    source, target = new_url("sqlite"), new_url("sqlite")
    live(source, tmp_path, clock)
    change(source, "UPDATE events SET body = replace(body, 'A1', 'A9') WHERE ticket = 'seat-0' AND seq = 2")
    assert copy_store(source, target).damages == (Damage("seat-0", "edited", 2),)


def change(url: str, sql: str) -> None:
    """Somebody who may write the file does."""
    with closing(sqlite3.connect(sqlite_path(url))) as connection, connection:
        connection.execute(sql)


def test_a_store_in_memory_and_the_same_store_are_refused(new_url: NewUrl, tmp_path: Path, clock: SetClock) -> None:
    source = new_url("sqlite")
    live(source, tmp_path, clock)
    for one, other in ((source, "memory:"), ("memory:", source), (source, source)):
        with pytest.raises(MisuseError):
            copy_store(one, other)


def test_a_source_that_is_not_there_is_not_made(new_url: NewUrl) -> None:
    source, target = new_url("sqlite"), new_url("sqlite")
    with pytest.raises(UnavailableError):
        copy_store(source, target)
    assert not sqlite_path(source).exists() and not sqlite_path(target).exists()


# --- backup -----------------------------------------------------------------------------------------------------


def test_a_backup_made_while_others_write_is_whole_and_goes_on(
    new_url: NewUrl, tmp_path: Path, clock: SetClock
) -> None:
    url, file = new_url("sqlite"), tmp_path / "backup.db"
    live(url, tmp_path, clock)
    opened: list[str] = []
    many, stop = Event(), Event()

    def write() -> None:
        with opened_engine(url, clock) as engine:
            while not stop.is_set():
                opened.append(open_ticket(engine, "report", topic=str(len(opened))).ticket or "")
                if len(opened) == 5:
                    many.set()

    writer = Thread(target=write)
    writer.start()
    many.wait(20)
    back_up(url, file)
    stop.set()
    writer.join()
    with opened_engine(f"sqlite:///{file}", clock) as engine:
        kept = [ticket.id for ticket in engine.store.tickets() if ticket.workflow == "report"]
        assert len(kept) >= 5 and kept == opened[: len(kept)]
        assert [damage for found in verify(engine.store.chains()) for damage in found] == []
        work_on(engine, clock)


def test_a_backup_that_takes_the_place_of_a_lost_file_tells_what_was_there_and_goes_on(
    new_url: NewUrl, tmp_path: Path, clock: SetClock
) -> None:
    url, file = new_url("sqlite"), tmp_path / "backup.db"
    live(url, tmp_path, clock)
    with opened_engine(url, clock) as engine:
        before = told(engine)
        back_up(url, file)
    path = sqlite_path(url)
    for lost in path.parent.glob(f"{path.name}*"):
        lost.unlink()
    shutil.copy(file, path)
    with opened_engine(url, clock) as engine:
        assert told(engine) == before
        work_on(engine, clock)


def test_a_backup_is_one_file_that_only_its_owner_may_read(new_url: NewUrl, tmp_path: Path, clock: SetClock) -> None:
    url, folder = new_url("sqlite"), tmp_path / "backups"
    folder.mkdir()
    live(url, tmp_path, clock)
    back_up(url, folder / "one.db")
    assert [file.name for file in folder.iterdir()] == ["one.db"]
    assert stat.S_IMODE((folder / "one.db").stat().st_mode) == 0o600
    with pytest.raises(MisuseError, match="already"):
        back_up(url, folder / "one.db")


def test_a_backup_of_nothing_leaves_nothing(new_url: NewUrl, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError):
        back_up(new_url("sqlite"), tmp_path / "backup.db")
    assert list(tmp_path.iterdir()) == []


def test_a_dump_of_postgresql_is_restored_elsewhere_and_goes_on(
    postgres_server: PostgresServer, tmp_path: Path, clock: SetClock
) -> None:
    """As docs/operations.md says; a dump of a server that has seen more, so that transactions must go on."""
    source, target = postgres_server.create(), "restored"
    live(postgres_server.url(source), tmp_path, clock)
    let_it_have_seen_more(postgres_server, source)
    with opened_engine(postgres_server.url(source), clock) as engine:
        before, last = told(engine), [event.position for event in engine.subscribe()][-1]
    dump = [
        postgres_server.program("pg_dump"),
        "--format=custom",
        f"--file={tmp_path}/desk.dump",
        "--schema=dutyflow",
        postgres_server.url(source),
    ]
    postgres_server.execute(f"CREATE DATABASE {target}")
    restore = [
        postgres_server.program("pg_restore"),
        "--exit-on-error",
        "--no-owner",
        f"--dbname={postgres_server.url(target)}",
    ]
    try:
        subprocess.run(dump, check=True)
        subprocess.run([*restore, f"{tmp_path}/desk.dump"], check=True)
        postgres_server.execute("UPDATE dutyflow.epoch SET tx_sum = 0", target)  # a new server counts from the start
        with pytest.raises(SchemaError, match="db upgrade"):
            Engine.open(postgres_server.url(target))
        assert upgrade_store(postgres_server.url(target)) == ()
        with opened_engine(postgres_server.url(target), clock) as engine:
            assert told(engine) == before
            assert list(engine.subscribe(last)) == []
            work_on(engine, clock)
            assert [event.position for event in engine.subscribe(last)] != []
            assert [damage for found in verify(engine.store.chains()) for damage in found] == []
    finally:
        postgres_server.drop(source)
        postgres_server.drop(target)
