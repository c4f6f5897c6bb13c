"""Mistakes that authors really make, checked against the shipped schemas: one finding each, with what to write."""

from __future__ import annotations

import pytest
from tests.rulebook.books import load_text

from dutyflow.rulebook.findings import Finding

JOB = """\
forms: {{f: {{fields: {{n: {{type: number}}}}}}}}
roles: {{a: {{}}}}
workflows:
  w:
    forms: [f]
    initial: new
    states: {{new: {{{state}owner: a}}, done: {{final: true}}}}
    events:
      open: {{opens: true, by: a, optional: [n]}}
      finish: {{{event}to: done, by: a}}
"""


def only(*, state: str = "", event: str = "from: new, ") -> Finding:
    """The one finding of a rulebook with this in it."""
    (finding,) = load_text(JOB.format(state=state, event=event)).findings.errors
    return finding


def said(finding: Finding) -> tuple[str, int, str | None]:
    return finding.code, finding.place.column, finding.text("help", "en")


def test_a_slip_in_a_needed_key_is_one_finding() -> None:
    assert said(only(event="form: new, ")) == ("DF101", 16, "did you mean `from`?")


@pytest.mark.parametrize(
    ("title", "whole", "key"),
    [
        ("{zh: 您好,欢迎, en: Hello}", "您好,欢迎", "欢迎"),
        ("{zh: 您好,欢迎,请讲, en: Hello}", "您好,欢迎,请讲", "欢迎"),
        ("{zh: 您好, en: Hello, dear customer}", "Hello, dear customer", "dear customer"),
        ("{en: one ,two}", "one ,two", "two"),
    ],
)
def test_a_comma_in_unquoted_text_is_told_with_the_whole_text_in_quotes(title: str, whole: str, key: str) -> None:
    finding = only(state=f"title: {title}, ")
    assert (finding.code, finding.text("help", "en")) == ("DF101", f'put the text in quotes: `"{whole}"`')
    assert f"`{key}`" in str(finding.text("message", "en"))
    assert finding.text("help", "zh") == f'给文字加上引号：`"{whole}"`'


def test_a_comma_where_any_key_is_possible_is_told_too() -> None:
    text = "forms: {f: {fields: {c: {type: choice, options: {a: yes, please, b: no}}}}}"
    (finding,) = load_text(text).findings.errors
    assert finding.code == "DF103" and '`"yes, please"`' in str(finding.text("help", "en"))


@pytest.mark.parametrize("title", ["{zh: 您好, huanying: , en: Hello}", "{zh: '您好',huanying, en: Hello}"])
def test_a_key_that_is_none_of_these_is_still_an_unknown_key(title: str) -> None:
    assert only(state=f"title: {title}, ").text("message", "en") == "there is no key `huanying` in `title`"


@pytest.mark.parametrize(
    ("title", "sign"),
    [("{zh: 您好，我是{姓名}。, en: Hello}", "{"), ("{en: see [1], zh: 见}", "["), ("{en: I am {name}}", "{")],
)
def test_a_bracket_in_unquoted_text_is_told_at_the_bracket(title: str, sign: str) -> None:
    loaded = load_text(f"roles: {{a: {{title: {title}}}}}")
    (finding,) = loaded.findings.errors
    source = loaded.findings.sources[finding.place.file].line(1)
    assert finding.code == "DF001" and source[finding.place.column - 1] == sign
    assert "quotes" in str(finding.text("help", "en")) and "引号" in str(finding.text("help", "zh"))


def test_a_full_width_sign_in_brackets_is_still_blamed_where_it_is_to_blame() -> None:
    (finding,) = load_text("roles: {a: {title: x}，b: {title: y}}").findings.errors
    assert "full-width" in str(finding.text("message", "en"))


@pytest.mark.parametrize("value", ["5d", "[5d]", "{for: 5d}", ""])
def test_a_key_that_cannot_stand_here_is_told_once_at_the_key_whatever_its_value(value: str) -> None:
    field = f"n: {{type: text, min: {value}}}"
    (finding,) = load_text(f"forms: {{f: {{fields: {{{field}}}}}}}").findings.errors
    assert (finding.code, finding.place.column) == ("DF117", 38)
    assert "`min` belongs to `number`" in str(finding.text("help", "en"))


def test_allowed_words_are_written_as_in_yaml() -> None:
    (finding,) = load_text("roles: {a: {external: true, assumed: false}}").findings.errors
    assert finding.code == "DF104" and "`true`" in str(finding.text("help", "en"))


def test_a_description_is_shown_in_one_language_only() -> None:
    finding = only(event="")
    assert finding.code == "DF102"
    english, chinese = finding.text("help", "en") or "", finding.text("help", "zh") or ""
    assert "Where the event is possible" in english and "哪" not in english
    assert "\n" not in english + chinese and "Where" not in chinese
