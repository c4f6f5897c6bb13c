"""Scenarios are compared exactly; every difference is told with its place."""

from pathlib import Path

import pytest
from tests.kernel.builders import at
from tests.lab.rulebooks import ACCEPT, REGISTER, load, played, read, scenario

from dutyflow.lab.trial import ScenarioResult, play_all

ALERTS = """expect:
  state: received
  alerts:
    - {at: 10:30, clock: judge, kind: warning, to: supervisor}
    - {at: 11:00, clock: judge, kind: breach, to: [manager]}
    - {at: 12:00, clock: judge, kind: escalation, to: {role: manager, members: [M1]}}"""


def more(text: str) -> list[str]:
    return text.splitlines()


def told(result: ScenarioResult, folder: Path, lang: str = "en") -> list[str]:
    rules = load(folder).require_rules()
    return [line for mismatch in result.mismatches for line in mismatch.lines(rules, lang)]


def test_a_scenario_that_goes_as_expected_passes(tmp_path: Path) -> None:
    steps = [
        REGISTER[:-1]
        + ', expect: {state: received, owner: supervisor, clocks: {judge: {due: "11:00", warn: "10:30"}}}}',
        '{at: "10:00", by: A1, do: accept, denied: role}',
        '{at: "10:00", by: S1, do: accept, denied: {code: evidence, missing: [statement]}}',
        ACCEPT[:-1] + ", expect: {clocks: {judge: {status: met, ended: 03-02 10:00}, investigate: {status: running}}}}",
        '{at: "10:30", by: A1, do: call, expect: {fields: {calls: 2}}}',
        '{at: "11:00", by: A1, do: settle, expect: {outcome: upheld, clocks: {investigate: {status: met}}}}',
    ]
    result = played(tmp_path, steps, "expect: {alerts: []}")
    assert result.passed, told(result, tmp_path)
    assert result.simulated == at("03-02 11:00") - at("03-02 09:00")


def test_a_list_of_alerts_is_complete(tmp_path: Path) -> None:
    assert played(tmp_path, [REGISTER], 'until: "12:00"', *more(ALERTS)).passed
    silent = played(tmp_path, [REGISTER], 'until: "10:45"', "expect: {alerts: []}")
    assert [mismatch.what.key for mismatch in silent.mismatches] == ["compare.alert_extra"]
    assert silent.mismatches[0].place.line == 8


def test_a_missing_alert_and_one_that_differs_are_told_apart(tmp_path: Path) -> None:
    late = ALERTS.replace("10:30", "10:31").replace("[manager]", "supervisor")
    result = played(tmp_path, [REGISTER], 'until: "11:30"', *more(late))
    kinds = [mismatch.what.key.removeprefix("compare.alert_") for mismatch in result.mismatches]
    assert kinds == ["differs", "differs", "missing"]
    lines = told(result, tmp_path)
    assert "  expected: Mon 2026-03-02 10:31 judge warning → supervisor (main)" in lines
    assert "  got     : Mon 2026-03-02 10:30 judge warning → supervisor (S1) (main)" in lines


@pytest.mark.parametrize(
    ("to", "fits"),
    [
        ("manager", True),
        ("M1", True),
        ("{role: manager, members: [M1]}", True),
        ("{role: manager, members: [S1]}", False),
        ("supervisor", False),
        ("[manager, supervisor]", False),
    ],
)
def test_whom_an_alert_goes_to_is_compared_exactly(tmp_path: Path, to: str, fits: bool) -> None:
    expect = ALERTS.rpartition("\n")[0].replace("[manager]", to)
    assert played(tmp_path, [REGISTER], 'until: "11:00"', *more(expect)).passed is fits


def test_a_look_sees_the_timers_of_its_moment_a_step_does_not(tmp_path: Path) -> None:
    step = '{at: "11:00", by: A1, do: call, expect: {clocks: {judge: {status: running}}}}'
    look = '{at: "11:00", expect: {clocks: {judge: {status: breached}}}}'
    assert played(tmp_path, [REGISTER, step, look]).passed
    assert not played(tmp_path, [REGISTER, look.replace("breached", "running")]).passed


MISMATCHES = {
    "state: investigating": ("state", "investigating", "received"),
    "owner: agent": ("owner", "agent", "supervisor"),
    "outcome: upheld": ("outcome", "upheld", "nothing"),
    "fields: {calls: 3}": ("field calls", "3", "1"),
    "fields: {amount: 5}": ("field amount", "5.00", "nothing"),
    "clocks: {judge: {status: met}}": ("clock judge: status", "met", "running"),
    "clocks: {investigate: {status: running}}": ("clock investigate: status", "running", "none"),
    'clocks: {judge: {due: "10:00"}}': ("clock judge: due", "Mon 2026-03-02 10:00", "Mon 2026-03-02 11:00"),
    "clocks: {judge: {warn: none}}": ("clock judge: warning", "nothing", "Mon 2026-03-02 10:30"),
    'clocks: {judge: {ended: "10:00"}}': ("clock judge: ended", "Mon 2026-03-02 10:00", "nothing"),
    "children: {survey: s1}": ("child ticket of survey", "s1", "nothing"),
}


@pytest.mark.parametrize("expect", MISMATCHES)
def test_every_kind_of_expectation_can_fail(tmp_path: Path, expect: str) -> None:
    what, expected, got = MISMATCHES[expect]
    result = played(tmp_path, [REGISTER[:-1] + f", expect: {{{expect}}}}}"])
    lines = told(result, tmp_path)
    assert lines[:3] == [f"Mon 2026-03-02 09:00  main: {what}", f"  expected: {expected}", f"  got     : {got}"]
    assert told(result, tmp_path, "zh")[0].startswith("周一 2026-03-02 09:00  main: ")


def test_a_clock_that_never_started_says_so(tmp_path: Path) -> None:
    result = played(tmp_path, [REGISTER[:-1] + ", expect: {clocks: {investigate: {status: running}}}}"])
    assert told(result, tmp_path)[-1] == "  why: clock investigate never started on this ticket"


def test_an_unexpected_refusal_ends_the_scenario(tmp_path: Path) -> None:
    steps = [REGISTER, '{at: "10:00", by: S1, do: accept}', '{at: "10:30", expect: {state: investigating}}']
    result = played(tmp_path, steps, "expect: {state: closed}")
    assert len(result.mismatches) == 1
    lines = told(result, tmp_path)
    assert lines[1:3] == ["  expected: it went through", "  got     : evidence (Accept still needs: Statement)"]


@pytest.mark.parametrize("denied", ["role", "{code: evidence, missing: [customer]}"])
def test_another_refusal_than_expected_is_a_difference(tmp_path: Path, denied: str) -> None:
    result = played(tmp_path, [REGISTER, f'{{at: "10:00", by: S1, do: accept, denied: {denied}}}'])
    assert not result.passed


def test_a_refusal_that_does_not_come_is_a_difference(tmp_path: Path) -> None:
    result = played(tmp_path, [REGISTER, ACCEPT[:-1] + ", denied: evidence}"])
    assert [mismatch.got.key for mismatch in result.mismatches] == ["compare.accepted"]


def test_a_child_gets_its_name_and_acts_under_it(tmp_path: Path) -> None:
    steps = [
        REGISTER,
        ACCEPT,
        '{at: "10:30", by: A1, do: follow, expect: {children: {survey: s1}}}',
        '{at: "11:00", by: A1, ticket: s1, do: answer, expect: {state: done, outcome: good}}',
    ]
    result = played(tmp_path, steps)
    assert result.passed, told(result, tmp_path)


def test_coverage_tells_what_no_scenario_has_touched(tmp_path: Path) -> None:
    loaded, scenarios, _ = read(tmp_path, scenario([REGISTER, ACCEPT, '{at: "11:00", by: A1, do: settle}']))
    _, covered = play_all(loaded.require_rules(), scenarios)
    assert covered.count("state") == (3, 3)
    missing = [(item.kind, item.name, item.detail) for item in covered.missing]
    assert missing == [
        ("event", "call", ""),
        ("branch", "settle", "#1"),
        ("event", "follow", ""),
        ("clock", "judge", "breached"),
        ("clock", "judge", "warned"),
        ("clock", "investigate", "breached"),
    ]
    assert all("rules.yaml:" in item.source for item in covered.missing)
    assert 0 < covered.percent < 100


def test_corrections_comments_and_assignments_are_steps_of_a_story(tmp_path: Path) -> None:
    steps = [
        REGISTER,
        '{at: "09:10", by: A1, do: comment, with: {text: called back}}',
        '{at: "09:20", by: A1, do: amend, with: {customer: 汪女士}, reason: misheard, denied: role}',
        '{at: "09:20", by: S1, do: amend, with: {customer: 汪女士}, denied: reason}',
        '{at: "09:20", by: S1, do: amend, with: {amount: 7}, reason: misheard, expect: {fields: {amount: 7}}}',
        '{at: "09:30", by: M1, do: assign, with: {member: S1}, expect: {owner: S1}}',
    ]
    result = played(tmp_path, steps)
    assert result.passed, told(result, tmp_path)
