"""Every refusal has a sentence in both languages that says what is missing or allowed."""

import re
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.kernel.builders import at
from tests.kernel.samples import RULES

from dutyflow.kernel.denials import ORDER, Denial
from dutyflow.rulebook import acceptors
from dutyflow.telling.teller import Teller, denial_text
from dutyflow.wording import LANGUAGES, message_keys

VALUES: dict[str, dict[str, object]] = {
    "time": {"latest": at("03-02 09:00")},
    "role": {"actor": "A1", "held": ("agent",), "allowed": ("manager", "supervisor")},
    "state": {"offered": ("accept", "withdraw"), "states": ("received",)},
    "input": {"field": "amount", "value": "many", "problem": "number_expected"},
    "quiet_hours": {"until": at("03-02 14:00")},
    "conflict": {"person": "S1", "field": "customer"},
    "same_person": {"person": "S1", "field": "customer"},
    "evidence": {"missing": ("statement", "proposal | amount")},
    "reason": {},
    "duplicate": {"ticket": "complaint-1", "same": ("phone",)},
}


def denial(code: str, **values: object) -> Denial:
    found = values or VALUES.get(code, {"rule": "calls < 3"})
    return Denial(code=code, event="accept", state="received", values=found)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("code", ORDER)
def test_every_code_has_a_sentence_with_nothing_left_open(code: str, lang: str) -> None:
    text = denial_text(denial(code), RULES, lang)
    assert text and "{" not in text
    assert ("（中）" in text) == (lang == "zh" or "（中）" in str(VALUES.get(code)))


@pytest.mark.parametrize(
    ("refused", "text"),
    [
        (denial("role"), "accept is for manager, supervisor; A1 has agent"),
        (denial("role", actor="X", held=(), allowed=("manager",)), "accept is for manager; X has no role here"),
        (denial("state"), "accept is not possible in received; possible now: accept, withdraw"),
        (denial("state", unknown=True, offered=()), "there is no event accept; possible now: nothing"),
        (denial("state", expected=("manager",)), "accept waits for the signature of manager first"),
        (denial("evidence"), "accept still needs: statement, proposal or amount"),
        (denial("input", field="x", accepts=("phone",)), "accept does not take x; it takes: phone"),
        (
            denial("input", field="phone", value="Q", role="agent"),
            "accept: phone must name somebody with the role agent, not Q",
        ),
        (denial("input"), "accept: many does not fit amount: a number is needed"),
        (
            denial("input", field="phone", value="x" * 3, problem="too_long", limits={"max": 2}),
            "accept: xxx does not fit phone: at most 2 are possible",
        ),
        (denial("limit", rule="calls < 3", bound=3), "accept is over its limit: calls < 3 (limit: 3)"),
        (denial("guard", no_branch=True), "accept leads nowhere with these data: none of its branches applies"),
        (
            denial("same_person", person="S1"),
            "S1 has signed accept already; the next signature must be somebody else's",
        ),
        (denial("quiet_hours"), "accept would disturb the customer's rest; possible from Mon 2026-03-02 14:00"),
    ],
)
def test_a_refusal_says_what_is_missing_or_allowed(refused: Denial, text: str) -> None:
    assert denial_text(refused, RULES, "en") == text


def test_the_rulebooks_own_words_come_first() -> None:
    said = Denial(code="limit", event="accept", state="received", say={"zh": "最多三次", "en": "three times at most"})
    assert denial_text(said, RULES, "zh") == "「accept（中）」：最多三次"


def test_every_problem_of_a_value_has_its_words() -> None:
    source = Path(acceptors.__file__).read_text(encoding="utf-8")
    problems = set(re.findall(r'BadValue\(\s*"(\w+)"', source)) | set(re.findall(r'"(\w+_expected)"', source))
    assert "number_expected" in problems and "date_expected" in problems
    for lang in LANGUAGES:
        assert {f"input.{problem}" for problem in problems} <= set(message_keys(lang))


def request_denial(name: str, code: str, **values: object) -> Denial:
    return Denial(code=code, event=name, state="received", values=values)


@pytest.mark.parametrize(
    ("refused", "en", "zh"),
    [
        (request_denial("amend", "reason"), "Correct data needs a reason", "「更正资料」要写原因"),
        (
            request_denial("amend", "input", unchanged=("phone",)),
            "Correct data would change nothing",
            "「更正资料」没有改动任何内容",
        ),
        (
            request_denial("amend", "role", actor="A1", held=("agent",), allowed=("manager",)),
            "Correct data is for manager; A1 has agent",
            "「更正资料」要由manager（中）来做；A1 的岗位是agent（中）",
        ),
        (
            request_denial("comment", "input", problem="too_long", limits={"max": 3}),
            "Comment: the text cannot be kept: at most 3 are possible",
            "「备注」的文字不能保存：最多 3",
        ),
        (
            request_denial("comment", "input", problem="blank"),
            "Comment: the text cannot be kept: it must not be empty",
            "「备注」的文字不能保存：不能为空",
        ),
        (
            request_denial("assign", "state", offered=("comment",)),
            "Assign is not possible in received; possible now: Comment",
            "工单处于「received（中）」，不能「指派」；现在可以：备注",
        ),
        (
            request_denial("assign", "input", member="Q", role="agent"),
            "Assign: Q does not have the role agent",
            "「指派」：Q 不担任agent（中）",
        ),
        (
            request_denial("assign", "input", member="Q", role=""),
            "Assign: Q is not known here",
            "「指派」：这里没有 Q 这个人",
        ),
        (
            request_denial("assign", "input", no_role=True),
            "Assign: there is no role that it could be given back to",
            "「指派」：没有可以交回的岗位",
        ),
        (
            request_denial("assign", "conflict", person="S1", field="customer", owning=True),
            "S1 is party to this ticket (customer) and may not own it",
            "S1 与本工单有利害关系（customer（中）），不能当负责人",
        ),
    ],
)
def test_refused_corrections_comments_and_assignments_are_told_in_both_languages(
    refused: Denial, en: str, zh: str
) -> None:
    assert denial_text(refused, RULES, "en", workflow="complaint") == en
    assert denial_text(refused, RULES, "zh", workflow="complaint") == zh


def test_an_event_of_the_workflow_goes_before_a_request_of_the_same_name() -> None:
    complaint = RULES.workflows["complaint"]
    accept = complaint.steps["accept"]
    own = replace(complaint, steps={**complaint.steps, "assign": accept})
    rules = replace(RULES, workflows={**RULES.workflows, "complaint": own})
    assert Teller(rules, "en", "complaint").event("assign") == "accept"
    assert Teller(RULES, "en", "complaint").event("assign") == "Assign"
