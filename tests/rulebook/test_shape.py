"""Schema errors are told in people's words, at the key or value to change."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutyflow.rulebook.findings import Finding, Findings
from dutyflow.rulebook.shape import Shapes
from dutyflow.rulebook.yaml_reader import read_text

TEXT = {"type": "string", "minLength": 1}
DURATION = {"type": "string", "pattern": "^[0-9]+(h|d|bd)$", "x-finding": "DF110"}
COMMON: dict[str, Any] = {"$defs": {"duration": DURATION, "id": {"pattern": "^[a-z_]+$", "examples": ["on_hold"]}}}
RULE: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["owner"],
    "properties": {
        "owner": {"type": "string", "description": "who answers for it", "x-dutyflow-zh": "谁负责"},
        "title": {"anyOf": [TEXT, {"type": "object", "properties": {"zh": TEXT, "en": TEXT}}]},
        "final": {"type": "boolean"},
        "limit": {"type": "integer", "minimum": 1, "maximum": 9},
        "amount": {"type": "number", "exclusiveMinimum": 0},
        "reopen": {"enum": ["resume", "new_cycle", "ignore"]},
        "on": {"type": "string", "format": "date", "examples": ["2026-02-16"]},
        "require": {"type": "array", "minItems": 1, "items": TEXT, "uniqueItems": True},
        "within": {
            "anyOf": [
                {"$ref": "common.schema.json#/$defs/duration"},
                {
                    "type": "object",
                    "required": ["for"],
                    "additionalProperties": False,
                    "properties": {"for": {"$ref": "common.schema.json#/$defs/duration"}, "calendar": TEXT},
                },
            ]
        },
        "start": {"oneOf": [{"$ref": "#/$defs/entered"}, {"$ref": "#/$defs/at"}]},
        "states": {
            "type": "object",
            "propertyNames": {"$ref": "common.schema.json#/$defs/id"},
            "additionalProperties": {"$ref": "#"},
        },
        "old": {"not": {}},
    },
    "$defs": {
        "entered": {
            "type": "object",
            "required": ["entered"],
            "additionalProperties": False,
            "properties": {"entered": TEXT},
        },
        "at": {"type": "object", "required": ["at"], "additionalProperties": False, "properties": {"at": TEXT}},
    },
}
SHAPES = Shapes({"rule.schema.json": RULE, "common.schema.json": COMMON})


def check(text: str) -> list[Finding]:
    findings = Findings()
    node = read_text("a.yaml", text, findings)
    assert node is not None and not len(findings), findings.codes()
    fits = SHAPES.validate(node, "rule.schema.json", findings)
    assert fits == (len(findings) == 0)
    return findings.sorted()


def said(finding: Finding, lang: str = "en") -> tuple[str, str, str | None, str | None]:
    place = finding.place
    span = f"{place.line}:{place.column}-{place.end_column}"
    return finding.code, span, finding.text("message", lang), finding.text("help", lang)


def test_a_value_that_fits_has_no_findings() -> None:
    text = """\
owner: agent
title: {zh: 投诉, en: Complaint}
limit: 3
amount: 1.50
on: 2026-02-16
within: {for: 2bd}
start: {entered: received}
states: {on_hold: {owner: agent, within: 24h, start: {at: noon}}}
"""
    assert check(text) == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ownr: x", ("DF101", "2:1-5", "there is no key `ownr` here", None)),
        ("final: yes", ("DF103", "2:8-11", "expected `true` or `false`, found the text `yes`", "write `true`")),
        ("limit: '3'", ("DF103", "2:8-11", "expected a whole number, found the text `3`", "remove the quotes: `3`")),
        ("limit:", ("DF103", "2:7-7", "expected a whole number, found nothing", "write a value after the colon")),
        ("require: x", ("DF103", "2:10-11", "expected a list, found the text `x`", "write it as a list: `[x]`")),
        (
            "title: 5",
            ("DF103", "2:8-9", "expected text or a mapping (`key: value`), found the number `5`", None),
        ),
        ("reopen: resumed", ("DF104", "2:9-16", "`resumed` is not allowed here", None)),
        ("on: 16.2.2026", ("DF105", "2:5-14", "`16.2.2026` is not written in the expected form", None)),
        ("require: []", ("DF106", "2:10-12", "the list must not be empty", None)),
        ('title: ""', ("DF106", "2:8-10", "the text must not be empty", None)),
        ("limit: 0", ("DF108", "2:8-9", "0 is out of range: at least 1", None)),
        ("limit: 10", ("DF108", "2:8-10", "10 is out of range: at most 9", None)),
        ("amount: 0.0", ("DF108", "2:9-12", "0.0 is out of range: more than 0", None)),
        ("states: {On Hold: {owner: x}}", ("DF109", "2:10-17", "`On Hold` cannot be used as a name here", None)),
        ("require: [a, 客户, 客户]", ("DF111", "2:18-20", "`客户` stands in this list twice", None)),
        ("old: 1", ("DF101", "2:1-4", "there is no key `old` here", None)),
    ],
)
def test_a_mistake_is_told_in_plain_words_at_its_place(line: str, expected: tuple[str, str, str, str | None]) -> None:
    (finding,) = check(f"owner: agent\n{line}\n")
    code, span, message, hint = said(finding)
    assert (code, span, message) == expected[:3]
    if expected[3] is not None:
        assert hint == expected[3]


def test_a_misspelt_key_is_reported_once_with_the_right_name() -> None:
    (finding,) = check("ownre: agent\n")
    assert said(finding)[0::3] == ("DF101", "did you mean `owner`?")


def test_a_missing_key_is_shown_at_the_key_of_its_mapping_in_both_languages() -> None:
    (finding,) = check("owner: a\nstates:\n  𠮷_x: {}\n  on_hold: {limit: 2}\n")[2:]
    assert said(finding) == ("DF102", "4:3-10", "`owner` is missing", "add `owner`: who answers for it")
    assert said(finding, "zh")[2:] == ("缺少 `owner`", "加上 `owner`：谁负责")


def test_a_wrong_word_is_shown_with_what_is_allowed() -> None:
    (finding,) = check("owner: a\nreopen: resumed\n")
    assert said(finding)[3] == "did you mean `resume`?   (allowed: `resume`, `new_cycle`, `ignore`)"


@pytest.mark.parametrize(
    ("value", "place"), [("24 hours", 9), ("24", 9), ("{for: 1x}", 15), ("{for: 12, calendar: c}", 15)]
)
def test_a_schema_can_name_its_own_finding(value: str, place: int) -> None:
    (finding,) = check(f"owner: a\nwithin: {value}\n")
    assert (finding.code, finding.place.column) == ("DF110", place)


def test_the_form_that_was_meant_is_the_one_that_is_explained() -> None:
    (finding,) = check("owner: a\nstart: {enterd: received}\n")
    assert said(finding)[0::3] == ("DF101", "did you mean `entered`?")
    (finding,) = check("owner: a\nwithin: {for: 2bd, calender: c}\n")
    assert said(finding)[0::3] == ("DF101", "did you mean `calendar`?")


def test_when_no_form_is_near_all_are_named() -> None:
    (finding,) = check("owner: a\nstart: {x: 1}\n")
    assert said(finding) == (
        "DF107",
        "2:1-6",
        "this fits none of the forms that are possible here",
        "write one of: `entered`, `at`",
    )


def test_every_mistake_of_a_file_is_reported() -> None:
    found = check("limit: x\nfinal: 1\nstates: {a: {}, b: {owner: 3}}\n")
    assert [(f.code, f.place.line) for f in found] == [
        ("DF102", 1),
        ("DF103", 1),
        ("DF103", 2),
        ("DF102", 3),
        ("DF103", 3),
    ]


def test_schemas_are_read_from_a_folder_and_found_by_name_or_id(tmp_path: Path) -> None:
    base = "https://example.invalid/schemas/"
    for name, schema in (("rule", RULE), ("common", COMMON)):
        text = json.dumps({"$id": f"{base}{name}.schema.json", **schema})
        (tmp_path / f"{name}.schema.json").write_text(text, encoding="utf-8")
    shapes = Shapes.from_folder(tmp_path)
    for name in ("rule.schema.json", f"{base}rule.schema.json", "rule.schema.json#/$defs/at"):
        findings = Findings()
        node = read_text("a.yaml", "at: 5\n", findings)
        assert node is not None and not shapes.validate(node, name, findings)
        assert "DF103" in findings.codes() or "DF101" in findings.codes()


values = st.recursive(
    st.none() | st.booleans() | st.integers(-20, 20) | st.sampled_from(["", "24h", "resume", "x", "投诉𠮷"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(RULE["properties"])), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from([*RULE["properties"], "zz"]), values, min_size=1))
@settings(max_examples=100, deadline=None)
def test_whatever_does_not_fit_is_reported_with_words_and_a_place(value: dict[str, object]) -> None:
    findings = Findings()
    node = read_text("a.yaml", json.dumps(value, ensure_ascii=False), findings)
    assert node is not None
    fits = SHAPES.validate(node, "rule.schema.json", findings)
    assert fits == (len(findings) == 0)
    for finding in findings:
        assert finding.place.line >= 1
        for lang in ("en", "zh"):
            assert finding.text("message", lang) and "Decimal" not in str(finding.text("message", lang))


def test_money_is_compared_without_floats() -> None:
    findings = Findings()
    node = read_text("a.yaml", "amount: 0.10\nowner: a\n", findings)
    assert node is not None and node.plain() == {"amount": Decimal("0.10"), "owner": "a"}
    assert SHAPES.validate(node, "rule.schema.json", findings)
