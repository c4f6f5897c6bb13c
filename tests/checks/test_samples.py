"""Counter-examples are real ones: under the values that are shown, the conditions do what the finding says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dutyflow.rulebook.findings import Findings

Check = Callable[..., Findings]
CLOSE = "      close: {from: received, to: closed, by: agent}\n"


def branching(first: str, second: str, choose: str = "first", last: str = "") -> tuple[str, str]:
    """The closing event with two branches."""
    lines = [f"        choose: {choose}", "        branches:"]
    lines += [f"          - {{when: {when}, to: closed}}" for when in (first, second)]
    return CLOSE, "\n".join(["      close:", "        from: received", "        by: agent", *lines, last]) + "\n"


@pytest.mark.parametrize(
    ("first", "second", "codes"),
    [
        ("satisfied", "not satisfied", []),
        ("satisfied", "severity == 'major'", ["DF305"]),
        ("amount > 500", "amount <= 500", []),
        ("amount > 500", "amount < 500", ["DF305"]),
        ("amount == null", "amount != null", []),
        ("amount != null", "amount > 500", ["DF305"]),
        ("severity == 'major'", "severity == 'minor'", []),
        ("due_on < today", "due_on >= today", []),
        ("tries == 0", "tries >= 1", []),
        ("tries == 0", "tries > 1", ["DF305"]),
        ("tries < 10", "tries == 10", []),
        ("tries < -1", "tries > -1", ["DF305"]),
    ],
)
def test_a_gap_is_found_where_there_is_one(check: Check, first: str, second: str, codes: list[str]) -> None:
    assert check(branching(first, second)).codes() == codes


def test_a_condition_on_time_is_not_guessed_about(check: Check) -> None:
    assert check(branching("now > opened_at + 3h", "satisfied")).codes() == []


def test_otherwise_closes_every_gap(check: Check) -> None:
    last = "          - {otherwise: true}"
    assert check(branching("amount > 500", "amount < 500", last=last)).codes() == []


@pytest.mark.parametrize(
    ("first", "second", "codes"),
    [
        ("amount <= 500", "amount > 500", []),
        ("amount <= 500", "amount >= 500", ["DF304"]),
        ("severity == 'major'", "satisfied", ["DF304"]),
        ("severity == 'major'", "severity == 'minor' and satisfied", []),
    ],
)
def test_an_overlap_is_found_where_there_is_one(check: Check, first: str, second: str, codes: list[str]) -> None:
    last = "          - {otherwise: true}"
    assert check(branching(first, second, choose="unique", last=last)).codes() == codes


def test_what_is_reckoned_from_other_fields_is_not_guessed_about(check: Check) -> None:
    old, new = branching("amount > 500", "amount < 500")
    set_amount = "        by: agent\n        set: {amount: tries * 3}\n"
    assert check((old, new.replace("        by: agent\n", set_amount))).codes() == []


def test_what_the_event_sets_itself_is_seen_by_its_branches(check: Check) -> None:
    old, new = branching("satisfied", "severity == 'major'")
    assert (
        check((old, new.replace("        by: agent\n", "        by: agent\n        set: {satisfied: true}\n"))).codes()
        == []
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(low=st.integers(0, 40), high=st.integers(0, 40))
def test_two_ranges_overlap_or_leave_a_gap_exactly_as_their_bounds_say(check: Check, low: int, high: int) -> None:
    conditions = (f"amount <= {high}", f"amount >= {low}")
    gap = check(branching(*conditions))
    assert ("DF305" in gap.codes()) == (low > high)
    overlap = check(branching(*conditions, choose="unique", last="          - {otherwise: true}"))
    assert ("DF304" in overlap.codes()) == (low <= high)
