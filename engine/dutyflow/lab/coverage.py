"""What scenarios have been through: states, events, branches and clocks, and what none of them has touched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from dutyflow.kernel import events as ev
from dutyflow.kernel.rules import EventRule, Rules, Workflow
from dutyflow.kernel.ticket import Ticket
from dutyflow.ports.records import Happening

CoverageKind = Literal["state", "event", "branch", "clock"]
KINDS: tuple[CoverageKind, ...] = ("state", "event", "branch", "clock")


@dataclass(frozen=True, slots=True, order=True)
class CoverageItem:
    """One thing that a scenario may pass; `detail` is the branch (`#2`), or how a clock ended. `source` is its line."""

    workflow: str
    kind: CoverageKind
    name: str
    detail: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Everything that the workflows have, and which of it was passed."""

    everything: tuple[CoverageItem, ...]
    passed: frozenset[CoverageItem]

    @property
    def missing(self) -> tuple[CoverageItem, ...]:
        """What no scenario has touched, in file order."""
        return tuple(item for item in self.everything if item not in self.passed)

    def count(self, kind: CoverageKind) -> tuple[int, int]:
        """How many of a kind were passed, of how many."""
        items = [item for item in self.everything if item.kind == kind]
        return sum(item in self.passed for item in items), len(items)

    @property
    def percent(self) -> int:
        """The share of everything that was passed, rounded down; 100 when there is nothing."""
        passed = sum(item in self.passed for item in self.everything)
        return passed * 100 // len(self.everything) if self.everything else 100


def coverage(rules: Rules, workflows: Iterable[str], passed: Iterable[CoverageItem]) -> Coverage:
    """The coverage of some workflows by what scenarios have passed."""
    everything = [item for name in dict.fromkeys(workflows) for item in all_items(rules.workflows[name])]
    return Coverage(tuple(dict.fromkeys(everything)), frozenset(passed))


def all_items(workflow: Workflow) -> Iterator[CoverageItem]:
    """Everything that a workflow has, in file order."""
    for state in workflow.states.values():
        yield CoverageItem(workflow.id, "state", state.id, "", state.source)
    for rule in workflow.rules:
        yield _event(workflow, rule)
        if len(rule.branches) > 1:
            yield from (_branch(workflow, rule, branch.index) for branch in rule.branches)
    for sla in workflow.slas.values():
        if sla.stops:
            yield CoverageItem(workflow.id, "clock", sla.id, "met", sla.source)
        if sla.breach is not None:
            yield CoverageItem(workflow.id, "clock", sla.id, "breached", sla.source)
        if any(target.warnings for target in sla.targets):
            yield CoverageItem(workflow.id, "clock", sla.id, "warned", sla.source)


def passed_by(rules: Rules, records: Iterable[Happening], tickets: Iterable[Ticket]) -> frozenset[CoverageItem]:
    """What the recorded events have passed. A warning that rang counts wherever it was declared."""
    workflow_of = {ticket.id: rules.workflows[ticket.workflow] for ticket in tickets}
    passed: set[CoverageItem] = set()
    breached: set[tuple[str, str, int]] = set()
    for record in records:
        workflow = workflow_of.get(record.ticket or "")
        if workflow is not None:
            passed.update(_passed(workflow, record, breached))
    return frozenset(passed)


def _passed(workflow: Workflow, record: Happening, breached: set[tuple[str, str, int]]) -> Iterator[CoverageItem]:
    match record.what:
        case ev.Fired() as fired:
            state = workflow.states.get(fired.state)
            if fired.entered and state is not None:
                yield CoverageItem(workflow.id, "state", state.id, "", state.source)
            rule = workflow.steps.get(fired.event, {}).get(fired.state_before)
            if rule is not None:
                yield _event(workflow, rule)
                if len(rule.branches) > 1:
                    yield _branch(workflow, rule, fired.branch)
        case ev.Rang() as rang:
            if rang.kind == "breach":
                breached.add((str(record.ticket), rang.sla, rang.run))
            how = {"breach": "breached", "warning": "warned", "escalation": "breached"}[rang.kind]
            yield CoverageItem(workflow.id, "clock", rang.sla, how, workflow.slas[rang.sla].source)
        case ev.ClockStopped(how="met") as stopped:
            if (str(record.ticket), stopped.sla, stopped.run) not in breached:
                yield CoverageItem(workflow.id, "clock", stopped.sla, "met", workflow.slas[stopped.sla].source)
        case _:
            return


def _event(workflow: Workflow, rule: EventRule) -> CoverageItem:
    return CoverageItem(workflow.id, "event", rule.event, "", rule.source)


def _branch(workflow: Workflow, rule: EventRule, index: int) -> CoverageItem:
    branch = next((branch for branch in rule.branches if branch.index == index), None)
    source = (branch.source if branch else "") or rule.source
    return CoverageItem(workflow.id, "branch", rule.event, f"#{index + 1}", source)
