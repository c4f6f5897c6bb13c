"""A rulebook in which tickets meet: seats with a waiting list, batches, signals, recurring duties, record numbers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.kernel.yaml_rules import rules_from

from dutyflow.bootstrap import memory_runner
from dutyflow.kernel import events as ev
from dutyflow.kernel.commands import Fire, Open
from dutyflow.kernel.rules import Rules
from dutyflow.ports.records import Answer
from dutyflow.runtime.local_runner import LocalRunner

PEOPLE = """
rulebook: {title: School, timezone: Asia/Shanghai, calendar: office}
calendars:
  office: {hours: {mon-fri: ["09:00-18:00"]}, closed: ["2026-03-04"]}
departments: {service: {title: Service}}
roles:
  agent: {title: Agent, department: service, superior: chief}
  chief: {title: Chief, department: service}
members:
  A1: {title: A1, roles: [agent], skills: {art: 1}}
  A2: {title: A2, roles: [agent], skills: {art: 3}}
  A3: {title: A3, roles: [agent], skills: {art: 3}, leave: ["2026-03-09..2026-03-09"]}
  C1: {title: C1, roles: [chief]}
"""
SCHOOL = """
forms:
  f:
    title: F
    fields:
      major: {type: choice, options: [math, art], default: math}
      topic: {type: text}
      people: {type: list, of: {type: text}}
      member: {type: person}
      other: {type: reference}
      due_at: {type: datetime}
      as_of: {type: date}
      seen_on: {type: date}
      level: {type: number}
workflows:
  seat:
    title: Seat
    forms: [f]
    number: "S-{year}-{n:03}"
    initial: waiting
    states:
      waiting: {title: Waiting, owner: agent}
      offered: {title: Offered, owner: agent}
      booked: {title: Booked, owner: agent}
      gone: {title: Gone, final: true}
    events:
      book:
        opens: true
        by: agent
        optional: [major, topic, other, as_of, seen_on]
        guard: topic == null or topic != 'no'
        branches:
          - {when: size(taken) < 2, to: booked}
          - {otherwise: true, to: waiting}
      note: {from: any_open, by: [agent, system], optional: [topic, level]}
      offer: {from: waiting, to: offered, by: system, capacity: size(taken) < 2}
      take: {from: offered, to: booked, by: agent}
      lapse: {from: offered, to: gone, after: 24h, signal: {set: queue, first: 1, do: offer}}
      leave: {from: [waiting, offered, booked], to: gone, by: agent, signal: {set: queue, first: 1, do: offer}}
      tell: {from: any_open, by: agent, optional: [other], signal: {to: other, do: note, with: {topic: "'told'"}}}
      tell_all:
        from: any_open
        by: agent
        signal: {set: same_major, do: note, with: {level: size(same_major)}, when: major == 'math'}
      look: {from: any_open, by: agent, optional: [as_of], set: {level: size(long_unseen)}}
      push: {from: any_open, by: agent, signal: {set: everybody, do: offer}}
  round:
    title: Round
    forms: [f]
    initial: running
    states: {running: {title: Running, owner: chief}, over: {title: Over, final: true}}
    events:
      begin:
        opens: true
        by: chief
        require: [people]
        spawn:
          workflow: call
          event: ask
          for_each: people
          with: {topic: each}
          assign: {field: member, role: agent, skill: art}
      skilled:
        from: running
        by: chief
        optional: [people]
        spawn:
          workflow: call
          event: ask
          for_each: people
          with: {topic: each}
          assign: {field: member, role: agent, skill: art, level: 2}
      finish: {from: running, to: over, by: chief}
  call:
    title: Call
    forms: [f]
    number: "C{n}"
    initial: open
    states: {open: {title: Open, owner: {field: member, role: agent}}, done: {title: Done, final: true}}
    events:
      ask: {opens: true, by: chief, require: [topic], optional: [member], guard: topic != 'bad'}
      finish: {from: open, to: done, by: agent}
  report:
    title: Report
    forms: [f]
    number: "R{n}"
    initial: open
    duplicates:
      - {same: [topic], among: open, answer: redirect, then: again}
    states: {open: {title: Open, owner: agent}, done: {title: Done, final: true}}
    events:
      report: {opens: true, by: agent, require: [topic]}
      again: {from: open, by: agent, optional: [topic]}
      finish: {from: open, to: done, by: agent}
  duty:
    title: Duty
    forms: [f]
    initial: open
    states: {open: {title: Open, owner: {field: member, role: agent}}, done: {title: Done, final: true}}
    events:
      plan: {opens: true, by: [system, agent], optional: [topic, member, due_at]}
      file: {from: open, to: done, by: agent}
sets:
  taken: {of: seat, states: [offered, booked], same: {major: major}}
  queue: {of: seat, states: [waiting], same: {major: major}}
  same_major: {of: seat, states: open, same: {major: major}}
  everybody: {of: seat}
  booked: {of: seat, states: [booked]}
  long_unseen: {of: seat, states: open, takes: [as_of], where: "days_between(seen_on, as_of) >= 90"}
slas:
  due:
    on: duty
    start: {entered: open}
    stop: {event: file}
    due: due_at
    warn: {on: "-1h", to: owner, unless: size(booked) >= 1, names: booked}
    breach: [{escalate: chief, unless: size(booked) >= 2, names: booked}, {after: 1h, escalate: chief}]
schedules:
  weekly: {on: {weekday: mon}, at: "09:00", open: {workflow: duty, event: plan, with: {topic: "'week'"}}}
  daily:
    on: workday
    at: "09:00"
    for_each: {role: agent}
    open:
      workflow: duty
      event: plan
      with: {topic: "'day'", member: each, due_at: "at(today, '23:00')"}
"""


def school() -> Rules:
    """The compiled rulebook."""
    return rules_from(SCHOOL, people=PEOPLE)


def running(*schedules: str) -> LocalRunner:
    """A runner of it in memory, with these schedules."""
    return memory_runner(school(), schedules=schedules)


def opened(runner: LocalRunner, ticket: str, event: str, when: datetime, actor: str = "A1", **data: Any) -> Answer:
    """Ask for a new ticket of whichever workflow opens with the event."""
    workflow = next(name for name, found in school().workflows.items() if event in found.steps)
    command = Open(ticket=ticket, workflow=workflow, event=event, actor=actor, data=data)
    return runner.submit(command, at=when)


def fired(runner: LocalRunner, ticket: str, event: str, when: datetime, actor: str = "A1", **data: Any) -> Answer:
    """Ask a ticket for an event."""
    return runner.submit(Fire(event=event, actor=actor, data=data), ticket=ticket, at=when)


def opening_times(runner: LocalRunner, workflow: str = "duty") -> list[tuple[datetime, str]]:
    """When each ticket of a workflow was opened."""
    return [(ticket.opened_at, ticket.id) for ticket in runner.tickets() if ticket.workflow == workflow]


def alarms(runner: LocalRunner, ticket: str) -> list[tuple[str, datetime]]:
    """What rang, and what came to its moment in silence."""
    history = runner.history(ticket)
    rung = [(event.kind, event.at) for event in history if isinstance(event, ev.Rang)]
    return rung + [(f"silent {event.kind}", event.at) for event in history if isinstance(event, ev.Hushed)]
