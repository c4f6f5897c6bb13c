"""A process that fires what is due and delivers messages, and may be killed at any moment: started by a drill."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

from tests.crash.process import FileClock, begin, heard, say

from dutyflow.bootstrap.engine import Engine
from dutyflow.bootstrap.stores import open_store
from dutyflow.errors import UnavailableError
from dutyflow.ports.host import Message
from dutyflow.ports.outbox import Delivery
from dutyflow.runtime.crash_points import reached
from dutyflow.runtime.messages import message_of

LEASE = timedelta(seconds=30)
BATCH = 5
"""Tickets or messages that are taken at a time: few, so that two workers meet and many points are passed."""


class Inbox:
    """A file to which every process adds what it was given, as one line in one write."""

    name = "inbox"

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def deliver(self, message: Message) -> None:
        """Keep it; whoever dies after this has delivered it."""
        line = json.dumps({**asdict(message), "attempt": 0}, default=str, ensure_ascii=False)
        os.write(self._file, line.encode() + b"\n")


def deliver(engine: Engine, inbox: Inbox, clock: FileClock) -> int:
    """Deliver some of the messages whose time has come; how many."""
    claimed = engine.store.claim_messages(clock.now(), limit=BATCH, lease=LEASE)
    if not claimed:
        return 0
    reached("taken")
    done = []
    for one in claimed:
        rules = engine.catalogue.version(one.outgoing.rules)
        inbox.deliver(message_of(one.outgoing, rules, attempt=one.attempts + 1))
        reached("delivered")
        done.append(
            Delivery(
                id=one.outgoing.id,
                status="delivered",
                attempts=one.attempts + 1,
                at=clock.now(),
                taken_by=(inbox.name,),
            )
        )
    engine.store.settle(done)
    reached("settled")
    return len(done)


def work(engine: Engine, inbox: Inbox, clock: FileClock) -> None:
    """Go on until there is nothing to do at this moment."""
    while engine.run_due(limit=BATCH) or deliver(engine, inbox, clock):
        pass


def main(arguments: list[str]) -> None:
    """Work whenever the test says so."""
    url, clock, (inbox, *_) = begin(arguments)
    store = open_store(url, clock=clock)
    with Engine(store, clock=clock) as engine:
        say("ready")
        for _ in heard():
            try:
                work(engine, Inbox(Path(inbox)), clock)
                say("idle")
            except UnavailableError as error:
                say(f"unavailable: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
