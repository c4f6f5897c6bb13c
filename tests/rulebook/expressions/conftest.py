"""A small rulebook's names, a scope to evaluate in, and short ways to compile for the tests of expressions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dutyflow.kernel.calendars import Calendar
from dutyflow.rulebook.expressions import Expression, Problem, compile_expression
from dutyflow.rulebook.types import (
    BOOLEAN,
    DATE,
    DATETIME,
    DURATION,
    MONEY,
    NUMBER,
    PERSON,
    REFERENCE,
    TEXT,
    TIME,
    Names,
    Type,
    choice,
    list_of,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # Monday, 10:00 in Shanghai
DESK = Calendar.from_mapping({"timezone": "Asia/Shanghai", "hours": {"mon-fri": ["09:00-12:00", "13:00-18:00"]}})


@dataclass
class World:
    """A scope whose every part can be set."""

    values: Mapping[str, Any] = field(default_factory=dict)
    now: datetime = NOW
    actor: str | None = "A1"
    zone: ZoneInfo = SHANGHAI
    state: str = "received"
    opened_at: datetime = NOW
    entered_at: datetime | None = None
    children: Mapping[str, int] = field(default_factory=lambda: {"revisit": 2, "repair": 1})

    skills: Mapping[tuple[str, str], int] = field(default_factory=lambda: {("A1", "repair"): 3})
    asked: tuple[Any, ...] = ()

    def clock_open(self, sla: str) -> bool:
        return sla == "result"

    def clock_breached(self, sla: str) -> bool:
        return sla == "judge"

    def clock_due(self, sla: str) -> datetime | None:
        return NOW if sla == "result" else None

    def children_open(self, workflow: str | None = None) -> int:
        return sum(self.children.values()) if workflow is None else self.children.get(workflow, 0)

    def roles_of(self, person: str) -> frozenset[str]:
        return frozenset({"manager"}) if person == "A1" else frozenset()

    def skill_of(self, person: str, name: str) -> int:
        return self.skills.get((person, name), 0)

    def on_duty(self, person: str) -> bool:
        return person == "A1"

    def open_load(self, person: str, field: str) -> int:
        return {("A1", "owner"): 3}.get((person, field), 0)

    def least_loaded(self, role: str, field: str, skill: str | None, level: int | None) -> str | None:
        self.asked = (role, field, skill, level)
        return "A1"

    def tickets_in(self, name: str) -> tuple[Any, ...]:
        return ()

    def field_of(self, ticket: str, field: str) -> Any:
        return None

    def state_of(self, ticket: str) -> str | None:
        return None

    def lookup(self, table: str, column: str) -> Any:
        return {("routing", "team"): "east", ("routing", "hours"): 4}[(table, column)]

    def calendar(self, name: str) -> Calendar:
        return {"desk": DESK, "office": DESK}[name]


@pytest.fixture(scope="session")
def names() -> Names:
    """The names that expressions of these tests may use."""
    return Names(
        fields={
            "severity": choice("minor", "major"),
            "n": NUMBER,
            "m": NUMBER,
            "amount": MONEY,
            "done": BOOLEAN,
            "open_": BOOLEAN,
            "bought_on": DATE,
            "slot_at": DATETIME,
            "opens": TIME,
            "wait": DURATION,
            "owner": PERSON,
            "order": REFERENCE,
            "note": TEXT,
            "tags": list_of(choice("a", "b", "c")),
            "calls": list_of(DATE),
            "costs": list_of(MONEY),
            "金额": MONEY,
        },
        clocks=frozenset({"result", "judge"}),
        workflows=frozenset({"revisit", "repair"}),
        states=frozenset({"received", "closed"}),
        roles=frozenset({"manager", "agent"}),
        calendars={"desk": DESK, "office": DESK},
        default_calendar="office",
        tables={"routing": {"team": TEXT, "hours": NUMBER}},
        zone=SHANGHAI,
    )


Compile = Callable[..., Expression]
Value = Callable[..., Any]
Problems = Callable[..., tuple[Problem, ...]]


@pytest.fixture(scope="session")
def compiled(names: Names) -> Compile:
    """Compile a text that has no problems."""

    def run(text: str, *, expect: Type | None = None) -> Expression:
        found = compile_expression(text, names, expect=expect)
        assert isinstance(found, Expression), found
        return found

    return run


@pytest.fixture(scope="session")
def value(compiled: Compile) -> Value:
    """The value of a text for a ticket with these field values."""
    return lambda text, **values: compiled(text).evaluate(World(values))


@pytest.fixture(scope="session")
def problems(names: Names) -> Problems:
    """The problems of a text, which must have some."""

    def run(text: str, *, expect: Type | None = None) -> tuple[Problem, ...]:
        found = compile_expression(text, names, expect=expect)
        assert not isinstance(found, Expression), "no problem was found"
        return found

    return run


@pytest.fixture(scope="session")
def world() -> type[World]:
    """The scope, for tests that set more than field values."""
    return World
