"""Small rulebooks for tests of the kernel: written as YAML in the test, compiled the way real ones are."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from textwrap import dedent

from dutyflow.kernel.rules import Rules
from dutyflow.rulebook.load import load_rulebook

PEOPLE = """
rulebook: {title: Test, timezone: Asia/Shanghai, calendar: office}
calendars:
  office: {hours: {mon-fri: ["09:00-12:00", "13:00-18:00"]}, official_until: 2027-12-31}
  desk: {hours: {daily: ["08:00-20:00"]}, official_until: 2027-12-31}
departments:
  service: {title: Service, head: chief}
  field: {title: Field, head: field_head}
roles:
  exec: {title: Executive, department: service}
  chief: {title: Chief, department: service, superior: exec}
  lead: {title: Lead, department: service, superior: chief}
  agent: {title: Agent, department: service, superior: lead}
  field_head: {title: Field head, department: field, superior: exec}
  worker: {title: Worker, department: field, superior: field_head}
  customer: {title: Customer, external: true}
"""
"""Two departments and a chain agent -> lead -> chief -> exec, for rulebooks that need no others."""


def rules_from(text: str, *, people: str = PEOPLE) -> Rules:
    """The compiled rulebook of a YAML text; the people and calendars above are added unless others are given."""
    return _compiled(people + dedent(text))


@cache
def _compiled(text: str) -> Rules:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "rules.yaml").write_text(text, encoding="utf-8")
        loaded = load_rulebook(Path(folder))
    assert loaded.rules is not None, [(finding.code, str(finding.place), finding.values) for finding in loaded.findings]
    return loaded.rules


MEMBERS: Mapping[str, frozenset[str]] = {
    "A1": frozenset({"agent"}),
    "A2": frozenset({"agent"}),
    "L1": frozenset({"lead"}),
    "L2": frozenset({"lead"}),
    "C1": frozenset({"chief"}),
    "E1": frozenset({"exec"}),
    "F1": frozenset({"field_head"}),
    "W1": frozenset({"worker"}),
    "AL": frozenset({"agent", "lead"}),
}
"""Who holds which role in the tests of the kernel; AL holds two."""
