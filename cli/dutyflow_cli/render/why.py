"""Draws why: what makes a deadline, day by day if a calendar counts; who may do what, and what stands in the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from dutyflow.kernel.actions import Action
from dutyflow.kernel.calendars import ALWAYS
from dutyflow.lab.story_text import addressee_text
from dutyflow.telling.moments import show_moment, show_span
from dutyflow.telling.reasons import Cause, ClockReason, EventPlaces
from dutyflow.telling.teller import Teller, denial_text
from dutyflow.wording import say
from dutyflow_cli.days import DayOfWork, days_of_work, last_day
from dutyflow_cli.render.days import day_table, open_table, show_hours
from dutyflow_cli.render.excerpt import clean
from dutyflow_cli.render.remaining import remaining
from dutyflow_cli.render.tables import indented, prose, width

_FAR = timedelta(days=60)
"""A deadline further off is not explained day by day."""


def clock_parts(reason: ClockReason, teller: Teller, now: datetime) -> Iterator[RenderableType]:
    """Everything about one open clock."""
    run, lang = reason.run, teller.lang
    yield Text(f"{teller.clock(run.sla)} ({run.sla})  {reason.sla.source}", style="bold")
    due = say("cli_why.due", lang, due=_at(run.due_at, teller), left=remaining(run.due_at, now, lang))
    late = run.due_at is not None and now > run.due_at
    yield indented(Text(due, style="bold red" if late else "bold") if run.due_at else _still(reason, teller), 2)
    for line in (_limit(reason, lang), _begun(reason, teller), *_pauses(reason, teller), *_moves(reason, teller)):
        yield indented(clean(line), 2)
    yield indented(_used(reason, lang), 2)
    yield from (Padding(part, (0, 0, 0, 2)) for part in _days(reason, teller))
    if run.breached_at is not None:
        yield indented(Text(say("cli_why.breached", lang, at=_at(run.breached_at, teller)), style="red"), 2)
    for ahead in reason.ahead:
        kind, to = say(f"alert_kind.{ahead.kind}", lang), addressee_text(ahead.to, teller)
        key = "ahead" if ahead.at >= now else "pending"
        yield indented(clean(say(f"cli_why.{key}", lang, at=_at(ahead.at, teller), kind=kind, to=to)), 2)


def _at(at: datetime | None, teller: Teller) -> str:
    return show_moment(at, teller.zone, teller.lang) if at else ""


def _still(reason: ClockReason, teller: Teller) -> str:
    left = max(0, reason.run.seconds - reason.consumed)
    return say("cli_why.still", teller.lang, left=_amount(left, reason))


def _limit(reason: ClockReason, lang: str) -> str:
    limit = reason.within.text if reason.within else say("cli_words.until", lang, expression=reason.due or "")
    text = say("cli_words.if", lang, target=limit, when=reason.when) if reason.when else limit
    return say("cli_why.limit", lang, limit=text, source=reason.source)


def _begun(reason: ClockReason, teller: Teller) -> str:
    run, by = reason.run, _cause(reason.begun, teller)
    if run.anchor_at == run.started_at:
        return say("cli_why.begun", teller.lang, at=_at(run.anchor_at, teller), by=by)
    values = {"at": _at(run.anchor_at, teller), "noticed": _at(run.started_at, teller), "by": by}
    if reason.anchor is None:
        return say("cli_why.goes_on", teller.lang, **values)
    return say("cli_why.anchored", teller.lang, anchor=reason.anchor, **values)


def _cause(cause: Cause, teller: Teller) -> str:
    if cause.breached:
        return say("cli_words.trigger_breached", teller.lang, names=teller.clock(cause.breached))
    if cause.actor == "system":
        return teller.event(cause.event)
    return say("cli_why.cause", teller.lang, event=teller.event(cause.event), actor=cause.actor)


def _pauses(reason: ClockReason, teller: Teller) -> Iterator[str]:
    for pause in reason.pauses:
        why = teller.title(pause.reason, say("cli_why.no_reason", teller.lang))
        values = {"start": _at(pause.start, teller), "reason": why}
        if pause.end is None:
            yield say("cli_why.stands_still", teller.lang, **values)
        else:
            yield say("cli_why.stood_still", teller.lang, end=_at(pause.end, teller), **values)


def _moves(reason: ClockReason, teller: Teller) -> Iterator[str]:
    for move in reason.moves:
        values = {"due": _at(move.due_at, teller), "at": _at(move.cause.at, teller), "source": move.source}
        yield say("cli_why.moved", teller.lang, by=_cause(move.cause, teller), **values)


def _used(reason: ClockReason, lang: str) -> str:
    used, whole = _amount(reason.consumed, reason), _amount(reason.run.seconds, reason)
    if reason.overrun:
        return say("cli_why.overrun", lang, used=used, whole=whole, over=_amount(reason.overrun, reason))
    return say("cli_why.used", lang, used=used, whole=whole)


def _amount(seconds: int, reason: ClockReason) -> str:
    """Open time in hours: a day of work has no fixed length."""
    span = timedelta(seconds=seconds)
    return show_span(span) if reason.measure is ALWAYS else show_hours(span)


def _days(reason: ClockReason, teller: Teller) -> Iterator[RenderableType]:
    """Which days counted: as `calendar due` shows them, or the open time that no pause took away."""
    run, within = reason.run, reason.within
    if run.due_at is None or within is None or within.is_elapsed or run.due_at - run.anchor_at > _FAR:
        return
    calendar = reason.sla.targets[run.target].calendar if run.target >= 0 else reason.measure
    start, end = run.anchor_at.astimezone(calendar.zone), run.due_at.astimezone(calendar.zone)
    days = list(days_of_work(calendar, start.date(), last_day(end)))
    if not run.pauses and not reason.moves and not within.is_open_time:
        yield day_table(within, start, end, iter(days), teller.lang)
    elif reason.measure is not ALWAYS:
        yield open_table(start, end, (_without(day, reason) for day in days), teller.lang)


def _without(day: DayOfWork, reason: ClockReason) -> DayOfWork:
    """A day without the spans in which the clock stood still."""
    periods, zone = list(day.periods), reason.measure.zone
    for pause in reason.pauses:
        start, end = pause.start.astimezone(zone), (pause.end or pause.start).astimezone(zone)
        parts = [(a, min(b, start)) for a, b in periods] + [(max(a, end), b) for a, b in periods]
        periods = sorted((a, b) for a, b in parts if a < b)
    return replace(day, periods=tuple(periods))


# --- what may be done -------------------------------------------------------------------------------------------


def actions_parts(actions: tuple[Action, ...], teller: Teller, workflow: str) -> Iterator[RenderableType]:
    """Who may do what now, and what is not possible and why."""
    yield Text(say("cli_why.actions" if actions else "cli_why.no_actions", teller.lang), style="bold")
    for action in actions:
        yield indented(clean(action_line(action, teller, workflow)), 2)


def action_line(action: Action, teller: Teller, workflow: str) -> str:
    """One event with those who may ask for it, what it needs, or why it is refused."""
    name = f"{teller.title(action.title, action.event)} ({action.event})"
    if action.denial is not None:
        why = denial_text(action.denial, teller.rules, teller.lang, workflow=workflow)
        return say("cli_why.refused", teller.lang, event=name, why=why)
    roles = teller.listed(_role(role, teller) for role in action.by)
    who = f"{roles} ({', '.join(action.who)})" if action.who and action.who != action.by else roles
    needs = [teller.field(field) for field in action.needs]
    if action.needs_reason:
        needs.append(say("cli_why.a_reason", teller.lang))
    line = say("cli_why.possible", teller.lang, event=name, who=who)
    return line + (say("cli_words.needs", teller.lang, fields=teller.listed(needs)) if needs else "")


def _role(role: str, teller: Teller) -> str:
    return say("cli_words.owner_role", teller.lang) if role == "owner" else teller.role(role)


def event_parts(
    action: Action | None, places: EventPlaces, state: str, teller: Teller, workflow: str
) -> Iterator[RenderableType]:
    """Why one event is possible now, or is not."""
    name = f"{teller.event(places.event)} ({places.event})"
    if action is not None:
        yield prose(clean(action_line(action, teller, workflow)), width(), "red" if action.denial else "green")
        source = (action.denial.source if action.denial else "") or places.states.get(state, "")
        yield Text(f"  {source}", style="dim")
        return
    if places.by_itself and state in places.states:
        yield prose(say("cli_why.by_itself", teller.lang, event=name), width())
        yield Text(f"  {places.states[state]}", style="dim")
        return
    where = teller.listed(teller.state(known) for known in places.states)
    yield prose(say("cli_why.elsewhere", teller.lang, event=name, state=teller.state(state), where=where), width())
    for source in dict.fromkeys(places.states.values()):
        yield Text(f"  {source}", style="dim")
