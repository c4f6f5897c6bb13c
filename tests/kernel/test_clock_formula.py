"""DESIGN part 5, rules 6 and 7: consumed time is one formula, and all moments follow from it: checked by the minute."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernel.story import MONDAY, Story, minutes, moment, of_kind
from tests.kernel.yaml_rules import rules_from

from dutyflow.kernel import events as ev
from dutyflow.kernel.calendars import Calendar
from dutyflow.kernel.clocks import consumed_seconds, ended_pauses, overrun_seconds, reach, spent

MINUTE = timedelta(minutes=1)
PAUSING = """
workflows:
  job:
    initial: a
    states: {a: {title: A, owner: agent}, waiting: {title: W, owner: agent}, z: {title: Z, final: true}}
    events:
      open: {opens: true, by: agent}
      hold: {from: a, to: waiting, by: agent}
      go_on: {from: waiting, to: a, by: agent}
      finish: {from: [a, waiting], to: z, by: agent}
slas:
  limit:
    on: job
    start: {event: open}
    stop: {entered: z}
    within: %s
    warn: "75%%"
    pause: [{states: [waiting], reason: waits}]
    breach: [{escalate: lead}, {after: 60m, escalate: chief}]
"""
Spans = list[tuple[datetime, datetime | None]]

gaps = st.lists(st.integers(1, 900), max_size=7)
units = st.sampled_from(["m", "bm", "bm@desk"])


def is_paused(pauses: Spans, at: datetime) -> bool:
    """The reference: whether the clock stands still in the minute that begins at `at`."""
    return any(start <= at and (end is None or at < end) for start, end in pauses)


class Slow:
    """The formula, counted minute by minute."""

    def __init__(self, calendar: Calendar | None, pauses: Spans, anchor: datetime = MONDAY) -> None:
        self.calendar, self.pauses, self.anchor = calendar, pauses, anchor

    def counts(self, at: datetime) -> bool:
        """Whether the minute that begins at `at` is consumed."""
        return not is_paused(self.pauses, at) and (self.calendar is None or self.calendar.is_open(at))

    def consumed(self, until: datetime) -> int:
        """Minutes consumed until then."""
        count, at = 0, self.anchor
        while at < until:
            count += self.counts(at)
            at += MINUTE
        return count

    def reach(self, amount: int, start: datetime | None = None, horizon: int = 40_000) -> datetime | None:
        """The earliest minute at which so many minutes are consumed."""
        at = start or self.anchor
        for _ in range(horizon):
            if amount <= 0:
                return at
            amount -= self.counts(at)
            at += MINUTE
        return None

    def rings_at(self, at: datetime | None) -> datetime | None:
        """An alarm whose moment falls into a pause rings when that ends."""
        if at is None:
            return None
        for start, end in self.pauses:
            if start <= at and (end is None or at < end):
                return end
        return at


def played(within: str, gaps: list[int]) -> tuple[Story, Spans, datetime]:
    """A ticket that is held and goes on after these gaps; its pauses, and when the last of that was."""
    story = Story(rules_from(PAUSING % within))
    story.begin()
    at, pauses = MONDAY, Spans()
    for count, gap in enumerate(gaps):
        at += gap * MINUTE
        if count % 2 == 0:
            story.do(at, "hold")
            pauses.append((at, None))
        else:
            story.do(at, "go_on")
            pauses[-1] = (pauses[-1][0], at)
    return story, pauses, at


def calendar_of(story: Story, unit: str) -> Calendar | None:
    """The calendar that a unit of these tests is measured in."""
    return {"m": None, "bm": story.rules.calendars["office"], "bm@desk": story.rules.calendars["desk"]}[unit]


def within(target: int, unit: str) -> str:
    """`within:` for a target and unit."""
    return f"{target}{unit}"


@given(target=st.integers(1, 500), unit=units, gaps=gaps)
@settings(max_examples=60)
def test_the_due_time_is_the_earliest_minute_at_which_the_target_is_consumed(
    target: int, unit: str, gaps: list[int]
) -> None:
    story, pauses, _ = played(within(target, unit), gaps)
    run, slow = story.open_clock("limit"), Slow(calendar_of(story, unit), pauses)
    assert run.paused is bool(len(gaps) % 2)
    assert run.due_at == (None if run.paused else slow.reach(target))
    for event in of_kind(story.events, ev.ClockResumed):
        known = [(start, end) for start, end in pauses if start < event.at]
        assert event.due_at == Slow(slow.calendar, known).reach(target)


@given(target=st.integers(1, 500), unit=units, gaps=gaps)
@settings(max_examples=60)
def test_warning_breach_and_escalation_ring_once_when_the_formula_says_and_never_while_the_clock_stands_still(
    target: int, unit: str, gaps: list[int]
) -> None:
    story, pauses, last = played(within(target, unit), gaps)
    story.pass_time(last + 20_000 * MINUTE)
    slow = Slow(calendar_of(story, unit), pauses)
    due = slow.reach(target)
    breach = slow.rings_at(due)
    share = target * 75 // 100
    warning = slow.rings_at(slow.reach(share)) if share else None
    if warning is not None and (due is None or warning < due):
        assert ("warning", 1, warning) in story.rung()
    else:
        assert all(kind != "warning" for kind, _, _ in story.rung())
    escalation = slow.rings_at(Slow(None, pauses).reach(60, due)) if due else None
    expected = [("breach", 0, breach), ("escalation", 1, escalation)]
    assert [rung for rung in story.rung() if rung[0] != "warning"] == [rung for rung in expected if rung[2] is not None]
    assert len(set(story.rung())) == len(story.rung())


@given(target=st.integers(1, 500), unit=units, gaps=gaps, look=st.integers(0, 6000))
@settings(max_examples=60)
def test_what_is_consumed_and_overrun_is_counted_minute_by_minute(
    target: int, unit: str, gaps: list[int], look: int
) -> None:
    story, pauses, last = played(within(target, unit), gaps)
    run, slow = story.open_clock("limit"), Slow(calendar_of(story, unit), pauses)
    measure = story.rules.workflows["job"].slas["limit"].targets[0].measure
    at = max(last, minutes(look))
    consumed = slow.consumed(at)
    assert consumed_seconds(measure, run, at) == consumed * 60
    assert overrun_seconds(measure, run, at) == max(0, consumed - target) * 60
    assert run.seconds == target * 60


@given(
    spans=st.lists(st.tuples(st.integers(0, 900), st.integers(0, 900)), max_size=4),
    target=st.integers(0, 600),
    unit=units,
    start=st.integers(0, 3000),
)
@settings(max_examples=60)
def test_reaching_an_amount_and_counting_it_are_each_others_reverse(
    spans: list[tuple[int, int]], target: int, unit: str, start: int
) -> None:
    story = Story(rules_from(PAUSING % within(60, unit)))
    measure = story.rules.workflows["job"].slas["limit"].targets[0].measure
    at, pauses = minutes(start), Spans()
    for gap, length in spans:
        pauses.append((at + gap * MINUTE, at + (gap + length) * MINUTE))
        at += (gap + length) * MINUTE
    due = reach(measure, minutes(start), tuple(pauses), target * 60)
    assert due is not None
    assert spent(measure, minutes(start), tuple(pauses), due) == target * 60
    if target and due > minutes(start):
        assert spent(measure, minutes(start), tuple(pauses), due - timedelta(seconds=1)) == target * 60 - 1


def test_an_open_pause_stands_in_the_way_of_an_amount_that_was_not_reached_before_it() -> None:
    story = Story(rules_from(PAUSING % "60m"))
    measure = story.rules.workflows["job"].slas["limit"].targets[0].measure
    paused = ((minutes(10), None),)
    assert reach(measure, MONDAY, paused, 600) == minutes(10)
    assert reach(measure, MONDAY, paused, 601) is None
    assert ended_pauses(paused, minutes(20)) == ((minutes(10), minutes(20)),)


def test_a_pause_before_the_counting_begins_takes_nothing_away() -> None:
    story = Story(rules_from(PAUSING % "60m"))
    measure = story.rules.workflows["job"].slas["limit"].targets[0].measure
    pauses = ((minutes(0), minutes(5)), (minutes(6), minutes(20)))
    assert spent(measure, minutes(10), pauses, minutes(30)) == 600
    assert reach(measure, minutes(10), pauses, 600) == minutes(30)


def test_a_warning_whose_minute_is_the_one_in_which_the_clock_is_paused_rings_when_it_goes_on_and_once() -> None:
    story = Story(rules_from(PAUSING % "60m"))
    story.begin()
    for at, event in ((45, "hold"), (100, "go_on"), (105, "hold"), (110, "go_on")):
        story.do(minutes(at), event)
    assert story.rung() == [("warning", 1, minutes(100))]
    assert story.open_clock("limit").due_at == minutes(120)


def test_a_warning_that_was_dropped_at_the_start_stays_dropped_after_a_pause() -> None:
    story = Story(rules_from(PAUSING % "1m"))
    story.begin()
    story.do(minutes(0), "hold")
    story.do(minutes(10), "go_on")
    story.pass_time(minutes(20))
    assert story.rung() == [("breach", 0, minutes(11))]


# --- rule 7 -----------------------------------------------------------------------------------------------------


def test_a_target_used_up_at_close_is_due_at_close_and_not_at_the_next_opening() -> None:
    story = Story(rules_from(PAUSING % "4bh"))
    story.begin(moment("03-06 14:00"))
    assert story.open_clock("limit").due_at == moment("03-06 18:00")


@pytest.mark.parametrize(("minute", "late"), [(59, False), (60, False), (61, True)])
def test_done_at_the_due_minute_is_in_time_and_a_minute_later_is_late(minute: int, late: bool) -> None:
    story = Story(rules_from(PAUSING % "60m"))
    story.begin()
    story.do(minutes(minute), "finish")
    run = story.ended("limit")[0]
    assert (run.status, run.late) == ("met", late)
    assert run.breached_at == (minutes(60) if late else None)


def test_a_breach_is_raised_at_the_due_time_while_the_clock_still_runs() -> None:
    story = Story(rules_from(PAUSING % "60m"))
    story.begin()
    story.pass_time(minutes(60), inclusive=False)
    assert not story.open_clock("limit").late
    story.pass_time(minutes(60))
    assert story.open_clock("limit").breached_at == minutes(60)


def test_a_clock_started_on_friday_evening_waits_for_the_opening_and_is_not_paused() -> None:
    story = Story(rules_from(PAUSING % "1bh"))
    story.begin(moment("03-06 19:10"))
    run = story.open_clock("limit")
    assert (run.due_at, run.paused) == (moment("03-09 10:00"), False)
    measure = story.rules.workflows["job"].slas["limit"].targets[0].measure
    assert consumed_seconds(measure, run, moment("03-09 09:00")) == 0
    assert consumed_seconds(measure, run, moment("03-09 09:20")) == 20 * 60


def test_a_breached_clock_that_is_paused_stops_growing() -> None:
    story = Story(rules_from(PAUSING % "60m"))
    story.begin()
    story.do(minutes(80), "hold")
    measure = story.rules.workflows["job"].slas["limit"].targets[0].measure
    run = story.open_clock("limit")
    assert run.late and run.paused
    assert [overrun_seconds(measure, run, minutes(at)) for at in (70, 80, 500)] == [600, 1200, 1200]
    story.do(minutes(500), "go_on")
    assert overrun_seconds(measure, story.open_clock("limit"), minutes(510)) == 1800
    story.do(minutes(520), "finish")
    assert overrun_seconds(measure, story.ended("limit")[0], minutes(9999)) == 2400


def test_pausing_and_finishing_in_one_go_counts_no_pause_twice() -> None:
    story = Story(rules_from(PAUSING % "60m"))
    story.begin()
    story.do(minutes(30), "hold")
    story.do(minutes(90), "finish")
    run = story.ended("limit")[0]
    measure = story.rules.workflows["job"].slas["limit"].targets[0].measure
    assert (run.status, run.late) == ("met", False)
    assert consumed_seconds(measure, run, minutes(200)) == 1800
