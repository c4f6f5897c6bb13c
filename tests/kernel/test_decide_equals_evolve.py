"""Random walks over the shipped rulebooks and one that has everything: no crash, and every ticket is well formed."""

from __future__ import annotations

from functools import cache
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernel.everything import everything
from tests.kernel.walker import Walk

from dutyflow.kernel import events as ev
from dutyflow.kernel.evolve import replay
from dutyflow.kernel.rules import Rules
from dutyflow.resources import workflows_dir
from dutyflow.rulebook.load import load_rulebook

EVERYTHING = "(everything)"
PACKS = sorted(path.name for path in workflows_dir().iterdir() if path.is_dir() and not path.name.startswith("_"))


@cache
def rules_of(pack: str) -> Rules:
    """The rules of a shipped pack, or of the test's own rulebook."""
    return everything() if pack == EVERYTHING else load_rulebook(workflows_dir() / pack).require_rules()


@pytest.mark.parametrize("pack", [EVERYTHING, *PACKS])
@given(seed=st.integers(0, 2**32))
@settings(max_examples=40)
def test_what_is_decided_is_what_the_events_fold_to_wherever_a_ticket_wanders(pack: str, seed: int) -> None:
    rules = rules_of(pack)
    for workflow in rules.workflows:
        walk = Walk(rules, workflow, Random(seed))
        walk.go(30)
        assert walk.ticket is None or replay(walk.events) == walk.ticket


@given(seed=st.integers(0, 2**32), cuts=st.integers(0, 2**32))
@settings(max_examples=40)
def test_a_life_in_smaller_pieces_of_time_is_the_same_life(seed: int, cuts: int) -> None:
    walk = Walk(everything(), "job", Random(seed))
    walk.go(20)
    again = walk.lived_again(Random(cuts))
    assert again.events == walk.events
    assert again.ticket == walk.ticket


def test_the_walks_over_the_rulebook_that_has_everything_see_everything() -> None:
    kinds: set[str] = set()
    events: set[str] = set()
    codes: set[str] = set()
    for seed in range(120):
        walk = Walk(everything(), "job", Random(seed))
        walk.go(40)
        kinds |= {type(event).__name__ for event in walk.events}
        events |= {event.event for event in walk.events if isinstance(event, ev.Fired)}
        codes |= {denial.code for denial in walk.denials}
    assert kinds == {type_.__name__ for type_ in ev.Event.__args__}
    offered = set(everything().workflows["job"].steps)
    assert offered - events == set(), "some event is never reached: the walks would prove nothing about it"
    assert {"role", "state", "input", "evidence", "reason", "guard", "consent", "limit", "conflict"} <= codes
