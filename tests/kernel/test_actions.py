"""What may be done next: which events, by whom, with which data, and that asking changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.kernel.everything import everything
from tests.kernel.story import MONDAY, Story, World, minutes
from tests.kernel.yaml_rules import rules_from

from dutyflow.errors import TimersPendingError
from dutyflow.kernel.actions import Action, next_actions, opening_actions
from dutyflow.kernel.commands import Fire, Open
from dutyflow.kernel.decide import Decision, decide
from dutyflow.kernel.denials import Denial
from dutyflow.kernel.encoding import canonical

DESK = """
forms:
  f:
    title: F
    fields:
      phone: {type: text}
      mail: {type: text}
      words: {type: text}
      total: {type: number, default: 0}
      judge: {type: person}
workflows:
  job:
    forms: [f]
    initial: a
    number: "J{year}/{n:04}"
    states: {a: {title: A, owner: lead}, z: {title: Z, final: true}}
    events:
      open: {opens: true, by: [agent, customer], require: [{any_of: [phone, mail]}, words], optional: [judge]}
      answer: {title: {zh: 答复, en: Answer}, from: a, by: owner, record: [words], optional: [mail]}
      judge: {from: a, by: [lead, chief], not_by: {same_as: [judge]}, reason: required}
      pay: {from: a, by: agent, guard: total > 0}
      own: {from: a, by: [agent, lead], guard: "actor == 'A2' or actor == 'L2'"}
      count: {from: a, by: agent, require: [words], evidence: total >= 3, optional: [total]}
      sign: {from: a, to: z, by: [lead, chief], approvals: {of: [lead, chief], order: sequence}}
      later: {from: a, to: z, after: 5h}
"""


@pytest.fixture
def story() -> Story:
    story = Story(rules_from(DESK))
    story.begin(phone="138", words="hello", judge="L1")
    return story


def actions(story: Story, actor: str | None = None) -> dict[str, Action]:
    return {a.event: a for a in next_actions(story.rules, story.ticket, actor, minutes(1), story.world)}


def codes(story: Story, actor: str | None = None) -> dict[str, str | None]:
    """Each event that is offered with the code of what stands in its way."""
    return {event: action.denial.code if action.denial else None for event, action in actions(story, actor).items()}


def test_what_people_may_ask_for_comes_in_file_order(story: Story) -> None:
    assert list(actions(story)) == ["answer", "judge", "pay", "own", "count", "sign"], "time does `later` by itself"


def test_each_actor_is_told_what_stands_in_the_way(story: Story) -> None:
    assert codes(story, "A1") == {
        "answer": "role",
        "judge": "role",
        "pay": "guard",
        "own": "guard",
        "count": None,
        "sign": "role",
    }
    assert codes(story, "L1") == {
        "answer": None,
        "judge": "same_person",
        "pay": "role",
        "own": "guard",
        "count": "role",
        "sign": None,
    }


def test_missing_data_stands_in_nobodys_way_but_is_named(story: Story) -> None:
    answer = actions(story, "L1")["answer"]
    assert answer.allowed and answer.needs == ("words",) and answer.accepts == ("mail", "words")
    assert not answer.needs_reason and answer.title["en"] == "Answer"
    assert actions(story, "L2")["judge"].allowed and actions(story, "L2")["judge"].needs_reason


def test_what_is_needed_is_named_even_when_somebody_may_not(story: Story) -> None:
    assert actions(story, "stranger")["answer"].needs == ("words",)


def test_evidence_that_can_still_be_brought_stands_in_nobodys_way(story: Story) -> None:
    assert actions(story)["count"].allowed and actions(story)["count"].needs == ()


def test_the_owner_is_named_by_role(story: Story) -> None:
    assert actions(story)["answer"].by == ("lead",) and actions(story)["answer"].who == ("AL", "L1", "L2")


def test_whoever_is_in_conflict_or_away_is_not_among_those_who_may(story: Story) -> None:
    assert actions(story)["judge"].who == ("C1", "AL", "L2")
    story.world.away = frozenset({"L2"})
    assert actions(story)["judge"].who == ("C1", "AL")


def test_only_those_whom_the_rules_let_through_may(story: Story) -> None:
    assert actions(story)["own"].who == ("A2", "L2")
    assert actions(story)["sign"].who == ("AL", "L1", "L2"), "the chief's signature comes after the lead's"


def test_when_nobody_may_yet_those_remain_who_could(story: Story) -> None:
    pay = actions(story)["pay"]
    assert pay.who == ("A1", "A2", "AL") and pay.denial is not None and pay.denial.code == "guard"


def test_where_everybody_is_away_the_role_stands_in_the_way(story: Story) -> None:
    story.world.away = frozenset(story.world.members)
    assert actions(story)["pay"].who == () and codes(story)["pay"] == "role"


def test_before_there_is_a_ticket_the_opening_events_are_offered(story: Story) -> None:
    (opening,) = opening_actions(story.rules, "job", "A1", MONDAY, story.world)
    assert opening.allowed and opening.needs == ("words", "phone | mail")
    assert opening.who == ("A1", "A2", "AL", "customer") and opening.by == ("agent", "customer")


class Counting(World):
    """A world in which each number is given once."""

    given = 0

    def next_number(self, series: str) -> int:
        self.given += 1
        return self.given


def test_asking_takes_no_record_number() -> None:
    world = Counting()
    opening_actions(rules_from(DESK), "job", None, MONDAY, world)
    story = Story(rules_from(DESK), world)
    story.begin(phone="138", words="hello")
    actions(story)
    assert world.given == 1, "the one of the ticket that was opened"


def test_asking_leaves_the_ticket_as_it_is(story: Story) -> None:
    before = canonical(story.ticket)
    assert actions(story) == actions(story)
    assert canonical(story.ticket) == before


def test_a_question_about_the_future_is_refused_while_timers_wait(story: Story) -> None:
    with pytest.raises(TimersPendingError):
        next_actions(story.rules, story.ticket, None, MONDAY + timedelta(hours=6), story.world)


@pytest.mark.parametrize("actor", ["A1", "L1", "customer"])
def test_what_nothing_stands_in_the_way_of_goes_through(actor: str) -> None:
    story = Story(everything())
    story.begin()
    for event, action in actions(story, actor).items():
        asked = Fire(event=event, actor=actor, reason="why")
        answer = decide(story.rules, story.ticket, asked, minutes(1), story.world)
        assert isinstance(answer, Decision if action.allowed and not action.needs else Denial)


def test_what_opens_by_the_list_opens_in_truth() -> None:
    rules = everything()
    for action in opening_actions(rules, "job", "A1", MONDAY, World()):
        command = Open(ticket="t", workflow="job", event=action.event, actor="A1")
        assert isinstance(decide(rules, None, command, MONDAY, World()), Decision) and action.allowed
