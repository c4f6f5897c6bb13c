"""Moments as people write them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.builders import at

from dutyflow.telling.moments import Anchor, MomentError, read_moment, show_moment, show_span

ZONE = ZoneInfo("Asia/Shanghai")
FRIDAY = Anchor(ZONE, at("2026-03-06 19:10"), at("2026-03-02 09:14"))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Mon 2026-03-02 09:14", "2026-03-02 09:14"),
        ("monday 2026-03-02 09:14", "2026-03-02 09:14"),
        ("周一 2026-03-02 09:14", "2026-03-02 09:14"),
        ("星期日 03-08 09:14", "2026-03-08 09:14"),
        ("周天 03-08 09：14", "2026-03-08 09:14"),
        ("2026-03-02T09:14", "2026-03-02 09:14"),
        ("2026-03-02T01:14:00Z", "2026-03-02 09:14"),
        ("2026-03-02 09:14+08:00", "2026-03-02 09:14"),
        ("Wed 03-11 10:00", "2026-03-11 10:00"),
        ("20:30", "2026-03-06 20:30"),
        ("24:00", "2026-03-07 00:00"),
        ("2026-02-28 24:00", "2026-03-01 00:00"),
        ("+20h", "2026-03-03 05:14"),
        ("+24h20m", "2026-03-03 09:34"),
        ("+3d", "2026-03-05 09:14"),
        ("+1w", "2026-03-09 09:14"),
    ],
)
def test_a_moment_is_read_as_people_mean_it(text: str, meant: str) -> None:
    assert read_moment(text, FRIDAY) == at(meant)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2026-03-02",
        "25:00",
        "24:01",
        "10:60",
        "2026-02-30 10:00",
        "Foo 2026-03-02 09:14",
        "+2bd",
        "+x",
        "3-2 9:14",
    ],
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(MomentError) as refused:
        read_moment(text, FRIDAY)
    assert refused.value.code == "DF120"


def test_a_wrong_weekday_is_refused_and_the_right_one_told() -> None:
    with pytest.raises(MomentError, match="Monday") as refused:
        read_moment("Tue 2026-03-02 09:14", FRIDAY)
    assert refused.value.code == "DF121"


@pytest.mark.parametrize("text", ["10:30", "03-02 10:30", "+20h"])
def test_the_first_moment_must_say_everything(text: str) -> None:
    with pytest.raises(MomentError):
        read_moment(text, Anchor(ZONE))


@given(
    moment=st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)),
    lang=st.sampled_from(["zh", "en"]),
    zone=st.sampled_from(["Asia/Shanghai", "UTC", "Asia/Kathmandu"]),
)
def test_a_moment_that_is_shown_can_be_read_again(moment: datetime, lang: str, zone: str) -> None:
    instant = moment.replace(microsecond=0, tzinfo=UTC)
    shown = show_moment(instant, ZoneInfo(zone), lang)
    assert read_moment(shown, Anchor(ZoneInfo(zone))) == instant


@pytest.mark.parametrize(
    ("span", "shown"),
    [
        (timedelta(), "0m"),
        (timedelta(days=9, hours=17, minutes=20), "9d 17h 20m"),
        (timedelta(hours=20), "20h"),
        (timedelta(seconds=90), "1m 30s"),
    ],
)
def test_a_span_is_shown_in_days_hours_and_minutes(span: timedelta, shown: str) -> None:
    assert show_span(span) == shown
