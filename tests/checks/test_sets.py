"""Sets, signals and schedules: what nobody asks, what nobody takes, and what is no mistake."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.load import Loaded

Check = Callable[..., Findings]
CLOSE = "close: {from: received, to: closed, by: agent}"
NOTE = "\n      note: {from: received, by: [agent, system], optional: [amount]}"
SET = "sets: {waiting: {of: complaint, states: %s}}\n"


def with_signal(signal: str, states: str = "received", note: str = NOTE) -> tuple[tuple[str, str], str]:
    """The base in which closing a ticket signals others."""
    return (CLOSE, CLOSE.replace("agent}", f"agent, signal: {signal}}}") + note), SET % states


@pytest.mark.parametrize("states", ["received", "open", "any", "[received, closed]"])
def test_a_signal_that_some_ticket_of_the_set_takes_is_fine(check: Check, states: str) -> None:
    change, more = with_signal("{set: waiting, first: 1, do: note}", states)
    assert check(change, more=more).codes() == []


def test_a_signal_to_states_that_do_not_offer_the_event_is_reported(check: Check) -> None:
    change, more = with_signal("{set: waiting, do: note}", "closed")
    assert check(change, more=more).codes() == ["DF313"]


def test_a_signal_to_an_event_that_the_system_may_not_do_is_reported(check: Check) -> None:
    change, more = with_signal("{set: waiting, do: note}", note=NOTE.replace("[agent, system]", "agent"))
    assert check(change, more=more).codes() == ["DF313"]


def test_a_signal_to_an_automatic_event_is_reported(check: Check) -> None:
    note = "\n      note: {from: received, after: 3d, to: closed}"
    change, more = with_signal("{set: waiting, do: note}", note=note)
    assert check(change, more=more).codes() == ["DF313"]


def test_a_set_that_nobody_asks_is_mentioned(check: Check) -> None:
    assert check(more=SET % "received").codes() == ["DF314"]


@pytest.mark.parametrize(
    "change",
    [
        (CLOSE, CLOSE.replace("agent}", 'agent, guard: "size(waiting) > 1"}')),
        ("breach: {escalate: supervisor}", "breach: {escalate: supervisor, names: waiting}"),
        ("stop: {left: received}", 'stop: {left: received}\n    warn: {on: "50%", names: waiting}'),
    ],
)
def test_a_set_is_asked_by_conditions_and_alarms(check: Check, change: tuple[str, str]) -> None:
    assert check(change, more=SET % "received").codes() == []


def test_a_set_is_asked_by_a_schedule(check: Check) -> None:
    opened = "for_each: {set: waiting}, open: {workflow: complaint, event: plan}"
    schedule = f"schedules: {{weekly: {{on: {{weekday: mon}}, {opened}}}}}\n"
    plan = (CLOSE, CLOSE + "\n      plan: {opens: true, by: system}")
    assert check(plan, more=SET % "received" + schedule).codes() == []


def test_an_opening_event_for_schedules_alone_needs_nobody_to_do_it(check: Check) -> None:
    schedule = "schedules: {weekly: {on: workday, open: {workflow: complaint, event: register}}}\n"
    assert check(("{opens: true, by: agent,", "{opens: true, by: system,"), more=schedule).codes() == []


def test_a_timer_that_only_signals_has_an_effect(check: Check) -> None:
    change, more = with_signal("{set: waiting, do: note}")
    timer = (
        "close: {from: received",
        "tell: {from: received, after: 3d, signal: {set: waiting, do: note}}\n      close: {from: received",
    )
    assert check(change, timer, more=more).codes() == []


def test_a_number_is_filled_by_the_system(check: Check) -> None:
    number = ("    initial: received", '    initial: received\n    number: "KF-{year}-{n:04}"')
    asked = (
        CLOSE,
        CLOSE + "\n      expire: {from: received, auto: true, when: \"contains(number, 'KF-2020')\", to: closed}",
    )
    assert check(number, asked).codes() == []


def test_opening_tickets_for_each_item_of_a_list_is_no_circle(check: Check) -> None:
    spawn = (
        "register: {opens: true, by: agent, spawn: {workflow: complaint, event: register, for_each: list_of(waiting)},"
    )
    found = check(("register: {opens: true, by: agent,", spawn), more=SET % "received")
    assert "DF311" not in found.codes()


def test_what_is_signalled_must_take_the_data(load: Callable[..., Loaded]) -> None:
    change, more = with_signal("{set: waiting, do: note, with: {satisfied: true}}")
    with pytest.raises(AssertionError, match="DF218"):
        load(change, more=more)
