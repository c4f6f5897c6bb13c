"""Which clocks an event starts, stops, moves or pauses, and what happens when an alarm rings.

Within one event the order is stop, pause, start (SLA_TRAPS.md "equal time stamps").
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from dutyflow.kernel import events as ev
from dutyflow.kernel.clocks import (
    Pauses,
    Plan,
    choose_target,
    deadline,
    ended_pauses,
    instant,
    pending_alarms,
    plan_move,
    plan_of,
    plan_run,
    reach,
    spent,
)
from dutyflow.kernel.draft import Draft
from dutyflow.kernel.effects import Addressee, Notice
from dutyflow.kernel.recipients import address
from dutyflow.kernel.rules import NEW, Alarm, Move, Sla, Trigger, Workflow
from dutyflow.kernel.scope import Scope
from dutyflow.kernel.sets import tickets_in
from dutyflow.kernel.ticket import ClockRun, PendingAlarm, Ticket

NO_EVENT = "(no event)"
"""Stands where the state before would, for what clocks do although nobody asked for an event."""

ONE_SECOND = timedelta(seconds=1)


class ClockEffect(msgspec.Struct, frozen=True, kw_only=True):
    """What one kind of step may do to the clock of one SLA; worked out once for each kind of step."""

    sla: Sla
    starts: tuple[Trigger, ...]
    stops: tuple[Trigger, ...]
    cancels: tuple[Trigger, ...]
    moves: tuple[tuple[int, Move], ...]


def update_clocks(draft: Draft, before: Ticket, fired: ev.Fired) -> None:
    """Let every clock of the ticket see the event that just went through."""
    effects = _effects_of(draft.workflow, fired.event, before.state, fired.state, fired.entered)
    if effects:
        scope = draft.scope(fired.actor, fired.given)
        for effect in effects:
            _apply(draft, effect, before, scope)
    if fired.entered and draft.workflow.states[fired.state].final:
        for run in draft.ticket.clocks:
            _stop(draft, run, "cancelled")


def ring(draft: Draft, run: ClockRun, pending: PendingAlarm) -> None:
    """Raise the alarm: the fact, the notices, and what a breach does to other clocks."""
    sla, before = draft.workflow.slas[run.sla], draft.ticket
    scope = draft.scope()
    declared = declared_alarm(sla, run, pending)
    if declared.unless is not None and declared.unless.evaluate(scope):
        _hush(draft, run, pending)
        return
    addressees = _addressees(declared, scope)
    draft.add(
        ev.Rang(
            at=draft.now,
            sla=run.sla,
            run=run.run,
            kind=pending.kind,
            level=pending.level,
            due_at=run.due_at or run.nominal_due_at,
            to=addressees,
        )
    )
    if declared.names is not None:
        listed = tuple(ticket.id for ticket in tickets_in(declared.names, scope))
        draft.add(
            ev.Listed(at=draft.now, sla=run.sla, run=run.run, kind=pending.kind, level=pending.level, tickets=listed)
        )
    draft.effects.extend(_notices(draft, run, pending, addressees))
    if pending.kind == "breach":
        look_again(draft, before, breached=run.sla)


def look_again(draft: Draft, before: Ticket, *, breached: str = "") -> None:
    """Let the clocks see a change that no event made: a breach, a child's end, a signature."""
    scope = draft.scope()
    for effect in _effects_without_event(draft.workflow, breached):
        _apply(draft, effect, before, scope)


def _hush(draft: Draft, run: ClockRun, pending: PendingAlarm) -> None:
    """What the alarm watches over is in order: a warning stays silent, and what would be a breach is met."""
    if pending.kind == "breach":
        draft.add(ev.ClockStopped(at=draft.now, sla=run.sla, run=run.run, how="met"))
    else:
        draft.add(ev.Hushed(at=draft.now, sla=run.sla, run=run.run, kind=pending.kind, level=pending.level))


def _effects_of(workflow: Workflow, event: str, before: str, after: str, entered: bool) -> tuple[ClockEffect, ...]:
    key = (event, before, after, entered)
    known: tuple[ClockEffect, ...] | None = workflow.clock_effects.get(key)
    if known is None:
        known = workflow.clock_effects[key] = _work_out(workflow, event, before, after, entered)
    return known


def _effects_without_event(workflow: Workflow, breached: str) -> tuple[ClockEffect, ...]:
    key = (breached, NO_EVENT, None, False)
    known: tuple[ClockEffect, ...] | None = workflow.clock_effects.get(key)
    if known is None:
        known = workflow.clock_effects[key] = tuple(_work_out_breach(workflow, breached))
    return known


def _work_out_breach(workflow: Workflow, breached: str) -> Iterator[ClockEffect]:
    """What starts, stops, pauses or lengthens clocks by a condition, or by the name of the breached SLA."""

    def relevant(triggers: tuple[Trigger, ...]) -> tuple[Trigger, ...]:
        return tuple(t for t in triggers if t.kind == "when" or (t.kind == "breached" and breached in t.names))

    for sla in workflow.slas.values():
        starts, stops, cancels = relevant(sla.starts), relevant(sla.stops), relevant(sla.cancels)
        if starts or stops or cancels or sla.pauses or len(sla.targets) > 1:
            yield ClockEffect(sla=sla, starts=starts, stops=stops, cancels=cancels, moves=())


def _work_out(workflow: Workflow, event: str, before: str, after: str, entered: bool) -> tuple[ClockEffect, ...]:
    touched = _fields_touched(workflow, event, before)
    source = set(workflow.states[before].path) if before != NEW else set()
    target = set(workflow.states[after].path) if after != NEW else set()
    went_in = (target - source) | ({after} if entered else set())
    went_out = (source - target) | ({before} if entered else set())
    matches: dict[str, set[str]] = {"event": {event}, "entered": went_in, "left": went_out, "breached": set()}

    def relevant(triggers: tuple[Trigger, ...]) -> tuple[Trigger, ...]:
        return tuple(t for t in triggers if _may_fire(t, matches, touched))

    effects = []
    for sla in workflow.slas.values():
        effect = ClockEffect(
            sla=sla,
            starts=relevant(sla.starts),
            stops=relevant(sla.stops),
            cancels=relevant(sla.cancels),
            moves=tuple((index, move) for index, move in enumerate(sla.moves) if event in move.events),
        )
        if effect.starts or effect.stops or effect.cancels or effect.moves or sla.pauses or len(sla.targets) > 1:
            effects.append(effect)
    return tuple(effects)


def _fields_touched(workflow: Workflow, event: str, before: str) -> frozenset[str]:
    """The fields that the event may change: what a command may bring, and what its `set` blocks assign."""
    rule = workflow.steps[event][before]
    assigned = (*rule.sets, *(assignment for branch in rule.branches for assignment in branch.sets))
    return rule.accepts | {assignment.field for assignment in assigned}


def _may_fire(trigger: Trigger, matches: Mapping[str, set[str]], touched: frozenset[str]) -> bool:
    """Whether a trigger can fire in such a step; a condition only turns true when something it reads changes."""
    if trigger.kind != "when" or trigger.condition is None:
        return bool(trigger.names & matches[trigger.kind])
    return bool(trigger.condition.reads & touched) or not trigger.condition.only_fields


def _apply(draft: Draft, effect: ClockEffect, before: Ticket, scope: Scope) -> None:
    sla = effect.sla
    runs = [run for run in draft.ticket.clocks if run.sla == sla.id]
    if runs:
        if effect.stops and _any_fires(effect.stops, before, scope):
            for run in runs:
                _stop(draft, run, "met")
        elif effect.cancels and _any_fires(effect.cancels, before, scope):
            for run in runs:
                _stop(draft, run, "cancelled")
        else:
            for run in runs:
                _adjust(draft, effect, run, scope)
    for trigger in effect.starts:
        if _fires(trigger, before, scope):
            _start(draft, sla, trigger, scope)
            break


def _any_fires(triggers: tuple[Trigger, ...], before: Ticket, scope: Scope) -> bool:
    return any(_fires(trigger, before, scope) for trigger in triggers)


def _fires(trigger: Trigger, before: Ticket, scope: Scope) -> bool:
    if trigger.condition is None:
        return True
    if not trigger.condition.evaluate(scope):
        return False
    if trigger.kind != "when":
        return True
    earlier = Scope(scope.rules, before, values=before.fields, now=scope.now, facts=scope.facts, actor=scope.actor)
    return not trigger.condition.evaluate(earlier)


# --- starting ---------------------------------------------------------------------------------------------------


def _start(draft: Draft, sla: Sla, trigger: Trigger, scope: Scope) -> None:
    running = [run for run in draft.ticket.clocks if run.sla == sla.id]
    if running and sla.if_running == "keep":
        return
    anchor_at = (instant(trigger.anchor, scope) if trigger.anchor else None) or draft.now
    pauses: Pauses = ()
    last = _last_ended(draft.ticket, sla.id)
    if not running and last is not None:
        if sla.reopen == "ignore":
            return
        if sla.reopen != "new_cycle":
            anchor_at, pauses = last.anchor_at, _closed(last, draft.now, counted=sla.reopen == "total")
    index = choose_target(sla, scope)
    plan = plan_run(sla, index, anchor_at, scope, pauses) if index is not None else None
    if plan is None:
        return
    if sla.if_running == "restart":
        for run in running:
            _stop(draft, run, "superseded")
    _begin(draft, sla, plan, scope, pauses)


def _begin(draft: Draft, sla: Sla, plan: Plan, scope: Scope, pauses: Pauses) -> None:
    number = 1 + _count(draft.ticket.clocks, sla.id) + _count(draft.ticket.past_clocks, sla.id)
    draft.add(
        ev.ClockStarted(
            at=draft.now,
            sla=sla.id,
            run=number,
            anchor_at=plan.anchor_at,
            due_at=plan.due_at,
            seconds=plan.seconds,
            target=plan.target,
            fixed=plan.fixed,
            alarms=pending_alarms(sla, plan, scope, pauses=pauses),
            pauses=pauses,
        )
    )
    if sla.pauses and _should_stand_still(sla, draft.ticket, scope):
        draft.add(ev.ClockPaused(at=draft.now, sla=sla.id, run=number))


def _count(runs: tuple[ClockRun, ...], sla: str) -> int:
    return len([run for run in runs if run.sla == sla])


def _last_ended(ticket: Ticket, sla: str) -> ClockRun | None:
    for run in reversed(ticket.past_clocks):
        if run.sla == sla:
            return run
    return None


def _closed(last: ClockRun, now: datetime, *, counted: bool) -> Pauses:
    """The pauses of a run that goes on: its own, and the time it was closed unless that counts."""
    ended_at = last.ended_at or now
    pauses = ended_pauses(last.pauses, ended_at)
    return pauses if counted or ended_at == now else (*pauses, (ended_at, now))


# --- stopping, moving, pausing ----------------------------------------------------------------------------------


def _stop(draft: Draft, run: ClockRun, how: Literal["met", "cancelled", "superseded"]) -> None:
    sla = draft.workflow.slas[run.sla]
    if how == "met" and sla.breach is not None and not run.late and _is_over(sla, run, draft.now):
        # The run was over before it was noticed (an anchor in the past): the breach is a fact all the same.
        ring(draft, run, PendingAlarm(draft.now, 1, "breach", 0))
    if _current(draft, run) is not None:  # a breach may have ended it
        draft.add(ev.ClockStopped(at=draft.now, sla=run.sla, run=run.run, how=how))


def _is_over(sla: Sla, run: ClockRun, now: datetime) -> bool:
    if run.due_at is not None:
        return now > run.due_at
    stood_still_at = run.pauses[-1][0]
    return stood_still_at > _due_after(plan_of(sla, run), run, run.pauses[:-1])


def _current(draft: Draft, run: ClockRun) -> ClockRun | None:
    """The run as it stands now, if it is still open."""
    for candidate in draft.ticket.clocks:
        if candidate.run == run.run and candidate.sla == run.sla:
            return candidate
    return None


def _adjust(draft: Draft, effect: ClockEffect, run: ClockRun, scope: Scope) -> None:
    sla = effect.sla
    moved = _move(draft, effect, run, scope)
    if not moved and len(sla.targets) > 1 and run.target >= 0 and _retarget(draft, sla, run, scope):
        return
    current = _current(draft, run) if sla.pauses else None
    if current is not None:
        _pause_or_resume(draft, sla, current, scope)


def _move(draft: Draft, effect: ClockEffect, run: ClockRun, scope: Scope) -> bool:
    """Give the run the due time of the first appointment that applies; one that stands still resumes for it."""
    sla = effect.sla
    for index, move in effect.moves:
        due_at = instant(move.due, scope) if move.when is None or move.when.evaluate(scope) else None
        if due_at is None:
            continue
        if run.paused:
            _resume(draft, sla, run, scope)
            run = _current(draft, run) or run
        plan = plan_move(sla, index, run, due_at)
        rung = tuple(item for item in run.rung if item[0] != "warning")
        draft.add(
            ev.ClockMoved(
                at=draft.now,
                sla=sla.id,
                run=run.run,
                due_at=plan.due_at,
                seconds=plan.seconds,
                target=plan.target,
                fixed=plan.fixed,
                alarms=pending_alarms(sla, plan, scope, pauses=run.pauses, rung=rung),
                why="appointment",
            )
        )
        return True
    return False


def _retarget(draft: Draft, sla: Sla, run: ClockRun, scope: Scope) -> bool:
    index = choose_target(sla, scope)
    if index == run.target or sla.retarget == "keep_old":
        return False
    if index is None:
        _stop(draft, run, "cancelled")
        return True
    anchor_at, pauses = (
        (draft.now, ()) if sla.retarget == "restart" else (run.anchor_at, ended_pauses(run.pauses, draft.now))
    )
    plan = plan_run(sla, index, anchor_at, scope, pauses)
    if plan is None:
        return False
    draft.add(ev.ClockStopped(at=draft.now, sla=sla.id, run=run.run, how="superseded"))
    _begin(draft, sla, _with_min_remaining(sla, plan, scope, pauses), scope, pauses)
    return True


def _with_min_remaining(sla: Sla, plan: Plan, scope: Scope, pauses: Pauses) -> Plan:
    """The plan with at least so much time left; its target grows with it, so that later pauses keep that time."""
    earliest = deadline(sla.min_remaining[0], scope.now, sla.min_remaining[1]) if sla.min_remaining else plan.due_at
    if earliest <= plan.due_at:
        return plan
    seconds = spent(plan.measure, plan.anchor_at, pauses, earliest)
    return msgspec.structs.replace(plan, due_at=earliest, seconds=seconds)


def _pause_or_resume(draft: Draft, sla: Sla, run: ClockRun, scope: Scope) -> None:
    stand_still = _should_stand_still(sla, draft.ticket, scope)
    if stand_still and not run.paused:
        draft.add(ev.ClockPaused(at=draft.now, sla=sla.id, run=run.run))
    elif run.paused and not stand_still:
        _resume(draft, sla, run, scope)


def _resume(draft: Draft, sla: Sla, run: ClockRun, scope: Scope) -> None:
    pauses = ended_pauses(run.pauses, draft.now)
    plan = plan_of(sla, run)
    plan = msgspec.structs.replace(plan, due_at=_due_after(plan, run, pauses))
    still_since = max(run.pauses[-1][0], run.started_at + ONE_SECOND)  # a warning at the start itself is dropped
    alarms = pending_alarms(sla, plan, scope, pauses=pauses, rung=run.rung, still_since=still_since)
    draft.add(ev.ClockResumed(at=draft.now, sla=sla.id, run=run.run, due_at=plan.due_at, alarms=alarms))


def _due_after(plan: Plan, run: ClockRun, pauses: Pauses) -> datetime:
    """The due time after these pauses: a fixed one stays where it is, any other is worked out again."""
    due_at = None if run.fixed else reach(plan.measure, run.anchor_at, pauses, run.seconds)
    return due_at or run.nominal_due_at


def _should_stand_still(sla: Sla, ticket: Ticket, scope: Scope) -> bool:
    path = set(scope.rules.workflows[ticket.workflow].states[ticket.state].path)
    return any(
        pause.states & path or (pause.condition is not None and pause.condition.evaluate(scope)) for pause in sla.pauses
    )


# --- ringing ----------------------------------------------------------------------------------------------------


def declared_alarm(sla: Sla, run: ClockRun, pending: PendingAlarm) -> Alarm:
    """The alarm of the rulebook behind one that is still to ring."""
    if pending.kind == "breach":
        assert sla.breach is not None, "a pending breach was declared"
        return sla.breach
    alarms = plan_of(sla, run).warnings if pending.kind == "warning" else sla.escalations
    return next(alarm for alarm in alarms if alarm.level == pending.level)


def _addressees(alarm: Alarm, scope: Scope) -> tuple[Addressee, ...]:
    found = [address(recipient, scope) for recipient in alarm.to]
    return tuple(dict.fromkeys(addressee for addressee in found if addressee is not None))


def _notices(draft: Draft, run: ClockRun, pending: PendingAlarm, addressees: tuple[Addressee, ...]) -> list[Notice]:
    return [
        Notice(
            sla=run.sla,
            run=run.run,
            kind=pending.kind,
            level=pending.level,
            at=draft.now,
            deliver_at=_after_quiet_hours(draft, addressee.role),
            to=addressee,
        )
        for addressee in addressees
    ]


def _after_quiet_hours(draft: Draft, role: str) -> datetime:
    """Quiet hours hold back the notice, never the fact."""
    declared = draft.rules.organisation.roles.get(role)
    quiet_hours = declared.quiet_hours if declared else None
    if quiet_hours is None or not quiet_hours.is_quiet(draft.now):
        return draft.now
    return quiet_hours.next_contact(draft.now).astimezone(UTC)
