"""What a field takes: good values are stored in one form, bad ones are told apart, nothing else ever happens."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutyflow.rulebook.acceptors import BadValue, acceptor
from dutyflow.rulebook.types import Type, choice, list_of
from dutyflow.wording import say

ZONE = ZoneInfo("Asia/Shanghai")
GRADE = choice("good", "bad")
TYPES: dict[str, Type] = {
    **{
        kind: Type(kind)
        for kind in (
            *("text", "number", "money", "boolean", "date", "time", "datetime"),
            *("duration", "person", "reference", "attachment"),
        )
    },
    "choice": GRADE,
    "list": list_of(Type("number")),
}


def take(kind: str, value: Any, **declared: Any) -> Any:
    return acceptor(TYPES[kind], declared, ZONE)(value)


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        ("text", "投诉", "投诉"),
        ("person", "A1", "A1"),
        ("choice", "good", "good"),
        ("number", 3, 3),
        ("number", " 3 ", 3),
        ("number", "3.0", 3),
        ("number", "-1.5", Decimal("-1.5")),
        ("number", Decimal("2.50"), Decimal("2.50")),
        ("money", "12", Decimal("12.00")),
        ("money", Decimal("0.10"), Decimal("0.10")),
        ("boolean", True, True),
        ("boolean", "是", True),
        ("boolean", "No", False),
        ("boolean", 0, False),
        ("date", "2026-03-02", date(2026, 3, 2)),
        ("date", date(2026, 3, 2), date(2026, 3, 2)),
        ("time", "09:30", time(9, 30)),
        ("datetime", "2026-03-02 09:30", datetime(2026, 3, 2, 1, 30, tzinfo=UTC)),
        ("datetime", "2026-03-02T09:30+00:00", datetime(2026, 3, 2, 9, 30, tzinfo=UTC)),
        ("datetime", datetime(2026, 3, 2, 9, tzinfo=ZONE), datetime(2026, 3, 2, 1, tzinfo=UTC)),
        ("duration", "90m", timedelta(minutes=90)),
        ("duration", "PT2H", timedelta(hours=2)),
        ("duration", timedelta(hours=1), timedelta(hours=1)),
        ("list", "1, 2，3", (1, 2, 3)),
        ("list", [1, "2"], (1, 2)),
        ("list", "1,,2,", (1, 2)),
        ("list", [1, None, ""], (1,)),
        ("list", [], ()),
    ],
)
def test_a_good_value_is_stored_in_one_form(kind: str, value: Any, stored: Any) -> None:
    found = take(kind, value)
    assert found == stored and type(found) is type(stored)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("nothing", [None, ""])
def test_nothing_is_nothing_for_every_type(kind: str, nothing: Any) -> None:
    assert take(kind, nothing) is None


@pytest.mark.parametrize(
    ("kind", "value", "problem"),
    [
        ("text", 3, "text_expected"),
        ("person", ["A1"], "text_expected"),
        ("text", "x" * 10_001, "too_long"),
        ("choice", "medium", "not_an_option"),
        ("choice", ["good"], "not_an_option"),
        ("number", "three", "number_expected"),
        ("number", True, "number_expected"),
        ("number", 1.5, "number_expected"),
        ("number", "NaN", "number_expected"),
        ("number", "Infinity", "number_expected"),
        ("number", "1e999999999", "out_of_range"),
        ("number", "1e-999999999", "number_expected"),
        ("number", 10**15, "out_of_range"),
        ("money", 10**30, "out_of_range"),
        ("money", "0.123", "too_many_decimals"),
        ("boolean", "perhaps", "boolean_expected"),
        ("boolean", [], "boolean_expected"),
        ("date", "02.03.2026", "date_expected"),
        ("date", datetime(2026, 3, 2, tzinfo=UTC), "date_expected"),
        ("date", "2026-02-30", "date_expected"),
        ("date", "20260-03-02", "date_expected"),
        ("date", "1026-03-02", "out_of_range"),
        ("time", "25:00", "time_expected"),
        ("time", "09:30+08:00", "time_expected"),
        ("datetime", "tomorrow", "datetime_expected"),
        ("datetime", datetime(2026, 3, 2), "naive_time"),  # a naive time is the point
        ("datetime", "0001-01-01 00:00", "out_of_range"),
        ("datetime", "9999-12-31 23:59", "out_of_range"),
        ("duration", "soon", "duration_expected"),
        ("duration", "2bd", "duration_expected"),
        ("duration", 5, "duration_expected"),
        ("list", 5, "list_expected"),
        ("list", {"a": 1}, "list_expected"),
        ("list", ["x"], "number_expected"),
        ("list", [1] * 1001, "too_long"),
    ],
)
def test_a_bad_value_is_refused_and_the_reason_has_a_sentence(kind: str, value: Any, problem: str) -> None:
    with pytest.raises(BadValue) as caught:
        take(kind, value)
    assert caught.value.problem == problem
    for lang in ("zh", "en"):
        assert "{" not in say(f"input.{problem}", lang, **caught.value.limits)


@pytest.mark.parametrize(
    ("kind", "limits", "good", "bad"),
    [
        ("text", {"max_length": 3}, "abc", "abcd"),
        ("number", {"min": 1, "max": 9}, 9, 10),
        ("number", {"min": 1}, "1", "0.99"),
        ("money", {"max": Decimal("99.99")}, "99.99", "100"),
        ("list", {"of": {"type": "number", "max": 5}}, [5], [6]),
    ],
)
def test_the_limits_of_a_field_hold(kind: str, limits: Any, good: Any, bad: Any) -> None:
    assert take(kind, good, **limits) is not None
    with pytest.raises(BadValue):
        take(kind, bad, **limits)


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.decimals()
    | st.datetimes()
    | st.datetimes(timezones=st.just(UTC))
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.from_regex(r"[0-9]{1,4}[-:e.][0-9]{1,9}([-:T ][0-9]{1,2}){0,3}", fullmatch=True),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(st.sampled_from(sorted(TYPES)), anything)
@settings(max_examples=100)
def test_whatever_is_brought_is_taken_or_refused_with_a_reason(kind: str, value: Any) -> None:
    try:
        stored = take(kind, value)
    except BadValue as refused:
        assert say(f"input.{refused.problem}", "en", **refused.limits)
    else:
        assert take(kind, stored) == stored


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=2))
@settings(max_examples=100)
def test_money_is_kept_to_the_cent(amount: Decimal) -> None:
    assert take("money", str(amount)) == amount


@given(st.datetimes(min_value=datetime(1901, 1, 1), max_value=datetime(2199, 1, 1)))  # local times
@settings(max_examples=100)
def test_a_moment_written_with_its_offset_is_the_same_moment(local: datetime) -> None:
    aware = local.replace(tzinfo=ZONE)
    assert take("datetime", aware.isoformat()) == aware.astimezone(UTC)
