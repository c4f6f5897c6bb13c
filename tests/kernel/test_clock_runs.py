"""DESIGN part 5, rules 9 to 13: the states of a clock, pauses, other targets, reopening, and what nobody can move."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernel.story import Story, minutes, moment, of_kind
from tests.kernel.yaml_rules import rules_from

from dutyflow.kernel import events as ev
from dutyflow.kernel.clocks import consumed_seconds
from dutyflow.kernel.ticket import ClockRun

FLOW = """
forms:
  f:
    title: F
    fields:
      priority: {type: choice, options: [P1, P2, none], default: P2}
      slot_at: {type: datetime}
      first_contact_at: {type: datetime}
      wished: {type: boolean, default: false}
      busy: {type: boolean, default: false}
workflows:
  job:
    forms: [f]
    initial: a
    states:
      a: {title: A, owner: agent}
      waiting: {title: W, owner: agent}
      answered: {title: D, owner: agent}
      z: {title: Z, final: true}
    events:
      open: {opens: true, by: agent, optional: [priority, first_contact_at, slot_at, busy]}
      hold: {from: a, to: waiting, by: agent}
      go_on: {from: waiting, to: a, by: agent, optional: [priority]}
      answer: {from: [a, waiting], to: answered, by: agent}
      drop: {from: a, to: answered, by: agent}
      reopen: {from: answered, to: a, by: agent, optional: [first_contact_at]}
      call: {from: a, by: agent}
      rate: {from: [a, waiting], by: agent, optional: [priority, busy]}
      propose: {from: [a, waiting], by: agent, record: [slot_at], optional: [wished]}
      propose_and_hold: {from: a, to: waiting, by: agent, record: [slot_at], optional: [wished]}
      propose_and_go_on: {from: waiting, to: a, by: agent, record: [slot_at], optional: [wished]}
      note: {from: any_open, by: agent}
      close: {from: [a, waiting, answered], to: z, by: agent}
slas:
  reply:
    on: job
    start: %(start)s
    stop: {event: answer}
    cancel: {event: drop}
    %(within)s
    %(more)s
"""
BY_PRIORITY = """within:
      - {when: priority == 'P1', is: 60m}
      - {when: priority == 'P2', is: 240m}"""


def flow(
    within: str = "within: 60m",
    more: str = "reopen: new_cycle",
    start: str = "[{event: open}, {event: reopen}]",
    **data: Any,
) -> Story:
    """A ticket with one clock, `reply`."""
    story = Story(rules_from(FLOW % {"within": within, "more": more, "start": start}))
    story.begin(**data)
    return story


PAUSE = "pause: [{states: [waiting], reason: customer}]"


def states(story: Story) -> list[str]:
    """How the runs of the clock ended, and `open` for one that did not."""
    runs = (*story.ticket.past_clocks, *story.ticket.clocks)
    return [run.status for run in runs if run.sla == "reply"]


# --- rule 9 -----------------------------------------------------------------------------------------------------


def test_a_clock_is_met_when_it_is_stopped_and_cancelled_when_it_is_cancelled() -> None:
    met, cancelled = flow(), flow()
    met.do(minutes(10), "answer")
    cancelled.do(minutes(10), "drop")
    assert (states(met), states(cancelled)) == (["met"], ["cancelled"])
    assert met.ended("reply")[0].ended_at == minutes(10)


def test_a_final_state_cancels_what_still_runs() -> None:
    story = flow()
    story.do(minutes(10), "close")
    assert states(story) == ["cancelled"]
    assert story.ticket.next_due_at is None


@pytest.mark.parametrize(("event", "status"), [("answer", "met"), ("drop", "cancelled"), ("close", "cancelled")])
def test_a_breach_is_never_withdrawn_however_the_clock_ends(event: str, status: str) -> None:
    story = flow()
    story.do(minutes(90), event)
    run = story.ended("reply")[0]
    assert (run.status, run.late, run.breached_at) == (status, True, minutes(60))


def test_no_alarm_rings_after_the_end_of_a_clock() -> None:
    story = flow()
    story.do(minutes(10), "answer")
    story.pass_time(minutes(10_000))
    assert story.rung() == []


def test_a_breach_stays_when_a_longer_target_applies_afterwards() -> None:
    story = flow(BY_PRIORITY, priority="P1")
    story.do(minutes(90), "rate", priority="P2")
    old, new = story.ended("reply")[0], story.open_clock("reply")
    assert (old.status, old.late) == ("superseded", True)
    assert (new.late, new.due_at) == (False, minutes(240))


def test_what_was_due_before_it_was_noticed_is_late_even_if_done_at_once() -> None:
    story = flow(start="{event: open, at: first_contact_at}", first_contact_at=minutes(-90))
    assert story.open_clock("reply").due_at == minutes(-30)
    story.do(minutes(0), "answer")
    run = story.ended("reply")[0]
    assert (run.status, run.breached_at) == ("met", minutes(0))
    assert story.rung() == [("breach", 0, minutes(0))]


def test_what_was_due_before_it_was_noticed_and_is_cancelled_at_once_is_void_and_not_late() -> None:
    story = flow(start="{event: open, at: first_contact_at}", first_contact_at=minutes(-90))
    story.do(minutes(0), "drop")
    assert [(run.status, run.late) for run in story.ended("reply")] == [("cancelled", False)]
    assert story.rung() == []


def test_what_was_due_before_it_was_noticed_is_late_even_if_it_stands_still_until_done() -> None:
    more = "pause: [{when: busy, reason: busy}]"
    story = flow(start="{event: open, at: first_contact_at}", more=more, first_contact_at=minutes(-90), busy=True)
    story.pass_time(minutes(30))
    assert story.rung() == [], "a paused clock is silent"
    story.do(minutes(40), "answer")
    assert [(run.status, run.late) for run in story.ended("reply")] == [("met", True)]


def test_a_clock_that_stood_still_in_time_is_met_in_time() -> None:
    story = flow(more=PAUSE)
    story.do(minutes(60), "hold")
    story.do(minutes(500), "answer")
    assert [(run.status, run.late) for run in story.ended("reply")] == [("met", False)]


# --- rule 10 ----------------------------------------------------------------------------------------------------


def test_a_clock_that_declares_no_pause_never_stands_still() -> None:
    story = flow()
    story.do(minutes(10), "hold")
    assert story.open_clock("reply").due_at == minutes(60)
    story.pass_time(minutes(60))
    assert story.open_clock("reply").late


def test_a_condition_pauses_and_resumes_as_a_state_does() -> None:
    story = flow(more="pause: [{when: busy, reason: busy}, {states: [waiting], reason: customer}]")
    story.do(minutes(10), "rate", busy=True)
    assert story.open_clock("reply").paused
    story.do(minutes(20), "hold")
    story.do(minutes(30), "rate", busy=False)
    assert story.open_clock("reply").paused, "one of its two reasons still holds"
    story.do(minutes(40), "go_on")
    assert story.open_clock("reply").due_at == minutes(90)
    assert story.open_clock("reply").pauses == ((minutes(10), minutes(40)),)


def test_a_clock_that_starts_in_a_pause_stands_still_from_the_start() -> None:
    story = flow(more="pause: [{when: busy, reason: busy}]", busy=True)
    run = story.open_clock("reply")
    assert (run.paused, run.due_at, run.alarms) == (True, None, ())
    story.do(minutes(100), "rate", busy=False)
    assert story.open_clock("reply").due_at == minutes(160)


# --- rule 11 ----------------------------------------------------------------------------------------------------

RETARGETS = {
    "keep_consumed": minutes(60),
    "restart": minutes(90),
    "keep_old": minutes(240),
    "{keep_consumed: true, min_remaining: 45m}": minutes(75),
    "{keep_consumed: true, min_remaining: 20m}": minutes(60),
    "{keep_consumed: true, min_remaining: 1bh@office}": minutes(90),
}


@pytest.mark.parametrize(("policy", "due"), RETARGETS.items())
def test_another_target_applies_as_the_policy_says_and_both_runs_are_kept(policy: str, due: Any) -> None:
    story = flow(BY_PRIORITY, f"retarget: {policy}")
    story.do(minutes(30), "rate", priority="P1")
    assert story.open_clock("reply").due_at == due
    assert states(story) == (["open"] if policy == "keep_old" else ["superseded", "open"])
    assert len(of_kind(story.events, ev.ClockStarted)) == len(states(story))


def test_the_time_that_must_remain_is_counted_in_its_own_calendar() -> None:
    story = flow(BY_PRIORITY, "retarget: {keep_consumed: true, min_remaining: 1bh@desk}")
    story.do(minutes(90), "rate", priority="P1")
    assert story.open_clock("reply").due_at == moment("03-02 12:30"), "the desk has no lunch, the office does"


def test_the_same_target_again_changes_nothing() -> None:
    story = flow(BY_PRIORITY)
    before = story.ticket.clocks
    story.do(minutes(30), "rate", priority="P2")
    assert story.ticket.clocks == before


def test_a_clock_for_which_no_target_is_left_is_cancelled_and_kept() -> None:
    story = flow(BY_PRIORITY)
    story.do(minutes(30), "rate", priority="none")
    assert states(story) == ["cancelled"]


@given(before=st.integers(1, 200), pause=st.integers(1, 200), during=st.booleans(), after=st.integers(1, 50))
@settings(max_examples=60)
def test_a_new_target_keeps_what_is_consumed_and_every_pause_once(
    before: int, pause: int, during: bool, after: int
) -> None:
    story = flow(BY_PRIORITY, PAUSE)
    story.do(minutes(before), "hold")
    if during:
        story.do(minutes(before + pause / 2), "rate", priority="P1")
        story.do(minutes(before + pause), "go_on")
    else:
        story.do(minutes(before + pause), "go_on", priority="P1")
    run = story.open_clock("reply")
    assert not run.paused
    assert run.due_at == (minutes(60) if before >= 60 else minutes(60 + pause))
    at = minutes(before + pause + after)
    measure = story.rules.workflows["job"].slas["reply"].targets[0].measure
    assert consumed_seconds(measure, run, at) == (before + after) * 60


def test_the_time_that_a_new_target_leaves_survives_a_later_pause() -> None:
    story = flow(BY_PRIORITY, f"retarget: {{keep_consumed: true, min_remaining: 45m}}\n    {PAUSE}")
    story.do(minutes(30), "rate", priority="P1")
    story.do(minutes(40), "hold")
    story.do(minutes(140), "go_on")
    assert story.open_clock("reply").due_at == minutes(175)


# --- rule 12 ----------------------------------------------------------------------------------------------------

REOPENS = {"new_cycle": minutes(160), "resume": minutes(140), "total": minutes(60), "ignore": None}


@pytest.mark.parametrize(("policy", "due"), REOPENS.items())
def test_reopening_goes_on_as_the_policy_says_and_all_cycles_are_kept(policy: str, due: Any) -> None:
    story = flow(more=f"reopen: {policy}")
    story.do(minutes(20), "answer")
    story.do(minutes(100), "reopen")
    run = story.clock("reply")
    assert (run.due_at if run else None) == due
    assert states(story) == (["met"] if policy == "ignore" else ["met", "open"])
    if run:
        assert run.run == 2


@given(work=st.lists(st.integers(1, 30), min_size=2, max_size=4), rest=st.integers(1, 300))
@settings(max_examples=40)
def test_a_resumed_clock_counts_the_time_of_all_its_cycles_and_none_between(work: list[int], rest: int) -> None:
    story, at, used = flow(within="within: 90m", more="reopen: resume"), 0, 0
    for length in work[:-1]:
        at, used = at + length, used + length
        story.do(minutes(at), "answer")
        at += rest
        story.do(minutes(at), "reopen")
    assert story.open_clock("reply").due_at == (
        minutes(at + 90 - used) if used < 90 else story.open_clock("reply").due_at
    )
    measure = story.rules.workflows["job"].slas["reply"].targets[0].measure
    assert consumed_seconds(measure, story.open_clock("reply"), minutes(at + work[-1])) == (used + work[-1]) * 60


def test_a_resumed_clock_keeps_its_earlier_pauses_even_one_that_was_never_ended() -> None:
    story = flow(more=f"reopen: resume\n    {PAUSE}")
    story.do(minutes(20), "hold")
    story.do(minutes(50), "answer")
    story.do(minutes(100), "reopen")
    assert story.open_clock("reply").due_at == minutes(140)


IF_RUNNING = {"keep": ["open"], "restart": ["superseded", "open"], "add": ["open", "open"]}


@pytest.mark.parametrize(("policy", "runs"), IF_RUNNING.items())
def test_a_start_while_a_run_is_open_does_what_the_policy_says(policy: str, runs: list[str]) -> None:
    story = flow(start="[{event: open}, {event: call}]", more=f"if_running: {policy}")
    story.do(minutes(30), "call")
    assert states(story) == runs
    dues = [run.due_at for run in story.ticket.clocks]
    assert dues == {"keep": [minutes(60)], "restart": [minutes(90)], "add": [minutes(60), minutes(90)]}[policy]
    assert [run.run for run in story.ticket.clocks][-1] == len(runs)


# --- rule 13 ----------------------------------------------------------------------------------------------------

HEADLINE = "{event: [open, reopen], at: first_contact_at}"
agents_doings = st.lists(
    st.sampled_from(["hold", "go_on", "drop", "reopen", "rate", "propose", "note", "call"]), max_size=8
)


@given(doings=agents_doings)
@settings(max_examples=60)
def test_the_headline_clock_counts_from_the_first_contact_and_nothing_an_agent_does_moves_it(
    doings: list[str],
) -> None:
    rules = FLOW % {"within": "within: 600m", "more": "reopen: ignore", "start": HEADLINE}
    story = Story(rules_from(rules.replace("    cancel: {event: drop}\n", "")))
    story.begin(first_contact_at=minutes(-30))
    for count, event in enumerate(doings, start=1):
        data: dict[str, Any] = {"slot_at": minutes(5000)} if event == "propose" else {}
        data |= {"first_contact_at": minutes(count)} if event == "reopen" else {}
        state = story.ticket.state
        if state in story.rules.workflows["job"].steps[event]:
            story.do(minutes(count), event, **data)
    run = story.open_clock("reply")
    assert (run.run, run.anchor_at, run.due_at) == (1, minutes(-30), minutes(570))


MOVED = """moved_by:
      - {event: [propose, propose_and_hold, propose_and_go_on], when: wished, due: slot_at, warn: "-30m"}"""


def test_an_appointment_moves_the_clock_only_by_its_event_and_its_condition() -> None:
    story = flow(more=MOVED)
    story.do(minutes(5), "note")
    story.do(minutes(10), "propose", slot_at=minutes(300))
    assert story.open_clock("reply").due_at == minutes(60)
    story.do(minutes(20), "propose", slot_at=minutes(300), wished=True)
    run = story.open_clock("reply")
    assert (run.due_at, run.fixed, run.run) == (minutes(300), True, 1)
    story.do(minutes(30), "note")
    story.pass_time(minutes(300))
    assert story.rung() == [("warning", 1, minutes(270)), ("breach", 0, minutes(300))]


def test_a_moved_clock_keeps_its_appointment_whatever_target_applies_later() -> None:
    story = flow(BY_PRIORITY, MOVED)
    story.do(minutes(10), "propose", slot_at=minutes(300), wished=True)
    story.do(minutes(20), "rate", priority="P1")
    assert story.open_clock("reply").due_at == minutes(300)


@given(
    before=st.integers(1, 30),
    pause=st.integers(1, 60),
    slot=st.integers(120, 600),
    second=st.integers(1, 60),
    during=st.sampled_from(["propose", "propose_and_hold", "propose_and_go_on"]),
)
@settings(max_examples=60)
def test_an_agreed_time_is_fixed_pauses_before_or_after_do_not_shift_it(
    before: int, pause: int, slot: int, second: int, during: str
) -> None:
    story = flow(more=f"{MOVED}\n    {PAUSE}")
    agreed: dict[str, Any] = {"slot_at": minutes(slot), "wished": True}
    if during == "propose_and_hold":
        story.do(minutes(before), during, **agreed)
        assert story.open_clock("reply").paused
        story.do(minutes(before + pause), "go_on")
    else:
        story.do(minutes(before), "hold")
        story.do(minutes(before + pause / 2), "note")
        if during == "propose":
            story.do(minutes(before + pause / 2), during, **agreed)
            run = story.open_clock("reply")
            assert (run.paused, run.due_at, run.alarms) == (True, None, ())
            story.do(minutes(before + pause), "go_on")
        else:
            story.do(minutes(before + pause), during, **agreed)
    run = story.open_clock("reply")
    assert (run.paused, run.due_at) == (False, minutes(slot))
    assert _well_formed(run)
    story.do(minutes(before + pause), "hold")
    story.do(minutes(before + pause + second), "go_on")
    assert story.open_clock("reply").due_at == minutes(slot)


def _well_formed(run: ClockRun) -> bool:
    """Pauses are in order, do not overlap, and only the last may be open."""
    ends = [end for _, end in run.pauses]
    flat = [at for span in run.pauses for at in span if at is not None]
    return None not in ends[:-1] and flat == sorted(flat)


def test_a_second_appointment_has_warnings_of_its_own_even_after_a_pause() -> None:
    story = flow(more=f"{MOVED}\n    {PAUSE}")
    story.do(minutes(10), "propose", slot_at=minutes(120), wished=True)
    story.pass_time(minutes(90))
    story.do(minutes(100), "propose", slot_at=minutes(300), wished=True)
    story.do(minutes(110), "hold")
    story.do(minutes(120), "go_on")
    story.pass_time(minutes(280))
    assert story.rung() == [("warning", 1, minutes(90)), ("warning", 1, minutes(270))]


def test_a_breached_clock_that_is_moved_does_not_breach_again() -> None:
    story = flow(more=MOVED)
    story.do(minutes(70), "propose", slot_at=minutes(300), wished=True)
    story.pass_time(minutes(400))
    assert [kind for kind, _, _ in story.rung()] == ["breach", "warning"]
    assert story.open_clock("reply").breached_at == minutes(60)


def test_a_promised_time_is_a_due_time_and_an_empty_one_starts_no_clock() -> None:
    story = flow(within="due: slot_at", start="[{event: open}, {event: propose}]")
    assert story.clock("reply") is None
    story.do(minutes(10), "propose", slot_at=moment("03-04 09:30"))
    assert story.open_clock("reply").due_at == moment("03-04 09:30")


@pytest.mark.parametrize("policy", ["resume", "total"])
@pytest.mark.parametrize("slot", [50, 300])
def test_a_promised_time_stays_where_it_is_however_a_reopened_clock_counts(policy: str, slot: int) -> None:
    story = flow("due: slot_at", f"reopen: {policy}", slot_at=minutes(slot))
    story.do(minutes(20), "answer")
    story.do(minutes(100), "reopen")
    assert story.open_clock("reply").due_at == minutes(slot)


def test_a_share_of_an_agreed_time_is_measured_without_the_pauses_before_it() -> None:
    moved = MOVED.replace('"-30m"', '"50%"')
    story = flow(more=f"{moved}\n    {PAUSE}")
    story.do(minutes(10), "hold")
    story.do(minutes(30), "go_on")
    story.do(minutes(40), "propose", slot_at=minutes(120), wished=True)
    assert story.open_clock("reply").seconds == 100 * 60
    story.pass_time(minutes(119))
    assert story.rung() == [("warning", 1, minutes(70))]


def test_an_event_that_both_ends_and_moves_a_clock_ends_it() -> None:
    story = flow(more="moved_by: [{event: answer, due: slot_at}]", slot_at=minutes(500))
    story.do(minutes(20), "answer")
    assert states(story) == ["met"]
    assert of_kind(story.events, ev.ClockMoved) == []


# --- triggers ---------------------------------------------------------------------------------------------------


def test_a_clock_starts_at_the_moment_its_condition_becomes_true_and_only_then() -> None:
    story = flow(start="{when: busy}", more="if_running: restart")
    assert story.clock("reply") is None
    story.do(minutes(10), "rate", busy=True)
    story.do(minutes(20), "note")
    story.do(minutes(30), "rate", busy=True)
    assert [run.started_at for run in story.ticket.clocks] == [minutes(10)]


def test_a_start_may_depend_on_a_condition() -> None:
    assert flow(start="{event: open, if: busy}").clock("reply") is None
    assert flow(start="{event: open, if: busy}", busy=True).clock("reply") is not None


AFTER_BREACH = """
workflows:
  job:
    initial: a
    states: {a: {title: A, owner: agent}, z: {title: Z, final: true}}
    events: {open: {opens: true, by: agent}, note: {from: a, by: agent}, finish: {from: a, to: z, by: agent}}
slas:
  main: {on: job, start: {event: open}, stop: {event: finish}, within: 60m}
  other: {on: job, start: {event: open}, %s: {breached: main}, %s within: 300m}
  repair: {on: job, start: {%s}, stop: {event: finish}, within: 30m}
"""


ENDED_BY = [("stop", "", "met"), ("cancel", "stop: {event: note},", "cancelled")]


@pytest.mark.parametrize(("end", "more", "status"), ENDED_BY)
def test_a_breach_starts_and_ends_other_clocks_at_that_very_moment(end: str, more: str, status: str) -> None:
    for start in ("breached: main", "when: breached(main)"):
        story = Story(rules_from(AFTER_BREACH % (end, more, start)))
        story.begin()
        story.pass_time(minutes(60))
        assert [(run.status, run.ended_at) for run in story.ended("other")] == [(status, minutes(60))]
        assert story.open_clock("repair").due_at == minutes(90)
        story.do(minutes(61), "note")
        assert len(of_kind(story.events, ev.ClockStarted)) == 3


def test_a_clock_that_its_own_breach_ends_is_over() -> None:
    rules = AFTER_BREACH.replace("stop: {event: finish}, within: 60m", "stop: {breached: main}, within: 60m")
    story = Story(rules_from(rules % ("stop", "", "breached: main")))
    story.begin()
    story.pass_time(minutes(60))
    assert [(run.status, run.late) for run in story.ended("main")] == [("met", True)]


def test_within_one_step_a_clock_is_stopped_before_it_is_started_again() -> None:
    story = flow(start="[{event: open}, {event: answer}]")
    story.do(minutes(10), "answer")
    assert states(story) == ["met", "open"]
    assert story.open_clock("reply").due_at == minutes(70)


def test_a_clock_counts_the_same_whether_a_command_or_time_comes_first() -> None:
    story = flow(more=PAUSE)
    for at, event in ((10, "hold"), (10, "go_on"), (10, "hold"), (25, "go_on")):
        story.do(minutes(at), event)
    assert story.open_clock("reply").due_at == minutes(60) + timedelta(minutes=15)


def test_clocks_see_the_end_of_a_child_even_if_no_event_follows_from_it() -> None:
    rules = rules_from(
        """
        workflows:
          job:
            initial: a
            states: {a: {title: A, owner: agent}, z: {title: Z, final: true}}
            events:
              open: {opens: true, by: agent}
              send: {from: a, by: agent, spawn: {workflow: visit, event: begin}}
              finish: {from: a, to: z, by: agent}
          visit:
            initial: open
            states: {open: {title: Open, owner: agent}, over: {title: Over, final: true}}
            events: {begin: {opens: true, by: agent}, end: {from: open, to: over, by: agent}}
        slas:
          visited: {on: job, start: {event: send}, stop: {when: open_children() == 0}, within: 5h}
          whole:
            on: job
            start: {event: open}
            stop: {event: finish}
            within: 1h
            pause: [{when: open_children(visit) > 0, reason: the visit is under way}]
        """
    )
    story = Story(rules)
    story.begin()
    story.do(minutes(10), "send")
    assert story.open_clock("whole").paused
    story.child_ended(minutes(40), "t.1", "visit")
    assert [(run.status, run.ended_at) for run in story.ended("visited")] == [("met", minutes(40))]
    assert story.open_clock("whole").due_at == minutes(90)


def test_an_event_that_several_triggers_name_starts_one_run() -> None:
    story = flow(start="[{event: [open, call]}, {event: call}]", more="if_running: add")
    story.do(minutes(30), "call")
    assert [run.started_at for run in story.ticket.clocks] == [minutes(0), minutes(30)]


def test_a_clock_that_ends_late_and_whose_breach_ends_it_too_ends_once() -> None:
    text = FLOW.replace("stop: {event: answer}", "stop: [{event: answer}, {breached: reply}]")
    start = "{event: open, at: first_contact_at}"
    story = Story(rules_from(text % {"within": "within: 60m", "more": "", "start": start}))
    story.begin(first_contact_at=minutes(-90))
    story.do(minutes(0), "answer")
    assert [(run.status, run.late) for run in story.ended("reply")] == [("met", True)]
    assert len(of_kind(story.events, ev.ClockStopped)) == 1


def test_a_clock_that_is_reopened_at_once_has_no_time_between() -> None:
    story = flow(more="reopen: resume")
    story.do(minutes(20), "answer")
    story.do(minutes(20), "reopen")
    assert (story.open_clock("reply").due_at, story.open_clock("reply").pauses) == (minutes(60), ())


def test_a_condition_on_a_clock_sees_its_latest_run() -> None:
    text = FLOW.replace("drop: {from: a,", "drop: {guard: not breached(reply), from: a,")
    story = Story(rules_from(text % {"within": "within: 60m", "more": "", "start": "[{event: open}, {event: reopen}]"}))
    story.begin()
    story.pass_time(minutes(60))
    assert story.refused(minutes(61), "drop").code == "guard"
    story.do(minutes(62), "answer")
    story.do(minutes(63), "reopen")
    story.do(minutes(64), "drop")
