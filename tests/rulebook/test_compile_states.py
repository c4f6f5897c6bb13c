"""States: composite ones are flattened, what they say holds inside them, and `from:` finds the right leaves."""

from __future__ import annotations

from typing import Any

import pytest
from tests.rulebook.books import codes, job, rules

NESTED: dict[str, Any] = {
    "workflows.job.states": {
        "new": {"owner": "agent"},
        "work": {
            "owner": "chief",
            "serves": "care",
            "kind": "wait_customer",
            "customer_text": "busy",
            "initial": "deep",
            "states": {
                "plan": {"owner": "agent"},
                "deep": {"initial": "inner", "states": {"inner": {"kind": "work"}, "other": {}}},
            },
        },
        "done": {"final": True},
    },
    "workflows.job.events": {
        "open": {"opens": True, "by": "agent"},
        "take": {"from": "new", "to": "work", "by": "agent"},
        "finish": {"from": "work", "to": "done", "by": "owner"},
    },
}


def with_events(**events: Any) -> dict[str, Any]:
    return {**NESTED, **{f"workflows.job.events.{name}": event for name, event in events.items()}}


def sources(changes: dict[str, Any], event: str) -> list[tuple[str, ...]]:
    return [rule.sources for rule in job(changes).rules if rule.event == event]


def test_composite_states_become_leaves_with_the_way_to_them() -> None:
    workflow = job(NESTED)
    assert list(workflow.states) == ["new", "plan", "inner", "other", "done"]
    assert workflow.states["inner"].path == ("work", "deep", "inner")
    assert workflow.composites == {"work": ("plan", "inner", "other"), "deep": ("inner", "other")}


def test_whoever_goes_to_a_composite_state_lands_in_its_innermost_initial_state() -> None:
    assert job(NESTED).steps["take"]["new"].branches[0].target == "inner"
    assert job({**NESTED, "workflows.job.initial": "work"}).initial == "inner"


def test_what_a_composite_state_says_holds_inside_unless_an_inner_one_says_otherwise() -> None:
    states = job(NESTED).states
    owners = {name: state.owner.role if state.owner else None for name, state in states.items()}
    assert owners == {"new": "agent", "plan": "agent", "inner": "chief", "other": "chief", "done": None}
    assert [states[name].kind for name in ("plan", "inner", "other")] == ["wait_customer", "work", "wait_customer"]
    assert states["inner"].serves == "care" and states["new"].serves is None
    assert states["other"].customer_text == {"zh": "busy", "en": "busy"}


def test_the_matrix_item_of_the_workflow_is_the_default_of_its_states() -> None:
    assert {state.serves for state in job({"workflows.job.serves": "care"}).states.values()} == {"care"}


@pytest.mark.parametrize(
    ("named", "leaves"),
    [
        ("new", ("new",)),
        (["new", "plan"], ("new", "plan")),
        ("work", ("plan", "inner", "other")),
        ("any_open", ("new", "plan", "inner", "other")),
        ({"any_before": "deep"}, ("new", "plan")),
        ({"any_before": "other"}, ("new", "plan", "inner")),
        ({"any_except": ["new"]}, ("plan", "inner", "other")),
        ({"any_except": ["deep"]}, ("new", "plan")),
    ],
)
def test_from_names_leaves_in_every_form(named: Any, leaves: tuple[str, ...]) -> None:
    event = {"from": named, "by": "agent"}
    assert sources(with_events(note=event), "note") == [leaves]


def test_the_more_precisely_named_rule_wins_whatever_the_order() -> None:
    outer, middle, inner = ({"from": name, "by": "agent"} for name in ("any_open", "work", "deep"))
    expected = {"any_open": ("new",), "work": ("plan",), "deep": ("inner", "other")}
    for listed in ([outer, middle, inner], [inner, middle, outer], [middle, inner, outer]):
        found = sources(with_events(note=listed), "note")
        assert found == [expected[rule["from"]] for rule in listed]


def test_two_rules_for_one_state_that_are_named_alike_are_a_finding() -> None:
    again = [{"from": "new", "by": "agent"}, {"from": ["plan", "new"], "by": "chief"}]
    assert codes(with_events(note=again)) == ["DF251"]


def test_two_rules_that_open_a_ticket_by_one_event_are_a_finding() -> None:
    twice = [{"opens": True, "by": "agent"}, {"opens": True, "by": "chief"}]
    assert codes(with_events(open=twice)) == ["DF251"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"workflows.job.states.work.states.deep.states.new": {}}, "DF262"),
        ({"workflows.job.states.work.initial": "inner"}, "DF201"),
        ({"workflows.job.states.work.initial": ...}, "DF102"),
        ({"workflows.job.states.any_open": {}}, "DF109"),
        ({"workflows.job.states.work.tasks": {"t": {}}, "workflows.job.states.work.to": "done"}, "DF117"),
        ({"workflows.job.initial": "nwe"}, "DF201"),
        ({"workflows.job.states.new.owner": "agnt"}, "DF203"),
        ({"workflows.job.states.new.serves": "caer"}, "DF213"),
        ({"workflows.job.events.take.from": "nwe"}, "DF201"),
        ({"workflows.job.events.take.to": "wrok"}, "DF201"),
        ({"workflows.job.events.take.to": {"resume": "new", "otherwise": "work"}}, "DF258"),
    ],
)
def test_a_mistake_in_the_states_is_a_finding(changes: dict[str, Any], code: str) -> None:
    assert codes({**NESTED, **changes}) == [code]


def test_a_ticket_may_go_back_to_where_it_was_inside_a_composite_state() -> None:
    branch = job(with_events(back={"from": "new", "to": {"resume": "work", "otherwise": "plan"}, "by": "agent"}))
    assert (branch.steps["back"]["new"].branches[0].resume, branch.steps["back"]["new"].branches[0].target) == (
        "work",
        "plan",
    )


# --- owners -----------------------------------------------------------------------------------------------------


def test_an_owner_is_a_role_a_table_or_a_person_in_a_field_with_a_role_to_fall_back_on() -> None:
    states = job(
        {
            "workflows.job.states.new.owner": {"table": "routing", "column": "role"},
            "workflows.job.states.doing.owner": {"field": "who", "role": "agent"},
        }
    ).states
    table, person = states["new"].owner, states["doing"].owner
    assert table is not None and table.choose is not None and table.role is None
    assert table.choose.text == "lookup(routing, role)"
    assert person is not None and person.choose is not None
    assert (person.role, person.choose.reads) == ("agent", frozenset({"who"}))


@pytest.mark.parametrize(
    ("owner", "code"),
    [
        ({"table": "ruoting", "column": "role"}, "DF210"),
        ({"table": "routing", "column": "rloe"}, "DF211"),
        ({"field": "hwo", "role": "agent"}, "DF205"),
        ({"field": "n", "role": "agent"}, "DF263"),
        ({"field": "who", "role": "agnt"}, "DF203"),
    ],
)
def test_an_owner_that_cannot_be_found_is_a_finding(owner: Any, code: str) -> None:
    assert codes({"workflows.job.states.new.owner": owner}) == [code]


def test_outcomes_have_titles_where_they_are_declared_with_them() -> None:
    outcomes = {"good": {"zh": "好", "en": "Well done"}, "bad": "坏"}
    done = job({"workflows.job.states.done.outcomes": outcomes}).states["done"]
    assert done.outcomes == ("good", "bad")
    assert done.outcome_titles == {"good": {"zh": "好", "en": "Well done"}, "bad": {"zh": "坏", "en": "坏"}}
    assert job().states["done"].outcome_titles == {}


def test_titles_of_outcomes_do_not_change_the_hash_a_ticket_is_pinned_to() -> None:
    titled = {"workflows.job.states.done.outcomes": {"good": "G", "bad": "B"}}
    renamed = {"workflows.job.states.done.outcomes": {"good": "Good", "bad": "Bad"}}
    assert rules(titled).hash == rules(renamed).hash
