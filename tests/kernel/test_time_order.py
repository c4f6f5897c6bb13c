"""DESIGN part 5, rule 8: commands before timers, each timer at its own moment, however time is cut into pieces."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.kernel.story import MONDAY, Story, minutes, of_kind
from tests.kernel.yaml_rules import rules_from

from dutyflow.kernel import events as ev
from dutyflow.kernel.commands import Fire, Tick
from dutyflow.kernel.decide import Decision, decide
from dutyflow.kernel.encoding import canonical

TARGET, ESCALATE = 60, 30
WARN = TARGET * 75 // 100

CLOCK = f"""
workflows:
  job:
    initial: a
    states:
      a: {{title: A, owner: agent}}
      waiting: {{title: W, owner: agent}}
      idle: {{title: I, owner: agent}}
      z: {{title: Z, final: true}}
    events:
      open: {{opens: true, by: agent}}
      hold: {{from: a, to: waiting, by: agent}}
      go_on: {{from: waiting, to: a, by: agent}}
      answer: {{from: [a, waiting], to: idle, by: agent}}
      ask: {{from: idle, to: a, by: agent}}
      note: {{from: any_open, by: agent}}
      chase: {{from: a, after: 50m, to: waiting}}
      give_up: {{from: idle, after: 100h, to: z}}
slas:
  reply:
    on: job
    start: [{{event: open}}, {{event: ask}}]
    stop: {{event: answer}}
    within: {TARGET}m
    warn: "75%"
    pause: [{{states: [waiting], reason: waits}}]
    breach: [{{escalate: lead}}, {{after: {ESCALATE}m, escalate: chief}}]
"""


@dataclass
class PlainClock:
    """One clock as a child would count it: minute by minute, one number that grows while it runs."""

    used: int = 0
    overdue: int = 0
    running: bool = True
    rung: list[tuple[str, int]] = field(default_factory=list)

    def ring(self, now: int) -> None:
        """What is due now and has not rung yet, while the clock runs."""
        for kind, reached in (
            ("warning", WARN <= self.used < TARGET),
            ("breach", self.used >= TARGET),
            ("escalation", self.used >= TARGET + ESCALATE),
        ):
            if reached and self.running and kind not in [rung for rung, _ in self.rung]:
                self.rung.append((kind, now))


class OneClock(RuleBasedStateMachine):
    """The kernel beside the plain clock. `chase` holds the ticket by itself 50 minutes after it was entered."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.state = "a"
        self.entered = 0
        self.clock: PlainClock | None = PlainClock()
        self.all_rung: list[tuple[str, int]] = []
        self.story = Story(rules_from(CLOCK))
        self.story.begin()

    def run(self, count: int, *, timers_at_the_end: bool) -> None:
        """Let so many minutes pass in the model; timers of the last one only if asked."""
        for step in range(count + 1):
            if step < count or timers_at_the_end:
                self.fire_timers()
            if step < count:
                self.now += 1
                if self.clock is not None and self.clock.running:
                    self.clock.used += 1

    def fire_timers(self) -> None:
        """Automatic transitions first, then alarms."""
        if self.state == "a" and self.now >= self.entered + 50:
            self.go("waiting")
        elif self.state == "idle" and self.now >= self.entered + 6000:
            self.go("z")
        if self.clock is not None:
            self.clock.ring(self.now)

    def go(self, state: str) -> None:
        """Enter a state."""
        self.state, self.entered = state, self.now
        if self.clock is not None:
            self.clock.running = state != "waiting"

    def command(self, event: str, wait: int) -> bool:
        """The command after a wait, if it is offered then."""
        self.run(wait, timers_at_the_end=False)
        offered = {"a": ("hold", "answer"), "waiting": ("go_on", "answer"), "idle": ("ask",), "z": ()}[self.state]
        if event not in (*offered, "note") or (self.state == "z"):
            self.story.refused(minutes(self.now), event)
            return False
        self.story.do(minutes(self.now), event)
        return True

    @rule(wait=st.integers(0, 120))
    def time_passes(self, wait: int) -> None:
        self.run(wait, timers_at_the_end=True)
        self.story.pass_time(minutes(self.now))

    @rule(wait=st.integers(0, 70), event=st.sampled_from(["hold", "go_on", "note"]))
    def somebody_acts(self, wait: int, event: str) -> None:
        if self.command(event, wait) and event != "note":
            self.go("waiting" if event == "hold" else "a")

    @rule(wait=st.integers(0, 70))
    def the_question_is_answered(self, wait: int) -> None:
        if self.command("answer", wait):
            assert self.clock is not None
            self.all_rung += self.clock.rung
            self.clock = None
            self.go("idle")

    @rule(wait=st.integers(0, 70))
    def another_question_comes(self, wait: int) -> None:
        if self.command("ask", wait):
            self.clock = PlainClock()
            self.go("a")

    @precondition(lambda self: self.state == "idle")
    @rule()
    def everybody_forgets(self) -> None:
        self.time_passes(6000)

    @invariant()
    def the_kernel_tells_the_same_story(self) -> None:
        assert self.story.ticket.state == self.state
        expected = self.all_rung + (self.clock.rung if self.clock else [])
        assert [(kind, at) for kind, _, at in self.story.rung()] == [(kind, minutes(at)) for kind, at in expected]
        run = self.story.clock("reply")
        assert (run is None) == (self.clock is None)
        if run is not None and self.clock is not None:
            assert run.paused is not self.clock.running
            assert run.late is any(kind == "breach" for kind, _ in self.clock.rung)
            # A clock paused in the very minute of its due time is over without having rung: it was due then, not now.
            if self.clock.running and not run.late and self.clock.used < TARGET:
                assert run.due_at == minutes(self.now + TARGET - self.clock.used)

    @invariant()
    def nothing_is_overdue(self) -> None:
        due = self.story.ticket.next_due_at
        assert due is None or due >= minutes(self.now)


OneClock.TestCase.settings = settings(max_examples=60, stateful_step_count=25)
test_one_clock_beside_a_plain_one = OneClock.TestCase


asked = st.sampled_from(["hold", "go_on", "answer", "ask", "note"])
commands = st.lists(st.tuples(st.integers(0, 130), asked), max_size=8)


def told(steps: list[tuple[int, str]], cuts: list[int]) -> tuple[list[ev.Event], list[object], bytes]:
    """The story of these commands, with the world looking in at the cuts, too."""
    story, at = Story(rules_from(CLOCK)), MONDAY
    story.begin()
    for gap, event in steps:
        start, at = at, at + timedelta(minutes=gap)
        for cut in sorted(cuts):
            if start <= minutes(cut) < at:
                story.pass_time(minutes(cut))
                tick_for_nothing(story, minutes(cut))
        story.ask(Fire(event=event, actor="A1"), at)
    story.pass_time(at + timedelta(days=9))
    return story.events, list(story.effects), canonical(story.ticket)


def tick_for_nothing(story: Story, at: datetime) -> None:
    """A hint from a worker that comes too early or twice."""
    due = story.ticket.next_due_at
    if due is None or due > at:
        answer = decide(story.rules, story.ticket, Tick(), max(at, story.ticket.changed_at), story.world)
        assert answer == Decision(events=(), effects=(), ticket=story.ticket)


@given(steps=commands, cuts=st.lists(st.integers(0, 1000), max_size=6))
@settings(max_examples=80)
def test_however_time_is_cut_the_same_things_happen(steps: list[tuple[int, str]], cuts: list[int]) -> None:
    assert told(steps, cuts) == told(steps, [])


@pytest.mark.parametrize(("minute", "kinds"), [(59, []), (60, []), (61, ["breach"])])
def test_at_one_instant_the_command_goes_before_the_timer(minute: int, kinds: list[str]) -> None:
    story = Story(rules_from(CLOCK.replace("after: 50m", "after: 900h")))
    story.begin()
    story.do(minutes(minute), "answer")
    assert [kind for kind, _, _ in story.rung() if kind != "warning"] == kinds


def test_a_late_worker_fires_each_timer_at_its_own_moment() -> None:
    story = Story(rules_from(CLOCK))
    story.begin()
    story.do(minutes(0), "answer")
    story.do(minutes(0), "ask")
    story.pass_time(minutes(100_000))
    chased = of_kind(story.events, ev.Fired)[-1]
    assert (chased.event, chased.at) == ("chase", minutes(50))
    assert story.rung() == [("warning", 1, minutes(45))]


def test_an_automatic_transition_of_the_due_minute_goes_before_the_breach_and_may_meet_the_clock() -> None:
    rules = rules_from(
        """
        workflows:
          job:
            initial: a
            states: {a: {title: A, owner: agent}, z: {title: Z, final: true}}
            events:
              open: {opens: true, by: agent}
              close: {from: a, to: z, after: 1h}
        slas:
          reply: {on: job, start: {event: open}, stop: {event: close}, within: 1h}
        """
    )
    story = Story(rules)
    story.begin()
    story.pass_time(minutes(60))
    assert story.rung() == []
    assert [(run.status, run.late) for run in story.ended("reply")] == [("met", False)]


def test_alarms_of_one_instant_ring_as_warning_breach_escalation() -> None:
    rules = rules_from(
        """
        workflows:
          job:
            initial: a
            states: {a: {title: A, owner: agent}, z: {title: Z, final: true}}
            events: {open: {opens: true, by: agent}, finish: {from: a, to: z, by: agent}}
        slas:
          second: {on: job, start: {event: open}, stop: {entered: z}, within: 1h}
          third:
            on: job
            start: {event: open}
            stop: {entered: z}
            within: 30m
            breach: [{escalate: lead}, {after: 30m, escalate: lead}]
          first: {on: job, start: {event: open}, stop: {entered: z}, within: 2h, warn: "50%"}
        """
    )
    story = Story(rules)
    story.begin()
    story.pass_time(minutes(60))
    assert [kind for kind, _, at in story.rung() if at == minutes(60)] == ["warning", "breach", "escalation"]
