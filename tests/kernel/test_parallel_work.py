"""DESIGN part 5, rule 4: parallel work is tasks inside a state, approvals, and child tickets that are awaited."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernel.story import MONDAY, Story, World, minutes, of_kind
from tests.kernel.yaml_rules import rules_from

from dutyflow.kernel import events as ev
from dutyflow.kernel.commands import Open
from dutyflow.kernel.decide import Decision, decide
from dutyflow.kernel.effects import OpenChild, TellParent

# --- tasks ------------------------------------------------------------------------------------------------------

TASKS = """
forms: {f: {title: F, fields: {photo: {type: text}}}}
workflows:
  job:
    forms: [f]
    initial: working
    states:
      working:
        title: Working
        owner: agent
        complete: %s
        to: done
        tasks:
          clean: {title: Clean, by: agent}
          check: {title: Check, by: lead, record: [photo]}
          sign: {title: Sign, by: chief}
      done: {title: Done, owner: agent}
      z: {title: Z, final: true}
    events:
      open: {opens: true, by: agent}
      restart: {from: working, by: agent, reenter: true}
      finish: {from: done, to: z, by: agent}
slas:
  clean_soon: {on: job, start: {entered: working}, stop: {event: clean}, within: 1h}
"""
TASK_ACTORS = {"clean": ("A1", {}), "check": ("L1", {"photo": "p"}), "sign": ("C1", {})}


@pytest.mark.parametrize(("complete", "needed"), [("all", 3), ("any", 1), ("2", 2)])
@pytest.mark.parametrize("order", list(permutations(TASK_ACTORS)))
def test_a_state_is_complete_when_enough_tasks_are_done_in_any_order(
    complete: str, needed: int, order: tuple[str, ...]
) -> None:
    story = Story(rules_from(TASKS % complete))
    story.begin()
    for count, task in enumerate(order[:needed], start=1):
        assert story.ticket.state == "working"
        actor, data = TASK_ACTORS[task]
        story.do(minutes(count), task, actor, **data)
    assert story.ticket.state == "done"
    assert story.ticket.tasks_done == ()


def test_a_task_has_its_own_people_evidence_and_clock_and_is_done_once() -> None:
    story = Story(rules_from(TASKS % "all"))
    story.begin()
    assert story.refused(minutes(1), "check", actor="A1").code == "role"
    assert story.refused(minutes(1), "check", actor="L1").code == "evidence"
    story.do(minutes(2), "clean")
    assert [run.status for run in story.ended("clean_soon")] == ["met"]
    assert story.refused(minutes(3), "clean").code == "state"
    assert [event.task for event in of_kind(story.events, ev.TaskDone)] == ["clean"]


def test_tasks_start_again_when_their_state_is_entered_again() -> None:
    story = Story(rules_from(TASKS % "all"))
    story.begin()
    story.do(minutes(1), "clean")
    story.do(minutes(2), "restart")
    assert story.ticket.tasks_done == ()
    story.do(minutes(3), "clean")


# --- approvals --------------------------------------------------------------------------------------------------

APPROVALS = """
forms: {f: {title: F, fields: {paper: {type: text}, words: {type: text}, n: {type: number, default: 0}}}}
workflows:
  job:
    forms: [f]
    initial: asking
    states: {asking: {title: Asking, owner: agent}, done: {title: Done, owner: agent}, z: {title: Z, final: true}}
    events:
      open: {opens: true, by: agent}
      note: {from: asking, by: agent}
      again: {from: asking, by: agent, reenter: true}
      approve:
        from: asking
        to: done
        by: [agent, lead, chief]
        approvals: {of: [agent, lead, chief], order: %s, different_persons: %s}
        optional: [words, paper]
        %s
        then: [{do: celebrate}]
      celebrate: {from: [asking, done], by: agent, set: {n: n + 1}}
      finish: {from: done, to: z, by: agent}
slas:
  sign: {on: job, start: {entered: asking}, stop: {event: approve}, within: 1h}
"""
SIGNERS = {"agent": "A1", "lead": "L1", "chief": "C1"}


def asking(order: str = "any", different: str = "true", check: str = "note: x") -> Story:
    """A ticket that waits for the signatures of agent, lead and chief."""
    story = Story(rules_from(APPROVALS % (order, different, check)))
    story.begin()
    return story


@pytest.mark.parametrize("order", list(permutations(SIGNERS)))
def test_in_any_order_the_event_goes_through_with_the_last_signature(order: tuple[str, ...]) -> None:
    story = asking()
    for count, role in enumerate(order, start=1):
        assert story.ticket.state == "asking"
        story.do(minutes(count), "approve", SIGNERS[role])
    assert story.ticket.state == "done"
    assert [event.role for event in of_kind(story.events, ev.Signed)] == list(order)


@pytest.mark.parametrize("order", list(permutations(SIGNERS)))
def test_in_sequence_only_the_next_role_may_sign(order: tuple[str, ...]) -> None:
    story = asking("sequence")
    expected = list(SIGNERS)
    for count, role in enumerate(order, start=1):
        if role == expected[0]:
            story.do(minutes(count), "approve", SIGNERS[role])
            expected.pop(0)
        else:
            denial = story.refused(minutes(count), "approve", SIGNERS[role])
            assert (denial.code, denial.values["expected"]) == ("state", (expected[0],))
    assert (story.ticket.state == "done") is (expected == [])


def test_until_the_last_signature_the_event_has_not_happened() -> None:
    story = asking()
    story.do(minutes(1), "approve", "A1")
    story.do(minutes(2), "approve", "L1")
    assert story.fired() == ["open"]
    assert story.ticket.fields["n"] == 0, "nothing follows from a mere signature"
    assert story.open_clock("sign").ended_at is None
    story.do(minutes(3), "approve", "C1")
    assert story.fired() == ["open", "approve", "celebrate"]
    assert [run.status for run in story.ended("sign")] == ["met"]


def test_one_person_may_not_sign_twice_even_for_two_roles() -> None:
    story = asking()
    story.do(minutes(1), "approve", "AL")
    assert story.refused(minutes(2), "approve", "AL").code == "same_person"
    story.do(minutes(3), "approve", "L1")


def test_one_person_may_sign_for_two_roles_where_that_is_allowed() -> None:
    story = asking(different="false")
    for count, actor in enumerate(("AL", "AL", "C1"), start=1):
        story.do(minutes(count), "approve", actor)
    assert story.ticket.state == "done"


def test_a_role_signs_once() -> None:
    story = asking()
    story.do(minutes(1), "approve", "A1")
    denial = story.refused(minutes(2), "approve", "A2")
    assert (denial.code, denial.values["expected"]) == ("state", ("lead", "chief"))


def test_what_a_signature_brings_is_kept_until_the_event_goes_through() -> None:
    story = asking(check="require: [paper]")
    assert story.refused(minutes(1), "approve", "A1").code == "evidence"
    story.do(minutes(2), "approve", "A1", paper="p", words="fine")
    story.do(minutes(3), "approve", "L1")
    story.do(minutes(4), "approve", "C1")
    assert (story.ticket.fields["paper"], story.ticket.fields["words"]) == ("p", "fine")


def test_clocks_see_what_a_signature_brings_before_the_event_goes_through() -> None:
    started = "  told: {on: job, start: {when: words == 'stop'}, stop: {event: finish}, within: 1h}\n"
    story = Story(rules_from(APPROVALS % ("any", "true", "note: x") + started))
    story.begin()
    story.do(minutes(1), "approve", "A1", words="stop")
    assert story.open_clock("told").started_at == minutes(1)
    assert story.fired() == ["open"]
    story.do(minutes(2), "approve", "L1")
    story.do(minutes(3), "approve", "C1")
    assert story.open_clock("told").started_at == minutes(1)
    assert story.ticket.fields["n"] == 1


def test_a_signature_out_of_turn_is_told_before_what_is_missing() -> None:
    assert asking("sequence", check="require: [paper]").refused(minutes(1), "approve", "C1").code == "state"
    story = asking(check="guard: n > 5")
    assert story.refused(minutes(1), "approve", "A1").code == "guard"


def test_signatures_survive_other_events_but_not_leaving_the_state() -> None:
    story = asking()
    story.do(minutes(1), "approve", "A1")
    story.do(minutes(2), "note")
    assert [signature.role for signature in story.ticket.signatures] == ["agent"]
    story.do(minutes(3), "again")
    assert story.ticket.signatures == ()


# --- children ---------------------------------------------------------------------------------------------------

CHILDREN = """
forms:
  f: {title: F, fields: {who: {type: text}, n: {type: number, default: 0}}}
  v: {title: V, fields: {whom: {type: text}, number: {type: number}}}
workflows:
  job:
    forms: [f]
    initial: a
    states:
      a: {title: A, owner: agent}
      waiting: {title: Waiting, owner: agent}
      happy: {title: Happy, owner: agent}
      sad: {title: Sad, owner: agent}
      z: {title: Z, final: true}
    events:
      open: {opens: true, by: agent, optional: [who]}
      send:
        from: a
        to: waiting
        by: agent
        set: {n: n + 1}
        spawn:
          - {workflow: visit, event: begin, with: {whom: who, number: n}}
          - {workflow: visit, event: begin, when: n > 5}
          - {workflow: other, event: begin}
      good: {from: waiting, to: happy, on_child: {workflow: visit, outcomes: [good]}}
      bad: {from: waiting, to: sad, on_child: {workflow: visit, outcomes: [bad]}}
      all_done: {from: waiting, to: z, auto: true, when: open_children() == 0}
      finish: {from: [a, happy, sad], to: z, by: agent}
  visit:
    forms: [v]
    initial: open
    states: {open: {title: Open, owner: agent}, over: {title: Over, final: true, outcomes: [good, bad]}}
    events:
      begin: {opens: true, by: lead, optional: [whom, number]}
      end_well: {from: open, to: over, outcome: good, by: agent}
      end_badly: {from: open, to: over, outcome: bad, by: agent}
  other:
    initial: open
    states: {open: {title: Open, owner: agent}, over: {title: Over, final: true}}
    events:
      begin: {opens: true, by: lead}
      end: {from: open, to: over, by: agent}
"""


def sent() -> Story:
    """A ticket that has opened a visit and another child."""
    story = Story(rules_from(CHILDREN))
    story.begin(who="Wang")
    story.do(minutes(1), "send")
    return story


def test_children_are_opened_with_the_values_after_the_event_has_set_them() -> None:
    story = sent()
    opened = [effect for effect in story.effects if isinstance(effect, OpenChild)]
    assert [(e.ticket, e.workflow, e.event) for e in opened] == [("t.1", "visit", "begin"), ("t.2", "other", "begin")]
    assert opened[0].data == {"whom": "Wang", "number": 1}
    assert [(child.id, child.open) for child in story.ticket.children] == [("t.1", True), ("t.2", True)]


@pytest.mark.parametrize(("outcome", "state"), [("good", "happy"), ("bad", "sad")])
def test_the_outcome_of_a_child_selects_where_the_parent_goes(outcome: str, state: str) -> None:
    story = sent()
    story.child_ended(minutes(2), "t.1", "visit", outcome)
    assert story.ticket.state == state
    assert (story.ticket.children[0].open, story.ticket.children[0].outcome) == (False, outcome)


def test_a_childs_end_that_nobody_waits_for_is_recorded_and_changes_no_state() -> None:
    story = sent()
    story.child_ended(minutes(2), "t.2", "other", "good")
    assert story.ticket.state == "waiting", "a visit is awaited, not just any child"
    assert [child.open for child in story.ticket.children] == [True, False]
    assert isinstance(story.events[-1], ev.ChildClosed)


@given(order=st.permutations(["t.1", "t.2"]))
@settings(max_examples=4)
def test_the_end_of_the_last_child_lets_the_parent_go_on_by_itself(order: list[str]) -> None:
    story = sent()
    workflows = {"t.1": "visit", "t.2": "other"}
    for count, child in enumerate(order, start=2):
        assert story.ticket.state == "waiting"
        story.child_ended(minutes(count), child, workflows[child], "unknown")
    assert story.ticket.state == "z"


def test_a_final_state_tells_the_parent_once_whatever_happens_there_afterwards() -> None:
    rules = rules_from(
        """
        workflows:
          job:
            initial: a
            states: {a: {title: A, owner: agent}, z: {title: Z, final: true}}
            events:
              open: {opens: true, by: agent}
              finish: {from: a, to: z, by: agent, then: [{do: log}]}
              log: {from: z, by: agent}
        """
    )
    story = Story(rules)
    story.ask(Open(ticket="t.1", workflow="job", event="open", actor="A1", parent="t"), MONDAY)
    story.do(minutes(1), "finish")
    story.do(minutes(2), "log")
    assert [type(effect) for effect in story.effects] == [TellParent]


def test_a_child_is_opened_without_a_role_tells_its_parent_and_a_lone_ticket_tells_nobody() -> None:
    rules = sent().rules
    for parent in ("t", None):
        opening = Open(ticket="t.1", workflow="visit", event="begin", actor="L1", parent=parent)
        story = Story(rules, workflow="visit")
        assert isinstance(story.ask(opening, MONDAY), Decision)
        decision = story.do(minutes(5), "end_well")
        told = [effect for effect in decision.effects if isinstance(effect, TellParent)]
        expected = [TellParent(parent="t", child="t.1", workflow="visit", outcome="good")] if parent else []
        assert told == expected
    unfit = Open(ticket="t.1", workflow="visit", event="begin", actor="system", parent="t")
    assert isinstance(decide(rules, None, unfit, MONDAY, World()), Decision), "the parent's rule opens it, not a person"
