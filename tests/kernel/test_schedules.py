"""When duties recur: the dates of the scenarios, what is refused, and rules against a day-by-day reckoning."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernel.conftest import MAPPINGS, SHANGHAI

from dutyflow.kernel.calendars import Calendar
from dutyflow.kernel.schedules import Recurrence, ScheduleError, check_fires, next_date, occurrences

CALENDARS = {name: Calendar.from_mapping(SHANGHAI | {"name": name} | m) for name, m in MAPPINGS.items()}
OFFICE = CALENDARS["office"]
DAY = timedelta(1)

PAYDAY = {"day": 15, "roll": "before"}
SCORE_SHEET = {"before": PAYDAY, "workdays": 1}
JOINT_PATROL = {"weekday": "fri", "nth": 1, "workday": True}
CAMPAIGN_DAYS = {"weekday": ["sat", "sun"], "between": ["2020-08-01", "2020-10-31"]}


def day(text: str) -> date:
    """Read `03-15` of 2026, or a full date."""
    return date.fromisoformat(text if len(text) > 5 else f"2026-{text}")


def dates(on: object, after: str, until: str, calendar: Calendar = OFFICE) -> list[date]:
    return list(occurrences(Recurrence.from_mapping(on), calendar, day(after), day(until)))


# ------------------------------------------------------------------ the scenarios of the packs

NEXT = [
    ("3.5-make-up-day", "workday", "02-27", "02-28"),
    ("3.5-no-duty-on-sunday", "workday", "02-28", "03-02"),
    ("3.5-after-the-holiday", "workday", "02-14", "02-24"),
    ("3.6-third-working-day-of-april", {"workday": 3}, "03-31", "04-03"),
    ("13.7-joint-patrol-october", JOINT_PATROL, "09-30", "10-09"),
    ("13.7-vacant-unit", {"every": "7d", "from": "2026-03-02"}, "03-02", "03-09"),
    ("13.7-stock-take", {"day": "last"}, "03-02", "03-31"),
    ("18.2-score-sheet-march", SCORE_SHEET, "03-01", "03-12"),
    ("18.3-score-sheet-february", SCORE_SHEET, "02-01", "02-13"),
    ("18.4-score-sheet-august", SCORE_SHEET, "08-01", "08-13"),
    ("18.5-weekly-report", {"workday": "last", "of": "week"}, "02-22", "02-28"),
    ("18.5-monthly-report", {"workday": 3}, "02-28", "03-04"),
    ("10-monday-rate-report", {"weekday": "mon"}, "07-01", "07-06"),
    ("10-issue-coverage", {"day": 25}, "05-31", "06-25"),
    ("17-preparation", {"dates": ["2020-07-31"]}, "2020-01-01", "2020-07-31"),
    ("month-end-february", {"day": "last"}, "01-31", "02-28"),
    ("month-end-leap-year", {"day": "last"}, "2028-01-31", "2028-02-29"),
    ("short-month", {"day": 31}, "03-31", "04-30"),
    ("last-working-day-of-the-month", {"workday": "last"}, "02-01", "02-28"),
    ("payday", PAYDAY, "02-01", "02-14"),
    ("roll-forward", {"day": 15, "roll": "after"}, "02-01", "02-24"),
    ("roll-over-the-end-of-the-month", {"day": 31, "roll": "after"}, "01-30", "02-02"),
    ("first-monday", {"weekday": "mon", "nth": 1}, "03-02", "04-06"),
    ("last-friday", {"weekday": "fri", "nth": "last"}, "03-01", "03-27"),
    ("fifth-sunday", {"weekday": "sun", "nth": 5}, "01-01", "03-29"),
    ("working-saturday", {"weekday": "sat", "workday": True}, "02-15", "02-28"),
    ("daily", "daily", "02-28", "03-01"),
    ("every-working-day-of-a-range", {"workday": "every", "between": "2026-02-15..2026-02-25"}, "02-01", "02-24"),
    ("rrule-first-of-the-month", {"rrule": "FREQ=MONTHLY;BYMONTHDAY=1"}, "03-01", "04-01"),
    ("rrule-quarter-end", {"rrule": "RRULE:FREQ=MONTHLY;BYMONTH=3,6,9,12;BYMONTHDAY=-1"}, "03-31", "06-30"),
    ("rrule-second-friday", {"rrule": "freq=monthly;byday=2FR"}, "03-01", "03-13"),
    ("rrule-workdays", {"rrule": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"}, "02-27", "03-02"),
    ("rrule-every-other-week", {"rrule": "FREQ=WEEKLY;INTERVAL=2", "from": "2026-03-04"}, "03-04", "03-18"),
    ("rrule-yearly", {"rrule": "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=31"}, "12-31", "2027-12-31"),
    ("rrule-last-weekday", {"rrule": "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"}, "05-01", "05-29"),
]


@pytest.mark.parametrize(("on", "after", "expected"), [row[1:] for row in NEXT], ids=[row[0] for row in NEXT])
def test_the_next_date_is_the_one_of_the_scenario(on: object, after: str, expected: str) -> None:
    assert next_date(Recurrence.from_mapping(on), OFFICE, day(after)) == day(expected)


def test_no_duty_in_a_week_without_a_working_day() -> None:
    weekly = {"workday": "last", "of": "week"}
    assert dates(weekly, "02-08", "03-08") == [day("02-14"), day("02-28"), day("03-06")]
    assert dates("workday", "02-14", "02-23") == []


def test_campaign_days_go_by_the_weekday_even_where_a_saturday_is_a_make_up_workday() -> None:
    found = dates(CAMPAIGN_DAYS, "2020-01-01", "2021-01-01")
    assert found[0] == day("2020-08-01") and found[-1] == day("2020-10-31")
    assert day("2020-10-10") in found and day("2020-11-01") not in found
    assert len(found) == 27 and {d.weekday() for d in found} == {5, 6}


def test_score_sheets_of_a_year_come_once_a_month() -> None:
    found = dates(SCORE_SHEET, "2025-12-31", "12-31")
    assert [d.month for d in found] == list(range(1, 13))
    assert all(OFFICE.is_workday(d) for d in found)


def test_the_calendar_decides_what_a_working_day_is() -> None:
    assert dates({"workday": 1}, "09-30", "10-31", CALENDARS["desk"]) == [day("10-01")]
    assert dates({"workday": 1}, "09-30", "10-31", CALENDARS["dealer"]) == [day("10-05")]
    assert dates({"workday": 1}, "09-30", "10-31") == [day("10-08")]


def test_the_range_leaves_out_its_start_and_has_its_end() -> None:
    assert dates("daily", "03-01", "03-03") == [day("03-02"), day("03-03")]
    assert dates("daily", "03-03", "03-03") == dates("daily", "03-03", "03-01") == []


def test_rolled_dates_that_fall_together_come_once() -> None:
    shut = Calendar.from_mapping(
        SHANGHAI | {"hours": {"mon-fri": ["09:00-18:00"]}, "closed": ["2026-03-10..2026-05-20"]}
    )
    assert dates(PAYDAY, "02-28", "06-30", shut) == [day("03-09"), day("06-15")]
    assert dates({"day": 15, "roll": "after"}, "02-28", "06-30", shut) == [day("05-21"), day("06-15")]
    assert dates({"day": 15, "roll": "after"}, "05-20", "06-30", shut) == [day("05-21"), day("06-15")]


# ------------------------------------------------------------------ ends


@pytest.mark.parametrize(
    ("on", "after"),
    [
        ({"dates": ["2026-06-30"]}, "06-30"),
        (CAMPAIGN_DAYS, "2020-10-31"),
        ({"rrule": "FREQ=DAILY;COUNT=3", "from": "2026-03-02"}, "03-04"),
        ({"rrule": "FREQ=MONTHLY;BYMONTHDAY=1;UNTIL=20260701"}, "07-01"),
        ({"every": "1w", "from": "2026-03-02", "between": ["2026-03-01", "2026-03-20"]}, "03-16"),
        ("daily", "9980-12-31"),
        ({"every": "3660d", "from": "2026-03-02"}, "9998-01-01"),
    ],
)
def test_a_recurrence_that_has_ended_has_no_next_date(on: object, after: str) -> None:
    assert next_date(Recurrence.from_mapping(on), OFFICE, day(after)) is None


def test_what_only_make_up_days_allow_ends_when_none_is_known() -> None:
    sundays = Recurrence.from_mapping({"weekday": "sun", "workday": True})
    check_fires(sundays, OFFICE)
    assert next_date(sundays, OFFICE, day("01-04")) == day("09-20")
    assert next_date(sundays, OFFICE, day("09-20")) is None


def test_a_far_first_date_is_found_from_long_before() -> None:
    later = {"every": "7d", "from": "2090-01-01"}
    assert next_date(Recurrence.from_mapping(later), OFFICE, day("03-02")) == day("2090-01-01")
    rare = {"dates": ["2026-01-01", "2090-01-01"]}
    assert next_date(Recurrence.from_mapping(rare), OFFICE, day("03-02")) == day("2090-01-01")


# ------------------------------------------------------------------ what is refused

REFUSED = [
    (3, "not_a_mapping", (), None),
    (None, "not_a_mapping", (), None),
    ("workdays", "unknown_word", (), "workday"),
    ({}, "unknown_form", (), None),
    ({"wekday": "mon"}, "unknown_form", (), "weekday"),
    ({"between": ["2026-01-01", "2026-02-01"]}, "unknown_form", (), None),
    ({"day": 1, "every": "7d"}, "several_forms", ("every",), None),
    ({"workday": 3, "day": 1}, "several_forms", ("day",), None),
    ({"workday": 3, "off": "week"}, "unknown_key", ("off",), "of"),
    ({"workday": 3, "of": "year"}, "unknown_word", ("of",), None),
    ({"workday": 0}, "bad_number", ("workday",), None),
    ({"workday": True}, "bad_number", ("workday",), None),
    ({"workday": 32}, "bad_number", ("workday",), None),
    ({"workday": 8, "of": "week"}, "bad_number", ("workday",), None),
    ({"workday": "every", "of": "week"}, "unknown_key", ("of",), None),
    ({"day": 32}, "bad_number", ("day",), None),
    ({"day": "first"}, "bad_number", ("day",), None),
    ({"day": None}, "missing_key", (), None),
    ({"day": 15, "roll": "befor"}, "unknown_word", ("roll",), "before"),
    ({"weekday": "monday"}, "unknown_weekday", ("weekday",), "mon"),
    ({"weekday": []}, "unknown_weekday", ("weekday",), None),
    ({"weekday": "fri", "nth": 6}, "bad_number", ("nth",), None),
    ({"weekday": "fri", "workday": "yes"}, "unknown_word", ("workday",), None),
    ({"before": 15, "workdays": 1}, "not_a_mapping", ("before",), None),
    ({"before": {"day": 15}}, "missing_key", (), None),
    ({"before": {"roll": "before"}, "workdays": 1}, "missing_key", ("before",), None),
    ({"before": {"day": 0}, "workdays": 1}, "bad_number", ("before", "day"), None),
    ({"before": {"day": 15, "rol": "before"}, "workdays": 1}, "unknown_key", ("before", "rol"), "roll"),
    ({"every": "7d"}, "missing_key", (), None),
    ({"every": "2bd", "from": "2026-03-02"}, "bad_step", ("every",), None),
    ({"every": "1mo", "from": "2026-03-02"}, "bad_step", ("every",), None),
    ({"every": "7d@21:00", "from": "2026-03-02"}, "bad_step", ("every",), None),
    ({"every": 7, "from": "2026-03-02"}, "bad_step", ("every",), None),
    ({"every": "0d", "from": "2026-03-02"}, "bad_step", ("every",), None),
    ({"every": "7 d", "from": "2026-03-02"}, "bad_step", ("every",), "7d"),
    ({"every": "4000d", "from": "2026-03-02"}, "bad_number", ("every",), None),
    ({"every": "7d", "from": "2026-02-30"}, "bad_date", ("from",), None),
    ({"dates": []}, "bad_number", ("dates",), None),
    ({"dates": "2026-06-30"}, "not_a_list", ("dates",), None),
    ({"dates": ["2026-06-30", "2026/7/1"]}, "bad_date", ("dates", 1), "2026-07-01"),
    ({"dates": ["2026-06-30", "2026-06-30"]}, "date_twice", ("dates", 1), None),
    ({"day": 1, "between": ["2026-06-30"]}, "bad_range", ("between",), None),
    ({"day": 1, "between": "2026-06-30"}, "not_a_list", ("between",), None),
    ({"day": 1, "between": ["2026-06-30", "soon"]}, "bad_date", ("between", 1), None),
    ({"day": 1, "between": ["2026-06-30", "2026-01-01"]}, "reversed_range", ("between",), "2026-01-01..2026-06-30"),
    ({"rrule": 3}, "bad_rrule", ("rrule",), None),
    ({"rrule": "every day"}, "bad_rrule", ("rrule",), None),
    ({"rrule": "FREQ=MONTLY;BYDAY=MO"}, "bad_rrule", ("rrule",), "MONTHLY"),
    ({"rrule": "FREQ=DAILY;FREQ=WEEKLY"}, "bad_rrule", ("rrule",), None),
    ({"rrule": "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=400"}, "bad_rrule", ("rrule",), None),
    ({"rrule": "FREQ=MONTHLY;BYDAY=XX"}, "bad_rrule", ("rrule",), None),
    ({"rrule": "FREQ=MONTHLY;BYDAY=8MO"}, "bad_rrule", ("rrule",), None),
    ({"rrule": "FREQ=WEEKLY;BYDAY=1MO"}, "bad_rrule", ("rrule",), None),
    ({"rrule": "FREQ=YEARLY;BYDAY=1MO;BYMONTH=0"}, "bad_rrule", ("rrule",), None),
    ({"rrule": "FREQ=YEARLY;BYDAY=1MO;BYMONTH=1,13"}, "bad_rrule", ("rrule",), None),
    ({"rrule": "FREQ=DAILY;UNTIL=2026-12-31"}, "bad_rrule", ("rrule",), None),
    ({"rrule": "FREQ=DAILY;INTERVAL=0", "from": "2026-03-02"}, "bad_rrule", ("rrule",), None),
    ({"rrule": "FREQ=SECONDLY"}, "rrule_too_often", ("rrule",), None),
    ({"rrule": "FREQ=HOURLY;INTERVAL=24", "from": "2026-03-02"}, "rrule_too_often", ("rrule",), None),
    ({"rrule": "FREQ=DAILY;BYHOUR=9"}, "rrule_part", ("rrule",), None),
    ({"rrule": "FREQ=DAILY;BYMONTHDAY=31;BYMONTH=2"}, "rrule_part", ("rrule",), None),
    ({"rrule": "FREQ=DAILY;INTERVAL=7;BYDAY=TU", "from": "2026-03-02"}, "rrule_part", ("rrule",), None),
    ({"rrule": "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=300"}, "rrule_part", ("rrule",), None),
    ({"rrule": "FREQ=MONTHLY;BYMONTHDY=1"}, "rrule_part", ("rrule",), "BYMONTHDAY"),
    ({"rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"}, "needs_from", (), None),
    ({"rrule": "FREQ=DAILY;COUNT=10"}, "needs_from", (), None),
    ({"rrule": "FREQ=MONTHLY"}, "needs_from", (), None),
    ({"rrule": "FREQ=DAILY\nDTSTART:20260302T000000"}, "bad_rrule", ("rrule",), None),
]


@pytest.mark.parametrize(("on", "code", "path", "suggestion"), REFUSED, ids=[f"{row[0]}"[:50] for row in REFUSED])
def test_what_makes_no_sense_is_refused_with_its_place(
    on: object, code: str, path: tuple[str | int, ...], suggestion: str | None
) -> None:
    with pytest.raises(ScheduleError) as caught:
        Recurrence.from_mapping(on)
    error = caught.value
    assert (error.code, error.path, error.values.get("suggestion")) == (code, path, suggestion)
    assert code in str(error)


NUMBERS = st.lists(st.integers(-400, 400), min_size=1, max_size=3).map(lambda n: ",".join(map(str, n)))
PARTS = st.one_of(
    st.builds("{}={}".format, st.sampled_from(["BYMONTH", "BYMONTHDAY", "BYSETPOS", "BYYEARDAY", "COUNT"]), NUMBERS),
    st.builds("BYDAY={}{}".format, st.integers(-60, 60), st.sampled_from(["MO", "SU", "XX"])),
    st.builds("UNTIL={}".format, st.integers(10**7, 10**8)),
    st.sampled_from(
        ["BYDAY=MO,FR", "WKST=SU", "WKST=x", "INTERVAL=2", "BYMONTH=", "BYEASTER=1", ";", "=", "BYMONTH=١"]
    ),
)


@given(
    frequency=st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    parts=st.lists(PARTS, max_size=3),
    first=st.one_of(st.none(), st.dates(date(6, 1, 1))),
)
@settings(max_examples=60, deadline=None)
def test_any_rrule_is_read_or_refused_and_then_gives_dates(
    frequency: str, parts: list[str], first: date | None
) -> None:
    on = {"rrule": ";".join([f"FREQ={frequency}", *parts])} | ({"from": first} if first else {})
    try:
        recurrence = Recurrence.from_mapping(on)
    except ScheduleError:
        return
    assert next_date(recurrence, OFFICE, (first or date(2001, 1, 1)) - DAY) is not None


@pytest.mark.parametrize(
    "on",
    [
        {"weekday": "sat", "between": ["2026-03-02", "2026-03-06"]},
        {"day": 15, "between": ["2026-03-16", "2026-04-14"]},
        {"dates": ["2026-06-30"], "between": ["2026-07-01", "2026-12-31"]},
        {"every": "7d", "from": "2026-03-02", "between": ["2026-01-01", "2026-03-01"]},
        {"every": "30d", "from": "2026-03-02", "between": ["2026-03-03", "2026-03-31"]},
        {"rrule": "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30"},
        {"rrule": "FREQ=MONTHLY;BYMONTHDAY=40"},
        {"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"},
        {"rrule": "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=25"},
        {"rrule": "FREQ=DAILY;UNTIL=20260301", "from": "2026-03-02"},
        {"rrule": "FREQ=YEARLY;INTERVAL=2;BYMONTH=1;BYMONTHDAY=1", "from": "2026-03-02"},
        {"every": "1d", "from": "9999-12-31"},
    ],
)
def test_what_never_fires_is_refused_at_once(on: object) -> None:
    with pytest.raises(ScheduleError) as caught:
        Recurrence.from_mapping(on)
    assert caught.value.code == "never_fires"


@pytest.mark.parametrize(
    ("on", "calendar"),
    [
        ({"workday": 24}, "office"),
        ({"workday": 7, "of": "week"}, "office"),
        ({"weekday": "sun", "workday": True}, "dealer"),
        ({"workday": "every", "between": ["2026-02-15", "2026-02-23"]}, "office"),
        ({"day": 15, "roll": "before", "between": ["2026-02-15", "2026-02-20"]}, "office"),
        ({"before": PAYDAY, "workdays": 1, "between": ["2026-02-14", "2026-02-28"]}, "office"),
    ],
)
def test_what_never_fires_in_its_calendar_is_refused_with_it(on: object, calendar: str) -> None:
    recurrence = Recurrence.from_mapping(on)
    assert recurrence.uses_calendar
    with pytest.raises(ScheduleError, match="never_fires"):
        check_fires(recurrence, CALENDARS[calendar])
    if calendar == "office" and recurrence.between is None:
        check_fires(recurrence, CALENDARS["always"])


def test_dates_may_come_as_dates_or_as_texts() -> None:
    texts = {"every": "2w", "from": "2026-03-02", "between": ["2026-03-01", "2026-12-31"]}
    values = {"every": "14d", "from": day("03-02"), "between": [day("03-01"), day("12-31")]}
    assert Recurrence.from_mapping(texts) == Recurrence.from_mapping(values)


@pytest.mark.parametrize("on", [row[1] for row in NEXT], ids=[row[0] for row in NEXT])
def test_a_recurrence_is_plain_data_that_can_be_kept_and_read_back(on: object) -> None:
    recurrence = Recurrence.from_mapping(on)
    assert msgspec.json.decode(msgspec.json.encode(recurrence), type=Recurrence) == recurrence
    assert hash(recurrence) == hash(Recurrence.from_mapping(on))


# ------------------------------------------------------------------ properties: any rule, any range

START, SPAN = date(2025, 11, 1), 500
RANGE = st.integers(0, SPAN).map(lambda n: START + timedelta(n))
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTH_DAY = st.builds(
    lambda d, roll: {"day": d} | ({"roll": roll} if roll else {}),
    st.one_of(st.integers(1, 31), st.just("last")),
    st.sampled_from([None, "before", "after"]),
)
FORMS = st.one_of(
    st.sampled_from(["workday", "daily"]),
    st.builds(lambda n: {"workday": n}, st.one_of(st.integers(1, 24), st.just("last"))),
    st.builds(lambda n: {"workday": n, "of": "week"}, st.one_of(st.integers(1, 6), st.just("last"))),
    MONTH_DAY,
    st.builds(lambda m, n: {"before": m, "workdays": n}, MONTH_DAY, st.integers(1, 12)),
    st.builds(
        lambda names, nth, workday: {"weekday": names, "workday": workday} | ({"nth": nth} if nth else {}),
        st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=3, unique=True),
        st.sampled_from([None, 1, 2, 3, 4, "last"]),
        st.booleans(),
    ),
    st.builds(lambda n, first: {"every": f"{n}d", "from": first}, st.integers(1, 60), RANGE),
    st.builds(lambda days: {"dates": days}, st.lists(RANGE, min_size=1, max_size=6, unique=True)),
    st.sampled_from(
        [
            {"rrule": "FREQ=MONTHLY;BYDAY=2FR"},
            {"rrule": "FREQ=WEEKLY;BYDAY=TU,SA"},
            {"rrule": "FREQ=YEARLY;BYMONTH=3,6;BYMONTHDAY=-1"},
            {"rrule": "FREQ=MONTHLY;BYMONTHDAY=31"},
            {"rrule": "FREQ=WEEKLY;INTERVAL=3", "from": date(2025, 12, 3)},
            {"rrule": "FREQ=DAILY;COUNT=40", "from": date(2026, 1, 1)},
        ]
    ),
)
CALENDAR = st.sampled_from([CALENDARS[name] for name in ("office", "dealer", "desk")])
EACH_DAY = [START + timedelta(n) for n in range(-420, SPAN + 420)]


@given(on=FORMS, calendar=CALENDAR, one=RANGE, two=RANGE, cut=RANGE)
@settings(max_examples=100, deadline=None)
def test_dates_ascend_once_each_and_a_cut_in_the_range_changes_nothing(
    on: Any, calendar: Calendar, one: date, two: date, cut: date
) -> None:
    recurrence = Recurrence.from_mapping(on)
    first, middle, last = sorted((one, two, cut))
    found = list(occurrences(recurrence, calendar, first, last))
    assert all(a < b for a, b in pairwise(found)) and all(first < d <= last for d in found)
    parts = [*occurrences(recurrence, calendar, first, middle), *occurrences(recurrence, calendar, middle, last)]
    assert parts == found


@given(on=FORMS, calendar=CALENDAR, start=RANGE)
@settings(max_examples=60, deadline=None)
def test_stepping_from_date_to_date_gives_the_same_dates(on: Any, calendar: Calendar, start: date) -> None:
    recurrence, end = Recurrence.from_mapping(on), start + timedelta(120)
    stepped, at = [], next_date(recurrence, calendar, start)
    while at is not None and at <= end:
        stepped.append(at)
        at = next_date(recurrence, calendar, at)
    assert stepped == list(occurrences(recurrence, calendar, start, end))


@given(on=FORMS, calendar=CALENDAR, one=RANGE, two=RANGE)
@settings(max_examples=100, deadline=None)
def test_the_dates_are_those_that_a_slow_look_at_every_day_finds(
    on: Any, calendar: Calendar, one: date, two: date
) -> None:
    first, last = sorted((one, two))
    expected = sorted(d for d in slow(on, calendar) if first < d <= last)
    assert list(occurrences(Recurrence.from_mapping(on), calendar, first, last)) == expected


@given(on=FORMS, calendar=CALENDAR, one=RANGE, two=RANGE)
@settings(max_examples=60, deadline=None)
def test_between_only_cuts_what_lies_outside(on: Any, calendar: Calendar, one: date, two: date) -> None:
    first, last = sorted((one, two))
    whole = Recurrence.from_mapping(on)
    cut = msgspec.structs.replace(whole, between=(first, last))
    asked = (START, START + timedelta(SPAN))
    expected = [d for d in occurrences(whole, calendar, *asked) if first <= d <= last]
    assert list(occurrences(cut, calendar, *asked)) == expected


def slow(on: Any, calendar: Calendar) -> set[date]:
    """All dates of a rule around the range, by its plain meaning."""
    if isinstance(on, str):
        return {d for d in EACH_DAY if on == "daily" or calendar.is_workday(d)}
    kind = next(iter(on))
    return set(SLOW[kind](on, calendar))


def slow_workday(on: Any, calendar: Calendar) -> Iterator[date]:
    period = (lambda d: d.isocalendar()[:2]) if on.get("of") == "week" else (lambda d: (d.year, d.month))
    yield from picked(grouped(period, calendar.is_workday), on["workday"])


def slow_weekday(on: Any, calendar: Calendar) -> Iterator[date]:
    def fits(d: date) -> bool:
        return WEEKDAYS[d.weekday()] in on["weekday"] and (not on["workday"] or calendar.is_workday(d))

    if "nth" not in on:
        yield from filter(fits, EACH_DAY)
    else:
        yield from picked(grouped(lambda d: (d.year, d.month), fits), on["nth"])


def slow_day(on: Any, calendar: Calendar) -> Iterator[date]:
    step = {"before": -DAY, "after": DAY}.get(on.get("roll"))
    for named in EACH_DAY:
        is_last = (named + DAY).month != named.month
        if is_last if on["day"] == "last" else named.day == on["day"] or (is_last and named.day < on["day"]):
            rolled = named
            while step and not calendar.is_workday(rolled):
                rolled += step
            yield rolled


def slow_before(on: Any, calendar: Calendar) -> Iterator[date]:
    for anchor in slow_day(on["before"], calendar):
        earlier, left = anchor, on["workdays"]
        while left:
            earlier -= DAY
            left -= calendar.is_workday(earlier)
        yield earlier


def slow_every(on: Any, _: Calendar) -> Iterator[date]:
    step = int(on["every"][:-1])
    yield from (d for d in EACH_DAY if d >= on["from"] and (d - on["from"]).days % step == 0)


def slow_rrule(on: Any, _: Calendar) -> Iterator[date]:
    meanings: Mapping[str, Callable[[date], bool]] = {
        "FREQ=MONTHLY;BYDAY=2FR": lambda d: d.weekday() == 4 and 8 <= d.day <= 14,
        "FREQ=WEEKLY;BYDAY=TU,SA": lambda d: d.weekday() in (1, 5),
        "FREQ=YEARLY;BYMONTH=3,6;BYMONTHDAY=-1": lambda d: (d.month, d.day) in ((3, 31), (6, 30)),
        "FREQ=MONTHLY;BYMONTHDAY=31": lambda d: d.day == 31,
        "FREQ=WEEKLY;INTERVAL=3": lambda d: d >= on["from"] and (d - on["from"]).days % 21 == 0,
        "FREQ=DAILY;COUNT=40": lambda d: 0 <= (d - on["from"]).days < 40,
    }
    yield from filter(meanings[on["rrule"]], EACH_DAY)


SLOW: Mapping[str, Callable[[Any, Calendar], Iterator[date]]] = {
    "workday": slow_workday,
    "weekday": slow_weekday,
    "day": slow_day,
    "before": slow_before,
    "every": slow_every,
    "rrule": slow_rrule,
    "dates": lambda on, _: iter(on["dates"]),
}


def grouped(period: Callable[[date], Any], fits: Callable[[date], bool]) -> list[list[date]]:
    """The fitting days of each period."""
    groups: dict[Any, list[date]] = {}
    for d in filter(fits, EACH_DAY):
        groups.setdefault(period(d), []).append(d)
    return list(groups.values())


def picked(groups: list[list[date]], nth: int | str) -> Iterator[date]:
    for group in groups:
        if nth == "last":
            yield group[-1]
        elif isinstance(nth, int) and len(group) >= nth:
            yield group[nth - 1]
