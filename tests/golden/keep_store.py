"""Writes a kept store: `python -m tests.golden.keep_store NAME` makes `tests/golden/stores/NAME.sql` and `NAME.json`.

A store that is kept is never written again. When the tables change, keep one more under a new name.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.crash.plan import DESK, MINUTE, NINE

from dutyflow.bootstrap.engine import Engine, Order
from dutyflow.bootstrap.stores import open_store
from dutyflow.kernel.commands import Amend, Assign, Comment, Fire, Open, Request
from dutyflow.kernel.encoding import canonical, plain_json

STORES = Path(__file__).parent / "stores"
LAST_AT = NINE + 8 * MINUTE
"""When the last command was asked."""


class At:
    """A clock that stands."""

    def __init__(self, now: datetime) -> None:
        self.time = now

    def now(self) -> datetime:
        """The moment at which it stands."""
        return self.time


def give(ticket: str) -> Request:
    """A new promise."""
    return Open(ticket=ticket, workflow="promise", event="give", actor="A1", data={"topic": f"诺言 {ticket}"})


STORY: tuple[tuple[int, str, Request], ...] = (
    (0, "late", give("late")),
    (0, "moved", give("moved")),
    (1, "moved", Fire(event="put_off", actor="A1", data={"promised_at": (NINE + timedelta(hours=2)).isoformat()})),
    (1, "late", Fire(event="keep", actor="C1")),
    (2, "late", Comment(actor="A1", text="客户下午方便")),
    (2, "late", Assign(actor="C1", member="A1", reason="her customer")),
    (3, "late", Amend(actor="C1", data={"topic": "Promise"}, reason="in English")),
    (4, "moved.1", Fire(event="make", actor="A1")),
    (6, "over", give("over")),
    (7, "over", Fire(event="withdraw", actor="A1")),
    (8, "running", give("running")),
)
"""What is asked: minutes after nine, the ticket, the command. Its place in the list is its key."""


def orders() -> tuple[tuple[datetime, Order], ...]:
    """The story as it is submitted."""
    return tuple(
        (NINE + minute * MINUTE, Order(command=command, ticket=_ticket_of(ticket, command), key=f"key {number}"))
        for number, (minute, ticket, command) in enumerate(STORY)
    )


def _ticket_of(ticket: str, command: Request) -> str | None:
    return None if isinstance(command, Open) else ticket


def told(engine: Engine) -> dict[str, Any]:
    """Everything that must be told of the store for ever: tickets, the answer to each key, what is due and waits."""
    answers = engine.submit_many([order for _, order in orders()])
    return {
        "tickets": {ticket.id: json.loads(canonical(ticket)) for ticket in engine.store.tickets()},
        "answers": [json.loads(plain_json(answer)) for answer in answers],
        "next_due_at": str(engine.next_due_at()),
        "messages": [message.outgoing.id for message in engine.store.outbox()],
        "audit": [json.loads(canonical(entry)) for entry in map(_plain, engine.store.audit())],
    }


def _plain(entry: Any) -> list[Any]:
    return [entry.at, entry.ticket, entry.actor, entry.event, entry.reason, entry.denial and entry.denial.code]


def keep(name: str) -> None:
    """Play the story and write down the file that it leaves, and what it tells."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kept.db"
        clock = At(NINE)
        with Engine(open_store(f"sqlite:///{path}", clock=clock), clock=clock) as engine:
            engine.publish(DESK)
            for at, order in orders():
                clock.time = at
                engine.submit_many([order])
            engine.run_due()
            document = json.dumps(told(engine), ensure_ascii=False, indent=1, sort_keys=True)
        with closing(sqlite3.connect(path)) as connection:
            lines = [_pragma(connection, "application_id"), _pragma(connection, "user_version"), *connection.iterdump()]
    (STORES / f"{name}.sql").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (STORES / f"{name}.json").write_text(document + "\n", encoding="utf-8")


def _pragma(connection: sqlite3.Connection, name: str) -> str:
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    return f"PRAGMA {name} = {value};"


if __name__ == "__main__":
    keep(sys.argv[1])
