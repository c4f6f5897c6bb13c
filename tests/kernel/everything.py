"""A rulebook that uses every kind of thing the kernel knows at once, for random walks and kept histories."""

from __future__ import annotations

from tests.kernel.yaml_rules import rules_from

from dutyflow.kernel.rules import Rules

EVERYTHING = """
quiet_hours:
  night: {hours: ["21:00-09:00"], agreed_time_opens: {before: 15m, after: 30m}}
forms:
  f:
    title: F
    fields:
      asset: {type: text}
      words: {type: text, max_length: 20}
      priority: {type: choice, options: [P1, P2, P3], default: P2}
      amount: {type: money}
      count: {type: number, default: 0, max: 50}
      busy: {type: boolean, default: false}
      day: {type: date}
      hour: {type: time}
      slot_at: {type: datetime}
      first_contact_at: {type: datetime}
      accused: {type: person}
      handler: {type: person, role: worker}
      signer: {type: person}
      length: {type: duration}
      notes: {type: list, of: {type: text}}
      tries: {type: list, of: {type: date}}
  v:
    title: V
    fields:
      whom: {type: text}
      of_day: {type: date}
      visitor: {type: person, role: worker}
sets:
  alike: {of: job, states: open, same: {priority: priority}}
  my_visits: {of: visit, takes: [words], where: whom == words}
templates:
  thanks: {title: Thanks, channel: sms, text: "Thank you for {words}", quiet_hours: night}
workflows:
  job:
    title: {zh: 大杂烩, en: Everything}
    forms: [f]
    initial: received
    number: "J{year}/{n:04}"
    conflict_of_interest: [accused]
    permissions:
      amend: {by: [owner, lead, chief]}
    duplicates:
      - {same: [asset], among: {states: [received, working], within: 30d}, answer: deny, then: note}
    states:
      received: {title: Received, owner: agent}
      work:
        title: Work
        initial: working
        states:
          working: {title: Working, owner: {field: handler, role: worker}}
          checking:
            title: Checking
            owner: lead
            complete: 2
            to: approving
            tasks:
              look: {title: Look, by: lead}
              weigh: {title: Weigh, by: worker, record: [amount]}
              smell: {title: Smell, by: [agent, lead]}
      waiting: {title: Waiting, owner: agent, kind: wait_customer}
      approving: {title: Approving, owner: chief}
      visiting: {title: Visiting, owner: agent}
      closed: {title: Closed, final: true, outcomes: [done, dropped, forgotten]}
    events:
      open:
        opens: true
        by: [agent, customer]
        optional: [asset, priority, first_contact_at, accused, busy, words, day, hour, length]
        guard: first_contact_at == null or first_contact_at <= now
      take:
        from: received
        to: work
        by: [agent, lead]
        optional: [handler]
        set: {signer: actor}
        signal: {set: alike, first: 2, do: note}
      note: {from: any_open, by: [agent, customer], optional: [words, notes]}
      rate: {from: any_open, by: [agent, lead], optional: [priority, busy]}
      accuse: {from: any_open, by: [agent, customer], optional: [accused]}
      again: {from: work, by: owner, reenter: true}
      hold: {from: work, to: waiting, by: agent, reason: required}
      go_on: {from: waiting, to: {resume: work, otherwise: working}, by: [agent, customer]}
      propose:
        from: [working, waiting]
        by: agent
        record: [slot_at]
        limit: slot_at <= now + 240h
        guard: slot_at >= now
      done: {from: working, to: checking, by: owner, require: [words]}
      call:
        from: visiting
        by: agent
        quiet_hours: {name: night, agreed: slot_at}
        set: {tries: "append(tries, today)", count: count + 1}
        branches:
          - {when: count(distinct(tries)) >= 2, to: closed, outcome: forgotten}
          - {when: count >= 40, to: received, set: {count: 0}}
          - {otherwise: true}
      approve:
        from: approving
        to: visiting
        by: [worker, lead, chief]
        optional: [words]
        unless_conflict_with: accused
        not_by: {same_as: [signer], when: priority == 'P1'}
        approvals: {of: [worker, lead, chief], order: any, different_persons: true}
        spawn: {workflow: visit, event: begin, with: {whom: words, of_day: today}}
        then: [{when: busy, do: calm}]
      rounds:
        from: visiting
        by: agent
        guard: size(my_visits) == 0
        spawn:
          workflow: visit
          event: begin
          for_each: notes
          with: {whom: each, of_day: today}
          assign: {field: visitor, role: worker, skill: driving}
        notify: [{to: customer, template: thanks}, {to: {field: handler}, template: thanks}]
      calm: {from: any_open, by: lead, set: {busy: "false"}}
      refuse: {from: approving, to: {resume: work, otherwise: working}, by: chief, reason: required}
      pleased: {from: visiting, to: closed, outcome: done, on_child: {workflow: visit, outcomes: [good]}}
      displeased: {from: visiting, to: work, on_child: {workflow: visit, outcomes: [bad]}, set: {count: count + 1}}
      drop: {from: any_open, to: closed, outcome: dropped, by: [agent, customer], consent: count >= 3}
      alarmed: {from: received, to: working, auto: true, when: breached(answer) and not busy}
      remind: {from: waiting, after: 24h, when: priority != 'P1', set: {busy: "true"}}
      meet: {from: [working, waiting], at: slot_at, set: {count: count + 1}}
      forget: {from: waiting, to: closed, outcome: forgotten, after: 5d}
  visit:
    forms: [v]
    initial: planned
    states:
      planned: {title: Planned, owner: agent}
      over: {title: Over, final: true, outcomes: [good, bad]}
    events:
      begin: {opens: true, by: [agent, system], optional: [whom, of_day, visitor]}
      end: {from: planned, to: over, outcome: good, by: agent}
      fail: {from: planned, to: over, outcome: bad, by: agent}
slas:
  answer:
    on: job
    start: {entered: received}
    stop: {left: received}
    within: 2bh@desk
    warn: [{on: "75%", to: superior_of_owner}, "-10bm"]
    breach: [{escalate: [lead, head_of_owner]}, {after: 2h, escalate: exec}]
  whole:
    on: job
    start: {event: open, at: first_contact_at}
    stop: [{entered: visiting}, {entered: closed}]
    within: [{when: priority == 'P1', is: 1bd}, {when: priority == 'P2', is: 3bd}, {otherwise: true, is: 2w}]
    warn: "09:00 of due day"
    reopen: ignore
    retarget: {keep_consumed: true, min_remaining: 30m}
    breach: {escalate: exec}
  working:
    on: job
    start: {entered: work}
    stop: {entered: approving}
    cancel: {entered: closed}
    within: [{when: priority == 'P1', is: 4h}, {otherwise: true, is: 16bh}]
    warn: "50%"
    pause: [{states: [waiting], reason: customer}, {when: busy, reason: busy}]
    reopen: resume
    moved_by: [{event: propose, when: priority != 'P3', due: slot_at + 30m, warn: "-1h"}]
    breach: [{escalate: [owner, lead]}, {after: 1d, escalate: chief}]
  repair: {on: job, start: {breached: working}, stop: {left: work}, within: 2h, breach: {escalate: chief}}
  promised:
    on: job
    start: {event: propose}
    stop: {event: done}
    due: slot_at
    if_running: add
    breach: {escalate: {field: accused}}
  loud: {on: job, start: {when: busy}, stop: {event: calm}, cancel: {when: not busy}, within: 90m, if_running: restart}
  seen:
    on: job
    start: {entered: received}
    stop: {left: received}
    within: 3h
    warn: {on: "-1h", to: owner, unless: busy, names: alike}
    breach: [{escalate: chief, unless: priority == 'P3', names: alike}, {after: 1h, escalate: exec}]
  visit: {on: visit, start: {entered: planned}, stop: {left: planned}, within: 1d, breach: {escalate: owner}}
"""


def everything() -> Rules:
    """The rulebook that has everything, compiled."""
    return rules_from(EVERYTHING)
