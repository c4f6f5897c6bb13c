"""Reads the `scenarios:` of a rulebook: moments, names and values looked up, every mistake a finding with its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dutyflow.kernel.rules import NEW, SYSTEM, Member, Rules, Workflow
from dutyflow.lab.denied_reader import DeniedReader, code_of
from dutyflow.lab.expected_reader import ExpectedReader
from dutyflow.lab.node_checks import check_keys, report_moment, report_unknown
from dutyflow.lab.populations import RowsReader, names_from, numbered, tickets_of
from dutyflow.lab.requests import is_built_in, words_of
from dutyflow.lab.scenario import Denied, Point, Scenario, ScenarioStep
from dutyflow.lab.simulation import MAIN
from dutyflow.lab.ticket_names import with_tickets
from dutyflow.rulebook.compile.context import Context, items_of, label, text_of
from dutyflow.rulebook.compile.organisation import compile_members
from dutyflow.rulebook.compile.reports import Metric
from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.folder import Declaration, RawRulebook, read_rulebook
from dutyflow.rulebook.nodes import Node
from dutyflow.rulebook.places import Place
from dutyflow.telling.moments import Anchor, MomentError, read_moment

SCENARIO_KEYS = (
    *("title", "note", "assumed", "replace", "covers", "workflow"),
    *("members", "start", "schedules", "steps", "until", "expect"),
)
STEP_KEYS = (
    *("at", "by", "do", "ticket", "for", "times", "with", "reason", "denied", "expect", "note"),
    *("rows", "key", "refused"),
)
ALL = "all"


def read_scenarios(
    raw: RawRulebook, rules: Rules, findings: Findings, metrics: Mapping[str, Metric] | None = None
) -> tuple[Scenario, ...]:
    """The scenarios that a rulebook itself declares (inherited ones belong to others); broken ones are left out.

    `metrics` are those of the rulebook, so that scenarios can say what they come to.
    """
    declared = raw.sections.get("scenarios", {}).values()
    own = (declaration for declaration in declared if not declaration.inherited)
    read = (read_scenario(declaration, raw, rules, findings, metrics) for declaration in own)
    return tuple(scenario for scenario in read if scenario is not None)


def read_scenario_file(
    path: Path, rules: Rules, findings: Findings, metrics: Mapping[str, Metric] | None = None
) -> tuple[Scenario, ...]:
    """The scenarios of one file that may lie anywhere, read for a rulebook that is loaded already."""
    raw = read_rulebook(path, findings)
    return read_scenarios(raw, rules, findings, metrics) if raw is not None and not findings.has_errors else ()


def read_scenario(
    declaration: Declaration,
    raw: RawRulebook,
    rules: Rules,
    findings: Findings,
    metrics: Mapping[str, Metric] | None = None,
) -> Scenario | None:
    """One scenario; None, and at least one finding, when something in it has no meaning."""
    own = Findings()
    own.sources.update(findings.sources)
    reader = _Reader(declaration, raw, rules, own, metrics or {})
    scenario = reader.read()
    taken = {finding.place for finding in findings}
    for finding in own:
        if finding.place not in taken:  # what the check of the shape has reported is not said twice
            findings.add(finding.code, finding.place, related=finding.related, **dict(finding.values))
    return None if own.has_errors else scenario


class _Reader:
    """Walks through one scenario with the moment of the step before in mind."""

    def __init__(
        self,
        declaration: Declaration,
        raw: RawRulebook,
        rules: Rules,
        findings: Findings,
        metrics: Mapping[str, Metric],
    ) -> None:
        self.declaration = declaration
        self.node = declaration.node
        self.raw = raw
        self.rules = rules
        self.findings = findings
        self.metrics = metrics
        self.anchor = Anchor(ZoneInfo(rules.zone))
        self.members: dict[str, Member] = {}
        self.workflow_of = {name: rules.workflows[w] for name, w in _named(self.node) if w in rules.workflows}
        """The workflow of each ticket of the story: those that an `expect:` names from the start, others once open."""

    def read(self) -> Scenario | None:
        node = self.node
        check_keys(node, SCENARIO_KEYS, self.findings)
        workflow = self._workflow(node.get("workflow"))
        steps_node = node.get("steps")
        if workflow is None:
            return None
        if steps_node is None or not steps_node.is_list or not steps_node.children:
            self.findings.add("DF123", self.declaration.key_place, id=self.declaration.id)
            return None
        self.members = self._members(node.get("members"))
        start_node, until_node, expect = node.get("start"), node.get("until"), node.get("expect")
        schedules = self._schedules(node.get("schedules"))
        start = self._moment(start_node) if start_node is not None else None
        steps = [step for item in steps_node.children for step in self._steps(item, workflow)]
        until = self._moment(until_node) if until_node is not None else None
        expected = self._expected(self.workflow_of.get(MAIN, workflow))
        first = self._first(start, steps)
        alerts = expect.get("alerts") if expect is not None else None
        messages = expect.get("messages") if expect is not None else None
        return Scenario(
            id=self.declaration.id,
            title=label(node.get("title"), self.declaration.id),
            workflow=workflow.id,
            steps=tuple(steps),
            covers=tuple(item.text for item in items_of(node.get("covers"))),
            members=self.members,
            schedules=schedules,
            start=start,
            until=until,
            points=tuple(self._at_the_end(expected, expect)) if expect is not None else (),
            alerts=expected.alerts(alerts, first) if alerts is not None else None,
            alerts_place=alerts.place if alerts is not None else None,
            messages=expected.messages(messages, first) if messages is not None else None,
            messages_place=messages.place if messages is not None else None,
            place=self.declaration.key_place,
        )

    def _first(self, start: datetime | None, steps: list[ScenarioStep]) -> Anchor:
        """Alerts and messages are dated from the beginning of the story, not from its end."""
        first = start or (steps[0].at if steps else None)
        return Anchor(self.anchor.zone, first, first)

    def _at_the_end(self, expected: ExpectedReader, expect: Node) -> Iterator[Point]:
        """What the whole story must come to: the first ticket, others by name, figures."""
        yield from expected.points(expect, MAIN, final=True)
        tickets = expect.get("tickets")
        for name, place, looks in tickets.items() if tickets is not None else ():
            workflow = self.workflow_of.get(name)
            if workflow is None:
                self._unknown_ticket(place, name)
            else:
                yield from self._expected(workflow).points(looks, name)
        yield from expected.metrics(expect.get("metrics"), self.metrics)

    def _schedules(self, node: Node | None) -> tuple[str, ...]:
        """The schedules that run in this story."""
        if text_of(node) == ALL:
            return tuple(self.rules.schedules)
        for item in items_of(node):
            if item.text not in self.rules.schedules:
                report_unknown(self.findings, "DF270", item.place, item.text, self.rules.schedules)
        return tuple(item.text for item in items_of(node) if item.text in self.rules.schedules)

    def _workflow(self, node: Node | None) -> Workflow | None:
        name = text_of(node)
        workflow = self.rules.workflows.get(name)
        if workflow is None:
            self._unknown("DF240", node, name, self.rules.workflows)
        return workflow

    def _unknown(self, code: str, node: Node | None, name: str, known: Iterable[str], **values: object) -> None:
        place = node.place if node is not None else self.declaration.key_place
        report_unknown(self.findings, code, place, name, known, **values)

    def _members(self, node: Node | None) -> dict[str, Member]:
        if node is None:
            return {}
        context = Context(
            raw=self.raw,
            findings=self.findings,
            zone=ZoneInfo(self.rules.zone),
            default_calendar="",
            calendars=dict(self.rules.calendars),
        )
        return compile_members(context, {name: member for name, _, member in node.items()})

    # --- steps --------------------------------------------------------------------------------------------------

    def _moment(self, node: Node) -> datetime | None:
        try:
            at = read_moment(node.text, self.anchor)
        except MomentError as error:
            report_moment(self.findings, node.place, error)
            return None
        previous = self.anchor.previous
        if previous is not None and at < previous:
            self.findings.add("DF122", node.place, value=node.text, previous=previous.astimezone(self.anchor.zone))
            return None
        self.anchor = Anchor(self.anchor.zone, at, self.anchor.start or at)
        return at

    def _steps(self, node: Node, workflow: Workflow) -> Iterator[ScenarioStep]:
        """What is written as one step; on several tickets it is one for each, looked at after the last."""
        check_keys(node, STEP_KEYS, self.findings)
        at_node, do, expect = node.get("at"), node.get("do"), node.get("expect")
        if at_node is None or (do is None and expect is None):
            missing = "at" if at_node is None else "do"
            self.findings.add("DF124", node.place, key=missing)
            return
        at = self._moment(at_node)
        if do is not None and node.get("rows") is not None:
            yield from self._opened_by_rows(node, do, at, workflow)
            return
        tickets = tickets_of(node, self.findings)
        if not tickets:
            return
        event, acting = None, self.workflow_of.get(tickets[0], workflow)
        for ticket in tickets if do is not None else ():
            assert do is not None, "without an event there is nothing to do on a ticket"
            event, acting = self._event(do, workflow, ticket)
        points = self._expected(acting).points(expect, *tickets) if expect is not None else ()
        by = self._by(node, do) if do is not None else ""
        data, denied = self._data(node.get("with"), do, acting), self._denied(node.get("denied"), acting)
        for number, ticket in enumerate(tickets if at is not None else (), start=1):
            assert at is not None, "a step that has no moment is not played"
            yield ScenarioStep(
                at=at,
                by=by,
                event=event,
                ticket=ticket,
                data={name: numbered(v, number) for name, v in data.items()} if node.get("times") else data,
                reason=text_of(node.get("reason")) or None,
                denied=denied,
                points=points if ticket == tickets[-1] else (),
                place=node.place if do is None else do.place,
            )

    def _opened_by_rows(self, node: Node, do: Node, at: datetime | None, workflow: Workflow) -> Iterator[ScenarioStep]:
        """A step that opens a ticket for each row; its expectation holds for every one of them."""
        base, expect = text_of(node.get("ticket"), MAIN), node.get("expect")
        event, acting = self._event(do, workflow, f"{base}-1")
        reader = RowsReader(self.findings, root=self.raw.root, fields=acting.fields, workflow=acting.id)
        population = reader.read(node, self._data(node.get("with"), do, acting), (*self.workflow_of, MAIN))
        by = self._by(node, do)
        if population is None or at is None:
            return
        tickets = () if population.refused else names_from(base, len(population.rows))
        self.workflow_of |= dict.fromkeys(tickets, acting)
        yield ScenarioStep(
            at=at,
            by=by,
            event=event,
            ticket=base,
            reason=text_of(node.get("reason")) or None,
            population=population,
            points=self._expected(acting).points(expect, *tickets) if expect is not None else (),
            place=do.place,
        )

    def _event(self, node: Node, workflow: Workflow, ticket: str) -> tuple[str, Workflow]:
        """The event, and the workflow that it belongs to: that of the ticket, or of the one it opens."""
        known = self.workflow_of.get(ticket)
        if known is not None and is_built_in(node.text, known):
            return node.text, known
        candidates = [known] if known else [workflow] if ticket == MAIN else self._any_workflow(workflow)
        found = next((candidate for candidate in candidates if node.text in candidate.steps), None)
        if found is None:
            events = [event for candidate in candidates for event in candidate.steps]
            self._unknown("DF241", node, node.text, events, workflow=candidates[0].id)
            return node.text, candidates[0]
        if known is None:
            if NEW in found.steps[node.text]:
                self.workflow_of[ticket] = found
            else:
                self._unknown_ticket(node.place, ticket)
        return node.text, found

    def _unknown_ticket(self, place: Place, name: str) -> None:
        report_unknown(self.findings, "DF248", place, name, self.workflow_of)

    def _any_workflow(self, first: Workflow) -> list[Workflow]:
        return [first, *(workflow for workflow in self.rules.workflows.values() if workflow is not first)]

    def _by(self, node: Node, do: Node) -> str:
        by = node.get("by")
        if by is None:
            self.findings.add("DF124", do.place, key="by")
            return ""
        organisation = self.rules.organisation
        external = [role.id for role in organisation.roles.values() if role.external]
        known = [*self.members, *organisation.members, *external, SYSTEM]
        stranger_wanted = code_of(node.get("denied")) == "role"
        if by.text not in known and not stranger_wanted:
            self._unknown("DF242", by, by.text, known)
        return by.text

    def _data(self, node: Node | None, do: Node | None, workflow: Workflow) -> Mapping[str, Any]:
        if node is None or not node.is_map:
            return {}
        words = words_of(text_of(do), workflow)
        for name, place, _ in node.items():
            if name not in words and do is not None:
                report_unknown(self.findings, "DF245", place, name, words, workflow=workflow.id)
        known = (*self.workflow_of, MAIN)
        return {name: with_tickets(value, known, self.findings) for name, _, value in node.items()}

    def _denied(self, node: Node | None, workflow: Workflow) -> Denied | None:
        if node is None:
            return None
        reader = DeniedReader(self.rules, workflow, self.findings, anchor=self.anchor, members=self.members)
        return reader.read(node, (*self.workflow_of, MAIN))

    def _expected(self, workflow: Workflow) -> ExpectedReader:
        return ExpectedReader(
            self.rules,
            workflow,
            self.findings,
            anchor=self.anchor,
            members=frozenset(self.members),
            tickets=frozenset({*self.workflow_of, MAIN}),
        )


def _named(node: Node) -> Iterator[tuple[str, str]]:
    """The names that the story gives to tickets which nobody in it opens, each with its workflow."""
    steps, last = node.get("steps"), node.get("expect")
    tickets = last.get("tickets") if last is not None else None
    looks = [looks for _, _, looks in tickets.items()] if tickets is not None else []
    expects = [step.get("expect") for step in (steps.children if steps is not None else [])]
    for expect in (*expects, last, *looks):
        for key in ("children", "opened"):
            listed = expect.get(key) if expect is not None else None
            for workflow, _, names in listed.items() if listed is not None else ():
                yield from ((item.text, workflow) for item in items_of(names))
