"""What the processes of a drill share: a clock that the test moves, a way to die, and lines of JSON between them."""

from __future__ import annotations

import json
import os
import signal
import struct
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from dutyflow.runtime.crash_points import call_at_crash_points

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FileClock:
    """Tells the time that stands in a file, to every process alike."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT)

    def now(self) -> datetime:
        """The present instant."""
        (seconds,) = struct.unpack("q", os.pread(self._file, 8, 0))
        return _EPOCH + timedelta(seconds=seconds)

    def set(self, at: datetime) -> None:
        """Let it be `at` for everybody, forward or back."""
        os.pwrite(self._file, struct.pack("q", int(at.timestamp())), 0)


def die_at(point: str, times: int) -> None:
    """Kill this process, with no chance to tidy up, when it comes to a point for the `times`-th time."""
    visits = count(1)

    def visited(name: str) -> None:
        if name == point and next(visits) == times:
            os.kill(os.getpid(), signal.SIGKILL)

    call_at_crash_points(visited)


def begin(arguments: list[str]) -> tuple[str, FileClock, list[str]]:
    """The store and the clock of this process, and what else it was told; armed if it is to die."""
    url, clock, point, times, *others = arguments
    if point:
        die_at(point, int(times))
    return url, FileClock(Path(clock)), others


def heard() -> Iterator[Any]:
    """What the test says, until it has nothing more to say."""
    return (json.loads(line) for line in sys.stdin)


def say(what: Any) -> None:
    """Tell the test."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()
