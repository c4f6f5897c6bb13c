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
from dutyflow.rulebook.compile.reports import Metric
from dutyflow.rulebook.places import Place

PointKind = Literal["state", "owner", "outcome", "field", "clock", "child", "opened", "metric"]


@dataclass(frozen=True, slots=True)
class TicketName:
    """`{ticket: name}` among the data of a step: the id of the ticket that has this name in the story."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One thing that must be true of one ticket: `want` of `name`, for clocks and metrics of one `part` of them.

    Of children `want` holds the names that they have from here on; they may be those of any of `tickets`, the tickets
    of a step that is done on several.
    """

    kind: PointKind
    name: str = ""
    part: str = ""
    want: Any
    ticket: str = MAIN
    tickets: tuple[str, ...] = ()
    metric: Metric | None = None
    run: int | None = None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One addressee of an alert: a role (or a person), and its members where the scenario names them."""

    role: str
    members: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedAlert:
    """One warning, breach or escalation that must be raised; `to` None leaves open to whom, `names` which it lists."""

    at: datetime
    clock: str
    kind: Literal["warning", "breach", "escalation"]
    to: tuple[Told, ...] | None = None
    ticket: str = MAIN
    names: tuple[str, ...] | None = None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedMessage:
    """One message that must be sent, at the moment at which it goes out; `to` None leaves open to whom."""

    at: datetime
    template: str
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
class RefusedRow:
    """One row for which a batch must be refused; `why` None leaves open for what reason."""

    number: int
    why: str | None = None
    first: int | None = None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """The rows of a step, each with what they have in common, and the bad ones: a complete list, empty for none."""

    rows: tuple[Mapping[str, Any], ...]
    key: str
    refused: tuple[RefusedRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioStep:
    """Somebody does something (`event`), or the story only looks at the ticket after the timers of `at`.

    With a `population` the event opens a ticket for each row; `ticket` is then what their names begin with.
    """

    at: datetime
    by: str = ""
    event: str | None = None
    ticket: str = MAIN
    data: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None
    denied: Denied | None = None
    population: Population | None = None
    points: tuple[Point, ...] = ()
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A ticket's path with its expectations. `alerts` None means that none were listed; a list is complete.

    `start` is the moment from which the `schedules` run that the story names.
    """

    id: str
    title: Title
    workflow: str
    steps: tuple[ScenarioStep, ...]
    covers: tuple[str, ...] = ()
    members: Mapping[str, Member] = field(default_factory=dict)
    schedules: tuple[str, ...] = ()
    start: datetime | None = None
    until: datetime | None = None
    points: tuple[Point, ...] = ()
    alerts: tuple[WantedAlert, ...] | None = None
    alerts_place: Place | None = None
    messages: tuple[WantedMessage, ...] | None = None
    messages_place: Place | None = None
    place: Place
