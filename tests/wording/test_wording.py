"""The wording tables say everything in both languages."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

import dutyflow.wording as wording
from dutyflow.wording import (
    Bilingual,
    Phrase,
    Value,
    choose_language,
    finding_codes,
    finding_severity,
    finding_text,
    say,
)

FOLDER = Path(wording.__file__).parent
PARTS = {"title", "message", "label", "help", "note", "why", "wrong", "right"}
PAGE_PARTS = ("why", "wrong", "right")


def table(name: str, lang: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.{lang}.toml").read_text(encoding="utf-8"))


def variants(part: Any) -> list[str]:
    return [part] if isinstance(part, str) else list(part)


@pytest.mark.parametrize("lang", wording.LANGUAGES)
def test_every_code_has_a_message_a_title_and_a_page(lang: str) -> None:
    found = table("findings", lang)
    assert tuple(found) == finding_codes(), "a code is missing, or the file is not in order"
    for code, parts in found.items():
        for part in ("title", "message", *PAGE_PARTS):
            assert parts.get(part), f"{code} has no {part} in {lang}"


def test_only_known_parts_and_severities_are_used() -> None:
    for lang in wording.LANGUAGES:
        for code, parts in table("findings", lang).items():
            named = {part for part in parts if not part.startswith("related")}
            assert named - {"severity"} <= PARTS, code
            assert ("severity" in parts) == (lang == "en"), code
    assert {finding_severity(code) for code in finding_codes()} <= {"error", "warning", "info"}


def test_both_languages_use_the_same_placeholders_in_the_same_variants() -> None:
    english, chinese = table("findings", "en"), table("findings", "zh")
    for code in finding_codes():
        assert english[code].keys() - {"severity"} == chinese[code].keys(), code
        for part in chinese[code].keys() - set(PAGE_PARTS):
            names = [[wording.placeholders(v) for v in variants(t[code][part])] for t in (english, chinese)]
            assert names[0] == names[1], f"{code}.{part}"


def test_general_sentences_exist_in_both_languages_with_the_same_placeholders() -> None:
    assert wording.message_keys("en") == wording.message_keys("zh")
    for key in wording.message_keys("en"):
        both = [wording.placeholders(wording.message_template(key, lang)) for lang in wording.LANGUAGES]
        assert both[0] == both[1], key


def test_the_first_variant_whose_values_are_all_there_is_taken() -> None:
    values = {"key": "x", "where": "`y`", "allowed": "`a`"}
    assert finding_text("DF101", "help", "en", values) == "possible keys: `a`"
    assert finding_text("DF101", "help", "en", {"suggestion": "z"}) == "did you mean `z`?"
    assert finding_text("DF103", "help", "en", {}) is None


def test_a_value_may_be_a_sentence_or_a_text_in_two_languages() -> None:
    values: dict[str, Value] = {"problem": Phrase.of("shape.items_min", limit=2)}
    assert finding_text("DF106", "message", "zh", values) == "列表至少要有 2 项"
    values = {"key": "owner", "description": Bilingual(zh="谁负责", en="who answers for it")}
    assert finding_text("DF102", "help", "zh", values) == "加上 `owner`：谁负责"
    assert finding_text("DF102", "help", "en", values) == "add `owner`: who answers for it"


def test_braces_in_values_and_yaml_samples_are_left_alone() -> None:
    assert finding_text("DF002", "message", "en", {"key": "{key}{other}"}) == (
        "`{key}{other}` is written twice in the same mapping"
    )
    assert "{title: 归档}" in (finding_text("DF001", "right", "zh") or "")


def test_a_sentence_is_found_by_its_dotted_key() -> None:
    assert say("report.error_many", "en", count=7) == "7 errors"
    assert say("report.error_many", "zh", count=7) == "7 个错误"
    with pytest.raises(KeyError):
        say("report.nonsense", "en")


@pytest.mark.parametrize(
    ("option", "env", "expected"),
    [
        (None, {}, "en"),
        ("zh", {"DUTYFLOW_LANG": "en"}, "zh"),
        (None, {"DUTYFLOW_LANG": "zh", "LANG": "en_US.UTF-8"}, "zh"),
        (None, {"LANG": "zh_CN.UTF-8"}, "zh"),
        (None, {"LC_ALL": "C.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
        (None, {"LC_ALL": "", "LC_MESSAGES": "zh_TW", "LANG": "en_GB"}, "zh"),
        ("zh-Hans", {}, "zh"),
        (None, {"LANG": "de_DE.UTF-8"}, "en"),
    ],
)
def test_the_language_is_chosen_from_option_then_environment(
    option: str | None, env: dict[str, str], expected: str
) -> None:
    assert choose_language(option, env) == expected
