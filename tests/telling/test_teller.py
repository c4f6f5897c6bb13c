"""Every refusal has a sentence in both languages that says what is missing or allowed."""

import re
from pathlib import Path

import pytest
from tests.kernel.builders import at
from tests.kernel.samples import RULES

from dutyflow.kernel.denials import ORDER, Denial
from dutyflow.rulebook import acceptors
from dutyflow.telling.teller import denial_text
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
