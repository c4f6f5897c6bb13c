"""Tickets that meet: sets, signals, batches, silent alarms, schedules and record numbers, through the runner."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernel.builders import at
from tests.runtime.school import alarms, fired, opened, opening_times, running, school

from dutyflow.errors import MisuseError
from dutyflow.kernel import events as ev
from dutyflow.kernel.commands import Open
from dutyflow.runtime.directory import RulebookDirectory
from dutyflow.runtime.local_runner import LocalRunner
from dutyflow.stores.memory import MemoryStore

NINE = at("03-02 09:00")
"""Monday morning, when both schedules come up."""


def minute(count: int) -> datetime:
    return NINE + timedelta(minutes=count)


# --- sets -------------------------------------------------------------------------------------------------------


def test_a_set_sees_tickets_of_its_workflow_states_and_fields_in_opening_order() -> None:
    runner = running()
    for count, major in enumerate(["math", "art", "math", "math", "art"]):
        opened(runner, f"z{5 - count}", "book", minute(count), major=major)
    fired(runner, "z5", "leave", minute(10))
    assert runner.ticket("z2").state == "offered", "the first of the queue, though its id comes before others"
    assert [ticket.state for ticket in runner.tickets()] == ["gone", "booked", "booked", "offered", "booked"]


def test_a_set_may_compare_its_tickets_with_the_one_that_asks() -> None:
    runner = running()
    for count, seen_on in enumerate(["2025-12-01", "2026-02-01", "2025-11-01"]):
        opened(runner, f"t{count}", "book", minute(count), seen_on=seen_on)
    fired(runner, "t0", "look", minute(5), as_of="2026-03-02")
    assert runner.ticket("t0").fields["level"] == 2
    fired(runner, "t1", "look", minute(6), as_of="2026-05-02")
    assert runner.ticket("t1").fields["level"] == 3


# --- signals ----------------------------------------------------------------------------------------------------


def test_a_signal_fires_on_the_ticket_that_a_field_names_as_the_system_in_the_same_step() -> None:
    runner = running()
    opened(runner, "a", "book", minute(0))
    opened(runner, "b", "book", minute(1))
    answer = fired(runner, "a", "tell", minute(2), other="b")
    assert [(happening.ticket, type(happening.what)) for happening in answer.happened] == [
        ("a", ev.Fired),
        ("b", ev.Fired),
    ]
    told = runner.history("b")[-1]
    assert isinstance(told, ev.Fired) and (told.actor, told.event, told.at) == ("system", "note", minute(2))
    assert runner.ticket("b").fields["topic"] == "told"


def test_a_signal_to_nobody_or_to_a_ticket_that_is_not_there_does_nothing() -> None:
    runner = running()
    opened(runner, "a", "book", minute(0))
    for other in ({}, {"other": "nowhere"}):
        answer = fired(runner, "a", "tell", minute(1), **other)
        assert answer.accepted and [happening.ticket for happening in answer.happened] == ["a"]


def test_a_refused_signal_is_kept_as_refused_and_the_event_goes_through_all_the_same() -> None:
    runner = running()
    opened(runner, "a", "book", minute(0))
    opened(runner, "b", "book", minute(1))
    fired(runner, "b", "leave", minute(2))
    assert fired(runner, "a", "tell", minute(3), other="b").accepted
    refused = [asked for asked in runner.audit() if asked.denial is not None]
    assert [(asked.ticket, asked.actor, asked.event, asked.denial and asked.denial.code) for asked in refused] == [
        ("b", "system", "note", "state")
    ]


def test_a_signal_to_a_set_leaves_the_sender_out_and_hands_over_what_it_sees() -> None:
    runner = running()
    for count in range(4):
        opened(runner, f"t{count}", "book", minute(count))
    opened(runner, "art", "book", minute(4), major="art")
    fired(runner, "t1", "tell_all", minute(5))
    assert [ticket.fields.get("level") for ticket in runner.tickets()] == [4, None, 4, 4, None]
    fired(runner, "art", "tell_all", minute(6))
    assert runner.ticket("art").fields.get("level") is None, "its `when` does not hold"


# --- batches ----------------------------------------------------------------------------------------------------


def given_to(runner: LocalRunner) -> dict[str, str | None]:
    calls = [ticket for ticket in runner.tickets() if ticket.workflow == "call"]
    return {ticket.fields["topic"]: ticket.fields.get("member") for ticket in calls}


def test_a_batch_gives_each_item_to_whoever_has_least_then_is_most_skilled_then_comes_first() -> None:
    runner = running()
    opened(runner, "r", "begin", minute(0), "C1", people=list("abcdefg"))
    assert given_to(runner) == dict(zip("abcdefg", ["A2", "A3", "A1", "A2", "A3", "A1", "A2"], strict=True))
    fired(runner, "r.2", "finish", minute(1))
    opened(runner, "r2", "begin", minute(2), "C1", people=["h", "i", "j"])
    assert [given_to(runner)[item] for item in "hij"] == ["A3", "A3", "A1"]


def test_a_batch_passes_over_who_is_away_or_not_skilled_enough() -> None:
    runner = running()
    opened(runner, "r", "begin", at("03-09 10:00"), "C1", people=["a"])
    fired(runner, "r", "skilled", at("03-09 10:01"), "C1", people=["b", "c"])
    assert given_to(runner) == {"a": "A2", "b": "A2", "c": "A2"}


@given(people=st.permutations(list("abcdefgh")))
@settings(max_examples=30, deadline=None)
def test_the_order_of_a_list_decides_neither_who_gets_what_nor_the_order_of_the_children(people: list[str]) -> None:
    runner, sorted_one = running(), running()
    opened(runner, "r", "begin", minute(0), "C1", people=people)
    opened(sorted_one, "r", "begin", minute(0), "C1", people=sorted(people))
    assert given_to(runner) == given_to(sorted_one)
    assert [(t.id, t.fields["number"]) for t in runner.tickets()[1:]] == [(f"r.{n}", f"C{n}") for n in range(1, 9)]


@given(people=st.lists(st.text("abcdef", min_size=1, max_size=3), min_size=1, max_size=12, unique=True))
@settings(max_examples=40, deadline=None)
def test_a_batch_is_shared_out_evenly(people: list[str]) -> None:
    runner = running()
    assert opened(runner, "r", "begin", minute(0), "C1", people=people).accepted is ("bad" not in people)
    counts = Counter(given_to(runner).values())
    shares = [counts[member] for member in ("A1", "A2", "A3")]
    assert sum(shares) == len(given_to(runner)) and max(shares) - min(shares) <= 1


def test_a_child_that_is_refused_takes_the_whole_batch_back() -> None:
    runner = running()
    refused = opened(runner, "r", "begin", minute(0), "C1", people=["a", "bad", "c"])
    assert refused.denial is not None and refused.denial.code == "guard"
    assert runner.tickets() == ()
    opened(runner, "r", "begin", minute(1), "C1", people=["a"])
    assert runner.ticket("r.1").fields["number"] == "C1"


# --- silent alarms ----------------------------------------------------------------------------------------------


def dutiful(booked: int) -> LocalRunner:
    """A duty due at noon while so many seats are booked, after the afternoon has begun."""
    runner = running()
    for count in range(booked):
        opened(runner, f"t{count}", "book", minute(count))
    opened(runner, "d", "plan", minute(10), due_at=at("03-02 12:00"))
    runner.run_due(at("03-02 14:00"))
    return runner


def test_an_alarm_rings_with_the_tickets_it_speaks_of_where_its_unless_does_not_hold() -> None:
    runner = dutiful(0)
    noon, warned = at("03-02 12:00"), at("03-02 11:00")
    assert alarms(runner, "d") == [("warning", warned), ("breach", noon), ("escalation", at("03-02 13:00"))]
    listed = [event for event in runner.history("d") if isinstance(event, ev.Listed)]
    assert [(event.kind, event.tickets) for event in listed] == [("warning", ()), ("breach", ())]


def test_a_warning_whose_unless_holds_is_silent_once_and_for_all() -> None:
    runner = dutiful(1)
    assert alarms(runner, "d") == [
        ("breach", at("03-02 12:00")),
        ("escalation", at("03-02 13:00")),
        ("silent warning", at("03-02 11:00")),
    ]
    listed = [event.tickets for event in runner.history("d") if isinstance(event, ev.Listed)]
    assert listed == [("t0",)]
    assert all(notice.notice.to.role == "chief" for notice in runner.outbox())


def test_a_breach_whose_unless_holds_is_met_at_its_moment_and_nothing_escalates() -> None:
    runner = dutiful(2)
    assert alarms(runner, "d") == [("silent warning", at("03-02 11:00"))]
    (run,) = runner.ticket("d").past_clocks
    assert (run.status, run.late, run.ended_at) == ("met", False, at("03-02 12:00"))
    assert runner.outbox() == () and runner.next_due_at() is None


def test_unless_is_asked_when_the_alarm_is_due_not_before() -> None:
    runner = running()
    opened(runner, "d", "plan", minute(0), due_at=at("03-02 12:00"))
    opened(runner, "t", "book", at("03-02 11:00"))
    runner.run_due(at("03-02 11:30"))
    assert alarms(runner, "d") == [("silent warning", at("03-02 11:00"))]
    fired(runner, "t", "leave", at("03-02 11:40"))
    runner.run_due(at("03-02 12:00"))
    assert ("breach", at("03-02 12:00")) in alarms(runner, "d")


# --- schedules --------------------------------------------------------------------------------------------------

DAILY = ("A1", "A2", "A3")


def test_a_schedule_opens_one_ticket_for_each_member_on_duty_on_each_of_its_days() -> None:
    runner = running("daily")
    runner.run_due(at("03-01 12:00"))
    runner.run_due(at("03-09 23:00"))
    days = [at(f"03-0{day} 09:00") for day in (2, 3, 5, 6)]
    expected = [(day, f"daily@{day:%Y-%m-%d}.{member}") for day in days for member in DAILY]
    monday = at("03-09 09:00")
    assert opening_times(runner) == [*expected, (monday, "daily@2026-03-09.A1"), (monday, "daily@2026-03-09.A2")]
    opening = runner.history("daily@2026-03-02.A2")[1]
    assert isinstance(opening, ev.Fired) and (opening.actor, opening.event) == ("system", "plan")
    assert runner.ticket("daily@2026-03-02.A2").fields["member"] == "A2"


@given(cuts=st.lists(st.integers(0, 10 * 1440), max_size=12), inclusive=st.booleans())
@settings(max_examples=40, deadline=None)
def test_each_occurrence_comes_up_exactly_once_however_time_is_cut(cuts: list[int], inclusive: bool) -> None:
    start = at("03-01 09:00")
    whole, cut = running("weekly", "daily"), running("weekly", "daily")
    for runner in (whole, cut):
        runner.run_due(start)
    for point in sorted(cuts):
        cut.run_due(start + timedelta(minutes=point), inclusive=inclusive)
    for runner in (whole, cut):
        runner.run_due(start + timedelta(days=10))
    assert opening_times(cut) == opening_times(whole)
    assert [cut.history(ticket.id) for ticket in cut.tickets()] == [whole.history(t.id) for t in whole.tickets()]


def test_at_one_instant_commands_come_first_then_schedules_in_file_order_then_timers() -> None:
    runner = running("daily", "weekly")
    runner.run_due(at("03-02 08:00"))
    opened(runner, "d", "plan", at("03-02 08:30"), due_at=NINE)
    opened(runner, "a", "book", NINE)
    happened = runner.run_due(NINE)
    first = [h.ticket for h in happened if isinstance(h.what, ev.Opened | ev.Rang)]
    assert first == ["weekly@2026-03-02", *(f"daily@2026-03-02.{member}" for member in DAILY), "d"]
    assert [ticket.id for ticket in runner.tickets()][:2] == ["d", "a"]


def test_a_schedule_starts_with_the_runner_and_what_lies_before_is_not_made_up_for() -> None:
    runner = running("weekly")
    opened(runner, "a", "book", at("03-02 09:01"))
    assert runner.next_due_at() == at("03-09 09:00")
    at_the_minute = running("weekly")
    opened(at_the_minute, "a", "book", NINE)
    assert at_the_minute.next_due_at() == NINE
    at_the_minute.run_due(NINE)
    assert opening_times(at_the_minute) == [(NINE, "weekly@2026-03-02")]


def test_only_the_schedules_that_are_named_run() -> None:
    runner = running()
    runner.run_due(at("03-02 08:00"))
    runner.run_due(at("03-20 08:00"))
    assert runner.tickets() == () and runner.next_due_at() is None


def test_a_runner_that_starts_again_at_the_very_moment_opens_nothing_twice() -> None:
    rules, store = school(), MemoryStore()
    directory = RulebookDirectory(rules.organisation)
    for _ in range(2):
        runner = LocalRunner(rules, store, directory, schedules=["weekly", "daily"])
        runner.run_due(NINE)
    assert len(runner.tickets()) == 4
    assert not [asked for asked in runner.audit() if asked.denial is not None]


# --- record numbers ---------------------------------------------------------------------------------------------


def numbers(runner: LocalRunner) -> list[str]:
    return [ticket.fields["number"] for ticket in runner.tickets() if "number" in ticket.fields]


def test_a_refused_opening_takes_no_number() -> None:
    runner = running()
    opened(runner, "a", "book", minute(0))
    assert not opened(runner, "b", "book", minute(1), topic="no").accepted
    assert not opened(runner, "b", "book", minute(2), "C1").accepted
    opened(runner, "b", "book", minute(3))
    assert numbers(runner) == ["S-2026-001", "S-2026-002"]


def test_an_opening_that_is_redirected_to_another_ticket_takes_no_number() -> None:
    runner = running()
    opened(runner, "a", "report", minute(0), topic="lift")
    assert opened(runner, "b", "report", minute(1), topic="lift").ticket == "a"
    opened(runner, "c", "report", minute(2), topic="door")
    assert numbers(runner) == ["R1", "R2"]


def test_each_year_and_each_workflow_counts_for_itself() -> None:
    runner = running()
    opened(runner, "a", "book", datetime.fromisoformat("2026-12-31T23:59+08:00"))
    opened(runner, "r", "begin", datetime.fromisoformat("2026-12-31T23:59+08:00"), "C1", people=["x", "y"])
    opened(runner, "b", "book", datetime.fromisoformat("2027-01-01T00:00+08:00"))
    assert numbers(runner) == ["S-2026-001", "C1", "C2", "S-2027-001"]


def test_nobody_brings_a_number_of_their_own() -> None:
    runner = running()
    refused = opened(runner, "a", "book", minute(0), number="S-2026-999")
    assert refused.denial is not None and refused.denial.code == "input"


def test_the_id_of_a_ticket_is_given_once_only() -> None:
    runner = running()
    opened(runner, "a", "book", minute(0))
    with pytest.raises(MisuseError):
        runner.submit(Open(ticket="a", workflow="seat", event="book", actor="A1"), at=minute(1))
