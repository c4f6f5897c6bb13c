"""What may be done to a ticket beside its events: correcting, commenting, assigning; who may, and what follows."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.kernel.everything import everything
from tests.kernel.story import Story, minutes, of_kind
from tests.kernel.walker import Walk
from tests.kernel.yaml_rules import rules_from

from dutyflow.kernel import events as ev
from dutyflow.kernel.commands import BUILT_IN, Amend, Assign, Comment, Fire, Open, Request, name_of
from dutyflow.kernel.decide import Decision, decide
from dutyflow.kernel.denials import Denial
from dutyflow.kernel.desk import TEXT_MAX, amendable
from dutyflow.kernel.ticket import OwnedBy, PendingEvent

RULES = """
forms:
  f:
    title: F
    fields:
      phone: {type: text}
      priority: {type: choice, options: [P1, P2], default: P2}
      busy: {type: boolean, default: false}
      amount: {type: number, max: 10}
      slot_at: {type: datetime}
      accused: {type: person}
      handler: {type: person, role: worker}
      first_judge: {type: person}
      keeper: {type: person}
workflows:
  job:
    forms: [f]
    initial: a
    number: "J{year}/{n:04}"
    conflict_of_interest: [accused]
%s
    states:
      a: {title: A, owner: agent}
      b: {title: B, owner: {field: handler, role: worker}}
      loose: {title: Loose}
      named: {title: Named, owner: {field: keeper}}
      z: {title: Z, final: true}
    events:
      open: {opens: true, by: agent, optional: [phone, priority, busy, amount, slot_at, accused, handler]}
      judge: {from: a, by: agent, set: {first_judge: actor}}
      pass: {from: a, to: b, by: agent}
      loosen: {from: a, to: loose, by: agent}
      name: {from: a, to: named, by: agent}
      propose: {from: a, by: agent, record: [slot_at]}
      finish: {from: [a, b], to: z, by: [agent, worker]}
      meet: {from: a, at: slot_at, set: {phone: "'met'"}}
      full: {from: a, to: b, auto: true, when: amount == 10}
slas:
  whole:
    on: job
    start: {entered: a}
    stop: {entered: z}
    within: [{when: priority == 'P1', is: 1h}, {otherwise: true, is: 4h}]
    pause: [{when: busy, reason: busy}]
    moved_by: [{event: propose, due: slot_at}]
    breach: {escalate: owner}
  loud: {on: job, start: {when: busy}, stop: {when: not busy}, within: 30m, breach: {escalate: chief}}
"""


def story(permissions: str = "", **data: Any) -> Story:
    """A ticket in state `a`, owned by the role `agent`."""
    declared = f"    permissions: {permissions}" if permissions else ""
    told = Story(rules_from(RULES % declared))
    told.begin(**data)
    return told


def went(told: Story, command: Request, at: float = 1) -> Decision:
    """Ask for something that goes through."""
    answer = told.ask(command, minutes(at))
    assert isinstance(answer, Decision), answer
    return answer


def refused(told: Story, command: Request, at: float = 1) -> Denial:
    """Ask for something that does not."""
    before = told.ticket
    answer = told.ask(command, minutes(at))
    assert isinstance(answer, Denial), answer
    assert told.ticket == before
    assert answer.event == name_of(command)
    return answer


def correct(actor: str = "A1", reason: str | None = "misheard", **data: Any) -> Amend:
    return Amend(actor=actor, data=data, reason=reason)


# --- who may ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("actor", ["A1", "L1", "C1"])
@pytest.mark.parametrize("kind", ["amend", "assign"])
def test_where_nothing_is_declared_the_owner_the_superior_and_the_head_may(actor: str, kind: str) -> None:
    went(story(), correct(actor, phone="1") if kind == "amend" else Assign(actor=actor, member="A2"))


@pytest.mark.parametrize("command", [correct("E1", phone="1"), Assign(actor="E1", member="A2")])
def test_others_are_told_who_may(command: Request) -> None:
    denial = refused(story(), command)
    assert (denial.code, denial.state) == ("role", "a")
    assert denial.values == {"actor": "E1", "held": ("exec",), "allowed": ("agent", "chief", "lead")}


def test_when_a_person_owns_the_state_the_others_of_the_role_may_no_longer() -> None:
    told = story()
    went(told, Assign(actor="A1", member="A1"))
    assert refused(told, correct("A2", phone="1"), 2).values["allowed"] == ("A1", "chief", "lead")
    went(told, correct("A1", phone="1"), 3)


@pytest.mark.parametrize("actor", ["W1", "E1", "customer"])
def test_whoever_holds_a_role_may_comment_and_a_stranger_may_not(actor: str) -> None:
    told = story()
    went(told, Comment(actor=actor, text="hello"))
    denial = refused(told, Comment(actor="nobody", text="hello"), 2)
    assert (denial.code, denial.values["held"]) == ("role", ())
    assert set(denial.values["allowed"]) == set(told.rules.organisation.roles)


@pytest.mark.parametrize(
    ("permissions", "command"),
    [
        ("{amend: {by: exec}}", correct("A1", phone="1")),
        ("{comment: {by: exec}}", Comment(actor="A1", text="x")),
        ("{assign: {by: exec}}", Assign(actor="A1", member="A2")),
    ],
)
def test_what_is_declared_takes_the_place_of_what_is_usual(permissions: str, command: Request) -> None:
    told = story(permissions)
    denial = refused(told, command)
    assert (denial.code, denial.values["allowed"]) == ("role", ("exec",))
    assert "rules.yaml" in denial.source
    assert not isinstance(command, Open)
    went(told, replace(command, actor="E1"), 2)


def test_the_owner_may_be_declared() -> None:
    told = story("{assign: {by: [owner, exec]}}")
    went(told, Assign(actor="A2", member="A1"))
    assert refused(told, Assign(actor="A2"), 2).values["allowed"] == ("A1", "exec")


# --- when -------------------------------------------------------------------------------------------------------


def over() -> Story:
    """A ticket that has ended."""
    told = story()
    told.do(minutes(1), "finish")
    return told


@pytest.mark.parametrize("command", [correct("A1", phone="1"), Assign(actor="L1", member="A2")])
def test_a_ticket_that_is_over_can_only_be_commented_on(command: Request) -> None:
    told = over()
    denial = refused(told, command, 2)
    assert (denial.code, denial.state, denial.values["offered"]) == ("state", "z", ("comment",))
    went(told, Comment(actor="A1", text="thanks"), 3)
    assert (told.ticket.state, told.ticket.clocks, told.ticket.changed_at) == ("z", (), minutes(3))


def test_a_stranger_is_refused_for_the_role_before_the_state() -> None:
    assert refused(over(), correct("nobody", phone="1"), 2).code == "role"


def test_a_state_that_nobody_owns_cannot_be_assigned() -> None:
    told = story("{assign: {by: agent}}")
    told.do(minutes(1), "loosen")
    denial = refused(told, Assign(actor="A1", member="A2"), 2)
    assert (denial.code, denial.values["offered"]) == ("state", ("comment",))


def test_nothing_can_be_dated_before_the_last_event() -> None:
    told = story()
    told.do(minutes(5), "judge")
    for command in (correct(phone="1"), Comment(actor="A1", text="x"), Assign(actor="A1")):
        denial = decide(told.rules, told.ticket, command, minutes(4), told.world)
        assert isinstance(denial, Denial)
        assert (denial.code, denial.event) == ("time", name_of(command))


# --- correcting -------------------------------------------------------------------------------------------------


def test_a_correction_is_a_new_event_with_what_differs_who_and_why() -> None:
    told = story(phone="138", amount=3)
    decision = went(told, correct(phone="139", amount="3", busy=False))
    assert decision.events == (ev.Amended(at=minutes(1), actor="A1", changes={"phone": "139"}, reason="misheard"),)
    assert told.ticket.fields["phone"] == "139"
    assert (told.ticket.seq, told.ticket.changed_at) == (len(told.events), minutes(1))


def test_a_correction_may_empty_a_field() -> None:
    told = story(phone="138")
    went(told, correct(phone=None))
    assert told.ticket.fields["phone"] is None


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_a_correction_needs_a_reason(reason: str | None) -> None:
    assert refused(story(), correct(phone="1", reason=reason)).code == "reason"


@pytest.mark.parametrize(
    ("data", "values"),
    [
        ({"amount": 11}, {"field": "amount", "problem": "out_of_range"}),
        ({"accused": "ghost"}, {"field": "accused", "role": ""}),
        ({"handler": "A1"}, {"field": "handler", "role": "worker"}),
        ({"nonsense": 1}, {"field": "nonsense"}),
        ({"number": "J1"}, {"field": "number"}),
        ({"first_judge": "A2"}, {"field": "first_judge"}),
        ({"phone": None, "busy": False}, {"unchanged": ("phone", "busy")}),
        ({}, {"unchanged": ()}),
    ],
)
def test_what_does_not_fit_or_changes_nothing_is_refused_before_the_reason_is_asked(
    data: dict[str, Any], values: dict[str, Any]
) -> None:
    denial = refused(story(), correct(reason=None, **data))
    assert denial.code == "input"
    assert values.items() <= denial.values.items()


def test_only_what_people_give_can_be_corrected_unless_the_rulebook_says_which_fields() -> None:
    usual, named = story(), story("{amend: {fields: [phone]}}")
    whole = story("{amend: {by: agent}}")
    declared = set(whole.rules.workflows["job"].fields)
    assert amendable(usual.rules.workflows["job"]) == declared - {"number", "first_judge", "keeper"}
    assert amendable(named.rules.workflows["job"]) == {"phone"}
    assert amendable(whole.rules.workflows["job"]) == declared - {"number"}
    assert refused(named, correct("L1", busy=True)).values["accepts"] == ("phone",)


def test_a_clock_starts_pauses_and_stops_by_a_corrected_field() -> None:
    told = story()
    went(told, correct(busy=True), 10)
    assert told.open_clock("whole").paused and told.open_clock("loud").due_at == minutes(40)
    went(told, correct(busy=False), 30)
    assert told.open_clock("whole").due_at == minutes(260)
    assert [run.status for run in told.ended("loud")] == ["met"]


def test_a_corrected_priority_gives_the_clock_its_other_target() -> None:
    told = story()
    went(told, correct(priority="P1"), 10)
    assert told.open_clock("whole").due_at == minutes(60)
    assert [run.status for run in told.ended("whole")] == ["superseded"]


def test_a_corrected_appointment_does_not_move_a_clock() -> None:
    told = story()
    told.do(minutes(1), "propose", slot_at=minutes(100))
    assert told.open_clock("whole").due_at == minutes(100)
    went(told, correct(slot_at=minutes(200)), 2)
    assert told.open_clock("whole").due_at == minutes(100)


def test_a_timed_event_waits_for_the_corrected_moment() -> None:
    told = story(slot_at=minutes(60))
    went(told, correct(slot_at=minutes(90)), 10)
    assert told.ticket.pending == (PendingEvent(minutes(90), "meet"),)
    told.pass_time(minutes(90))
    assert [event.at for event in of_kind(told.events, ev.Fired) if event.event == "meet"] == [minutes(90)]
    went(told, correct(slot_at=None), 95)
    assert told.ticket.pending == ()


def test_an_automatic_event_follows_in_the_same_step() -> None:
    told = story()
    decision = went(told, correct(amount=10))
    assert [type(event).__name__ for event in decision.events][:2] == ["Amended", "Fired"]
    assert told.ticket.state == "b"


@given(seed=st.integers(0, 2**32), priority=st.sampled_from(["P1", "P2", "P3"]), busy=st.booleans())
@settings(max_examples=60)
def test_clocks_see_a_correction_as_they_see_an_event_that_brings_the_same(
    seed: int, priority: str, busy: bool
) -> None:
    walk = Walk(everything(), "job", Random(seed))
    walk.go(8)
    assume(walk.ticket is not None)
    walk.run_timers(inclusive=True)
    data: dict[str, Any] = {"priority": priority, "busy": busy}
    corrected = decide(walk.rules, walk.ticket, correct("lead1", **data), walk.now, walk.facts)
    rated = decide(walk.rules, walk.ticket, Fire(event="rate", actor="lead1", data=data), walk.now, walk.facts)
    assume(isinstance(corrected, Decision) and isinstance(rated, Decision))
    assert isinstance(corrected, Decision) and isinstance(rated, Decision)
    assert corrected.ticket == rated.ticket


# --- commenting -------------------------------------------------------------------------------------------------


def test_a_comment_changes_nothing_but_the_count_and_the_time_of_the_last_event() -> None:
    told = story(slot_at=minutes(60))
    before = told.ticket
    decision = went(told, Comment(actor="W1", text=" as it was said\n"))
    assert decision.events == (ev.Commented(at=minutes(1), actor="W1", text=" as it was said\n"),)
    assert told.ticket == replace(before, seq=before.seq + 1, changed_at=minutes(1))
    assert decision.effects == ()


@pytest.mark.parametrize(
    ("text", "problem"), [("", "blank"), (" \n", "blank"), ("x" * (TEXT_MAX + 1), "too_long"), (7, "text_expected")]
)
def test_a_comment_of_nothing_or_too_much_is_refused(text: Any, problem: str) -> None:
    denial = refused(story(), Comment(actor="A1", text=text))
    assert (denial.code, denial.values["problem"]) == ("input", problem)
    went(story(), Comment(actor="A1", text="x" * TEXT_MAX))


# --- assigning --------------------------------------------------------------------------------------------------


def test_the_state_belongs_to_the_person_until_it_is_given_back_or_left() -> None:
    told = story()
    went(told, Assign(actor="L1", member="A2", reason="on site"), 1)
    assert told.ticket.owner == OwnedBy("agent", "A2")
    told.do(minutes(2), "judge")
    assert told.ticket.owner == OwnedBy("agent", "A2"), "staying is not entering"
    went(told, Assign(actor="A2"), 3)
    assert told.ticket.owner == OwnedBy("agent")
    assert [(e.actor, e.owner.member, e.reason) for e in of_kind(told.events, ev.Assigned)] == [
        ("L1", "A2", "on site"),
        ("A2", None, None),
    ]
    went(told, Assign(actor="L1", member="A2"), 4)
    told.do(minutes(5), "pass")
    assert told.ticket.owner == OwnedBy("worker")


def test_alarms_go_to_the_person_who_was_named() -> None:
    told = story()
    went(told, Assign(actor="L1", member="A2"))
    told.pass_time(minutes(240))
    assert [notice.to.members for notice in told.notices()] == [("A2",)]


@pytest.mark.parametrize("member", ["L1", "ghost"])
def test_who_does_not_hold_the_owning_role_cannot_be_named(member: str) -> None:
    denial = refused(story(), Assign(actor="A1", member=member))
    assert (denial.code, denial.values) == ("input", {"member": member, "role": "agent"})


def test_who_is_party_to_the_ticket_cannot_be_named() -> None:
    denial = refused(story(accused="A2"), Assign(actor="A1", member="A2"))
    assert (denial.code, denial.values["person"], denial.values["field"]) == ("conflict", "A2", "accused")


def test_without_a_role_anybody_known_can_be_named_but_it_cannot_be_given_back() -> None:
    told = story("{assign: {by: agent}}")
    told.do(minutes(1), "name")
    assert refused(told, Assign(actor="A1", member="ghost"), 2).values == {"member": "ghost", "role": ""}
    went(told, Assign(actor="A1", member="W1"), 3)
    assert told.ticket.owner == OwnedBy(None, "W1")
    assert refused(told, Assign(actor="A1"), 4).values == {"no_role": True}


# --- names ------------------------------------------------------------------------------------------------------


def test_a_request_goes_by_its_event_or_by_its_own_name() -> None:
    assert name_of(Fire(event="take", actor="A1")) == "take"
    assert name_of(Open(ticket="t", workflow="w", event="open", actor="A1")) == "open"
    others = (correct(), Comment(actor="A1", text="x"), Assign(actor="A1"))
    assert tuple(map(name_of, others)) == BUILT_IN


def test_time_passes_before_a_correction() -> None:
    told = story(slot_at=minutes(60))
    went(told, correct(phone="1"), 61)
    assert [(type(event).__name__, event.at) for event in told.events[-2:]] == [
        ("Fired", minutes(60)),
        ("Amended", minutes(61)),
    ]
