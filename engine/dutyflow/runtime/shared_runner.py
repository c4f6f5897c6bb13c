"""Runs tickets on a store that other threads and processes share: one transaction for all who ask at once.

A command fires the timers of its own ticket and of the nearest ones first; all others are fired by `run_due`, which a
worker calls, each at its own moment. Whatever stands in the way of a transaction (another process was quicker, tickets
must be watched) is tried again from the start, because what a job decides depends on nothing but what it reads.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from itertools import count

from msgspec.structs import replace

from dutyflow.errors import ConflictError, MustWatchError
from dutyflow.kernel.recurring import next_occurrence, openings_at
from dutyflow.kernel.rules import Rules, Schedule
from dutyflow.kernel.ticket import Ticket
from dutyflow.ports.host import Clock, Observer
from dutyflow.ports.records import Commit, Happening, Listing, Turn
from dutyflow.ports.store import SharedStore, Transaction
from dutyflow.runtime.answering import answer
from dutyflow.runtime.catalogue import Catalogue
from dutyflow.runtime.clocks import pause
from dutyflow.runtime.combining import Combiner
from dutyflow.runtime.crash_points import reached
from dutyflow.runtime.jobs import HAPPENED_MAX, DueJob, Job, Result, Room, in_order
from dutyflow.runtime.listing import listing_of
from dutyflow.runtime.observing import Unobserved
from dutyflow.runtime.tracing import span
from dutyflow.runtime.work import Work, World

ATTEMPTS_MAX = 12
"""How often a transaction is tried when other processes are quicker."""

LEASE = timedelta(seconds=30)
"""How long a due moment is left to the worker that took it."""

CLAIM_MAX = 64
"""Tickets whose timers are fired in one transaction."""

_FIRST_PAUSE_SECONDS = 0.002
_MICROSECOND = timedelta(microseconds=1)

Watching = frozenset[tuple[str, str]]


class SharedRunner:
    """Answers jobs on a shared store. Threads may share it."""

    def __init__(
        self, store: SharedStore, catalogue: Catalogue, clock: Clock, *, observer: Observer | None = None
    ) -> None:
        self._store = store
        self._observer = observer or Unobserved()
        self._catalogue = catalogue
        self._clock = clock
        self._combiner: Combiner[Job, Result] = Combiner(self._perform)
        self._watched: dict[tuple[str, ...], Watching] = {}

    def run(self, job: Job) -> Result:
        """The result of a job, done in a transaction with those that are asked at the same time."""
        return self._combiner.run(job)

    def run_all(self, jobs: Sequence[Job]) -> list[Result | BaseException]:
        """The results of many jobs in order; each stands for itself, in as few transactions as possible."""
        return self._combiner.run_all(jobs)

    # --- time ---------------------------------------------------------------------------------------------------

    def run_due(self, before: datetime, *, limit: int | None = None) -> tuple[Happening, ...]:
        """Fire what is due before a moment, schedules included, each at its own time; what happened.

        With `limit`, ends after about so many tickets.
        """
        happened: list[Happening] = []
        left = limit
        while left is None or left > 0:
            schedule = self._next_schedule(before)
            size = CLAIM_MAX if left is None else min(left, CLAIM_MAX)
            fired = self._fire(schedule[0] if schedule else before, size, happened)
            if left is not None:
                left -= fired
            if not fired:
                if schedule is None:
                    break
                happened += self._bring_up(*schedule)
        return tuple(happened)

    def _fire(self, horizon: datetime, size: int, happened: list[Happening]) -> int:
        """Claim the earliest due moments before `horizon` and fire them in order; how many tickets that were."""
        claimed = self._store.claim_due(horizon, limit=size, lease=LEASE)
        if not claimed:
            return 0
        reached("claimed")
        # Where more may wait, no moment of these tickets may pass the first one of a ticket that is not among them.
        before = horizon if len(claimed) < size else min(horizon, claimed[-1][0] + _MICROSECOND)
        job = DueJob(tickets=tuple(ticket for _, ticket in claimed), before=before)
        while True:
            done = self.run(job)
            assert isinstance(done, tuple), "timers are answered by what happened"
            happened += done
            if len(done) < HAPPENED_MAX:
                return len(claimed)

    def next_due_at(self) -> datetime | None:
        """The next moment at which a timer fires or a schedule comes up; None when none will."""
        scheduled = [at for at, _, _ in self._coming_up()]
        due_at = self._store.next_due_at()
        return min(scheduled if due_at is None else [*scheduled, due_at], default=None)

    def begin_schedules(self, book: str, now: datetime, *, running: Collection[str] = ()) -> None:
        """Let the schedules of a rulebook that has just been published run from now on, as they are declared now.

        Of those that were `running` until now, what they have missed is still made up for.
        """
        rules = self._catalogue.newest(book)
        turns = self._store.schedules()
        for schedule in rules.schedules.values():
            next_at = next_occurrence(rules, schedule, now, inclusive=True)
            known = (book, schedule.id) in turns
            kept = turns.get((book, schedule.id))
            is_late = kept is not None and kept < now and schedule.id in running  # a worker is about to open it
            if is_late or (known and kept == next_at) or (not known and next_at is None):
                continue
            self._move(Turn(book=book, name=schedule.id, at=kept, next_at=next_at), known=known)

    def _move(self, turn: Turn, *, known: bool) -> None:
        if known and turn.at is None:
            return  # it had ended; an ended schedule is begun again under another name
        with self._store.begin() as transaction:
            work = Work(transaction)
            work.turn(turn)
            try:
                transaction.commit(work.to_commit())
            except ConflictError:
                return  # another process has moved it

    def _next_schedule(self, before: datetime) -> tuple[datetime, str, str] | None:
        """The earliest moment of a schedule before `before`, of those that the newest versions declare."""
        return min((turn for turn in self._coming_up() if turn[0] < before), default=None)

    def _coming_up(self) -> list[tuple[datetime, str, str]]:
        self._catalogue.freshen()
        return [
            (at, book, name)
            for (book, name), at in self._store.schedules().items()
            if at is not None and self._schedule(book, name) is not None
        ]

    def _schedule(self, book: str, name: str) -> Schedule | None:
        return self._catalogue.newest(book).schedules.get(name) if book in self._catalogue.names() else None

    def _bring_up(self, at: datetime, book: str, name: str) -> tuple[Happening, ...]:
        """Open what a schedule opens at its moment and let it come on, both at once: exactly one worker does."""
        rules = self._catalogue.newest(book)
        schedule = rules.schedules[name]
        turn = Turn(book=book, name=name, at=at, next_at=next_occurrence(rules, schedule, at))

        watching: Watching = frozenset()
        for attempt in count(1):
            try:
                with self._store.begin(watching=watching) as transaction:
                    return self._open_all(transaction, rules, schedule, turn)
            except MustWatchError as error:
                watching = _more(watching, error)
            except ConflictError:
                self._observer.conflicted()
                if self._store.schedules().get((book, name)) != at:
                    return ()  # another worker has brought it up
                _give_way(attempt)
        raise AssertionError("count never ends")

    def _open_all(
        self, transaction: Transaction, rules: Rules, schedule: Schedule, turn: Turn
    ) -> tuple[Happening, ...]:
        assert turn.at is not None, "a schedule that comes up has a moment"
        work = Work(transaction)
        world = World(work, self._catalogue.directory_of(rules), rules.name)
        for declared in openings_at(rules, schedule, turn.at, world):
            opening = replace(
                declared, ticket=f"{rules.name}:{declared.ticket}"
            )  # other rulebooks may name theirs alike
            if work.load(opening.ticket) is None:
                answer(self._catalogue, rules, work, opening, opening.ticket, turn.at)
        work.turn(turn)
        transaction.commit(work.to_commit(self._listing_of))
        return tuple(work.happened)

    # --- transactions -------------------------------------------------------------------------------------------

    def _perform(self, jobs: Sequence[Job]) -> Sequence[Result | BaseException]:
        self._catalogue.freshen()
        tickets, keys = in_order(jobs)
        watching: Watching = frozenset().union(*(self._watched.get(job.kind, frozenset()) for job in jobs))
        with span("transaction", jobs=len(jobs)) as note:
            for attempt in count(1):
                note("attempts", attempt)
                try:
                    with self._store.begin(tickets=tickets, keys=keys, watching=watching) as transaction:
                        results, commit = self._in_transaction(transaction, jobs)
                except MustWatchError as error:
                    watching = _more(watching, error)
                except ConflictError:
                    self._observer.conflicted()
                    _give_way(attempt)
                else:
                    self._tell(commit)
                    return results
        raise AssertionError("count never ends")

    def _tell(self, commit: Commit) -> None:
        """Let the observer know what is kept now."""
        for asked in commit.audit:
            self._observer.answered(asked.workflow, denied=asked.denial is not None)

    def _in_transaction(
        self, transaction: Transaction, jobs: Sequence[Job]
    ) -> tuple[Sequence[Result | BaseException], Commit]:
        work = Work(transaction)
        room = Room(transaction, work, self._catalogue, self._clock.now())
        results = [self._answered(job, room) for job in jobs]
        commit = work.to_commit(self._listing_of)
        reached("decided")
        if not commit.is_empty:
            transaction.commit(commit)
            reached("committed")
        return results, commit

    def _answered(self, job: Job, room: Room) -> Result | BaseException:
        """The result of one job, or what it failed with: then it has left nothing behind that must not be written."""
        watched = room.work.watched
        try:
            return job.perform(room)
        except ConflictError:
            raise
        except Exception as error:
            return error
        finally:
            searched = room.work.watched - watched
            if searched:
                self._watched[job.kind] = self._watched.get(job.kind, frozenset()) | searched

    def _listing_of(self, ticket: Ticket) -> Listing:
        return listing_of(self._catalogue.rules_of(ticket), ticket)


def _more(watching: Watching, error: MustWatchError) -> Watching:
    """What to watch the next time; a store that asks for what is watched already would ask for ever."""
    if error.watched <= watching:
        raise error
    return watching | error.watched


def _give_way(attempt: int) -> None:
    """Wait a little longer each time, and not as long as the others; `ConflictError` goes on after too many."""
    if attempt >= ATTEMPTS_MAX:
        raise ConflictError("Other processes keep changing the same tickets: ask again with the same key.")
    pause(random.uniform(0, _FIRST_PAUSE_SECONDS * 2 ** min(attempt, 6)))
