"""What people ask of a desk minute by minute, and what must come of it: a plain model that knows no engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

DESK = Path(__file__).parent / "desk"
"""The rulebook."""

NINE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""Nine o'clock on a Monday in Shanghai."""

MINUTE = timedelta(minutes=1)
WARNED, DUE, ESCALATED = timedelta(minutes=3), timedelta(minutes=5), timedelta(seconds=90)
"""When a promise is warned of and due after it was given, and escalated after it was due; see the rulebook."""

MOVED_TO = timedelta(minutes=9, seconds=20)
"""Where a promise that is put off is due, after it was given; not at a full minute, when commands come."""

LAST = 12
"""Minutes after which nothing more happens to a promise."""

Fate = Literal["moved", "cancelled", "breached"]
FATES: tuple[Fate, ...] = ("moved", "cancelled", "breached")

Fact = tuple[str, str, datetime]
"""Something that happened to a promise or its visit: what, which, when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A command under its key. `of` is the promise it is for; `visit` means the visit that belongs to it."""

    key: str
    of: str
    do: Literal["open", "fire", "comment"] = "fire"
    event: str = ""
    actor: str = "A1"
    data: dict[str, Any] = field(default_factory=dict)
    visit: bool = False
    is_denied: bool = False


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise of many: when it is given, and what becomes of it."""

    number: int
    given_at: datetime

    @property
    def name(self) -> str:
        """Its topic, by which it is recognised: the engine gives the ids."""
        return f"promise {self.number}"

    @property
    def fate(self) -> Fate:
        """A third is put off, a third is withdrawn, and the rest is forgotten."""
        return FATES[self.number % 3]

    @property
    def is_visited(self) -> bool:
        """Half of the visits are made."""
        return self.number % 2 == 0

    @property
    def asks(self) -> Iterator[tuple[int, Ask]]:
        """Every command about it, by the minute after it was given."""
        n, name = self.number, self.name
        yield 0, Ask(key=f"{n}-give", of=name, do="open", event="give", data={"topic": name})
        if self.number % 5 == 0:
            yield 1, Ask(key=f"{n}-stranger", of=name, event="keep", actor="C1", is_denied=True)
        if self.fate == "moved":
            yield 1, Ask(key=f"{n}-put-off", of=name, event="put_off", data={"promised_at": self._moved_to})
        elif self.fate == "cancelled":
            yield 1, Ask(key=f"{n}-withdraw", of=name, event="withdraw")
            yield 2, Ask(key=f"{n}-too-late", of=name, event="keep", is_denied=True)
        if self.is_visited:
            yield 2, Ask(key=f"{n}-make", of=name, event="make", visit=True)
        yield 6, Ask(key=f"{n}-note", of=name, do="comment")

    @property
    def facts(self) -> Counter[Fact]:
        """Everything that must be in its history and in that of its visit, each once."""
        given = self.given_at
        facts: list[Fact] = [("fired", "give", given), ("fired", "plan", given)]
        facts.append(("commented", "A1", given + 6 * MINUTE))
        if self.is_visited:
            facts.append(("fired", "make", given + 2 * MINUTE))
            facts.append(("child", "closed", given + 2 * MINUTE))
            if self.fate != "cancelled":
                facts.append(("fired", "visited", given + 2 * MINUTE))
        if self.fate == "moved":
            facts.append(("fired", "put_off", given + MINUTE))
        if self.fate == "cancelled":
            facts.append(("fired", "withdraw", given + MINUTE))
        return Counter([*facts, *self.alarms])

    @property
    def alarms(self) -> tuple[Fact, ...]:
        """What rings, each at its own moment: nothing for a promise that was withdrawn."""
        if self.fate == "cancelled":
            return ()
        due = self.given_at + (MOVED_TO if self.fate == "moved" else DUE)
        late: tuple[Fact, ...] = (("rang", "breach", due), ("rang", "escalation", due + ESCALATED))
        return late if self.fate == "moved" else (("rang", "warning", self.given_at + WARNED), *late)

    @property
    def messages(self) -> Counter[Fact]:
        """What people must hear of it: each alarm, and the word that it was put off."""
        told = [("notice", kind, at) for _, kind, at in self.alarms]
        if self.fate == "moved":
            told.append(("send", "put_off", self.given_at + MINUTE))
        return Counter(told)

    @property
    def refusals(self) -> int:
        """How many of its commands are refused; the audit trail has each of them once."""
        return sum(ask.is_denied for _, ask in self.asks)

    @property
    def _moved_to(self) -> str:
        return (self.given_at + MOVED_TO).isoformat()


@dataclass(frozen=True, slots=True)
class Plan:
    """All promises of a run, so many of them given in each minute."""

    promises: tuple[Promise, ...]
    minutes: int

    def asks_at(self, minute: int) -> tuple[Ask, ...]:
        """The commands of a minute, those that open promises first."""
        now = NINE + minute * MINUTE
        asks = [ask for p in self.promises for after, ask in p.asks if p.given_at + after * MINUTE == now]
        return tuple(sorted(asks, key=lambda ask: ask.do != "open"))

    @property
    def asks(self) -> Iterable[Ask]:
        """All commands."""
        return (ask for promise in self.promises for _, ask in promise.asks)


def planned(promise_count: int, per_minute: int) -> Plan:
    """A plan for so many promises."""
    promises = tuple(Promise(n, NINE + n // per_minute * MINUTE) for n in range(promise_count))
    return Plan(promises, (promise_count - 1) // per_minute + LAST)
