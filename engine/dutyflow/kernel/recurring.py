"""Recurring duties: when a schedule comes up next, and the tickets it opens then."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from dutyflow.kernel.commands import Open
from dutyflow.kernel.facts import Facts
from dutyflow.kernel.local_time import resolve, to_datetime
from dutyflow.kernel.outreach import evaluated
from dutyflow.kernel.rules import NEW, SYSTEM, Rules, Schedule
from dutyflow.kernel.schedules import next_date
from dutyflow.kernel.scope import Scope, zone_of
from dutyflow.kernel.ticket import Ticket

_DAY = timedelta(days=1)


def next_occurrence(rules: Rules, schedule: Schedule, after: datetime, *, inclusive: bool = False) -> datetime | None:
    """The first moment after `after` (or at it) at which the schedule comes up, in UTC; None when it has ended."""
    day: date | None = after.astimezone(zone_of(rules.zone)).date() - _DAY
    while day is not None:
        day = next_date(schedule.recurrence, schedule.calendar, day)
        if day is None:
            return None
        at = _moment(rules, schedule, day)
        if at > after or (inclusive and at == after):
            return at
    return None


def _moment(rules: Rules, schedule: Schedule, day: date) -> datetime:
    second = schedule.at.hour * 3600 + schedule.at.minute * 60
    return to_datetime(resolve(day.toordinal(), second, zone_of(rules.zone)), UTC)


def openings_at(rules: Rules, schedule: Schedule, at: datetime, facts: Facts) -> Iterator[Open]:
    """What a schedule opens at one of its moments. The ids say which schedule, which day and for whom."""
    day = at.astimezone(zone_of(rules.zone)).date().isoformat()
    scope = Scope(rules, _nobody(rules, schedule, at), values={}, now=at, facts=facts, actor=SYSTEM)
    for item in _items(schedule, scope):
        name = f"{schedule.id}@{day}" if item is None else f"{schedule.id}@{day}.{item}"
        inside = scope if item is None else scope.with_each(item)
        data = {field: value for field, value in evaluated(schedule.data, inside).items() if value is not None}
        yield Open(ticket=name, workflow=schedule.workflow, event=schedule.event, actor=SYSTEM, data=data)


def schedule_of(rules: Rules, ticket: str) -> Schedule | None:
    """The schedule that opened a ticket, by its id (after the name of the rulebook, where several share a store)."""
    name, sign, _ = ticket.rpartition(":")[2].partition("@")
    return rules.schedules.get(name) if sign else None


def _items(schedule: Schedule, scope: Scope) -> tuple[str | None, ...]:
    if schedule.role is not None:
        return scope.facts.members_of(schedule.role, scope.now)
    if schedule.set is not None:
        return tuple(ticket.id for ticket in scope.tickets_in(schedule.set))
    return (None,)


def _nobody(rules: Rules, schedule: Schedule, at: datetime) -> Ticket:
    """Who asks when a schedule asks: a ticket that does not exist yet."""
    return Ticket(
        id="",
        workflow=schedule.workflow,
        rules=rules.hash,
        state=NEW,
        seq=0,
        opened_at=at,
        changed_at=at,
        entered_at=at,
    )
