"""Dates by months and working days, whole numbers, lists against lists, and what is asked about people."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from dutyflow.rulebook.expressions import Expression, compile_expression
from dutyflow.rulebook.types import DATE, MONEY, PERSON, Names, choice, list_of

SUNDAY = date(2026, 3, 15)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("month_day(bought_on, 31)", date(2026, 3, 31)),
        ("month_day(bought_on, -1)", date(2026, 3, 31)),
        ("month_day('2026-02-10', 30)", date(2026, 2, 28)),
        ("month_day(today, 2.0)", date(2026, 3, 2)),
        ("month_day(bought_on, 0)", None),
        ("month_day(bought_on, 1.5)", None),
        ("month_day(bought_on, n)", None),
        ("workday_on_or_before(bought_on)", date(2026, 3, 13)),
        ("workday_on_or_after(bought_on)", date(2026, 3, 16)),
        ("workday_on_or_before(bought_on, desk)", date(2026, 3, 13)),
        ("workdays_before(month_day(bought_on, 15), 1)", date(2026, 3, 13)),
        ("workdays_before(workday_on_or_before(month_day(today, 15)), 1)", date(2026, 3, 12)),
        ("workdays_after(bought_on, 10, 'office')", date(2026, 3, 27)),
        ("workdays_after(bought_on, 0)", SUNDAY),
        ("workdays_after(bought_on, -1)", None),
        ("workdays_after(bought_on, 1000000000)", None),
        ("close_of(bought_on)", None),
        ("close_of('2026-03-13')", datetime(2026, 3, 13, 10, 0, tzinfo=UTC)),
        ("close_of('2026-03-13', desk) == '2026-03-13 18:00'", True),
        ("ceil(2.1)", 3),
        ("ceil(-2.9)", -2),
        ("floor(2.9)", 2),
        ("floor(-2.1)", -3),
        ("ceil(amount)", Decimal(101)),
        ("ceil(n)", None),
    ],
)
def test_dates_and_whole_numbers(value: Any, text: str, expected: Any) -> None:
    assert value(text, bought_on=SUNDAY, amount=Decimal("100.01")) == expected


@pytest.mark.parametrize(
    "text", ["close_of(bought_on)", "workdays_before(bought_on, 3)", "workday_on_or_after(bought_on)"]
)
@pytest.mark.parametrize("day", [date.min, date.max])
def test_dates_beyond_the_calendar_have_no_result(value: Any, text: str, day: date) -> None:
    assert value(text, bought_on=day) is None


def test_the_default_calendar_is_read_where_none_is_named(compiled: Any) -> None:
    assert compiled("workdays_before(bought_on, 1)").calendars == {"office"}
    assert compiled("workdays_before(bought_on, 1, desk)").calendars == {"desk"}
    assert compiled("month_day(bought_on, 1)", expect=DATE).calendars == frozenset()
    assert compiled("ceil(amount)").type == MONEY


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("workdays_before(bought_on, 1, dsk)", "DF232", "dsk"),
        ("workday_on_or_after(now)", "DF225", "now"),
        ("workdays_before(bought_on)", "DF224", "workdays_before(bought_on)"),
        ("month_day(bought_on, 'first')", "DF225", "'first'"),
        ("covers(tags, 'a')", "DF225", "'a'"),
        ("covers(tags, calls)", "DF225", "calls"),
        ("covers(note, tags)", "DF225", "note"),
        ("missing_from(tags, ['z'])", "DF228", "'z'"),
        ("on_duty(n)", "DF225", "n"),
        ("skill(owner)", "DF224", "skill(owner)"),
        ("open_load(owner, note)", "DF232", "note"),
        ("open_load(owner, ownr)", "DF232", "ownr"),
        ("least_loaded(manger, owner)", "DF232", "manger"),
        ("least_loaded(manager, owner, 'repair', 'much')", "DF225", "'much'"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_place(problems: Any, text: str, code: str, place: str) -> None:
    found = problems(text)
    assert [(p.code, text[p.start : p.end]) for p in found] == [(code, place)]


def test_a_default_calendar_that_does_not_exist_is_a_problem_of_the_call(names: Names) -> None:
    found = compile_expression("close_of(today)", replace(names, default_calendar="offcie"))
    assert not isinstance(found, Expression)
    assert (found[0].code, found[0].values["suggestion"]) == ("DF232", "office")
    assert isinstance(
        compile_expression("close_of(today, desk)", replace(names, default_calendar="offcie")), Expression
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("covers(tags, ['a'])", True),
        ("covers(tags, ['a', 'c'])", False),
        ("covers(['a', 'b', 'c'], tags)", True),
        ("covers(tags, [])", True),
        ("covers([], tags)", False),
        ("covers(costs, costs)", True),
        ("covers(costs, tags_missing)", True),
        ("missing_from(tags, ['c', 'b', 'c', 'a'])", ("c",)),
        ("missing_from([], tags)", ("a", "b")),
        ("missing_from(calls, ['2026-03-02', '2026-03-03'])", (date(2026, 3, 3),)),
        ("covers(['2026-03-02'], calls)", True),
        ("covers([1, 2], [2.0])", True),
    ],
)
def test_lists_against_lists(value: Any, text: str, expected: Any) -> None:
    text = text.replace("tags_missing", "[]")
    assert value(text, tags=("a", "b"), calls=(date(2026, 3, 2),)) == expected


def test_what_is_missing_keeps_the_type_of_its_items(compiled: Any) -> None:
    assert compiled("missing_from(tags, tags)").type == list_of(choice("a", "b", "c"))
    assert compiled("missing_from([], tags)").type == list_of(choice("a", "b", "c"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("skill(owner, 'repair')", 3),
        ("skill(owner, note)", 0),
        ("skill(owner, 'cooking')", 0),
        ("skill(null, 'repair')", 0),
        ("on_duty(owner)", True),
        ("on_duty('A2')", False),
        ("on_duty(null)", False),
        ("open_load(owner, owner)", 3),
        ("open_load(null, owner)", None),
    ],
)
def test_questions_about_people(value: Any, text: str, expected: Any) -> None:
    assert value(text, owner="A1") == expected


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("least_loaded(agent, owner)", ("agent", "owner", None, None)),
        ("least_loaded(agent, owner, 'repair')", ("agent", "owner", "repair", None)),
        ("least_loaded(agent, owner, 'repair', 2)", ("agent", "owner", "repair", 2)),
        ("least_loaded(agent, owner, severity, 1.5)", ("agent", "owner", "major", 2)),
        ("least_loaded(agent, owner, note)", ()),
        ("least_loaded(agent, owner, 'repair', n)", ()),
    ],
)
def test_the_least_loaded_is_asked_for_with_the_whole_demand_or_not_at_all(
    compiled: Any, world: Any, text: str, asked: tuple[Any, ...]
) -> None:
    scope = world({"severity": "major"})
    assert compiled(text, expect=PERSON).evaluate(scope) == ("A1" if asked else None)
    assert scope.asked == asked


def test_an_expression_about_people_is_not_decided_by_the_fields_alone(compiled: Any) -> None:
    for text in ("skill(owner, 'repair') > 1", "open_load(owner, owner) > 1", "on_duty(owner)"):
        found = compiled(text)
        assert found.reads_others and not found.for_kernel().only_fields, text
    assert compiled("on_duty(owner)").reads_time and compiled("least_loaded(agent, owner)").reads_time
    assert compiled("open_load('A1', owner) > 1").fields == frozenset()
    assert compiled("covers(tags, ['a'])").for_kernel().only_fields
