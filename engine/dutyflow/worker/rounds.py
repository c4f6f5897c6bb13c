"""Does something again and again until it is stopped: failures are told of and waited out, never the end."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from datetime import timedelta
from threading import Event

from dutyflow.errors import UnavailableError
from dutyflow.ports.host import Observer
from dutyflow.runtime.clocks import monotonic
from dutyflow.runtime.tracing import span
from dutyflow.worker.backoff import Backoff

RECOVERY = Backoff(timedelta(seconds=1), timedelta(seconds=30))
"""How long a loop waits after rounds that failed: at least half a second, at most half a minute."""

_SHORTEST_SECONDS = 0.5

_log = logging.getLogger(__name__)


class Rounds:
    """A loop of its own. `turn` does one round and says after how many seconds the next one should begin."""

    def __init__(
        self,
        name: str,
        turn: Callable[[], float],
        *,
        stop: Event,
        observer: Observer,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.name = name
        self.problem: str | None = None
        """Why the last round failed; None if it did not."""
        self.turned_at: float | None = None
        """When the last round ended, by the monotonic clock; None before the first."""
        self._turn = turn
        self._stop = stop
        self._observer = observer
        self._chance = chance
        self._failures = 0

    def run(self) -> None:
        """Go round until `stop` is set; waiting ends at once then."""
        while not self._stop.is_set():
            self._stop.wait(self.once())

    def once(self) -> float:
        """One round, whatever happens in it; how many seconds to wait for the next."""
        began = monotonic()
        try:
            with span("round", loop=self.name):
                seconds = self._turn()
        except UnavailableError as error:
            seconds = self._failed(error.message)
            if self._failures == 1:
                _log.error("the store cannot be reached", extra={"loop": self.name, "problem": error.message})
        except Exception as error:
            seconds = self._failed(type(error).__name__)
            _log.exception("a round failed", extra={"loop": self.name})
        else:
            self._succeeded()
        self.turned_at = monotonic()
        self._observer.turned(self.name, self.turned_at - began, failed=self._failures > 0)
        return seconds

    def _failed(self, problem: str) -> float:
        self._failures += 1
        self.problem = problem
        return max(_SHORTEST_SECONDS, RECOVERY.wait(self._failures, self._chance()).total_seconds())

    def _succeeded(self) -> None:
        if self._failures:
            _log.info("rounds succeed again", extra={"loop": self.name, "failures": self._failures})
        self._failures, self.problem = 0, None
