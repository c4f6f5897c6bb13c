"""Engines with messages that wait, and handlers that do with them what a test says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

from tests.bootstrap.engines import MONDAY, SetClock, opened_engine, written

from dutyflow.bootstrap.engine import Engine
from dutyflow.kernel.commands import Open
from dutyflow.kernel.effects import Addressee, Notice
from dutyflow.ports.host import Message
from dutyflow.ports.outbox import Waiting
from dutyflow.ports.records import Commit, Outgoing
from dutyflow.worker.pace import Pace

PROMISES = """
workflows:
  promise:
    title: Promise
    initial: open
    states: {open: {title: Open, owner: agent}, kept: {title: Kept, final: true}}
    events:
      give: {opens: true, by: agent}
      keep: {from: open, to: kept, by: agent}
slas:
  kept:
    on: promise
    start: {entered: open}
    stop: {event: keep}
    within: 2h
    warn: {on: "-1h", to: owner}
    breach: {escalate: chief}
"""
GIVE = Open(workflow="promise", event="give", actor="A1")
WAIT_SECONDS = 20
"""How long a test waits for another thread before it fails."""
BRISK = Pace(pause_seconds=0.01)


class Recorder:
    """A handler that notes what it is given, and then does what it is told to."""

    def __init__(self, name: str = "recorder", act: Callable[[Message], None] = lambda _: None) -> None:
        self.name = name
        self.act = act
        self.got: list[Message] = []

    def deliver(self, message: Message) -> None:
        """Note it."""
        self.got.append(message)
        self.act(message)

    @property
    def ids(self) -> list[str]:
        """What was given, in order."""
        return [message.id for message in self.got]


def failing(error: Exception) -> Callable[[Message], None]:
    """What a handler does that always fails."""

    def fail(_: Message) -> None:
        raise error

    return fail


def when(count: int) -> tuple[Callable[[Message], None], Event]:
    """Something for a recorder to do, and an event that is set with the `count`-th message."""
    reached = Event()
    left = iter(range(count - 1))

    def act(_: Message) -> None:
        if next(left, None) is None:
            reached.set()

    return act, reached


@contextmanager
def promises(folder: Path, clock: SetClock, url: str = "memory:") -> Iterator[Engine]:
    """An engine on which promises can be given."""
    with opened_engine(url, clock) as engine:
        engine.publish(written(folder, PROMISES, name="promises"))
        yield engine


def post(engine: Engine, *ids: str, deliver_at: datetime = MONDAY, rules: str | None = None) -> None:
    """Let messages wait that no ticket has caused."""
    to = Addressee(role="agent", members=("A1",))
    notice = Notice(sla="kept", run=1, kind="warning", level=0, at=MONDAY, deliver_at=deliver_at, to=to)
    rules = rules or engine.rules("promises").hash
    outbox = tuple(Outgoing(id=id, ticket="P-1", workflow="promise", rules=rules, notice=notice) for id in ids)
    engine.store.commit(Commit(outbox=outbox))


def kept(engine: Engine, id: str) -> Waiting:
    """A message as it stands."""
    return next(message for message in engine.store.messages(limit=100) if message.outgoing.id == id)


def later(clock: SetClock, **time: float) -> None:
    """Let time pass."""
    clock.time += timedelta(**time)
