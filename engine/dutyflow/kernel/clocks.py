"""Clock arithmetic: due times, alarms and consumption, all derived from one formula.

    consumed(clock, t) = | running(clock) ∩ open(calendar) ∩ [anchor, t] |        (DESIGN.md part 5, rule 6)

No stored deadline is ever shifted by adding a pause: a due time is the earliest instant at which the target is
consumed, worked out again from the anchor and the pauses whenever one of them changes.
"""

from datetime import UTC, datetime, timedelta

import msgspec

from dutyflow.kernel.calendars import Calendar, due_day
from dutyflow.kernel.calendars import measure as measure_of
from dutyflow.kernel.deadlines import due_second
from dutyflow.kernel.durations import Duration
from dutyflow.kernel.local_time import to_datetime, to_second
from dutyflow.kernel.rules import Alarm, Expression, Sla, Target
from dutyflow.kernel.scope import Scope
from dutyflow.kernel.ticket import AlarmKind, ClockRun, PendingAlarm

Pauses = tuple[tuple[datetime, datetime | None], ...]

_RANK: dict[AlarmKind, int] = {"warning": 0, "breach": 1, "escalation": 2}


class Plan(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a run is measured by: where counting begins, when it is due, how much time that is, in which measure."""

    anchor_at: datetime
    due_at: datetime
    seconds: int
    target: int
    fixed: bool
    measure: Calendar
    warnings: tuple[Alarm, ...]


def deadline(duration: Duration, start: datetime, calendar: Calendar) -> datetime:
    """When `duration` begun at `start` is used up, in UTC."""
    return to_datetime(due_second(duration, to_second(start), calendar.openings), UTC)


def instant(expression: Expression, scope: Scope) -> datetime | None:
    """The moment an expression gives, in UTC; None when it gives none yet."""
    at = expression.evaluate(scope)
    return at.astimezone(UTC) if isinstance(at, datetime) else None


def plan_run(sla: Sla, target_index: int, anchor_at: datetime, scope: Scope, pauses: Pauses = ()) -> Plan | None:
    """The plan of a run of `sla` anchored at `anchor_at`; None when a fixed due time has no value yet."""
    target = sla.targets[target_index]
    nominal = _nominal_due(target, anchor_at, scope)
    if nominal is None:
        return None
    fixed = target.due is not None
    seconds = spent(target.measure, anchor_at, pauses if fixed else (), nominal)
    due = nominal if fixed or not pauses else reach(target.measure, anchor_at, pauses, seconds)
    return Plan(
        anchor_at=anchor_at,
        due_at=due or nominal,
        seconds=seconds,
        target=target_index,
        fixed=fixed,
        measure=target.measure,
        warnings=target.warnings,
    )


def plan_move(sla: Sla, move_index: int, run: ClockRun, due_at: datetime) -> Plan:
    """The plan after an appointment: a fixed instant from now on, with the warnings that the move declares."""
    measure = sla.targets[0].measure
    return Plan(
        anchor_at=run.anchor_at,
        due_at=due_at,
        seconds=spent(measure, run.anchor_at, run.pauses, due_at),
        target=-move_index - 1,
        fixed=True,
        measure=measure,
        warnings=sla.moves[move_index].warnings,
    )


def plan_of(sla: Sla, run: ClockRun) -> Plan:
    """The plan that an existing run follows."""
    if run.target < 0:
        move = sla.moves[-run.target - 1]
        measure, warnings = sla.targets[0].measure, move.warnings
    else:
        target = sla.targets[run.target]
        measure, warnings = target.measure, target.warnings
    return Plan(
        anchor_at=run.anchor_at,
        due_at=run.due_at or run.nominal_due_at,
        seconds=run.seconds,
        target=run.target,
        fixed=run.fixed,
        measure=measure,
        warnings=warnings,
    )


def choose_target(sla: Sla, scope: Scope) -> int | None:
    """Which target applies now: the first whose condition holds; None when no row of the SLA fits."""
    for index, target in enumerate(sla.targets):
        if target.when is None or target.when.evaluate(scope):
            return index
    return None


def _nominal_due(target: Target, anchor_at: datetime, scope: Scope) -> datetime | None:
    if target.within is not None:
        return deadline(target.within, anchor_at, target.calendar)
    assert target.due is not None, "a target has either `within` or `due`"
    return instant(target.due, scope)


def open_seconds(measure: Calendar, start: datetime, end: datetime) -> int:
    """Seconds of `measure` in [start, end); zero when reversed."""
    first, last = to_second(start), to_second(end)
    return measure.openings.between(first, last) if last > first else 0


def reach(measure: Calendar, anchor_at: datetime, pauses: Pauses, seconds: int) -> datetime | None:
    """The earliest instant at which `seconds` have been consumed; None while an open pause stands in the way."""
    start, remaining = anchor_at, seconds
    for pause_start, pause_end in pauses:
        span = open_seconds(measure, start, pause_start)
        if span >= remaining:
            break
        if pause_end is None:
            return None
        remaining -= span
        start = max(start, pause_end)
    return to_datetime(measure.openings.advance(to_second(start), remaining), UTC)


def spent(measure: Calendar, anchor_at: datetime, pauses: Pauses, at: datetime) -> int:
    """Seconds of `measure` in [anchor, at) that no pause covers."""
    total = open_seconds(measure, anchor_at, at)
    for pause_start, pause_end in pauses:
        total -= open_seconds(measure, max(pause_start, anchor_at), min(pause_end or at, at))
    return total


def ended_pauses(pauses: Pauses, at: datetime) -> tuple[tuple[datetime, datetime], ...]:
    """The same pauses, one that is still open ended at `at`."""
    return tuple((start, end or at) for start, end in pauses)


def consumed_seconds(measure: Calendar, run: ClockRun, at: datetime) -> int:
    """How much of the target the run has used up at `at` (never after its end)."""
    return spent(measure, run.anchor_at, run.pauses, min(at, run.ended_at) if run.ended_at else at)


def overrun_seconds(measure: Calendar, run: ClockRun, at: datetime) -> int:
    """By how much the run is over its target at `at`; zero while it is not. Stands still while paused."""
    return max(0, consumed_seconds(measure, run, at) - run.seconds)


def pending_alarms(
    sla: Sla,
    plan: Plan,
    scope: Scope,
    *,
    pauses: Pauses = (),
    rung: tuple[tuple[AlarmKind, int], ...] = (),
    still_since: datetime | None = None,
) -> tuple[PendingAlarm, ...]:
    """The alarms still to ring, in order. Each rings once per run; a warning that would not lie ahead is dropped.

    One whose moment came while the clock stood still (`still_since`) had no chance to ring: it does so now.
    """
    now = scope.now
    alarms: list[PendingAlarm] = []
    for alarm in plan.warnings:
        at = _warning_at(alarm, plan, pauses, scope)
        if at is not None and (at > now or (still_since is not None and at >= still_since)) and now < plan.due_at > at:
            alarms.append(PendingAlarm(max(at, now), 0, "warning", alarm.level))
    if sla.breach is not None:
        alarms.append(PendingAlarm(max(plan.due_at, now), 1, "breach", 0))
    for alarm in sla.escalations:
        at = _escalation_at(alarm, plan.due_at, pauses)
        alarms.append(PendingAlarm(max(at, now), 2, "escalation", alarm.level))
    if rung:
        alarms = [alarm for alarm in alarms if (alarm.kind, alarm.level) not in rung]
    alarms.sort()
    return tuple(alarms)


def _warning_at(alarm: Alarm, plan: Plan, pauses: Pauses, scope: Scope) -> datetime | None:
    if alarm.share is not None:
        whole_minutes = plan.seconds * alarm.share // 100 // 60 * 60
        return reach(plan.measure, plan.anchor_at, pauses, whole_minutes)
    if alarm.day_time is not None:
        day = due_day(plan.due_at, scope.zone)
        return datetime.combine(day, alarm.day_time, tzinfo=scope.zone).astimezone(UTC)
    if alarm.before is not None:
        seconds = alarm.before.seconds or 0
        if alarm.before.is_elapsed:
            return plan.due_at - timedelta(seconds=seconds)
        return reach(plan.measure, plan.anchor_at, pauses, max(0, plan.seconds - seconds))
    assert alarm.at is not None, "a warning has a share, a time of the due day, a span or an instant"
    return instant(alarm.at, scope)


def _escalation_at(alarm: Alarm, due_at: datetime, pauses: Pauses) -> datetime:
    """So long after the due time; a breached clock that stands still does not come nearer to it."""
    if alarm.after is None:
        return due_at
    duration, calendar = alarm.after
    if not pauses or duration.seconds is None:
        return deadline(duration, due_at, calendar)
    return reach(measure_of(duration, calendar), due_at, pauses, duration.seconds) or due_at
