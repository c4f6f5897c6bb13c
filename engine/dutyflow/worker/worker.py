"""The worker: fires what is due, delivers messages, forgets old ones, until it is told to stop."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event, Thread

from dutyflow.errors import StoreError
from dutyflow.ports.host import Clock, Handler, Observer
from dutyflow.ports.store import SharedStore
from dutyflow.runtime.catalogue import Catalogue
from dutyflow.runtime.clocks import monotonic
from dutyflow.runtime.observing import Unobserved
from dutyflow.runtime.shared_runner import SharedRunner
from dutyflow.worker.delivery import NOTHING, Courier, Deliveries
from dutyflow.worker.pace import Pace
from dutyflow.worker.rounds import Rounds

STILL_SECONDS = 120
"""A loop that has not turned for so long hangs: no round takes that long, and no pause is that long."""

FORGET_EVERY = timedelta(hours=1)

_SECOND = timedelta(seconds=1)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What a worker did in one round: events that time brought, messages, and old messages that it removed."""

    events: int = 0
    messages: Deliveries = NOTHING
    forgotten: int = 0

    @property
    def is_idle(self) -> bool:
        """Whether there was nothing to do."""
        return not (self.events or self.messages.total)


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a worker lives (its loops turn) and is ready (the store can be used and the last rounds succeeded)."""

    is_alive: bool
    is_ready: bool
    problem: str | None = None


class Worker:
    """Does what time brings, beside any number of others on the same store.

    Timers and messages have a loop each, so that a receiver who takes his time delays no timer. What is due at this
    very second waits until it is over: somebody who acts in it is in time.
    """

    def __init__(
        self,
        runner: SharedRunner,
        store: SharedStore,
        catalogue: Catalogue,
        clock: Clock,
        handlers: Sequence[Handler] = (),
        *,
        pace: Pace | None = None,
        observer: Observer | None = None,
    ) -> None:
        """A worker that is not running yet; see `Engine.worker`. Raises `MisuseError` for handlers of one name."""
        self._runner = runner
        self._store = store
        self._clock = clock
        self._pace = pace or Pace()
        self._observer = observer or Unobserved()
        self._stop = Event()
        self._forgot_at: datetime | None = None
        self._courier = Courier(
            store, catalogue, clock, handlers, pace=self._pace, observer=self._observer, stop=self._stop
        )
        self.loops = (
            Rounds("timers", self._turn_timers, stop=self._stop, observer=self._observer),
            Rounds("messages", self._turn_messages, stop=self._stop, observer=self._observer),
        )
        """Timers and messages: `run` lets each go round in a thread of its own."""
        self._started_at: float | None = None

    def run(self) -> None:
        """Work until `stop` is called; what is in hand then is finished and settled. Never raises for a store."""
        self._started_at = monotonic()
        threads = [Thread(target=loop.run, name=f"dutyflow-{loop.name}") for loop in self.loops]
        _log.info("the worker has begun")
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        _log.info("the worker has ended")

    def stop(self) -> None:
        """Let `run` end soon; any thread may ask. A worker that was stopped does not begin again."""
        self._stop.set()

    def run_once(self) -> Round:
        """One round of both, for tests and hosts with a timer of their own. Raises `UnavailableError`."""
        return Round(events=self._fire(), messages=self._courier.deliver(), forgotten=self._forget())

    def health(self) -> Health:
        """How it goes. Asks the store a small question, which may take as long as the store does."""
        problem = self._problem()
        return Health(self._turns(), problem is None, problem)

    # --- timers -------------------------------------------------------------------------------------------------

    def _turn_timers(self) -> float:
        return 0 if self._fire() else self._seconds_until_due()

    def _fire(self) -> int:
        events = len(self._runner.run_due(self._clock.now(), limit=self._pace.timers))
        if events:
            self._observer.fired(events)
        return events

    def _seconds_until_due(self) -> float:
        """Until the second after the next due moment. One that has passed is in the hands of another worker."""
        now = self._clock.now()
        next_at, pause = self._runner.next_due_at(), self._pace.pause_seconds
        if next_at is None or next_at < now:
            return pause
        return min(pause, (next_at + _SECOND - now).total_seconds())

    # --- messages -----------------------------------------------------------------------------------------------

    def _turn_messages(self) -> float:
        self._forget()
        return 0 if self._courier.deliver().total else self._pace.pause_seconds

    def _forget(self) -> int:
        """Remove messages that were delivered long ago, now and then."""
        now = self._clock.now()
        if self._forgot_at is not None and now - self._forgot_at < FORGET_EVERY:
            return 0
        count = self._store.forget_messages(now - self._pace.keeping)
        self._forgot_at = now
        return count

    # --- health -------------------------------------------------------------------------------------------------

    def _turns(self) -> bool:
        if self._started_at is None or self._stop.is_set():
            return True  # nothing turns before and after
        longest = STILL_SECONDS + self._pace.pause_seconds + self._pace.lease.total_seconds()
        began = self._started_at
        return all(monotonic() - (loop.turned_at or began) < longest for loop in self.loops)

    def _problem(self) -> str | None:
        """Why it is not ready."""
        for loop in self.loops:
            if loop.problem is not None:
                return loop.problem
        try:
            self._store.newest()
        except StoreError as error:
            return error.message
        return None if all(loop.turned_at is not None for loop in self.loops) else "The first round is not over."
