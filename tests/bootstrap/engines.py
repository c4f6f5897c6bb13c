"""Engines for tests: on a file or in memory, at a time that the test sets, with a rulebook in which tickets meet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.kernel.builders import at
from tests.runtime.school import PEOPLE, SCHOOL

from dutyflow.bootstrap.engine import Engine
from dutyflow.bootstrap.stores import open_store
from dutyflow.kernel.commands import Fire, Open
from dutyflow.ports.host import Directory
from dutyflow.ports.records import Answer

WITHOUT_SCHEDULES = SCHOOL.partition("schedules:")[0]
"""The school with nothing that comes up by itself."""

MONDAY = at("03-02 10:00")


class SetClock:
    """A clock that a test sets, back too."""

    def __init__(self, now: datetime = MONDAY) -> None:
        self.time = now

    def now(self) -> datetime:
        """The moment that was set."""
        return self.time.astimezone(UTC)


def written(folder: Path, text: str, *, name: str = "school", people: str = PEOPLE) -> Path:
    """A rulebook as a folder, for `publish`."""
    place = folder / name
    place.mkdir(exist_ok=True)
    (place / "rules.yaml").write_text(people + text, encoding="utf-8")
    return place


@contextmanager
def opened_engine(url: str, clock: SetClock, *, directory: Directory | None = None) -> Iterator[Engine]:
    """An engine whose leases go by the same clock as everything else."""
    with Engine(open_store(url, clock=clock), directory=directory, clock=clock) as engine:
        yield engine


def open_ticket(engine: Engine, event: str, *, actor: str = "A1", ticket: str = "", **data: Any) -> Answer:
    """Ask for a new ticket of whichever workflow of the school opens with the event."""
    rules = engine.rules("school")
    workflow = next(name for name, found in rules.workflows.items() if event in found.steps)
    return engine.submit(Open(ticket=ticket, workflow=workflow, event=event, actor=actor, data=data))


def fire(engine: Engine, ticket: str, event: str, *, actor: str = "A1", **data: Any) -> Answer:
    """Ask a ticket for an event, now."""
    return engine.submit(Fire(event=event, actor=actor, data=data), ticket=ticket)
