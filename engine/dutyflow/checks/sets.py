"""Tickets that are looked at or told together: sets that nobody asks, signals that nobody takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dutyflow.checks.subject import Book, Part
from dutyflow.kernel.rules import NEW, SYSTEM, Alarm, EventRule, Signal, Sla
from dutyflow.wording import Phrase


def sets_nobody_asks(book: Book) -> None:
    """DF314: a set that stands in no expression, signal, schedule or alarm."""
    asked = {name for expression in book.loaded.expressions.values() for name in expression.sets}
    asked |= {schedule.set for schedule in book.rules.schedules.values() if schedule.set is not None}
    for workflow in book.rules.workflows.values():
        asked |= {signal.set for rule in workflow.rules for signal in _signals(rule) if signal.set is not None}
        asked |= {alarm.names for sla in workflow.slas.values() for alarm in _alarms(sla) if alarm.names is not None}
    for name, found in book.rules.sets.items():
        if name not in asked:
            book.report("DF314", found.source, name=name)


def signals_never_taken(part: Part) -> None:
    """DF313: an event is fired on the tickets of a set, and none of them can ever take it."""
    for rule in part.workflow.rules:
        for signal in _signals(rule):
            if signal.set is not None:
                _check_signal(part.book, signal, signal.set)


def _check_signal(book: Book, signal: Signal, name: str) -> None:
    found = book.rules.sets[name]
    there = book.rules.workflows[found.workflow]
    offered = {state: rule for state, rule in there.steps[signal.event].items() if state != NEW}
    held = found.states if found.states is not None else frozenset(there.states)
    fitting = [rule for state, rule in offered.items() if state in held]
    values: dict[str, object] = {"set": name, "event": signal.event}
    if not fitting:
        states = _listed(state for state in there.states if state in offered) or Phrase.of("kind.nothing")
        holds = _listed(state for state in there.states if state in held)
        values |= {"offered": states, "problem": Phrase.of("signal.states", offered=states, held=holds)}
    elif all(rule.trigger != "person" for rule in fitting):
        values["problem"] = Phrase.of("signal.nobody")
    elif all(SYSTEM not in rule.by for rule in fitting):
        by = dict.fromkeys(role for rule in fitting for role in sorted(rule.by))
        values["problem"] = Phrase.of("signal.by", by=_listed(by))
    else:
        return
    related = dict.fromkeys(rule.source for rule in there.rules if rule.event == signal.event)
    book.report("DF313", signal.source, related=related, **values)


def _signals(rule: EventRule) -> tuple[Signal, ...]:
    return (*rule.signals, *(signal for branch in rule.branches for signal in branch.signals))


def _alarms(sla: Sla) -> Iterator[Alarm]:
    """Every alarm that an SLA declares: warnings (of appointments too), the breach and its later steps."""
    for target in sla.targets:
        yield from target.warnings
    for move in sla.moves:
        yield from move.warnings
    yield from (alarm for alarm in (sla.breach, *sla.escalations) if alarm is not None)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
