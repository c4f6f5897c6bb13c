"""How durations are written, what is refused with which suggestion, and the options of their last day."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutyflow.kernel.calendars import Calendar
from dutyflow.kernel.duration_text import suggest_period
from dutyflow.kernel.durations import Duration, DurationError, default_warning_kind

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("90s", "90s"), ("15m", "15m"), ("24h", "24h"), ("4bh", "4bh"), ("30bm", "30bm"), ("3d", "3d"), ("2w", "2w"),
        ("1mo", "1mo"), ("2bd", "2bd"), ("same_day", "same_day"), (" 2bh@desk ", "2bh@desk"), ("3d@21:00", "3d@21:00"),
        ("2bd@office@17:00", "2bd@office@17:00"), ("2bd@17:00@office", "2bd@office@17:00"), ("1h30m", "90m"),
        ("1m5s", "65s"), ("4bh30bm", "270bm"), ("same_day@desk", "same_day@desk"), ("3d@close", "3d@close"),
        ("3d@24:00", "3d@24:00"), ("4bh@服务台", "4bh@服务台"), ("PT24H", "24h"), ("P3D", "3d"), ("P1M", "1mo"),
        ("P1W", "1w"), ("PT1H30M", "90m"), ("PT90S", "90s"), ("PT15M", "15m"), ("P3D@21:00", "3d@21:00"),
        ("1d@cutoff=16:00", "1d@cutoff=16:00"), ("3d@dealer@close@next_open", "3d@dealer@close@next_open"),
    ],
)  # fmt: skip
def test_a_duration_has_one_canonical_text(text: str, canonical: str) -> None:
    assert Duration.parse(text).text == canonical
    assert Duration.parse(canonical) == Duration.parse(text)


@pytest.mark.parametrize(
    ("text", "code", "suggestion"),
    [
        ("24 hours", "not_a_duration", "24h"), ("24 hours@desk", "not_a_duration", "24h@desk"),
        ("24H", "not_a_duration", "24h"), ("3 days", "not_a_duration", "3d"), ("3天", "not_a_duration", "3d"),
        ("２４小时", "not_a_duration", "24h"), ("2个工作日", "not_a_duration", "2bd"),
        ("4 business hours", "not_a_duration", "4bh"),
        ("1.5h", "not_a_duration", "90m"), ("0.5bh", "not_a_duration", "30bm"), ("1.5d", "not_a_duration", None),
        ("same day", "not_a_duration", "same_day"), ("当日", "not_a_duration", "same_day"),
        ("", "not_a_duration", None),
        ("soon", "not_a_duration", None), ("P", "not_a_duration", None), ("PT", "not_a_duration", None),
        ("P1DT", "not_a_duration", None), ("24", "missing_unit", "24h"), ("1M", "month_or_minute", "1mo"),
        ("0h", "not_positive", None), ("0", "missing_unit", None), ("0M", "month_or_minute", None),
        ("999999999 days", "not_a_duration", None), ("0d", "not_positive", "same_day"), ("-2h", "not_positive", "2h"),
        ("1d2h", "mixed_units", None), ("1h4bh", "mixed_units", None), ("1h1h", "mixed_units", None),
        ("P1DT2H", "mixed_units", None), ("999999999d", "too_long", None), ("2h@", "bad_suffix", None),
        ("3d@9:00", "bad_suffix", "3d@09:00"), ("3d@25:00", "bad_suffix", None),
        ("3d@21:00@20:00", "given_twice", None),
        ("2bh@desk@office", "given_twice", None), ("2bh@21:00", "option_without_meaning", None),
        ("24h@close", "option_without_meaning", None), ("2bd@next_open", "option_without_meaning", None),
        ("same_day@same_time", "option_without_meaning", None), ("3d@same_time@21:00", "option_without_meaning", None),
        ("3d@cutoff=9:00", "bad_option", "09:00"),
    ],
)  # fmt: skip
def test_what_is_no_duration_is_refused_with_a_suggestion(text: str, code: str, suggestion: str | None) -> None:
    with pytest.raises(DurationError) as caught:
        Duration.parse(text)
    assert (caught.value.code, caught.value.suggestion) == (code, suggestion)


def test_the_full_form_says_the_same_as_the_short_one() -> None:
    full = {"for": "3d", "calendar": "dealer", "until": "close", "roll": "next_open", "cutoff": "16:00"}
    assert Duration.from_mapping(full) == Duration.parse("3d@dealer@close@next_open@cutoff=16:00")
    assert Duration.from_mapping({"for": "2d@desk", "anchor": "same_time"}).text == "2d@desk@same_time"


@pytest.mark.parametrize(
    ("mapping", "code", "suggestion"),
    [
        ({"for": "3d", "untill": "21:00"}, "unknown_key", "until"),
        ({"calendar": "desk"}, "missing_for", None),
        ({"for": 3}, "not_text", None),
        ({"for": "3d@desk", "calendar": "office"}, "given_twice", None),
        ({"for": "3d", "until": "9:00"}, "bad_option", "09:00"),
        ({"for": "3d", "roll": "back"}, "bad_option", None),
        ({"for": "3h", "cutoff": "16:00"}, "option_without_meaning", None),
    ],
)
def test_a_wrong_full_form_is_refused(mapping: Mapping[str, object], code: str, suggestion: str | None) -> None:
    with pytest.raises(DurationError) as caught:
        Duration.from_mapping(mapping)
    assert (caught.value.code, caught.value.suggestion) == (code, suggestion)


def test_an_impossible_duration_cannot_be_made_by_hand_or_from_json_either() -> None:
    with pytest.raises(DurationError):
        Duration(0, "h")
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"amount":2,"unit":"years"}', type=Duration)


heads = st.one_of(
    st.builds(lambda n, unit: f"{n}{unit}", st.integers(1, 999), st.sampled_from(["s", "m", "h", "bm", "bh"])),
    st.builds(
        lambda n, unit, until: f"{n}{unit}{until}",
        st.integers(1, 99),
        st.sampled_from(["d", "w", "mo", "bd"]),
        st.sampled_from(["", "@21:00", "@close", "@same_time", "@cutoff=08:30", "@00:00@cutoff=23:59"]),
    ),
    st.sampled_from(["same_day", "same_day@20:00", "3d@next_open", "1w@17:00@next_open@cutoff=16:00"]),
)


@given(heads, st.sampled_from(["", "@office", "@desk_2", "@客服.hotline"]))
@settings(max_examples=100)
def test_every_duration_reads_back_from_its_text_and_from_json(head: str, calendar: str) -> None:
    duration = Duration.parse(head + calendar)
    assert Duration.parse(duration.text) == duration
    assert msgspec.json.decode(msgspec.json.encode(duration), type=Duration) == duration


@given(st.text(max_size=12))
@settings(max_examples=100)
def test_no_text_does_anything_but_parse_or_be_refused(text: str) -> None:
    try:
        assert Duration.parse(text).text
    except DurationError as error:
        assert error.code
        if error.suggestion is not None:
            assert Duration.parse(error.suggestion).text == error.suggestion


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("4bh", 14_400), ("30bm", 1_800), ("3d", None)]
)
def test_only_hours_and_minutes_have_seconds(text: str, seconds: int | None) -> None:
    assert Duration.parse(text).seconds == seconds


def test_hours_warn_by_share_and_days_in_the_morning() -> None:
    by_share = [text for text in ("90s", "15m", "24h", "4bh", "30bm", "3d", "2w", "1mo", "2bd", "same_day")
                if default_warning_kind(Duration.parse(text)) == "share"]  # fmt: skip
    assert by_share == ["90s", "15m", "24h", "4bh", "30bm"]


LAST_DAY = [
    ("same-clock-time", "03-06 10:20", "2d@same_time", "03-08 10:20"),
    ("same-clock-time-month", "01-31 10:20", "1mo@same_time", "02-28 10:20"),
    ("same-clock-time-working-day", "03-06 10:20", "1bd@same_time", "03-09 10:20"),
    ("not-after-close", "03-06 20:00", "1bd@same_time", "03-09 18:00"),
    ("same-clock-time-begun-on-a-closed-day", "03-07 23:30", "2bd@same_time", "03-10 18:00"),
    ("same-clock-time-begun-early-on-a-closed-day", "03-08 00:10", "2bd@same_time", "03-10 18:00"),
    ("same-clock-time-rolled-from-an-early-hour", "03-06 10:10", "2d@same_time@next_open", "03-09 10:10"),
    ("same-clock-time-rolled", "03-06 19:00", "1d@same_time@next_open", "03-09 18:00"),
    ("before-cut-off", "03-06 16:00", "1d@cutoff=16:00", "03-08 00:00"),
    ("after-cut-off", "03-06 16:01", "1d@cutoff=16:00", "03-09 00:00"),
    ("after-cut-off-working-day", "03-05 16:01", "1bd@cutoff=16:00", "03-09 18:00"),
    ("after-cut-off-on-friday", "03-06 16:01", "1bd@cutoff=16:00", "03-09 18:00"),
    ("until-time-working-day", "03-06 16:01", "2bd@17:00", "03-10 17:00"),
    ("roll-not-needed", "03-03 10:00", "3d@next_open", "03-07 00:00"),
    ("roll", "03-05 10:00", "3d@next_open", "03-09 18:00"),
    ("roll-until-early", "03-05 10:00", "3d@10:00@next_open", "03-09 10:00"),
    ("roll-until-after-close", "03-05 10:00", "3d@21:00@next_open", "03-09 18:00"),
    ("until-close", "03-03 10:00", "3d@close", "03-06 18:00"),
    ("until-close-of-a-closed-day", "03-05 10:00", "3d@close", "03-09 18:00"),
    ("roll-over-spring-festival", "02-13 10:00", "3d@close", "02-24 18:00"),
    ("at-the-close", "03-06 18:00", "same_day", "03-09 18:00"),
    ("just-before-the-close", "03-06 17:59", "same_day", "03-06 18:00"),
    ("before-opening", "03-06 05:00", "same_day", "03-06 18:00"),
    ("closed-day", "03-07 05:00", "same_day", "03-09 18:00"),
    ("same-day-until", "03-06 10:00", "same_day@12:00", "03-06 12:00"),
    ("same-day-until-past", "03-06 12:00", "same_day@12:00", "03-09 12:00"),
    ("midnight-begins-the-day", "03-06 00:00", "1d", "03-08 00:00"),
    ("weeks", "03-06 10:00", "2w", "03-21 00:00"),
    ("month-of-leap-year-length", "01-29 10:00", "1mo", "03-01 00:00"),
    ("december", "12-05 10:00", "13mo", "@2028-01-06 00:00"),
]


@pytest.mark.parametrize(("start", "text", "due"), [row[1:] for row in LAST_DAY], ids=[row[0] for row in LAST_DAY])
def test_the_last_day_ends_where_the_options_say(
    start: str, text: str, due: str, calendars: Mapping[str, Calendar]
) -> None:
    full = datetime.fromisoformat(due[1:]).replace(tzinfo=SHANGHAI) if due.startswith("@") else at(due)
    assert calendars["office"].due_at(at(start), text) == full


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("9:00-12:00", "09:00-12:00"),
        ("09:00 – 12:00", "09:00-12:00"),
        ("9点至18点", "09:00-18:00"),
        ("9-12", None),
        ("", None),
    ],
)
def test_a_period_written_loosely_gets_a_suggestion(text: str, suggestion: str | None) -> None:
    assert suggest_period(text) == suggestion
