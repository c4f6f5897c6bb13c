"""What can be reached: compared with following every way by hand, on random life cycles."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dutyflow.checks import Book, Part
from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.load import Loaded

Load = Callable[..., Loaded]
Check = Callable[..., Findings]
STATES = "abcde"
Ways = list[tuple[str, str]]
LIFE_CYCLE = (
    "    initial: received\n    states:\n      received: {owner: agent}\n      closed: {final: true}\n    events:\n"
)
START_AND_STOP = "start: {entered: received}\n    stop: {left: received}"
OLD_EVENTS = "      close: {from: received, to: closed, by: agent}\n"


def life_cycle(ways: Ways) -> list[tuple[str, str]]:
    """The base with the states a to e, of which e is final, and an event for each way."""
    states = "".join(f"      {name}: {{owner: agent{', final: true' if name == 'e' else ''}}}\n" for name in STATES)
    events = "".join(f"      go_{n}: {{from: {a}, to: {b}, by: agent}}\n" for n, (a, b) in enumerate(ways))
    return [
        (LIFE_CYCLE, f"    initial: a\n    states:\n{states}    events:\n"),
        (OLD_EVENTS, events),
        (START_AND_STOP, "start: {entered: a}\n    stop: {left: a}"),
    ]


def reached_from(start: str, ways: Ways) -> set[str]:
    found = {start}
    while True:
        more = {b for a, b in ways if a in found} - found
        if not more:
            return found
        found |= more


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(STATES)), max_size=8, unique=True))
def test_states_are_reported_exactly_when_following_the_ways_says_so(load: Load, check: Check, ways: Ways) -> None:
    found = check(*life_cycle(ways))
    reached = reached_from("a", ways)
    dead = {name for name in reached - {"e"} if not any(a == name != b for a, b in ways)}
    stuck = {name for name in reached if not reached_from(name, ways) & (dead | {"e"})}
    reported = {dict(f.values)["state"] for f in found if f.code == "DF301"}
    assert reported == set(STATES) - reached
    assert {dict(f.values)["state"] for f in found if f.code == "DF302"} == dead
    assert ("DF303" in found.codes()) == bool(stuck)


def test_the_shortest_way_in_is_told_like_a_story(load: Load) -> None:
    loaded = load(*life_cycle([("a", "b"), ("b", "c"), ("a", "c"), ("c", "e"), ("b", "d"), ("d", "e")]))
    assert loaded.rules is not None
    graph = Part(Book(loaded, loaded.rules), loaded.rules.workflows["complaint"]).graph
    assert graph.shortest_way_in("d") == "new -register-> a -go_0-> b -go_4-> d"


def test_a_composite_state_that_is_resumed_may_be_entered_anywhere(check: Check) -> None:
    states = (
        "      received: {owner: agent}\n",
        "      held: {owner: agent, kind: wait_customer}\n"
        "      work:\n"
        "        initial: received\n"
        "        states: {received: {owner: agent}, second: {owner: agent, kind: wait_customer}}\n",
    )
    events = (
        OLD_EVENTS,
        "      on: {from: received, to: second, by: agent}\n"
        "      hold: {from: work, to: held, by: agent}\n"
        "      back: {from: held, to: {resume: work, otherwise: received}, by: agent}\n"
        "      close: {from: second, to: closed, by: agent}\n",
    )
    assert check(states, events, ("initial: received", "initial: work")).codes() == []


@pytest.mark.parametrize(
    ("start", "stop", "codes"),
    [
        ("{entered: received}", "{left: received}", []),
        ("{event: register}", "{event: close}", []),
        ("{event: register}", "{entered: closed}", []),
        ("{event: register}", "{when: satisfied}", []),
        ("{when: satisfied}", "{event: close}", []),
        ("{left: received}", "{event: close}", ["DF401", "DF407"]),
        ("{entered: received}", "{event: register}", ["DF406"]),
    ],
)
def test_a_clock_that_can_start_and_stop_is_left_alone(check: Check, start: str, stop: str, codes: list[str]) -> None:
    assert check((START_AND_STOP, f"start: {start}\n    stop: {stop}")).codes() == codes


def test_a_clock_that_starts_with_the_breach_of_another_runs_where_that_one_does(check: Check) -> None:
    second = (
        "  second: {on: complaint, within: 1bd, breach: {escalate: supervisor}, "
        "start: {breached: handle}, stop: {event: close}}\n"
    )
    assert check(more=second).codes() == []
    assert check(more=second.replace("stop: {event: close}", "stop: {event: register}")).codes() == ["DF406"]
