"""The reckoning after a drill finds whatever is lost or doubled: else the drills would prove nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.crash.drill import Danger, Drill
from tests.crash.plan import planned
from tests.crash.reckoning import complaints


@pytest.fixture(scope="module")
def drill(tmp_path_factory: pytest.TempPathFactory) -> Drill:
    """A drill in which nobody died."""
    folder = tmp_path_factory.mktemp("drill")
    played = Drill(f"sqlite:///{folder / 'desk.db'}", folder, planned(12, 4), Danger(), seed=0)
    played.run()
    return played


@pytest.fixture
def database(drill: Drill, tmp_path: Path) -> Path:
    """A copy of its store, which the drill then takes for its own."""
    copy = tmp_path / "copy.db"
    original = drill.inbox.with_name("desk.db")
    with closing(sqlite3.connect(original)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    drill.url = f"sqlite:///{copy}"
    return copy


def test_a_drill_without_deaths_leaves_nothing_to_complain_about(drill: Drill, database: Path) -> None:
    assert complaints(drill) == []


DAMAGES = {
    "an-event-is-lost": "DELETE FROM events WHERE no = (SELECT max(no) FROM events)",
    "an-event-is-edited": "UPDATE events SET hash = 'x' WHERE no = 5",
    "a-message-is-lost": "DELETE FROM outbox WHERE no = 1",
    "a-message-waits": "UPDATE outbox SET status = 'waiting' WHERE no = 1",
    "a-message-is-doubled": """
        INSERT INTO outbox (id, ticket, workflow, rules, kind, body, due_at, try_at, status)
        SELECT id || '!', ticket, workflow, rules, kind, body, due_at, try_at, status FROM outbox WHERE no = 1
    """,
    "an-answer-is-lost": "DELETE FROM answers WHERE key = '0-give'",
    "a-command-is-noted-twice": """
        INSERT INTO asked (at, ticket, workflow, actor, event) SELECT at, ticket, workflow, actor, event FROM asked
        WHERE no = 1
    """,
    "a-count-is-wrong": "UPDATE counts SET count = count + 1 WHERE state = 'withdrawn'",
    "a-deadline-is-left-over": "INSERT INTO due (ticket, at) SELECT id, 0 FROM tickets WHERE no = 1",
    "a-ticket-is-lost": "DELETE FROM tickets WHERE no = 1",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_whatever_is_lost_or_doubled_is_complained_of(drill: Drill, database: Path, damage: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        assert connection.execute(damage).rowcount == 1
    assert complaints(drill)


def test_a_message_that_never_came_or_came_in_two_ways_is_complained_of(drill: Drill, database: Path) -> None:
    kept = drill.inbox.read_text(encoding="utf-8")
    lines = kept.splitlines(keepends=True)
    try:
        for others in (lines[1:], [*lines, lines[0].replace('"text"', '"words"')]):
            drill.inbox.write_text("".join(others), encoding="utf-8")
            assert complaints(drill)
    finally:
        drill.inbox.write_text(kept, encoding="utf-8")
