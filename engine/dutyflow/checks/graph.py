"""The states of a workflow and the ways between them, for questions of the kind "can it get there?"."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dutyflow.kernel.rules import NEW, Branch, EventRule, Workflow


@dataclass(frozen=True, slots=True)
class Way:
    """One step that a rule may take: from a state (or `NEW`) to a state, perhaps the same."""

    source: str
    target: str
    rule: EventRule
    branch: Branch

    @property
    def enters(self) -> bool:
        """Whether a state is entered; staying enters nothing."""
        return self.branch.reenter or self.source != self.target


class Graph:
    """All ways of one workflow. Conditions are taken as if they could hold: what is impossible here is impossible."""

    def __init__(self, workflow: Workflow) -> None:
        self.workflow = workflow
        self.ways = tuple(_ways(workflow))
        self._from: dict[str, list[Way]] = {}
        for way in self.ways:
            self._from.setdefault(way.source, []).append(way)
        self._reached_by = self._spread(NEW)
        self.reached = frozenset(self._reached_by) | {NEW}

    def ways_from(self, state: str) -> list[Way]:
        """The steps that are possible in a state."""
        return self._from.get(state, [])

    def reachable_ways(self) -> Iterator[Way]:
        """The steps that some ticket can take."""
        return (way for way in self.ways if way.source in self.reached)

    def shortest_way_in(self, state: str) -> str:
        """How a ticket gets into a state by the fewest steps: `new -register-> received -hold-> on_hold`."""
        steps: list[Way] = []
        while state != NEW:
            way = self._reached_by[state]
            steps.append(way)
            state = way.source
        return "".join(["new", *(f" -{way.rule.event}-> {way.target}" for way in reversed(steps))])

    def leads_to(self, goals: Iterable[str]) -> frozenset[str]:
        """All states from which one of the goals can be reached, the goals included."""
        before: dict[str, set[str]] = {}
        for way in self.ways:
            before.setdefault(way.target, set()).add(way.source)
        found = set(goals)
        waiting = list(found)
        while waiting:
            new = before.get(waiting.pop(), set()) - found
            found |= new
            waiting += new
        return frozenset(found)

    def _spread(self, start: str) -> dict[str, Way]:
        """For each state that can be reached, the last step of a shortest way to it."""
        found: dict[str, Way] = {}
        waiting = deque([start])
        while waiting:
            for way in self.ways_from(waiting.popleft()):
                if way.target not in found and way.target != start:
                    found[way.target] = way
                    waiting.append(way.target)
        return found


def _ways(workflow: Workflow) -> Iterator[Way]:
    for rule in workflow.rules:
        for source in rule.sources:
            for branch in rule.branches:
                for target in _targets(workflow, source, branch):
                    yield Way(source, target, rule, branch)


def _targets(workflow: Workflow, source: str, branch: Branch) -> Iterator[str]:
    """Where a branch leads from a state; back into a composite state it may lead to any state inside."""
    if branch.resume is not None:
        yield from workflow.composites.get(branch.resume, ())
    if branch.target is not None:
        yield branch.target
    elif branch.resume is None:
        yield workflow.initial if source == NEW else source
