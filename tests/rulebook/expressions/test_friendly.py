"""The friendly form of a condition means the same as the written-out expression."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dutyflow.rulebook.expressions import Expression, compile_friendly
from dutyflow.rulebook.types import Names

PAIRS: list[tuple[dict[str, Any], str]] = [
    ({"severity": "major"}, "severity == 'major'"),
    ({"severity": "!= major"}, "severity != 'major'"),
    ({"severity": "not major"}, "severity != 'major'"),
    ({"severity": ["minor", "major"]}, "severity in ['minor', 'major']"),
    ({"severity": ["minor", None]}, "severity in ['minor', null]"),
    ({"amount": "> 500"}, "amount > 500"),
    ({"amount": "＞ 500"}, "amount > 500"),
    ({"amount": "≥500"}, "amount >= 500"),
    ({"amount": "1..5"}, "1 <= amount and amount <= 5"),
    ({"amount": "> n * 2"}, "amount > n * 2"),
    ({"amount": 2.5}, "amount == 2.5"),
    ({"n": "-2..-1"}, "n >= -2 and n <= -1"),
    ({"n": 3}, "n == 3"),
    ({"n": [1, 2, 3]}, "n in [1, 2, 3]"),
    ({"n": None}, "n == null"),
    ({"n": "not null"}, "n != null"),
    ({"done": True}, "done == true"),
    ({"done": "not true"}, "done != true"),
    ({"tags": "a"}, "'a' in tags"),
    ({"tags": ["a", "b"]}, "'a' in tags or 'b' in tags"),
    ({"tags": "not a"}, "'a' not in tags"),
    ({"bought_on": "2026-02-01..2026-02-28"}, "bought_on >= '2026-02-01' and bought_on <= '2026-02-28'"),
    ({"bought_on": "< today"}, "bought_on < today"),
    ({"slot_at": "> now + 48h"}, "slot_at > now + 48h"),
    ({"slot_at": "<= 2026-03-02 10:00"}, "slot_at <= '2026-03-02 10:00'"),
    ({"wait": "> 30m"}, "wait > 30m"),
    ({"owner": "A1"}, "owner == 'A1'"),
    ({"note": "1..5"}, "note == '1..5'"),
    ({"state": "received"}, "state == 'received'"),
    (
        {"severity": "major", "amount": "> 2", "done": True, "n": None},
        "severity == 'major' and amount > 2 and done == true and n == null",
    ),
]

MOMENT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
TICKETS = st.fixed_dictionaries(
    {
        "severity": st.sampled_from([None, "minor", "major"]),
        "amount": st.sampled_from([None, Decimal(0), Decimal("2.5"), Decimal(5), Decimal(500), Decimal("500.01")]),
        "n": st.sampled_from([None, -3, -2, -1, 1, 3, 250]),
        "done": st.sampled_from([None, True, False]),
        "tags": st.sampled_from([None, (), ("a",), ("b", "c"), ("c",)]),
        "bought_on": st.sampled_from([None, date(2026, 2, 1), date(2026, 3, 2), date(2026, 2, 28)]),
        "slot_at": st.sampled_from([None, MOMENT, MOMENT + timedelta(hours=49)]),
        "wait": st.sampled_from([None, timedelta(minutes=30), timedelta(minutes=31)]),
        "owner": st.sampled_from([None, "A1", "B2"]),
        "note": st.sampled_from([None, "1..5", "3"]),
    }
)


@pytest.mark.parametrize(("mapping", "text"), PAIRS, ids=[text for _, text in PAIRS])
@given(ticket=TICKETS)
def test_the_friendly_form_equals_the_written_out_expression(
    names: Names, value: Any, world: Any, mapping: dict[str, Any], text: str, ticket: dict[str, Any]
) -> None:
    found = compile_friendly(mapping, names)
    assert isinstance(found, Expression), found
    assert found.evaluate(world(ticket)) is value(text, **ticket)


@pytest.mark.parametrize(
    ("mapping", "code", "suggestion"),
    [
        ({"amuont": 3}, "DF221", "amount"),
        ({"severity": "majr"}, "DF228", "major"),
        ({"severity": ["major", "minr"]}, "DF228", "minor"),
        ({"severity": "> major"}, "DF226", None),
        ({"amount": "more than 500"}, "DF234", None),
        ({"amount": "> "}, "DF234", None),
        ({"amount": "> amuont"}, "DF234", None),
        ({"amount": "1.."}, "DF234", None),
        ({"amount": True}, "DF234", None),
        ({"amount": float("inf")}, "DF234", None),
        ({"amount": "> __import__('os')"}, "DF234", None),
        ({"n": []}, "DF234", None),
        ({"n": {"x": 1}}, "DF234", None),
        ({"n": [[1]]}, "DF234", None),
        ({"bought_on": "tomorrow"}, "DF234", None),
        ({"done": "yes"}, "DF234", None),
    ],
)
def test_a_value_that_cannot_be_meant_is_a_problem_of_its_key(
    names: Names, mapping: dict[str, Any], code: str, suggestion: str | None
) -> None:
    found = compile_friendly({"note": "x", **mapping}, names)
    assert isinstance(found, tuple)
    assert [p.code for p in found] == [code]
    assert found[0].values["key"] == next(iter(mapping))
    assert found[0].values.get("suggestion") == suggestion


def test_fields_with_any_name_can_be_used_in_the_friendly_form(names: Names, world: Any) -> None:
    fields = {**names.fields, "first-contact": names.fields["n"]}
    odd = Names(**{**{slot: getattr(names, slot) for slot in Names.__slots__}, "fields": fields})
    found = compile_friendly({"first-contact": "> 3"}, odd)
    assert isinstance(found, Expression)
    assert found.evaluate(world({"first-contact": 4})) is True


def test_contradicting_entries_are_a_warning(names: Names) -> None:
    found = compile_friendly({"n": "5..3"}, names)
    assert isinstance(found, Expression) and [w.code for w in found.warnings] == ["DF233"]
