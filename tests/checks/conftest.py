"""Small rulebooks for the checks: one sound base, and what a test adds to it or changes in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dutyflow.checks import check_rulebook
from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.load import Loaded, load_rulebook

Load = Callable[..., Loaded]
Check = Callable[..., Findings]

BASE = """\
departments: {service: {title: 客服部}}
roles:
  agent: {title: 客服专员, department: service, superior: supervisor}
  supervisor: {title: 客服主管, department: service}
calendars:
  office: {hours: {mon-fri: ["09:00-12:00", "13:00-18:00"]}}
forms:
  register:
    fields:
      amount: {type: money}
      satisfied: {type: boolean}
      severity: {type: choice, options: [minor, major]}
      due_on: {type: date}
      tries: {type: number, max: 10}
workflows:
  complaint:
    forms: [register]
    initial: received
    states:
      received: {owner: agent}
      closed: {final: true}
    events:
      register: {opens: true, by: agent, optional: [amount, satisfied, severity, due_on, tries]}
      close: {from: received, to: closed, by: agent}
slas:
  handle:
    on: complaint
    within: 2bd
    breach: {escalate: supervisor}
    start: {entered: received}
    stop: {left: received}
"""


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load the base with `(old, new)` replaced in it and `more` put behind it; it must compile."""

    def loaded(*changes: tuple[str, str], more: str = "") -> Loaded:
        text = BASE
        for old, new in changes:
            assert old in text, f"{old!r} is not in the base any more"
            text = text.replace(old, new, 1)
        path = tmp_path / "rulebook.yaml"
        path.write_text(text + more, encoding="utf-8")
        found = load_rulebook(path)
        assert found.rules is not None, found.findings.codes()
        return found

    return loaded


@pytest.fixture
def check(load: Load) -> Check:
    """The findings of the checks about the base with changes."""

    def checked(*changes: tuple[str, str], more: str = "") -> Findings:
        found = load(*changes, more=more)
        check_rulebook(found)
        return found.findings

    return checked
