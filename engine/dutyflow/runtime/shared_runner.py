"""Runs tickets on a store that other threads and processes share: one transaction for all who ask at once.

A command fires the timers of its own ticket and of the nearest ones first; all others are fired by `run_due`, which a
worker calls, each at its own moment. Whatever stands in the way of a transaction (another process was quicker, tickets
must be watched) is tried again from the start, because what a job decides depends on nothing but what it reads.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from itertools import count
from sys import maxsize

from msgspec.structs import replace

from dutyflow.errors import ConflictError, MustWatchError, StoreError, UnavailableError
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

_log = logging.getLogger(__name__)

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

        With `limit`, ends after about so many tickets. A schedule that cannot open its tickets is left as it stands,
        told of in the log, and tried again the next time: all others go on.
        """
        happened: list[Happening] = []
        left = maxsize if limit is None else limit
        stuck: set[tuple[str, str]] = set()
        while left > 0:
            schedule = self._next_schedule(before, stuck)
            done = self._fire(schedule[0] if schedule else before, min(left, CLAIM_MAX), happened)
            if not done:
                if schedule is None:
                    break
                done = self._come_up(*schedule, happened, stuck)
            left -= done
        return tuple(happened)

    def _come_up(
        self, at: datetime, book: str, name: str, happened: list[Happening], stuck: set[tuple[str, str]]
    ) -> int:
        """Bring up a schedule, or note that it is stuck; for how many tickets that counts."""
        try:
            opened = self._bring_up(at, book, name)
        except StoreError:
            raise
        except Exception:  # whatever is wrong with one schedule, all others and the timers go on
            _log.exception("a schedule cannot open its tickets", extra={"rulebook": book, "schedule": name})
            stuck.add((book, name))
            return 1
        happened += opened
        return max(1, len({item.ticket for item in opened}))

    def _fire(self, horizon: datetime, size: int, happened: list[Happening]) -> int:
        """Claim the earliest due moments before `horizon` and fire them in order; how many tickets that were."""
        claimed = self._store.claim_due(horizon, limit=size, lease=LEASE)
        if not claimed:
            return 0
        reached("claimed")
        # Where more may wait, no moment of these tickets may pass the first one of a ticket that is not among them.
        before = horizon if len(claimed) < size else min(horizon, claimed[-1][0] + _MICROSECOND)
        self._fire_all(DueJob(tickets=tuple(ticket for _, ticket in claimed), before=before), happened)
        return len(claimed)

    def _fire_all(self, job: DueJob, happened: list[Happening]) -> None:
        """Fire until nothing is due; where a ticket cannot be read, each of them by itself."""
        try:
            self._fire_together(job, happened)
        except (ConflictError, UnavailableError):
            raise
        except StoreError:
            if len(job.tickets) == 1:
                _log.exception("timers of a ticket cannot fire", extra={"ticket": job.tickets[0]})
                return
            for ticket in job.tickets:
                self._fire_all(DueJob(tickets=(ticket,), before=job.before), happened)

    def _fire_together(self, job: DueJob, happened: list[Happening]) -> None:
        while True:
            done = self.run(job)
            assert isinstance(done, tuple), "timers are answered by what happened"
            happened += done
            if len(done) < HAPPENED_MAX:
                return

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
        for schedule in rules.schedules.values():
            next_at = next_occurrence(rules, schedule, now, inclusive=True)
            attempts = count(1)
            while not self._begun(book, schedule.id, now, next_at, is_running=schedule.id in running):
                _give_way(next(attempts))

    def _begun(self, book: str, name: str, now: datetime, next_at: datetime | None, *, is_running: bool) -> bool:
        """Let a schedule stand at its next moment; False if another process has moved it meanwhile."""
        turns = self._store.schedules()
        known, kept = (book, name) in turns, turns.get((book, name))
        is_late = kept is not None and kept < now and is_running  # a worker is about to open it
        has_ended = known and kept is None  # it is begun again under another name
        if is_late or has_ended or kept == next_at:
            return True
        with self._store.begin() as transaction:
            work = Work(transaction)
            work.turn(Turn(book=book, name=name, at=kept, next_at=next_at))
            try:
                transaction.commit(work.to_commit())
            except ConflictError:
                return False
        return True

    def _next_schedule(self, before: datetime, stuck: Collection[tuple[str, str]]) -> tuple[datetime, str, str] | None:
        """The earliest moment of a schedule before `before`, of those that the newest versions declare."""
        return min((turn for turn in self._coming_up() if turn[0] < before and turn[1:] not in stuck), default=None)

    def _coming_up(self) -> list[tuple[datetime, str, str]]:
        turns = self._store.schedules()
        declared = {book: self._catalogue.schedules_of(book) for book in {book for book, _ in turns}}
        return [(at, book, name) for (book, name), at in turns.items() if at is not None and name in declared[book]]

    def _bring_up(self, at: datetime, book: str, name: str) -> tuple[Happening, ...]:
        """Open what a schedule opens at its moment and let it come on, both at once: exactly one worker does."""
        self._catalogue.refresh()  # the next moment follows from how the schedule is declared now
        rules = self._catalogue.newest(book)
        schedule = rules.schedules.get(name)
        if schedule is None:
            return ()  # a version without it has been published meanwhile
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
        """Do them in one transaction; where one of them spoils it, each in its own, so that no other has to suffer."""
        self._catalogue.freshen()
        try:
            results, commit = self._together(jobs)
        except (ConflictError, UnavailableError):
            raise
        except Exception:
            if len(jobs) == 1:
                raise
            return [self._alone(job) for job in jobs]
        self._tell(commit)
        return results

    def _alone(self, job: Job) -> Result | BaseException:
        try:
            return self._perform((job,))[0]
        except Exception as error:
            return error

    def _together(self, jobs: Sequence[Job]) -> tuple[Sequence[Result | BaseException], Commit]:
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
                    return results, commit
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
