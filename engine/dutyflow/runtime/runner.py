"""The local runner: one command is one transaction, and time passes for every ticket before it.

Before a command at `at`, every timer due strictly before `at` fires at its own due time, in the order (moment, ticket
id); timers of `at` itself come after the command (DESIGN.md part 5, rule 8). Each of those is a transaction of its own:
what time brought stays, whatever becomes of the command.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from threading import RLock

import msgspec

from dutyflow.errors import MisuseError, NaiveTimeError, RunawayError, UnknownTicketError
from dutyflow.kernel.commands import Fire, Open, Tick
from dutyflow.kernel.effects import Resubmit
from dutyflow.kernel.events import Event
from dutyflow.kernel.history import canonical
from dutyflow.kernel.recurring import openings_at
from dutyflow.kernel.rules import Rules
from dutyflow.kernel.ticket import Ticket
from dutyflow.ports.records import Answer, Asked, BatchAnswer, Happening, KeptAnswer, Outgoing
from dutyflow.ports.store import Directory, TicketStore
from dutyflow.runtime.batch import Batch, check_key, open_rows
from dutyflow.runtime.step import Step, asked, fire_instead
from dutyflow.runtime.timetable import Timetable
from dutyflow.runtime.work import Work


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

    def submit(
        self, command: Open | Fire, *, ticket: str | None = None, at: datetime, key: str | None = None
    ) -> Answer:
        """Answer a command at `at`. `ticket` is needed by `Fire`; `Open` brings its own id.

        The same `key` gets the same answer, denials included. Raises `MisuseError` for another command under a used
        key, for an id that is taken and for a time without zone; `UnknownTicketError` for a ticket that is not there.
        """
        at = _in_utc(at)
        target = _target(command, ticket)
        with self._lock:
            fingerprint = _fingerprint(command, ticket)
            kept = self._kept(key, fingerprint)
            if isinstance(kept, Answer):
                return kept
            if isinstance(command, Fire):
                self.ticket(target)
            self._timetable.begin(at)
            self._run_due(at, inclusive=False)
            answer, work = self._answer(command, target, at)
            work.commit(key, KeptAnswer(fingerprint, answer) if key is not None else None)
            return answer

    def submit_rows(
        self, batch: Batch, *, ids: Callable[[int], str], at: datetime, key: str | None = None
    ) -> BatchAnswer:
        """Open a ticket for every row, in one transaction, or none and say what is wrong with each bad row.

        `ids` gives the id of a row's ticket by the number of the row. Timers and `key` are as for `submit`. Raises
        `MisuseError` too for a workflow that is not there and for a key that is not one of its fields.
        """
        at = _in_utc(at)
        check_key(batch, self.rules)
        with self._lock:
            fingerprint = _fingerprint_of_rows(batch)
            kept = self._kept(key, fingerprint)
            if isinstance(kept, BatchAnswer):
                return kept
            self._timetable.begin(at)
            self._run_due(at, inclusive=False)
            answer, work = open_rows(batch, ids, at, self.facts, self.rules_of)
            work.commit(key, KeptAnswer(fingerprint, answer) if key is not None else None)
            return answer

    def run_due(self, until: datetime, *, inclusive: bool = True) -> tuple[Happening, ...]:
        """Let time pass: fire every timer due before `until` (or at it), each at its own moment; what happened."""
        with self._lock:
            self._timetable.begin(_in_utc(until))
            return self._run_due(_in_utc(until), inclusive=inclusive)

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
        return tuple(self._store.outbox())

    def facts(self) -> Work:
        """What the kernel may ask about the world now, for questions such as `offers`; nothing is written by it."""
        return Work(self._store, self._directory)

    def rules_of(self, ticket: Ticket | None) -> Rules:
        """The version of the rulebook that a ticket runs under; `MisuseError` if this runner does not have it."""
        found = self.rules if ticket is None else self._versions.get(ticket.rules)
        if found is None:
            raise MisuseError("A ticket runs under a version of the rulebook that is not loaded.")
        return found

    # --- inside -------------------------------------------------------------------------------------------------

    def _kept(self, key: str | None, fingerprint: str) -> Answer | BatchAnswer | None:
        """What was answered under a key already; `MisuseError` if that was to another command."""
        kept = self._store.answer(key) if key is not None else None
        if kept is None:
            return None
        if kept.fingerprint != fingerprint:
            raise MisuseError(f"The key {key!r} belongs to another command.")
        return kept.answer

    def _answer(self, command: Open | Fire, target: str, at: datetime) -> tuple[Answer, Work]:
        step = Step(self.rules_of, self.facts(), at)
        denial = step.perform(target, command)
        known = self._store.load(target)
        workflow = command.workflow if isinstance(command, Open) else self.ticket(target).workflow
        if denial is None:
            step.work.note(asked(command, step.reached, at, None, workflow=workflow))
            return Answer(ticket=step.reached, happened=tuple(step.work.happened)), step.work
        ticket = known.id if known is not None else None
        work = self.facts()
        work.note(asked(command, ticket, at, denial, workflow=workflow))
        if denial.follow is not None:
            work = self._follow(work, denial.follow, at)
        return Answer(ticket=ticket, happened=tuple(work.happened), denial=denial), work

    def _follow(self, work: Work, effect: Resubmit, at: datetime) -> Work:
        """The entry that a refused duplicate leaves on the other ticket; it falls away where that refuses it."""
        step = Step(self.rules_of, work.fork(), at)
        denial = step.perform(effect.ticket, fire_instead(effect))
        if denial is None:
            return step.work
        workflow = self.ticket(effect.ticket).workflow
        work.note(asked(fire_instead(effect), effect.ticket, at, denial, workflow=workflow))
        return work

    def _run_due(self, until: datetime, *, inclusive: bool) -> tuple[Happening, ...]:
        happened: list[Happening] = []
        while True:
            happened += self._bring_up(until, inclusive=inclusive)
            due = self._store.due(until, inclusive=inclusive, limit=1)
            if not due:
                return tuple(happened)
            at, ticket = due[0]
            step = Step(self.rules_of, self.facts(), at)
            denial = step.perform(ticket, Tick())
            if denial is not None or not step.work.happened:
                raise RunawayError(ticket, denial.event if denial is not None else "Tick")
            step.work.commit()
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
                answer, work = self._answer(opening, opening.ticket, at)
                work.commit()
                happened += answer.happened
            self._timetable.done(name)
        return happened


def _in_utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise NaiveTimeError
    return at.astimezone(UTC)


def _target(command: Open | Fire, ticket: str | None) -> str:
    if isinstance(command, Open):
        return command.ticket
    if ticket is None:
        raise MisuseError("Say which ticket the event is for.")
    return ticket


def _fingerprint(command: Open | Fire, ticket: str | None) -> str:
    """What makes two commands the same; the id that was proposed for a new ticket does not count."""
    same = msgspec.structs.replace(command, ticket="") if isinstance(command, Open) else command
    return hashlib.sha256(canonical((type(command).__name__, same, ticket))).hexdigest()


def _fingerprint_of_rows(batch: Batch) -> str:
    """The same for the same rows in the same order."""
    rows = [dict(row) for row in batch.rows]
    same = ("Rows", batch.workflow, batch.event, batch.actor, batch.key, batch.reason, rows)
    return hashlib.sha256(canonical(same)).hexdigest()
