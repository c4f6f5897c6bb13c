"""Steps from one date to another: days of a month, working days before and after, and the close of a day."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernel.conftest import MAPPINGS, SHANGHAI

from dutyflow.errors import MisuseError
from dutyflow.kernel.calendars import ALWAYS, Calendar
from dutyflow.kernel.dates import (
    close_of,
    month_day,
    workday_on_or_after,
    workday_on_or_before,
    workdays_after,
    workdays_before,
)

Calendars = Mapping[str, Calendar]
OFFICE = Calendar.from_mapping(SHANGHAI | MAPPINGS["office"])
DAYS = st.dates(date(2025, 6, 1), date(2027, 6, 30))


def day(text: str) -> date:
    """Read `03-15` of 2026, or a full date."""
    return date.fromisoformat(text if len(text) > 5 else f"2026-{text}")


@pytest.mark.parametrize(
    ("given_day", "n", "expected"),
    [
        ("03-02", 15, "03-15"),
        ("03-31", 1, "03-01"),
        ("02-10", 31, "02-28"),
        ("2028-02-10", 31, "2028-02-29"),
        ("04-01", -1, "04-30"),
        ("12-25", -1, "12-31"),
        ("04-01", -2, "04-29"),
        ("02-10", -31, "02-01"),
    ],
)
def test_a_day_of_the_month_is_clipped_to_the_month(given_day: str, n: int, expected: str) -> None:
    assert month_day(day(given_day), n) == day(expected)


def test_there_is_no_day_zero() -> None:
    with pytest.raises(MisuseError, match="day 0"):
        month_day(day("03-02"), 0)


@pytest.mark.parametrize(
    ("scenario", "given_day", "before", "after"),
    [
        ("18.2-payday-march", "03-15", "03-13", "03-16"),
        ("18.3-payday-february", "02-15", "02-14", "02-24"),
        ("18.4-payday-august", "08-15", "08-14", "08-17"),
        ("working-day", "03-13", "03-13", "03-13"),
        ("make-up-day", "02-28", "02-28", "02-28"),
    ],
)
def test_a_date_rolls_to_a_working_day(scenario: str, given_day: str, before: str, after: str) -> None:
    assert (workday_on_or_before(day(given_day), OFFICE), workday_on_or_after(day(given_day), OFFICE)) == (
        day(before),
        day(after),
    ), scenario


@pytest.mark.parametrize(
    ("scenario", "payday", "due"),
    [
        ("18.2", "03-13", "03-12"),
        ("18.3", "02-14", "02-13"),
        ("18.4", "08-14", "08-13"),
    ],
)
def test_the_score_sheet_is_due_a_working_day_before_payday(scenario: str, payday: str, due: str) -> None:
    assert workdays_before(day(payday), 1, OFFICE) == day(due), scenario


def test_working_days_are_counted_from_a_date_that_need_not_be_one() -> None:
    assert workdays_after(day("04-03"), 1, OFFICE) == day("04-07")
    assert workdays_after(day("04-05"), 1, OFFICE) == day("04-07")
    assert workdays_before(day("02-20"), 2, OFFICE) == day("02-13")
    assert workdays_before(day("02-20"), 0, OFFICE) == workdays_after(day("02-20"), 0, OFFICE) == day("02-20")
    with pytest.raises(MisuseError):
        workdays_after(day("04-03"), -1, OFFICE)


@pytest.mark.parametrize(
    ("name", "given_day", "closes"),
    [
        ("office", "03-02", "2026-03-02 10:00"),
        ("office", "02-28", "2026-02-28 10:00"),
        ("office", "02-16", None),
        ("office", "03-01", None),
        ("desk", "02-16", "2026-02-16 12:00"),
        ("dealer", "03-07", "2026-03-07 09:30"),
        ("always", "03-01", "2026-03-01 16:00"),
    ],
)
def test_the_close_of_a_day_is_an_instant_in_utc(
    calendars: Calendars, name: str, given_day: str, closes: str | None
) -> None:
    expected = None if closes is None else datetime.fromisoformat(closes).replace(tzinfo=UTC)
    found = close_of(day(given_day), calendars[name])
    assert found == expected and (found is None or found.tzinfo is UTC)


@given(start=DAYS, n=st.integers(1, 40))
@settings(max_examples=60)
def test_stepping_agrees_with_counting_the_days_one_by_one(start: date, n: int) -> None:
    there = workdays_after(start, n, OFFICE)
    passed = [d for d in range(start.toordinal() + 1, there.toordinal() + 1) if OFFICE.is_workday(date.fromordinal(d))]
    assert len(passed) == n and passed[-1] == there.toordinal()
    back = workdays_before(there, n, OFFICE)
    assert back == workday_on_or_before(start, OFFICE)


@given(start=DAYS)
@settings(max_examples=60)
def test_rolling_moves_a_date_no_further_than_to_the_nearest_working_day(start: date) -> None:
    before, after = workday_on_or_before(start, OFFICE), workday_on_or_after(start, OFFICE)
    assert before <= start <= after
    open_days = [d for d in range(before.toordinal(), after.toordinal() + 1) if OFFICE.is_workday(date.fromordinal(d))]
    assert {before.toordinal(), after.toordinal()} == set(open_days)
    assert workday_on_or_before(start, ALWAYS) == start
