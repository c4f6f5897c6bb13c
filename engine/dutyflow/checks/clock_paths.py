"""Where the clock of an SLA may run: its starts followed along the ways of the workflow until something stops it."""

from __future__ import annotations

from collections.abc import Iterable

from dutyflow.checks.graph import Graph, Way
from dutyflow.kernel.rules import NEW, Sla, Trigger, Workflow


class ClockPaths:
    """For each SLA of a workflow: the states in which its clock may be running, and what can start and stop it."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.workflow: Workflow = graph.workflow
        self._running: dict[str, frozenset[str]] = {}
        for sla in self.workflow.slas:
            self.running(sla)

    def running(self, sla: str, on_the_way: tuple[str, ...] = ()) -> frozenset[str]:
        """The states in which the clock may run; empty if it can never start."""
        if sla not in self._running:
            if sla in on_the_way:
                return frozenset()
            self._running[sla] = self._follow(self.workflow.slas[sla], (*on_the_way, sla))
        return self._running[sla]

    def starts(self, way: Way, sla: Sla) -> bool:
        """Whether a step may start the clock."""
        return any(self.fires(trigger, way) for trigger in sla.starts)

    def ends(self, way: Way, sla: Sla) -> bool:
        """Whether a step may stop or cancel the clock by a declared trigger."""
        return any(self.fires(trigger, way) for trigger in (*sla.stops, *sla.cancels))

    def fires(self, trigger: Trigger, way: Way) -> bool:
        """Whether a trigger may fire on a step. What depends on data alone may fire on any."""
        match trigger.kind:
            case "event":
                return way.rule.event in trigger.names
            case "entered":
                return bool(trigger.names & self._entered(way))
            case "left":
                return bool(trigger.names & self._left(way))
            case "when":
                return True
            case _:
                return False

    def ways_of(self, sla: Sla) -> Iterable[Way]:
        """The steps that are possible while the clock runs."""
        return (way for state in self.running(sla.id) for way in self.graph.ways_from(state))

    def _follow(self, sla: Sla, on_the_way: tuple[str, ...]) -> frozenset[str]:
        found: set[str] = set()
        waiting = self._first_states(sla, on_the_way)
        while waiting:
            state = waiting.pop()
            if state in found or self.workflow.states[state].final:
                continue
            found.add(state)
            waiting += [way.target for way in self.graph.ways_from(state) if not self._surely_ends(way, sla)]
        return frozenset(found)

    def _first_states(self, sla: Sla, on_the_way: tuple[str, ...]) -> list[str]:
        first = [way.target for way in self.graph.reachable_ways() if self.starts(way, sla)]
        for trigger in sla.starts:
            if trigger.kind == "breached":
                for other in trigger.names:
                    first += self.running(other, on_the_way)
        return first

    def _surely_ends(self, way: Way, sla: Sla) -> bool:
        """Whether the clock cannot go on after a step: a trigger without a condition, and no new start by it."""
        certain = [t for t in (*sla.stops, *sla.cancels) if t.condition is None and t.kind != "when"]
        return any(self.fires(trigger, way) for trigger in certain) and not self.starts(way, sla)

    def _path(self, state: str) -> frozenset[str]:
        return frozenset() if state == NEW else frozenset(self.workflow.states[state].path)

    def _entered(self, way: Way) -> frozenset[str]:
        own = frozenset({way.target}) if way.enters else frozenset()
        return (self._path(way.target) - self._path(way.source)) | own

    def _left(self, way: Way) -> frozenset[str]:
        own = frozenset({way.source}) if way.enters else frozenset()
        return (self._path(way.source) - self._path(way.target)) | own
