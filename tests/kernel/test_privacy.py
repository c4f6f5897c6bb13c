"""Private values: whoever may not see them sees a mask, wherever a ticket's values are kept, told or refused."""

from __future__ import annotations

from random import Random
from typing import Any, get_args, get_origin

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernel.everything import EVERYTHING
from tests.kernel.story import Story, minutes
from tests.kernel.walker import Walk
from tests.kernel.yaml_rules import rules_from

from dutyflow.kernel.denials import Denial
from dutyflow.kernel.effects import Effect, Resubmit, Send
from dutyflow.kernel.encoding import canonical
from dutyflow.kernel.events import Event
from dutyflow.kernel.evolve import replay
from dutyflow.kernel.privacy import (
    MASK,
    hidden_fields,
    masked,
    masked_denial,
    masked_history,
    masked_ticket,
    may_see,
    value_holders,
)
from dutyflow.kernel.rules import Field, Rules
from dutyflow.telling.teller import denial_text

PRIVATE = {
    "asset": "{type: text}",
    "words": "{type: text, max_length: 20}",
    "amount": "{type: money}",
    "notes": "{type: list, of: {type: text}}",
}
AMOUNT = "987654321"
OUTSIDER, INSIDER = frozenset({"worker", "agent"}), frozenset({"agent", "exec"})


def private_rules() -> Rules:
    """The rulebook of random walks, where four fields are for the chief and the executive only."""
    text = EVERYTHING
    for name, declared in PRIVATE.items():
        line = f"{name}: {declared}"
        assert text.count(line) == 1
        text = text.replace(line, f"{line[:-1]}, private: [chief]}}")
    return rules_from(text)


def walked(seed: int) -> Walk:
    """A walk on which every private value can be recognised."""
    walk = Walk(private_rules(), "job", Random(seed))
    usual = walk.value

    def value(declared: Field) -> Any:
        match declared.id:
            case "asset" | "words":
                return walk.random.choice(["secret", "secret again", "secret" * 10, ""])
            case "notes":
                return walk.random.choice([["secret", "another secret"], [], "secret,secret"])
            case "amount":
                return walk.random.choice([AMOUNT, f"{AMOUNT}.50", f"secret {AMOUNT}"])
            case _:
                return usual(declared)

    walk.value = value  # type: ignore[method-assign]  # the walk of this test brings its own values
    walk.go(25)
    return walk


def leaks(*shown: object) -> bool:
    return any(b"secret" in canonical(one) or AMOUNT.encode() in canonical(one) for one in shown)


@given(seed=st.integers(0, 2**32))
@settings(max_examples=60)
def test_no_private_value_is_left_in_what_an_outsider_sees(seed: int) -> None:
    walk = walked(seed)
    job = walk.rules.workflows["job"]
    shown = masked_history(walk.events, job, OUTSIDER)
    assert not leaks(shown)
    assert [type(event) for event in shown] == [type(event) for event in walk.events]
    for denial in walk.denials:
        told = masked_denial(denial, job, OUTSIDER)
        assert not leaks(told)
        assert "secret" not in denial_text(told, walk.rules, "en") + denial_text(told, walk.rules, "zh")
    if walk.ticket is not None:
        ticket = masked_ticket(walk.ticket, walk.rules, OUTSIDER)
        assert not leaks(ticket)
        assert replay(shown) == ticket, "the masked history tells the masked ticket"


@given(seed=st.integers(0, 2**32))
@settings(max_examples=20)
def test_for_whoever_may_see_everything_nothing_changes(seed: int) -> None:
    walk = walked(seed)
    job = walk.rules.workflows["job"]
    assert all(masked(event, hidden_fields(job, INSIDER)) is event for event in walk.events)
    assert all(masked_denial(denial, job, INSIDER) is denial for denial in walk.denials)
    assert walk.ticket is None or masked_ticket(walk.ticket, walk.rules, INSIDER) is walk.ticket


def test_the_walks_do_carry_private_values_and_are_refused_some() -> None:
    walks = [walked(seed) for seed in range(30)]
    assert sum(leaks(walk.events) for walk in walks) > 10
    assert sum(leaks(walk.denials) for walk in walks) > 3


def test_a_reader_sees_that_there_is_a_value_and_what_is_empty_stays_empty() -> None:
    story = Story(private_rules())
    story.begin(asset="pump 7", words="leaks at night")
    story.do(minutes(5), "note", words="", notes=["call 138"])
    shown = masked_ticket(story.ticket, story.rules, OUTSIDER).fields
    assert shown["asset"] == MASK and shown["notes"] == MASK
    assert shown["words"] is None
    assert shown["number"] == "J2026/0001" and shown["priority"] == "P2", "what is not private is shown"


@pytest.mark.parametrize(
    ("seen_by", "roles", "sees"),
    [
        ({"lead", "chief"}, {"lead"}, True),
        ({"lead", "chief"}, {"agent", "chief"}, True),
        ({"lead", "chief"}, {"agent"}, False),
        ({"lead"}, set(), False),
        (set(), {"lead"}, False),
    ],
)
def test_one_role_of_several_is_enough_to_see(seen_by: set[str], roles: set[str], sees: bool) -> None:
    field = Field(id="phone", title={}, kind="text", accept=str, private=True, seen_by=frozenset(seen_by))
    assert may_see(field, frozenset(roles)) is sees


def test_without_a_role_all_private_fields_are_hidden_and_no_others() -> None:
    assert hidden_fields(private_rules().workflows["job"], frozenset()) == set(PRIVATE)


# --- refusals and messages --------------------------------------------------------------------------------------


def test_a_refusal_names_the_private_field_but_not_the_value() -> None:
    story = Story(private_rules())
    story.begin()
    denial = story.refused(minutes(1), "note", words="0123456789" * 5)
    told = denial_text(masked_denial(denial, story.rules.workflows["job"], OUTSIDER), story.rules, "en")
    assert "0123456789" in denial_text(denial, story.rules, "en")
    assert "0123456789" not in told and "words" in told and MASK in told


def test_a_refusal_does_not_give_away_the_limit_that_a_private_field_sets() -> None:
    rules = rules_from(
        """
        forms: {f: {title: F, fields: {most: {type: money, private: [chief]}, paid: {type: money}}}}
        workflows:
          job:
            forms: [f]
            initial: a
            states: {a: {title: A, owner: agent}, z: {title: Z, final: true}}
            events:
              open: {opens: true, by: agent, optional: [most]}
              pay: {from: a, to: z, by: agent, record: [paid], limit: paid <= most}
        """
    )
    story = Story(rules)
    story.begin(most="4321")
    denial = story.refused(minutes(1), "pay", paid="5000")
    assert "4321" in denial_text(denial, rules, "en")
    told = masked_denial(denial, rules.workflows["job"], OUTSIDER)
    assert "4321" not in denial_text(told, rules, "en") and told.values["bound"] == MASK


def test_a_refusal_does_not_name_the_person_whom_a_private_field_names() -> None:
    rules = rules_from(EVERYTHING.replace("accused: {type: person}", "accused: {type: person, private: [chief]}"))
    denial = Denial(code="conflict", event="approve", state="approving", values={"person": "L1", "field": "accused"})
    assert masked_denial(denial, rules.workflows["job"], OUTSIDER).values == {"person": MASK, "field": "accused"}


def test_the_entry_that_a_refused_duplicate_leaves_elsewhere_is_masked_too() -> None:
    follow = Resubmit(ticket="other", event="note", actor="A1", data={"words": "secret", "busy": True})
    denial = Denial(code="duplicate", event="open", state="(new)", values={"ticket": "other"}, follow=follow)
    told = masked_denial(denial, private_rules().workflows["job"], OUTSIDER)
    assert told.follow is not None and told.follow.data == {"words": MASK, "busy": True}


# --- nothing is forgotten ---------------------------------------------------------------------------------------

NAMES_BY_NAME = {("Fired", "remember")}
"""What looks like values by field name, and is none."""

KINDS = [*get_args(Event), *get_args(Effect)]


def may_hold_values(annotation: Any) -> bool:
    """Whether anything at all could stand there: a mapping, or a place without a type of its own."""
    origin = get_origin(annotation) or annotation
    return (
        annotation is Any
        or origin in (dict, object)
        or "Mapping" in str(origin)
        or any(map(may_hold_values, get_args(annotation)))
    )


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_place_in_which_a_record_could_hold_values_is_masked(kind: type[msgspec.Struct]) -> None:
    declared = msgspec.structs.fields(kind)
    places = {field.name for field in declared if may_hold_values(field.type)}
    assert places - {name for owner, name in NAMES_BY_NAME if owner == kind.__name__} == set(value_holders(kind))
    for place in value_holders(kind):
        blank = {field.name: None for field in declared}
        shown = masked(kind(**{**blank, place: {"phone": "138", "city": "Pinghu"}}), frozenset({"phone"}))
        assert getattr(shown, place) == {"phone": MASK, "city": "Pinghu"}


def test_what_a_message_says_is_masked_by_the_name_of_its_placeholder() -> None:
    assert value_holders(Send) == ("values",)
