"""What is wrong with a recurrence is shown at the line, in both languages."""

from __future__ import annotations

import inspect
import re

import pytest

from dutyflow.kernel import schedule_rrule, schedule_spec, schedules
from dutyflow.kernel.calendars import Calendar
from dutyflow.kernel.schedules import Recurrence, ScheduleError, check_fires
from dutyflow.rulebook.findings import Finding, Findings
from dutyflow.rulebook.nodes import Node
from dutyflow.rulebook.schedule_findings import EXPLAINED, SHAPE_CODES, report_schedule
from dutyflow.rulebook.yaml_reader import read_text
from dutyflow.wording import LANGUAGES, say

OFFICE = Calendar.from_mapping({"name": "office", "hours": {"mon-fri": ["09:00-18:00"]}}, timezone="Asia/Shanghai")


def tree(text: str) -> Node:
    node = read_text("s.yaml", text, Findings())
    assert node is not None
    return node


def problem_of(text: str) -> Finding:
    node = tree(text)
    with pytest.raises(ScheduleError) as caught:
        check_fires(Recurrence.from_mapping(node.plain()), OFFICE)
    return report_schedule(caught.value, node, Findings())


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        ("{month: 3}", "DF268", 1),
        ("{workday: 3, day: 5}", "DF268", 14),
        ("{workday: 3, of: year}", "DF268", 18),
        ("{workday: 40}", "DF268", 11),
        ("{every: 5h, from: 2026-03-02}", "DF268", 9),
        ("{day: 15, between: 2026-03-02}", "DF103", 20),
        ("{day: 15, between: [2026-03-02]}", "DF268", 20),
        ("{dates: [2026-03-02, 2026-03-02]}", "DF268", 22),
        ("{rrule: 'FREQ=SOMETIMES'}", "DF268", 9),
        ("{rrule: 'FREQ=MINUTELY'}", "DF268", 9),
        ("{rrule: 'FREQ=WEEKLY;BYMONTHDAY=1'}", "DF268", 9),
        ("{rrule: 'FREQ=MONTHLY'}", "DF268", 1),
        ("{workday: 30}", "DF268", 1),
        ("{day: 15, between: [2026-03-01, 2026-03-10]}", "DF268", 1),
        ("{day: 3, rol: after}", "DF101", 10),
        ("{every: 7d}", "DF102", 1),
        ("[workday]", "DF103", 1),
        ("{weekday: monday}", "DF512", 11),
        ("{dates: [2026-02-30]}", "DF517", 10),
        ("{day: 15, between: 2026-06-30..2026-03-01}", "DF519", 20),
    ],
)
def test_each_problem_of_a_recurrence_points_at_what_is_wrong(text: str, code: str, column: int) -> None:
    found = problem_of(text)
    assert (found.code, found.place.column) == (code, column)
    for lang in LANGUAGES:
        message = found.text("message", lang)
        assert message and not re.search(r"\{\w+\}", message)


def test_a_year_that_nobody_wrote_is_not_shown() -> None:
    assert "2001" not in (problem_of("{workday: 30}").text("message", "en") or "")
    assert "2026-03-10" in (problem_of("{day: 15, between: [2026-03-01, 2026-03-10]}").text("message", "en") or "")


def test_the_frequency_that_was_probably_meant_is_named() -> None:
    assert problem_of("{rrule: 'FREQ=MONTHLI'}").text("help", "en") == "did you mean `MONTHLY`?"


def test_every_code_of_a_recurrence_has_a_finding_of_its_own_or_that_of_its_shape() -> None:
    text = "".join(inspect.getsource(module) for module in (schedules, schedule_spec, schedule_rrule))
    raised = set(re.findall(r'(?:_error|ScheduleError)\(\s*"(\w+)"', text))
    assert raised - {"bad_date"} == EXPLAINED | SHAPE_CODES.keys() - {"bad_date"}
    for code in EXPLAINED:
        assert say(f"schedule.{code}", "zh") != say(f"schedule.{code}", "en")
