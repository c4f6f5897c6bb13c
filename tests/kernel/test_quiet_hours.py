"""Quiet hours include their start and exclude their end; an agreed time opens a window that includes both."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from dutyflow.kernel.calendars import CalendarError
from dutyflow.kernel.quiet_hours import QuietHours

SHANGHAI = ZoneInfo("Asia/Shanghai")
REST = {
    "timezone": "Asia/Shanghai",
    "hours": ["12:00-14:00", "21:00-09:00"],
    "agreed_time_opens": {"before": "15m", "after": "30m"},
}


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("time", "quiet"),
    [("08:59", True), ("09:00", False), ("11:59", False), ("12:00", True), ("13:59", True), ("14:00", False),
     ("20:59", False), ("21:00", True), ("00:00", True)],
)  # fmt: skip
def test_the_borders_of_scenario_2_2(time: str, quiet: bool) -> None:
    assert QuietHours.from_mapping(REST).is_quiet(at(f"03-03 {time}")) is quiet


@pytest.mark.parametrize(
    ("time", "quiet"), [("12:14", True), ("12:15", False), ("12:30", False), ("13:00", False), ("13:01", True)]
)
def test_a_time_agreed_by_the_customer_opens_a_window_with_both_ends(time: str, quiet: bool) -> None:
    assert QuietHours.from_mapping(REST).is_quiet(at(f"03-06 {time}"), agreed_at=at("03-06 12:30")) is quiet


def test_without_margins_an_agreed_time_opens_nothing() -> None:
    strict = QuietHours.from_mapping({key: REST[key] for key in ("timezone", "hours")})
    assert strict.is_quiet(at("03-06 12:30"), agreed_at=at("03-06 12:30"))


def test_a_held_contact_may_go_out_when_the_quiet_period_ends() -> None:
    rest = QuietHours.from_mapping(REST)
    assert rest.next_contact(at("03-06 21:30")) == at("03-07 09:00")
    assert rest.next_contact(at("03-06 10:00")) == at("03-06 10:00")
    assert rest.next_contact(at("03-06 12:00"), agreed_at=at("03-06 12:30")) == at("03-06 12:15")
    assert rest.next_contact(at("03-06 12:00"), agreed_at=at("03-05 12:30")) == at("03-06 14:00")


def test_the_shipped_quiet_hours_are_those_of_the_packs() -> None:
    path = Path(__file__).parents[2] / "workflows" / "_shared" / "calendars.yaml"
    shipped = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)["quiet_hours"]
    assert QuietHours.from_mapping(shipped["customer_rest"]) == QuietHours.from_mapping(REST)


def test_quiet_hours_may_differ_by_weekday_and_take_the_zone_from_outside() -> None:
    weekend = QuietHours.from_mapping({"hours": {"sat-sun": ["00:00-10:00"]}}, timezone="Asia/Shanghai")
    assert weekend.is_quiet(at("03-07 09:30")) and not weekend.is_quiet(at("03-06 09:30"))


@pytest.mark.parametrize(
    ("more", "code", "path"),
    [
        ({"hours": ["12:00-12:00"]}, "zero_length_period", ("hours", 0)),
        ({"hours": ["00:00-24:00"]}, "never_opens", ("hours",)),
        ({"hours": None}, "missing_key", ()),
        ({"quiet": True}, "unknown_key", ("quiet",)),
        ({"timezone": "Nowhere"}, "unknown_zone", ("timezone",)),
        ({"agreed_time_opens": "15m"}, "not_a_mapping", ("agreed_time_opens",)),
        ({"agreed_time_opens": {"until": "15m"}}, "unknown_key", ("agreed_time_opens", "until")),
        ({"agreed_time_opens": {"before": "15 min"}}, "bad_duration", ("agreed_time_opens", "before")),
        ({"agreed_time_opens": {"after": "1d"}}, "bad_duration", ("agreed_time_opens", "after")),
    ],
)
def test_wrong_quiet_hours_are_refused_with_their_place(
    more: dict[str, object], code: str, path: tuple[object, ...]
) -> None:
    with pytest.raises(CalendarError) as caught:
        QuietHours.from_mapping(REST | more)
    assert (caught.value.code, caught.value.path) == (code, path)
