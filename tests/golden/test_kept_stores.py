"""A store that some version has written opens, verifies, tells the same and goes on, in every later version."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.crash.inspection import faults
from tests.golden.keep_store import LAST_AT, STORES, At, told

from dutyflow.bootstrap.engine import Engine
from dutyflow.bootstrap.stores import open_store, upgrade_store
from dutyflow.kernel.commands import Fire
from dutyflow.kernel.events import Rang
from dutyflow.ports.host import Message

NAMES = sorted(path.stem for path in STORES.glob("*.sql"))


class Post:
    """Counts what it is given."""

    name = "post"

    def __init__(self) -> None:
        self.came: list[str] = []

    def deliver(self, message: Message) -> None:
        """Take it."""
        self.came.append(message.id)


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """Each kept store."""
    return str(request.param)


@pytest.fixture
def clock() -> At:
    return At(LAST_AT)


@pytest.fixture
def engine(name: str, clock: At, tmp_path: Path) -> Iterator[Engine]:
    """An engine on a copy of it, with tables brought up to date."""
    url = f"sqlite:///{tmp_path / 'kept.db'}"
    with closing(sqlite3.connect(tmp_path / "kept.db")) as connection:
        connection.executescript((STORES / f"{name}.sql").read_text(encoding="utf-8"))
    upgrade_store(url)
    with Engine(open_store(url, clock=clock), clock=clock) as made:
        yield made


def test_there_is_a_kept_store() -> None:
    assert NAMES


def test_a_kept_store_is_whole(engine: Engine) -> None:
    assert faults(engine) == []


def test_a_kept_store_tells_what_it_has_always_told(engine: Engine, name: str) -> None:
    expected = json.loads((STORES / f"{name}.json").read_text(encoding="utf-8"))
    assert told(engine) == expected


def test_a_kept_store_goes_on(engine: Engine, clock: At) -> None:
    assert engine.submit(Fire(event="keep", actor="A1"), ticket="running", key="new").accepted
    due_at, post = engine.ticket("moved").next_due_at, Post()
    assert due_at is not None
    clock.time = due_at.replace(hour=due_at.hour + 1)
    waiting = len(list(engine.store.outbox()))
    while not engine.worker([post]).run_once().is_idle:
        pass
    rang = [(event.kind, event.at) for event in engine.history("moved") if isinstance(event, Rang)]
    assert rang[0] == ("breach", due_at)
    assert len(post.came) == waiting + len(rang) and faults(engine) == []
