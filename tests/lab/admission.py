"""A small rulebook about seats, duties and calls: everything that concerns many tickets at once."""

from __future__ import annotations

import textwrap
from pathlib import Path

from dutyflow.lab.scenario import Scenario
from dutyflow.lab.scenario_reader import read_scenarios
from dutyflow.lab.trial import ScenarioResult, play
from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.load import Loaded, load_rulebook

ADMISSION = """
rulebook: {title: {zh: 招生, en: Admission}, timezone: Asia/Shanghai, calendar: office}
calendars:
  office: {hours: {mon-fri: ["09:00-18:00"]}, closed: ["2026-03-04"]}
quiet_hours:
  night: {hours: ["21:00-08:00"]}
roles:
  agent: {title: {zh: 坐席, en: Agent}, superior: manager}
  manager: {title: {zh: 经理, en: Manager}}
  customer: {title: {zh: 客户, en: Customer}, external: true}
members:
  A1: {title: 小王, roles: [agent], skills: {service: 2}}
  A2: {title: 小张, roles: [agent], skills: {service: 3}}
  M1: {title: 大陈, roles: [manager]}
forms:
  common:
    title: Common
    fields:
      major: {type: choice, options: [math, art], title: {zh: 专业, en: Major}}
      person: {type: reference, title: Person}
      fee: {type: money, title: Fee}
      friends: {type: list, of: {type: reference}, title: Friends}
      topic: {type: text, title: Topic}
      member: {type: person, title: Member}
      due_at: {type: datetime, title: Due}
workflows:
  seat:
    title: {zh: 名额, en: Seat}
    number: "E-{year}-{n:03}"
    forms: [common]
    initial: waiting
    states:
      waiting: {title: {zh: 候补, en: Waiting}, owner: agent}
      booked: {title: {zh: 已订, en: Booked}, owner: agent}
      gone: {title: {zh: 退出, en: Gone}, final: true, outcomes: [cancelled]}
    events:
      book:
        title: {zh: 报名, en: Book}
        opens: true
        by: agent
        require: [major]
        optional: [fee, friends, person]
        branches:
          - {when: "size(taken) < 2", to: booked, notify: {to: customer, template: welcome}}
          - {otherwise: true, to: waiting}
      offer:
        title: {zh: 递补, en: Offer}
        from: waiting
        to: booked
        by: system
        capacity: size(taken) < 2
        notify: {to: customer, template: welcome}
      cancel:
        title: {zh: 取消, en: Cancel}
        from: [booked, waiting]
        to: gone
        outcome: cancelled
        by: agent
        signal: {set: queue, first: 1, do: offer}
  duty:
    title: {zh: 职责, en: Duty}
    forms: [common]
    initial: open
    states:
      open: {title: Open, owner: {field: member, role: agent}}
      done: {title: Done, final: true}
    events:
      plan: {title: {zh: 安排, en: Plan}, opens: true, by: system, require: [topic, due_at], optional: [member]}
      file: {title: File, from: open, by: agent, to: done}
  round:
    title: Round
    forms: [common]
    initial: running
    states:
      running: {title: Running, owner: manager}
      over: {title: Over, final: true}
    events:
      begin:
        title: Begin
        opens: true
        by: manager
        spawn:
          workflow: call
          event: plan
          for_each: list_of(all_booked)
          with: {person: each}
          assign: {field: member, role: agent, skill: service}
      finish: {title: Finish, from: running, by: manager, to: over}
  call:
    title: Call
    forms: [common]
    initial: open
    states:
      open: {title: Open, owner: {field: member, role: agent}}
      done: {title: Done, final: true}
    events:
      plan: {title: Plan, opens: true, by: manager, require: [person], optional: [member]}
      finish: {title: Finish, from: open, by: agent, to: done}
sets:
  taken: {title: Taken, of: seat, states: [booked], same: {major: major}}
  queue: {title: Queue, of: seat, states: [waiting], same: {major: major}}
  all_booked: {title: Booked, of: seat, states: [booked]}
slas:
  file_duty:
    title: {zh: 提交, en: File it}
    on: duty
    start: {entered: open}
    stop: {event: file}
    due: due_at
    warn: {on: "-1h", to: owner, unless: "size(all_booked) >= 2", names: all_booked}
    breach: {escalate: manager, unless: "size(all_booked) >= 3", names: all_booked}
templates:
  welcome: {title: {zh: 欢迎, en: Welcome}, channel: sms, text: "Welcome {number}", quiet_hours: night}
schedules:
  daily:
    title: {zh: 每日清单, en: Daily list}
    on: workday
    at: "09:00"
    for_each: {role: agent}
    open: {workflow: duty, event: plan, with: {topic: "'list'", member: each, due_at: "at(today, '18:00')"}}
  monday:
    title: Monday
    on: {weekday: mon}
    at: "09:00"
    open: {workflow: duty, event: plan, with: {topic: "'week'", due_at: "at(today, '17:00')"}}
metrics:
  booked_share:
    title: {zh: 占座率, en: Booked share}
    of: seat
    counts: state == 'booked'
    excluded: state == 'gone'
    target: "60%"
  art_share: {title: Art, of: seat, among: state == 'booked', counts: {major: art}, target: "50%"}
  money_booked: {title: Money, of: seat, counts: {state: booked}, sum: fee}
statistics:
  by_major: {title: {zh: 按专业, en: By major}, of: seat, rows: major, columns: state}
  by_outcome: {title: By outcome, of: seat, rows: outcome, where: major == 'math'}
  fees: {title: Fees, of: seat, rows: major, value: {sum: fee}}
"""


def load(folder: Path, scenarios: str = "") -> Loaded:
    """The rulebook with these scenarios, from a folder of its own."""
    pack = folder / "pack"
    pack.mkdir(exist_ok=True)
    (pack / "rules.yaml").write_text(ADMISSION, encoding="utf-8")
    if scenarios:
        (pack / "scenarios.yaml").write_text(textwrap.dedent(scenarios), encoding="utf-8")
    return load_rulebook(pack)


def story(steps: list[str], *more: str, workflow: str = "seat") -> str:
    """A scenario file with these steps and further keys."""
    lines = ["scenarios:", '  "1":', "    title: A story", f"    workflow: {workflow}", "    steps:"]
    lines += [f"      - {step}" for step in steps]
    return "\n".join([*lines, *(f"    {line}" for part in more for line in part.splitlines())]) + "\n"


def read(folder: Path, text: str) -> tuple[Loaded, tuple[Scenario, ...], Findings]:
    """Load the rulebook with a scenario file, and read its scenarios; the findings are those about them."""
    loaded = load(folder, text)
    rules = loaded.require_rules()
    assert loaded.raw is not None
    findings = Findings()
    return loaded, read_scenarios(loaded.raw, rules, findings, loaded.reports.metrics), findings


def played(folder: Path, steps: list[str], *more: str, workflow: str = "seat") -> ScenarioResult:
    """Read one scenario that has no mistakes, and play it."""
    loaded, scenarios, findings = read(folder, story(steps, *more, workflow=workflow))
    assert not findings, [(finding.code, finding.text("message", "en")) for finding in findings]
    return play(loaded.require_rules(), scenarios[0])


def told(result: ScenarioResult, lang: str = "en") -> list[str]:
    """The differences in words."""
    rules = result.simulation.rules
    return [line for mismatch in result.mismatches for line in mismatch.lines(rules, lang)]
