"""Reads the `scenarios:` of a rulebook: moments, names and values looked up, every mistake a finding with its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from dutyflow.kernel.rules import NEW, SYSTEM, Member, Rules, Workflow
from dutyflow.lab.denied_reader import DeniedReader, code_of
from dutyflow.lab.expected_reader import ExpectedReader
from dutyflow.lab.moments import Anchor, MomentError, read_moment
from dutyflow.lab.node_checks import check_keys, report_moment, report_unknown
from dutyflow.lab.scenario import Denied, Scenario, ScenarioStep
from dutyflow.lab.simulation import MAIN
from dutyflow.rulebook.compile.context import Context, items_of, label, text_of
from dutyflow.rulebook.compile.organisation import compile_members
from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.folder import Declaration, RawRulebook, read_rulebook
from dutyflow.rulebook.nodes import Node

SCENARIO_KEYS = (
    *("title", "note", "assumed", "replace", "covers", "workflow"),
    *("members", "start", "steps", "until", "expect"),
)
STEP_KEYS = ("at", "by", "do", "ticket", "with", "reason", "denied", "expect", "note")


def read_scenarios(raw: RawRulebook, rules: Rules, findings: Findings) -> tuple[Scenario, ...]:
    """The scenarios that a rulebook itself declares (inherited ones belong to others); broken ones are left out."""
    declared = raw.sections.get("scenarios", {}).values()
    read = (read_scenario(declaration, raw, rules, findings) for declaration in declared if not declaration.inherited)
    return tuple(scenario for scenario in read if scenario is not None)


def read_scenario_file(path: Path, rules: Rules, findings: Findings) -> tuple[Scenario, ...]:
    """The scenarios of one file that may lie anywhere, read for a rulebook that is loaded already."""
    raw = read_rulebook(path, findings)
    return read_scenarios(raw, rules, findings) if raw is not None and not findings.has_errors else ()


def read_scenario(declaration: Declaration, raw: RawRulebook, rules: Rules, findings: Findings) -> Scenario | None:
    """One scenario; None, and at least one finding, when something in it has no meaning."""
    own = Findings()
    own.sources.update(findings.sources)
    reader = _Reader(declaration, raw, rules, own)
    scenario = reader.read()
    taken = {finding.place for finding in findings}
    for finding in own:
        if finding.place not in taken:  # what the check of the shape has reported is not said twice
            findings.add(finding.code, finding.place, related=finding.related, **dict(finding.values))
    return None if own.has_errors else scenario


class _Reader:
    """Walks through one scenario with the moment of the step before in mind."""

    def __init__(self, declaration: Declaration, raw: RawRulebook, rules: Rules, findings: Findings) -> None:
        self.declaration = declaration
        self.node = declaration.node
        self.raw = raw
        self.rules = rules
        self.findings = findings
        self.anchor = Anchor(ZoneInfo(rules.zone))
        self.members: dict[str, Member] = {}
        self.workflow_of = {name: rules.workflows[w] for name, w in _children(self.node) if w in rules.workflows}
        """The workflow of each ticket that the story names: children from the start, others once they are opened."""

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
        start = node.get("start")
        if start is not None:
            self._moment(start)
        steps = [step for item in steps_node.children if (step := self._step(item, workflow)) is not None]
        until_node, expect = node.get("until"), node.get("expect")
        until = self._moment(until_node) if until_node is not None else None
        expected = self._expected(workflow)
        points = expected.points(expect, MAIN, final=True) if expect is not None else ()
        alerts_node = expect.get("alerts") if expect is not None else None
        return Scenario(
            id=self.declaration.id,
            title=label(node.get("title"), self.declaration.id),
            workflow=workflow.id,
            steps=tuple(steps),
            covers=tuple(item.text for item in items_of(node.get("covers"))),
            members=self.members,
            until=until,
            points=points,
            alerts=expected.alerts(alerts_node, self._first(steps)) if alerts_node is not None else None,
            alerts_place=alerts_node.place if alerts_node is not None else None,
            place=self.declaration.key_place,
        )

    def _first(self, steps: list[ScenarioStep]) -> Anchor:
        """Alerts are dated from the beginning of the story, not from its end."""
        first = steps[0].at if steps else None
        return Anchor(self.anchor.zone, first, first)

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

    def _step(self, node: Node, workflow: Workflow) -> ScenarioStep | None:
        check_keys(node, STEP_KEYS, self.findings)
        at_node, do = node.get("at"), node.get("do")
        if at_node is None or (do is None and node.get("expect") is None):
            missing = "at" if at_node is None else "do"
            self.findings.add("DF124", node.place, key=missing)
            return None
        at = self._moment(at_node)
        ticket = self._ticket(node.get("ticket"))
        expect = node.get("expect")
        if do is None:
            event, acting = None, self.workflow_of.get(ticket, workflow)
        else:
            event, acting = self._event(do, workflow, ticket)
        points = self._expected(acting).points(expect, ticket) if expect is not None else ()
        if at is None:
            return None
        return ScenarioStep(
            at=at,
            by=self._by(node, do) if do is not None else "",
            event=event,
            ticket=ticket,
            data=self._data(node.get("with"), do, event, acting),
            reason=text_of(node.get("reason")) or None,
            denied=self._denied(node.get("denied"), acting),
            points=points,
            place=node.place if do is None else do.place,
        )

    def _ticket(self, node: Node | None) -> str:
        if node is None:
            return MAIN
        return node.text

    def _event(self, node: Node, workflow: Workflow, ticket: str) -> tuple[str, Workflow]:
        """The event, and the workflow that it belongs to: that of the ticket, or of the one it opens."""
        known = self.workflow_of.get(ticket)
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
                self._unknown("DF248", node, ticket, self.workflow_of)
        return node.text, found

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

    def _data(self, node: Node | None, do: Node | None, event: str | None, workflow: Workflow) -> Mapping[str, Any]:
        if node is None or not node.is_map:
            return {}
        for name, place, _ in node.items():
            if name not in workflow.fields and do is not None:
                report_unknown(self.findings, "DF245", place, name, workflow.fields, workflow=workflow.id)
        return cast("dict[str, Any]", node.plain())

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


def _children(node: Node) -> Iterator[tuple[str, str]]:
    """The names that the story gives to child tickets, each with its workflow."""
    steps = node.get("steps")
    expects = [step.get("expect") for step in (steps.children if steps is not None else [])]
    for expect in (*expects, node.get("expect")):
        children = expect.get("children") if expect is not None else None
        for workflow, _, name in children.items() if children is not None else ():
            yield name.text, workflow
