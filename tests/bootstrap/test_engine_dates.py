"""Days that are longer, shorter or rarer than others: a late worker and a punctual one leave the same histories."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.bootstrap.engines import SetClock, opened_engine, written

from dutyflow.bootstrap.engine import Engine
from dutyflow.kernel.commands import Open
from dutyflow.kernel.encoding import canonical
from dutyflow.kernel.events import ClockStarted, Rang

PEOPLE = """
rulebook: {title: Nights, timezone: ZONE, calendar: office}
calendars:
  office: {hours: {mon-fri: ["09:00-17:00"]}, closed: ["2026-12-25"], official_until: 2026-12-31}
  night: {hours: {daily: ["01:00-04:00"]}, official_until: 2026-12-31}
departments: {service: {title: Service, head: chief}}
roles:
  chief: {title: Chief, department: service}
  agent: {title: Agent, department: service, superior: chief}
members: {A1: {title: Ann, roles: [agent]}}
"""
NIGHTS = """
workflows:
  watch:
    title: Watch
    number: "W-{year}-{n}"
    initial: on
    states: {on: {title: On, owner: agent}, off: {title: Off, final: true}}
    events:
      begin: {opens: true, by: [agent, system]}
      end: {from: on, to: off, by: agent}
slas:
  elapsed: {"on": watch, start: {entered: on}, stop: {left: on}, within: 24h, breach: {escalate: chief}}
  nights: {"on": watch, start: {entered: on}, stop: {left: on}, within: 6bh@night, breach: {escalate: chief}}
  evening:
    "on": watch
    start: {entered: on}
    stop: {left: on}
    within: {for: 1d, until: "21:00"}
    breach: {escalate: chief}
  office: {"on": watch, start: {entered: on}, stop: {left: on}, within: 2bd, breach: {escalate: chief}}
schedules:
  nightly: {title: Nightly, "on": daily, at: "HOUR", open: {workflow: watch, event: begin}}
"""


def local(zone: str, text: str) -> datetime:
    """A moment as the clocks of a place show it; of two the first."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@contextmanager
def watching(folder: Path, zone: str, start: str, *, at: str = "12:00") -> Iterator[tuple[Engine, SetClock]]:
    """An engine on a file in a zone, at a moment, with a schedule that comes up every day at a time."""
    clock = SetClock(local(zone, start))
    people, text = PEOPLE.replace("ZONE", zone), NIGHTS.replace("HOUR", at)
    with opened_engine(f"sqlite:///{folder / f'{start[:10]}-{at[:2]}.db'}", clock) as engine:
        engine.publish(written(folder, text, name="nights", people=people))
        yield engine, clock


def begin(engine: Engine, ticket: str = "w") -> dict[str, datetime]:
    """Begin a watch; when each of its clocks is due."""
    answer = engine.submit(Open(ticket=ticket, workflow="watch", event="begin", actor="A1"))
    events = (happening.what for happening in answer.happened)
    return {event.sla: event.due_at for event in events if isinstance(event, ClockStarted)}


def run_until(engine: Engine, clock: SetClock, until: datetime, step: timedelta) -> list[bytes]:
    """Let time pass in steps; all histories, as bytes, by ticket."""
    while clock.time < until:
        clock.time = min((clock.time.astimezone(UTC) + step), until)
        engine.run_due()
    return [canonical(engine.history(ticket.id)) for ticket in sorted(engine.store.tickets(), key=lambda t: t.id)]


LONG_AND_SHORT = [
    pytest.param("Europe/Berlin", "2026-03-28T12:00", id="an-hour-less-in-berlin"),
    pytest.param("Europe/Berlin", "2026-10-24T12:00", id="an-hour-more-in-berlin"),
    pytest.param("America/New_York", "2026-03-07T12:00", id="an-hour-less-in-new-york"),
    pytest.param("America/New_York", "2026-10-31T12:00", id="an-hour-more-in-new-york"),
    pytest.param("Asia/Shanghai", "2028-02-27T12:00", id="a-leap-day"),
    pytest.param("Asia/Shanghai", "2026-12-30T12:00", id="a-year-without-calendar"),
]


@pytest.mark.parametrize(("zone", "start"), LONG_AND_SHORT)
@pytest.mark.parametrize("at", ["01:30", "02:30"])
def test_a_late_worker_leaves_the_same_histories_as_a_punctual_one(
    tmp_path: Path, zone: str, start: str, at: str
) -> None:
    histories = []
    for name, step in (("punctual", timedelta(minutes=30)), ("late", timedelta(days=30))):
        (tmp_path / name).mkdir()
        with watching(tmp_path / name, zone, start, at=at) as (engine, clock):
            begin(engine)
            histories.append(run_until(engine, clock, clock.time + timedelta(days=4), step))
    assert histories[0] == histories[1] and len(histories[0]) == 5


@pytest.mark.parametrize(("zone", "start"), LONG_AND_SHORT)
def test_each_clock_rings_once_and_exactly_when_it_is_due(tmp_path: Path, zone: str, start: str) -> None:
    with watching(tmp_path, zone, start) as (engine, clock):
        due = begin(engine)
        run_until(engine, clock, clock.time + timedelta(days=9), timedelta(days=2))
        rang = [(event.sla, event.at) for event in engine.history("w") if isinstance(event, Rang)]
        breaches = [(sla, at) for sla, at in rang if at == due[sla]]
        assert sorted(breaches) == sorted(due.items())
        assert due["elapsed"] == local(zone, start).astimezone(UTC) + timedelta(hours=24)
        assert due["evening"].astimezone(ZoneInfo(zone)).strftime("%H:%M") == "21:00"


def openings(engine: Engine) -> list[str]:
    """When the schedule opened tickets, in UTC."""
    return sorted(f"{ticket.opened_at:%m-%d %H:%M}" for ticket in engine.store.tickets() if ticket.id != "w")


@pytest.mark.parametrize(
    ("zone", "start", "expected"),
    [
        # 02:30 does not exist on the 29th: the clocks go from 02:00 to 03:00, and then it comes up.
        ("Europe/Berlin", "2026-03-28T00:00", ["03-28 01:30", "03-29 01:00", "03-30 00:30"]),
        # 02:30 comes twice on the 25th; the first one counts.
        ("Europe/Berlin", "2026-10-24T00:00", ["10-24 00:30", "10-25 00:30", "10-26 01:30"]),
        ("America/New_York", "2026-03-07T00:00", ["03-07 07:30", "03-08 07:00", "03-09 06:30"]),
        ("America/New_York", "2026-10-31T00:00", ["10-31 06:30", "11-01 07:30", "11-02 07:30"]),
    ],
)
def test_a_schedule_at_night_comes_up_once_on_each_day(
    tmp_path: Path, zone: str, start: str, expected: list[str]
) -> None:
    with watching(tmp_path, zone, start, at="02:30") as (engine, clock):
        run_until(engine, clock, clock.time + timedelta(days=3), timedelta(minutes=15))
        assert openings(engine) == expected


def test_open_hours_at_night_are_counted_by_the_hour_that_passes(tmp_path: Path) -> None:
    # Open from 01:00 to 04:00: three hours, but two in the night in which 02:00 to 03:00 is left out, and four in the
    # night in which it comes twice.
    for start, due in (("2026-03-28T12:00", "2026-03-31T02:00"), ("2026-10-24T12:00", "2026-10-26T03:00")):
        with watching(tmp_path, "Europe/Berlin", start) as (engine, _):
            assert begin(engine)["nights"] == local("Europe/Berlin", due)


def test_a_leap_day_is_a_day_like_any_other(tmp_path: Path) -> None:
    with watching(tmp_path, "Asia/Shanghai", "2028-02-28T12:00", at="00:00") as (engine, clock):
        due = begin(engine)
        run_until(engine, clock, clock.time + timedelta(days=2), timedelta(hours=1))
        assert openings(engine) == ["02-28 16:00", "02-29 16:00"]
    assert due["evening"] == local("Asia/Shanghai", "2028-02-29T21:00")
    assert due["office"] == local("Asia/Shanghai", "2028-03-01T17:00")


def test_where_the_calendar_of_a_year_is_not_known_yet_its_weeks_go_on(tmp_path: Path) -> None:
    # 1 January may turn out to be a holiday: until somebody publishes the calendar of 2027 it is a Friday.
    with watching(tmp_path, "Asia/Shanghai", "2026-12-30T12:00") as (engine, _):
        due = begin(engine)
        until = engine.rules("nights").calendars["office"].official_until
    assert due["office"] == local("Asia/Shanghai", "2027-01-01T17:00")
    assert until is not None and due["office"].date() > until


def test_record_numbers_begin_anew_when_the_year_ends_in_the_zone_of_the_rulebook(tmp_path: Path) -> None:
    with watching(tmp_path, "America/New_York", "2026-12-31T23:59") as (engine, clock):
        begin(engine, "old")
        clock.time = clock.time.astimezone(UTC) + timedelta(minutes=1)
        begin(engine, "new")
        numbers = [engine.ticket(ticket).fields["number"] for ticket in ("old", "new")]
    assert numbers == ["W-2026-1", "W-2027-1"]
