"""The types that fields and expressions have, the names an expression may use, and the scope it is evaluated in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

from dutyflow.wording import Phrase

if TYPE_CHECKING:
    from dutyflow.kernel.calendars import Calendar

# What a value of each kind is at run time: text, choice, person, reference and attachment are `str`; number is `int` or
# `Decimal`; money is `Decimal`; boolean is `bool`; date, time and datetime (aware, UTC) are those of the standard
# library; duration is `timedelta`; a list is a tuple; a missing value is `None` whatever its type.


@dataclass(frozen=True, slots=True)
class Type:
    """The type of a field or of an expression; `options` belong to a choice, `item` to a list."""

    kind: str
    options: tuple[str, ...] = ()
    item: "Type | None" = None

    @property
    def phrase(self) -> Phrase:
        """The name of the type as people say it, to be put into a message."""
        if self.item is None or self.item.kind in {"none", "unknown"}:
            return Phrase.of(f"types.{self.kind}")
        return Phrase.of("types.list_of", item=self.item.phrase)

    def title(self, lang: str = "en") -> str:
        """The name of the type as people say it, in `zh` or `en`."""
        return self.phrase.text(lang)

    @property
    def is_numeric(self) -> bool:
        """Whether values are counted: a number or an amount of money."""
        return self.kind in {"number", "money"}

    @property
    def is_ordered(self) -> bool:
        """Whether `<` and `>` mean something for two values of this type."""
        return self.kind in {"number", "money", "date", "time", "datetime", "duration"}

    def __str__(self) -> str:
        """A short form for developers."""
        return f"list of {self.item}" if self.item else self.kind


TEXT = Type("text")
NUMBER = Type("number")
MONEY = Type("money")
BOOLEAN = Type("boolean")
DATE = Type("date")
TIME = Type("time")
DATETIME = Type("datetime")
DURATION = Type("duration")
PERSON = Type("person")
REFERENCE = Type("reference")
ATTACHMENT = Type("attachment")
NONE = Type("none")
# The type of a part that already has a problem: it fits everywhere, so that one mistake gives one message.
UNKNOWN = Type("unknown")


def choice(*options: str) -> Type:
    """The type of a field that takes one of the options."""
    return Type("choice", options)


def list_of(item: Type) -> Type:
    """The type of a list of items."""
    return Type("list", item=item)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Every name an expression may use, and what it stands for."""

    fields: Mapping[str, Type]
    clocks: frozenset[str]
    workflows: frozenset[str]
    states: frozenset[str]
    roles: frozenset[str]
    calendars: "Mapping[str, Calendar]"
    default_calendar: str
    tables: Mapping[str, Mapping[str, Type]]
    zone: ZoneInfo
    sets: Mapping[str, Mapping[str, Type]] = field(default_factory=dict)
    """The fields of the tickets in each set."""
    all_fields: Mapping[str, Type] = field(default_factory=dict)
    """The fields of all workflows together, for what is asked of other tickets."""


class Scope(Protocol):
    """What an expression may see of one ticket at one moment; the kernel's own scope fits."""

    @property
    def values(self) -> Mapping[str, Any]: ...
    @property
    def now(self) -> datetime: ...
    @property
    def actor(self) -> str | None: ...
    @property
    def zone(self) -> ZoneInfo: ...
    @property
    def state(self) -> str: ...
    @property
    def opened_at(self) -> datetime: ...
    @property
    def entered_at(self) -> datetime | None: ...
    def clock_open(self, sla: str, /) -> bool: ...
    def clock_breached(self, sla: str, /) -> bool: ...
    def clock_due(self, sla: str, /) -> datetime | None: ...
    def children_open(self, workflow: str | None = None, /) -> int: ...
    def roles_of(self, person: str, /) -> frozenset[str]: ...
    def skill_of(self, person: str, name: str, /) -> int: ...
    def on_duty(self, person: str, /) -> bool: ...
    def open_load(self, person: str, field: str, /) -> int: ...
    def least_loaded(self, role: str, field: str, skill: str | None, level: int | None, /) -> str | None: ...
    def tickets_in(self, name: str, /) -> Any: ...
    def field_of(self, ticket: str, field: str, /) -> Any: ...
    def state_of(self, ticket: str, /) -> str | None: ...
    def lookup(self, table: str, column: str, /) -> Any: ...
    def calendar(self, name: str, /) -> "Calendar": ...
