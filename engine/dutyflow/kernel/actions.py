"""What may be done next with a ticket: by whom, with which data, and what stands in the way of the rest.

Asking is free: nothing is decided for good, and no record number is taken.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from dutyflow.kernel.admission import OWNER
from dutyflow.kernel.commands import Fire
from dutyflow.kernel.decide import NUMBER, decide
from dutyflow.kernel.denials import Denial
from dutyflow.kernel.facts import Facts
from dutyflow.kernel.rules import NEW, SYSTEM, EventRule, Rules, Title
from dutyflow.kernel.scope import Scope
from dutyflow.kernel.ticket import Ticket

PERSONAL = frozenset({"role", "conflict", "same_person"})
"""Denials that are about who asks: somebody else may be let through."""

_NOBODY = "-"
_SAID = "…"
"""Stands for the reason that a person would give."""


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One event that people may ask for in the ticket's state, as far as can be told before the data is there.

    by       the roles it is for; `owner` where the ticket names the person
    who      who of them on duty may do it; if nobody may, those whom not their own person but the ticket or the time
             holds up
    needs    required fields that are still missing; of `a | b` one is enough
    accepts  all fields that it takes, in the order of the forms
    denial   what stands in the way of the actor (without one: of everybody); None when nothing does but missing data
    """

    event: str
    title: Title
    by: tuple[str, ...]
    who: tuple[str, ...]
    needs: tuple[str, ...]
    accepts: tuple[str, ...]
    needs_reason: bool
    denial: Denial | None

    @property
    def allowed(self) -> bool:
        """Whether it may be done, given the data that it needs."""
        return self.denial is None


def next_actions(rules: Rules, ticket: Ticket, actor: str | None, now: datetime, facts: Facts) -> tuple[Action, ...]:
    """The events that people may ask for in the ticket's state, in file order, seen by an actor or by all (None).

    Raises what `decide` raises: `TimersPendingError` while timers due before `now` have not fired, for instance.
    """
    steps = rules.workflows[ticket.workflow].steps.values()
    offered = (by_state[ticket.state] for by_state in steps if ticket.state in by_state)
    asked = (_Question(rules, ticket, rule, now, facts) for rule in offered if rule.trigger == "person")
    return tuple(question.answered(actor) for question in asked)


def opening_actions(rules: Rules, workflow: str, actor: str | None, now: datetime, facts: Facts) -> tuple[Action, ...]:
    """The events that open a ticket of a workflow."""
    return next_actions(rules, _not_opened(rules, workflow, now), actor, now, facts)


def _not_opened(rules: Rules, workflow: str, now: datetime) -> Ticket:
    """A ticket before its first event. The pattern of its number stands in for the number: asking takes none."""
    declared = rules.workflows[workflow]
    number = {} if declared.number is None else {NUMBER: declared.number}
    return Ticket(
        id="",
        workflow=workflow,
        rules=rules.hash,
        state=NEW,
        seq=0,
        opened_at=now,
        changed_at=now,
        entered_at=now,
        fields={**declared.defaults, **number},
    )


class _Question(msgspec.Struct, frozen=True):
    """One event of a ticket that is asked about."""

    rules: Rules
    ticket: Ticket
    rule: EventRule
    now: datetime
    facts: Facts

    def answered(self, actor: str | None) -> Action:
        answers = {person: self.answer(person) for person in self.candidates()}
        who = _able(answers)
        fields = self.rules.workflows[self.ticket.workflow].fields
        return Action(
            event=self.rule.event,
            title=self.rule.title,
            by=self.roles(),
            who=who,
            needs=self.missing(actor or next(iter(who), SYSTEM)),
            accepts=tuple(name for name in fields if name in self.rule.accepts),
            needs_reason=any(check.code == "reason" for check in self.rule.checks),
            denial=self.obstacle(answers, who) if actor is None else self.known_answer(answers, actor),
        )

    def answer(self, actor: str) -> Denial | None:
        """What stands in somebody's way; that data is missing does not."""
        command = Fire(event=self.rule.event, actor=actor, reason=_SAID)
        answer = decide(self.rules, self.ticket, command, self.now, self.facts)
        if not isinstance(answer, Denial) or (answer.code == "evidence" and self.rule.accepts):
            return None
        return answer

    def known_answer(self, answers: Mapping[str, Denial | None], actor: str) -> Denial | None:
        return answers[actor] if actor in answers else self.answer(actor)

    def obstacle(self, answers: Mapping[str, Denial | None], who: tuple[str, ...]) -> Denial | None:
        """What stands in everybody's way: that of the first who could do it, else of the first who holds the role."""
        if who:
            return answers[who[0]]
        denials = [denial for denial in answers.values() if denial is not None]
        first = denials[0] if denials else self.answer(_NOBODY)
        return next((denial for denial in denials if denial.code != "role"), first)

    def roles(self) -> tuple[str, ...]:
        """The roles it is for; a role that owns the ticket by itself is named instead of `owner`."""
        owner = self.ticket.owner
        shared = owner.role if owner is not None and owner.member is None else None
        return tuple(sorted({shared or OWNER if role == OWNER else role for role in self.rule.by}))

    def candidates(self) -> Iterator[str]:
        """Who could ask: the owner, members on duty, and roles that act as themselves."""
        owner = self.ticket.owner
        if OWNER in self.rule.by and owner is not None and owner.member is not None:
            yield owner.member
        for role in self.roles():
            declared = self.rules.organisation.roles.get(role)
            if role == SYSTEM or (declared is not None and declared.external):
                yield role
            if declared is not None:
                yield from self.facts.members_of(role, self.now)

    def missing(self, actor: str) -> tuple[str, ...]:
        """The required fields that the ticket does not hold yet."""
        ticket = self.ticket
        scope = Scope(
            self.rules, ticket, values=ticket.fields, now=self.now, facts=self.facts, actor=actor, reason=_SAID
        )
        refusals = (check.probe(scope) for check in self.rule.checks if check.code == "evidence")
        return tuple(name for refusal in refusals if refusal for name in refusal.values.get("missing", ()))


def _able(answers: Mapping[str, Denial | None]) -> tuple[str, ...]:
    able = tuple(person for person, denial in answers.items() if denial is None)
    return able or tuple(person for person, denial in answers.items() if denial and denial.code not in PERSONAL)
