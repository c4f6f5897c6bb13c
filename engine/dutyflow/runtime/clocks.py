"""What time it is: the one module that may ask the wall clock; simulation uses a virtual one."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from dutyflow.errors import MisuseError, NaiveTimeError


class SystemClock:
    """The clock of the machine, in UTC, in whole seconds: that is how exact deadlines are."""

    def now(self) -> datetime:
        """The present instant."""
        return datetime.now(UTC).replace(microsecond=0)


def monotonic() -> float:
    """Seconds that only go forward, whatever happens to the clock of the machine: for how long, not for when."""
    return time.monotonic()


def pause(seconds: float) -> None:
    """Let other processes go first for a moment."""
    time.sleep(seconds)


class VirtualClock:
    """A clock that stands still until it is moved, and never goes back."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start

    @property
    def started(self) -> bool:
        """Whether it has ever been set."""
        return self._now is not None

    def now(self) -> datetime:
        """The instant it was moved to last; `MisuseError` before that."""
        if self._now is None:
            raise MisuseError("The virtual clock has not been set yet: say when the first step happens.")
        return self._now

    def move_to(self, at: datetime) -> None:
        """Go forward to `at`, or stay; `MisuseError` for a step back."""
        if at.tzinfo is None:
            raise NaiveTimeError
        if self._now is not None and at < self._now:
            raise MisuseError(f"Time does not go back: it is {self._now.isoformat()}, past {at.isoformat()}.")
        self._now = at
