"""A walker that does at random what a rulebook offers, and checks after each step what must hold of every ticket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from dutyflow.kernel import events as ev
from dutyflow.kernel.commands import Amend, Assign, ChildEnded, Command, Comment, Fire, Open, Tick
from dutyflow.kernel.decide import Decision, decide
from dutyflow.kernel.denials import ORDER, Denial
from dutyflow.kernel.effects import OpenChild
from dutyflow.kernel.encoding import canonical
from dutyflow.kernel.evolve import evolve, replay
from dutyflow.kernel.facts import Lookalike
from dutyflow.kernel.rules import NEW, SYSTEM, EventRule, Field, Rules
from dutyflow.kernel.ticket import ClockRun, Ticket

STARTS = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
WAITS = (0, 0, 1, 7, 30, 60, 240, 1440, 4321)


@dataclass
class Crowd:
    """Facts made from the rulebook: three members for every role, of whom one is away on odd days."""

    rules: Rules
    alike: tuple[Lookalike, ...] = ()
    asked: int = 0

    def roles_of(self, person: str, at: datetime) -> frozenset[str]:
        """`agent2` holds `agent`; a role that is external, and `system`, act as themselves."""
        self.asked += 1
        role = person.rstrip("123")
        return frozenset({role}) if role == SYSTEM or role in self.rules.organisation.roles else frozenset()

    def members_of(self, role: str, at: datetime) -> tuple[str, ...]:
        """Who holds the role that day."""
        self.asked += 1
        count = 2 if at.day % 2 else 3
        return tuple(f"{role}{number}" for number in range(1, count + 1)) if not role.endswith("head") else ()

    def lookalikes(self, workflow: str, same: Mapping[str, Any]) -> tuple[Lookalike, ...]:
        """What the walk says."""
        return self.alike

    def skill_of(self, person: str, skill: str) -> int:
        """The one with the higher number has learnt more."""
        return int(person[-1]) if person[-1:].isdigit() else 0

    def find(self, ticket: str) -> Ticket | None:
        """The other tickets of a walk are of the first workflow."""
        return self.other(next(iter(self.rules.workflows)), None, {}) if ticket == "other" else None

    def select(self, workflow: str, states: frozenset[str] | None, same: Mapping[str, Any]) -> tuple[Ticket, ...]:
        """There is always one other ticket that fits."""
        return (self.other(workflow, states, same),)

    def next_number(self, series: str) -> int:
        """Every series has just begun."""
        return 1

    def other(self, workflow: str, states: frozenset[str] | None, same: Mapping[str, Any]) -> Ticket:
        """Another ticket, with the values that are asked for."""
        flow = self.rules.workflows[workflow]
        return Ticket(
            id="other",
            workflow=workflow,
            rules=self.rules.hash,
            state=min(states) if states else flow.initial,
            seq=1,
            opened_at=STARTS,
            changed_at=STARTS,
            entered_at=STARTS,
            fields={**flow.defaults, **same},
        )


@dataclass
class Walk:
    """One ticket on a random walk. The same seed walks the same way."""

    rules: Rules
    workflow: str
    random: Random
    now: datetime = STARTS
    ticket: Ticket | None = None
    events: list[ev.Event] = field(default_factory=list)
    children: dict[str, str] = field(default_factory=dict)
    denials: list[Denial] = field(default_factory=list)
    log: list[tuple[datetime, Command | bool]] = field(default_factory=list)
    """Every command with its time; a truth value: time passed until then, timers of that moment included or not."""

    def __post_init__(self) -> None:
        self.facts = Crowd(self.rules)

    def go(self, steps: int) -> None:
        """Open a ticket and take so many steps."""
        for _ in range(20):
            self.open()
            if self.ticket is not None:
                break
        for _ in range(steps if self.ticket is not None else 0):
            self.step()
        if self.ticket is not None:
            assert replay(self.events) == self.ticket

    def open(self) -> None:
        """Try one opening event."""
        flow = self.rules.workflows[self.workflow]
        event = self.random.choice([event for event, steps in flow.steps.items() if NEW in steps])
        rule = flow.steps[event][NEW]
        parent = self.random.choice([None, None, "parent"])
        command = Open(
            ticket="t",
            workflow=self.workflow,
            event=event,
            actor=self.actor(rule),
            data=self.data(rule),
            reason="why",
            parent=parent,
        )
        self.ask(command)

    def step(self) -> None:
        """Let time pass, or do something."""
        self.now += timedelta(minutes=self.random.choice(WAITS))
        self.run_timers(inclusive=self.random.random() < 0.3)
        if self.children and self.random.random() < 0.3:
            child = self.random.choice(list(self.children))
            workflow = self.children.pop(child)
            outcomes = [o for state in self.rules.workflows[workflow].states.values() for o in state.outcomes]
            self.ask(ChildEnded(child=child, workflow=workflow, outcome=self.random.choice([*outcomes, None])))
            return
        for _ in range(self.random.randint(1, 3)):
            self.act()

    def act(self) -> None:
        """Ask for an event, most often one that is offered, or for something that needs none."""
        assert self.ticket is not None
        flow = self.rules.workflows[self.workflow]
        if self.random.random() < 0.15:
            self.ask(self.beside_events())
            return
        offered = [event for event, steps in flow.steps.items() if self.ticket.state in steps]
        anything = self.random.random() < 0.1 or not offered
        event = self.random.choice([*flow.steps, "nonsense"] if anything else offered)
        rule = flow.steps.get(event, {}).get(self.ticket.state)
        if rule is None:
            self.ask(Fire(event=event, actor="agent1"))
        else:
            reason = self.random.choice(["why", "why", None])
            self.ask(Fire(event=event, actor=self.actor(rule), data=self.data(rule), reason=reason))

    def beside_events(self) -> Amend | Comment | Assign:
        """A correction, a comment or an assignment, most often by somebody who may and of what fits."""
        assert self.ticket is not None
        fields, pick = self.rules.workflows[self.workflow].fields, self.random.choice
        owner = self.ticket.owner
        role = owner.role if owner is not None and owner.role is not None else "agent"
        actor = pick([(owner.member if owner else None) or f"{role}1", "lead1", "chief2", "nobody"])
        kind = pick(["amend", "amend", "comment", "assign"])
        if kind == "comment":
            return Comment(actor=actor, text=pick(["called back", "called back", " "]))
        if kind == "assign":
            return Assign(
                actor=actor, member=pick([f"{role}1", f"{role}2", "worker3", None]), reason=pick(["ill", None])
            )
        names = [name for name in sorted(fields) if self.random.random() < 0.2]
        data = {name: self.value(fields[name]) for name in names}
        return Amend(actor=actor, data=data, reason=pick(["slip", "slip", None]))

    def run_timers(self, *, inclusive: bool) -> None:
        """Every timer at its own moment."""
        self.log.append((self.now, inclusive))
        while (
            self.ticket is not None
            and (due := self.ticket.next_due_at) is not None
            and (due < self.now or (inclusive and due == self.now))
        ):
            before = self.ticket
            self.ask(Tick(), due)
            assert self.ticket.seq > before.seq, "a tick at the due moment does something"

    def ask(self, command: Command, at: datetime | None = None) -> None:
        """Decide, check, take over."""
        before, at = self.ticket, at or self.now
        if not isinstance(command, Tick):
            self.log.append((at, command))
        kept = canonical(before)
        answer = decide(self.rules, before, command, at, self.facts)
        assert canonical(before) == kept, "deciding changed the ticket it was given"
        assert answer == decide(self.rules, before, command, at, self.facts), "the same question, another answer"
        if isinstance(answer, Denial):
            assert not isinstance(command, Tick | ChildEnded)
            assert answer.code in ORDER
            self.denials.append(answer)
            return
        self.check(before, answer, at)
        self.ticket = answer.ticket
        self.events += answer.events
        self.children |= {e.ticket: e.workflow for e in answer.effects if isinstance(e, OpenChild)}

    def lived_again(self, random: Random) -> Walk:
        """The same walk, but with somebody looking in at more moments, so that time passes in smaller pieces."""
        again = Walk(self.rules, self.workflow, random)
        for at, what in self.log:
            while random.random() < 0.5 and at - again.now > timedelta(minutes=1):
                again.now += (at - again.now) * random.random() / 2
                again.run_timers(inclusive=True)
            again.now = at
            if isinstance(what, bool):
                again.run_timers(inclusive=what)
            else:
                again.ask(what)
        return again

    # --- what a command brings ----------------------------------------------------------------------------------

    def actor(self, rule: EventRule) -> str:
        """Somebody who may, most often."""
        assert self.ticket is None or self.ticket.state
        roles = sorted(rule.by - {"owner"}) or ["agent"]
        owner = self.ticket.owner if self.ticket else None
        if "owner" in rule.by and owner is not None and self.random.random() < 0.8:
            return owner.member or f"{owner.role}1"
        role = "agent" if self.random.random() < 0.1 else self.random.choice(roles)
        declared = self.rules.organisation.roles.get(role)
        if role == SYSTEM or (declared is not None and declared.external):
            return role
        return f"{role}{self.random.randint(1, 3)}"

    def data(self, rule: EventRule) -> dict[str, Any]:
        """Values for most of the fields that the event takes."""
        fields = self.rules.workflows[self.workflow].fields
        return {name: self.value(fields[name]) for name in sorted(rule.accepts) if self.random.random() < 0.85}

    def value(self, declared: Field) -> Any:
        """A value that usually fits the field."""
        pick = self.random.choice
        moment = self.now + timedelta(minutes=pick([-600, -1, 0, 30, 300, 2000, 20_000]))
        match declared.kind:
            case "choice":
                return pick(declared.options)
            case "number" | "money":
                return pick([0, 1, 2, 5, "3.50", 1000])
            case "boolean":
                return pick([True, False])
            case "date":
                return pick([moment.date(), date(2026, 3, 9), "2026-03-05"])
            case "time":
                return pick([time(9, 30), "13:00"])
            case "datetime":
                return pick([moment, moment.isoformat()])
            case "duration":
                return pick(["30m", timedelta(hours=26)])
            case "person":
                return f"{declared.role or pick(['agent', 'worker', 'lead', 'supervisor'])}{pick([1, 2, 3])}"
            case "list":
                return pick([["x", "y"], ["z"], [], ["2026-03-05"]])
            case _:
                return pick(["x", "y", "", "some words"])

    # --- what must hold -----------------------------------------------------------------------------------------

    def check(self, before: Ticket | None, decision: Decision, at: datetime) -> None:
        """The decision's ticket is its events folded, and it is well formed."""
        ticket = before
        for event in decision.events:
            ticket = evolve(ticket, event)
            assert event.at == at
        assert ticket == decision.ticket
        if ticket is None:
            return
        assert ticket.seq == len(self.events) + len(decision.events)
        flow = self.rules.workflows[self.workflow]
        assert ticket.state in flow.states
        if flow.states[ticket.state].final:
            assert ticket.clocks == () and ticket.next_due_at is None
        assert ticket.next_due_at is None or ticket.next_due_at >= at
        assert [*ticket.pending] == sorted(ticket.pending)
        if before is not None:
            assert ticket.changed_at >= before.changed_at
            assert _breaches(before) <= _breaches(ticket), "a breach was withdrawn"
        for run in ticket.clocks:
            assert_open(run, at)
            others = [other for other in ticket.clocks if other.sla == run.sla]
            assert len(others) == 1 or flow.slas[run.sla].if_running == "add"
        for run in ticket.past_clocks:
            assert run.status != "open" and run.ended_at is not None and run.alarms == ()
        numbers = [(run.sla, run.run) for run in (*ticket.past_clocks, *ticket.clocks)]
        assert len(set(numbers)) == len(numbers)


def assert_open(run: ClockRun, at: datetime) -> None:
    """An open run is paused and silent, or has a due time and alarms in order, none of them past."""
    assert run.status == "open" and run.ended_at is None
    if run.paused:
        assert run.due_at is None and run.alarms == ()
    else:
        assert run.due_at is not None
    assert [*run.alarms] == sorted(run.alarms)
    assert all(alarm.at >= at for alarm in run.alarms)
    assert all((alarm.kind, alarm.level) not in run.rung for alarm in run.alarms)
    assert run.late is any(kind == "breach" for kind, _ in run.rung)
    assert [kind for kind, _ in run.rung].count("breach") <= 1
    ends = [end for _, end in run.pauses]
    moments = [moment for span in run.pauses for moment in span if moment is not None]
    assert None not in ends[:-1] and moments == sorted(moments)


def _breaches(ticket: Ticket) -> set[tuple[str, int]]:
    return {(run.sla, run.run) for run in (*ticket.past_clocks, *ticket.clocks) if run.late}
