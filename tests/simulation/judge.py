"""Reads the histories that a simulated world has left behind, and says what should not have happened, or is missing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime

from tests.crash.inspection import MANY, faults
from tests.crash.plan import DUE, ESCALATED, NINE, WARNED
from tests.simulation.world import Ask, World

from dutyflow.bootstrap.engine import Engine
from dutyflow.kernel import events as ev
from dutyflow.kernel.effects import Notice
from dutyflow.kernel.ticket import Ticket

CLOSING = frozenset(("keep", "withdraw", "make"))
PLAIN_REFUSAL, STRANGER = "state", "role"
ALARM_ORDER = ("warning", "breach", "escalation")

Alarm = tuple[datetime, str]


class Reader:
    """Follows one history, event by event, and knows what may come next. `wrong` is what came all the same."""

    def __init__(self, world: World, ticket: str) -> None:
        self.wrong: list[str] = []
        self.seen: Counter[str] = Counter()
        self.alarms: list[Alarm] = []
        self.told: Counter[tuple[str, datetime]] = Counter()
        self.is_closed = False
        self._world = world
        self._ticket = ticket
        self._rung: set[str] = set()
        self._due_at = NINE
        self._last: datetime | None = None

    def read(self, event: ev.Event) -> None:
        """The next event."""
        if isinstance(event, ev.Rang):
            self._ring(event)
        else:
            self._nothing_was_due(event.at)
            if isinstance(event, ev.Fired):
                self._fire(event)
            elif isinstance(event, ev.Commented):
                self._expect(event.text, event.at)
        self._last = event.at

    def end(self) -> None:
        """There is no more: whatever was to ring has rung."""
        if self.alarms:
            self._complain(f"never rang: {self.alarms}")

    def _ring(self, event: ev.Rang) -> None:
        if not self.alarms or self.alarms[0] != (event.at, event.kind):
            self._complain(f"{event.kind} at {event.at} rang, expected were {self.alarms[:1]}")
        self.alarms = self.alarms[1:]
        self._rung.add(event.kind)
        self.told[event.kind, event.at] += 1

    def _nothing_was_due(self, at: datetime) -> None:
        passed = [alarm for alarm in self.alarms if alarm[0] < at]
        if passed:
            self._complain(f"something happened at {at} before {passed} rang")

    def _fire(self, event: ev.Fired) -> None:
        if event.reason is not None:
            self._expect(event.reason, event.at)
        if self.is_closed and event.event != "visited":
            self._complain(f"{event.event} went through after the end")
        now = event.at
        if event.event == "give":
            self._due_at = now + DUE
            self._let_ring({"warning": now + WARNED, "breach": self._due_at, "escalation": self._due_at + ESCALATED})
        elif event.event == "put_off":
            self._due_at = event.given["promised_at"]
            self._let_ring({"breach": max(self._due_at, now), "escalation": max(self._due_at + ESCALATED, now)})
            self.told["put_off", now] += 1
        elif event.event in CLOSING:
            self.is_closed = True
            # It may have been put off to a moment in the past in this very second: then it is kept too late.
            is_late = event.event == "keep" and self._due_at < now
            self._let_ring({"breach": now} if is_late else {})

    def _let_ring(self, moments: dict[str, datetime]) -> None:
        """From now on these ring, each kind only if it has not yet."""
        ahead = [(at, kind) for kind, at in moments.items() if kind not in self._rung]
        self.alarms = sorted(ahead, key=lambda alarm: (alarm[0], ALARM_ORDER.index(alarm[1])))

    def _expect(self, key: str, at: datetime) -> None:
        """A command went through, at the time of one of its tries, or of the last event if clocks had gone back."""
        self.seen[key] += 1
        ask, tried = self._world.asks[key], self._world.tried_at[key]
        is_pushed = ask.at is None and at == self._last and min(tried) < at
        if at not in tried and not is_pushed:
            self._complain(f"{key} happened at {at}, but was tried at {sorted(tried)}")

    def _complain(self, what: str) -> None:
        self.wrong.append(f"{self._ticket}: {what}")


def judged(world: World) -> list[str]:
    """Everything that is wrong with a world at rest; nothing must be."""
    with world.quiet_engine() as engine:
        readers = {ticket.id: _read(world, engine, ticket) for ticket in engine.store.tickets()}
        return [
            *(wrong for reader in readers.values() for wrong in reader.wrong),
            *_wrong_answers(world, engine, readers),
            *_wrong_messages(world, engine, readers),
            *faults(engine),
        ]


def _read(world: World, engine: Engine, ticket: Ticket) -> Reader:
    reader = Reader(world, ticket.id)
    for event in engine.history(ticket.id):
        reader.read(event)
    reader.end()
    return reader


def _wrong_answers(world: World, engine: Engine, readers: dict[str, Reader]) -> Iterator[str]:
    """Each command has one answer, is in the history once if that is yes, and was refused only for a good reason."""
    audit = list(engine.store.audit())
    asked = Counter(entry.reason for entry in audit)
    refused = {entry.reason: entry.denial.code for entry in audit if entry.denial is not None and entry.reason}
    comments = Counter(entry.ticket for entry in audit if entry.event == "comment")
    for key, ask in world.asks.items():
        seen = readers[ask.ticket].seen[key] if ask.ticket in readers else 0
        if len(world.answers[key]) != 1:
            yield f"{key}: {len(world.answers[key])} different answers"
        if seen != world.accepted[key]:
            yield f"{key}: was {'accepted' if world.accepted[key] else 'refused'} and happened {seen} times"
        if ask.event != "comment" and asked[key] != 1:
            yield f"{key}: stands {asked[key]} times in the audit trail"
        if key in refused and not _is_good_reason(refused[key], ask, readers):
            yield f"{key}: was refused with {refused[key]!r}"
    if comments != Counter(ask.ticket for ask in world.asks.values() if ask.event == "comment"):
        yield f"comments were asked {comments} times"


def _is_good_reason(code: str, ask: Ask, readers: dict[str, Reader]) -> bool:
    if code == "time":
        return ask.at is not None
    return code == STRANGER if ask.actor == "C1" else code == PLAIN_REFUSAL and readers[ask.ticket].is_closed


def _wrong_messages(world: World, engine: Engine, readers: dict[str, Reader]) -> Iterator[str]:
    """Each alarm and each word was kept once, and came at least once, always the same."""
    kept: defaultdict[str, Counter[tuple[str, datetime]]] = defaultdict(Counter)
    ids = set()
    for message in engine.store.messages(limit=MANY):
        notice = message.outgoing.notice
        kept[message.outgoing.ticket][notice.kind if isinstance(notice, Notice) else notice.template, notice.at] += 1
        ids.add(message.outgoing.id)
    for name, reader in readers.items():
        if kept[name] != reader.told:
            yield f"{name}: the messages are {kept[name]}, not {reader.told}"
    if ids != set(world.inbox.contents):
        yield f"kept and delivered differ: {ids ^ set(world.inbox.contents)}"
    yield from (f"{name}: came with different contents" for name, ways in world.inbox.contents.items() if len(ways) > 1)
