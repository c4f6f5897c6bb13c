"""One or more tickets on a virtual clock: what people do, what time brings, and everything that happened in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from dutyflow.errors import MisuseError, NaiveTimeError
from dutyflow.kernel.commands import Open, Request
from dutyflow.kernel.rules import NEW, Member, Rules
from dutyflow.kernel.ticket import Ticket
from dutyflow.lab.requests import request
from dutyflow.ports.records import Answer, BatchAnswer, Happening, Outgoing
from dutyflow.runtime.batch import Batch
from dutyflow.runtime.clocks import VirtualClock
from dutyflow.runtime.directory import RulebookDirectory
from dutyflow.runtime.local_runner import LocalRunner
from dutyflow.stores.memory import MemoryStore

MAIN = "main"
"""The name of the ticket that a story is about, unless it says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What somebody did in a simulation, and what came of it: the ticket as it stood right after."""

    at: datetime
    actor: str
    event: str
    name: str
    data: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None
    answer: Answer
    ticket: Ticket | None


class Simulation:
    """Drives the same runner that serves people, on a store in memory. Nothing is bound that could send anything.

    The clock moves from due moment to due moment and never jumps over one. Tickets have names in the story (`main`).
    `members` are added to those of the rulebook or replace them; `workflow` is the one that opening events mean.
    `schedules` are the recurring duties that come up by themselves, from the first moment of the simulation on.
    """

    def __init__(
        self,
        rules: Rules,
        *,
        workflow: str | None = None,
        members: Mapping[str, Member] | None = None,
        schedules: Iterable[str] = (),
    ) -> None:
        self.rules = rules
        self.workflow = workflow
        self.members: Mapping[str, Member] = members or {}
        self.schedules = tuple(schedules)
        self.started_at: datetime | None = None
        self.names: dict[str, str] = {}
        self._name_of: dict[str, str] = {}
        self.played: list[Played] = []
        self._records: list[Happening] = []
        self._counts: dict[str, int] = {}
        self._clock = VirtualClock()
        self._directory = RulebookDirectory(rules.organisation, self.members.values())
        self._store = MemoryStore()
        self._runner = LocalRunner(rules, self._store, self._directory, schedules=self.schedules)

    # --- acting -------------------------------------------------------------------------------------------------

    def do(
        self,
        at: datetime,
        actor: str,
        event: str,
        data: Mapping[str, Any] | None = None,
        *,
        ticket: str = MAIN,
        reason: str | None = None,
    ) -> Answer:
        """Somebody asks for an event at `at`. A name that no ticket has yet is given to the one that is opened.

        `amend`, `comment` (data: `text`) and `assign` (`member`) are understood where the workflow has no such event.
        Timers due before `at` fire first, those of `at` itself later. `MisuseError` when time would go back, or for
        an event on a ticket that was never opened.
        """
        at = self._move_to(at, inclusive=False)
        known = self._id_of(ticket)
        command: Request
        if known is None:
            workflow = self._opened_by(event, ticket)
            command = Open(
                ticket=f"{workflow}-{self._counts.get(workflow, 0) + 1}",
                workflow=workflow,
                event=event,
                actor=actor,
                data=data or {},
                reason=reason,
            )
        else:
            declared = self.rules.workflows[self.ticket(ticket).workflow]
            command = request(event, declared, actor, data or {}, reason)
        answer = self._runner.submit(command, ticket=known, at=at)
        if isinstance(command, Open) and answer.accepted and answer.ticket is not None:
            self.name_ticket(ticket, answer.ticket)
            if answer.ticket == command.ticket:
                self._counts[command.workflow] = self._counts.get(command.workflow, 0) + 1
        self._records += answer.happened
        self.played.append(
            Played(
                at=at,
                actor=actor,
                event=event,
                name=ticket,
                data=data or {},
                reason=reason,
                answer=answer,
                ticket=self.ticket(ticket) if self._id_of(ticket) else None,
            )
        )
        return answer

    def do_rows(
        self,
        at: datetime,
        actor: str,
        event: str,
        rows: Iterable[Mapping[str, Any]],
        *,
        key: str,
        ticket: str = MAIN,
        reason: str | None = None,
    ) -> BatchAnswer:
        """Somebody opens a ticket for each row, or none if one row is bad; they are called `ticket-1`, `ticket-2` ...

        `MisuseError` for names that tickets have already.
        """
        at = self._move_to(at, inclusive=False)
        workflow = self._opened_by(event, ticket)
        rows, opened_before = tuple(rows), self._counts.get(workflow, 0)
        names = [f"{ticket}-{number}" for number in range(1, len(rows) + 1)]
        taken = next((name for name in names if self._id_of(name) is not None), None)
        if taken is not None:
            raise MisuseError(f"There is a ticket `{taken}` already.")
        batch = Batch(workflow=workflow, event=event, actor=actor, rows=rows, key=key, reason=reason)
        answer = self._runner.submit_rows(batch, ids=lambda n: f"{workflow}-{opened_before + n}", at=at)
        self._records += answer.happened
        self._counts[workflow] = opened_before + len(answer.tickets)
        for name, opened, row in zip(names, answer.tickets, rows, strict=False):
            self.name_ticket(name, opened)
            self.played.append(
                Played(
                    at=at,
                    actor=actor,
                    event=event,
                    name=name,
                    data=row,
                    reason=reason,
                    answer=Answer(ticket=opened),
                    ticket=self.ticket(name),
                )
            )
        return answer

    def begin(self, at: datetime) -> None:
        """Let the simulation start at `at`: the schedules run from there on."""
        self._move_to(at, inclusive=False)

    def advance(self, until: datetime) -> tuple[Happening, ...]:
        """Let time run to `until` and past the timers of that moment; what happened meanwhile."""
        before = len(self._records)
        self._move_to(until, inclusive=True)
        return tuple(self._records[before:])

    def advance_to_next(self) -> datetime | None:
        """Let time run past the next moment at which something happens by itself; None if nothing will."""
        due_at = self._runner.next_due_at()
        if due_at is not None:
            self.advance(max(due_at, self.now))
        return due_at

    # --- looking ------------------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """Where the virtual clock stands; `MisuseError` before the first step."""
        return self._clock.now()

    @property
    def started(self) -> bool:
        """Whether anything has happened yet."""
        return self._clock.started

    @property
    def records(self) -> tuple[Happening, ...]:
        """Everything that happened to all tickets, in order, refusals included."""
        return tuple(self._records)

    @property
    def outbox(self) -> Iterable[Outgoing]:
        """The notices and messages that would have been sent."""
        return self._runner.outbox()

    @property
    def next_due_at(self) -> datetime | None:
        """The next moment at which something happens by itself."""
        return self._runner.next_due_at()

    @property
    def runner(self) -> LocalRunner:
        """The runner underneath, for questions such as `next_actions`."""
        return self._runner

    def ticket(self, name: str = MAIN) -> Ticket:
        """The ticket of that name, or of that id; `UnknownTicketError` if there is none."""
        return self._runner.ticket(self.names.get(name, name))

    def tickets(self) -> tuple[Ticket, ...]:
        """All tickets, children included, in the order in which they were opened."""
        return self._runner.tickets()

    def rules_of(self, ticket: str | None) -> Rules:
        """The rules of every ticket of a simulation."""
        return self.rules

    def name_of(self, ticket: str | None) -> str:
        """The name that a ticket has in the story; its id when it was given none."""
        return self._name_of.get(ticket or "", ticket or "")

    def name_ticket(self, name: str, ticket: str) -> None:
        """Give a ticket (a child, for instance) a name in the story."""
        self.names[name] = self._runner.ticket(ticket).id
        self._name_of.setdefault(ticket, name)

    def unnamed(self, workflow: str, among: Iterable[str] | None = None) -> tuple[str, ...]:
        """The tickets of a workflow that have no name in the story, in opening order; of all, or of some of them."""
        tickets = self._store.select(self.rules.name, workflow, None, {})
        chosen = None if among is None else frozenset(among)
        return tuple(t.id for t in tickets if t.id not in self._name_of and (chosen is None or t.id in chosen))

    def roles_of(self, person: str) -> frozenset[str]:
        """The roles that somebody holds in this simulation."""
        return self._directory.roles_of(person, self.now)

    # --- inside -------------------------------------------------------------------------------------------------

    def _move_to(self, at: datetime, *, inclusive: bool) -> datetime:
        if at.tzinfo is None:
            raise NaiveTimeError
        at = at.astimezone(UTC)
        self._clock.move_to(at)
        self.started_at = self.started_at or at
        self._records += self._runner.run_due(at, inclusive=inclusive)
        return at

    def _id_of(self, name: str) -> str | None:
        """The id behind a name; an id stands for itself."""
        return self.names.get(name) or (name if self._store.load(name) is not None else None)

    def _opened_by(self, event: str, name: str) -> str:
        """The workflow that an opening event means: the simulation's own, else the only one that has it."""
        found = [workflow for workflow in self.rules.workflows if _opens(self.rules, workflow, event)]
        if self.workflow in found:
            return self.workflow
        if len(found) == 1:
            return found[0]
        if found:
            raise MisuseError(f"`{event}` opens tickets of {', '.join(found)}: say which workflow is meant.")
        raise MisuseError(f"There is no ticket `{name}` yet, and `{event}` does not open one.{_openers(self)}")


def opening_events(rules: Rules, workflow: str) -> tuple[str, ...]:
    """The events that open a ticket of a workflow, in file order."""
    return tuple(event for event, steps in rules.workflows[workflow].steps.items() if NEW in steps)


def _opens(rules: Rules, workflow: str, event: str) -> bool:
    return NEW in rules.workflows[workflow].steps.get(event, {})


def _openers(simulation: Simulation) -> str:
    workflows: Iterable[str] = [simulation.workflow] if simulation.workflow else simulation.rules.workflows
    events = [event for workflow in workflows for event in opening_events(simulation.rules, workflow)]
    return f" Opening events: {', '.join(dict.fromkeys(events))}." if events else ""
