"""DESIGN part 5, rules 1 to 3: a command is one atomic step; which transition wins; staying, re-entering, resuming."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernel.story import MONDAY, Story, World, minutes, of_kind
from tests.kernel.yaml_rules import rules_from

from dutyflow.errors import MisuseError, NaiveTimeError, RunawayError, TimersPendingError
from dutyflow.kernel import events as ev
from dutyflow.kernel.commands import Fire, Open, Tick
from dutyflow.kernel.decide import Decision, decide
from dutyflow.kernel.denials import Denial
from dutyflow.kernel.rules import Rules
from dutyflow.kernel.step import STEPS_MAX
from dutyflow.kernel.ticket import OwnedBy

OPENING = Open(ticket="t", workflow="job", event="open", actor="A1")

HOPS = """
forms:
  f: {title: F, fields: {n: {type: number, default: 0}, limit: {type: number, default: 0}, note: {type: text}}}
workflows:
  job:
    forms: [f]
    initial: a
    states: {a: {title: A, owner: agent}, b: {title: B, owner: lead}, z: {title: Z, final: true}}
    events:
      open: {opens: true, by: agent, optional: [limit]}
      finish: {from: a, to: z, by: agent, set: {n: n + 1}, then: [{do: never}]}
      never: {from: z, by: agent, guard: n < 0}
      go: {from: a, to: b, by: agent, set: {n: n + 1}}
      there: {from: a, to: b, auto: true, when: "n > 0 and n < limit", set: {n: n + 1}}
      back: {from: b, to: a, auto: true, when: n < limit, set: {n: n + 1}}
"""


def hops(limit: int) -> Story:
    """A ticket that runs to and fro between two states by itself until it has hopped `limit` times."""
    story = Story(rules_from(HOPS))
    story.begin(limit=limit)
    return story


# --- rule 1 -----------------------------------------------------------------------------------------------------


@given(limit=st.integers(1, STEPS_MAX))
@settings(max_examples=20)
def test_automatic_transitions_run_to_completion_inside_the_command_that_set_them_off(limit: int) -> None:
    story = hops(limit)
    decision = story.do(minutes(1), "go")
    assert story.ticket.fields["n"] == limit
    assert len(of_kind(decision.events, ev.Fired)) == limit
    assert {event.at for event in decision.events} == {minutes(1)}


def test_a_hundred_automatic_transitions_are_too_many_and_nothing_has_changed() -> None:
    story = hops(STEPS_MAX + 1)
    before = story.ticket
    with pytest.raises(RunawayError) as caught:
        story.do(minutes(1), "go")
    assert caught.value.ticket == "t"
    assert story.ticket == before


def test_a_refusal_in_what_follows_refuses_the_whole_command() -> None:
    story = hops(0)
    before = story.ticket
    denial = story.refused(minutes(1), "finish")
    assert (denial.code, denial.event) == ("guard", "never")
    assert story.ticket == before


def test_a_follow_up_that_is_not_offered_is_skipped() -> None:
    rules = rules_from(
        """
        workflows:
          job:
            initial: a
            states: {a: {title: A, owner: agent}, z: {title: Z, final: true}}
            events:
              open: {opens: true, by: agent}
              finish: {from: a, to: z, by: agent, then: [{do: only_in_a}]}
              only_in_a: {from: a, by: lead}
        """
    )
    story = Story(rules)
    story.begin()
    story.do(minutes(1), "finish")
    assert story.fired() == ["open", "finish"]


def test_a_follow_up_is_fired_by_the_system_and_sees_what_the_event_has_set() -> None:
    rules = rules_from(
        """
        forms: {f: {title: F, fields: {n: {type: number, default: 0}, big: {type: boolean, default: false}}}}
        workflows:
          job:
            forms: [f]
            initial: a
            states: {a: {title: A, owner: agent}, z: {title: Z, final: true}}
            events:
              open: {opens: true, by: agent}
              count: {from: a, by: agent, set: {n: n + 1}, then: [{when: n >= 2, do: mark}]}
              mark: {from: a, by: lead, set: {big: "true"}}
              finish: {from: a, to: z, by: agent}
        """
    )
    story = Story(rules)
    story.begin()
    story.do(minutes(1), "count")
    assert not story.ticket.fields["big"]
    story.do(minutes(2), "count")
    assert story.fired()[-2:] == ["count", "mark"]
    assert story.ticket.fields["big"] is True
    assert of_kind(story.events, ev.Fired)[-1].actor == "system"


def test_a_kernel_that_is_asked_wrongly_says_so() -> None:
    rules = rules_from(HOPS)
    world = World()
    with pytest.raises(NaiveTimeError):
        decide(rules, None, OPENING, MONDAY.replace(tzinfo=None), world)
    with pytest.raises(MisuseError):
        decide(rules, None, msgspec.structs.replace(OPENING, workflow="nothing"), MONDAY, world)
    with pytest.raises(MisuseError):
        decide(rules, None, Tick(), MONDAY, world)


# --- rule 2 -----------------------------------------------------------------------------------------------------

NESTED = """
forms: {f: {title: F, fields: {n: {type: number, default: 0}, m: {type: number, default: 0}, via: {type: text}}}}
workflows:
  job:
    forms: [f]
    initial: work
    states:
      work:
        title: Work
        initial: first
        states: {first: {title: First, owner: agent}, second: {title: Second, owner: agent}}
      waiting: {title: Waiting, owner: agent}
      done: {title: Done, final: true}
    events:
      open: {opens: true, by: agent}
      next: {from: first, to: second, by: agent}
      stop:
        - {from: work, to: waiting, by: agent, set: {via: "'outer'"}}
        - {from: second, to: done, by: agent, set: {via: "'inner'"}}
      back: {from: waiting, to: {resume: work, otherwise: first}, by: agent}
      park: {from: work, to: waiting, by: agent}
      again: {from: first, by: agent, reenter: true}
      same: {from: first, to: first, by: agent}
      stay: {from: first, by: agent}
      swap: {from: first, by: agent, set: {n: m + 1, m: n + 10}}
      choose:
        from: first
        by: agent
        optional: [n]
        branches:
          - {when: n > 10, to: done, set: {via: "'big'"}}
          - {when: n > 5, to: second, set: {via: "'middle'"}}
          - {otherwise: true, set: {via: "'none'"}}
      narrow: {from: first, by: agent, optional: [n], branches: [{when: n > 10, to: done}]}
      raised:
        from: first
        by: agent
        set: {n: n + 1}
        branches:
          - {when: n == 1, to: second, set: {m: n * 100}}
          - {otherwise: true, to: done}
slas:
  whole: {on: job, start: {entered: work}, stop: {left: work}, within: 10h}
  part: {on: job, start: {entered: first}, stop: {left: first}, within: 5h}
"""


def nested() -> Story:
    """A ticket in the first of two states inside `work`."""
    story = Story(rules_from(NESTED))
    story.begin()
    return story


def test_inside_a_composite_state_the_inner_transition_wins() -> None:
    outer, inner = nested(), nested()
    outer.do(minutes(1), "stop")
    assert (outer.ticket.state, outer.ticket.fields["via"]) == ("waiting", "outer")
    inner.do(minutes(1), "next")
    inner.do(minutes(2), "stop")
    assert (inner.ticket.state, inner.ticket.fields["via"]) == ("done", "inner")


@given(n=st.integers(0, 20))
@settings(max_examples=25)
def test_among_several_branches_the_first_in_file_order_is_taken_and_otherwise_is_the_default(n: int) -> None:
    story = nested()
    story.do(minutes(1), "choose", n=n)
    expected = ("done", "big") if n > 10 else ("second", "middle") if n > 5 else ("first", "none")
    assert (story.ticket.state, story.ticket.fields["via"]) == expected


def test_an_event_none_of_whose_branches_holds_is_refused() -> None:
    denial = nested().refused(minutes(1), "narrow", n=3)
    assert denial.code == "guard"
    assert denial.values["no_branch"] is True


def test_everything_one_block_sets_sees_the_same_values() -> None:
    story = nested()
    story.do(minutes(1), "swap")
    assert (story.ticket.fields["n"], story.ticket.fields["m"]) == (1, 10)
    story.do(minutes(2), "swap")
    assert (story.ticket.fields["n"], story.ticket.fields["m"]) == (11, 11)


def test_branches_and_what_they_set_see_what_the_event_itself_has_set() -> None:
    story = nested()
    story.do(minutes(1), "raised")
    assert (story.ticket.state, story.ticket.fields["m"]) == ("second", 100)


# --- rule 3 -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", ["stay", "same"])
def test_staying_keeps_clocks_running_and_does_not_enter(event: str) -> None:
    story = nested()
    entered_at, clocks = story.ticket.entered_at, story.ticket.clocks
    story.do(minutes(30), event)
    assert story.ticket.entered_at == entered_at
    assert story.ticket.clocks == clocks


def test_reentering_leaves_and_enters_so_that_clocks_of_the_state_end_and_start_anew() -> None:
    story = nested()
    story.do(minutes(30), "again")
    assert story.ticket.entered_at == minutes(30)
    assert [run.status for run in story.ended("part")] == ["met"]
    assert story.open_clock("part").started_at == minutes(30)


def test_a_clock_of_the_composite_state_runs_on_while_the_ticket_moves_inside_it() -> None:
    story = nested()
    story.do(minutes(30), "next")
    assert story.open_clock("whole").started_at == minutes(0)
    assert story.clock("part") is None
    story.do(minutes(40), "park")
    assert story.clock("whole") is None


@pytest.mark.parametrize(("moves", "state"), [([], "first"), (["next"], "second")])
def test_resuming_a_composite_state_returns_to_its_last_inner_state(moves: list[str], state: str) -> None:
    story = nested()
    for count, event in enumerate([*moves, "park", "back"]):
        story.do(minutes(count), event)
    assert story.ticket.state == state


def test_resuming_without_a_memory_goes_where_otherwise_says() -> None:
    rules = rules_from(
        """
        workflows:
          job:
            initial: waiting
            states:
              waiting: {title: Waiting, owner: agent}
              work:
                title: Work
                initial: first
                states: {first: {title: First, owner: agent}, second: {title: Second, owner: agent}}
              done: {title: Done, final: true}
            events:
              open: {opens: true, by: agent}
              back: {from: waiting, to: {resume: work, otherwise: second}, by: agent}
              finish: {from: work, to: done, by: agent}
              next: {from: first, to: second, by: agent}
        """
    )
    story = Story(rules)
    story.begin()
    story.do(minutes(1), "back")
    assert story.ticket.state == "second"


def test_every_composite_state_remembers_for_itself_nested_ones_too() -> None:
    rules = rules_from(
        """
        workflows:
          job:
            initial: outer
            states:
              outer:
                title: Outer
                initial: inner
                states:
                  inner:
                    title: Inner
                    initial: one
                    states: {one: {title: One, owner: agent}, two: {title: Two, owner: agent}}
                  beside: {title: Beside, owner: agent}
              other:
                title: Other
                initial: left
                states: {left: {title: Left, owner: agent}, right: {title: Right, owner: agent}}
              z: {title: Z, final: true}
            events:
              open: {opens: true, by: agent}
              next: [{from: one, to: two, by: agent}, {from: left, to: right, by: agent}]
              aside: {from: inner, to: beside, by: agent}
              over: {from: outer, to: other, by: agent}
              inside: {from: [beside, other], to: {resume: inner, otherwise: one}, by: agent}
              return: {from: other, to: {resume: outer, otherwise: one}, by: agent}
              across: {from: outer, to: {resume: other, otherwise: left}, by: agent}
              finish: {from: any_open, to: z, by: agent}
        """
    )
    story = Story(rules)
    story.begin()
    states = []
    path = ["next", "aside", "inside", "aside", "over", "next", "return", "across", "inside", "across", "return"]
    for count, event in enumerate(path, start=1):
        story.do(minutes(count), event)
        states.append(story.ticket.state)
    went = ["two", "beside", "two", "beside", "left", "right", "beside", "right", "two", "right", "two"]
    assert states == went


def test_the_owner_is_resolved_when_a_state_is_entered() -> None:
    story = hops(0)
    assert story.ticket.owner == OwnedBy("agent")
    story.do(minutes(1), "go")
    assert story.ticket.owner == OwnedBy("lead")


# --- timed events -----------------------------------------------------------------------------------------------

TIMED = """
forms:
  f:
    title: F
    fields: {at_one: {type: datetime}, at_two: {type: datetime}, n: {type: number, default: 0}, ready: {type: boolean}}
workflows:
  job:
    forms: [f]
    initial: a
    states: {a: {title: A, owner: agent}, z: {title: Z, final: true}}
    events:
      open: {opens: true, by: agent, optional: [at_one, at_two, ready]}
      note: {from: a, by: agent}
      plan: {from: a, by: agent, optional: [at_one, at_two]}
      again: {from: a, by: agent, reenter: true}
      one: {from: a, at: at_one, set: {n: n + 1}}
      two: {from: a, at: at_two, set: {n: n + 10}}
      close: {from: a, to: z, after: 48h}
      urge: {from: a, after: 2h, when: ready, set: {n: n + 100}}
"""


def timed(**data: Any) -> Story:
    """A ticket with timed events."""
    story = Story(rules_from(TIMED))
    story.begin(**data)
    return story


def test_a_timed_event_fires_at_its_moment_even_if_somebody_acted_in_the_same_minute() -> None:
    story = timed()
    story.do(minutes(48 * 60), "note")
    assert story.ticket.state == "a"
    story.pass_time(minutes(48 * 60))
    assert story.ticket.state == "z"


def test_two_timed_events_of_one_moment_both_fire() -> None:
    story = timed(at_one=minutes(60), at_two=minutes(60))
    story.pass_time(minutes(60))
    assert story.ticket.fields["n"] == 11


def test_a_timed_event_fires_once_and_not_again_after_something_else_happens() -> None:
    story = timed(at_one=minutes(60))
    story.pass_time(minutes(60))
    story.do(minutes(60), "note")
    story.do(minutes(70), "note")
    story.pass_time(minutes(120))
    assert story.ticket.fields["n"] == 1


def test_a_timed_event_that_is_given_another_moment_fires_then() -> None:
    story = timed(at_one=minutes(60))
    story.do(minutes(30), "plan", at_one=minutes(90))
    story.pass_time(minutes(89))
    assert story.ticket.fields["n"] == 0
    story.pass_time(minutes(90))
    assert story.ticket.fields["n"] == 1


def test_a_timed_event_counts_from_entering_the_state_anew() -> None:
    story = timed()
    story.do(minutes(60), "again")
    story.pass_time(minutes(48 * 60 + 59))
    assert story.ticket.state == "a"
    story.pass_time(minutes(49 * 60))
    assert story.ticket.state == "z"


def test_an_instant_reckoned_from_entering_counts_from_the_state_that_begins() -> None:
    rules = rules_from(
        """
        forms: {f: {fields: {n: {type: number, default: 0}}}}
        workflows:
          job:
            forms: [f]
            initial: a
            states: {a: {owner: agent}, b: {owner: agent}, z: {final: true}}
            events:
              open: {opens: true, by: agent}
              go: {from: a, to: b, by: agent}
              over: {from: b, at: entered_at + 30m, to: z}
        """
    )
    story = Story(rules)
    story.begin()
    story.do(minutes(20), "go")
    assert story.ticket.next_due_at == minutes(50)


def test_a_timed_event_whose_condition_does_not_hold_lapses_and_stays_lapsed() -> None:
    story = timed(ready=False)
    story.pass_time(minutes(120))
    assert [event.event for event in of_kind(story.events, ev.Lapsed)] == ["urge"]
    story.do(minutes(130), "note")
    story.pass_time(minutes(600))
    assert story.ticket.fields["n"] == 0


HINDERED = """
forms: {f: {title: F, fields: {n: {type: number, default: 0}}}}
workflows:
  job:
    forms: [f]
    initial: a
    states: {a: {title: A, owner: agent}, b: {title: B, owner: agent}, z: {title: Z, final: true}}
    events:
      open: {opens: true, by: agent}
      %s
      never: {from: b, by: agent, guard: n > 5}
      finish: {from: [a, b], to: z, by: agent}
      note: {from: a, by: agent}
  visit:
    initial: open
    states: {open: {title: Open, owner: agent}, over: {title: Over, final: true}}
    events: {begin: {opens: true, by: agent}, end: {from: open, to: over, by: agent}}
slas: {limit: {on: job, start: {event: open}, stop: {left: a}, within: 1h}}
"""


def test_a_timed_event_that_cannot_go_through_lapses_and_leaves_nothing_behind() -> None:
    story = Story(rules_from(HINDERED % "move: {from: a, to: b, after: 30m, set: {n: 1}, then: [{do: never}]}"))
    before = story.begin()
    story.pass_time(minutes(30))
    assert isinstance(story.events[-1], ev.Lapsed)
    assert (story.ticket.state, story.ticket.fields, story.ticket.clocks) == ("a", before.fields, before.clocks)
    assert story.ticket.next_due_at == minutes(60)


def test_what_a_childs_end_cannot_set_in_motion_leaves_nothing_behind_but_the_fact() -> None:
    story = Story(rules_from(HINDERED % "move: {from: a, to: b, on_child: visit, set: {n: 1}, then: [{do: never}]}"))
    before = story.begin()
    story.child_ended(minutes(30), "t.1", "visit")
    assert isinstance(story.events[-1], ev.ChildClosed)
    assert (story.ticket.state, story.ticket.fields, story.ticket.clocks) == ("a", before.fields, before.clocks)


def test_an_automatic_event_that_a_breach_sets_off_in_vain_does_not_undo_the_breach() -> None:
    moving = "move: {from: a, to: b, auto: true, when: breached(limit), then: [{do: never}]}"
    story = Story(rules_from(HINDERED % moving))
    story.begin()
    story.pass_time(minutes(90))
    assert (story.ticket.state, story.open_clock("limit").breached_at) == ("a", minutes(60))


def test_nobody_can_fire_a_timed_event_by_hand() -> None:
    denial = timed().refused(minutes(1), "close")
    assert denial.code in ("role", "state")


def test_not_even_those_whose_role_a_timer_names_may_fire_it_by_hand() -> None:
    story = timed()
    flow = story.rules.workflows["job"]
    rule = msgspec.structs.replace(flow.steps["close"]["a"], by=frozenset({"agent"}))
    flow = msgspec.structs.replace(flow, steps={**flow.steps, "close": {"a": rule}})
    story.rules = msgspec.structs.replace(story.rules, workflows={"job": flow})
    assert story.refused(minutes(1), "close").code == "state"


def test_an_automatic_event_fires_as_soon_as_a_breach_makes_its_condition_true() -> None:
    rules = rules_from(
        """
        workflows:
          job:
            initial: a
            states: {a: {title: A, owner: agent}, late: {title: Late, owner: lead}, z: {title: Z, final: true}}
            events:
              open: {opens: true, by: agent}
              overdue: {from: a, to: late, auto: true, when: breached(answer)}
              finish: {from: [a, late], to: z, by: agent}
        slas:
          answer: {on: job, start: {entered: a}, stop: {entered: z}, within: 1h}
        """
    )
    story = Story(rules)
    story.begin()
    story.pass_time(minutes(60))
    assert story.ticket.state == "late"


@given(commands=st.lists(st.sampled_from(["next", "stop", "back", "park", "again", "stay", "choose", "nonsense"])))
@settings(max_examples=50)
def test_a_denied_command_changes_nothing_and_an_accepted_one_gives_all_its_events(commands: list[str]) -> None:
    story = nested()
    rules: Rules = story.rules
    for count, event in enumerate(commands, start=1):
        before = story.ticket
        answer = decide(rules, before, Fire(event=event, actor="A1"), minutes(count), story.world)
        if isinstance(answer, Denial):
            assert answer.code == "state"
            assert story.ticket == before
            continue
        assert answer.ticket is not None
        assert answer.ticket.seq == before.seq + len(answer.events)
        story.do(minutes(count), event)


def test_timers_that_are_due_earlier_must_fire_before_a_command() -> None:
    story = timed()
    with pytest.raises(TimersPendingError):
        decide(story.rules, story.ticket, Fire(event="note", actor="A1"), minutes(48 * 60 + 1), story.world)
    with pytest.raises(TimersPendingError):
        decide(story.rules, story.ticket, Tick(), minutes(48 * 60 + 1), story.world)


def test_a_tick_before_anything_is_due_is_a_harmless_hint() -> None:
    story = timed()
    answer = decide(story.rules, story.ticket, Tick(), minutes(5), story.world)
    assert answer == Decision(events=(), effects=(), ticket=story.ticket)
