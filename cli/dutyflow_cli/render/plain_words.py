"""Tells a state, an event or a time limit of a rulebook in plain words, for people who do not read YAML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.console import RenderableType
from rich.text import Text

from dutyflow.kernel.rules import NEW, Alarm, Branch, EventRule, Recipient, Sla, State, Target, Trigger, Workflow
from dutyflow.rulebook.compile.context import label
from dutyflow.rulebook.load import Loaded
from dutyflow.rulebook.nodes import Node
from dutyflow.telling.teller import Teller
from dutyflow.wording import message_keys, say
from dutyflow_cli.render.tables import indented, table

_LOOKUP = re.compile(r"lookup\((\w+), (\w+)\)")
_DEPARTMENTS = ("A", "R", "C", "I")


@dataclass(frozen=True, slots=True)
class Words:
    """A rulebook, one workflow of it and a language: everything that a sentence needs."""

    loaded: Loaded
    workflow: Workflow
    lang: str

    @property
    def teller(self) -> Teller:
        """Knows the titles."""
        return Teller(self.loaded.require_rules(), self.lang, self.workflow.id)

    def say(self, key: str, **values: object) -> str:
        """A sentence of this page."""
        return say(f"cli_words.{key}", self.lang, **values)

    def join(self, names: Iterable[str]) -> str:
        """Names in a row."""
        return ("、" if self.lang == "zh" else ", ").join(names)


def overview(loaded: Loaded, lang: str) -> Iterator[RenderableType]:
    """The states, events and time limits of each workflow, with the words by which `explain` finds them."""
    for workflow in loaded.require_rules().workflows.values():
        words = Words(loaded, workflow, lang)
        yield Text(f"{words.teller.workflow(workflow.id)} ({workflow.id})", style="bold")
        names = [
            *((state.id, words.teller.state(state.id), "state") for state in workflow.states.values()),
            *((event, words.teller.event(event), "event") for event in workflow.steps),
            *((sla, words.teller.clock(sla), "clock") for sla in workflow.slas),
        ]
        rows = [(words.say(kind), f"{workflow.id}@{name}", title) for name, title, kind in names]
        yield table(("", "", ""), rows, indent=2)


def state_page(words: Words, state: State) -> Iterator[RenderableType]:
    """Who is responsible, who may do what, which clocks run, who is told."""
    yield Text(f"{words.teller.state(state.id)} ({state.id})  {state.source}", style="bold")
    if not state.final:
        yield indented(words.say("responsible", who=_owner(words, state)) + _matrix(words, state), 2)
    if state.customer_text:
        yield indented(words.say("customer_sees", text=state.customer_text.get(words.lang, "")), 2)
    ways = [f"{words.teller.event(rule.event)} ({rule.event})" for rule in _ways_in(words.workflow, state)]
    if ways:
        yield indented(words.say("entered_by", ways=words.join(dict.fromkeys(ways))), 2)
    if state.final:
        yield indented(words.say("final"), 2)
        if state.outcomes:
            outcomes = words.join(words.teller.outcome(outcome, state) for outcome in state.outcomes)
            yield indented(words.say("outcomes", outcomes=outcomes), 2)
        return
    yield Text(words.say("may_be_done"))
    for event, steps in words.workflow.steps.items():
        if state.id in steps:
            yield indented(_deed(words, steps[state.id], event), 2)
    clocks = [sla for sla in words.workflow.slas.values() if _starts_at(sla, state, words.workflow)]
    if clocks:
        yield Text(words.say("clocks_start"))
        for sla in clocks:
            yield indented(f"{words.teller.clock(sla.id)} ({sla.id}): {_limit(words, sla)}", 2)


def event_page(words: Words, event: str) -> Iterator[RenderableType]:
    """Who may do it, from where to where, what it needs, what it starts and stops."""
    yield Text(f"{words.teller.event(event)} ({event})", style="bold")
    done: list[EventRule] = []
    for rule in words.workflow.steps[event].values():
        if rule not in done:
            done.append(rule)
            yield from _rule(words, rule)
    slas = words.workflow.slas.values()
    started = [sla.id for sla in slas if _names_event(sla.starts, event)]
    stopped = [sla.id for sla in slas if _names_event(sla.stops, event)]
    for key, named in (("starts_clocks", started), ("stops_clocks", stopped)):
        if named:
            yield indented(words.say(key, clocks=words.join(words.teller.clock(name) for name in named)), 2)


def _names_event(triggers: Iterable[Trigger], event: str) -> bool:
    return any(trigger.kind == "event" and event in trigger.names for trigger in triggers)


def clock_page(words: Words, sla: Sla) -> Iterator[RenderableType]:
    """When it starts and stops, how long it is, who is warned, who is told when it is over."""
    yield Text(f"{words.teller.clock(sla.id)} ({sla.id})  {sla.source}", style="bold")
    yield indented(words.say("starts", when=words.join(_trigger(words, one) for one in sla.starts)), 2)
    yield indented(words.say("stops", when=words.join(_trigger(words, one) for one in sla.stops)), 2)
    yield indented(_limit(words, sla), 2)
    if sla.pauses:
        reasons = [
            one.reason.get(words.lang) or words.join(map(words.teller.state, sorted(one.states))) for one in sla.pauses
        ]
        yield indented(words.say("pauses", reasons=words.join(reason for reason in reasons if reason)), 2)
    for move in sla.moves:
        events = words.join(words.teller.event(event) for event in sorted(move.events))
        yield indented(words.say("moved", events=events, due=move.due.text), 2)


# --- parts of sentences -----------------------------------------------------------------------------------------


def _owner(words: Words, state: State) -> str:
    if state.owner is None:
        return words.say("nobody")
    if state.owner.choose is None:
        return words.teller.role(state.owner.role or "")
    return _by_table(words, state.owner.choose.text) or words.say("chosen", expression=state.owner.choose.text)


def _by_table(words: Words, expression: str) -> str:
    """An owner that a decision table gives, row by row; empty when it is found in another way."""
    found = _LOOKUP.fullmatch(expression)
    table_ = words.loaded.require_rules().tables.get(found[1]) if found else None
    if found is None or table_ is None:
        return ""
    rows = []
    for row in table_.rows:
        role = words.teller.role(str(row.values.get(found[2], "")))
        rows.append(words.say("if", target=role, when=row.when.text) if row.when else words.say("else", target=role))
    return words.say("by_table", table=found[1], rows=words.join(rows))


def _matrix(words: Words, state: State) -> str:
    item = words.loaded.matrix.get(state.serves or "")
    if item is None:
        return ""
    departments = words.loaded.require_rules().organisation.departments
    told = []
    for letter in _DEPARTMENTS:
        names = [name for name, value in item.marks.items() if value == letter]
        titles = [words.teller.title(departments[name].title, name) for name in names if name in departments]
        if titles:
            told.append(f"{letter} {words.join(titles)}")
    title = words.teller.title(item.title, state.serves or "")
    return words.say("matrix", item=title, departments="; ".join(told))


def _ways_in(workflow: Workflow, state: State) -> Iterator[EventRule]:
    for rule in workflow.rules:
        if any(branch.target == state.id for branch in rule.branches):
            yield rule


def _deed(words: Words, rule: EventRule, event: str) -> str:
    who = _who(words, rule)
    where = _where_to(words, rule)
    needs = _needed(words, event, ("require", "record"))
    text = words.say("deed", event=f"{words.teller.event(event)} ({event})", who=who, where=where)
    return text + (words.say("needs", fields=needs) if needs else "")


def _who(words: Words, rule: EventRule) -> str:
    if rule.trigger == "person":
        roles = rule.approvals.roles if rule.approvals else sorted(rule.by)
        return words.join(words.say("owner_role") if role == "owner" else words.teller.role(role) for role in roles)
    if rule.after is not None:
        return words.say("after", duration=rule.after[0].text)
    if rule.at is not None:
        return words.say("at", expression=rule.at.text)
    return words.say("child" if rule.trigger == "child" else "by_itself")


def _where_to(words: Words, rule: EventRule) -> str:
    ways = [_branch(words, branch) for branch in rule.branches]
    return words.join(dict.fromkeys(ways)) or words.say("stays")


def _branch(words: Words, branch: Branch) -> str:
    target = words.teller.state(branch.target) if branch.target else words.say("stays")
    if branch.resume:
        target = words.say("resumes", state=words.teller.state(branch.resume))
    if branch.outcome and branch.target:
        outcome = words.teller.outcome(branch.outcome, words.workflow.states[branch.target])
        target = words.say("with_outcome", state=target, outcome=outcome)
    return words.say("if", target=target, when=branch.when.text) if branch.when else target


def _needed(words: Words, event: str, keys: tuple[str, ...]) -> str:
    names = [name for rule in _declared(words, event) for key in keys for name in _fields(rule.get(key))]
    return words.join(dict.fromkeys(words.teller.field(name) for name in names))


def _declared(words: Words, event: str) -> list[Node]:
    """The rules of an event as they are written."""
    raw = words.loaded.raw
    declared = raw.sections["workflows"].get(words.workflow.id) if raw else None
    events = declared.node.get("events") if declared else None
    node = events.get(event) if events else None
    return [] if node is None else node.children if node.is_list else [node]


def _fields(node: Node | None) -> Iterator[str]:
    for item in [] if node is None else node.children if node.is_list else [node]:
        choice, single = item.get("any_of"), item.get("field")
        if choice is not None:
            yield " | ".join(_fields(choice))
        elif single is not None:
            yield single.text
        elif item.is_scalar and item.text:
            yield item.text


def _rule(words: Words, rule: EventRule) -> Iterator[RenderableType]:
    states = [words.teller.state(state) for state in rule.sources if state != NEW]
    where = words.join(states) or words.say("opens")
    yield Text(f"  {rule.source}", style="dim")
    yield indented(words.say("rule", who=_who(words, rule), states=where, where=_where_to(words, rule)), 2)
    for key in ("require", "record", "optional"):
        fields = _needed(words, rule.event, (key,))
        if fields:
            yield indented(words.say(key, fields=fields), 2)
    for check in rule.checks:
        if check.code not in ("evidence", "role", "state", "input"):
            said = _condition(words, rule.event, check.code)
            yield indented(words.say("check", code=check.code, said=said, source=check.source), 2)


def _condition(words: Words, event: str, code: str) -> str:
    """What a check demands: the rulebook's own words, else its expression, else the sentence for its kind."""
    for rule in [] if code == "quiet_hours" else _declared(words, event):
        node = rule.get(code)
        for one in [] if node is None else node.children if node.is_list else [node]:
            own = one.get("say")
            titles = label(own, "") if own is not None else {}
            text = titles.get(words.lang) or (one.get("rule") or one).text
            if text:
                return text
    return words.say(f"check_{code}") if f"cli_words.check_{code}" in message_keys(words.lang) else code


def _starts_at(sla: Sla, state: State, workflow: Workflow) -> bool:
    entering = {rule.event for rule in _ways_in(workflow, state)}
    for trigger in sla.starts:
        if trigger.kind == "entered" and trigger.names & set(state.path):
            return True
        if trigger.kind == "event" and trigger.names & entering:
            return True
    return False


def _limit(words: Words, sla: Sla) -> str:
    times = words.join(dict.fromkeys(_target(words, target) for target in sla.targets))
    told = [words.say("within", time=times)]
    warnings = [alarm for target in sla.targets for alarm in target.warnings]
    if warnings:
        when = words.join(dict.fromkeys(_alarm(words, alarm) for alarm in warnings))
        told.append(words.say("warns", when=when, who=_recipients(words, warnings)))
    if sla.breach is not None:
        told.append(words.say("breach", who=_recipients(words, [sla.breach])))
    for alarm in sla.escalations:
        after = alarm.after[0].text if alarm.after else "0m"
        told.append(words.say("escalation", after=after, who=_recipients(words, [alarm])))
    return words.say("stop").join(told)


def _alarm(words: Words, alarm: Alarm) -> str:
    if alarm.day_time is not None:
        return words.say("due_day", time=f"{alarm.day_time:%H:%M}")
    return alarm.text or (alarm.at.text if alarm.at else "")


def _target(words: Words, target: Target) -> str:
    time = target.within.text if target.within else words.say("until", expression=target.due.text if target.due else "")
    return words.say("if", target=time, when=target.when.text) if target.when else time


def _recipients(words: Words, alarms: Iterable[Alarm]) -> str:
    return words.join(dict.fromkeys(_recipient(words, one) for alarm in alarms for one in alarm.to))


def _recipient(words: Words, recipient: Recipient) -> str:
    if recipient.kind == "role":
        return words.teller.role(recipient.name)
    if recipient.kind == "field":
        return words.teller.field(recipient.name)
    return words.say({"owner": "owner_role"}.get(recipient.kind, recipient.kind))


def _trigger(words: Words, trigger: Trigger) -> str:
    if trigger.kind == "when":
        return words.say("trigger_when", expression=trigger.condition.text if trigger.condition else "")
    name = {"event": words.teller.event, "breached": words.teller.clock}.get(trigger.kind, words.teller.state)
    return words.say(f"trigger_{trigger.kind}", names=words.join(name(one) for one in sorted(trigger.names)))
