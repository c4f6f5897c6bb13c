"""What a rule of the checks looks at: a loaded rulebook, or one workflow of it, and where its findings go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from dutyflow.checks.clock_paths import ClockPaths
from dutyflow.checks.graph import Graph
from dutyflow.kernel.rules import EventRule, Rules, Sla, State, Workflow
from dutyflow.rulebook.findings import Finding, Findings, Related
from dutyflow.rulebook.load import Loaded
from dutyflow.rulebook.nodes import Node
from dutyflow.rulebook.places import Place


@dataclass(frozen=True)
class Book:
    """The whole rulebook: for rules about people, tables and calendars."""

    loaded: Loaded
    rules: Rules

    @property
    def findings(self) -> Findings:
        return self.loaded.findings

    def place(self, source: str) -> Place:
        """The span that a `source` of a kernel record stands for."""
        known = self.loaded.places.get(source)
        return known if known is not None else Place.whole(source or self.loaded.name)

    def declared(self, section: str, name: str) -> Node | None:
        """The node of a declaration; None if no file has it."""
        raw = self.loaded.raw
        found = raw.sections.get(section, {}).get(name) if raw else None
        return found.node if found else None

    def declared_at(self, section: str, name: str) -> Place:
        """Where the id of a declaration is written."""
        raw = self.loaded.raw
        found = raw.sections.get(section, {}).get(name) if raw else None
        return found.key_place if found else Place.whole(self.loaded.name)

    def key_place(self, section: str, name: str, key: str) -> Place:
        """Where a key of a declaration is written; the id of the declaration if the key is not there."""
        node = self.declared(section, name)
        return self.declared_at(section, name) if node is None or node.get(key) is None else node.key_place(key)

    def report(self, code: str, source: str | Place, /, *, related: Iterable[str] = (), **values: object) -> Finding:
        """Add a finding at the place of a record; `related` are the sources of what else belongs to it."""
        place = source if isinstance(source, Place) else self.place(source)
        others = [Related(self.place(other)) for other in related]
        return self.findings.add(code, place, related=others, **values)


@dataclass(frozen=True)
class Part:
    """One workflow of the rulebook: for rules about states, events and clocks."""

    book: Book
    workflow: Workflow

    @cached_property
    def graph(self) -> Graph:
        """The states and the ways between them."""
        return Graph(self.workflow)

    @cached_property
    def clocks(self) -> ClockPaths:
        """Where the clock of each SLA may run."""
        return ClockPaths(self.graph)

    @property
    def reachable(self) -> Mapping[str, State]:
        """The states a ticket can get into, in file order."""
        return {name: state for name, state in self.workflow.states.items() if name in self.graph.reached}

    @property
    def slas(self) -> Iterable[Sla]:
        return self.workflow.slas.values()

    def offered(self, rule: EventRule) -> bool:
        """Whether a ticket can ever stand where the rule applies."""
        return any(source in self.graph.reached for source in rule.sources)

    def declared_rules(self) -> Iterable[tuple[str, Node]]:
        """Each rule of an event as it is written."""
        node = self.book.declared("workflows", self.workflow.id)
        events = node.get("events") if node else None
        for event, _, written in events.items() if events else ():
            for item in written.children if written.is_list else [written]:
                yield event, item

    def report(self, code: str, source: str | Place, /, *, related: Iterable[str] = (), **values: object) -> Finding:
        """As `Book.report`."""
        return self.book.report(code, source, related=related, **values)
