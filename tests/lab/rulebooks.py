"""A small rulebook in YAML for tests of scenarios, and helpers that read and play what is appended to it."""

from __future__ import annotations

import textwrap
from pathlib import Path

from dutyflow.lab.scenario import Scenario
from dutyflow.lab.scenario_reader import read_scenarios
from dutyflow.lab.trial import ScenarioResult, play
from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.load import Loaded, load_rulebook

RULEBOOK = """
rulebook: {title: {zh: 投诉, en: Complaints}, timezone: Asia/Shanghai, calendar: office}
calendars:
  office:
    hours: {mon-fri: ["09:00-18:00"]}
    closed: ["2026-03-10"]
    open: {"2026-03-14": ["09:00-18:00"]}
departments: {service: {title: Service, head: manager}}
roles:
  agent: {title: {zh: 坐席, en: Agent}, department: service, superior: supervisor}
  supervisor: {title: {zh: 主管, en: Supervisor}, department: service, superior: manager}
  manager: {title: {zh: 经理, en: Manager}, department: service}
  customer: {title: {zh: 客户, en: Customer}, external: true}
members:
  A1: {title: 小王, roles: [agent]}
  S1: {title: 老李, roles: [supervisor]}
  M1: {title: 大陈, roles: [manager]}
forms:
  complaint_form:
    title: Form
    fields:
      customer: {type: text, title: {zh: 客户, en: Customer name}}
      statement: {type: text, title: {zh: 陈述, en: Statement}}
      amount: {type: money, title: {zh: 金额, en: Amount}, min: 0}
      calls: {type: number, title: {zh: 来电次数, en: Calls}, default: 1}
workflows:
  complaint:
    title: {zh: 投诉, en: Complaint}
    forms: [complaint_form]
    initial: received
    states:
      received: {title: {zh: 已受理, en: Received}, owner: supervisor}
      investigating: {title: {zh: 调查中, en: Investigating}, owner: agent}
      closed: {title: {zh: 归档, en: Closed}, final: true, outcomes: [upheld, withdrawn]}
    events:
      register: {title: {zh: 登记, en: Register}, opens: true, by: agent, require: [customer], optional: [amount]}
      accept: {title: {zh: 受理, en: Accept}, from: received, to: investigating, by: supervisor, require: [statement]}
      call: {title: {zh: 来电, en: Call}, from: any_open, by: agent, set: {calls: calls + 1}}
      settle:
        title: {zh: 结案, en: Settle}
        from: investigating
        by: agent
        branches:
          - {when: "amount > 500", to: received}
          - {otherwise: true, to: closed, outcome: upheld}
      follow:
        title: {zh: 回访, en: Follow up}
        from: investigating
        by: agent
        spawn: {workflow: survey, event: plan, with: {customer: customer}}
  survey:
    title: {zh: 回访, en: Survey}
    forms: [complaint_form]
    initial: planned
    states:
      planned: {title: {zh: 待回访, en: Planned}, owner: agent}
      done: {title: {zh: 已回访, en: Done}, final: true, outcomes: [good]}
    events:
      plan: {title: {zh: 安排, en: Plan}, opens: true, by: agent, require: [customer]}
      answer: {title: {zh: 回答, en: Answer}, from: planned, to: done, by: agent, outcome: good}
slas:
  judge:
    title: {zh: 判定, en: Judge}
    on: complaint
    start: {entered: received}
    stop: {left: received}
    within: 2h
    warn: {on: "75%", to: owner}
    breach: [{escalate: manager}, {after: 1h, escalate: manager}]
  investigate:
    title: {zh: 调查, en: Investigate}
    on: complaint
    start: {entered: investigating}
    stop: {left: investigating}
    within: 2bd
    warn: none
    breach: {escalate: [supervisor, manager]}
"""

REGISTER = "{at: Mon 2026-03-02 09:00, by: A1, do: register, with: {customer: 王女士}}"
ACCEPT = '{at: "10:00", by: S1, do: accept, with: {statement: ok}}'


def load(folder: Path, scenarios: str = "") -> Loaded:
    """The rulebook with these scenarios, from a folder of its own."""
    pack = folder / "pack"
    pack.mkdir(exist_ok=True)
    (pack / "rules.yaml").write_text(RULEBOOK, encoding="utf-8")
    if scenarios:
        (pack / "scenarios.yaml").write_text(textwrap.dedent(scenarios), encoding="utf-8")
    return load_rulebook(pack)


def scenario(steps: list[str], *more: str) -> str:
    """A scenario file with these steps and further keys."""
    lines = ["scenarios:", '  "1":', "    title: A story", "    workflow: complaint", "    steps:"]
    lines += [f"      - {step}" for step in steps]
    return "\n".join([*lines, *(f"    {line}" for line in more)]) + "\n"


def read(folder: Path, text: str) -> tuple[Loaded, tuple[Scenario, ...], Findings]:
    """Load the rulebook with a scenario file, and read its scenarios; the findings are those about them."""
    loaded = load(folder, text)
    rules = loaded.require_rules()
    assert loaded.raw is not None
    findings = Findings()
    return loaded, read_scenarios(loaded.raw, rules, findings), findings


def played(folder: Path, steps: list[str], *more: str) -> ScenarioResult:
    """Read one scenario that has no mistakes, and play it."""
    loaded, scenarios, findings = read(folder, scenario(steps, *more))
    assert not findings, [(finding.code, finding.text("message", "en")) for finding in findings]
    return play(loaded.require_rules(), scenarios[0])
