"""People, the responsibility matrix and decision tables."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from tests.rulebook.books import codes, load, rules


def at(text: str) -> datetime:
    """A moment of Shanghai, as the rulebook reads it."""
    return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)


def test_roles_know_their_department_their_superior_and_whether_they_log_in() -> None:
    organisation = rules({"roles.agent.quiet_hours": "rest"}).organisation
    agent = organisation.roles["agent"]
    assert (agent.department, agent.superior, agent.external) == ("service", "chief", False)
    assert agent.quiet_hours is not None and organisation.roles["customer"].external
    assert organisation.head_of("agent") == "chief" and organisation.superior_of("chief") is None


def test_a_member_has_roles_skills_a_shift_and_leave() -> None:
    leave = ["2026-03-12..2026-03-13", "2026-03-06 17:00..2026-03-10 09:00", "2026-03-20"]
    ann = rules({"members.A1.leave": leave}).organisation.members["A1"]
    assert ann.roles == {"agent"} and ann.skills == {"repair": 3}
    whole_days, hours, one_day = ann.leave
    assert (whole_days.start_at, whole_days.end_at) == (at("2026-03-12 00:00"), at("2026-03-14 00:00"))
    assert (hours.start_at, hours.end_at) == (at("2026-03-06 17:00"), at("2026-03-10 09:00"))
    assert (one_day.start_at, one_day.end_at) == (at("2026-03-20 00:00"), at("2026-03-21 00:00"))


def test_whoever_is_on_leave_or_off_shift_is_not_on_duty() -> None:
    ann = rules({"members.A1.leave": ["2026-03-12"]}).organisation.members["A1"]
    moments = ["2026-03-11 23:59", "2026-03-11 19:59", "2026-03-12 12:00", "2026-03-13 07:59", "2026-03-13 08:00"]
    assert [ann.is_on_duty(at(moment)) for moment in moments] == [False, True, False, False, True]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"roles.agent.department": "servce"}, "DF204"),
        ({"roles.agent.superior": "cheif"}, "DF203"),
        ({"roles.agent.quiet_hours": "siesta"}, "DF212"),
        ({"roles.chief.superior": "agent"}, "DF216"),
        ({"roles.chief.superior": "chief"}, "DF216"),
        ({"departments.service.head": "cheif"}, "DF203"),
        ({"members.A1.roles": ["agent", "agnt"]}, "DF203"),
        ({"members.A1.shift": "nights"}, "DF207"),
        ({"members.A1.leave": ["2026-03-13..2026-03-12"]}, "DF260"),
        ({"members.A1.leave": ["2026-03-12 09:00..2026-03-12 09:00"]}, "DF260"),
        ({"members.A1.leave": ["0001-01-01 00:00..0001-01-02 00:00"]}, "DF260"),
        ({"members.A1.leave": ["9999-12-31"]}, "DF260"),
        ({"responsibility.care.departments": {"servce": "A"}}, "DF204"),
        ({"roles.system": {}}, "DF109"),
        ({"roles.owner": {}}, "DF109"),
        ({"members.agent": {"roles": ["agent"]}}, "DF109"),
        ({"forms.case.fields.now": {"type": "text"}}, "DF109"),
    ],
)
def test_a_mistake_about_people_is_one_finding(changes: dict[str, Any], code: str) -> None:
    assert codes(changes) == [code]


def test_one_circle_of_superiors_is_one_finding_however_many_are_in_it() -> None:
    changes: dict[str, Any] = {f"roles.r{n}": {"superior": f"r{(n + 1) % 4}"} for n in range(4)}
    changes["roles.agent.superior"] = "r0"
    assert codes(changes) == ["DF216"]


def test_the_matrix_keeps_the_marks_of_each_item() -> None:
    assert {name: dict(item.marks) for name, item in load().matrix.items()} == {"care": {"service": "A"}}


# --- decision tables --------------------------------------------------------------------------------------------


def scope(**values: Any) -> Any:
    """A scope as far as a table looks at it."""
    return SimpleNamespace(values=values)


@pytest.mark.parametrize(("n", "role"), [(0, "agent"), (2, "chief")])
def test_the_first_row_that_matches_gives_its_values(n: int, role: str) -> None:
    table = rules().tables["routing"]
    assert table.columns == ("role", "level", "item", "span")
    assert table.lookup("role", scope(n=n)) == role


def test_collecting_gives_the_values_of_every_row_that_matches() -> None:
    rows = [{"when": {"n": "> 1"}, "give": {"role": "chief"}}, {"otherwise": True, "give": {"role": "agent"}}]
    table = rules({"tables.routing": {"hit": "collect", "columns": {"role": "role"}, "rows": rows}}).tables["routing"]
    assert table.lookup("role", scope(n=5)) == ("chief", "agent")


@pytest.mark.parametrize(
    ("give", "code"),
    [
        ({"role": "agnt"}, "DF203"),
        ({"item": "caer"}, "DF213"),
        ({"level": "two"}, "DF261"),
        ({"span": "2 hours"}, "DF110"),
        ({"rloe": "agent"}, "DF211"),
        ({"role": ...}, "DF259"),
    ],
)
def test_a_cell_must_fit_its_column(give: dict[str, Any], code: str) -> None:
    cells = {"role": "agent", "level": 1, "item": "care", "span": "1h"} | give
    row = {"otherwise": True, "give": {name: cell for name, cell in cells.items() if cell is not ...}}
    assert codes({"tables.routing.rows": [row]}) == [code]


def test_a_table_may_look_into_another_but_not_into_itself() -> None:
    def asking(other: str) -> dict[str, Any]:
        asks = {"when": f"lookup({other}, level) > 1", "give": {"level": 1}}
        rows = [asks, {"otherwise": True, "give": {"level": 2}}]
        return {"columns": {"level": "number"}, "rows": rows}

    assert codes({"tables.second": asking("routing")}) == []
    assert codes({"tables.second": asking("second")}) == ["DF265"]
    assert codes({"tables.second": asking("third"), "tables.third": asking("second")}) == ["DF265", "DF265"]
    assert codes({"tables.second": asking("third"), "tables.third": asking("third")}) == ["DF265"]
