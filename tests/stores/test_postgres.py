"""What only PostgreSQL can get wrong: transactions side by side, lost connections, and what its failures say."""

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import psycopg
import pytest
from msgspec.structs import replace
from tests.postgres import PostgresServer
from tests.stores.builders import NINE, advance, answered, hours, keep, opening, put, step, ticket

from dutyflow.bootstrap.stores import open_store
from dutyflow.errors import ConflictError, MisuseError, MustWatchError, SchemaError, StoreError, UnavailableError
from dutyflow.ports.records import Commit
from dutyflow.runtime.clocks import VirtualClock
from dutyflow.stores.postgres import connections
from dutyflow.stores.postgres import store as store_module
from dutyflow.stores.postgres.connections import as_ours
from dutyflow.stores.postgres.schema import MIGRATIONS, is_new, upgrade_postgres
from dutyflow.stores.postgres.store import PostgresStore

WATCHED = frozenset({("desk", "complaint")})
PATIENCE = 30


@pytest.fixture
def store(postgres_url: str) -> Iterator[PostgresStore]:
    made = PostgresStore(postgres_url, clock=VirtualClock(NINE))
    yield made
    made.close()


@pytest.fixture
def other(postgres_url: str) -> Iterator[psycopg.Connection]:
    """Somebody else who works in the same database."""
    with psycopg.connect(postgres_url, autocommit=True, options="-c search_path=dutyflow") as connection:
        yield connection


def together(*jobs: Callable[[], None]) -> list[BaseException | None]:
    """Run jobs in a thread each; what became of them."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        futures: list[Future[None]] = [pool.submit(job) for job in jobs]
        return [future.exception(PATIENCE) for future in futures]


def wait_for(connection: psycopg.Connection, condition: str) -> None:
    """Ask until it is so."""
    for _ in range(100_000):
        if connection.execute(f"SELECT {condition}").fetchone() == (True,):
            return
    pytest.fail(f"never came true: {condition}")


def phones(store: PostgresStore, phone: str) -> list[str]:
    return [found.id for found in store.select("desk", "complaint", None, {"phone": phone})]


# --- side by side -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("turn", range(5))
def test_two_transactions_cannot_each_rely_on_what_the_other_changes(store: PostgresStore, turn: int) -> None:
    keep(store, "a", "b")
    both_have_read = threading.Barrier(2, timeout=PATIENCE)

    def leave(mine: str, others: str) -> None:
        with store.begin(tickets=("a", "b")) as transaction:
            before, looked_at = transaction.load(mine), transaction.load(others)
            assert before is not None and looked_at is not None and looked_at.state == "received"
            both_have_read.wait()
            transaction.commit(Commit(changes=(step(before, state="gone"),), read={others: looked_at.seq}))

    outcomes = together(lambda: leave("a", "b"), lambda: leave("b", "a"))
    assert all(outcome is None or isinstance(outcome, ConflictError) for outcome in outcomes)
    assert sum(outcome is None for outcome in outcomes) == sum(kept.state == "gone" for kept in store.tickets()) <= 1


def test_commits_of_the_same_tickets_wait_for_each_other_in_one_direction(
    store: PostgresStore, other: psycopg.Connection
) -> None:
    names = ["a", "b", "c"]
    keep(store, *names)

    def change(order: list[str]) -> None:
        with store.begin(tickets=order) as transaction:
            before = [found for name in order if (found := transaction.load(name)) is not None]
            transaction.commit(Commit(changes=tuple(step(one) for one in before)))

    other.execute("BEGIN")
    other.execute("SELECT FROM tickets WHERE id = 'b' FOR UPDATE")  # so that both are under way when they go on
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(change, order) for order in (names, names[::-1])]
        wait_for(other, "(SELECT count(*) = 2 FROM pg_locks WHERE NOT granted)")
        other.execute("COMMIT")
        outcomes = [future.exception(PATIENCE) for future in futures]
    assert [type(outcome) for outcome in outcomes if outcome] == [ConflictError]
    assert "deadlock" not in str(outcomes)
    assert {kept.seq for kept in store.tickets()} == {2}


def test_a_change_that_brings_no_event_is_checked_too(store: PostgresStore) -> None:
    keep(store, "a")
    with store.begin(tickets=("a",)) as transaction:
        before = transaction.load("a")
        assert before is not None
        advance(store, "a", state="first")
        with pytest.raises(ConflictError):
            transaction.commit(Commit(changes=(replace(step(before, state="second"), events=()),)))
    assert {kept.state for kept in store.tickets()} == {"first"}


def test_a_ticket_that_is_being_changed_is_not_waited_for_when_it_was_only_looked_at(
    store: PostgresStore, other: psycopg.Connection
) -> None:
    keep(store, "a", "b")
    other.execute("BEGIN")
    other.execute("UPDATE tickets SET seq = 2 WHERE id = 'b'")
    with pytest.raises(ConflictError, match="could not obtain lock"):
        store.commit(Commit(changes=(step(ticket("a")),), read={"b": 1}))
    other.execute("ROLLBACK")
    store.commit(Commit(changes=(step(ticket("a")),), read={"b": 1}))


def test_the_last_seat_is_given_once(store: PostgresStore) -> None:
    def take(name: str) -> None:
        with store.begin(watching=WATCHED) as transaction:
            if len(transaction.select("desk", "complaint", None, {})) < 3:
                transaction.commit(Commit(changes=(opening(ticket(name)),), watched=WATCHED))

    assert together(*[lambda name=f"t{number}": take(name) for number in range(8)]) == [None] * 8  # type: ignore[misc]
    assert len(list(store.tickets())) == 3


@pytest.mark.parametrize("given", [0, 5])
def test_who_gives_two_numbers_at_once_gives_none_that_another_has_given_meanwhile(
    store: PostgresStore, given: int
) -> None:
    if given:
        store.commit(Commit(numbers={"desk/C": given}))
    with store.begin() as transaction:
        assert transaction.last_number("desk/C") == given
        store.commit(Commit(numbers={"desk/C": given + 1}))
        with pytest.raises(ConflictError, match="record number"):
            transaction.commit(Commit(numbers={"desk/C": given + 2}))
    assert store.last_number("desk/C") == given + 1


def test_who_has_searched_without_watching_must_begin_again(store: PostgresStore) -> None:
    with store.begin() as transaction:
        assert transaction.select("desk", "complaint", None, {}) == ()
        with pytest.raises(MustWatchError):
            transaction.commit(Commit(changes=(opening(ticket("a")),), watched=WATCHED))
    assert store.load("a") is None


def test_nobody_opens_a_ticket_where_somebody_is_searching(store: PostgresStore, other: psycopg.Connection) -> None:
    with ThreadPoolExecutor(1) as pool, store.begin(watching=WATCHED) as transaction:
        opened = pool.submit(keep, store, "b")
        wait_for(other, "EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)")
        assert transaction.select("desk", "complaint", None, {}) == ()
        transaction.commit(Commit(changes=(opening(ticket("a")),), watched=WATCHED))
        opened.result(PATIENCE)
    assert [kept.id for kept in store.tickets()] == ["a", "b"]


def test_another_workflow_goes_on_while_one_is_searched(store: PostgresStore) -> None:
    with store.begin(watching=WATCHED):
        put(store, opening(ticket("r", workflow="revisit")))
    assert store.load("r") is not None


def test_a_ticket_is_not_kept_unfiled_while_a_rulebook_is_published(store: PostgresStore) -> None:
    with store.begin(tickets=("a",)) as transaction:
        store.publish("desk", "v1", b"", NINE, filed={"complaint": frozenset({"phone"})})
        with pytest.raises(ConflictError):
            transaction.commit(Commit(changes=(opening(ticket("a", phone="138")),)))
    keep(store, "a", phone="138")
    assert phones(store, "138") == ["a"]


def test_the_same_key_is_answered_once_however_many_ask(store: PostgresStore) -> None:
    together_now = threading.Barrier(4, timeout=PATIENCE)

    def answer() -> None:
        with store.begin(keys=("k",)) as transaction:
            assert transaction.answer("k") is None
            together_now.wait()
            transaction.commit(Commit(answers={"k": answered()}))

    outcomes = together(*[answer] * 4)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ConflictError"] * 3 + ["NoneType"]


def test_each_connection_counts_for_itself_and_all_are_added_up(store: PostgresStore, postgres_url: str) -> None:
    keep(store, "a")
    second = PostgresStore(postgres_url)
    keep(second, "b")
    advance(second, "a", state="closed")
    second.close()
    assert {(count.state, count.count) for count in store.counts()} == {("received", 1), ("closed", 1)}


# --- the order of events ----------------------------------------------------------------------------------------


COPY = """INSERT INTO events (tx, ticket, seq, body, hash)
    SELECT pg_current_xact_id()::text::bigint, 'late', 1, body, hash FROM events LIMIT 1"""


def test_no_event_is_skipped_that_is_committed_after_a_later_one(
    store: PostgresStore, other: psycopg.Connection
) -> None:
    keep(store, "first")
    last = store.recorded(None, limit=9)[-1].position
    other.execute("BEGIN")
    other.execute(COPY)
    keep(store, "second")
    assert store.recorded(last, limit=9) == ()
    other.execute("COMMIT")
    assert [event.ticket for event in store.recorded(last, limit=9)] == ["late", "second"]


def test_after_a_restore_events_go_on_after_the_last_one_kept(
    store: PostgresStore, other: psycopg.Connection, postgres_url: str
) -> None:
    keep(store, "a", "b")
    other.execute("UPDATE events SET tx = tx + 5000000000")  # as if they came from a server that has seen more
    with pytest.raises(SchemaError, match="dutyflow db upgrade"):
        PostgresStore(postgres_url)
    assert upgrade_postgres(postgres_url) == ()
    again = PostgresStore(postgres_url)
    keep(again, "c")
    assert [event.ticket for event in again.recorded(None, limit=9)] == ["a", "b", "c"]
    again.close()


# --- workers ----------------------------------------------------------------------------------------------------


def test_a_due_moment_that_another_worker_is_taking_is_passed_over(
    store: PostgresStore, other: psycopg.Connection
) -> None:
    keep(store, "a", "b", due=hours(1))
    other.execute("BEGIN")
    other.execute("SELECT FROM due WHERE ticket = 'a' FOR UPDATE")
    claimed = store.claim_due(hours(2), limit=5, lease=hours(1) - NINE)
    assert claimed == ((hours(1), "b"),)


def test_workers_together_take_each_due_moment_once(store: PostgresStore) -> None:
    keep(store, *[f"t{number:02}" for number in range(40)], due=hours(1))
    claimed: list[str] = []

    def work() -> None:
        while found := store.claim_due(hours(2), limit=3, lease=hours(1) - NINE):
            claimed.extend(name for _, name in found)

    assert together(*[work] * 4) == [None] * 4
    assert sorted(claimed) == [f"t{number:02}" for number in range(40)]


# --- much and long ----------------------------------------------------------------------------------------------


def test_all_tickets_and_chains_come_page_by_page(store: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "PAGE", 2)
    names = [f"t{number}" for number in range(5)]
    keep(store, *names)
    advance(store, "t3")
    assert [kept.id for kept in store.tickets()] == names
    assert [(chain.ticket, len(chain.events)) for chain in store.chains()] == [
        (name, 2 if name == "t3" else 1) for name in names
    ]


def test_a_long_value_is_filed_too(store: PostgresStore) -> None:
    store.publish("desk", "v1", b"", NINE, filed={"complaint": frozenset({"phone"})})
    long = "".join(chr(0x4E00 + number) for number in range(5_000))
    keep(store, "a", phone=long)
    keep(store, "b", phone=long[:-1])
    assert phones(store, long) == ["a"]


def test_a_text_that_postgres_cannot_hold_is_refused_and_not_tried_again(store: PostgresStore) -> None:
    with pytest.raises(StoreError, match="cannot keep") as caught:
        store.commit(Commit(answers={"k\0": answered()}))
    assert not isinstance(caught.value, UnavailableError | ConflictError)


# --- lost connections and other failures ------------------------------------------------------------------------


def cut(other: psycopg.Connection) -> None:
    """End all connections but this one."""
    other.execute("""SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()""")


def test_a_connection_that_was_lost_meanwhile_is_replaced(store: PostgresStore, other: psycopg.Connection) -> None:
    keep(store, "a")
    for watching in (frozenset[tuple[str, str]](), WATCHED):
        cut(other)
        with store.begin(tickets=("a",), watching=watching) as transaction:
            assert transaction.load("a") is not None


def test_a_connection_lost_while_writing_leaves_it_open_what_was_kept(
    store: PostgresStore, other: psycopg.Connection
) -> None:
    with store.begin(tickets=("a",)) as transaction:
        cut(other)
        with pytest.raises(UnavailableError, match=r"may have been kept or not.*same key"):
            transaction.commit(Commit(changes=(opening(ticket("a")),)))
    assert store.load("a") is None


def test_a_server_that_stops_is_told_and_found_again(store: PostgresStore, postgres_server: PostgresServer) -> None:
    keep(store, "a")
    postgres_server.stop()
    try:
        with pytest.raises(UnavailableError, match=r"cannot be reached: .*Is the server running"):
            store.load("a")
    finally:
        postgres_server.start()
    assert store.load("a") == ticket("a")


def test_what_was_answered_survives_a_crash_of_the_server(
    store: PostgresStore, postgres_server: PostgresServer
) -> None:
    keep(store, "a")
    postgres_server.restart("immediate")
    assert store.load("a") == ticket("a")


def test_when_all_connections_are_taken_it_says_so(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "POOL_SECONDS", 0.5)
    store = PostgresStore(postgres_url, pool_max=1)
    with store.begin(), pytest.raises(UnavailableError, match="all 1 connections are busy"):
        store.load("a")
    assert store.load("a") is None
    store.close()


def test_a_store_that_was_closed_is_not_used(store: PostgresStore) -> None:
    store.close()
    with pytest.raises(MisuseError, match="closed"):
        store.load("a")


def test_a_read_only_server_is_told(store: PostgresStore, other: psycopg.Connection, postgres_url: str) -> None:
    keep(store, "a")
    other.execute(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on',"
        " current_database()); END $$"
    )
    standby = PostgresStore(postgres_url)
    with pytest.raises(UnavailableError, match="read-only: name the primary"):
        keep(standby, "b")
    assert standby.load("a") is not None
    standby.close()


def test_a_wrong_password_is_told_and_never_repeated(postgres_server: PostgresServer) -> None:
    with suppress(psycopg.errors.DuplicateObject):
        postgres_server.execute("CREATE ROLE sealed LOGIN PASSWORD 'right'")
    url = postgres_server.url("postgres", user="sealed:hush-hush")
    with pytest.raises(UnavailableError, match="Look at the user and the password") as caught:
        PostgresStore(url)
    assert "hush" not in str(caught.value)


def test_a_user_with_too_many_connections_is_told(postgres_server: PostgresServer) -> None:
    with suppress(psycopg.errors.DuplicateObject):
        postgres_server.execute("CREATE ROLE crowded LOGIN CONNECTION LIMIT 0")
    with pytest.raises(UnavailableError, match="no connection left"):
        PostgresStore(postgres_server.url("postgres", user="crowded"))


def test_a_missing_database_is_told(postgres_server: PostgresServer) -> None:
    with pytest.raises(UnavailableError, match="createdb"):
        PostgresStore(postgres_server.url("nowhere"))


def test_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(UnavailableError, match="Is the server running") as caught:
        PostgresStore("postgresql://me:hush@127.0.0.1:1/tickets")
    assert "PostgreSQL at 127.0.0.1:1/tickets cannot be reached" in str(caught.value)
    assert "hush" not in str(caught.value)


def test_an_address_that_cannot_be_read_is_not_repeated() -> None:
    with pytest.raises(MisuseError, match="address") as caught:
        PostgresStore("postgresql://me:hush@host/db?nonsense=1")
    assert "hush" not in str(caught.value) and caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (psycopg.errors.DiskFull, UnavailableError, "disk of the server is full"),
        (psycopg.errors.TooManyConnections, UnavailableError, "no connection left"),
        (psycopg.errors.AdminShutdown, UnavailableError, "being shut down"),
        (psycopg.errors.QueryCanceled, UnavailableError, "took too long"),
        (psycopg.errors.DeadlockDetected, ConflictError, "quicker"),
        (psycopg.errors.SerializationFailure, ConflictError, "quicker"),
        (psycopg.errors.DataCorrupted, StoreError, "cannot keep or read"),
    ],
)
def test_a_failure_says_what_to_do(error: type[psycopg.Error], kind: type[StoreError], said: str) -> None:
    told = as_ours(error("it failed"), "PostgreSQL at db:5432/tickets")
    assert type(told) is kind and said in str(told)


# --- the schema -------------------------------------------------------------------------------------------------


@pytest.fixture
def empty_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A database without tables."""
    postgres_server.execute("CREATE DATABASE empty")
    yield postgres_server.url("empty")
    postgres_server.drop("empty")


def test_two_upgraders_do_not_collide(empty_url: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(upgrade_postgres, [empty_url, empty_url]))
    assert sorted(done, key=len) == [(), MIGRATIONS]


def test_a_database_without_tables_wants_an_upgrade(empty_url: str) -> None:
    assert is_new(empty_url)
    with pytest.raises(SchemaError, match="dutyflow db upgrade"):
        PostgresStore(empty_url)
    upgrade_postgres(empty_url)
    assert not is_new(empty_url)
    PostgresStore(empty_url).close()


def test_tables_of_a_newer_version_are_left_alone(postgres_url: str, other: psycopg.Connection) -> None:
    other.execute("INSERT INTO migrations VALUES (999, 'later', now())")
    for use in (PostgresStore, upgrade_postgres):
        with pytest.raises(SchemaError, match="newer"):
            use(postgres_url)


def test_a_schema_of_somebody_else_is_left_alone(empty_url: str) -> None:
    with psycopg.connect(empty_url) as connection:
        connection.execute("CREATE SCHEMA dutyflow; CREATE TABLE dutyflow.things (n INTEGER)")
    for use in (PostgresStore, upgrade_postgres):
        with pytest.raises(StoreError, match="something else"):
            use(empty_url)


@pytest.mark.parametrize("library", ["psycopg", "psycopg_pool"])
def test_without_its_libraries_the_store_names_the_extra(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [name for name in sys.modules if name.startswith("dutyflow.stores.postgres")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MisuseError, match=r"dutyflow\[postgres\]"):
        open_store("postgresql://desk@localhost/desk")
