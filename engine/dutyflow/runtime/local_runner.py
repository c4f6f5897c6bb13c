"""The local runner: one command is one transaction, and time passes for every ticket before it.

Before a command at `at`, every timer due strictly before `at` fires at its own due time, in the order (moment, ticket
id); timers of `at` itself come after the command (DESIGN.md part 5, rule 8). Each of those is a transaction of its own:
what time brought stays, whatever becomes of the command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from threading import RLock
from typing import TypeVar

from dutyflow.errors import MisuseError, RunawayError, UnknownTicketError
from dutyflow.kernel.commands import Open, Request, Tick
from dutyflow.kernel.events import Event
from dutyflow.kernel.recurring import openings_at
from dutyflow.kernel.rules import Rules
from dutyflow.kernel.ticket import Ticket
from dutyflow.ports.host import Directory
from dutyflow.ports.records import Answer, Asked, BatchAnswer, Happening, KeptAnswer, Outgoing
from dutyflow.ports.store import TicketStore
from dutyflow.runtime.answering import answer, fingerprint, in_utc, kept_answer, target_of
from dutyflow.runtime.batch import Batch, check_key, fingerprint_of_rows, open_rows
from dutyflow.runtime.step import Step
from dutyflow.runtime.timetable import Timetable
from dutyflow.runtime.work import Work, World

A = TypeVar("A", Answer, BatchAnswer)


class LocalRunner:
    """Runs tickets in this process. Threads may share it; commands are answered one after the other.

    `older` are former versions of the rulebook, under which tickets may still run. `schedules` names the recurring
    duties that this runner brings up; they run from its first moment.
    """

    def __init__(
        self,
        rules: Rules,
        store: TicketStore,
        directory: Directory,
        *,
        older: Iterable[Rules] = (),
        schedules: Iterable[str] = (),
    ) -> None:
        self.rules = rules
        self._versions = {version.hash: version for version in (*older, rules)}
        self._store = store
        self._directory = directory
        self._timetable = Timetable(rules, schedules)
        self._lock = RLock()

    # --- asking -------------------------------------------------------------------------------------------------

    def submit(self, command: Request, *, ticket: str | None = None, at: datetime, key: str | None = None) -> Answer:
        """Answer a command at `at`. `Open` brings its own id; every other command needs `ticket`.

        The same `key` gets the same answer, denials included. Raises `MisuseError` for another command under a used
        key, for an id that is taken and for a time without zone; `UnknownTicketError` for a ticket that is not there.
        """
        at = in_utc(at)
        target = target_of(command, ticket)
        with self._lock:
            work = Work(self._store)
            same = fingerprint(command, ticket)
            kept = kept_answer(work, key, same)
            if isinstance(kept, Answer):
                return kept
            if not isinstance(command, Open):
                self.ticket(target)
            self._timetable.begin(at)
            self._run_due(at, inclusive=False)
            given = answer(self, self.rules, work, command, target, at)
            return self._keep(work, key, KeptAnswer(same, given), given)

    def submit_rows(
        self, batch: Batch, *, ids: Callable[[int], str], at: datetime, key: str | None = None
    ) -> BatchAnswer:
        """Open a ticket for every row, in one transaction, or none and say what is wrong with each bad row.

        `ids` gives the id of a row's ticket by the number of the row. Timers and `key` are as for `submit`. Raises
        `MisuseError` too for a workflow that is not there and for a key that is not one of its fields.
        """
        at = in_utc(at)
        check_key(batch, self.rules)
        with self._lock:
            work = Work(self._store)
            same = fingerprint_of_rows(batch)
            kept = kept_answer(work, key, same)
            if isinstance(kept, BatchAnswer):
                return kept
            self._timetable.begin(at)
            self._run_due(at, inclusive=False)
            given = open_rows(batch, ids, at, self, self.rules, work)
            return self._keep(work, key, KeptAnswer(same, given), given)

    def run_due(self, until: datetime, *, inclusive: bool = True) -> tuple[Happening, ...]:
        """Let time pass: fire every timer due before `until` (or at it), each at its own moment; what happened."""
        with self._lock:
            self._timetable.begin(in_utc(until))
            return self._run_due(in_utc(until), inclusive=inclusive)

    # --- looking ------------------------------------------------------------------------------------------------

    def ticket(self, ticket: str) -> Ticket:
        """The ticket as it stands; `UnknownTicketError` if there is none."""
        found = self._store.load(ticket)
        if found is None:
            raise UnknownTicketError(f"No ticket has the id {ticket!r}.")
        return found

    def history(self, ticket: str) -> tuple[Event, ...]:
        """All events of a ticket, in order."""
        return self._store.history(ticket)

    def tickets(self) -> tuple[Ticket, ...]:
        """All tickets, in the order in which they were opened."""
        return tuple(self._store.tickets())

    def next_due_at(self) -> datetime | None:
        """The next moment at which something happens by itself; None when nothing will."""
        scheduled = self._timetable.first()
        moments = [self._store.next_due_at(), scheduled[0] if scheduled else None]
        return min((at for at in moments if at is not None), default=None)

    def audit(self) -> tuple[Asked, ...]:
        """Every command that was asked, in order, refused ones included: who, when, why not."""
        return tuple(self._store.audit())

    def outbox(self) -> tuple[Outgoing, ...]:
        """The notices that wait to be sent, in order."""
        return tuple(waiting.outgoing for waiting in self._store.outbox())

    def facts(self) -> World:
        """What the kernel may ask now, for questions such as `next_actions`; nothing is written by it."""
        return World(Work(self._store), self._directory, self.rules.name)

    def directory_of(self, rules: Rules) -> Directory:
        """The people; the same for all versions."""
        return self._directory

    def rules_of(self, ticket: Ticket) -> Rules:
        """The version of the rulebook that a ticket runs under; `MisuseError` if this runner does not have it."""
        found = self._versions.get(ticket.rules)
        if found is None:
            raise MisuseError("A ticket runs under a version of the rulebook that is not loaded.")
        return found

    # --- inside -------------------------------------------------------------------------------------------------

    def _keep(self, work: Work, key: str | None, kept: KeptAnswer, given: A) -> A:
        if key is not None:
            work.keep(key, kept)
        self._store.commit(work.to_commit())
        return given

    def _run_due(self, until: datetime, *, inclusive: bool) -> tuple[Happening, ...]:
        happened: list[Happening] = []
        while True:
            happened += self._bring_up(until, inclusive=inclusive)
            due = self._store.due(until, inclusive=inclusive, limit=1)
            if not due:
                return tuple(happened)
            at, ticket = due[0]
            step = Step(self, self.rules, Work(self._store))
            denial = step.perform(ticket, Tick(), at)
            if denial is not None or not step.work.happened:
                raise RunawayError(ticket, denial.event if denial is not None else "Tick")
            self._store.commit(step.work.to_commit())
            happened += step.work.happened

    def _bring_up(self, until: datetime, *, inclusive: bool) -> list[Happening]:
        """Open what schedules bring up before the next timer of a ticket, or at the same moment."""
        happened: list[Happening] = []
        while (found := self._timetable.first()) is not None:
            at, name = found
            next_due_at = self._store.next_due_at()
            if (next_due_at is not None and next_due_at < at) or at > until or (at == until and not inclusive):
                break
            for opening in openings_at(self.rules, self.rules.schedules[name], at, self.facts()):
                if self._store.load(opening.ticket) is not None:
                    continue  # another runner of this store brought it up before it stopped
                work = Work(self._store)
                happened += answer(self, self.rules, work, opening, opening.ticket, at).happened
                self._store.commit(work.to_commit())
            self._timetable.done(name)
        return happened
