"""`decide(rules, ticket, command, now, facts)`: what happens when somebody asks for something, or why it does not.

Pure: reads nothing but its arguments. A `Decision` carries all events of one atomic step; a `Denial` changes nothing.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import msgspec

from dutyflow.errors import MisuseError, NaiveTimeError, TimersPendingError
from dutyflow.kernel import commands as cmd
from dutyflow.kernel import events as ev
from dutyflow.kernel.admission import accepted, offered, role_denied
from dutyflow.kernel.clocks import deadline
from dutyflow.kernel.clockwork import look_again, ring
from dutyflow.kernel.denials import Denial, first_of
from dutyflow.kernel.desk import attend
from dutyflow.kernel.draft import Draft
from dutyflow.kernel.effects import Effect, Resubmit
from dutyflow.kernel.evolve import evolve
from dutyflow.kernel.facts import Facts, Lookalike
from dutyflow.kernel.rules import NEW, SYSTEM, Duplicate, EventRule, Rules, Workflow
from dutyflow.kernel.scope import zone_of
from dutyflow.kernel.step import go
from dutyflow.kernel.ticket import PendingAlarm, Ticket

NUMBER = "number"
"""The built-in field that keeps a ticket's record number."""

_COUNT = re.compile(r"\{n(?::0?(\d+))?\}")


class Decision(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A command that went through: its events, its effects, and the ticket they give (None: nothing happened here)."""

    events: tuple[ev.Event, ...]
    effects: tuple[Effect, ...]
    ticket: Ticket | None


def decide(rules: Rules, ticket: Ticket | None, command: cmd.Command, now: datetime, facts: Facts) -> Decision | Denial:
    """Answer one command at `now` (aware; kept in UTC).

    `ticket` is None exactly for `Open`. Raises `NaiveTimeError` for a naive `now`, `TimersPendingError` when timers
    due before `now` have not fired, `MisuseError` for an unknown workflow. Everything else a person can get wrong is
    a `Denial`.
    """
    if now.tzinfo is None:
        raise NaiveTimeError
    if now.tzinfo is not UTC:
        now = now.astimezone(UTC)
    if isinstance(command, cmd.Open):
        return _open(rules, command, now, facts)
    if ticket is None:
        raise MisuseError(f"{type(command).__name__} needs a ticket")
    due_at = ticket.next_due_at
    if now < ticket.changed_at:
        return Denial(code="time", event=_name(command), state=ticket.state, values={"latest": ticket.changed_at})
    if due_at is not None and due_at < now:
        raise TimersPendingError(f"Ticket {ticket.id} has timers due at {due_at.isoformat()}: let them fire first.")
    draft = Draft(rules, rules.workflows[ticket.workflow], ticket, now, facts)
    if isinstance(command, cmd.Fire):
        return _finish(draft, _fire(draft, command.event, command.actor, command.data, command.reason))
    if isinstance(command, cmd.Amend | cmd.Comment | cmd.Assign):
        return _finish(draft, attend(draft, command))
    if isinstance(command, cmd.ChildEnded):
        _child_ended(draft, command)
        return _finish(draft, None)
    _tick(draft)
    return _finish(draft, None)


def _name(command: cmd.Command) -> str:
    return type(command).__name__ if isinstance(command, cmd.Tick | cmd.ChildEnded) else cmd.name_of(command)


def _finish(draft: Draft, denial: Denial | None) -> Decision | Denial:
    if denial is not None:
        return denial
    return Decision(events=tuple(draft.events), effects=tuple(draft.effects), ticket=draft.ticket)


# --- opening ----------------------------------------------------------------------------------------------------


def _open(rules: Rules, command: cmd.Open, now: datetime, facts: Facts) -> Decision | Denial:
    workflow = rules.workflows.get(command.workflow)
    if workflow is None:
        raise MisuseError(f"No workflow `{command.workflow}`; there are: {', '.join(rules.workflows)}.")
    opened = ev.Opened(
        at=now,
        ticket=command.ticket,
        workflow=workflow.id,
        rules=rules.hash,
        parent=command.parent,
        fields=_first_fields(rules, workflow, now, facts),
    )
    draft = Draft(rules, workflow, evolve(None, opened), now, facts)
    draft.events.append(opened)
    by_child = command.parent is not None
    admitted = _admit(draft, command.event, command.actor, command.data, check_role=not by_child)
    if isinstance(admitted, Denial):
        return admitted
    rule, given = admitted
    known = _known_already(draft, command, given)
    if isinstance(known, Decision):
        return known
    denial = go(draft, rule, command.actor, given, command.reason)
    return _finish(draft, first_of(known, denial) if known is not None else denial)


def _first_fields(rules: Rules, workflow: Workflow, now: datetime, facts: Facts) -> Mapping[str, Any]:
    """The defaults, and the record number where the workflow keeps a series (one for each year)."""
    if workflow.number is None:
        return workflow.defaults
    year = now.astimezone(zone_of(rules.zone)).year
    counted = facts.next_number(f"{workflow.id}/{year}")
    written = _COUNT.sub(lambda match: str(counted).zfill(int(match[1] or 1)), workflow.number)
    return {**workflow.defaults, NUMBER: written.replace("{year}", str(year))}


def _known_already(draft: Draft, command: cmd.Open, given: Mapping[str, Any]) -> Decision | Denial | None:
    """What the duplicates rule says: a denial, a command for the other ticket, or nothing."""
    values = {**draft.ticket.fields, **given}
    for rule in draft.workflow.duplicates:
        same = {name: values.get(name) for name in rule.same}
        if any(value is None for value in same.values()):
            continue
        other = next((t for t in draft.facts.lookalikes(draft.workflow.id, same) if _counts(rule, t, draft.now)), None)
        if other is None:
            continue
        follow = None
        if rule.then is not None:
            there = draft.workflow.steps.get(rule.then, {}).get(other.state)
            data = {name: value for name, value in command.data.items() if there and name in there.accepts}
            follow = Resubmit(ticket=other.id, event=rule.then, actor=command.actor, data=data, reason=command.reason)
        if rule.answer == "redirect" and follow is not None:
            return Decision(events=(), effects=(follow,), ticket=None)
        return Denial(
            code="duplicate",
            event=command.event,
            state=NEW,
            values={"ticket": other.id, "same": tuple(rule.same)},
            source=rule.source,
            follow=follow,
        )
    return None


def _counts(rule: Duplicate, other: Lookalike, now: datetime) -> bool:
    if other.state not in rule.states:
        return False
    return rule.within is None or now <= deadline(rule.within[0], other.changed_at, rule.within[1])


# --- a person or another system asks ----------------------------------------------------------------------------


def _fire(draft: Draft, event: str, actor: str, data: Mapping[str, Any], reason: str | None) -> Denial | None:
    admitted = _admit(draft, event, actor, data, check_role=True)
    if isinstance(admitted, Denial):
        return admitted
    rule, given = admitted
    return go(draft, rule, actor, given, reason)


def _admit(
    draft: Draft, event: str, actor: str, data: Mapping[str, Any], *, check_role: bool
) -> tuple[EventRule, dict[str, Any]] | Denial:
    """The rule that answers the event here and the data as stored, or the first refusal: role, state, input."""
    workflow, state = draft.workflow, draft.ticket.state
    by_state = workflow.steps.get(event)
    if by_state is None:
        values = {"unknown": True, "offered": offered(workflow, state)}
        return Denial(code="state", event=event, state=state, values=values)
    rule = by_state.get(state)
    if check_role:
        allowed = rule.by if rule is not None else workflow.roles_by_event[event]
        denial = role_denied(draft, allowed, event, actor, source=rule.source if rule is not None else "")
        if denial is not None:
            return denial
    if rule is None or rule.trigger != "person":
        values = {"offered": offered(workflow, state), "states": tuple(by_state)}
        return Denial(code="state", event=event, state=state, values=values)
    if not data:
        return rule, {}
    given = accepted(draft, event, data, rule.accepts, source=rule.source)
    return given if isinstance(given, Denial) else (rule, given)


# --- things that happen by themselves ---------------------------------------------------------------------------


def _child_ended(draft: Draft, command: cmd.ChildEnded) -> None:
    """A fact: recorded even where no rule waits for it, or where the one that does cannot go through."""
    before = draft.ticket
    draft.add(ev.ChildClosed(at=draft.now, child=command.child, outcome=command.outcome))
    look_again(draft, before)
    waiting = (r for r in draft.workflow.on_child.get(draft.ticket.state, ()) if _waits_for(draft, r, command))
    _go_by_itself(draft, chain(waiting, _automatic(draft)))


def _automatic(draft: Draft) -> Iterator[EventRule]:
    return (rule for rule in draft.workflow.automatic.get(draft.ticket.state, ()) if _holds(draft, rule))


def _go_by_itself(draft: Draft, rules: Iterator[EventRule]) -> None:
    """Fire the first of the rules; where it cannot go through nothing happens, because nobody can be refused."""
    mark = draft.mark()
    rule = next(rules, None)
    if rule is not None and go(draft, rule, SYSTEM, {}, None) is not None:
        draft.back_to(mark)


def _holds(draft: Draft, rule: EventRule) -> bool:
    return rule.when is None or bool(rule.when.evaluate(draft.scope(SYSTEM)))


def _waits_for(draft: Draft, rule: EventRule, command: cmd.ChildEnded) -> bool:
    if rule.child != command.workflow:
        return False
    if rule.child_outcomes and command.outcome not in rule.child_outcomes:
        return False
    return _holds(draft, rule)


def _tick(draft: Draft) -> None:
    """Everything due now: automatic transitions first (they may meet a clock in time), then alarms in order."""
    while True:
        ticket = draft.ticket
        if ticket.pending and ticket.pending[0].at <= draft.now:
            _timed_event(draft, ticket.pending[0].event)
            continue
        due = [(run.alarms[0], run) for run in ticket.clocks if run.alarms and run.alarms[0].at <= draft.now]
        if not due:
            return
        alarm, run = min(due, key=lambda pair: _ring_order(pair[0]))
        ring(draft, run, alarm)
        if alarm.kind == "breach":
            _go_by_itself(draft, _automatic(draft))


def _ring_order(alarm: PendingAlarm) -> tuple[datetime, int, int]:
    return alarm.at, alarm.rank, alarm.level


def _timed_event(draft: Draft, event: str) -> None:
    rule = draft.workflow.steps[event][draft.ticket.state]
    if _holds(draft, rule):
        mark = draft.mark()
        if go(draft, rule, SYSTEM, {}, None) is None:
            return
        draft.back_to(mark)  # time cannot be refused: the event lapses, as if its condition did not hold
    draft.add(ev.Lapsed(at=draft.now, event=event))
