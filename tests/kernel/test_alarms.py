"""DESIGN part 5, rules 14 and 15: when alarms ring, whom they go to at that moment, and what quiet hours hold back."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.kernel.story import Story, World, minutes, moment, of_kind
from tests.kernel.yaml_rules import PEOPLE, rules_from

from dutyflow.kernel import events as ev
from dutyflow.kernel.effects import Addressee
from dutyflow.kernel.ticket import OwnedBy

DESK = """
quiet_hours:
  night: {hours: ["21:00-09:00"]}
forms:
  f:
    title: F
    fields:
      accused: {type: person}
      group: {type: list, of: {type: person}}
      handler: {type: person}
      told: {type: person}
      remind_at: {type: datetime}
workflows:
  job:
    forms: [f]
    conflict_of_interest: [accused, group]
    initial: a
    states:
      a: {title: A, owner: {field: handler, role: agent}}
      plain: {title: P, owner: agent}
      bare: {title: B}
      z: {title: Z, final: true}
    events:
      open: {opens: true, by: [agent, customer], optional: [accused, group, handler, told, remind_at]}
      pass: {from: a, to: plain, by: agent, optional: [accused, group]}
      strip: {from: a, to: bare, by: agent}
      accuse: {from: [a, plain], by: agent, optional: [accused, group]}
      finish: {from: any_open, to: z, by: agent}
slas:
  limit: {on: job, start: {event: open}, stop: {event: finish}, %s}
"""


def desk(
    clock: str, at: datetime | None = None, *, world: World | None = None, people: str = PEOPLE, **data: Any
) -> Story:
    """A ticket with one clock."""
    story = Story(rules_from(DESK % clock, people=people), world)
    story.begin(at or minutes(0), **data)
    return story


def warned(story: Story) -> list[datetime]:
    """When warnings rang."""
    return [at for kind, _, at in story.rung() if kind == "warning"]


def told(story: Story, kind: str = "breach") -> list[tuple[str, tuple[str, ...]]]:
    """Whom the alarms of a kind went to."""
    return [(a.role, a.members) for event in of_kind(story.events, ev.Rang) if event.kind == kind for a in event.to]


# --- when -------------------------------------------------------------------------------------------------------

WARNINGS = {
    'within: 2h, warn: "50%"': [moment("03-02 11:00")],
    'within: 2h, warn: ["50%", "-15m"]': [moment("03-02 11:00"), moment("03-02 11:45")],
    'within: 4bh, warn: "-90bm"': [moment("03-02 13:30")],
    'within: 4bh, warn: "75%"': [moment("03-02 14:00")],
    'within: 2d, warn: "09:00 of due day"': [moment("03-04 09:00")],
    'within: 2bd, warn: "09:00 of due day"': [moment("03-04 09:00")],
    "within: 5h, warn: {at: remind_at}": [moment("03-02 12:34")],
    "within: 5h, warn: none": [],
    'within: 1h, warn: "-2h"': [],
    'within: 7m, warn: "50%"': [moment("03-02 10:03")],
}


@pytest.mark.parametrize(("clock", "expected"), WARNINGS.items())
def test_warnings_ring_at_their_declared_moments_each_once(clock: str, expected: list[datetime]) -> None:
    story = desk(clock, remind_at=moment("03-02 12:34"))
    story.pass_time(moment("03-20 00:00"))
    assert warned(story) == expected


def test_a_warning_that_is_not_after_the_start_is_dropped() -> None:
    for start, expected in (("09:00", []), ("08:59", [moment("03-04 09:00")])):
        story = desk('within: same_day@desk, warn: "09:00 of due day"', moment(f"03-04 {start}"))
        story.pass_time(moment("03-20 00:00"))
        assert warned(story) == expected


def test_a_warning_that_would_not_come_before_the_due_time_is_dropped() -> None:
    story = desk("within: 1h, warn: {at: remind_at}", remind_at=minutes(60))
    story.pass_time(minutes(100))
    assert story.rung() == [("breach", 0, minutes(60))]


def test_midnight_belongs_to_the_day_that_ends() -> None:
    story = desk('within: 1d, warn: "09:00 of due day"', moment("03-02 10:00"))
    assert story.open_clock("limit").due_at == moment("03-04 00:00")
    story.pass_time(moment("03-05 00:00"))
    assert warned(story) == [moment("03-03 09:00")]


def test_escalations_follow_the_breach_in_their_own_calendar_and_end_with_the_clock() -> None:
    steps = "within: 2bh, breach: [{escalate: lead}, {after: 1h, escalate: chief}, {after: 4bh, escalate: exec}]"
    story = desk(steps, moment("03-06 16:00"))
    story.pass_time(moment("03-09 12:59"))
    assert story.rung() == [("breach", 0, moment("03-06 18:00")), ("escalation", 1, moment("03-06 19:00"))]
    story.pass_time(moment("03-09 14:00"))
    assert story.rung()[2:] == [("escalation", 2, moment("03-09 14:00"))]
    again = desk(steps, moment("03-06 16:00"))
    again.do(moment("03-06 18:30"), "finish")
    again.pass_time(moment("03-20 00:00"))
    assert [kind for kind, _, _ in again.rung()] == ["breach"]


def test_a_breach_that_nobody_is_told_of_is_a_fact_all_the_same() -> None:
    story = desk("within: 1h")
    story.pass_time(minutes(60))
    assert story.open_clock("limit").late
    assert story.notices() == []


# --- to whom ----------------------------------------------------------------------------------------------------

RECIPIENTS = {
    "lead": [("lead", ("AL", "L1", "L2"))],
    "owner": [("agent", ("A1", "A2", "AL"))],
    "superior_of_owner": [("lead", ("AL", "L1", "L2"))],
    "head_of_owner": [("chief", ("C1",))],
    "[lead, superior_of_owner]": [("lead", ("AL", "L1", "L2"))],
    "[chief, exec]": [("chief", ("C1",)), ("exec", ("E1",))],
    "{field: told}": [("", ("W1",))],
}


@pytest.mark.parametrize(("to", "expected"), RECIPIENTS.items())
def test_recipients_are_roles_and_the_members_who_hold_them(to: str, expected: list[Any]) -> None:
    story = desk(f"within: 1h, breach: {{escalate: {to}}}", told="W1")
    story.pass_time(minutes(60))
    assert told(story) == expected
    assert [(notice.to.role, notice.to.members) for notice in story.notices()] == expected


def test_recipients_are_resolved_when_the_alarm_rings() -> None:
    world = World()
    story = desk("within: 1h, breach: {escalate: owner}", world=world, handler="A1")
    story.pass_time(minutes(30))
    story.do(minutes(40), "pass")
    world.away = frozenset({"A1"})
    story.pass_time(minutes(60))
    assert told(story) == [("agent", ("A2", "AL"))]


def test_the_owner_who_is_a_person_is_told_in_person() -> None:
    story = desk("within: 2h, warn: {on: '50%', to: owner}", handler="A2")
    assert story.ticket.owner == OwnedBy("agent", "A2")
    story.pass_time(minutes(60))
    assert told(story, "warning") == [("agent", ("A2",))]


def test_a_state_without_an_owner_has_nobody_to_tell() -> None:
    story = desk("within: 1h, breach: {escalate: [owner, superior_of_owner, head_of_owner, {field: told}]}")
    story.do(minutes(1), "strip")
    story.pass_time(minutes(60))
    assert told(story) == []
    assert story.open_clock("limit").late


@pytest.mark.parametrize("field", ["accused", "group"])
def test_whoever_is_in_conflict_is_not_told_but_colleagues_are(field: str) -> None:
    data: dict[str, Any] = {field: ["L1"] if field == "group" else "L1"}
    story = desk("within: 1h, breach: {escalate: lead}", **data)
    story.pass_time(minutes(60))
    assert told(story) == [("lead", ("AL", "L2"))]


def test_when_all_of_a_role_are_in_conflict_the_next_of_the_chain_is_told() -> None:
    story = desk("within: 1h, breach: {escalate: chief}", accused="C1")
    story.pass_time(minutes(60))
    assert told(story) == [("exec", ("E1",))]
    story = desk("within: 1h, breach: {escalate: lead}", group=["L1", "L2", "AL", "C1"])
    story.pass_time(minutes(60))
    assert told(story) == [("exec", ("E1",))]


def test_a_person_in_conflict_neither_owns_nor_is_told_by_name() -> None:
    story = desk("within: 1h, breach: {escalate: [owner, {field: told}]}", handler="A1", told="A1", accused="A1")
    assert story.ticket.owner == OwnedBy("agent")
    story.pass_time(minutes(60))
    assert told(story) == [("agent", ("A2", "AL"))]


def test_a_named_owner_who_is_accused_later_is_not_told_the_role_is() -> None:
    story = desk("within: 1h, breach: {escalate: owner}", handler="A1")
    story.do(minutes(1), "accuse", accused="A1")
    story.pass_time(minutes(60))
    assert told(story) == [("agent", ("A2", "AL"))]


def test_when_all_of_the_owning_role_are_in_conflict_the_next_of_the_chain_owns() -> None:
    everybody = ["A1", "A2", "AL"]
    assert desk("within: 1h", group=everybody).ticket.owner == OwnedBy("lead")
    story = desk("within: 1h")
    story.do(minutes(1), "pass", group=everybody)
    assert story.ticket.owner == OwnedBy("lead")


def test_at_the_top_of_the_chain_nobody_is_told_rather_than_the_one_in_conflict() -> None:
    story = desk("within: 1h, breach: {escalate: exec}", accused="E1")
    story.pass_time(minutes(60))
    assert told(story) == [("exec", ())]


# --- quiet hours ------------------------------------------------------------------------------------------------

RESTING = PEOPLE.replace("lead: {title: Lead,", "lead: {title: Lead, quiet_hours: night,")


def test_quiet_hours_hold_back_the_notice_and_never_the_fact() -> None:
    story = desk("within: 1h, breach: {escalate: [lead, chief]}", moment("03-02 22:00"), people=RESTING)
    story.pass_time(moment("03-02 23:00"))
    assert story.open_clock("limit").breached_at == moment("03-02 23:00")
    deliveries = {notice.to.role: (notice.at, notice.deliver_at) for notice in story.notices()}
    assert deliveries == {
        "lead": (moment("03-02 23:00"), moment("03-03 09:00")),
        "chief": (moment("03-02 23:00"), moment("03-02 23:00")),
    }
    assert all(notice.deliver_at.utcoffset() == notice.at.utcoffset() for notice in story.notices()), "kept in UTC"


@pytest.mark.parametrize(("start", "delivered"), [("20:00", "03-03 09:00"), ("19:59", "03-02 20:59")])
def test_the_first_minute_of_quiet_hours_is_quiet(start: str, delivered: str) -> None:
    story = desk("within: 1h, breach: {escalate: lead}", moment(f"03-02 {start}"), people=RESTING)
    story.pass_time(moment("03-03 00:00"))
    assert [notice.deliver_at for notice in story.notices()] == [moment(delivered)]


def test_an_addressee_who_is_named_twice_is_told_once() -> None:
    story = desk("within: 1h, breach: {escalate: [lead, lead, superior_of_owner]}")
    story.pass_time(minutes(60))
    assert [notice.to for notice in story.notices()] == [Addressee(role="lead", members=("AL", "L1", "L2"))]


# --- rule 14: clocks where the clocks change ----------------------------------------------------------------------

BERLIN = ZoneInfo("Europe/Berlin")
GERMAN = PEOPLE.replace("Asia/Shanghai", "Europe/Berlin")
ACROSS = {
    ("within: 24h", "03-28 12:00"): "03-29 13:00",
    ("within: 24h", "10-24 12:00"): "10-25 11:00",
    ("within: 1d", "03-28 12:00"): "03-30 00:00",
    ("within: 1d@02:30", "03-28 12:00"): "03-29 03:00",
    ("within: 1d@02:30", "10-24 12:00"): "10-25 02:30",
    ("within: 12bh@desk", "03-28 20:00"): "03-29 20:00",
}


@pytest.mark.parametrize(("case", "due"), ACROSS.items())
def test_elapsed_hours_are_absolute_and_days_follow_the_wall_when_the_clocks_change(
    case: tuple[str, str], due: str
) -> None:
    clock, start = case
    story = desk(clock, moment(start, BERLIN), people=GERMAN)
    assert story.open_clock("limit").due_at == moment(due, BERLIN)


def test_a_warning_of_the_due_day_rings_by_the_wall_after_the_clocks_changed() -> None:
    story = desk('within: 2d, warn: "09:00 of due day"', moment("03-28 10:00", BERLIN), people=GERMAN)
    story.pass_time(moment("03-31 00:00", BERLIN))
    assert warned(story) == [moment("03-30 09:00", BERLIN)]
