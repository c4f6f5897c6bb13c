"""A scenario as data: the steps of a ticket's path, and what must be true along it; each with its place in the file."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from dutyflow.kernel.rules import Member, Title
from dutyflow.lab.simulation import MAIN
from dutyflow.rulebook.places import Place

PointKind = Literal["state", "owner", "outcome", "field", "clock", "child"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One thing that must be true of one ticket: `want` of `name`, for clocks of one `part` of them."""

    kind: PointKind
    name: str = ""
    part: str = ""
    want: Any
    ticket: str = MAIN
    run: int | None = None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One addressee of an alert: a role (or a person), and its members where the scenario names them."""

    role: str
    members: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedAlert:
    """One warning, breach or escalation that must be raised; `to` None leaves open to whom."""

    at: datetime
    clock: str
    kind: Literal["warning", "breach", "escalation"]
    to: tuple[Told, ...] | None = None
    ticket: str = MAIN
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The limit that a refusal must name: as it is written, and as a moment if it can be read as one."""

    text: str
    at: datetime | None = None

    def agrees(self, got: object) -> bool:
        """Whether a limit of whatever type is the one that is written."""
        match got:
            case datetime():
                return got == self.at
            case int() | Decimal():
                with suppress(InvalidOperation):
                    return Decimal(self.text) == got
            case time():
                return self.text == got.isoformat("minutes")
        return self.text == str(got)


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """The refusal that a step must meet; `values` of it are compared exactly."""

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioStep:
    """Somebody does something (`event`), or the story only looks at the ticket after the timers of `at`."""

    at: datetime
    by: str = ""
    event: str | None = None
    ticket: str = MAIN
    data: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None
    denied: Denied | None = None
    points: tuple[Point, ...] = ()
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A ticket's path with its expectations. `alerts` None means that none were listed; a list is complete."""

    id: str
    title: Title
    workflow: str
    steps: tuple[ScenarioStep, ...]
    covers: tuple[str, ...] = ()
    members: Mapping[str, Member] = field(default_factory=dict)
    until: datetime | None = None
    points: tuple[Point, ...] = ()
    alerts: tuple[WantedAlert, ...] | None = None
    alerts_place: Place | None = None
    place: Place
