"""A process that fires what is due and delivers messages, and may be killed at any moment: started by a drill."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from tests.crash.process import begin, heard, say

from dutyflow.bootstrap.engine import Engine
from dutyflow.bootstrap.stores import open_store
from dutyflow.errors import UnavailableError
from dutyflow.ports.host import Message
from dutyflow.worker.pace import Pace
from dutyflow.worker.worker import Worker

PACE = Pace(timers=5, batch=5)
"""Few at a time, so that two workers meet and many points are passed."""


class Inbox:
    """A file to which every process adds what it was given, as one line in one write."""

    name = "inbox"

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def deliver(self, message: Message) -> None:
        """Keep it; whoever dies after this has delivered it. Which attempt it was is no part of the message."""
        line = json.dumps({**asdict(message), "attempt": 0}, default=str, ensure_ascii=False)
        os.write(self._file, line.encode() + b"\n")


def work(worker: Worker) -> str:
    """Go on until there is nothing to do at this moment."""
    try:
        while not worker.run_once().is_idle:
            pass
    except UnavailableError as error:
        return f"unavailable: {error}"
    return "idle"


def main(arguments: list[str]) -> None:
    """Work whenever the test says so."""
    url, clock, (inbox, *_) = begin(arguments)
    store = open_store(url, clock=clock)
    with Engine(store, clock=clock) as engine:
        worker = engine.worker([Inbox(Path(inbox))], pace=PACE)
        say("ready")
        for _ in heard():
            say(work(worker))


if __name__ == "__main__":
    main(sys.argv[1:])
