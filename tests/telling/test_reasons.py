"""Why a deadline is what it is: what began it, what it counts, what stood in between, and who hears of it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from dutyflow.kernel.effects import Addressee
from dutyflow.kernel.rules import Rules
from dutyflow.lab.script import play_step, read_lines
from dutyflow.lab.simulation import Simulation
from dutyflow.resources import workflows_dir
from dutyflow.rulebook.load import load_rulebook
from dutyflow.telling.moments import Anchor
from dutyflow.telling.reasons import Cause, ClockReason, clock_reasons, places_of

ZONE = ZoneInfo("Asia/Shanghai")
REGISTER = (
    '2026-03-06 19:10 A1 register customer_name=王 phone=1 content=x first_contact_at="2026-03-06 19:05"',
    "19:30 S1 assign kind=维修",
)


@pytest.fixture(scope="module")
def rules() -> Rules:
    return load_rulebook(workflows_dir() / "_template").require_rules()


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE)


def reasons(rules: Rules, *lines: str, until: str) -> dict[str, ClockReason]:
    simulation = Simulation(rules, workflow="request")
    for step in read_lines([*REGISTER, *lines], Anchor(ZONE)):
        play_step(step, simulation)
    simulation.advance(at(until))
    ticket, runner = simulation.ticket(), simulation.runner
    found = clock_reasons(rules, ticket, runner.history(ticket.id), at(until), runner.facts())
    return {reason.run.sla: reason for reason in found}


def test_what_is_due_first_comes_first(rules: Rules) -> None:
    assert list(reasons(rules, until="03-06 20:00")) == ["handle", "result"]


def test_a_clock_knows_what_began_it_and_its_line(rules: Rules) -> None:
    handle = reasons(rules, until="03-06 20:00")["handle"]
    assert handle.begun == Cause(at=at("03-06 19:30"), event="assign", actor="S1")
    assert handle.within is not None and handle.within.text == "2bd"
    assert handle.source.endswith("sla.yaml:28:13")
    assert (handle.anchor, handle.consumed, handle.run.seconds) == (None, 0, 16 * 3600)


def test_counting_may_begin_before_anybody_noticed(rules: Rules) -> None:
    result = reasons(rules, until="03-06 20:00")["result"]
    assert result.anchor == "first_contact_at"
    assert result.run.anchor_at == at("03-06 19:05") < result.run.started_at


def test_a_pause_has_its_reason_and_is_not_consumed(rules: Rules) -> None:
    lines = ("03-09 10:00 R1 ask_customer question=x", "15:00 A1 answered answer=y")
    handle = reasons(rules, *lines, until="03-09 16:00")["handle"]
    (pause,) = handle.pauses
    assert (pause.start, pause.end) == (at("03-09 10:00"), at("03-09 15:00"))
    assert pause.reason["en"] == "waiting for the customer"
    assert handle.consumed == 2 * 3600


def test_a_clock_that_stands_still_has_no_alarm_ahead(rules: Rules) -> None:
    handle = reasons(rules, "03-09 10:00 R1 ask_customer question=x", until="03-09 16:00")["handle"]
    assert handle.pauses[-1].end is None and handle.run.due_at is None
    assert handle.ahead == ()


def test_alarms_ahead_go_to_those_who_would_hear_them_now(rules: Rules) -> None:
    handle = reasons(rules, until="03-06 20:00")["handle"]
    assert [alarm.kind for alarm in handle.ahead] == ["warning", "breach", "escalation"]
    assert handle.ahead[0].to == (Addressee(role="repair_lead", members=("R1",)),)


def test_what_is_overdue_says_by_how_much(rules: Rules) -> None:
    handle = reasons(rules, until="03-11 10:00")["handle"]
    assert handle.overrun == 3600 and handle.run.breached_at == at("03-10 18:00")


def test_an_event_knows_its_states_and_whether_people_ask_for_it(rules: Rules) -> None:
    places = places_of(rules, "request", "answered")
    assert list(places.states) == ["waiting"] and not places.by_itself
    assert places_of(rules, "request", "nothing").states == {}
