"""Carries one command through every ticket that it reaches: children, parents, the ticket it belongs to instead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from dutyflow.errors import MisuseError, RunawayError
from dutyflow.kernel.commands import ChildEnded, Command, Fire, Open, Tick
from dutyflow.kernel.decide import decide
from dutyflow.kernel.denials import Denial
from dutyflow.kernel.effects import Effect, OpenChild, Resubmit, Tell, TellParent
from dutyflow.kernel.rules import SYSTEM, Rules
from dutyflow.kernel.ticket import Ticket
from dutyflow.ports.records import Asked
from dutyflow.runtime.work import Work

DEPTH_MAX = 50
"""Tickets that one command may reach through each other; more means that workflows open each other in a circle."""


class Step:
    """One transaction in the making. `work` holds what is to be written; `reached` is the ticket that took the command.

    A command that a person gave is refused when a child that it opens is refused. What time or a child's end brings
    cannot be refused: there the refused child alone falls away, and the parent is told that it is over.
    """

    def __init__(self, rules_for: Callable[[Ticket | None], Rules], work: Work, at: datetime) -> None:
        self.work = work
        self.reached: str | None = None
        self._rules_for = rules_for
        self._at = at
        self._depth = 0

    def perform(self, ticket: str, command: Command) -> Denial | None:
        """Let the ticket answer, then everything that follows from it; the first denial ends it all."""
        if self._depth >= DEPTH_MAX:
            raise RunawayError(ticket, getattr(command, "event", type(command).__name__))
        self._depth += 1
        try:
            return self._perform(ticket, command)
        finally:
            self._depth -= 1

    def _perform(self, ticket: str, command: Command) -> Denial | None:
        known = self.work.find(ticket)
        if isinstance(command, Open) and known is not None:
            raise MisuseError(f"The id {ticket!r} belongs to another ticket.")
        decision = decide(self._rules_for(known), known, command, self._at, self.work)
        if isinstance(decision, Denial):
            return decision
        if decision.ticket is not None and self.reached is None:
            self.reached = decision.ticket.id
        self.work.take(decision)
        for effect in decision.effects:
            denial = self._carry_out(ticket, effect, command)
            if denial is not None:
                return denial
        return None

    def _carry_out(self, ticket: str, effect: Effect, cause: Command) -> Denial | None:
        match effect:
            case OpenChild():
                return self._open_child(ticket, effect, cause)
            case TellParent():
                ended = ChildEnded(child=effect.child, workflow=effect.workflow, outcome=effect.outcome)
                return self.perform(effect.parent, ended) if self.work.find(effect.parent) else None
            case Resubmit():
                return self.perform(effect.ticket, fire_instead(effect))
            case Tell():
                self._tell(effect)
        return None

    def _tell(self, effect: Tell) -> None:
        """Fire an event on another ticket; where that refuses it, the refusal is kept and nothing else happens."""
        known = self.work.find(effect.ticket)
        if known is None:
            return
        signal = Fire(event=effect.event, actor=SYSTEM, data=effect.data)
        before, reached = self.work, self.reached
        self.work = before.fork()
        denial = self.perform(effect.ticket, signal)
        self.reached = reached
        if denial is not None:
            self.work = before
            self.work.note(asked(signal, effect.ticket, self._at, denial, workflow=known.workflow))

    def _open_child(self, parent: str, effect: OpenChild, cause: Command) -> Denial | None:
        opening = Open(
            ticket=effect.ticket,
            workflow=effect.workflow,
            event=effect.event,
            actor=effect.actor,
            data=effect.data,
            parent=parent,
        )
        before = self.work
        self.work = before.fork()
        denial = self.perform(effect.ticket, opening)
        if denial is not None:
            self.work = before
            if not isinstance(cause, Tick | ChildEnded):
                return denial
            self.work.note(asked(opening, None, self._at, denial, workflow=effect.workflow))
        if self.work.find(effect.ticket) is not None:
            return None
        return self.perform(parent, ChildEnded(child=effect.ticket, workflow=effect.workflow, outcome=None))


def fire_instead(effect: Resubmit) -> Fire:
    """The command that another ticket is asked instead."""
    return Fire(event=effect.event, actor=effect.actor, data=effect.data, reason=effect.reason)


def asked(command: Open | Fire, ticket: str | None, at: datetime, denial: Denial | None, *, workflow: str) -> Asked:
    """The entry of the audit trail for a command."""
    return Asked(
        at=at,
        ticket=ticket,
        workflow=workflow,
        actor=command.actor,
        event=command.event,
        reason=command.reason,
        denial=denial,
    )
