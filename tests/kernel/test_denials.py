"""DESIGN part 5, rule 5: a denial has a code and says what is missing, the first reason in one fixed order."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from typing import Any

import pytest
from tests.kernel.story import MONDAY, Story, World, minutes, moment
from tests.kernel.yaml_rules import rules_from

from dutyflow.kernel.commands import Fire, Open
from dutyflow.kernel.decide import Decision, decide
from dutyflow.kernel.denials import ORDER, RANK, Denial, first_of
from dutyflow.kernel.effects import Resubmit
from dutyflow.kernel.facts import Lookalike
from dutyflow.kernel.rules import NEW

CHECKS = {
    "window": "window: ok_window",
    "quiet_hours": "quiet_hours: lunch",
    "conflict": "unless_conflict_with: accused",
    "same_person": "not_by: {same_as: [handler]}",
    "limit": "limit: ok_limit",
    "capacity": "capacity: ok_capacity",
    "consent": "consent: ok_consent",
    "evidence": "require: [paper]",
    "guard": "guard: ok_guard",
    "reason": "reason: required",
    "policy": "policy: ok_policy",
}
ANYBODY = ("time", "role", "state", "input", "duplicate")
"""Codes that no declared check gives: they come from the command itself, or from other tickets."""

NOON = moment("03-02 12:30")
"""Inside the quiet hours of these rules."""


def rules_with(codes: Iterable[str]) -> Any:
    """Rules whose event `ask`, and whose opening event, refuse for exactly these codes."""
    checks = "\n".join(f"        {CHECKS[code]}" for code in sorted(codes) if code in CHECKS)
    flags = "\n".join(f"    ok_{code}: {{type: boolean, default: false}}" for code in CHECKS)
    return rules_from(
        f"""
quiet_hours:
  lunch: {{hours: ["12:00-14:00"]}}
forms:
  f:
    title: F
    fields:
{flags.replace("    ok_", "      ok_")}
      paper: {{type: text}}
      accused: {{type: person, default: A1}}
      handler: {{type: person, default: A1}}
      asset: {{type: text, default: lift}}
workflows:
  job:
    forms: [f]
    initial: a
    duplicates:
      - {{same: [asset], among: open, answer: deny}}
    states: {{a: {{title: A, owner: agent}}, b: {{title: B, owner: agent}}, z: {{title: Z, final: true}}}}
    events:
      plain: {{opens: true, by: [agent, lead]}}
      move: {{from: a, to: b, by: [agent, lead]}}
      finish: {{from: b, to: z, by: agent}}
      register:
        opens: true
        by: agent
{checks}
      ask:
        from: a
        by: agent
{checks}
"""
    )


def answer_to(codes: frozenset[str]) -> Decision | Denial:
    """What the kernel says to a command that violates exactly these codes."""
    story = Story(rules_with(codes), World(alike=(Lookalike(id="other", state="a", changed_at=MONDAY),)))
    actor = "W1" if "role" in codes else "A1"
    data = {"surprise": 1} if "input" in codes else {}
    reason = None if "reason" in codes else "because"
    at = NOON if "quiet_hours" in codes else minutes(1)
    if "duplicate" in codes:
        return decide(
            story.rules,
            None,
            Open(ticket="t", workflow="job", event="register", actor=actor, data=data, reason=reason),
            at,
            story.world,
        )
    story.world.alike = ()
    story.begin(event="plain")
    if "state" in codes:
        story.do(minutes(0.5), "move")
    if "time" in codes:
        story.do(at, "finish" if "state" in codes else "move")
        at = minutes(0)
    command = Fire(event="ask", actor=actor, data=data, reason=reason)
    return decide(story.rules, story.ticket, command, at, story.world)


# Only an opening event can be a duplicate, and that has neither an earlier event nor another state.
PAIRS = [pair for pair in combinations(ORDER, 2) if pair not in (("time", "duplicate"), ("state", "duplicate"))]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_of_two_reasons_the_first_in_the_fixed_order_is_answered(first: str, second: str) -> None:
    denial = answer_to(frozenset({first, second}))
    assert isinstance(denial, Denial)
    assert denial.code == first


@pytest.mark.parametrize("code", ORDER)
def test_each_reason_alone_refuses_with_its_own_code(code: str) -> None:
    denial = answer_to(frozenset({code}))
    assert isinstance(denial, Denial)
    assert denial.code == code


def test_all_reasons_at_once_are_answered_one_by_one_in_the_order() -> None:
    left = set(ORDER) - {"time", "state"}
    for code in (code for code in ORDER if code in left):
        denial = answer_to(frozenset(left))
        assert isinstance(denial, Denial)
        assert denial.code == code
        left.remove(code)
    assert isinstance(answer_to(frozenset()), Decision)


def test_the_order_is_the_documented_one() -> None:
    documented = "role state window quiet_hours conflict same_person limit capacity consent evidence guard reason"
    assert [code for code in ORDER if code not in ("time", "input")] == [*documented.split(), "duplicate", "policy"]
    assert set(CHECKS) | set(ANYBODY) == set(ORDER)
    assert [RANK[code] for code in ORDER] == list(range(len(ORDER)))


def test_of_two_denials_the_one_of_lower_rank_is_answered_whatever_their_order() -> None:
    one, other = Denial(code="role", event="e", state="s"), Denial(code="policy", event="e", state="s")
    assert first_of(one, other) is one
    assert first_of(other, one) is one
    assert first_of(one, None) is one


# --- what each denial says --------------------------------------------------------------------------------------

SPEAKING = """
quiet_hours: {lunch: {hours: ["12:00-14:00"], agreed_time_opens: {before: 15m, after: 30m}}}
forms:
  f:
    title: F
    fields:
      paper: {type: text}
      photo: {type: text}
      letter: {type: text}
      amount: {type: number, min: 1, max: 10}
      accused: {type: person}
      leads: {type: person, role: lead}
      group: {type: list, of: {type: person}}
      first_judge: {type: person}
      agreed_at: {type: datetime}
      severe: {type: boolean, default: false}
workflows:
  job:
    forms: [f]
    initial: a
    states:
      a: {title: A, owner: agent}
      b: {title: B, owner: {field: accused, role: agent}}
      z: {title: Z, final: true}
    events:
      open: {opens: true, by: agent, optional: [accused, group, agreed_at, severe, paper]}
      prove: {from: a, by: agent, require: [paper, {any_of: [photo, letter]}, {field: amount, when: severe}]}
      prove_again: {from: a, by: agent, record: [paper]}
      list: {from: a, by: agent, record: [group, amount, severe]}
      count: {from: a, by: agent, optional: [amount], guard: {rule: amount < 5, say: {zh: 太多, en: Too many}}}
      name: {from: a, by: agent, optional: [accused, leads]}
      judge: {from: a, by: [agent, lead], unless_conflict_with: [accused, group], set: {first_judge: actor}}
      judge_again: {from: a, by: agent, not_by: {same_as: [first_judge], when: severe}}
      call: {from: a, by: agent, quiet_hours: {name: lunch, agreed: agreed_at}}
      explain: {from: a, by: agent, reason: required}
      pass: {from: a, to: b, by: agent}
      own: {from: b, to: z, by: owner}
      late: {from: a, to: z, after: 30d}
"""


def speaking(**data: Any) -> Story:
    """A ticket whose events each have one thing to refuse."""
    story = Story(rules_from(SPEAKING))
    story.begin(**data)
    return story


def test_an_event_that_does_not_exist_is_answered_with_those_that_are_offered() -> None:
    denial = speaking().refused(minutes(1), "nonsense")
    assert denial.code == "state"
    assert denial.values["unknown"] is True
    assert "judge" in denial.values["offered"]
    assert "late" not in denial.values["offered"], "nobody can ask for a timer"
    assert "own" not in denial.values["offered"]


def test_an_event_of_another_state_is_answered_with_where_it_is_offered() -> None:
    denial = speaking().refused(minutes(1), "own")
    assert (denial.code, denial.state, denial.values["states"]) == ("state", "a", ("b",))


def test_a_person_without_the_role_learns_which_roles_may() -> None:
    denial = speaking().refused(minutes(1), "judge", actor="W1")
    assert denial.code == "role"
    assert denial.values == {"actor": "W1", "held": ("worker",), "allowed": ("agent", "lead")}
    assert denial.source


def test_a_stranger_has_no_role() -> None:
    assert speaking().refused(minutes(1), "judge", actor="nobody").values["held"] == ()


def test_the_owner_named_in_a_field_may_act_and_others_of_the_role_may_not() -> None:
    story = speaking(accused="A2")
    story.do(minutes(1), "pass")
    denial = story.refused(minutes(2), "own", actor="A1")
    assert (denial.code, denial.values["allowed"]) == ("role", ("A2",))
    story.do(minutes(3), "own", actor="A2")


def test_without_a_person_in_the_field_whoever_holds_the_owning_role_may_act() -> None:
    story = speaking()
    story.do(minutes(1), "pass")
    assert story.refused(minutes(2), "own", actor="L1").values["allowed"] == ("agent",)
    story.do(minutes(3), "own", actor="A2")


def test_missing_evidence_is_named_all_at_once() -> None:
    assert speaking().refused(minutes(1), "prove").values["missing"] == ("paper", "photo | letter")
    assert speaking(severe=True).refused(minutes(1), "prove").values["missing"] == ("paper", "photo | letter", "amount")


def test_required_evidence_given_earlier_counts_and_recorded_evidence_must_be_fresh() -> None:
    story = speaking(paper="p")
    assert story.refused(minutes(1), "prove").values["missing"] == ("photo | letter",)
    assert story.refused(minutes(1), "prove_again").values["missing"] == ("paper",)
    story.do(minutes(2), "prove", letter="x")
    story.do(minutes(3), "prove_again", paper="q")
    assert story.ticket.fields["paper"] == "q"


@pytest.mark.parametrize("blank", ["", None])
def test_an_empty_value_is_not_evidence(blank: Any) -> None:
    assert speaking().refused(minutes(1), "prove_again", paper=blank).values["missing"] == ("paper",)


def test_an_empty_list_is_not_evidence_but_false_is_a_value() -> None:
    denial = speaking().refused(minutes(1), "list", group=[], amount=1, severe=False)
    assert denial.values["missing"] == ("group",)
    speaking().do(minutes(1), "list", group=["A2"], amount=1, severe=False)


def test_a_value_that_does_not_fit_is_refused_with_the_field_and_the_problem() -> None:
    for value, problem in ((11, "out_of_range"), ("many", "number_expected"), (1.5, "number_expected")):
        denial = speaking().refused(minutes(1), "count", amount=value)
        assert (denial.code, denial.values["field"], denial.values["problem"]) == ("input", "amount", problem)


def test_a_field_that_the_event_does_not_take_is_refused_with_those_it_takes() -> None:
    denial = speaking().refused(minutes(1), "count", paper="p")
    assert (denial.code, denial.values["field"], denial.values["accepts"]) == ("input", "paper", ("amount",))


def test_a_person_must_exist_and_hold_the_role_that_the_field_asks_for() -> None:
    assert speaking().refused(minutes(1), "name", accused="ghost").values["field"] == "accused"
    assert speaking().refused(minutes(1), "name", leads="A1").values["role"] == "lead"
    speaking().do(minutes(1), "name", accused="W1", leads="L1")


def test_a_condition_refuses_in_the_words_of_the_rulebook_and_names_its_line() -> None:
    denial = speaking().refused(minutes(1), "count", amount=7)
    assert denial.code == "guard"
    assert denial.say is not None and denial.say["en"] == "Too many"
    assert denial.values["rule"] == "amount < 5"
    assert "rules.yaml" in denial.source


@pytest.mark.parametrize("data", [{"accused": "A1"}, {"group": ["L1", "A1"]}])
def test_who_is_named_in_a_conflict_field_or_list_may_not_act(data: dict[str, Any]) -> None:
    denial = speaking(**data).refused(minutes(1), "judge")
    assert (denial.code, denial.values["person"], denial.values["field"]) == ("conflict", "A1", next(iter(data)))
    speaking(**data).do(minutes(1), "judge", actor="A2")


def test_role_separation_applies_only_while_its_condition_holds() -> None:
    for severe in (False, True):
        story = speaking(severe=severe)
        story.do(minutes(1), "judge")
        if severe:
            assert story.refused(minutes(2), "judge_again").code == "same_person"
            story.do(minutes(3), "judge_again", actor="A2")
        else:
            story.do(minutes(2), "judge_again")


def test_quiet_hours_say_until_when_and_yield_to_a_time_the_customer_agreed_to() -> None:
    denial = speaking().refused(NOON, "call")
    assert (denial.code, denial.values["until"]) == ("quiet_hours", moment("03-02 14:00"))
    speaking(agreed_at=moment("03-02 12:40")).do(NOON, "call")
    assert speaking(agreed_at=moment("03-02 12:46")).refused(NOON, "call").code == "quiet_hours"
    speaking().do(moment("03-02 14:00"), "call")


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_a_reason_of_nothing_is_no_reason(reason: str | None) -> None:
    assert speaking().refused(minutes(1), "explain", reason=reason).code == "reason"


def test_a_command_before_the_last_event_is_refused_and_says_when_that_was() -> None:
    story = speaking()
    story.do(minutes(10), "judge")
    answer = decide(story.rules, story.ticket, Fire(event="judge", actor="A1"), minutes(9), story.world)
    assert isinstance(answer, Denial)
    assert (answer.code, answer.values["latest"]) == ("time", minutes(10))


def test_a_ticket_cannot_be_opened_by_an_event_of_its_later_life() -> None:
    rules = rules_from(SPEAKING)
    answer = decide(rules, None, Open(ticket="t", workflow="job", event="judge", actor="A1"), MONDAY, World())
    assert isinstance(answer, Denial)
    assert (answer.code, answer.state, answer.values["offered"]) == ("state", NEW, ("open",))


# --- duplicates -------------------------------------------------------------------------------------------------

DUPLICATES = """
forms: {f: {title: F, fields: {asset: {type: text}, words: {type: text}}}}
workflows:
  job:
    forms: [f]
    initial: a
    duplicates:
      - {same: [asset], among: %s, answer: %s, then: log}
    states: {a: {title: A, owner: agent}, z: {title: Z, final: true}}
    events:
      open: {opens: true, by: agent, optional: [asset, words]}
      log: {from: a, by: agent, optional: [words]}
      finish: {from: a, to: z, by: agent}
"""


def open_again(other: Lookalike, among: str = "open", answer: str = "deny", **data: Any) -> Decision | Denial:
    """Open a ticket beside another one that looks alike."""
    rules = rules_from(DUPLICATES % (among, answer))
    command = Open(ticket="t", workflow="job", event="open", actor="A1", data=data)
    return decide(rules, None, command, minutes(60), World(alike=(other,)))


OTHER = Lookalike(id="other", state="a", changed_at=MONDAY)


def test_a_duplicate_is_refused_with_the_other_ticket_and_leaves_an_entry_there() -> None:
    denial = open_again(OTHER, asset="lift", words="again")
    assert isinstance(denial, Denial)
    assert (denial.code, denial.values) == ("duplicate", {"ticket": "other", "same": ("asset",)})
    assert denial.follow == Resubmit(ticket="other", event="log", actor="A1", data={"words": "again"})


def test_a_duplicate_may_be_sent_on_to_the_other_ticket_instead() -> None:
    decision = open_again(OTHER, answer="redirect", asset="lift", words="again")
    assert isinstance(decision, Decision)
    assert (decision.events, decision.ticket) == ((), None)
    assert decision.effects == (Resubmit(ticket="other", event="log", actor="A1", data={"words": "again"}),)


def test_a_ticket_that_is_over_or_lacks_the_field_is_no_duplicate() -> None:
    closed = Lookalike(id="other", state="z", changed_at=MONDAY)
    assert isinstance(open_again(closed, asset="lift"), Decision)
    assert isinstance(open_again(OTHER), Decision)


@pytest.mark.parametrize(("span", "counts"), [("60m", True), ("59m", False)])
def test_a_ticket_that_changed_too_long_ago_is_no_duplicate(span: str, counts: bool) -> None:
    answer = open_again(OTHER, among=f"{{states: [a], within: {span}}}", asset="lift")
    assert isinstance(answer, Denial) is counts
