"""How a worker goes about its work: how often it looks, how much it takes at once, when it gives up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from dutyflow.errors import MisuseError
from dutyflow.worker.backoff import Backoff

RETRY = Backoff(timedelta(seconds=5), timedelta(hours=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The settings of a worker, with values that suit most.

    - `pause_seconds`: it looks at least this often whether other processes have brought work.
    - `timers`: tickets whose timers it fires before it looks whether it should stop.
    - `batch`: messages that it takes at once; `lease`: how long no other worker is given them.
    - `attempts_max`: after so many attempts a message is dead; `retry`: how long it waits in between.
    - `postponed`: how long a message waits whose handler had no time for it.
    - `keeping`: how long delivered messages can still be looked at.

    A handler may take a third of the lease for one message. Nothing is begun after the first third, and who has not
    returned after the second has failed: so a lease never ends while somebody is at work.
    """

    pause_seconds: float = 1.0
    timers: int = 256
    batch: int = 64
    lease: timedelta = timedelta(seconds=30)
    attempts_max: int = 12
    retry: Backoff = RETRY
    postponed: timedelta = timedelta(seconds=15)
    keeping: timedelta = timedelta(days=30)

    def __post_init__(self) -> None:
        """Raises `MisuseError` for a pace at which nothing would ever be done."""
        if self.pause_seconds <= 0 or self.lease <= timedelta() or min(self.timers, self.batch, self.attempts_max) < 1:
            raise MisuseError("A worker needs a pause and a lease above zero, and does at least one thing at a time.")

    @property
    def begin_seconds(self) -> float:
        """For how long after the claim a message may still be begun."""
        return self.lease.total_seconds() / 3

    @property
    def wait_seconds(self) -> float:
        """For how long after the claim handlers are waited for."""
        return self.lease.total_seconds() * 2 / 3
