"""Kept histories are verified: whatever one hand changes in the file is found, and where."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutyflow.bootstrap.engine import Engine
from dutyflow.kernel.commands import Comment, Fire, Open
from dutyflow.resources import workflows_dir
from dutyflow.runtime.clocks import VirtualClock
from dutyflow.runtime.verify import Damage, verify
from dutyflow.stores.sqlite.store import SqliteStore

START = datetime(2026, 3, 6, 11, 10, tzinfo=UTC)
Tamper = Callable[[sqlite3.Connection, str, int], None]


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with three tickets, each with some events."""
    path = tmp_path_factory.mktemp("kept") / "kept.db"
    clock = VirtualClock(START)
    with Engine.open(f"sqlite:///{path}", clock=clock) as engine:
        engine.publish(workflows_dir() / "_template")
        for number in range(3):
            data = {"customer_name": "王", "phone": str(number), "content": "x", "first_contact_at": START}
            engine.submit(Open(ticket=f"T-{number}", workflow="request", event="register", actor="A1", data=data))
            engine.submit(Fire(event="assign", actor="S1", data={"kind": "维修"}), ticket=f"T-{number}")
            clock.move_to(clock.now() + timedelta(hours=1))
            engine.submit(Comment(actor="A1", text="客户再次来电"), ticket=f"T-{number}")
    return path


def damages(path: Path) -> list[Damage]:
    store = SqliteStore(path)
    try:
        return [damage for found in verify(store.chains()) for damage in found]
    finally:
        store.close()


def after(kept: Path, tamper: Callable[[sqlite3.Connection], None]) -> list[Damage]:
    """What is found in a copy of the file once somebody was at it."""
    with TemporaryDirectory() as folder:
        copy = Path(shutil.copy(kept, folder))
        connection = sqlite3.connect(copy)
        with connection:
            tamper(connection)
        connection.close()
        return damages(copy)


def count(connection: sqlite3.Connection, ticket: str) -> int:
    (found,) = connection.execute("SELECT count(*) FROM events WHERE ticket = ?", (ticket,)).fetchone()
    return int(found)


def edit(connection: sqlite3.Connection, ticket: str, seq: int) -> None:
    key = (ticket, seq)
    (body,) = connection.execute("SELECT body FROM events WHERE ticket = ? AND seq = ?", key).fetchone()
    place = len(body) // 2
    changed = body[:place] + (b"y" if body[place : place + 1] != b"y" else b"z") + body[place + 1 :]
    connection.execute("UPDATE events SET body = ? WHERE ticket = ? AND seq = ?", (changed, *key))


def edit_hash(connection: sqlite3.Connection, ticket: str, seq: int) -> None:
    connection.execute("UPDATE events SET hash = ? WHERE ticket = ? AND seq = ?", ("f" * 64, ticket, seq))


def remove(connection: sqlite3.Connection, ticket: str, seq: int) -> None:
    connection.execute("DELETE FROM events WHERE ticket = ? AND seq = ?", (ticket, seq))


def remove_and_close_up(connection: sqlite3.Connection, ticket: str, seq: int) -> None:
    remove(connection, ticket, seq)
    for number in range(seq + 1, count(connection, ticket) + 2):
        connection.execute("UPDATE events SET seq = seq - 1 WHERE ticket = ? AND seq = ?", (ticket, number))


def swap_with_next(connection: sqlite3.Connection, ticket: str, seq: int) -> None:
    other = seq + 1 if seq < count(connection, ticket) else seq - 1
    for old, new in ((seq, 10_000), (other, seq), (10_000, other)):
        connection.execute("UPDATE events SET seq = ? WHERE ticket = ? AND seq = ?", (new, ticket, old))


def truncate(connection: sqlite3.Connection, ticket: str, seq: int) -> None:
    connection.execute("DELETE FROM events WHERE ticket = ? AND seq >= ?", (ticket, seq))


def give_to_another(connection: sqlite3.Connection, ticket: str, seq: int) -> None:
    other = "T-1" if ticket != "T-1" else "T-2"
    key = (count(connection, other) + 1, other, ticket, seq)
    connection.execute("UPDATE events SET seq = ?, ticket = ? WHERE ticket = ? AND seq = ?", key)


TAMPERS: tuple[Tamper, ...] = (
    edit,
    edit_hash,
    remove,
    remove_and_close_up,
    swap_with_next,
    truncate,
    give_to_another,
)


def test_what_was_kept_as_it_happened_is_sound(kept: Path) -> None:
    assert damages(kept) == []


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_one_change_of_a_history_is_found_in_its_ticket(kept: Path, data: st.DataObject) -> None:
    tamper = data.draw(st.sampled_from(TAMPERS), label="tamper")
    ticket = data.draw(st.sampled_from(("T-0", "T-1", "T-2")), label="ticket")
    connection = sqlite3.connect(kept)
    seq = data.draw(st.integers(1, count(connection, ticket)), label="seq")
    connection.close()
    assert ticket in {damage.ticket for damage in after(kept, lambda c: tamper(c, ticket, seq))}


@pytest.mark.parametrize(
    ("tamper", "expected"),
    [
        (edit, {Damage("T-1", "edited", 3)}),
        (remove, {Damage("T-1", "missing", 3)}),
        (swap_with_next, {Damage("T-1", "edited", 3), Damage("T-1", "edited", 4), Damage("T-1", "edited", 5)}),
        (truncate, {Damage("T-1", "end", 3)}),
    ],
)
def test_the_number_of_the_event_is_named(kept: Path, tamper: Tamper, expected: set[Damage]) -> None:
    assert set(after(kept, lambda c: tamper(c, "T-1", 3))) == expected


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("UPDATE tickets SET body = replace(body, '维修', '订购') WHERE id = 'T-1'", "not_replayed"),
        ("UPDATE tickets SET body = '{}' WHERE id = 'T-1'", "unreadable"),
        ("UPDATE tickets SET head = 'x' WHERE id = 'T-1'", "end"),
        ("DELETE FROM tickets WHERE id = 'T-1'", "no_ticket"),
        ("DELETE FROM events WHERE ticket = 'T-1'", "no_events"),
        ("UPDATE events SET seq = 0 WHERE ticket = 'T-1' AND seq = 2", "misplaced"),
    ],
)
def test_a_ticket_that_does_not_fit_its_history_is_found(kept: Path, sql: str, kind: str) -> None:
    found = after(kept, lambda c: c.execute(sql) and None)
    assert (kind, "T-1") in {(damage.kind, damage.ticket) for damage in found}
    assert {damage.ticket for damage in found} == {"T-1"}
