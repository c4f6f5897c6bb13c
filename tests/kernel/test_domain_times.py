"""The times of the packs' scenarios, to the minute: each row is one figure, its id the scenario that names it."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dutyflow.kernel.calendars import Calendar, default_warning_at, due_at
from dutyflow.kernel.durations import Duration

SHANGHAI = ZoneInfo("Asia/Shanghai")
Calendars = Mapping[str, Calendar]


def local(text: str) -> datetime:
    """Read `03-02 09:10` of 2026 (or a full date) in Shanghai; `24:00` is 00:00 of the next day."""
    day, time = text.split()
    hour, minute = map(int, time.split(":"))
    start = datetime.fromisoformat(day if len(day) > 5 else f"2026-{day}")
    return (start + timedelta(hours=hour, minutes=minute)).replace(tzinfo=SHANGHAI)


def resolved(text: str, calendars: Calendars) -> tuple[Duration, Calendar]:
    """Read a duration and find the calendar that it names, or the default."""
    duration = Duration.parse(text)
    return duration, calendars[duration.calendar or "office"]


DUE = [
    ("3.0-earliest", "03-02 09:00", "3bh@office", "03-02 12:00"),
    ("3.0-month", "07-01 00:00", "P1M", "08-01 24:00"),
    ("3.0-month-end", "01-31 10:00", "1mo", "02-28 24:00"),
    ("1.1-judge", "03-02 09:14", "2bh@desk", "03-02 11:14"),
    ("1.1-result", "03-02 09:10", "5bd", "03-09 18:00"),
    ("1.1-investigate", "03-02 10:30", "2bd", "03-04 18:00"),
    ("1.1-propose", "03-03 15:00", "1bd", "03-04 18:00"),
    ("1.1-approve", "03-04 10:00", "4bh@office", "03-04 15:00"),
    ("1.1-revisit", "03-06 11:00", "3d@21:00", "03-09 21:00"),
    ("1.1-summary", "03-08 10:00", "2bd", "03-10 18:00"),
    ("1.2-judge", "03-06 19:10", "2bh@desk", "03-07 09:10"),
    ("1.2-investigate", "03-07 09:10", "2bd", "03-10 18:00"),
    ("1.2-propose", "03-11 10:00", "1bd", "03-12 18:00"),
    ("1.2-result", "03-06 19:10", "5bd", "03-13 18:00"),
    ("1.3-judge", "03-10 11:30", "2bh@desk", "03-10 13:30"),
    ("1.4-approve", "03-16 15:30", "4bh@office", "03-17 10:30"),
    ("1.4-promise-cap", "03-17 10:00", "3bd", "03-20 18:00"),
    ("1.5-revisit", "03-11 16:00", "3d@21:00", "03-14 21:00"),
    ("1.5-investigate", "03-12 10:00", "2bd", "03-16 18:00"),
    ("1.5-revisit-2", "03-18 11:00", "3d@21:00", "03-21 21:00"),
    ("1.5-investigate-2", "03-20 15:00", "2bd", "03-24 18:00"),
    ("1.5-major", "03-20 15:00", "30m", "03-20 15:30"),
    ("1.6-investigate", "02-13 17:00", "2bd", "02-24 18:00"),
    ("1.6-result", "02-13 16:00", "5bd", "02-27 18:00"),
    ("1.6-propose", "02-14 17:30", "1bd", "02-24 18:00"),
    ("1.7-judge", "03-25 09:30", "2bh@desk", "03-25 11:30"),
    ("1.8-revisit", "03-19 09:00", "3d@21:00", "03-22 21:00"),
    ("1.8-summary", "03-22 20:59", "2bd", "03-24 18:00"),
    ("2.1", "03-02 16:30", "3d@21:00", "03-05 21:00"),
    ("2.3-cap", "03-02 16:30", "7d@21:00", "03-09 21:00"),
    ("2.4-follow-up", "03-03 15:00", "2bd", "03-05 18:00"),
    ("2.4-round-2", "03-05 11:00", "3d@21:00", "03-08 21:00"),
    ("2.7-report", "03-13 18:00", "3bd", "03-18 18:00"),
    ("2.8-results", "04-13 10:00", "3bd", "04-16 18:00"),
    ("2.8-improving", "04-13 10:00", "10bd", "04-27 18:00"),
    ("3.1-consolidate", "03-02 11:00", "same_day@office", "03-02 18:00"),
    ("3.1-assign", "03-02 16:00", "1bd", "03-03 18:00"),
    ("3.1-talk", "03-03 10:00", "7d@21:00", "03-10 21:00"),
    ("3.3-after-close", "03-06 18:05", "same_day@office", "03-09 18:00"),
    ("3.6-churn-report", "04-02 10:00", "1bd", "04-03 18:00"),
    ("3.6-retention", "04-02 10:00", "5bd", "04-10 18:00"),
    ("4.1-survey", "03-02 10:04", "48h", "03-04 10:04"),
    ("4.2-respond", "03-02 14:00", "4bh@desk", "03-02 18:00"),
    ("4.2-dept", "03-02 15:00", "2bd", "03-04 18:00"),
    ("4.2-resolve", "03-02 14:00", "3bd", "03-05 18:00"),
    ("4.3-respond-P3", "03-03 23:50", "4bh@desk", "03-04 12:00"),
    ("4.3-respond-P1", "03-03 23:50", "30m", "03-04 00:20"),
    ("4.3-resolve-P1", "03-03 23:50", "4bh@desk", "03-04 12:00"),
    ("4.4-respond-P2", "03-04 09:00", "2bh@desk", "03-04 11:00"),
    ("4.4-resolve-P2", "03-04 09:00", "1bd", "03-05 18:00"),
    ("4.6-dept", "03-05 16:30", "6bh@office", "03-06 14:30"),
    ("4.6-resolve", "03-05 16:00", "1bd", "03-06 18:00"),
    ("4.6-coordinate", "03-06 14:30", "4bh@office", "03-09 09:30"),
    ("4.7-resolve", "03-06 10:00", "1bd", "03-09 18:00"),
    ("5.1-modify", "03-02 14:00", "10bm@retail", "03-02 14:10"),
    ("5.4-modify", "03-02 21:55", "10bm@retail", "03-03 09:05"),
    ("5.4-notify", "03-02 21:55", "20bm@retail", "03-03 09:15"),
    ("5.4-new-year", "02-15 21:55", "10bm@retail", "02-19 09:05"),
    ("6.1-window", "03-02 15:00", "7d", "03-09 24:00"),
    ("6.1-check", "03-09 23:50", "4bh@retail", "03-10 13:00"),
    ("6.2-refund", "03-11 16:00", "24h", "03-12 16:00"),
    ("6.3-goods", "03-03 11:00", "7d", "03-10 24:00"),
    ("6.4-inspect", "03-16 20:00", "8bh@retail", "03-17 15:00"),
    ("7.2-notice", "03-06 15:00", "4bh@office", "03-09 10:00"),
    ("7.3-invoice", "03-06 17:00", "2bd", "03-10 18:00"),
    ("7.3-correction", "03-11 09:30", "1bd", "03-12 18:00"),
    ("7.5-terms", "03-05 10:00", "30d", "04-04 24:00"),
    ("7.6-card", "03-04 21:30", "same_day@retail", "03-04 22:00"),
    ("7.6-card-after-close", "03-04 22:05", "same_day@retail", "03-05 22:00"),
    ("8.1-onsite", "03-03 09:20", "24h", "03-04 09:20"),
    ("8.1-revisit", "03-03 16:00", "3d@21:00", "03-06 21:00"),
    ("8.2-total", "03-03 09:20", "7d", "03-10 24:00"),
    ("8.2-loaner", "03-04 15:00", "4bh@desk", "03-04 19:00"),
    ("8.2-loaner-2", "03-09 10:00", "4bh@desk", "03-09 14:00"),
    ("8.2-decision", "03-11 00:00", "1bd", "03-12 18:00"),
    ("8.2-workshop", "03-16 09:00", "4bh@desk", "03-16 13:00"),
    ("8.3", "03-06 18:00", "24h", "03-07 18:00"),
    ("8.6-cut-off", "03-18 08:30", "same_day@always@20:00@cutoff=08:30", "03-18 20:00"),
    ("8.6-after-cut-off", "03-18 08:31", "same_day@always@20:00@cutoff=08:30", "03-19 20:00"),
    ("9.1-respond", "03-07 22:00", "24h", "03-08 22:00"),
    ("9.1-feedback", "03-08 13:00", "3d@21:00", "03-11 21:00"),
    ("9.2-arrival", "03-08 14:00", "1bd", "03-09 18:00"),
    ("9.6-readiness", "03-02 14:00", "5bd", "03-09 18:00"),
    ("10.3-campaign", "07-01 00:00", "1mo", "08-01 24:00"),
    ("10.3-report", "08-02 00:00", "2bd", "08-04 18:00"),
    ("10.4-new-due", "07-16 15:00", "7d", "07-23 24:00"),
    ("10.5-chain", "07-01 10:00", "3bd", "07-06 18:00"),
    ("11.1-dispatch", "03-02 19:45", "30bm@desk", "03-03 08:15"),
    ("11.1-arrive", "03-02 19:45", "8bh@desk", "03-03 15:45"),
    ("11.1-fix", "03-02 19:45", "3bd", "03-05 18:00"),
    ("11.1-revisit", "03-04 19:35", "3d@21:00", "03-07 21:00"),
    ("11.2-dispatch", "03-07 02:10", "5m", "03-07 02:15"),
    ("11.2-arrive", "03-07 02:10", "30m", "03-07 02:40"),
    ("11.3-answer", "03-02 11:00", "5bd", "03-09 18:00"),
    ("11.3-reminder", "03-09 18:00", "2bd", "03-11 18:00"),
    ("11.4-tell", "03-06 19:00", "2bh@desk", "03-07 09:00"),
    ("11.5-update", "06-29 10:00", "3bd", "07-02 18:00"),
    ("12.2-cap", "03-06 15:00", "3bd", "03-11 18:00"),
    ("12.3-apply", "03-15 21:10", "3bd", "03-18 18:00"),
    ("12.3-review", "03-18 16:00", "3bd", "03-23 18:00"),
    ("12.4-review", "02-13 10:00", "3bd", "02-25 18:00"),
    ("12.5-verify", "03-20 22:00", "24h", "03-21 22:00"),
    ("12.5-rectify", "03-21 10:30", "7d", "03-28 24:00"),
    ("13.2-fix", "03-02 10:10", "same_day@desk", "03-02 20:00"),
    ("13.2-dispatch", "03-02 10:10", "30bm@desk", "03-02 10:40"),
    ("13.3-sheet", "03-02 19:30", "1bd", "03-03 18:00"),
    ("13.3-check", "03-03 11:00", "7d@18:00", "03-10 18:00"),
    ("13.4-late-finding", "03-02 20:30", "same_day@desk", "03-03 20:00"),
    ("13.5-rework", "03-04 09:50", "2h", "03-04 11:50"),
    ("13.7-variance", "03-31 18:00", "1bd", "04-01 18:00"),
    ("14.4-defects", "10-01 10:20", "15d", "10-16 24:00"),
    ("14.6-revisit", "10-02 15:40", "3d@21:00", "10-05 21:00"),
    ("15.1-sale", "03-04 15:00", "3d@dealer@close@next_open", "03-07 17:30"),
    ("15.1-crm", "03-06 14:30", "same_day@dealer", "03-06 17:30"),
    ("15.2-sunday", "03-05 16:00", "3d@dealer@close@next_open", "03-09 17:30"),
    ("15.3-cap", "03-05 16:00", "7d@dealer@17:30", "03-12 17:30"),
    ("15.4-classified", "03-06 16:00", "same_day@dealer", "03-06 17:30"),
    ("15.4-answer", "03-06 16:30", "9bh@dealer", "03-07 16:30"),
    ("15.4-second", "03-10 11:00", "3d@dealer@close@next_open", "03-13 17:30"),
    ("15.5-first-answer", "03-07 16:30", "4bh@dealer", "03-09 11:30"),
    ("15.5-solution", "03-07 16:30", "2bd@dealer", "03-10 17:30"),
    ("15.6-months", "03-02 00:00", "3mo@10:00", "06-02 10:00"),
    ("15.6-sunday-reminder", "03-01 12:00", "7d@dealer@10:00@next_open", "03-09 10:00"),
    ("16.1-present", "03-07 10:02", "10m", "03-07 10:12"),
    ("17.4-offer", "2021-03-10 14:00", "48h", "2021-03-12 14:00"),
    ("18.1-score", "03-02 10:00", "2bd", "03-04 18:00"),
    ("18.1-appeal", "03-04 10:00", "3bd", "03-09 18:00"),
    ("18.1-decision", "03-06 12:00", "2bd", "03-10 18:00"),
    ("18.1-coaching", "03-10 10:00", "5bd", "03-17 18:00"),
    ("18.6-intervention", "03-25 10:00", "2bd", "03-27 18:00"),
]


@pytest.mark.parametrize(("start", "text", "due"), [row[1:] for row in DUE], ids=[row[0] for row in DUE])
def test_a_time_limit_ends_when_the_scenario_says(start: str, text: str, due: str, calendars: Calendars) -> None:
    duration, calendar = resolved(text, calendars)
    assert due_at(duration, local(start), calendar) == local(due)
    assert calendars[calendar.name].due_at(local(start), text) == local(due)


WARNINGS = [
    ("1.1-judge", "03-02 09:14", "2bh@desk", "03-02 10:44"),
    ("1.1-propose", "03-03 15:00", "1bd", "03-04 09:00"),
    ("1.1-approve", "03-04 10:00", "4bh@office", "03-04 14:00"),
    ("1.2-judge", "03-06 19:10", "2bh@desk", "03-07 08:40"),
    ("1.2-investigate", "03-07 09:10", "2bd", "03-10 09:00"),
    ("1.4-approve", "03-16 15:30", "4bh@office", "03-17 09:30"),
    ("1.5-major", "03-20 15:00", "30m", "03-20 15:22"),
    ("1.6-investigate", "02-13 17:00", "2bd", "02-24 09:00"),
    ("1.8-revisit", "03-19 09:00", "3d@21:00", "03-22 09:00"),
    ("2.4-follow-up", "03-03 15:00", "2bd", "03-05 09:00"),
    ("3.3-consolidate", "03-06 18:05", "same_day@office", "03-09 09:00"),
    ("3.6-retention", "04-02 10:00", "5bd", "04-10 09:00"),
    ("4.6-dept", "03-05 16:30", "6bh@office", "03-06 12:00"),
    ("6.5-dispute", "03-18 20:00", "24h", "03-19 14:00"),
    ("8.1-onsite", "03-03 09:20", "24h", "03-04 03:20"),
    ("8.4-onsite", "03-06 11:00", "24h", "03-07 05:00"),
    ("9.4-respond", "03-02 08:00", "24h", "03-03 02:00"),
    ("11.2-arrive", "03-07 02:10", "30m", "03-07 02:32"),
    ("15.2-sunday", "03-05 16:00", "3d@dealer@close@next_open", "03-09 09:00"),
    ("18.1-score", "03-02 10:00", "2bd", "03-04 09:00"),
    ("3.0-due-at-24:00", "03-03 11:00", "7d", "03-10 09:00"),
    ("3.0-ten-minutes", "03-02 14:00", "10bm@retail", None),
    ("3.0-not-after-start", "03-02 11:00", "same_day@office", None),
    ("3.0-after-the-due-time", "03-02 11:00", "1d@08:00", None),
]


@pytest.mark.parametrize(("start", "text", "at"), [row[1:] for row in WARNINGS], ids=[row[0] for row in WARNINGS])
def test_the_default_warning_comes_when_the_scenario_says(
    start: str, text: str, at: str | None, calendars: Calendars
) -> None:
    duration, calendar = resolved(text, calendars)
    assert default_warning_at(duration, local(start), calendar) == (local(at) if at else None)


def test_the_third_working_day_of_april_is_found_for_the_monthly_duty_3_6(calendars: Calendars) -> None:
    assert calendars["office"].nth_workday_after(date(2026, 3, 31), 3) == date(2026, 4, 3)


def test_no_daily_duty_falls_into_the_spring_festival_3_5(calendars: Calendars) -> None:
    office = calendars["office"]
    assert [day for day in range(14, 25) if office.is_workday(date(2026, 2, day))] == [14, 24]
    assert office.is_workday(date(2026, 2, 28)) and not office.is_workday(date(2026, 3, 1))


@pytest.mark.parametrize(
    ("n", "day"),
    [(15, date(2026, 9, 10)), (10, date(2026, 9, 17)), (3, date(2026, 9, 28))],
    ids=["D-15", "D-10", "D-3"],
)
def test_plans_are_counted_backwards_from_the_handover_14_1(n: int, day: date, calendars: Calendars) -> None:
    assert calendars["office"].nth_workday_before(date(2026, 10, 1), n) == day


def test_the_first_office_friday_of_october_comes_after_the_holiday_13_7(calendars: Calendars) -> None:
    office = calendars["office"]
    fridays = [date(2026, 10, day) for day in range(1, 32) if date(2026, 10, day).weekday() == 4]
    assert next(day for day in fridays if office.is_workday(day)) == date(2026, 10, 9)


@pytest.mark.parametrize(
    ("payday", "due"),
    [
        (date(2026, 3, 15), date(2026, 3, 12)),
        (date(2026, 2, 15), date(2026, 2, 13)),
        (date(2026, 8, 15), date(2026, 8, 13)),
    ],
    ids=["18.2", "18.3", "18.4"],
)
def test_the_score_sheet_is_due_on_the_working_day_before_payday(payday: date, due: date, calendars: Calendars) -> None:
    office = calendars["office"]
    paid_on = office.nth_workday_before(payday + timedelta(1), 1)
    assert office.nth_workday_before(paid_on, 1) == due


def test_the_record_of_2_5_is_late_by_12_hours_and_10_minutes(calendars: Calendars) -> None:
    late = calendars["always"].open_between(local("03-05 21:00"), local("03-06 09:10"))
    assert late == timedelta(hours=12, minutes=10)
