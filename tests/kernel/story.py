"""Drives one ticket through the kernel as a runner does: every timer at its own moment, children and notices noted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.kernel.yaml_rules import MEMBERS

from dutyflow.kernel import events as ev
from dutyflow.kernel.commands import ChildEnded, Command, Fire, Open, Tick
from dutyflow.kernel.decide import Decision, decide
from dutyflow.kernel.denials import Denial
from dutyflow.kernel.effects import Effect, Notice
from dutyflow.kernel.facts import Lookalike
from dutyflow.kernel.rules import SYSTEM, Rules
from dutyflow.kernel.ticket import ClockRun, Ticket

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=SHANGHAI).astimezone(UTC)
"""Monday 2 March 2026, 10:00: where stories begin unless they say otherwise."""


def moment(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    """`"03-02 10:30"`: a minute of 2026 in the zone, in UTC."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=zone).astimezone(UTC)


def minutes(count: float) -> datetime:
    """So many minutes after the story's beginning."""
    return MONDAY + timedelta(minutes=count)


@dataclass
class World:
    """The facts of a test: who holds which role, who is away, which tickets look alike. Counts no clock."""

    members: Mapping[str, frozenset[str]] = field(default_factory=lambda: MEMBERS)
    away: frozenset[str] = frozenset()
    alike: tuple[Lookalike, ...] = ()

    def roles_of(self, person: str, at: datetime) -> frozenset[str]:
        """The roles a person holds; `customer` and `system` act as themselves."""
        if person in ("customer", SYSTEM):
            return frozenset({person})
        return self.members.get(person, frozenset())

    def members_of(self, role: str, at: datetime) -> tuple[str, ...]:
        """Who holds the role and is not away."""
        return tuple(sorted(m for m, roles in self.members.items() if role in roles and m not in self.away))

    def lookalikes(self, workflow: str, same: Mapping[str, Any]) -> tuple[Lookalike, ...]:
        """The tickets that the test says look alike."""
        return self.alike

    def skill_of(self, person: str, skill: str) -> int:
        """Nobody has learnt anything here."""
        return 0

    def find(self, ticket: str) -> Ticket | None:
        """There is no other ticket."""
        return None

    def select(self, workflow: str, states: frozenset[str] | None, same: Mapping[str, Any]) -> tuple[Ticket, ...]:
        """There is no other ticket."""
        return ()

    def next_number(self, series: str) -> int:
        """Every series has just begun."""
        return 1


class Story:
    """One ticket on a virtual clock. `do` expects to succeed, `refused` to be denied; both let earlier timers fire."""

    def __init__(self, rules: Rules, world: World | None = None, workflow: str = "job") -> None:
        self.rules = rules
        self.world = world or World()
        self.workflow = workflow
        self.events: list[ev.Event] = []
        self.effects: list[Effect] = []
        self._ticket: Ticket | None = None

    @property
    def ticket(self) -> Ticket:
        """The ticket as it stands."""
        assert self._ticket is not None, "the story has not begun"
        return self._ticket

    def ask(self, command: Command, at: datetime) -> Decision | Denial:
        """Let timers due before `at` fire, then ask; what went through is taken over."""
        if self._ticket is not None:
            self.pass_time(at, inclusive=False)
        answer = decide(self.rules, self._ticket, command, at, self.world)
        if isinstance(answer, Decision):
            self.events += answer.events
            self.effects += answer.effects
            self._ticket = answer.ticket or self._ticket
        return answer

    def begin(self, at: datetime = MONDAY, actor: str = "A1", event: str = "open", **data: Any) -> Ticket:
        """Open the ticket."""
        command = Open(ticket="t", workflow=self.workflow, event=event, actor=actor, data=data)
        answer = self.ask(command, at)
        assert isinstance(answer, Decision), answer
        return self.ticket

    def do(self, at: datetime, event: str, actor: str = "A1", reason: str | None = None, **data: Any) -> Decision:
        """Somebody asks for an event and gets it."""
        answer = self.ask(Fire(event=event, actor=actor, data=data, reason=reason), at)
        assert isinstance(answer, Decision), answer
        return answer

    def refused(self, at: datetime, event: str, actor: str = "A1", reason: str | None = None, **data: Any) -> Denial:
        """Somebody asks for an event and is refused."""
        answer = self.ask(Fire(event=event, actor=actor, data=data, reason=reason), at)
        assert isinstance(answer, Denial), answer
        return answer

    def child_ended(self, at: datetime, child: str, workflow: str, outcome: str | None = None) -> None:
        """A child reports its end."""
        self.ask(ChildEnded(child=child, workflow=workflow, outcome=outcome), at)

    def pass_time(self, until: datetime, *, inclusive: bool = True) -> Ticket:
        """Let every timer due before `until` (or at it) fire at its own moment."""
        while (due := self.ticket.next_due_at) is not None and (due < until or (inclusive and due == until)):
            before = self.ticket
            answer = decide(self.rules, before, Tick(), due, self.world)
            assert isinstance(answer, Decision), answer
            assert answer.ticket is not None and answer.events, "a tick at the due moment does something"
            self.events += answer.events
            self.effects += answer.effects
            self._ticket = answer.ticket
        return self.ticket

    # --- looking ------------------------------------------------------------------------------------------------

    def clock(self, sla: str) -> ClockRun | None:
        """The open run of an SLA; None when there is none."""
        return next((run for run in self.ticket.clocks if run.sla == sla), None)

    def open_clock(self, sla: str) -> ClockRun:
        """The open run of an SLA, which must exist."""
        run = self.clock(sla)
        assert run is not None, f"no open clock {sla}"
        return run

    def ended(self, sla: str) -> tuple[ClockRun, ...]:
        """The runs of an SLA that are over, in the order in which they ended."""
        return tuple(run for run in self.ticket.past_clocks if run.sla == sla)

    def rung(self, sla: str | None = None) -> list[tuple[str, int, datetime]]:
        """Every alarm that rang: kind, level, when."""
        found = (event for event in self.events if isinstance(event, ev.Rang))
        return [(event.kind, event.level, event.at) for event in found if sla in (None, event.sla)]

    def fired(self) -> list[str]:
        """The events that went through, by name."""
        return [event.event for event in self.events if isinstance(event, ev.Fired)]

    def notices(self) -> list[Notice]:
        """What people are told."""
        return [effect for effect in self.effects if isinstance(effect, Notice)]


def of_kind(events: Iterable[ev.Event], kind: type) -> list[Any]:
    """The events of one kind."""
    return [event for event in events if isinstance(event, kind)]
