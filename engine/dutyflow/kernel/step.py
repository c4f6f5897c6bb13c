"""One event going through: checks, fields, branch, new state, children, clocks, and what follows by itself."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from dutyflow.errors import RunawayError
from dutyflow.kernel import events as ev
from dutyflow.kernel.clocks import deadline, instant
from dutyflow.kernel.clockwork import look_again, update_clocks
from dutyflow.kernel.denials import Denial, first_of
from dutyflow.kernel.draft import Draft
from dutyflow.kernel.effects import TellParent
from dutyflow.kernel.machine import choose_branch
from dutyflow.kernel.outreach import evaluated, reach_out
from dutyflow.kernel.recipients import owner_of
from dutyflow.kernel.rules import NEW, SYSTEM, Approvals, Assignment, Branch, EventRule
from dutyflow.kernel.scope import Scope
from dutyflow.kernel.ticket import OwnedBy, PendingEvent, Ticket

STEPS_MAX = 100
"""Automatic transitions in one command; a rulebook that needs more runs in a circle (DESIGN.md part 5, rule 1)."""


def go(draft: Draft, rule: EventRule, actor: str, given: Mapping[str, Any], reason: str | None) -> Denial | None:
    """Fire `rule` and everything that follows from it by itself."""
    denial = _fire(draft, rule, actor, given, reason)
    return denial or _settle(draft, rule)


def go_by_condition(draft: Draft) -> Denial | None:
    """Fire the first automatic event whose condition holds as the ticket stands now, and what follows from it."""
    for automatic in draft.workflow.automatic.get(draft.ticket.state, ()):
        if automatic.when is None or automatic.when.evaluate(draft.scope(SYSTEM)):
            return go(draft, automatic, SYSTEM, {}, None)
    return None


def _settle(draft: Draft, rule: EventRule) -> Denial | None:
    # An event that still waits for signatures has not happened: nothing follows from it.
    waits = rule.approvals is not None and bool(_signatures(draft.ticket, rule))
    for follow_up in () if waits else rule.then:
        if follow_up.when is None or follow_up.when.evaluate(draft.scope()):
            next_rule = draft.workflow.steps.get(follow_up.event, {}).get(draft.ticket.state)
            if next_rule is not None:
                denial = go(draft, next_rule, SYSTEM, {}, None)
                if denial is not None:
                    return denial
    return go_by_condition(draft)


def _fire(draft: Draft, rule: EventRule, actor: str, given: Mapping[str, Any], reason: str | None) -> Denial | None:
    draft.steps += 1
    if draft.steps > STEPS_MAX:
        raise RunawayError(draft.ticket.id, rule.event)
    ticket = draft.ticket
    scope = scope_for(draft, actor, given, reason)
    denial = _refused(rule, ticket, scope)
    if rule.approvals is not None:
        signed = _signature(draft, rule, rule.approvals, scope)
        if isinstance(signed, Denial):
            return first_of(signed, denial)
        if denial is None:
            draft.add(signed)
            if len(_signatures(draft.ticket, rule)) < len(rule.approvals.roles):
                look_again(draft, ticket)
                return None
    if denial is not None:
        return denial
    changed = dict(given)
    _set(rule.sets, scope, changed)
    branch = choose_branch(draft.workflow.machine, rule.event, ticket.state, scope)
    if branch is None:
        return Denial(
            code="guard", event=rule.event, state=ticket.state, values={"no_branch": True}, source=rule.source
        )
    _set(branch.sets, scope, changed)
    fired = _outcome_of(draft, rule, branch, scope, changed)
    if rule.task is not None:
        draft.add(ev.TaskDone(at=draft.now, task=rule.task, actor=actor))
    draft.add(fired)
    reach_out(draft, rule, branch, actor, scope)
    update_clocks(draft, ticket, fired)
    if fired.entered and ticket.parent is not None and draft.workflow.states[fired.state].final:
        told = TellParent(parent=ticket.parent, child=ticket.id, workflow=ticket.workflow, outcome=fired.outcome)
        draft.effects.append(told)
    return None


def scope_for(draft: Draft, actor: str, given: Mapping[str, Any], reason: str | None) -> Scope:
    """The world as one request sees it: what it brings laid over the fields."""
    ticket = draft.ticket
    return Scope(
        draft.rules,
        ticket,
        values={**ticket.fields, **given} if given else ticket.fields,
        now=draft.now,
        facts=draft.facts,
        actor=actor,
        given=given,
        reason=reason,
    )


def _refused(rule: EventRule, ticket: Ticket, scope: Scope) -> Denial | None:
    for check in rule.checks:
        refusal = check.probe(scope)
        if refusal is not None:
            return Denial(
                code=check.code,
                event=rule.event,
                state=ticket.state,
                values=refusal.values,
                say=refusal.say,
                source=check.source or rule.source,
            )
    return None


def _denied(code: str, rule: EventRule, ticket: Ticket, **values: Any) -> Denial:
    return Denial(code=code, event=rule.event, state=ticket.state, values=values, source=rule.source)


def _set(sets: tuple[Assignment, ...], scope: Scope, changed: dict[str, Any]) -> None:
    """All expressions of one block see the same snapshot."""
    if sets:
        assigned = evaluated(sets, scope)
        changed.update(assigned)
        scope.values = {**scope.values, **assigned}


# --- signatures -------------------------------------------------------------------------------------------------


def _signatures(ticket: Ticket, rule: EventRule) -> tuple[str, ...]:
    return tuple(signature.role for signature in ticket.signatures if signature.event == rule.event)


def _signature(draft: Draft, rule: EventRule, approvals: Approvals, scope: Scope) -> ev.Signed | Denial:
    """The actor's signature, or why it does not count. What it brought is kept until the event goes through."""
    ticket, actor = draft.ticket, scope.actor or SYSTEM
    signed = _signatures(ticket, rule)
    waiting = tuple(role for role in approvals.roles if role not in signed)
    expected = waiting[:1] if approvals.in_order else waiting
    held = scope.roles_of(actor)
    role = next((role for role in expected if role in held), None)
    if role is None:
        return _denied("state", rule, ticket, expected=expected)
    already = {signature.member for signature in ticket.signatures if signature.event == rule.event}
    if approvals.different_persons and actor in already:
        return _denied("same_person", rule, ticket, person=actor)
    return ev.Signed(at=draft.now, event=rule.event, role=role, actor=actor, given=scope.given)


# --- where the ticket goes --------------------------------------------------------------------------------------


def _outcome_of(draft: Draft, rule: EventRule, branch: Branch, scope: Scope, changed: Mapping[str, Any]) -> ev.Fired:
    ticket, workflow = draft.ticket, draft.workflow
    target = _target(branch, ticket, workflow.composites)
    entered = branch.reenter or (target is not None and target != ticket.state)
    state = target or ticket.state
    owner: OwnedBy | None = ticket.owner
    outcome = ticket.outcome
    if entered:
        owner = owner_of(workflow.states[state], scope)
        outcome = branch.outcome if workflow.states[state].final else None
    fields = ticket.fields
    return ev.Fired(
        at=draft.now,
        event=rule.event,
        actor=scope.actor or SYSTEM,
        state_before=ticket.state,
        state=state,
        entered=entered,
        branch=branch.index,
        given=scope.given,
        changes={name: value for name, value in changed.items() if name not in fields or fields[name] != value},
        owner=owner,
        outcome=outcome,
        reason=scope.reason,
        pending=pending_events(draft, scope, state=state, entered=entered, fired=rule),
        remember=_remembered(draft, ticket.state, state) if entered else {},
    )


def _target(branch: Branch, ticket: Ticket, composites: Mapping[str, tuple[str, ...]]) -> str | None:
    if branch.resume is None:
        return branch.target
    inner = ticket.memory.get(branch.resume)
    return inner if inner in composites.get(branch.resume, ()) else branch.target


def _remembered(draft: Draft, before: str, after: str) -> dict[str, str]:
    """Composite states that are left remember their last inner state."""
    states = draft.workflow.states
    if before == NEW or len(states[before].path) == 1:
        return {}
    return {outer: before for outer in states[before].path[:-1] if outer not in states[after].path}


def pending_events(
    draft: Draft, scope: Scope, *, state: str, entered: bool = False, fired: EventRule | None = None
) -> tuple[PendingEvent, ...]:
    """The timed events that wait in `state` once the values of the scope are kept; `fired` has just had its turn."""
    timed = draft.workflow.timed.get(state)
    if not timed:
        return ()
    entered_at = draft.now if entered else draft.ticket.entered_at
    if entered:  # an `at:` that asks for `state` or `entered_at` means the state that begins here
        scope = scope.beside(replace(draft.ticket, state=state, entered_at=entered_at), scope.values)
    unfired = {item.event for item in draft.ticket.pending}  # due at this very instant, but commands go first
    waiting: list[PendingEvent] = []
    for candidate in timed:
        at = _moment(candidate, entered_at, scope)
        if at is not None and (at > draft.now or (candidate is not fired and (entered or candidate.event in unfired))):
            waiting.append(PendingEvent(max(at, draft.now), candidate.event))
    return tuple(sorted(waiting))


def _moment(rule: EventRule, entered_at: datetime, scope: Scope) -> datetime | None:
    if rule.after is not None:
        return deadline(rule.after[0], entered_at, rule.after[1])
    return instant(rule.at, scope) if rule.at is not None else None
