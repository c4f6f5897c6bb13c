"""The figures of time limits against each other: warnings before due times, stages within the whole, quiet hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from dutyflow.checks.subject import Part
from dutyflow.kernel.calendars import ALWAYS
from dutyflow.kernel.quiet_hours import QuietHours
from dutyflow.kernel.rules import Alarm, Sla, Target, Trigger

_STEPS_MAX = 5_000
_SOME_DAY = datetime(2026, 3, 4, tzinfo=UTC)  # an ordinary Wednesday


def warnings_too_late(part: Part) -> None:
    """DF405, DF415: a warning that comes when it is too late already, or together with the breach."""
    for sla, target, alarm in _warnings(part):
        late = _late(target, alarm)
        if late is not None:
            within = target.within.text if target.within else None
            part.report(late, _place(part, sla, target), sla=sla.id, warning=alarm.text, within=within)


def warnings_before_the_start(part: Part) -> None:
    """DF420: a warning that lies further before the due time than the whole limit is long."""
    for sla, target, alarm in _warnings(part):
        if alarm.before is None or target.within is None:
            continue
        span, before = target.within.seconds, alarm.before.seconds
        comparable = target.within.is_elapsed == alarm.before.is_elapsed
        if span is not None and before is not None and comparable and before >= span:
            place = _place(part, sla, target)
            part.report("DF420", place, sla=sla.id, warning=alarm.text, within=target.within.text)


def stages_longer_than_the_whole(part: Part) -> None:
    """DF416: each stage may be in time, and the whole is late nevertheless.

    Only limits of one unit and calendar are added up; days are never turned into hours.
    """
    for whole in part.slas:
        target = _only_target(whole)
        if target is None or target.within is None or not _is_headline(part, whole):
            continue
        stages = {state: limit for state, limit in _stages(part, target).items() if limit[0] != whole.id}
        path, total = _longest(part, whole, stages)
        if len(path) > 1 and total > _size(target):
            names = " + ".join(f"`{stages[state][0]}`" for state in path)
            sum_text = f"{_in_unit(target, total)}{target.within.unit}"
            values = {"sla": whole.id, "within": target.within.text, "stages": names, "sum": sum_text}
            part.report("DF416", _place(part, whole, target), **values)


def deadlines_in_quiet_hours(part: Part) -> None:
    """DF417: what must be done until a time of day may not be done in the hour before it."""
    for sla in part.slas:
        for target in sla.targets:
            until = target.within.until if target.within else None
            for name, quiet in _quiet_hours_of(part, sla) if until and ":" in until else ():
                if _is_quiet_before(until or "", quiet):
                    part.report("DF417", _place(part, sla, target), sla=sla.id, until=until, quiet=name)


# --- warnings ---------------------------------------------------------------------------------------------------


def _warnings(part: Part) -> Iterator[tuple[Sla, Target, Alarm]]:
    for sla in part.slas:
        for target in sla.targets:
            for alarm in target.warnings:
                yield sla, target, alarm


def _late(target: Target, alarm: Alarm) -> str | None:
    """The code for a warning like `09:00 of due day` that rings after (or just at) the due time of `3d@09:00`."""
    until = target.within.until if target.within else None
    if alarm.day_time is None or until is None or ":" not in until or until == "24:00":
        return None
    due = time.fromisoformat(until)
    return "DF405" if alarm.day_time > due else "DF415" if alarm.day_time == due else None


def _place(part: Part, sla: Sla, target: Target) -> str:
    return target.source or sla.source


# --- stages -----------------------------------------------------------------------------------------------------


def _only_target(sla: Sla) -> Target | None:
    return sla.targets[0] if len(sla.targets) == 1 else None


def _is_headline(part: Part, sla: Sla) -> bool:
    """Whether it runs through more than one state, so that stages lie within it."""
    return len(part.clocks.running(sla.id)) > 1


def _stages(part: Part, whole: Target) -> dict[str, tuple[str, int]]:
    """For each state the SLA that starts on entering and stops on leaving it, counted like the whole, and its size."""
    found: dict[str, tuple[str, int]] = {}
    for sla in part.slas:
        target = _only_target(sla)
        state = _stage(sla)
        if state is not None and target is not None and _counts_alike(target, whole):
            found[state] = (sla.id, _size(target))
    return found


def _stage(sla: Sla) -> str | None:
    entered, left = _single(sla.starts, "entered"), _single(sla.stops, "left")
    return entered if entered is not None and entered == left else None


def _single(triggers: tuple[Trigger, ...], kind: str) -> str | None:
    if len(triggers) == 1 and triggers[0].kind == kind and len(triggers[0].names) == 1:
        return next(iter(triggers[0].names))
    return None


def _counts_alike(one: Target, other: Target) -> bool:
    if one.within is None or other.within is None or one.measure != other.measure:
        return False
    if one.within.seconds is not None and other.within.seconds is not None:
        return one.within.is_elapsed == other.within.is_elapsed
    return one.within.unit == other.within.unit and (one.calendar == other.calendar or one.measure == ALWAYS)


def _size(target: Target) -> int:
    assert target.within is not None, "only limits with a duration are compared"
    return target.within.seconds if target.within.seconds is not None else target.within.amount


def _in_unit(target: Target, total: int) -> int:
    assert target.within is not None, "only limits with a duration are compared"
    seconds = target.within.seconds
    return total if seconds is None else total * target.within.amount // seconds


def _longest(part: Part, whole: Sla, stages: dict[str, tuple[str, int]]) -> tuple[list[str], int]:
    """The way through states in which the whole runs, none twice, whose stages together may take longest."""
    running = part.clocks.running(whole.id)
    best: tuple[list[str], int] = ([], 0)
    waiting: list[tuple[str, tuple[str, ...]]] = [
        (state, (state,)) for state in part.workflow.states if state in running
    ]
    for _ in range(_STEPS_MAX):
        if not waiting:
            break
        state, way = waiting.pop()
        staged = [name for name in way if name in stages]
        total = sum(stages[name][1] for name in staged)
        if total > best[1]:
            best = (staged, total)
        following = {step.target for step in part.graph.ways_from(state)}
        waiting += [(target, (*way, target)) for target in sorted(following) if target in running and target not in way]
    return best


# --- quiet hours ------------------------------------------------------------------------------------------------


def _quiet_hours_of(part: Part, sla: Sla) -> Iterator[tuple[str, QuietHours]]:
    """The quiet hours that the events which stop the clock have to respect."""
    context = part.book.loaded.context
    stopping = {way.rule.event for way in part.clocks.ways_of(sla) if part.clocks.ends(way, sla)}
    names: dict[str, None] = {}
    for event, rule in part.declared_rules():
        node = rule.get("quiet_hours")
        named = node.get("name") if node is not None and node.is_map else node
        if event in stopping and named is not None:
            names[named.text] = None
    for name in names:
        quiet = context.quiet_hours.get(name) if context else None
        if quiet is not None:
            yield name, quiet


def _is_quiet_before(until: str, quiet: QuietHours) -> bool:
    """Whether the last minute before a time of day is quiet."""
    midnight = _SOME_DAY.replace(tzinfo=quiet.quiet.zone)
    hours, minutes = (int(part) for part in until.split(":"))
    return quiet.is_quiet(midnight + timedelta(hours=hours, minutes=minutes, seconds=-1))
