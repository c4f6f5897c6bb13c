"""What a calendar answers, where it refuses, and that its tables agree with a slow minute-by-minute reckoning."""

import copy
import pickle
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from dutyflow.errors import MisuseError, NaiveTimeError
from dutyflow.kernel.calendars import ALWAYS, Calendar, CalendarError, default_warning_at, due_day, measure
from dutyflow.kernel.durations import Duration

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
OFFICE = {"mon-fri": ["09:00-12:00", "13:00-18:00"]}
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Calendars = Mapping[str, Calendar]


def calendar(hours: Mapping[str, object], timezone: str = "Asia/Shanghai", **more: object) -> Calendar:
    return Calendar.from_mapping({"timezone": timezone, "hours": hours, **more})


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def utc(moment: datetime) -> datetime:
    """Return the same instant in UTC, where equality and differences mean what they say."""
    return moment.astimezone(UTC)


# ------------------------------------------------------------------ what the issue promises to embedders


def test_the_public_example_of_the_issue_works() -> None:
    from dutyflow import Calendar as Public

    cal = Public.from_mapping(
        {
            "timezone": "Asia/Shanghai",
            "hours": {"mon-fri": ["09:00-12:00", "13:00-18:00"]},
            "closed": ["2026-02-16"],
            "open": {"2026-02-14": ["09:00-18:00"]},
        }
    )
    assert cal.due_at(at("2026-02-13 16:00"), "16bh") == at("2026-02-17 15:00")
    assert cal.due_at(at("2026-02-13 16:00"), timedelta(hours=3)) == at("2026-02-14 10:00")
    assert cal.open_between(at("2026-02-13 16:00"), at("2026-02-17 15:00")) == timedelta(hours=16)
    assert cal.is_open(at("2026-02-14 12:30")) and not cal.is_open(at("2026-02-16 10:00"))


def test_answers_are_in_the_zone_of_the_calendar() -> None:
    cal = calendar(OFFICE)
    due = cal.due_at(datetime(2026, 3, 6, 8, 0, tzinfo=UTC), "3bh")
    assert due.tzinfo == SHANGHAI and due == at("2026-03-09 10:00")


@pytest.mark.parametrize("ask", ["due_at", "is_open", "next_opening", "closing", "open_between", "add_open"])
def test_a_naive_time_is_refused(ask: str) -> None:
    naive, aware = datetime(2026, 3, 6, 8, 0), at("2026-03-06 08:00")
    arguments = {"due_at": ("1h",), "open_between": (aware,), "add_open": (60,)}
    with pytest.raises(NaiveTimeError):
        getattr(calendar(OFFICE), ask)(naive, *arguments.get(ask, ()))


def test_reversed_ends_are_refused() -> None:
    with pytest.raises(MisuseError, match="before the start"):
        calendar(OFFICE).open_between(at("2026-03-06 09:00"), at("2026-03-06 08:59"))


@pytest.mark.parametrize("within", [timedelta(0), timedelta(seconds=-1), timedelta(microseconds=5), 7, None])
def test_a_target_of_nothing_or_of_no_known_kind_is_refused(within: Any) -> None:
    with pytest.raises(MisuseError):
        calendar(OFFICE).due_at(at("2026-03-06 09:00"), within)


def test_a_duration_of_another_calendar_is_refused() -> None:
    cal = calendar(OFFICE, name="office")
    assert cal.due_at(at("2026-03-06 09:00"), "3bh@office") == at("2026-03-06 12:00")
    with pytest.raises(MisuseError, match="desk"):
        cal.due_at(at("2026-03-06 09:00"), "3bh@desk")


def test_a_calendar_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        calendar(OFFICE)._spec = None  # type: ignore[assignment]  # the refusal is what is tested


def test_calendars_are_equal_by_content_and_can_be_copied() -> None:
    one = calendar(OFFICE, name="office", closed=["2026-02-16"])
    same = calendar(dict.fromkeys(WEEK[:5], OFFICE["mon-fri"]), name="office", closed=["2026-02-16..2026-02-16"])
    assert one == same and hash(one) == hash(same) and one != calendar(OFFICE, name="office")
    assert pickle.loads(pickle.dumps(one)) == copy.deepcopy(one) == one
    assert len({one, same}) == 1


def test_the_mapping_of_a_calendar_reads_back_to_an_equal_one(calendars: Calendars) -> None:
    for cal in calendars.values():
        assert Calendar.from_mapping(cal.to_mapping()) == cal


def test_the_shipped_calendars_are_those_of_the_packs(calendars: Calendars) -> None:
    path = Path(__file__).parents[2] / "workflows" / "_shared" / "calendars.yaml"
    shipped = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)["calendars"]
    assert {name: Calendar.from_mapping({"name": name, **m}) for name, m in shipped.items()} == calendars


# ------------------------------------------------------------------ hours, exceptions, midnight


def test_periods_include_their_start_and_exclude_their_end() -> None:
    cal = calendar(OFFICE)
    times = ("08:59", "09:00", "11:59", "12:00", "17:59", "18:00")
    assert [time for time in times if cal.is_open(at(f"2026-03-06 {time}"))] == ["09:00", "11:59", "17:59"]


def test_a_start_outside_the_hours_begins_at_the_next_opening() -> None:
    cal = calendar(OFFICE)
    assert cal.due_at(at("2026-03-06 12:30"), "1bh") == at("2026-03-06 14:00")
    assert cal.due_at(at("2026-03-07 12:30"), "1bh") == at("2026-03-09 10:00")
    assert cal.next_opening(at("2026-03-06 18:00")) == at("2026-03-09 09:00")
    assert cal.next_opening(at("2026-03-06 10:00")) == at("2026-03-06 10:00")


def test_a_target_filled_at_closing_time_is_due_then_and_not_at_the_next_opening() -> None:
    assert calendar(OFFICE).due_at(at("2026-03-06 16:00"), "2bh") == at("2026-03-06 18:00")


def test_an_exception_beats_a_closed_date_and_a_closed_date_beats_the_week() -> None:
    cal = calendar(
        OFFICE,
        closed=["2026-03-02..2026-03-04"],
        open={"2026-03-03": ["10:00-11:00"], "2026-03-07": "fri", "2026-03-08": "mon-fri"},
    )
    open_hours = [cal.open_between(at(f"2026-03-0{d}"), at(f"2026-03-0{d + 1}")) for d in range(1, 9)]
    assert [hours / timedelta(hours=1) for hours in open_hours] == [0, 0, 1, 0, 8, 8, 8, 8]


def test_a_list_of_open_dates_has_the_hours_of_monday() -> None:
    cal = calendar({"mon": ["08:00-09:00"], "tue-fri": ["10:00-12:00"]}, open=["2026-02-14"])
    assert cal.workday_open(date(2026, 2, 14)) == at("2026-02-14 08:00")
    assert cal.workday_close(date(2026, 2, 14)) == at("2026-02-14 09:00")


def test_a_night_shift_belongs_to_the_day_on_which_it_opens() -> None:
    cal = calendar({"daily": ["22:00-06:00"]}, closed=["2026-03-04"])
    assert cal.is_open(at("2026-03-04 05:59")) and not cal.is_open(at("2026-03-04 22:00"))
    assert not cal.is_open(at("2026-03-05 05:00")) and cal.is_open(at("2026-03-05 22:00"))
    assert cal.workday_close(date(2026, 3, 3)) == at("2026-03-04 06:00")
    assert cal.due_at(at("2026-03-04 05:00"), "2bh") == at("2026-03-05 23:00")


def test_a_night_shift_at_the_turn_of_the_year_is_not_lost() -> None:
    cal = calendar({"daily": ["22:00-06:00"]})
    assert cal.is_open(at("2026-01-01 03:00"))
    assert cal.open_between(at("2025-12-31 00:00"), at("2026-01-02 00:00")) == timedelta(hours=16)


def test_periods_that_touch_are_one() -> None:
    cal = calendar({"mon-fri": ["09:00-12:00", "12:00-18:00"], "sat": ["00:00-24:00"], "sun": ["00:00-10:00"]})
    assert cal.closing(at("2026-03-06 10:00")) == at("2026-03-06 18:00")
    assert cal.closing(at("2026-03-06 20:00")) == at("2026-03-08 10:00")


def test_a_calendar_without_a_gap_never_closes() -> None:
    parts = calendar({"daily": ["00:00-08:00", "08:00-16:00", "16:00-00:00"]})
    with_past = calendar({"daily": ["00:00-24:00"]}, closed=["2026-01-01"])
    assert parts.closing(at("2026-03-06 10:00")) is None is ALWAYS.closing(at("2026-03-06 10:00"))
    assert with_past.closing(at("2025-12-25 10:00")) == at("2026-01-01 00:00")
    assert with_past.closing(at("2026-01-02 10:00")) is None
    assert parts.due_at(at("2026-03-06 10:00"), "48bh") == at("2026-03-08 10:00")


def test_a_week_that_is_covered_only_by_night_shifts_never_closes() -> None:
    assert calendar({"daily": ["06:00-22:00", "22:00-06:00"]}).closing(at("2026-03-06 10:00")) is None


def test_a_working_day_without_hours_has_no_close() -> None:
    with pytest.raises(MisuseError, match="2026-03-07"):
        calendar(OFFICE).workday_close(date(2026, 3, 7))


@pytest.mark.parametrize("n", [0, -1])
def test_working_days_are_counted_from_one(n: int) -> None:
    with pytest.raises(MisuseError):
        calendar(OFFICE).nth_workday_after(date(2026, 3, 7), n)


def test_far_years_are_reckoned_and_impossible_ones_refused() -> None:
    cal = calendar(OFFICE)
    assert cal.due_at(at("2026-03-06 09:00"), "100000bh") > at("2070-01-01")
    assert cal.due_at(at("1901-03-04 09:00"), "3bh").date() == date(1901, 3, 4)
    assert cal.due_at(at("2400-03-06 09:00"), "3bh") == at("2400-03-06 12:00")
    with pytest.raises(MisuseError):
        cal.open_between(at("1000-01-01"), at("2900-01-01"))
    with pytest.raises(MisuseError):
        cal.due_at(at("9999-12-31 09:00"), "3bh")
    with pytest.raises(MisuseError):
        cal.due_at(at("9999-12-31 09:00"), "90d")


def test_many_threads_get_the_same_answers_from_one_calendar() -> None:
    starts = [at("2020-01-06 10:00") + timedelta(days=40 * n) for n in range(200)]
    expected = [calendar(OFFICE).due_at(start, "500bh") for start in starts]
    shared = calendar(OFFICE)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda start: shared.due_at(start, "500bh"), starts)) == expected


# ------------------------------------------------------------------ clock changes


def test_a_period_that_begins_in_the_gap_begins_after_it() -> None:
    cal = calendar({"daily": ["02:30-04:00"]}, "Europe/Berlin")
    assert cal.workday_open(date(2026, 3, 29)) == at("2026-03-29 03:00", BERLIN)
    assert cal.due_at(at("2026-03-29 00:00", BERLIN), "30bm") == at("2026-03-29 03:30", BERLIN)


def test_a_period_that_lies_in_the_gap_is_dropped() -> None:
    cal = calendar({"daily": ["02:00-02:30"]}, "Europe/Berlin")
    assert not cal.is_workday(date(2026, 3, 29)) and cal.is_workday(date(2026, 3, 28))
    assert cal.due_at(at("2026-03-29 00:00", BERLIN), "10bm") == at("2026-03-30 02:10", BERLIN)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (BERLIN, "2026-03-29", 23),
        (BERLIN, "2026-10-25", 25),
        (NEW_YORK, "2026-03-08", 23),
        (NEW_YORK, "2026-11-01", 25),
    ],
)
def test_a_full_day_has_the_hours_that_pass(zone: ZoneInfo, day: str, hours: int) -> None:
    cal = calendar({"mon-fri": [], "sat-sun": ["00:00-24:00"]}, zone.key)
    day_after = datetime.fromisoformat(day) + timedelta(1)
    assert cal.open_between(at(day, zone), day_after.replace(tzinfo=zone)) == timedelta(hours=hours)


def test_an_ambiguous_time_is_the_first_of_the_two() -> None:
    cal = calendar({"daily": ["01:00-02:30"]}, "Europe/Berlin")
    assert utc(cal.workday_close(date(2026, 10, 25))) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    late = calendar({"daily": ["02:30-04:00"]}, "Europe/Berlin")
    assert late.open_between(at("2026-10-25", BERLIN), at("2026-10-26", BERLIN)) == timedelta(hours=2, minutes=30)


def test_elapsed_hours_ignore_clock_changes_and_calendar_days_follow_the_wall() -> None:
    cal = calendar({"daily": ["00:00-24:00"]}, "America/New_York")
    start = at("2026-03-07 10:00", NEW_YORK)
    assert cal.due_at(start, "24h") == at("2026-03-08 11:00", NEW_YORK)
    assert cal.due_at(start, "1d@10:00") == at("2026-03-08 10:00", NEW_YORK)
    assert cal.due_at(start, "1d@02:30") == at("2026-03-08 03:00", NEW_YORK)
    due = cal.due_at(at("2026-10-31 10:00", NEW_YORK), "1d@01:30")
    assert utc(due) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


def test_a_night_shift_over_a_clock_change_has_the_hours_that_pass() -> None:
    cal = calendar({"daily": ["22:00-06:00"]}, "Europe/Berlin")
    nights = [(f"2026-{d}", f"2026-{e}") for d, e in (("03-28", "03-29"), ("10-24", "10-25"), ("05-01", "05-02"))]
    spans = [cal.open_between(at(f"{d} 12:00", BERLIN), at(f"{e} 12:00", BERLIN)) for d, e in nights]
    assert [span / timedelta(hours=1) for span in spans] == [7, 9, 8]


# ------------------------------------------------------------------ mistakes in the mapping

BAD: list[tuple[str, dict[str, object], str, tuple[object, ...], object]] = [
    ("zero", {"hours": {"mon": ["09:00-09:00"]}}, "zero_length_period", ("hours", "mon", 0), None),
    ("zero-full-day", {"hours": {"mon": ["00:00-00:00"]}}, "zero_length_period", ("hours", "mon", 0), "00:00-24:00"),
    ("overlap", {"hours": {"mon": ["09:00-12:00", "11:00-13:00"]}}, "overlapping_periods", ("hours", "mon", 1), None),
    ("overlap-night", {"hours": {"mon": ["22:00-06:00"], "tue": ["05:00-09:00"]}}, "overlapping_periods",
     ("hours", "mon"), None),
    ("bad-hour", {"hours": {"mon": ["09:00-25:00"]}}, "bad_period", ("hours", "mon", 0), None),
    ("short-hour", {"hours": {"mon": ["9:00-12:00"]}}, "bad_period", ("hours", "mon", 0), "09:00-12:00"),
    ("chinese-period", {"hours": {"mon": ["9：00至12：00"]}}, "bad_period", ("hours", "mon", 0), "09:00-12:00"),
    ("number", {"hours": {"mon": [9]}}, "bad_period", ("hours", "mon", 0), None),
    ("no-list", {"hours": {"mon": 9}}, "not_a_list", ("hours", "mon"), None),
    ("weekday", {"hours": {"mond": ["09:00-12:00"]}}, "unknown_weekday", ("hours", "mond"), "mon"),
    ("weekday-twice", {"hours": {"mon-fri": ["09:00-12:00"], "fri": []}}, "weekday_twice", ("hours", "fri"), None),
    ("hours-list", {"hours": ["09:00-12:00"]}, "not_a_mapping", ("hours",), None),
    ("no-hours", {}, "missing_key", (), None),
    ("key", {"hours": OFFICE, "close": []}, "unknown_key", ("close",), "closed"),
    ("zone", {"hours": OFFICE, "timezone": "Asia/Shangai"}, "unknown_zone", ("timezone",), "Asia/Shanghai"),
    ("zone-path", {"hours": OFFICE, "timezone": "../../etc/passwd"}, "unknown_zone", ("timezone",), None),
    ("no-zone", {"hours": OFFICE, "timezone": None}, "missing_key", (), None),
    ("date", {"hours": OFFICE, "closed": ["2026-02-30"]}, "bad_date", ("closed", 0), None),
    ("date-slashes", {"hours": OFFICE, "closed": ["2026/2/3"]}, "bad_date", ("closed", 0), "2026-02-03"),
    ("range", {"hours": OFFICE, "closed": ["2026-02-09..2026-02-03"]}, "reversed_range", ("closed", 0),
     "2026-02-03..2026-02-09"),
    ("long-range", {"hours": OFFICE, "closed": ["2026-01-01..2099-01-01"]}, "range_too_long", ("closed", 0), None),
    ("closed-text", {"hours": OFFICE, "closed": "2026-01-01"}, "not_a_list", ("closed",), None),
    ("open-text", {"hours": OFFICE, "open": "2026-01-01"}, "not_a_list", ("open",), None),
    ("open-empty", {"hours": OFFICE, "open": {"2026-01-03": []}}, "no_hours", ("open", "2026-01-03"), None),
    ("open-sunday", {"hours": OFFICE, "open": {"2026-01-03": "sun"}}, "no_hours", ("open", "2026-01-03"), None),
    ("open-twice", {"hours": OFFICE, "open": ["2026-01-03", "2026-01-03"]}, "date_twice", ("open", 1), None),
    ("official", {"hours": OFFICE, "official_until": "soon"}, "bad_date", ("official_until",), None),
    ("never", {"hours": {"mon": []}}, "never_opens", ("hours",), None),
    ("never-year", {"hours": OFFICE, "closed": ["2026-01-01..2027-01-01"]}, "never_opens", ("closed",), None),
]  # fmt: skip


@pytest.mark.parametrize(("m", "code", "path", "suggestion"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_a_bad_mapping_is_refused_with_its_place(
    m: dict[str, object], code: str, path: tuple[object, ...], suggestion: object
) -> None:
    with pytest.raises(CalendarError) as caught:
        Calendar.from_mapping({"timezone": "Asia/Shanghai"} | m)
    error = caught.value
    assert (error.code, error.path, error.values.get("suggestion")) == (code, path, suggestion)


@pytest.mark.parametrize("name", ["Asia", "Europe", "", ".", "/etc/localtime", "\0", 8])
def test_a_zone_is_never_a_folder_or_a_file(name: object) -> None:
    assert [problem.code for problem in Calendar.problems({"hours": OFFICE, "timezone": name})] == ["unknown_zone"]


def test_all_mistakes_of_a_mapping_are_reported_together() -> None:
    m = {"timezone": "Mars", "hours": {"mon": ["9-10"]}, "closed": ["x"], "shut": 1}
    assert [problem.code for problem in Calendar.problems(m)] == [
        "unknown_key",
        "bad_period",
        "bad_date",
        "unknown_zone",
    ]
    assert Calendar.problems({"hours": OFFICE}, timezone="Asia/Shanghai") == ()


def test_366_closed_days_in_a_row_are_still_a_calendar() -> None:
    daily = {"daily": ["09:00-10:00"]}
    cal = calendar(daily, closed=["2026-01-01..2027-01-01"])
    assert cal.next_opening(at("2026-01-01")) == at("2027-01-02 09:00")
    with pytest.raises(CalendarError, match="never_opens"):
        calendar(daily, closed=["2026-01-01..2027-01-02"])


# ------------------------------------------------------------------ helpers for clocks


@pytest.mark.parametrize(
    ("text", "always"),
    [(text, True) for text in ("24h", "3d", "1mo", "2w@21:00")]
    + [(text, False) for text in ("4bh", "2bd", "same_day")],
)
def test_only_open_time_and_working_days_are_measured_in_the_calendar(text: str, always: bool) -> None:
    cal = calendar(OFFICE)
    assert measure(Duration.parse(text), cal) is (ALWAYS if always else cal)


def test_a_deadline_at_midnight_is_due_on_the_day_that_ends() -> None:
    assert due_day(at("2026-03-11 00:00"), SHANGHAI) == date(2026, 3, 10)
    assert due_day(at("2026-03-11 00:01"), SHANGHAI) == date(2026, 3, 11)
    assert due_day(datetime(2026, 3, 10, 16, 0, tzinfo=UTC), SHANGHAI) == date(2026, 3, 10)


def test_a_share_of_open_time_is_cut_to_the_minute() -> None:
    warning = default_warning_at(Duration.parse("11m"), at("2026-03-11 00:00"), ALWAYS)
    assert warning == at("2026-03-11 00:08")


# ------------------------------------------------------------------ properties

ZONES = ("Asia/Shanghai", "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
FIRST_MINUTE = datetime(2026, 1, 1, tzinfo=UTC)


def write_minutes(minutes: tuple[int, int]) -> str:
    start, end = minutes
    return f"{start // 60:02d}:{start % 60:02d}-{end // 60:02d}:{end % 60:02d}"


@st.composite
def day_hours(draw: st.DrawFn) -> list[str]:
    """Up to three periods of a day that do not overlap, on the quarter of an hour; the last may cross midnight."""
    marks = sorted(draw(st.sets(st.integers(0, 96), min_size=0, max_size=6)))
    periods = [(15 * a, 15 * b) for a, b in zip(marks[::2], marks[1::2], strict=False)]
    return [write_minutes(period) for period in periods]


@st.composite
def random_calendars(draw: st.DrawFn) -> Calendar:
    hours: dict[str, object] = {day: draw(day_hours()) for day in WEEK}
    assume(any(hours.values()))
    days = st.integers(0, 730).map(lambda n: (date(2026, 1, 1) + timedelta(n)).isoformat())
    closed = draw(st.lists(days, max_size=8))
    opened = draw(st.dictionaries(days, day_hours().filter(bool), max_size=4))
    return calendar(hours, draw(st.sampled_from(ZONES)), closed=closed, open=opened)


instants = st.integers(0, 2 * 365 * 86_400).map(lambda n: FIRST_MINUTE + timedelta(seconds=n))
amounts = st.integers(1, 200 * 3600)


@given(random_calendars(), instants, amounts)
@settings(max_examples=100)
def test_the_open_time_until_the_due_time_is_the_target_and_one_second_earlier_it_is_less(
    cal: Calendar, start: datetime, seconds: int
) -> None:
    due, target = utc(cal.add_open(start, seconds)), timedelta(seconds=seconds)
    assert cal.open_between(start, due) == target
    assert cal.open_between(start, due - timedelta(seconds=1)) < target


@given(random_calendars(), st.lists(instants, min_size=3, max_size=3))
@settings(max_examples=100)
def test_open_time_adds_up(cal: Calendar, times: list[datetime]) -> None:
    a, b, c = sorted(times)
    assert cal.open_between(a, b) + cal.open_between(b, c) == cal.open_between(a, c) <= c - a


@given(random_calendars(), instants, amounts, amounts)
@settings(max_examples=100)
def test_amounts_add_up_and_more_is_never_due_earlier(cal: Calendar, start: datetime, one: int, two: int) -> None:
    first, both = utc(cal.add_open(start, one)), utc(cal.add_open(start, one + two))
    assert utc(cal.add_open(first, two)) == both > first


TEXTS = [
    "90m",
    "5bh",
    "30bm",
    "3d",
    "3d@21:00",
    "2w",
    "1mo",
    "2bd",
    "2bd@17:00",
    "2bd@same_time",
    "same_day",
    "1d@cutoff=16:00",
    "1bd@cutoff=16:00",
    "3d@next_open",
    "3d@close",
    "3d@21:00@next_open",
]
ROLLED_TO_THE_SAME_TIME = "2d@same_time@next_open"
"""Several days roll to the same one and keep their times of day: a later start may be due earlier there."""


@given(random_calendars(), instants, instants, st.sampled_from(TEXTS))
@settings(max_examples=100)
def test_a_later_start_is_never_due_earlier_and_nothing_is_due_before_its_start(
    cal: Calendar, one: datetime, two: datetime, text: str
) -> None:
    early, late = sorted((one, two))
    assert early < utc(cal.due_at(early, text)) <= utc(cal.due_at(late, text))


@given(random_calendars(), instants)
@settings(max_examples=100)
def test_what_is_rolled_to_the_same_time_is_due_after_its_start_on_an_open_day(cal: Calendar, start: datetime) -> None:
    due_at = utc(cal.due_at(start, ROLLED_TO_THE_SAME_TIME))
    assert start < due_at <= utc(cal.due_at(start, "2d@next_open"))


@given(random_calendars(), instants)
@settings(max_examples=100)
def test_openings_and_closings_lie_at_the_borders_of_open_time(cal: Calendar, start: datetime) -> None:
    second = timedelta(seconds=1)
    opening, closing = utc(cal.next_opening(start)), cal.closing(start)
    assert cal.is_open(opening) and cal.open_between(start, opening) == timedelta(0)
    if closing is not None:
        assert cal.is_open(utc(closing) - second) and not cal.is_open(closing)
        assert cal.open_between(opening, closing) == utc(closing) - opening


def is_open_slowly(m: Mapping[str, Any], moment: datetime) -> bool:
    """Say whether a calendar is open by looking at the wall clock, as a person would (no clock changes)."""
    today = moment.date()
    for day, shift in ((today, 0), (today - timedelta(1), 1440)):
        text = day.isoformat()
        periods = m["open"].get(text) or ([] if text in m["closed"] else m["hours"][WEEK[day.weekday()]])
        minute = shift + moment.hour * 60 + moment.minute
        for period in periods:
            start, end = (int(t[:2]) * 60 + int(t[3:]) for t in period.split("-"))
            if start <= minute < (end if end > start else end + 1440):
                return True
    return False


@st.composite
def plain_mappings(draw: st.DrawFn) -> dict[str, Any]:
    """Hours of day and night in a zone without clock changes, with exceptions near the first days of 2026."""
    hours = {day: draw(day_hours()) for day in WEEK}
    night = draw(st.booleans())
    if night:
        hours = {day: ["08:00-09:15", "22:30-06:15"] for day in hours}
    assume(any(hours.values()))
    days = st.integers(1, 9).map(lambda n: f"2026-01-0{n}")
    opened = draw(st.dictionaries(days, day_hours().filter(bool), max_size=2))
    return {"timezone": "Asia/Shanghai", "hours": hours, "closed": draw(st.lists(days, max_size=3)), "open": opened}


@given(plain_mappings(), st.integers(0, 6 * 96), st.integers(0, 4 * 96), st.integers(1, 30))
@settings(max_examples=60)
@example(
    {"timezone": "Asia/Shanghai", "hours": {day: ["22:00-06:00"] for day in WEEK}, "closed": [], "open": {}}, 0, 96, 9
)
def test_the_tables_agree_with_a_slow_reckoning(m: dict[str, Any], first: int, length: int, quarters: int) -> None:
    cal, step = Calendar.from_mapping(m), timedelta(minutes=15)
    start = at("2026-01-01") + first * step
    slow = sum(is_open_slowly(m, start + n * step) for n in range(length))
    assert cal.open_between(start, start + length * step) == slow * step
    assert cal.is_open(start) == is_open_slowly(m, start)
    moment, left = start, quarters
    while left:
        left -= is_open_slowly(m, moment)
        moment += step
    assert cal.due_at(start, timedelta(minutes=15 * quarters)) == moment
