"""Reads what a scenario expects: states, owners, fields, clocks, tickets, figures, alerts and messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, cast

from dutyflow.kernel.rules import Rules, Workflow
from dutyflow.lab.node_checks import check_keys, report_moment, report_unknown
from dutyflow.lab.scenario import Point, PointKind, Told, WantedAlert, WantedMessage
from dutyflow.lab.simulation import MAIN
from dutyflow.lab.ticket_names import with_tickets
from dutyflow.rulebook.compile.context import items_of, text_of
from dutyflow.rulebook.compile.reports import Metric
from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.nodes import Node
from dutyflow.telling.moments import Anchor, MomentError, read_moment

EXPECT_KEYS = ("state", "owner", "outcome", "fields", "clocks", "children", "opened")
FINAL_KEYS = ("alerts", "messages", "tickets", "metrics")
PARTS = ("value", "numerator", "denominator")
CLOCK_KEYS = ("due", "warn", "status", "ended", "run")
ALERT_KEYS = ("at", "clock", "kind", "to", "ticket", "names")
MESSAGE_KEYS = ("at", "template", "to", "ticket")
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

    def points(self, node: Node, *tickets: str, final: bool = False) -> tuple[Point, ...]:
        """Everything that one `expect:` says about one ticket, or about each of several."""
        check_keys(node, (*EXPECT_KEYS, *(FINAL_KEYS if final else ())), self.findings)
        looks = (point for ticket in tickets for point in self._points(node, ticket))
        return (*self._named(node, tickets), *looks)

    def metrics(self, node: Node | None, metrics: Mapping[str, Metric]) -> Iterator[Point]:
        """What the metrics must come to."""
        for name, place, figure in node.items() if node is not None else ():
            if name not in metrics:
                report_unknown(self.findings, "DF269", place, name, metrics)
                continue
            check_keys(figure, PARTS, self.findings)
            for part, _, value in figure.items():
                if isinstance(value.value, int | Decimal):
                    want = Decimal(value.value)
                    yield Point(kind="metric", name=name, part=part, want=want, metric=metrics[name], place=value.place)

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

    def messages(self, node: Node, anchor: Anchor) -> tuple[WantedMessage, ...]:
        """The complete list of messages, in order of time."""
        found: list[WantedMessage] = []
        self.anchor = anchor
        for item in node.children:
            message = self._message(item)
            if message is not None:
                found.append(message)
                self.anchor = Anchor(anchor.zone, message.at, anchor.start)
        return tuple(sorted(found, key=lambda message: message.at))

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

    def _named(self, node: Node, tickets: tuple[str, ...]) -> Iterator[Point]:
        """The names that tickets have from here on: children of these tickets, and others that opened."""
        for key, kind in (("opened", "opened"), ("children", "child")):
            listed = node.get(key)
            for workflow, place, names in listed.items() if listed is not None else ():
                if workflow not in self.rules.workflows:
                    report_unknown(self.findings, "DF240", place, workflow, self.rules.workflows)
                want = tuple(item.text for item in items_of(names)) if names.is_list else names.text
                yield Point(
                    kind=cast(PointKind, kind),
                    name=workflow,
                    want=want,
                    ticket=tickets[0],
                    tickets=tickets,
                    place=names.place,
                )

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
                want = with_tickets(value, self.tickets, self.findings, field.accept)
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
        ticket, names = node.get("ticket"), node.get("names")
        for named in (*items_of(ticket), *items_of(names)):
            self._known_ticket(named)
        at = self._moment(at_node)
        if at is None:
            return None
        return WantedAlert(
            at=at,
            clock=clock.text,
            kind=cast("Literal['warning', 'breach', 'escalation']", kind.text),
            to=self._told(node.get("to")),
            ticket=text_of(ticket, MAIN),
            names=tuple(item.text for item in items_of(names)) if names is not None else None,
            place=node.place,
        )

    def _message(self, node: Node) -> WantedMessage | None:
        check_keys(node, MESSAGE_KEYS, self.findings)
        at_node, template, ticket = node.get("at"), node.get("template"), node.get("ticket")
        if at_node is None or template is None:
            self.findings.add("DF124", node.place, key="at" if at_node is None else "template")
            return None
        if template.text not in self.rules.templates:
            report_unknown(self.findings, "DF267", template.place, template.text, self.rules.templates)
        if ticket is not None:
            self._known_ticket(ticket)
        at = self._moment(at_node)
        if at is None:
            return None
        to, name = self._told(node.get("to")), text_of(ticket, MAIN)
        return WantedMessage(at=at, template=template.text, to=to, ticket=name, place=node.place)

    def _known_ticket(self, node: Node) -> None:
        if node.text not in self.tickets:
            report_unknown(self.findings, "DF248", node.place, node.text, self.tickets)

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
