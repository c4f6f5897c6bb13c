"""Reads what a scenario expects: states, owners, fields, clocks, children, and the complete list of alerts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal, cast

from dutyflow.kernel.rules import Rules, Workflow
from dutyflow.lab.moments import Anchor, MomentError, read_moment
from dutyflow.lab.node_checks import check_keys, report_moment, report_unknown
from dutyflow.lab.scenario import Point, PointKind, Told, WantedAlert
from dutyflow.lab.simulation import MAIN
from dutyflow.rulebook.compile.context import items_of, text_of
from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.nodes import Node

EXPECT_KEYS = ("state", "owner", "outcome", "fields", "clocks", "children")
CLOCK_KEYS = ("due", "warn", "status", "ended", "run")
ALERT_KEYS = ("at", "clock", "kind", "to", "ticket")
STATUSES = ("running", "paused", "met", "met_late", "breached", "cancelled", "superseded", "none")
KINDS = ("warning", "breach", "escalation")


class ExpectedReader:
    """Reads the `expect:` of one step (or of the whole story) for one workflow.

    Moments refer to the step: `anchor` is the one just read. `tickets` are the names that the story knows.
    """

    def __init__(
        self,
        rules: Rules,
        workflow: Workflow,
        findings: Findings,
        *,
        anchor: Anchor,
        members: frozenset[str],
        tickets: frozenset[str],
    ) -> None:
        self.rules = rules
        self.workflow = workflow
        self.findings = findings
        self.anchor = anchor
        self.members = members | frozenset(rules.organisation.members)
        self.tickets = tickets

    def points(self, node: Node, ticket: str, *, final: bool = False) -> tuple[Point, ...]:
        """Everything that one `expect:` says about one ticket."""
        check_keys(node, (*EXPECT_KEYS, *(("alerts",) if final else ())), self.findings)
        return tuple(self._points(node, ticket))

    def alerts(self, node: Node, anchor: Anchor) -> tuple[WantedAlert, ...]:
        """The complete list of alerts, in order of time."""
        found: list[WantedAlert] = []
        self.anchor = anchor
        for item in node.children:
            alert = self._alert(item)
            if alert is not None:
                found.append(alert)
                self.anchor = Anchor(anchor.zone, alert.at, anchor.start)
        return tuple(sorted(found, key=lambda alert: alert.at))

    # --- points -------------------------------------------------------------------------------------------------

    def _points(self, node: Node, ticket: str) -> Iterator[Point]:
        for key, known, code in (
            ("state", self._states(), "DF244"),
            ("owner", [*self.rules.organisation.roles, *self.members], "DF246"),
            ("outcome", self._outcomes(), "DF249"),
        ):
            value = node.get(key)
            if value is not None:
                if value.value is not None:
                    self._known(code, value, known)
                kind = cast(PointKind, key)
                yield Point(kind=kind, want=value.value and value.text, ticket=ticket, place=value.place)
        yield from self._fields(node.get("fields"), ticket)
        yield from self._clocks(node.get("clocks"), ticket)
        children = node.get("children")
        for workflow, place, name in children.items() if children is not None else ():
            if workflow not in self.rules.workflows:
                report_unknown(self.findings, "DF240", place, workflow, self.rules.workflows)
            yield Point(kind="child", name=workflow, want=name.text, ticket=ticket, place=name.place)

    def _states(self) -> list[str]:
        return [*self.workflow.states, *self.workflow.composites]

    def _outcomes(self) -> list[str]:
        return [outcome for state in self.workflow.states.values() for outcome in state.outcomes]

    def _fields(self, node: Node | None, ticket: str) -> Iterator[Point]:
        for name, place, value in node.items() if node is not None else ():
            field = self.workflow.fields.get(name)
            if field is None:
                report_unknown(self.findings, "DF245", place, name, self.workflow.fields, workflow=self.workflow.id)
                continue
            try:
                want = field.accept(value.plain())
            except ValueError:
                self.findings.add("DF125", value.place, value=value.text or str(value.plain()), field=name)
                continue
            yield Point(kind="field", name=name, want=want, ticket=ticket, place=value.place)

    def _clocks(self, node: Node | None, ticket: str) -> Iterator[Point]:
        for sla, place, value in node.items() if node is not None else ():
            if sla not in self.workflow.slas:
                report_unknown(self.findings, "DF243", place, sla, self.workflow.slas, workflow=self.workflow.id)
            else:
                yield from self._clock(sla, value, ticket)

    def _clock(self, sla: str, node: Node, ticket: str) -> Iterator[Point]:
        check_keys(node, CLOCK_KEYS, self.findings)
        run_node = node.get("run")
        run = run_node.value if run_node is not None and isinstance(run_node.value, int) else None
        for part in ("status", "due", "warn", "ended"):
            value = node.get(part)
            if value is not None:
                want = self._status(value) if part == "status" else self._moments(value)
                yield Point(kind="clock", name=sla, part=part, want=want, ticket=ticket, run=run, place=value.place)

    def _status(self, node: Node) -> str:
        word = "none" if node.value is None else node.text
        if word not in STATUSES:
            report_unknown(self.findings, "DF126", node.place, word, STATUSES)
        return word

    def _moments(self, node: Node) -> Any:
        if node.is_list:
            return tuple(self._moment(item) for item in node.children)
        return None if node.value in (None, "none") else self._moment(node)

    def _moment(self, node: Node) -> datetime | None:
        try:
            return read_moment(node.text, self.anchor)
        except MomentError as error:
            report_moment(self.findings, node.place, error)
            return None

    def _known(self, code: str, node: Node, known: list[str]) -> None:
        if node.text not in known:
            report_unknown(self.findings, code, node.place, node.text, known, workflow=self.workflow.id)

    # --- alerts -------------------------------------------------------------------------------------------------

    def _alert(self, node: Node) -> WantedAlert | None:
        check_keys(node, ALERT_KEYS, self.findings)
        at_node, clock, kind = node.get("at"), node.get("clock"), node.get("kind")
        if at_node is None or clock is None or kind is None:
            missing = next(key for key in ALERT_KEYS if node.get(key) is None)
            self.findings.add("DF124", node.place, key=missing)
            return None
        slas = [sla for workflow in self.rules.workflows.values() for sla in workflow.slas]
        if clock.text not in slas:
            report_unknown(self.findings, "DF243", clock.place, clock.text, slas, workflow=self.workflow.id)
        if kind.text not in KINDS:
            report_unknown(self.findings, "DF126", kind.place, kind.text, KINDS)
        ticket = node.get("ticket")
        if ticket is not None and ticket.text not in self.tickets:
            report_unknown(self.findings, "DF248", ticket.place, ticket.text, self.tickets)
        at = self._moment(at_node)
        if at is None:
            return None
        return WantedAlert(
            at=at,
            clock=clock.text,
            kind=cast("Literal['warning', 'breach', 'escalation']", kind.text),
            to=self._told(node.get("to")),
            ticket=text_of(ticket, MAIN),
            place=node.place,
        )

    def _told(self, node: Node | None) -> tuple[Told, ...] | None:
        if node is None:
            return None
        if node.value is None and node.is_scalar:
            return ()
        return tuple(self._addressee(item) for item in items_of(node))

    def _addressee(self, node: Node) -> Told:
        name = node.get("role") if node.is_map else node
        role = text_of(name)
        if role not in self.rules.organisation.roles and role not in self.members:
            known = [*self.rules.organisation.roles, *self.members]
            report_unknown(self.findings, "DF246", (name or node).place, role, known, workflow=self.workflow.id)
        members = node.get("members") if node.is_map else None
        return Told(role=role, members=tuple(item.text for item in items_of(members)) if members is not None else None)
