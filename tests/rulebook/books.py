"""A small rulebook for tests of the compiler, changed key by key and compiled the way real ones are."""

from __future__ import annotations

import copy
import json
import tempfile
from pathlib import Path
from typing import Any

import yaml

from dutyflow.kernel import rules as kr
from dutyflow.rulebook.load import Loaded, load_rulebook

BASE: dict[str, Any] = yaml.safe_load(
    """
rulebook: {title: Test, calendar: office}
calendars:
  office: {hours: {mon-fri: ["09:00-18:00"]}}
  desk: {hours: {daily: ["08:00-20:00"]}}
quiet_hours: {rest: {hours: {daily: ["21:00-08:00"]}}}
departments: {service: {title: Service, head: chief}}
roles:
  chief: {title: Chief, department: service}
  agent: {title: Agent, department: service, superior: chief}
  customer: {title: Customer, external: true}
members:
  A1: {title: Ann, roles: [agent], skills: {repair: 3}, shift: desk}
responsibility: {care: {title: Care, departments: {service: A}}}
forms:
  case:
    fields:
      n: {type: number, default: 0}
      amount: {type: money}
      who: {type: person}
      words: {type: text}
      met_at: {type: datetime}
      grade: {type: choice, options: [good, bad]}
      marks: {type: list, of: {type: text}}
tables:
  routing:
    columns: {role: role, level: number, item: item, span: duration}
    rows:
      - {when: n > 1, give: {role: chief, level: 2, item: care, span: 1h}}
      - {otherwise: true, give: {role: agent, level: 1, item: care, span: 2h}}
workflows:
  job:
    forms: [case]
    initial: new
    states:
      new: {title: New, owner: agent}
      doing: {title: Doing, owner: chief}
      done: {title: Done, final: true, outcomes: [good, bad]}
    events:
      open: {opens: true, by: agent, optional: [n, amount, who, words, met_at, grade, marks]}
      take: {from: new, to: doing, by: agent}
      finish: {from: doing, to: done, by: owner, outcome: good}
slas:
  react: {"on": job, start: {entered: new}, stop: {left: new}, within: 2h, breach: {escalate: chief}}
"""
)


def changed(changes: dict[str, Any]) -> dict[str, Any]:
    """The base with the values at dotted paths replaced; `...` removes a key."""
    book = copy.deepcopy(BASE)
    for path, value in changes.items():
        *way, last = path.split(".")
        target = book
        for step in way:
            target = target.setdefault(step, {})
        if value is ...:
            del target[last]
        else:
            target[last] = copy.deepcopy(value)
    return book


def load(changes: dict[str, Any] | None = None) -> Loaded:
    """The loaded rulebook, with findings if there are any."""
    return load_text(json.dumps(changed(changes or {}), ensure_ascii=False, default=str))


def load_text(text: str) -> Loaded:
    """A rulebook of one file with this text."""
    with tempfile.TemporaryDirectory() as folder:
        pack = Path(folder) / "pack"
        pack.mkdir()
        (pack / "rules.yaml").write_text(text, encoding="utf-8")
        return load_rulebook(pack)


def rules(changes: dict[str, Any] | None = None) -> kr.Rules:
    """The compiled rules; the changes must be right."""
    loaded = load(changes)
    assert loaded.rules is not None, [(f.code, f.text("message", "en")) for f in loaded.findings]
    return loaded.rules


def job(changes: dict[str, Any] | None = None) -> kr.Workflow:
    """The compiled workflow `job`."""
    return rules(changes).workflows["job"]


def codes(changes: dict[str, Any]) -> list[str]:
    """The codes of the errors; a rulebook with errors never has rules."""
    loaded = load(changes)
    assert (loaded.rules is None) == bool(loaded.findings.errors)
    return [finding.code for finding in loaded.findings.errors]
