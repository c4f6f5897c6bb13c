"""Events: triggers, branches, what they set and open, tasks, approvals, and the checks in their order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from tests.rulebook.books import codes, job, load, load_text, rules

from dutyflow.kernel import rules as kr


def event(name: str, node: Any, **more: Any) -> kr.EventRule:
    changes = {f"workflows.job.events.{name}": node, **{f"workflows.job.{key}": value for key, value in more.items()}}
    return next(rule for rule in job(changes).rules if rule.event == name)


def event_codes(node: Any, **more: Any) -> list[str]:
    return codes({"workflows.job.events.try": node, **more})


# --- triggers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "trigger", "index"),
    [
        ({"from": "new", "to": "doing", "after": "48h"}, "timer", "timed"),
        ({"from": "new", "to": "doing", "at": "met_at"}, "timer", "timed"),
        ({"from": "new", "to": "doing", "auto": True, "when": "n > 3"}, "data", "automatic"),
        ({"from": "new", "to": "doing", "on_child": "job"}, "child", "on_child"),
    ],
)
def test_an_event_that_nobody_asks_for_is_found_by_its_state(node: Any, trigger: str, index: str) -> None:
    workflow = job({"workflows.job.events.try": node})
    (rule,) = getattr(workflow, index)["new"]
    assert (rule.event, rule.trigger, rule.checks, rule.accepts) == ("try", trigger, (), frozenset())


def test_an_event_may_wait_for_certain_outcomes_of_a_child() -> None:
    rule = event("try", {"from": "new", "on_child": {"workflow": "job", "outcomes": ["bad"]}, "to": "doing"})
    assert (rule.child, rule.child_outcomes) == ("job", ("bad",))


@pytest.mark.parametrize(
    ("node", "code"),
    [
        ({"from": "new", "on_child": "jbo", "to": "doing"}, "DF209"),
        ({"from": "new", "on_child": {"workflow": "job", "outcomes": ["worse"]}, "to": "doing"}, "DF215"),
        ({"from": "new", "at": "n", "to": "doing"}, "DF229"),
        ({"from": "new", "after": "2 dys", "to": "doing"}, "DF110"),
        ({"from": "new", "after": "2bd@nowhere", "to": "doing"}, "DF207"),
        ({"from": "new", "auto": True, "when": "n", "to": "doing"}, "DF229"),
    ],
)
def test_a_trigger_that_has_no_meaning_is_a_finding(node: Any, code: str) -> None:
    assert event_codes(node) == [code]


# --- where it leads ---------------------------------------------------------------------------------------------


def test_without_branches_an_event_is_its_own_only_one() -> None:
    rule = event("try", {"from": "new", "to": "done", "by": "agent", "outcome": "bad", "set": {"n": "n + 1"}})
    (branch,) = rule.branches
    assert (branch.target, branch.outcome, branch.sets, branch.when) == ("done", "bad", (), None)
    assert [assignment.field for assignment in rule.sets] == ["n"]


def test_branches_keep_their_order_conditions_and_what_they_set() -> None:
    node = {
        "from": "new",
        "by": "agent",
        "set": {"words": "'x'"},
        "branches": [
            {"when": "n > 3", "to": "done", "outcome": "bad", "set": {"grade": "bad"}},
            {"when": {"grade": "good"}, "to": "new", "reenter": True},
            {"otherwise": True},
        ],
    }
    rule = event("try", node)
    assert [(b.index, b.target, b.outcome, b.reenter) for b in rule.branches] == [
        (0, "done", "bad", False),
        (1, "new", None, True),
        (2, None, None, False),
    ]
    assert [b.when.text if b.when else None for b in rule.branches] == ["n > 3", "grade: good", None]
    assert [a.field for a in rule.branches[0].sets] == ["grade"] and not rule.unique
    assert event("try", {**node, "choose": "unique"}).unique


def test_opening_without_a_target_goes_to_the_initial_state_and_staying_is_no_target() -> None:
    workflow = job({"workflows.job.events.note": {"from": "new", "by": "agent"}})
    assert workflow.steps["open"][kr.NEW].branches[0].target == "new"
    assert workflow.steps["note"]["new"].branches[0].target is None


@pytest.mark.parametrize(
    ("node", "code"),
    [
        ({"from": "new", "by": "agent", "to": "done"}, "DF252"),
        ({"from": "new", "by": "agent", "to": "done", "outcome": "worse"}, "DF215"),
        ({"from": "new", "by": "agent", "to": "doing", "outcome": "good"}, "DF117"),
        ({"from": "new", "by": "agnt"}, "DF203"),
        ({"from": "new", "by": "agent", "set": {"m": "1"}}, "DF205"),
        ({"from": "new", "by": "agent", "set": {"n": "'one'"}}, "DF229"),
        ({"from": "new", "by": "agent", "then": [{"do": "nothing"}]}, "DF202"),
        ({"from": "new", "by": "agent", "require": ["m"]}, "DF205"),
        ({"from": "new", "by": "agent", "not_by": {"same_as": ["m"]}}, "DF205"),
        ({"from": "new", "by": "agent", "quiet_hours": "siesta"}, "DF212"),
        ({"from": "new", "by": "agent", "quiet_hours": {"name": "rest", "agreed": "n"}}, "DF229"),
        ({"from": "new", "by": "agent", "approvals": {"of": ["agent", "nobody"]}}, "DF203"),
    ],
)
def test_a_mistake_in_an_event_is_one_finding(node: Any, code: str) -> None:
    assert event_codes(node) == [code]


@pytest.mark.parametrize(
    ("written", "value"),
    [("good", "good"), ("'bad'", "bad"), (None, None), ("grade", None)],
)
def test_an_option_may_stand_without_quotes_of_its_own(written: Any, value: Any) -> None:
    rule = event("try", {"from": "new", "by": "agent", "set": {"grade": written}})
    nothing: Any = SimpleNamespace(values={})
    assert rule.sets[0].value.evaluate(nothing) == value


# --- checks -----------------------------------------------------------------------------------------------------


def test_checks_stand_in_the_order_in_which_refusals_are_answered() -> None:
    node = {
        "from": "new",
        "by": "agent",
        "policy": "n > 0",
        "guard": ["n > 1", {"n": "> 2"}],
        "reason": "required",
        "require": ["words"],
        "evidence": "given(words)",
        "consent": "grade == 'good'",
        "capacity": "n < 9",
        "limit": {"rule": "n < 8", "say": "no more"},
        "not_by": {"same_as": ["who"]},
        "unless_conflict_with": "who",
        "quiet_hours": "rest",
        "window": "n < 7",
    }
    found = [check.code for check in event("try", node).checks]
    assert found == [
        *("window", "quiet_hours", "conflict", "same_person", "limit"),
        *("capacity", "consent", "evidence", "evidence", "guard", "guard", "reason", "policy"),
    ]


def test_an_event_takes_what_it_requires_records_and_allows() -> None:
    node = {
        "from": "new",
        "by": "agent",
        "require": ["words", {"any_of": ["n", "amount"]}, {"field": "who", "when": "n > 1"}],
        "record": ["grade"],
        "optional": ["met_at"],
    }
    assert event("try", node).accepts == {"words", "n", "amount", "who", "grade", "met_at"}


@pytest.mark.parametrize("limit", ["met_at <= now + 3h", {"met_at": "<= now + 3h"}])
def test_a_refused_limit_can_say_what_it_should_have_been_in_both_forms(limit: Any) -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    late: Any = SimpleNamespace(now=now, values={"met_at": now + timedelta(hours=4)})
    (check,) = event("try", {"from": "new", "by": "agent", "limit": limit}).checks
    refusal = check.probe(late)
    assert refusal is not None and refusal.values["bound"] == now + timedelta(hours=3)


# --- tasks and approvals ----------------------------------------------------------------------------------------

TASKS = {"owner": "agent", "tasks": {"call": {"by": "chief", "require": ["words"]}, "look": {}}, "to": "doing"}


@pytest.mark.parametrize(("complete", "needed"), [(None, 2), ("all", 2), ("any", 1), (1, 1), (2, 2), (5, 2)])
def test_a_state_is_complete_when_enough_of_its_tasks_are_done(complete: Any, needed: int) -> None:
    state = {**TASKS, **({"complete": complete} if complete else {})}
    assert job({"workflows.job.states.new": state}).states["new"].tasks_needed == needed


def test_tasks_are_events_that_stay_and_lead_on_by_themselves() -> None:
    workflow = job({"workflows.job.states.new": TASKS})
    call, look = workflow.steps["call"]["new"], workflow.steps["look"]["new"]
    assert call.by == {"chief"} and look.by == {"owner"}
    assert call.task == "call" and call.accepts == {"words"} and call.branches[0].target is None
    (completion,) = workflow.automatic["new"]
    assert completion.branches[0].target == "doing"


@pytest.mark.parametrize("name", ["take", "new_complete"])
def test_a_task_may_not_have_the_name_of_another_rule_of_its_state(name: str) -> None:
    state = {**TASKS, "tasks": {name: {}, "look": {}}}
    assert codes({"workflows.job.states.new": state}) == ["DF251"]


def test_a_number_may_be_written_in_any_way_that_yaml_knows() -> None:
    text = "{rulebook: {}, roles: {r: {}}, members: {m: {roles: [r], skills: {a: 0x3}}}}"
    loaded = load_text(text)
    assert loaded.rules is not None and loaded.rules.organisation.members["m"].skills == {"a": 3}


def test_signatures_are_asked_of_every_role_once() -> None:
    node = {"from": "new", "to": "doing", "by": "agent", "approvals": {"of": ["agent", "chief"], "order": "any"}}
    rule = event("try", node)
    assert rule.approvals == kr.Approvals(roles=("agent", "chief"), in_order=False, different_persons=True)
    assert rule.by == {"agent", "chief"}
    strict = {"of": ["agent", "chief"], "order": "sequence", "different_persons": False}
    found = event("try", {**node, "approvals": strict}).approvals
    assert found is not None and found.in_order and not found.different_persons


# --- children ---------------------------------------------------------------------------------------------------


def spawn(**spawned: Any) -> dict[str, Any]:
    return {"from": "new", "by": "agent", "spawn": {"workflow": "job", "event": "open", **spawned}}


def test_a_child_is_opened_with_values_of_this_ticket() -> None:
    (child,) = event("try", spawn(**{"with": {"words": "words", "n": 3}, "when": "n > 1"})).spawns
    assert (child.workflow, child.event, [a.field for a in child.data]) == ("job", "open", ["words", "n"])
    assert child.when is not None


@pytest.mark.parametrize(
    ("spawned", "changes", "code"),
    [
        ({}, {"workflows.job.events.open.require": ["words"]}, "DF217"),
        ({}, {"workflows.job.events.open": [{"opens": True, "by": "agent", "record": ["words"]}]}, "DF217"),
        ({"with": {"m": "1"}}, {}, "DF218"),
        ({"with": {"words": "words"}}, {"workflows.job.events.open.optional": ["n"]}, "DF218"),
        ({"event": "take"}, {}, "DF219"),
        ({"event": "opne"}, {}, "DF219"),
        ({"workflow": "jbo"}, {}, "DF209"),
        ({"with": {"n": "'x'"}}, {}, "DF229"),
    ],
)
def test_a_child_must_get_what_its_opening_event_needs_and_takes(spawned: Any, changes: Any, code: str) -> None:
    assert event_codes(spawn(**spawned), **changes) == [code]


def test_what_a_child_needs_may_come_from_a_default_or_be_needed_only_sometimes() -> None:
    changes = {"workflows.job.events.open.require": ["n", {"field": "words", "when": "n > 1"}]}
    assert event_codes(spawn(), **changes) == []


# --- duplicates -------------------------------------------------------------------------------------------------


def test_duplicates_look_among_open_tickets_or_in_named_states() -> None:
    open_ones = {"same": ["words"], "among": "open", "answer": "deny", "then": "take"}
    recent = {"same": ["words"], "among": {"states": ["done"], "within": "30d"}, "answer": "redirect", "then": "take"}
    first, second = job({"workflows.job.duplicates": [open_ones, recent]}).duplicates
    assert first.states == {"new", "doing"} and first.within is None and first.answer == "deny"
    assert second.states == {"done"} and second.within is not None and second.within[0].text == "30d"


def test_a_broken_event_does_not_hide_the_next_mistake() -> None:
    found = codes({"workflows.job.events.take.to": "dong", "workflows.job.events.finish.by": "ownr"})
    assert sorted(found) == ["DF201", "DF203"]


def test_the_tables_of_a_workflow_answer_by_event_and_state() -> None:
    workflow = rules().workflows["job"]
    assert {name: set(by_state) for name, by_state in workflow.steps.items()} == {
        "open": {kr.NEW},
        "take": {"new"},
        "finish": {"doing"},
    }
    assert workflow.roles_by_event["take"] == {"agent"}
    assert load().findings.errors == []
