"""Writes a path that was played as a scenario in YAML, with states, owners, due times and alerts as they were."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from dutyflow.kernel.rules import Absence, Member
from dutyflow.kernel.ticket import Ticket
from dutyflow.lab.announcements import alerts_of, messages_of
from dutyflow.lab.simulation import MAIN, Played, Simulation
from dutyflow.telling.moments import show_moment

_PLAIN = re.compile(r"[^\W\d][\w .，。、·/()-]*|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [\d-]{10} [\d:]{5,8}")


def scenario_yaml(simulation: Simulation, *, id: str, title: str) -> str:
    """A rulebook file with one scenario that passes when it is played."""
    writer = _Writer(simulation)
    steps = list(writer.steps())
    main = simulation.ticket(MAIN)
    expect: dict[str, Any] = {**_standing(main), "alerts": list(writer.alerts())}
    messages = list(writer.messages())
    if messages:
        expect["messages"] = messages
    scenario: dict[str, Any] = {"title": title, "workflow": main.workflow}
    if simulation.members:
        scenario["members"] = {member.id: writer.member(member) for member in simulation.members.values()}
    if simulation.schedules and simulation.started_at is not None:
        scenario |= {"start": writer.moment(simulation.started_at), "schedules": list(simulation.schedules)}
    scenario |= {"steps": steps, "until": writer.moment(simulation.now), "expect": expect}
    return yaml.dump(
        {"scenarios": {id: scenario}},
        Dumper=_Dumper,
        allow_unicode=True,
        sort_keys=False,
        default_flow_style=None,
        width=120,
    )


class _Writer:
    """Knows the names of the tickets and writes moments in the rulebook's zone."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.zone = ZoneInfo(simulation.rules.zone)
        self.names = {ticket: name for name, ticket in simulation.names.items()}
        self.announced: set[str] = set()

    def _name(self, ticket: str) -> str:
        """The name that a ticket has in the scenario, whether it was called by name or by id."""
        return self.names.get(self.simulation.names.get(ticket, ticket), ticket)

    def moment(self, at: datetime) -> str:
        """A moment as scenarios write it."""
        return show_moment(at, self.zone)

    def member(self, member: Member) -> dict[str, Any]:
        """A person that the simulation brought along."""
        written: dict[str, Any] = {"title": dict(member.title), "roles": sorted(member.roles)}
        if member.skills:
            written["skills"] = dict(member.skills)
        if member.shift is not None:
            written["shift"] = member.shift.name
        if member.leave:
            written["leave"] = [self._absence(absence) for absence in member.leave]
        return written

    def _absence(self, absence: Absence) -> str:
        first, last = (at.astimezone(self.zone) for at in (absence.start_at, absence.end_at))
        return f"{first:%Y-%m-%d %H:%M}..{last:%Y-%m-%d %H:%M}"

    def steps(self) -> Iterator[dict[str, Any]]:
        """Every step that was played; tickets that opened later than the last one are named by a look at the end."""
        for played in self.simulation.played:
            yield self._step(played)
        for ticket in self.simulation.tickets():
            children = self._children(ticket)
            if children and ticket.id in self.names:
                yield {
                    "at": self.moment(self.simulation.now),
                    "ticket": self.names[ticket.id],
                    "expect": {"children": children},
                }
        opened = self._opened()
        if opened:
            yield {"at": self.moment(self.simulation.now), "expect": {"opened": opened}}

    def _step(self, played: Played) -> dict[str, Any]:
        name = self._name(played.name)
        step: dict[str, Any] = {"at": self.moment(played.at), "by": played.actor, "do": played.event}
        if name != MAIN:
            step["ticket"] = name
        if played.data:
            step["with"] = {key: _plain(value, self.zone) for key, value in played.data.items()}
        if played.reason:
            step["reason"] = played.reason
        if played.answer.denial is not None:
            step["denied"] = played.answer.denial.code
        if played.ticket is not None:
            step["expect"] = self._expect(played.ticket)
        return step

    def _expect(self, ticket: Ticket) -> dict[str, Any]:
        expect = _standing(ticket)
        newest = {run.sla: run for run in ticket.clocks}
        clocks = {sla: {"due": self.moment(run.due_at)} for sla, run in newest.items() if run.due_at is not None}
        children = self._children(ticket)
        if clocks:
            expect["clocks"] = clocks
        if children:
            expect["children"] = children
        return expect

    def _children(self, ticket: Ticket) -> dict[str, str | list[str]]:
        """Names for the children that have none yet, of each workflow in opening order."""
        existing = {other.id for other in self.simulation.tickets()}
        fresh = (child for child in ticket.children if child.id not in self.announced and child.id in existing)
        return self._announce((child.workflow, child.id) for child in fresh)

    def _opened(self) -> dict[str, str | list[str]]:
        """Names for the tickets that nobody opened and nobody named: those of schedules."""
        known = self.announced | set(self.names)
        return self._announce((t.workflow, t.id) for t in self.simulation.tickets() if t.id not in known)

    def _announce(self, tickets: Iterable[tuple[str, str]]) -> dict[str, str | list[str]]:
        found: dict[str, list[str]] = {}
        for workflow, ticket in tickets:
            self.announced.add(ticket)
            name = self.names.setdefault(ticket, f"{workflow}_{len(self.announced)}")
            found.setdefault(workflow, []).append(name)
        return {workflow: names if len(names) > 1 else names[0] for workflow, names in found.items()}

    def alerts(self) -> Iterator[dict[str, Any]]:
        """The complete list of alerts."""
        for alert in alerts_of(self.simulation):
            told = [addressee.role or addressee.members[0] for addressee in alert.to]
            entry: dict[str, Any] = {"at": self.moment(alert.at), "clock": alert.clock, "kind": alert.kind, "to": told}
            if alert.names is not None:
                entry["names"] = [self._name(ticket) for ticket in alert.names]
            yield self._about(alert.ticket, entry)

    def messages(self) -> Iterator[dict[str, Any]]:
        """The complete list of messages."""
        for sent in messages_of(self.simulation):
            told = [addressee.role or addressee.members[0] for addressee in sent.to]
            yield self._about(sent.ticket, {"at": self.moment(sent.at), "template": sent.template, "to": told})

    def _about(self, ticket: str, entry: dict[str, Any]) -> dict[str, Any]:
        name = self._name(ticket)
        return entry if name == MAIN else {**entry, "ticket": name}


def _standing(ticket: Ticket) -> dict[str, Any]:
    expect: dict[str, Any] = {"state": ticket.state}
    owner = ticket.owner.member or ticket.owner.role if ticket.owner else None
    if owner:
        expect["owner"] = owner
    if ticket.outcome:
        expect["outcome"] = ticket.outcome
    return expect


def _plain(value: Any, zone: ZoneInfo) -> Any:
    """A value as YAML of a rulebook writes it; fields read it back."""
    match value:
        case datetime():
            return value.astimezone(zone).isoformat(" ") if value.tzinfo else value.isoformat(" ")
        case date() | time():
            return value.isoformat()
        case timedelta():
            return f"{int(value.total_seconds())}s"
        case tuple() | list():
            return [_plain(item, zone) for item in value]
        case Mapping():
            return {str(key): _plain(item, zone) for key, item in value.items()}
        case _:
            return value


class _Dumper(yaml.SafeDumper):
    """Quotes every text that YAML 1.2 or 1.1 could take for something else."""


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = None if _PLAIN.fullmatch(text) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _represent_decimal(dumper: _Dumper, number: Decimal) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:float", format(number, "f"))


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(Decimal, _represent_decimal)
