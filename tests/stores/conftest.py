"""The stores that the contract tests run against, each made by a function; `store` is every one of them in turn."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.postgres import PostgresServer
from tests.stores.builders import NINE

from dutyflow.ports.host import Clock
from dutyflow.ports.store import SharedStore, TicketStore
from dutyflow.runtime.clocks import VirtualClock
from dutyflow.stores.memory import MemoryStore
from dutyflow.stores.postgres.store import PostgresStore
from dutyflow.stores.shared_memory import SharedMemoryStore
from dutyflow.stores.sqlite.schema import upgrade_sqlite
from dutyflow.stores.sqlite.store import SqliteStore

Make = Callable[[Path, Clock], SharedStore]
"""Makes an empty store; the folder is its own, the clock measures its leases."""


def memory_store(folder: Path, clock: Clock) -> SharedStore:
    """A store in memory."""
    return SharedMemoryStore(clock=clock)


def sqlite_store(folder: Path, clock: Clock) -> SharedStore:
    """A store in a new file."""
    path = folder / "tickets.db"
    upgrade_sqlite(path)
    return SqliteStore(path, clock=clock)


STORES: dict[str, Make] = {"memory": memory_store, "sqlite": sqlite_store}
NAMES = (*STORES, "postgres")


@contextmanager
def opened(request: pytest.FixtureRequest, name: str, folder: Path, clock: Clock) -> Iterator[SharedStore]:
    """An empty store of this name until the end; the server is started only for those that need it."""
    if name != "postgres":
        store = STORES[name](folder, clock)
        yield store
        store.close()
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    database = server.create()
    store = PostgresStore(server.url(database), clock=clock)
    yield store
    store.close()
    server.drop(database)


@pytest.fixture
def clock() -> VirtualClock:
    """Measures the leases of `store`; it stands at nine until a test moves it."""
    return VirtualClock(NINE)


@pytest.fixture(params=NAMES)
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: VirtualClock) -> Iterator[SharedStore]:
    """An empty store of each kind."""
    with opened(request, request.param, tmp_path, clock) as made:
        yield made


@pytest.fixture(params=["plain", *NAMES])
def ticket_store(request: pytest.FixtureRequest, tmp_path: Path, clock: VirtualClock) -> Iterator[TicketStore]:
    """An empty store of each kind, and the one that simulations use."""
    if request.param == "plain":
        yield MemoryStore()
        return
    with opened(request, request.param, tmp_path, clock) as made:
        yield made
