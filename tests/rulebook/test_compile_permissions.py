"""Permissions: who may correct, comment and assign, and what is wrong with them is found where it stands."""

from __future__ import annotations

from typing import Any

import pytest
from tests.rulebook.books import codes, job, load

from dutyflow.kernel import rules as kr


def permissions(node: Any, **more: Any) -> dict[str, kr.Permission]:
    return dict(job({"workflows.job.permissions": node, **more}).permissions)


def test_without_the_key_nothing_is_declared() -> None:
    assert dict(job({}).permissions) == {}


def test_roles_the_owner_and_other_systems_may_be_named() -> None:
    found = permissions({"comment": {"by": ["agent", "owner", "system"]}, "assign": {"by": "chief"}})
    assert found["comment"].by == {"agent", "owner", "system"}
    assert found["assign"].by == {"chief"}
    assert ".yaml" in found["comment"].source or ".json" in found["comment"].source


def test_fields_that_are_named_are_the_only_ones() -> None:
    (found,) = permissions({"amend": {"fields": ["words", "who"]}}).values()
    assert (found.by, found.fields) == (frozenset(), {"words", "who"})


def test_without_fields_all_may_be_corrected_but_the_number() -> None:
    found = permissions({"amend": {"by": "chief"}}, **{"workflows.job.number": "J{n}"})
    assert found["amend"].fields == {"n", "amount", "who", "words", "met_at", "grade", "marks"}


@pytest.mark.parametrize(
    ("node", "code", "word"),
    [
        ({"amend": {"by": "agnet"}}, "DF203", "agnet"),
        ({"comment": {"by": ["agent", "nobody"]}}, "DF203", "nobody"),
        ({"assign": {"by": ["cheif"]}}, "DF203", "cheif"),
        ({"amend": {"by": "agent", "fields": ["wrods"]}}, "DF205", "wrods"),
    ],
)
def test_an_unknown_role_or_field_is_found_where_it_stands(node: Any, code: str, word: str) -> None:
    loaded = load({"workflows.job.permissions": node})
    (finding,) = loaded.findings
    source = loaded.findings.sources[finding.place.file]
    assert finding.code == code
    assert word in source.line(finding.place.line)[finding.place.column - 1 : finding.place.end_column - 1]
    assert loaded.rules is None


@pytest.mark.parametrize(
    ("node", "code"),
    [
        ({"amned": {"by": "agent"}}, "DF101"),
        ({"comment": {"by": "agent", "fields": ["words"]}}, "DF101"),
        ({"assign": {}}, "DF102"),
        ({"amend": {}}, "DF106"),
        ({"amend": {"fields": []}}, "DF106"),
        ({"amend": {"fields": ["words", "words"]}}, "DF111"),
        ({}, "DF106"),
        ({"amend": "agent"}, "DF103"),
    ],
)
def test_another_form_is_a_finding(node: Any, code: str) -> None:
    assert codes({"workflows.job.permissions": node}) == [code]
