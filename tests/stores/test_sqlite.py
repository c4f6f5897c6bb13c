"""What only a SQLite file can do to us: be locked, read-only, full, damaged, somebody else's, or cross a fork."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tests.stores.builders import advance, everything, found, hours, keep, opening, put, ticket

from dutyflow.errors import MisuseError, SchemaError, StoreError, UnavailableError
from dutyflow.ports.queue import Query
from dutyflow.ports.records import Commit
from dutyflow.stores.queries import Migration
from dutyflow.stores.sqlite import connections, schema
from dutyflow.stores.sqlite.schema import upgrade_sqlite
from dutyflow.stores.sqlite.store import SqliteStore

NOBODY = 65_534
SOON = 0.05
"""Seconds that a store waits in these tests for somebody who does not give way."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with the tables of this version."""
    made = tmp_path / "投诉 100%?.db"
    upgrade_sqlite(made)
    return made


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    """A store that does not wait long."""
    made = SqliteStore(path, busy_seconds=SOON)
    yield made
    made.close()


def is_sound(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def raw(path: Path, *statements: str) -> None:
    """Do something to the file behind the back of the store."""
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


WRITES: dict[str, Callable[[SqliteStore], object]] = {
    "commit": lambda store: keep(store, "b"),
    "begin": lambda store: store.begin().__enter__(),
    "claim_due": lambda store: store.claim_due(hours(9), limit=5, lease=hours(1) - hours(0)),
    "claim_messages": lambda store: store.claim_messages(hours(9), limit=5, lease=hours(1) - hours(0)),
    "settle": lambda store: store.settle([]),
    "retry": lambda store: store.retry_messages(None, hours(1)),
    "forget": lambda store: store.forget_messages(hours(1)),
    "publish": lambda store: store.publish("desk", "v1", b"", hours(1), filed={}),
}


# --- others at the same file ------------------------------------------------------------------------------------


def test_two_stores_on_one_file_see_each_other(path: Path, store: SqliteStore) -> None:
    with closing(SqliteStore(path)) as other:
        keep(store, "a", phone="138")
        assert other.load("a") == ticket("a", phone="138")
        advance(other, "a", due=hours(1))
        assert store.next_due_at() == hours(1)
        assert store.claim_due(hours(2), limit=5, lease=hours(1) - hours(0)) == ((hours(1), "a"),)
        assert other.claim_due(hours(2), limit=5, lease=hours(1) - hours(0)) == ()
        assert everything(store) == everything(other)


def test_fields_that_another_store_files_by_are_known_at_once(path: Path, store: SqliteStore) -> None:
    keep(store, "a", phone="138")
    with pytest.raises(MisuseError):
        found(store, Query(fields={"phone": "138"}))
    with closing(SqliteStore(path)) as other:
        other.publish("desk", "v1", b"", hours(0), filed={"complaint": frozenset({"phone"})})
    keep(store, "b", phone="138")
    assert found(store, Query(fields={"phone": "138"})) == ["a", "b"]


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_a_file_that_another_process_writes_to_for_too_long_is_unavailable(
    path: Path, store: SqliteStore, write: Callable[[SqliteStore], object]
) -> None:
    keep(store, "a", due=hours(1))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(UnavailableError, match="Another process"):
            write(store)
        assert store.load("a") == ticket("a", due=hours(1))
        other.execute("ROLLBACK")
    write(store) if write is not WRITES["begin"] else keep(store, "b")
    assert is_sound(path)


def test_a_thread_that_writes_for_too_long_makes_the_others_give_up(store: SqliteStore) -> None:
    failures: list[Exception] = []

    def write() -> None:
        try:
            keep(store, "b")
        except UnavailableError as error:
            failures.append(error)

    with store.begin() as transaction:
        thread = threading.Thread(target=write)
        thread.start()
        thread.join(10)
        transaction.commit(Commit(changes=(opening(ticket("a")),)))
    assert len(failures) == 1 and [kept.id for kept in store.tickets()] == ["a"]


def test_a_second_transaction_of_the_same_thread_is_misuse_and_does_no_harm(store: SqliteStore) -> None:
    with store.begin() as transaction:
        with pytest.raises(MisuseError):
            keep(store, "b")
        with pytest.raises(MisuseError):
            store.close()
        transaction.commit(Commit(changes=(opening(ticket("a")),)))
    assert [kept.id for kept in store.tickets()] == ["a"]


def test_threads_that_have_ended_leave_no_connection_behind(store: SqliteStore) -> None:
    keep(store, "a")
    files = Path("/proc/self/fd")
    if not files.exists():
        pytest.skip("the open files of a process cannot be counted here")
    before = len(list(files.iterdir()))
    for _ in range(20):
        thread = threading.Thread(target=lambda: store.load("a"))
        thread.start()
        thread.join(10)
    assert len(list(files.iterdir())) <= before


def test_closing_gives_all_files_back(path: Path) -> None:
    store = SqliteStore(path)
    keep(store, "a")
    tickets = iter(store.tickets())
    store.close()
    with pytest.raises(MisuseError):
        next(tickets)
    assert not path.with_name(path.name + "-wal").exists()


def exit_status(child: Callable[[], bool]) -> int:
    """What a forked process says: 0 if it did as it should. Nothing it raises may reach pytest."""
    forked = os.fork()
    if forked == 0:
        status = 1
        try:
            status = 0 if child() else 2
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(forked, 0)[1])


# Newer Pythons warn of forks while there are threads, which other tests may have left; these children use none.
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_process_has_connections_of_its_own(path: Path, store: SqliteStore) -> None:
    def child() -> bool:
        advance(store, "a")
        keep(store, "b")
        store.close()
        return True

    keep(store, "a")
    assert exit_status(child) == 0
    keep(store, "c")
    assert [(kept.id, kept.seq) for kept in store.tickets()] == [("a", 2), ("b", 1), ("c", 1)]
    assert is_sound(path)


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_process_that_is_forked_in_the_middle_of_a_transaction_does_not_share_it(store: SqliteStore) -> None:
    def child() -> bool:
        try:
            keep(store, "b")
        except UnavailableError:  # like any other process: its parent is writing
            return store.load("a") is None
        return False

    with store.begin() as transaction:
        status = exit_status(child)
        transaction.commit(Commit(changes=(opening(ticket("a")),)))
    assert status == 0 and [kept.id for kept in store.tickets()] == ["a"]


# --- a disk that does not take it -------------------------------------------------------------------------------


def test_a_full_disk_is_unavailable_and_nothing_is_half_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(sqlite3.connect(path)) as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
    full = (*connections._WRITING, f"PRAGMA max_page_count = {pages + 3}")
    monkeypatch.setattr(connections, "_WRITING", full)
    with closing(SqliteStore(path)) as store:
        keep(store, "a")
        kept = everything(store)
        commit = Commit(changes=(opening(ticket("b")), opening(ticket("c", text="x" * 100_000))))
        with pytest.raises(UnavailableError, match="disk is full"):
            store.commit(commit)
        with pytest.raises(UnavailableError, match="disk is full"), store.begin() as transaction:
            with pytest.raises(UnavailableError):
                transaction.commit(commit)
            raise UnavailableError("disk is full")
        assert everything(store) == kept
        monkeypatch.undo()
    with closing(SqliteStore(path)) as store:
        store.commit(commit)
        assert [one.id for one in store.tickets()] == ["a", "b", "c"]
    assert is_sound(path)


@contextmanager
def somebody_else() -> Iterator[None]:
    """Without the rights of root, if we have them: permissions do not stop root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that everybody may enter and read."""
    parents = [folder for folder in (tmp_path, *tmp_path.parents) if folder.stat().st_uid == os.geteuid()]
    modes = {folder: folder.stat().st_mode for folder in parents}
    for folder, mode in modes.items():
        folder.chmod(mode | 0o055)
    yield tmp_path
    for folder, mode in modes.items():
        folder.chmod(mode)


def test_a_file_that_may_not_be_written_is_unavailable(open_folder: Path) -> None:
    path = open_folder / "tickets.db"
    upgrade_sqlite(path)
    path.chmod(0o444)
    open_folder.chmod(0o555)
    with somebody_else(), pytest.raises(UnavailableError), closing(SqliteStore(path)) as store:
        keep(store, "a")
    with somebody_else(), pytest.raises(UnavailableError):
        upgrade_sqlite(open_folder / "new.db")
    open_folder.chmod(0o755)
    assert is_sound(path) and not (open_folder / "new.db").exists()


def test_a_file_that_may_not_be_read_is_unavailable(open_folder: Path) -> None:
    path = open_folder / "tickets.db"
    upgrade_sqlite(path)
    path.chmod(0o000)
    with somebody_else(), pytest.raises(UnavailableError):
        SqliteStore(path)


def test_a_folder_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "tickets.db"
    with pytest.raises(UnavailableError):
        upgrade_sqlite(path)
    with pytest.raises(UnavailableError):
        SqliteStore(path)
    assert not path.parent.exists()


def test_opening_a_file_that_is_not_there_makes_none(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError):
        SqliteStore(tmp_path / "tickets.db")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError):
        upgrade_sqlite(tmp_path)
    with pytest.raises(UnavailableError):
        SqliteStore(tmp_path)


# --- a file that is something else ------------------------------------------------------------------------------


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "tickets.db"
    path.write_bytes(b"a letter, not a database\n" * 100)
    for use in (upgrade_sqlite, SqliteStore):
        with pytest.raises(StoreError, match="no SQLite database"):
            use(path)
    assert path.read_bytes() == b"a letter, not a database\n" * 100


@pytest.mark.parametrize("user_version", [0, 1, 99])
def test_the_database_of_another_program_is_refused_and_left_alone(tmp_path: Path, user_version: int) -> None:
    path = tmp_path / "tickets.db"
    raw(path, "CREATE TABLE tickets (id TEXT)", f"PRAGMA user_version = {user_version}")
    before = path.read_bytes()
    for use in (upgrade_sqlite, SqliteStore):
        with pytest.raises(StoreError, match="something else") as caught:
            use(path)
        assert not isinstance(caught.value, UnavailableError | SchemaError)
    assert path.read_bytes() == before


def test_tables_of_a_newer_version_are_refused(path: Path) -> None:
    raw(path, "PRAGMA user_version = 99")
    for use in (upgrade_sqlite, SqliteStore):
        with pytest.raises(SchemaError, match="newer"):
            use(path)


def test_tables_of_an_older_version_are_brought_up_to_date_first(
    path: Path, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(store, "a")
    newer = Migration(schema.MIGRATIONS[-1].number + 1, "more", "CREATE TABLE more (id TEXT);\n")
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, newer))
    with pytest.raises(SchemaError, match="db upgrade"):
        SqliteStore(path)
    assert upgrade_sqlite(path) == (newer,)
    assert upgrade_sqlite(path) == ()
    with closing(SqliteStore(path)) as upgraded:
        assert upgraded.load("a") == ticket("a")


def test_an_upgrade_that_fails_leaves_the_old_tables(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Migration(
        schema.MIGRATIONS[-1].number + 1, "wrong", "CREATE TABLE more (id TEXT);\nCREATE TABLE more (x);\n"
    )
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, wrong))
        with pytest.raises(StoreError):
            upgrade_sqlite(path)
    with closing(SqliteStore(path)) as store:
        keep(store, "a")
    raw(path, "CREATE TABLE more (id TEXT)")


def test_an_empty_file_has_older_tables(tmp_path: Path) -> None:
    path = tmp_path / "tickets.db"
    path.touch()
    with pytest.raises(SchemaError, match="db upgrade"):
        SqliteStore(path)
    assert upgrade_sqlite(path) == schema.MIGRATIONS


def test_an_upgrade_waits_its_turn_and_happens_once(tmp_path: Path) -> None:
    path = tmp_path / "tickets.db"
    done: list[int] = []
    threads = [threading.Thread(target=lambda: done.append(len(upgrade_sqlite(path)))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(done) == [0, 0, 0, len(schema.MIGRATIONS)]


# --- a file that is broken --------------------------------------------------------------------------------------


def damage(path: Path, start: int) -> None:
    """Overwrite everything from here on."""
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"\xff" * (path.stat().st_size - start))


def test_a_damaged_file_is_told_from_one_that_is_only_unavailable(path: Path) -> None:
    empty = path.stat().st_size
    with closing(SqliteStore(path)) as store:
        put(store, *[opening(ticket(f"t{number}", text="x" * 1_000)) for number in range(50)])
    damage(path, empty)
    uses: tuple[Callable[[SqliteStore], object], ...] = (
        lambda store: store.load("t1"),
        lambda store: list(store.tickets()),
        lambda store: store.find(Query(), limit=5),
        lambda store: list(store.chains()),
        lambda store: store.recorded(None, limit=5),
        lambda store: keep(store, "new"),
    )
    with closing(SqliteStore(path)) as store:
        for use in uses:
            with pytest.raises(StoreError, match="restore a backup") as caught:
                use(store)
            assert not isinstance(caught.value, UnavailableError)


def test_an_error_while_reading_in_a_transaction_is_told_where_it_happens(path: Path) -> None:
    with closing(SqliteStore(path)) as store:
        put(store, *[opening(ticket(f"t{number}", text="x" * 1_000)) for number in range(50)])
    raw(path, "DROP TABLE numbers")
    with closing(SqliteStore(path)) as store, store.begin() as transaction:
        with pytest.raises(StoreError, match="numbers"):
            transaction.last_number("desk/C")
        assert transaction.load("t1") is not None


def test_bytes_that_are_no_ticket_are_told_as_such(path: Path, store: SqliteStore) -> None:
    keep(store, "a", "b")
    raw(path, "UPDATE tickets SET body = '{}' WHERE id = 'a'", "UPDATE events SET body = 'x' WHERE ticket = 'a'")
    with pytest.raises(StoreError, match="cannot be read"):
        store.load("a")
    with pytest.raises(StoreError, match="cannot be read"):
        store.history("a")
    assert store.load("b") == ticket("b")


def test_an_edited_history_can_be_told_from_its_chain(path: Path, store: SqliteStore) -> None:
    keep(store, "a")
    advance(store, "a", text="paid 100")
    raw(path, "UPDATE events SET body = replace(CAST(body AS TEXT), '100', '900') WHERE seq = 2")
    (chain,) = store.chains()
    assert b"paid 900" in chain.events[1][1]


def test_a_history_that_grows_while_it_is_verified_is_not_taken_for_a_broken_one(store: SqliteStore) -> None:
    def write() -> None:
        for _ in range(200):
            advance(store, "a")

    keep(store, "a")
    writer = threading.Thread(target=write)
    writer.start()
    chains = []
    while writer.is_alive():
        chains += store.chains()
    assert all(chain.head == chain.events[-1][2] for chain in chains)


def test_a_ticket_whose_row_was_removed_is_still_among_the_chains(path: Path, store: SqliteStore) -> None:
    keep(store, "a", "b")
    raw(path, "DELETE FROM tickets WHERE id = 'a'")
    gone, there = store.chains()
    assert (gone.ticket, gone.head, gone.body, len(gone.events)) == ("a", "", b"", 1)
    assert there.ticket == "b" and there.head == there.events[-1][2]
