"""Carries one command through every ticket that it reaches: children, parents, the ticket it belongs to instead."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from dutyflow.errors import MisuseError, RunawayError
from dutyflow.kernel.commands import ChildEnded, Command, Fire, Open, Request, Tick, name_of
from dutyflow.kernel.decide import decide
from dutyflow.kernel.denials import Denial
from dutyflow.kernel.effects import Effect, OpenChild, Resubmit, Tell, TellParent
from dutyflow.kernel.rules import SYSTEM, Rules
from dutyflow.kernel.ticket import Ticket
from dutyflow.ports.host import Directory
from dutyflow.ports.records import Asked
from dutyflow.runtime.work import Work, World

DEPTH_MAX = 50
"""Tickets that one command may reach through each other; more means that workflows open each other in a circle."""


class Versions(Protocol):
    """The versions of rulebooks that tickets run under, and the people who work by them."""

    def rules_of(self, ticket: Ticket) -> Rules:
        """The version that a ticket is pinned to; `MisuseError` if it is not known here."""
        ...

    def directory_of(self, rules: Rules) -> Directory:
        """The people of a rulebook."""
        ...


class Step:
    """One command in the making. `work` holds what is to be written; `reached` is the ticket that took the command.

    `rules` is the version that new tickets are opened under. A command that a person gave is refused when a child that
    it opens is refused. What time or a child's end brings cannot be refused: there the refused child alone falls away,
    and the parent is told that it is over.

    Another ticket may have been changed later than the moment of this step (a timer that fires late): what reaches it
    happens there after its last event, and after its own timers that are due by then.
    """

    def __init__(self, versions: Versions, rules: Rules, work: Work) -> None:
        self.work = work
        self.reached: str | None = None
        self._versions = versions
        self._rules = rules
        self._depth = 0

    def perform(self, ticket: str, command: Command, at: datetime) -> Denial | None:
        """Let the ticket answer at `at`, then everything that follows from it; the first denial ends it all."""
        return self._perform(ticket, command, at, self._rules)

    def _perform(self, ticket: str, command: Command, at: datetime, rules: Rules) -> Denial | None:
        if self._depth >= DEPTH_MAX:
            raise RunawayError(ticket, getattr(command, "event", type(command).__name__))
        self._depth += 1
        try:
            return self._decide(ticket, command, at, rules)
        finally:
            self._depth -= 1

    def _decide(self, ticket: str, command: Command, at: datetime, rules: Rules) -> Denial | None:
        known = self.work.load(ticket)
        if known is not None:
            if isinstance(command, Open):
                raise MisuseError(f"The id {ticket!r} belongs to another ticket.")
            rules = self._versions.rules_of(known)
        world = World(self.work, self._versions.directory_of(rules), rules.name)
        decision = decide(rules, known, command, at, world)
        if isinstance(decision, Denial):
            return decision
        if decision.ticket is not None and self.reached is None:
            self.reached = decision.ticket.id
        self.work.take(decision, rules.name, world.numbers)
        for effect in decision.effects:
            denial = self._carry_out(ticket, effect, command, at)
            if denial is not None:
                return denial
        return None

    def perform_there(self, ticket: str, command: Command, at: datetime) -> Denial | None:
        """Let another ticket answer, once its own time has come so far."""
        at = self._catch_up(ticket, at)
        return self._perform(ticket, command, at, self._rules)

    def _catch_up(self, ticket: str, at: datetime) -> datetime:
        """Fire the timers of a ticket that are due before `at`; the moment at which it can take part."""
        while (known := self.work.load(ticket)) is not None:
            at = max(at, known.changed_at)
            due_at = known.next_due_at
            if due_at is None or due_at >= at:
                break
            denial = self._perform(ticket, Tick(), due_at, self._rules)
            if denial is not None:
                raise RunawayError(ticket, denial.event)
        return at

    def _carry_out(self, ticket: str, effect: Effect, cause: Command, at: datetime) -> Denial | None:
        match effect:
            case OpenChild():
                return self._open_child(ticket, effect, cause, at)
            case TellParent():
                ended = ChildEnded(child=effect.child, workflow=effect.workflow, outcome=effect.outcome)
                return self.perform_there(effect.parent, ended, at) if self.work.load(effect.parent) else None
            case Resubmit():
                return self.perform_there(effect.ticket, fire_instead(effect), at)
            case Tell():
                self._tell(effect, at)
        return None

    def _tell(self, effect: Tell, at: datetime) -> None:
        """Fire an event on another ticket; where that refuses it, the refusal is kept and nothing else happens."""
        known = self.work.load(effect.ticket)
        if known is None:
            return
        signal = Fire(event=effect.event, actor=SYSTEM, data=effect.data)
        before, reached = self.work, self.reached
        self.work = before.fork()
        denial = self.perform_there(effect.ticket, signal, at)
        fork, self.work, self.reached = self.work, before, reached
        if denial is None:
            before.join(fork)
        else:
            before.note(asked(signal, effect.ticket, at, denial, workflow=known.workflow))

    def _open_child(self, parent: str, effect: OpenChild, cause: Command, at: datetime) -> Denial | None:
        opening = Open(
            ticket=effect.ticket,
            workflow=effect.workflow,
            event=effect.event,
            actor=effect.actor,
            data=effect.data,
            parent=parent,
        )
        opener = self.work.load(parent)
        assert opener is not None, "only a ticket opens a child"
        before = self.work
        self.work = before.fork()
        denial = self._perform(effect.ticket, opening, at, self._versions.rules_of(opener))
        fork, self.work = self.work, before
        if denial is None:
            before.join(fork)
        elif isinstance(cause, Tick | ChildEnded):
            before.note(asked(opening, None, at, denial, workflow=effect.workflow))
        else:
            return denial
        if self.work.load(effect.ticket) is not None:
            return None
        ended = ChildEnded(child=effect.ticket, workflow=effect.workflow, outcome=None)
        return self._perform(parent, ended, at, self._rules)


def fire_instead(effect: Resubmit) -> Fire:
    """The command that another ticket is asked instead."""
    return Fire(event=effect.event, actor=effect.actor, data=effect.data, reason=effect.reason)


def asked(command: Request, ticket: str | None, at: datetime, denial: Denial | None, *, workflow: str) -> Asked:
    """The entry of the audit trail for a command."""
    return Asked(
        at=at,
        ticket=ticket,
        workflow=workflow,
        actor=command.actor,
        event=name_of(command),
        reason=getattr(command, "reason", None),
        denial=denial,
    )
