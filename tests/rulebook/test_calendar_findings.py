"""What is wrong with a calendar or a duration is shown at the line, in both languages."""

from __future__ import annotations

import inspect
import re

import pytest

from dutyflow.kernel import calendar_spec, durations, quiet_hours
from dutyflow.kernel.calendars import Calendar
from dutyflow.kernel.durations import Duration, DurationError
from dutyflow.kernel.quiet_hours import QuietHours
from dutyflow.rulebook.calendar_findings import CALENDAR_CODES, report_calendar
from dutyflow.rulebook.duration_findings import EXPLAINED, report_duration
from dutyflow.rulebook.findings import Finding, Findings
from dutyflow.rulebook.nodes import Node
from dutyflow.rulebook.places import Place
from dutyflow.rulebook.yaml_reader import read_text
from dutyflow.wording import LANGUAGES, say


def tree(text: str) -> Node:
    node = read_text("c.yaml", text, Findings())
    assert node is not None
    return node


def problems_of(text: str) -> list[Finding]:
    node, findings = tree(text), Findings()
    mapping = node.plain()
    assert isinstance(mapping, dict)
    kind = QuietHours if "agreed_time_opens" in mapping or isinstance(mapping.get("hours"), list) else Calendar
    for problem in kind.problems(mapping, timezone="Asia/Shanghai"):
        report_calendar(problem, node, findings)
    return findings.sorted()


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        ("timezone: Asia/Beijing\nhours: {daily: ['00:00-24:00']}", "DF510", (1, 11)),
        ("hours:\n  mon-fri: ['09:00-18:00']\n  wed: ['09:00-12:00']", "DF511", (3, 3)),
        ("hours:\n  monday: '09:00-18:00'", "DF512", (2, 3)),
        ("hours:\n  mon: ['09:00-12:00', '1:00-18:00']", "DF513", (2, 24)),
        ("hours:\n  mon: '9-12'", "DF513", (2, 8)),
        ("hours: {daily: ['09:00-09:00']}", "DF514", (1, 17)),
        ("hours: {mon: ['09:00-13:00', '12:00-18:00']}", "DF515", (1, 30)),
        ("hours: {mon: ['09:00-13:00']}\nopen:\n  2026-02-28: sat", "DF516", (3, 15)),
        ("hours: {mon: ['09:00-13:00']}\nclosed: [2026-02-30]", "DF517", (2, 10)),
        ("hours: {mon: ['09:00-13:00']}\nopen:\n  2026-02-30: mon", "DF517", (3, 3)),
        ("hours: {mon: ['09:00-13:00']}\nopen: {2026-03-01: mon, 2026-03-01..2026-03-02: mon}", "DF518", (2, 25)),
        ("hours: {mon: ['09:00-13:00']}\nclosed: [2026-03-02..2026-03-01]", "DF519", (2, 10)),
        ("hours: {mon: ['09:00-13:00']}\nclosed: [2026-03-02..2226-03-01]", "DF520", (2, 10)),
        ("hours: {mon: ['09:00-13:00']}\nclosed: [2026-03-02..2028-03-01]", "DF521", (2, 1)),
        ("hours: {mon: []}", "DF521", (1, 1)),
        ("hours: ['00:00-24:00']", "DF521", (1, 1)),
        ("hours: ['12:00-14:00']\nagreed_time_opens: {before: 1bd}", "DF522", (2, 29)),
        ("hours: {mon: ['09:00-13:00']}\ncloesd: []", "DF101", (2, 1)),
        ("closed: []", "DF102", (1, 1)),
        ("hours: {mon: ['09:00-13:00']}\nclosed: 2026-03-02", "DF103", (2, 9)),
    ],
)
def test_each_problem_of_a_calendar_points_at_what_is_wrong(text: str, code: str, where: tuple[int, int]) -> None:
    first = problems_of(text)[0]
    assert (first.code, (first.place.line, first.place.column)) == (code, where)
    for lang in LANGUAGES:
        message = first.text("message", lang)
        assert message and not re.search(r"\{\w+\}", message)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("Asia/Beijing", "Asia/Shanghai"), ("北京时间", "Asia/Shanghai"), ("Asia/Urumki", "Asia/Urumqi")],
)
def test_the_zone_that_was_probably_meant_is_named(written: str, meant: str) -> None:
    found = problems_of(f"timezone: {written}\nhours: {{daily: ['00:00-24:00']}}")
    assert found[0].text("help", "en") == f"did you mean `{meant}`?"


def test_every_code_of_a_calendar_problem_has_a_finding() -> None:
    text = inspect.getsource(calendar_spec) + inspect.getsource(quiet_hours)
    raised = set(re.findall(r'problems\.add\(\s*"(\w+)"', text)) | {"not_a_mapping"}
    assert raised == set(CALENDAR_CODES)


@pytest.mark.parametrize(
    ("text", "label", "help_text"),
    [
        ("24 hours", "expected <number><unit>", "did you mean `24h`?"),
        ("3", "the unit is missing", "did you mean `3h`?"),
        ("0d", "must be longer than nothing", "did you mean `same_day`?"),
        ("3M", "months are `3mo`, minutes `3m`", "did you mean `3mo`?"),
        ("1d4h", "these units cannot be added up", "write `24h`"),
        ("3d@9:00", "`@9:00` is neither a calendar nor a time of day", "did you mean `3d@09:00`?"),
    ],
)
def test_a_wrong_duration_says_what_is_wrong_with_it(text: str, label: str, help_text: str) -> None:
    findings = Findings()
    with pytest.raises(DurationError) as caught:
        Duration.parse(text)
    found = report_duration(caught.value, Place("sla.yaml", 1, 9, 1, 12), findings, written=text)
    assert found.text("message", "en") == f"`{text}` is not a duration"
    assert found.text("label", "en") == label
    assert (found.text("help", "en") or "").startswith(help_text)


def test_every_code_of_a_duration_problem_has_a_sentence() -> None:
    raised = set(re.findall(r'DurationError\("(\w+)"', inspect.getsource(durations)))
    assert raised - {"not_a_duration"} == EXPLAINED
    for code in EXPLAINED:
        assert say(f"duration.{code}", "zh") != say(f"duration.{code}", "en")
