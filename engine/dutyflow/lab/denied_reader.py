"""Reads the refusal that a scenario expects: its code, and what the refusal must say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from dutyflow.kernel.denials import ORDER
from dutyflow.kernel.rules import Rules, Workflow
from dutyflow.lab.node_checks import check_keys, report_moment, report_unknown
from dutyflow.lab.scenario import Bound, Denied
from dutyflow.rulebook.compile.context import items_of, text_of
from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.nodes import Node
from dutyflow.telling.moments import Anchor, MomentError, read_moment

DENIED_KEYS = ("code", "missing", "allowed", "person", "ticket", "bound", "until")
EITHER = "|"


def code_of(node: Node | None) -> str:
    """The code in `denied: evidence` or `denied: {code: evidence}`."""
    return text_of(node.get("code") if node is not None and node.is_map else node)


class DeniedReader:
    """Reads the `denied:` of one step; moments refer to the step, names to what the story knows."""

    def __init__(
        self, rules: Rules, workflow: Workflow, findings: Findings, *, anchor: Anchor, members: Iterable[str]
    ) -> None:
        self.workflow = workflow
        self.findings = findings
        self.anchor = anchor
        self.people = [*members, *rules.organisation.members]
        self.roles = [*rules.organisation.roles, *self.people]

    def read(self, node: Node, tickets: Iterable[str]) -> Denied:
        """The refusal with everything that is said about it."""
        code_node = node.get("code") if node.is_map else node
        code = code_of(node)
        if code not in ORDER:
            report_unknown(self.findings, "DF247", (code_node or node).place, code, ORDER)
        if node.is_map:
            check_keys(node, DENIED_KEYS, self.findings)
        names = list(tickets)
        readers: dict[str, Callable[[Node], Any]] = {
            "missing": self._missing,
            "allowed": lambda value: tuple(self._known("DF246", item, self.roles) for item in items_of(value)),
            "person": lambda value: value.text,
            "ticket": lambda value: self._known("DF248", value, names),
            "bound": self._bound,
            "until": self._moment,
        }
        values = {key: readers[key](value) for key, _, value in node.items() if key in readers}
        return Denied(code=code, values=values, place=node.place)

    def _missing(self, node: Node) -> tuple[str, ...]:
        return tuple(self._either(item) for item in items_of(node))

    def _either(self, node: Node) -> str:
        """One field, or `a | b` where either of them would do."""
        names = [name.strip() for name in node.text.split(EITHER)]
        for name in names:
            if name not in self.workflow.fields:
                known = self.workflow.fields
                report_unknown(self.findings, "DF245", node.place, name, known, workflow=self.workflow.id)
        return f" {EITHER} ".join(names)

    def _known(self, code: str, node: Node, known: Iterable[str]) -> str:
        names = list(known)
        if node.text not in names:
            report_unknown(self.findings, code, node.place, node.text, names, workflow=self.workflow.id)
        return node.text

    def _bound(self, node: Node) -> Bound:
        """A number, a date or any other text; read as a moment too if it is one."""
        try:
            return Bound(text=node.text, at=read_moment(node.text, self.anchor))
        except MomentError as error:
            if error.code == "DF121":
                report_moment(self.findings, node.place, error)
            return Bound(text=node.text)

    def _moment(self, node: Node) -> datetime | None:
        try:
            return read_moment(node.text, self.anchor)
        except MomentError as error:
            report_moment(self.findings, node.place, error)
            return None
