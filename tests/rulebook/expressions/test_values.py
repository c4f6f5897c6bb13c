"""What expressions give: comparisons, missing values, reckoning, functions."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutyflow.rulebook.expressions import FUNCTIONS

NUMBERS = st.one_of(
    st.integers(-1_000_000, 1_000_000),
    st.decimals(-10_000, 10_000, places=3, allow_nan=False, allow_infinity=False),
)
MAYBE = st.one_of(st.none(), NUMBERS)
ORDERS: dict[str, Any] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


@given(left=MAYBE, right=MAYBE, operator=st.sampled_from(sorted(ORDERS)))
def test_a_comparison_with_a_missing_value_is_false(value: Any, left: Any, right: Any, operator: str) -> None:
    expected = left is not None and right is not None and ORDERS[operator](left, right)
    assert value(f"n {operator} m", n=left, m=right) is expected


@given(left=st.sampled_from([None, True, False]), right=st.sampled_from([None, True, False]))
def test_conditions_count_a_missing_value_as_false(value: Any, left: bool | None, right: bool | None) -> None:
    assert value("done and open_", done=left, open_=right) is bool(left and right)
    assert value("done or open_", done=left, open_=right) is bool(left or right)
    assert value("not done", done=left) is (not left)


@given(left=MAYBE, right=MAYBE)
@settings(max_examples=60)
def test_reckoning_agrees_with_exact_fractions(value: Any, left: Any, right: Any) -> None:
    results = {operator: value(f"n {operator} m", n=left, m=right) for operator in "+-*/%"}
    if left is None or right is None:
        assert set(results.values()) == {None}
        return
    assert results["+"] == left + right and results["-"] == left - right and results["*"] == left * right
    if right == 0:
        assert results["/"] is None and results["%"] is None
        return
    assert results["/"] == Decimal(left) / Decimal(right)
    assert abs(results["%"]) < abs(right) and results["%"] * right >= 0
    assert (left - results["%"]) % right == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n == null", True),
        ("n != null", False),
        ("null == n", True),
        ("given(n)", False),
        ("given(note)", True),
        ("note != null", True),
        ("n in [1, 2]", False),
        ("n not in [1, 2]", False),
        ("n in [1, null]", True),
        ("'a' in tags", False),
        ("'a' not in tags", True),
        ("coalesce(n, m, 7)", 7),
        ("append(tags, 'b')", ("b",)),
        ("count(tags)", 0),
        ("total(costs)", Decimal(0)),
        ("first(tags)", None),
        ("length(severity)", 0),
        ("min(n, 3)", None),
        ("n + 1 if given(n) else 0", 0),
        ("n == m", False),
    ],
)
def test_missing_values_have_fixed_meanings(value: Any, text: str, expected: Any) -> None:
    assert value(text, note="hello") == expected


def test_a_missing_comparison_never_equals_anything_but_null(value: Any) -> None:
    assert value("n != 3") is False
    assert value("n != 3", n=4) is True


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("slot_at == '2026-03-02 10:00'", True),
        ("slot_at == '2026-03-02T10:00:00+08:00'", True),
        ("bought_on < '2026-03-01'", True),
        ("opens == '18:30'", True),
        ("wait >= 30m", True),
        ("wait == '1h'", True),
        ("severity == 'major'", True),
        ("owner == 'A1' and order != 'O2'", True),
        ("'b' in tags and tags == ['a', 'b']", True),
        ("1 < n < 4", True),
        ("1 < n < 3", False),
        ("金额 > 500", True),
        ("state == 'received' and actor == owner", True),
        ("entered_at == null", True),
        ("done == True", True),
    ],
)
def test_literals_take_the_type_of_the_other_side(value: Any, text: str, expected: bool) -> None:
    fields = {
        "slot_at": datetime(2026, 3, 2, 2, 0, tzinfo=UTC),
        "bought_on": date(2026, 2, 28),
        "opens": time(18, 30),
        "wait": timedelta(hours=1),
        "severity": "major",
        "owner": "A1",
        "order": "O1",
        "tags": ("a", "b"),
        "n": 3,
        "金额": Decimal("500.01"),
        "done": True,
    }
    assert value(text, **fields) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("slot_at + 30m", datetime(2026, 3, 2, 2, 30, tzinfo=UTC)),
        ("slot_at - '1h'", datetime(2026, 3, 2, 1, 0, tzinfo=UTC)),
        ("slot_at - opened_at", timedelta(0)),
        ("wait * 1.5", timedelta(hours=3)),
        ("wait / 30m", 4),
        ("wait / 0", None),
        ("-wait", timedelta(hours=-2)),
        ("after(now, 3bd)", datetime(2026, 3, 5, 10, 0, tzinfo=UTC)),
        ("after(now, 3d@21:00)", datetime(2026, 3, 5, 13, 0, tzinfo=UTC)),
        ("after(now, 4bh@desk)", datetime(2026, 3, 2, 7, 0, tzinfo=UTC)),
        ("after(now, 'P1D')", datetime(2026, 3, 3, 16, 0, tzinfo=UTC)),
        ("after(now, 90s)", datetime(2026, 3, 2, 2, 1, 30, tzinfo=UTC)),
        ("after(now, wait)", datetime(2026, 3, 2, 4, 0, tzinfo=UTC)),
        ("date(now)", date(2026, 3, 2)),
        ("today", date(2026, 3, 2)),
        ("time(now)", time(10, 0)),
        ("weekday(now)", 1),
        ("weekday(bought_on)", 6),
        ("at(bought_on, '09:00')", datetime(2026, 2, 28, 1, 0, tzinfo=UTC)),
        ("days_between(bought_on, today)", 2),
        ("days_between(today, bought_on)", -2),
        ("abs(-wait)", timedelta(hours=2)),
        ("max(slot_at, now + 1h)", datetime(2026, 3, 2, 3, 0, tzinfo=UTC)),
    ],
)
def test_time_is_reckoned_in_the_zone_of_the_rulebook(value: Any, text: str, expected: Any) -> None:
    fields = {
        "slot_at": datetime(2026, 3, 2, 2, 0, tzinfo=UTC),
        "wait": timedelta(hours=2),
        "bought_on": date(2026, 2, 28),
    }
    assert value(text, **fields) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("count(tags)", 3),
        ("distinct(tags)", ("b", "a")),
        ("count(distinct(tags)) >= 2", True),
        ("first(tags)", "b"),
        ("last(tags)", "b"),
        ("append(tags, 'c')", ("b", "a", "b", "c")),
        ("total(costs)", Decimal("3.5")),
        ("round(amount, 1)", Decimal("2.7")),
        ("round(-2.5)", Decimal(-3)),
        ("contains(note, '退')", True),
        ("length(note)", 3),
        ("running(result) and not running(judge)", True),
        ("breached('judge')", True),
        ("due_of(result) == now", True),
        ("open_children()", 3),
        ("open_children(revisit)", 2),
        ("holds(actor, manager) and not holds('B2', manager)", True),
        ("lookup(routing, team)", "east"),
        ("lookup(routing, hours) * 2", 8),
        ("is_open(desk)", True),
        ("100 if severity == 'major' else amount", Decimal("2.65")),
    ],
)
def test_functions_give_what_their_description_says(value: Any, text: str, expected: Any) -> None:
    fields = {
        "tags": ("b", "a", "b"),
        "costs": (Decimal(1), Decimal("2.5")),
        "amount": Decimal("2.65"),
        "note": "要退货",
    }
    assert value(text, **fields) == expected


def test_the_closing_moment_is_within_hours_but_not_open(value: Any) -> None:
    closing = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
    opening = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
    texts = ("is_open(desk, slot_at)", "in_hours(desk, slot_at)")
    assert [value(text, slot_at=closing) for text in texts] == [False, True]
    assert [value(text, slot_at=opening) for text in texts] == [True, True]
    assert value("in_hours(desk, slot_at)", slot_at=closing + timedelta(seconds=1)) is False
    assert value("in_hours(desk, slot_at)", slot_at=opening - timedelta(seconds=1)) is False
    assert value("in_hours(desk, slot_at)") is False


@given(number=st.decimals(-1000, 1000, places=4, allow_nan=False), places=st.integers(0, 3))
@settings(max_examples=60)
def test_rounding_is_half_away_from_zero(value: Any, number: Decimal, places: int) -> None:
    expected = number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    assert value(f"round(n, {places})", n=number) == expected


@pytest.mark.parametrize("text", ["n * n", "n * n * 1.5", "n / 0.0000000001 / 0.0000000001"])
def test_a_number_out_of_bounds_is_missing(value: Any, text: str) -> None:
    assert value(text, n=10**26) is None


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("slot_at + wait", 9999),
        ("slot_at - wait", 2),
        ("wait * 1000000000", 2026),
        ("after(slot_at, 30mo)", 9999),
        ("after(slot_at, 99999bh)", 9999),
        ("at(bought_on, '00:00')", 1),
    ],
)
def test_a_moment_beyond_the_calendar_is_missing_not_an_exception(value: Any, text: str, year: int) -> None:
    slot_at = datetime(year, 12, 31, tzinfo=UTC)
    assert value(text, slot_at=slot_at, wait=timedelta.max, bought_on=date(year, 1, 1)) is None


def test_money_stays_decimal_where_a_number_is_given(compiled: Any, value: Any) -> None:
    assert compiled("coalesce(amount, 0)").type.kind == "money"
    for text in ("coalesce(amount, 0)", "amount if done else 3", "total(costs)"):
        assert isinstance(value(text), Decimal), text


def test_an_expression_says_what_it_reads(compiled: Any) -> None:
    text = "amount > 3 and given(note) and running(result) and holds(actor, agent) and is_open(desk)"
    found = compiled(text)
    assert found.fields == {"amount", "note"} and found.builtins == {"actor"}
    assert (found.clocks, found.roles, found.calendars) == ({"result"}, {"agent"}, {"desk"})
    assert found.reads_time
    other = compiled("after(opened_at, 2bd) > slot_at and lookup(routing, team) == 'x' and open_children(repair) == 0")
    assert other.calendars == {"office"} and other.tables == {("routing", "team")} and other.workflows == {"repair"}
    assert not other.reads_time
    assert other.for_kernel("a.yaml:1:1").reads == {"slot_at"}


def test_every_function_is_described_in_both_languages() -> None:
    for name, function in FUNCTIONS.items():
        assert name == function.name and function.zh and function.en
        assert function.signature.startswith(f"{name}(") and function.signature.endswith(")")
    assert FUNCTIONS["is_open"].signature == "is_open(calendar[, datetime])"
    assert FUNCTIONS["open_children"].signature == "open_children([workflow])"
    assert FUNCTIONS["min"].signature == "min(value, value, ...)"


def test_a_sum_with_a_missing_item_is_missing(compiled: Any, value: Any) -> None:
    assert value("total([1, n])") is None
    assert value("total([1, n])", n=2) == 3
    assert compiled("total([])").type.kind == "number"
