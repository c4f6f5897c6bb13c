"""SLAs: every form of a trigger, a length of time, a warning, a breach, a pause and a move."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest
from tests.rulebook.books import codes, rules

from dutyflow.kernel import rules as kr
from dutyflow.kernel.calendars import ALWAYS

DEFAULTS = {"defaults.warn": {"hours": "75%", "days": "09:00 of due day", "instant": "-30m", "not_under": "10m"}}
OWNER = (kr.Recipient(kind="owner"),)


def sla(**keys: Any) -> kr.Sla:
    return sla_with({}, **keys)


def sla_with(changes: dict[str, Any], **keys: Any) -> kr.Sla:
    book = {**changes, **{f"slas.react.{key}": value for key, value in keys.items()}}
    return rules(book).workflows["job"].slas["react"]


def sla_codes(**keys: Any) -> list[str]:
    return codes({f"slas.react.{key}": value for key, value in keys.items()})


# --- triggers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["start", "stop", "cancel"])
@pytest.mark.parametrize(
    ("trigger", "kind", "names"),
    [
        ({"entered": "new"}, "entered", {"new"}),
        ({"entered": ["new", "doing"]}, "entered", {"new", "doing"}),
        ({"left": "new"}, "left", {"new"}),
        ({"event": "take"}, "event", {"take"}),
        ({"event": ["take", "finish"]}, "event", {"take", "finish"}),
        ({"breached": "react"}, "breached", {"react"}),
    ],
)
def test_a_clock_is_moved_by_states_events_and_breaches(key: str, trigger: Any, kind: str, names: set[str]) -> None:
    found = sla(**{key: trigger})
    (read,) = {"start": found.starts, "stop": found.stops, "cancel": found.cancels}[key]
    assert (read.kind, set(read.names), read.condition is None) == (kind, names, True)


def test_a_trigger_may_have_a_condition_and_a_start_its_own_beginning() -> None:
    (start,) = sla(start={"entered": "new", "if": {"n": "> 1"}, "at": "met_at"}).starts
    assert start.condition is not None and start.condition.reads == {"n"}
    assert start.anchor is not None and start.anchor.text == "met_at"


def test_a_clock_may_start_when_something_becomes_true() -> None:
    (start,) = sla(start={"when": "amount > 500"}).starts
    assert start.kind == "when" and start.condition is not None and start.condition.reads == {"amount"}


def test_any_of_several_triggers_will_do() -> None:
    assert [t.kind for t in sla(stop=[{"left": "new"}, {"event": "finish"}]).stops] == ["left", "event"]


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({"on": "jbo"}, "DF209"),
        ({"start": {"entered": "nwe"}}, "DF201"),
        ({"start": {"event": "tkae"}}, "DF202"),
        ({"start": {"breached": "raect"}}, "DF208"),
        ({"start": {"entered": "new", "at": "n"}}, "DF229"),
        ({"start": {"when": "n > 1", "if": "n < 5"}}, "DF117"),
        ({"start": {"entered": "new", "left": "new"}}, "DF117"),
        ({"within": "2 hours"}, "DF110"),
        ({"within": "2bh@dsek"}, "DF207"),
        ({"within": [{"when": "m > 1", "is": "1h"}, {"otherwise": True, "is": "2h"}]}, "DF221"),
        ({"warn": "-2bd"}, "DF114"),
        ({"warn": "-30m@desk"}, "DF114"),
        ({"warn": "soon"}, "DF114"),
        ({"warn": {"at": "n"}}, "DF229"),
        ({"warn": {"on": "75%", "to": "nobody"}}, "DF203"),
        ({"breach": {"escalate": "nobody"}}, "DF203"),
        ({"breach": {"escalate": {"field": "m"}}}, "DF205"),
        ({"breach": {"escalate": {"field": "amount"}}}, "DF263"),
        ({"breach": [{"escalate": "chief"}, {"after": "soon", "escalate": "chief"}]}, "DF110"),
        ({"pause": [{"states": ["nwe"], "reason": "x"}]}, "DF201"),
        ({"moved_by": [{"event": "tkae", "due": "met_at"}]}, "DF202"),
        ({"moved_by": [{"event": "take", "due": "n"}]}, "DF229"),
        ({"retarget": {"keep_consumed": True, "min_remaining": "30"}}, "DF110"),
        ({"reopen": "once"}, "DF104"),
    ],
)
def test_a_mistake_in_a_time_limit_is_one_finding(keys: Any, code: str) -> None:
    assert sla_codes(**keys) == [code]


# --- how long ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("within", "text", "calendar", "measure"),
    [
        ("24h", "24h", "office", None),
        ("2bh", "2bh", "office", "office"),
        ("4bh@desk", "4bh@desk", "desk", "desk"),
        ("2bd", "2bd", "office", "office"),
        ("3d@21:00", "3d@21:00", "office", None),
        ({"for": "3d", "calendar": "desk", "until": "21:00"}, "3d@desk@21:00", "desk", None),
    ],
)
def test_a_length_of_time_has_its_calendar(within: Any, text: str, calendar: str, measure: str | None) -> None:
    (target,) = sla(within=within).targets
    calendars = rules().calendars
    assert target.within is not None and target.within.text == text
    assert target.calendar == calendars[calendar]
    assert target.measure == (calendars[measure] if measure else ALWAYS)


def test_the_length_may_depend_on_the_ticket() -> None:
    first, last = sla(within=[{"when": "n > 3", "is": "30m"}, {"otherwise": True, "is": "4bh@desk"}]).targets
    assert first.when is not None and first.when.reads == {"n"} and last.when is None
    assert [t.within.text for t in (first, last) if t.within] == ["30m", "4bh@desk"]


def test_a_due_time_takes_the_place_of_a_length() -> None:
    (target,) = sla(within=..., due="met_at").targets
    assert target.within is None and target.due is not None and target.due.reads == {"met_at"}


# --- warnings ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "warnings"),
    [
        ({"within": "2h"}, ["75%"]),
        ({"within": "2bh"}, ["75%"]),
        ({"within": "10m"}, []),
        ({"within": "11m"}, ["75%"]),
        ({"within": "2bd"}, ["09:00 of due day"]),
        ({"within": "1mo"}, ["09:00 of due day"]),
        ({"within": "same_day"}, ["09:00 of due day"]),
        ({"within": ..., "due": "met_at"}, ["-30m"]),
        ({"within": "2h", "warn": "none"}, []),
        ({"within": "2h", "warn": "-10m"}, ["-10m"]),
    ],
)
def test_a_clock_that_declares_no_warning_has_the_default_of_its_kind(keys: Any, warnings: list[str]) -> None:
    (target,) = sla_with(DEFAULTS, **keys).targets
    assert [alarm.text for alarm in target.warnings] == warnings


def test_without_defaults_there_is_no_warning() -> None:
    assert sla().targets[0].warnings == ()


def test_warnings_are_a_share_a_span_a_time_of_day_or_an_instant() -> None:
    declared = ["50%", "-30m", "09:00 of due day", {"at": "met_at"}, {"on": "75%", "to": ["chief", "owner"]}]
    share, span, day, instant, told = sla(warn=declared).targets[0].warnings
    assert (share.share, share.level, share.to) == (50, 1, OWNER)
    assert span.before is not None and span.before.seconds == 1800
    assert day.day_time == time(9)
    assert instant.at is not None and instant.at.text == "met_at"
    assert told.level == 5 and told.to == (kr.Recipient(kind="role", name="chief"), *OWNER)


# --- breaches ---------------------------------------------------------------------------------------------------


def told(alarm: kr.Alarm | None) -> list[str]:
    return [recipient.name or recipient.kind for recipient in alarm.to] if alarm else []


@pytest.mark.parametrize(
    ("declared", "at_due", "later"),
    [
        (..., [], []),
        ({"escalate": "chief"}, ["chief"], []),
        ({"escalate": ["chief", "head_of_owner"]}, ["chief", "head_of_owner"], []),
        ({"escalate": {"field": "who"}}, ["who"], []),
        (
            [
                {"escalate": "owner"},
                {"after": "4h", "escalate": "superior_of_owner"},
                {"after": "1bd", "escalate": "chief"},
            ],
            ["owner"],
            [("+4h", 1, ["superior_of_owner"]), ("+1bd", 2, ["chief"])],
        ),
        ([{"escalate": "agent"}, {"escalate": "chief"}, {"escalate": "agent"}], ["agent", "chief"], []),
        ([{"after": "4h", "escalate": "chief"}], [], [("+4h", 1, ["chief"])]),
    ],
)
def test_a_breach_is_raised_at_once_and_told_level_by_level(declared: Any, at_due: list[str], later: Any) -> None:
    found = sla(breach=declared)
    assert found.breach is not None and found.breach.kind == "breach"
    assert told(found.breach) == at_due
    assert [(alarm.text, alarm.level, told(alarm)) for alarm in found.escalations] == later


# --- pauses, moves, policies ------------------------------------------------------------------------------------


def test_pauses_name_states_or_a_condition_and_their_reason() -> None:
    first, second = sla(
        pause=[{"states": ["doing"], "reason": {"zh": "等", "en": "waiting"}}, {"when": "n > 1", "reason": "x"}]
    ).pauses
    assert first.states == {"doing"} and first.condition is None
    assert first.reason == {"zh": "等", "en": "waiting"}
    assert second.states == frozenset() and second.condition is not None


def test_an_appointment_moves_the_due_time_and_has_only_the_warnings_it_declares() -> None:
    agreed = {"event": "take", "due": "met_at + 30m"}
    moved = {"event": ["finish"], "when": "n > 1", "due": "met_at", "warn": "-1h"}
    moves = sla_with(DEFAULTS, moved_by=[agreed, moved]).moves
    assert [(set(move.events), len(move.warnings), move.when is None) for move in moves] == [
        ({"take"}, 0, True),
        ({"finish"}, 1, False),
    ]


@pytest.mark.parametrize("reopen", ["new_cycle", "resume", "total", "ignore"])
@pytest.mark.parametrize("running", ["keep", "restart", "add"])
def test_starting_again_is_a_matter_of_policy(reopen: str, running: str) -> None:
    found = sla(reopen=reopen, if_running=running)
    assert (found.reopen, found.if_running) == (reopen, running)


@pytest.mark.parametrize(
    ("declared", "policy", "at_least"),
    [
        (None, "keep_consumed", None),
        ("restart", "restart", None),
        ("keep_old", "keep_old", None),
        ({"keep_consumed": True, "min_remaining": "30m"}, "keep_consumed", "30m"),
    ],
)
def test_another_target_for_a_running_clock_is_a_matter_of_policy(
    declared: Any, policy: str, at_least: str | None
) -> None:
    found = sla(**({"retarget": declared} if declared else {}))
    rest = found.min_remaining[0].text if found.min_remaining else None
    assert (found.retarget, rest) == (policy, at_least)
    assert (found.reopen, found.if_running) == ("new_cycle", "keep")
