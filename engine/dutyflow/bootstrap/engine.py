"""The engine that a service embeds: publish rulebooks, submit commands, look at tickets, let time pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType

import msgspec

from dutyflow.bootstrap.stores import open_store
from dutyflow.errors import DutyflowError, ForbiddenError, MisuseError, UnknownTicketError
from dutyflow.kernel.actions import Action, next_actions, opening_actions
from dutyflow.kernel.commands import Open, Request
from dutyflow.kernel.events import Event
from dutyflow.kernel.rules import SYSTEM, Rules
from dutyflow.kernel.ticket import Ticket
from dutyflow.ports.host import Clock, Directory, Handler, Observer
from dutyflow.ports.queue import Count, Page, Query, Recorded
from dutyflow.ports.records import Answer, Asked, BatchAnswer, Happening
from dutyflow.ports.store import SharedStore
from dutyflow.rulebook.bundle import Bundle, bundle_of
from dutyflow.rulebook.load import Loaded, load_rulebook
from dutyflow.runtime.answering import fingerprint, in_utc
from dutyflow.runtime.batch import Batch, check_key
from dutyflow.runtime.catalogue import Catalogue
from dutyflow.runtime.clocks import SystemClock, pause
from dutyflow.runtime.ids import is_derived, new_id
from dutyflow.runtime.jobs import CommandJob, RowsJob, checked_time
from dutyflow.runtime.limits import check_command, check_name, check_query, check_rows, is_storable
from dutyflow.runtime.listing import filed_fields
from dutyflow.runtime.shared_runner import SharedRunner
from dutyflow.runtime.views import View
from dutyflow.runtime.work import Work, World
from dutyflow.runtime.zone_data import zone_data
from dutyflow.telling.teller import denial_text
from dutyflow.worker.pace import Pace
from dutyflow.worker.worker import Worker

SKEW_SECONDS = 60
"""How far a caller's clock may be ahead of ours."""

PAGE_ROWS = 50


@dataclass(frozen=True, slots=True)
class Published:
    """A version of a rulebook that is now the newest of its name; `is_new` unless it was that already."""

    name: str
    version: str
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One of many commands that are submitted together; see `Engine.submit` for what each part means."""

    command: Request
    ticket: str | None = None
    at: datetime | None = None
    key: str | None = None
    rulebook: str | None = None


class Engine:
    """Runs tickets on a store. Threads may share it; other processes may have the same store open.

    With an `actor`, it acts and looks for that person only: whoever knows who is asking opens one for each
    (`acting_as`), and nobody can do or see what is another's. Every method may raise `UnavailableError`; the command
    can then be asked again with its key.
    """

    def __init__(
        self,
        store: SharedStore,
        *,
        directory: Directory | None = None,
        clock: Clock | None = None,
        actor: str | None = None,
        observer: Observer | None = None,
    ) -> None:
        """An engine on a store that is open. A `directory` takes the place of the members that rulebooks name."""
        self.clock = clock or SystemClock()
        self.actor = check_name("The actor", actor) if actor is not None else None
        self.store = store
        self.catalogue = Catalogue(store, directory)
        self._observer = observer
        self._runner = SharedRunner(store, self.catalogue, self.clock, observer=observer)

    @classmethod
    def open(
        cls,
        url: str,
        *,
        directory: Directory | None = None,
        clock: Clock | None = None,
        actor: str | None = None,
        observer: Observer | None = None,
    ) -> Engine:
        """The engine on a store, a new one is made: `sqlite:///tickets.db`, `postgresql://...`, `memory:`."""
        return cls(open_store(url), directory=directory, clock=clock, actor=actor, observer=observer)

    def acting_as(self, actor: str) -> Engine:
        """The same engine for one person only; closing it is the business of the first.

        `ForbiddenError` for another person than it acts for already, and for `system`: nobody who signs in is that.
        """
        self._check_actor(check_name("The actor", actor))
        if actor == SYSTEM:
            raise ForbiddenError(f"Nobody acts as `{SYSTEM}`: what happens by itself has that name.")
        bound = object.__new__(Engine)
        bound.__dict__.update(self.__dict__, actor=actor)
        return bound

    def close(self) -> None:
        """Give the store back."""
        self.store.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- rulebooks ----------------------------------------------------------------------------------------------

    def publish(self, rulebook: str | Path | Loaded | Bundle) -> Published:
        """Make a rulebook (a folder, or one that was loaded) the newest of its name: new tickets run under it.

        Tickets that are open stay with their version. Its schedules run from now on. Raises `RulebookError`, and
        `MisuseError` if another name has the very same rules: a ticket could not tell which it belongs to.
        """
        self._only_for_the_host("publish a rulebook")
        bundle = _bundled(rulebook)
        self._check_name(bundle)
        now = self.clock.now()
        self.catalogue.refresh()
        running = self.catalogue.schedules_of(bundle.name)
        filed = filed_fields(self.catalogue.add(bundle))
        is_new = self.store.publish(bundle.name, bundle.hash, bundle.to_bytes(), now, filed=filed, zones=zone_data())
        self.catalogue.refresh()
        self._runner.begin_schedules(bundle.name, now, running=running)
        return Published(bundle.name, bundle.hash, is_new)

    def rulebooks(self) -> Mapping[str, str]:
        """The newest version (a content hash) of each published rulebook, by name."""
        return self.store.newest()

    def rules(self, rulebook: str) -> Rules:
        """The newest version of a rulebook, compiled."""
        return self.catalogue.newest(rulebook)

    def rules_of(self, ticket: Ticket) -> Rules:
        """The version that a ticket runs under."""
        return self.catalogue.rules_of(ticket)

    # --- asking -------------------------------------------------------------------------------------------------

    def submit(
        self,
        command: Request,
        *,
        ticket: str | None = None,
        at: datetime | None = None,
        key: str | None = None,
        rulebook: str | None = None,
    ) -> Answer:
        """Answer a command: it goes through as a whole, or is denied and changes nothing.

        `Open` may bring an id of its own (none like those of children and schedules), and needs `rulebook` only where
        several declare its workflow; every other command needs `ticket`. `at` is when it happened (aware; now if left
        out). The same `key` gets the same answer for ever, denials included; whoever may have to ask twice gives one.
        Raises `UnknownTicketError`; `ForbiddenError` for another actor; `MisuseError` for an id that is taken, another
        command under a used key, or a time to come.
        """
        job = self._job(Order(command=command, ticket=ticket, at=at, key=key, rulebook=rulebook))
        answer = self._runner.run(job)
        assert isinstance(answer, Answer), "a command is answered by an answer"
        return self._seen(answer, job)

    def submit_many(self, orders: Iterable[Order]) -> tuple[Answer | Exception, ...]:
        """Answer many commands, each for itself and in order, in as few transactions as possible.

        Where `submit` would raise, its exception stands in the place of the answer.
        """
        jobs: list[CommandJob | DutyflowError] = [self._job_or_error(order) for order in orders]
        results = iter(self._runner.run_all([job for job in jobs if isinstance(job, CommandJob)]))
        return tuple(self._seen_or_error(job, results) for job in jobs)

    def submit_rows(
        self,
        batch: Batch,
        *,
        at: datetime | None = None,
        key: str | None = None,
        rulebook: str | None = None,
        ids: Callable[[int], str] | None = None,
    ) -> BatchAnswer:
        """Open a ticket for every row in one transaction, or none and say what is wrong with each bad row."""
        self._check_actor(batch.actor)
        check_rows(batch, key)
        now = self.clock.now()
        rules = self.catalogue.newest(rulebook or self.catalogue.book_of(batch.workflow))
        check_key(batch, rules)
        moment = checked_time(in_utc(at) if at else None, now, SKEW_SECONDS)
        job = RowsJob(batch=batch, ids=_named(ids) or (lambda _: new_id(now)), rules=rules, at=moment, key=key)
        answer = self._runner.run(job)
        assert isinstance(answer, BatchAnswer), "rows are answered by a batch answer"
        return self._view.rows(answer, rules, batch.workflow) if self._view else answer

    def why_not(self, answer: Answer, lang: str = "en", *, rulebook: str | None = None) -> str | None:
        """Why a command was refused, as a sentence in `zh` or `en`; None if it went through."""
        if answer.denial is None:
            return None
        refused = next(item.what for item in answer.happened if isinstance(item.what, Asked) and item.what.denial)
        if answer.ticket is not None:
            rules = self.catalogue.rules_of(self._load(answer.ticket))
        else:
            rules = self.catalogue.newest(rulebook or self.catalogue.book_of(refused.workflow))
        return denial_text(answer.denial, rules, lang, workflow=refused.workflow)

    # --- looking ------------------------------------------------------------------------------------------------

    def ticket(self, ticket: str) -> Ticket:
        """The ticket as it stands; `UnknownTicketError` if there is none."""
        found = self._load(ticket)
        return self._view.ticket(found) if self._view else found

    def history(self, ticket: str) -> tuple[Event, ...]:
        """All events of a ticket, in order; `UnknownTicketError` if there is none."""
        found = self._load(ticket)
        events = self.store.history(ticket)
        return self._view.history(found, events) if self._view else events

    def asked(self, ticket: str) -> tuple[Asked, ...]:
        """Every command that was asked of a ticket, refused ones included: who, when, why not."""
        found = self._load(ticket)
        entries = self.store.asked(ticket)
        if self._view is None:
            return entries
        rules = self.catalogue.rules_of(found)
        return tuple(self._view.asked(found, entry, rules) for entry in entries)

    def find(self, query: Query | None = None, *, limit: int = PAGE_ROWS, after: str | None = None) -> Page:
        """One page of a queue (of all open tickets, without a query); hand in its `cursor` as `after` for the next."""
        query = query or Query()
        check_query(query)
        if query.fields and self._view:
            self._check_fields(query, self._view)
        return self.store.find(query, limit=limit, after=after)

    def counts(self) -> tuple[Count, ...]:
        """How many tickets stand alike: by workflow, state, role, closed or not, breached or not."""
        return self.store.counts()

    def next_actions(self, ticket: str, actor: str | None = None) -> tuple[Action, ...]:
        """What may be done next with a ticket: by whom, with which data, and why the rest may not be done."""
        actor = self._myself_or(actor)
        found = self._load(ticket)
        rules = self.catalogue.rules_of(found)
        now = max(self.clock.now(), found.changed_at)
        if found.next_due_at is not None:
            now = min(now, max(found.next_due_at, found.changed_at))  # as it stands, before timers that are due
        actions = next_actions(rules, found, actor, now, self._world(rules))
        return self._view.actions(actions, rules, found.workflow) if self._view else actions

    def opening_actions(
        self, workflow: str, actor: str | None = None, *, rulebook: str | None = None
    ) -> tuple[Action, ...]:
        """The events that open a ticket of a workflow."""
        rules = self.catalogue.newest(rulebook or self.catalogue.book_of(workflow))
        return opening_actions(rules, workflow, self._myself_or(actor), self.clock.now(), self._world(rules))

    def subscribe(
        self, after: str | None = None, *, wait_seconds: float | None = None, page: int = 500
    ) -> Iterator[Recorded]:
        """Events of all tickets in the order in which they were kept, after a position (None: from the first).

        Ends with the last one; with `wait_seconds` it looks again that often instead, and never ends. Each event comes
        once for each subscriber that remembers the `position` of the last one it has dealt with.
        """
        self._only_for_the_host("see the events of all tickets")
        while True:
            found = self.store.recorded(after, limit=page)
            yield from found
            if found:
                after = found[-1].position
            elif wait_seconds is None:
                return
            else:
                pause(wait_seconds)

    # --- time ---------------------------------------------------------------------------------------------------

    def run_due(self, until: datetime | None = None, *, limit: int | None = None) -> tuple[Happening, ...]:
        """Fire what is due before now (or before `until`), each timer at its own moment; what happened.

        For hosts that tick the engine themselves; a worker does it for all others. What is due at this very second
        waits until it is over: somebody who acts in it is in time.
        """
        self._only_for_the_host("let time pass")
        now = self.clock.now()
        before = in_utc(until) if until is not None else now
        if before > now:
            raise MisuseError(f"{before.isoformat()} has not come yet: it is {now.isoformat()}.")
        return self._runner.run_due(before, limit=limit)

    def next_due_at(self) -> datetime | None:
        """The next moment at which something happens by itself; None when nothing will."""
        return self._runner.next_due_at()

    def worker(self, handlers: Sequence[Handler] = (), *, pace: Pace | None = None) -> Worker:
        """A worker that lets time pass and gives messages to `handlers`: `run` it, or `run_once` now and then."""
        self._only_for_the_host("let time pass")
        return Worker(
            self._runner, self.store, self.catalogue, self.clock, handlers, pace=pace, observer=self._observer
        )

    # --- inside -------------------------------------------------------------------------------------------------

    def _job(self, order: Order) -> CommandJob:
        command, rules = order.command, None
        self._check_actor(command.actor)
        check_command(command, order.key)
        now = self.clock.now()
        if isinstance(command, Open):
            if order.ticket is not None:
                raise MisuseError("A ticket that is opened brings its id in the command itself.")
            rules = self.catalogue.newest(order.rulebook or self.catalogue.book_of(command.workflow))
            if command.workflow not in rules.workflows:
                raise MisuseError(f"The rulebook {rules.name} has no workflow {command.workflow!r}.")
            if command.parent is not None:
                raise MisuseError("Children are opened by their parents, as the rulebook says.")
            if not command.ticket:
                command = msgspec.structs.replace(command, ticket=new_id(now))
            _check_own(command.ticket)
        elif not order.ticket:
            raise MisuseError("Say which ticket the command is for.")
        elif not is_storable(order.ticket):
            raise UnknownTicketError
        return CommandJob(
            command=command,
            ticket=order.ticket,
            rules=rules,
            at=checked_time(in_utc(order.at) if order.at is not None else None, now, SKEW_SECONDS),
            key=order.key,
            same=fingerprint(command, order.ticket),
        )

    def _job_or_error(self, order: Order) -> CommandJob | DutyflowError:
        try:
            return self._job(order)
        except DutyflowError as error:
            return error

    def _seen_or_error(self, job: CommandJob | DutyflowError, results: Iterator[object]) -> Answer | Exception:
        if isinstance(job, DutyflowError):
            return job
        result = next(results)
        if isinstance(result, Answer):
            return self._seen(result, job)
        assert isinstance(result, Exception), "a command has an answer or has failed"
        return result

    def _seen(self, answer: Answer, job: CommandJob) -> Answer:
        view = self._view
        if view is None:
            return answer
        if isinstance(job.command, Open) and job.rules is not None:
            return view.answer(answer, job.rules, job.command.workflow)
        found = self._load(job.ticket or "")
        return view.answer(answer, self.catalogue.rules_of(found), found.workflow)

    def _load(self, ticket: str) -> Ticket:
        found = self.store.load(ticket) if is_storable(ticket) else None
        if found is None:
            raise UnknownTicketError(f"No ticket has the id {ticket!r}.")
        return found

    def _world(self, rules: Rules) -> World:
        return World(Work(self.store), self.catalogue.directory_of(rules), rules.name)

    @property
    def _view(self) -> View | None:
        return View(self.actor, self.catalogue, self.store, self.clock) if self.actor is not None else None

    def _check_actor(self, actor: str) -> None:
        if self.actor is not None and actor != self.actor:
            raise ForbiddenError(f"This engine acts for {self.actor} and cannot act for {actor}.")

    def _myself_or(self, actor: str | None) -> str | None:
        if self.actor is not None and actor is not None:
            self._check_actor(actor)
        return self.actor or actor

    def _only_for_the_host(self, what: str) -> None:
        if self.actor is not None:
            raise ForbiddenError(f"This engine acts for {self.actor} and cannot {what}.")

    def _check_name(self, bundle: Bundle) -> None:
        kept = self.store.bundle(bundle.hash)
        name = Bundle.from_bytes(kept).name if kept is not None else bundle.name
        if name != bundle.name:
            raise MisuseError(f"The rules of {bundle.name} are published already, word for word, as {name}.")

    def _check_fields(self, query: Query, view: View) -> None:
        """Nobody may find out what a private field holds by searching for it.

        Older versions may have kept as private what the newest has no longer: by such fields nobody searches here.
        """
        known: set[str] = set()
        for book in [query.book] if query.book else self.catalogue.names():
            rules = self.catalogue.newest(book)
            for workflow in [query.workflow] if query.workflow else rules.workflows:
                if workflow not in rules.workflows:
                    continue
                hidden = view.hidden(rules, workflow)
                if not hidden.isdisjoint(query.fields):
                    raise ForbiddenError(f"{self.actor} may not see {', '.join(sorted(hidden & set(query.fields)))}.")
                known |= set(rules.workflows[workflow].fields)
        if not known.issuperset(query.fields):
            raise ForbiddenError(f"{self.actor} may search only by fields of the newest versions.")


def _bundled(rulebook: str | Path | Loaded | Bundle) -> Bundle:
    if isinstance(rulebook, Bundle):
        return rulebook
    loaded = rulebook if isinstance(rulebook, Loaded) else load_rulebook(Path(rulebook))
    return bundle_of(loaded)


def _named(ids: Callable[[int], str] | None) -> Callable[[int], str] | None:
    """Ids that a caller makes, each of them checked."""
    return None if ids is None else lambda number: _check_own(check_name("The id of a ticket", ids(number)))


def _check_own(ticket: str) -> str:
    """The id, if it is none of those that follow from others."""
    if is_derived(ticket):
        raise MisuseError("An id with such an end is given to children and to what schedules open: take another one.")
    return ticket
