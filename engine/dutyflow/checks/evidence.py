"""Data: a rule that asks for a field which nothing can ever fill is a rule that never works."""

from __future__ import annotations

from collections.abc import Iterator

from dutyflow.checks.subject import Part
from dutyflow.kernel.decide import NUMBER
from dutyflow.kernel.rules import Branch, EventRule, Expression
from dutyflow.rulebook.nodes import Node
from dutyflow.rulebook.places import Place


def fields_nobody_fills(part: Part) -> None:
    """DF310: a field is asked for, but no event takes or sets it, and it has no default."""
    filled = _filled(part)
    reported: set[str] = set()
    for name, place in _asked(part):
        if name in part.workflow.fields and name not in filled and name not in reported:
            reported.add(name)
            part.report("DF310", place, field=name)


def _filled(part: Part) -> set[str]:
    filled = set(part.workflow.defaults)
    if part.workflow.number is not None:
        filled.add(NUMBER)  # given by the system when the ticket opens
    for rule in part.workflow.rules:
        filled |= rule.accepts
        filled |= {a.field for sets in (rule.sets, *(branch.sets for branch in rule.branches)) for a in sets}
    return filled


def _asked(part: Part) -> Iterator[tuple[str, Place]]:
    """Every field that something depends on, and where: people kept apart, owners, conditions."""
    for _, rule in part.declared_rules():
        for node in _people_fields(rule):
            yield node.text, node.place
    for expression in _conditions(part):
        for name in sorted(expression.reads):
            yield name, part.book.place(expression.source)
    for state in part.workflow.states.values():
        for name in sorted(state.owner.choose.reads) if state.owner and state.owner.choose else ():
            yield name, part.book.place(state.owner.source if state.owner else state.source)


def _people_fields(rule: Node) -> Iterator[Node]:
    separated = rule.get("not_by")
    for node in (separated.get("same_as") if separated else None, rule.get("unless_conflict_with")):
        if node is not None:
            yield from node.children if node.is_list else [node]


def _conditions(part: Part) -> Iterator[Expression]:
    for rule in part.workflow.rules:
        yield from (found for found in _conditions_of(rule) if found is not None)
    for sla in part.slas:
        for target in sla.targets:
            yield from (found for found in (target.when, target.due) if found is not None)
        for trigger in (*sla.starts, *sla.stops, *sla.cancels):
            yield from (found for found in (trigger.condition, trigger.anchor) if found is not None)
        yield from (pause.condition for pause in sla.pauses if pause.condition is not None)


def _conditions_of(rule: EventRule) -> Iterator[Expression | None]:
    yield from (rule.when, rule.at)
    yield from (branch.when for branch in rule.branches)
    yield from (follow_up.when for follow_up in rule.then)
    yield from _asked_to_reach_out(rule)
    for branch in rule.branches:
        yield from _asked_to_reach_out(branch)


def _asked_to_reach_out(part: EventRule | Branch) -> Iterator[Expression | None]:
    """What has to hold for children, signals and messages."""
    yield from (spawn.when for spawn in part.spawns)
    yield from (signal.when for signal in part.signals)
    yield from (signal.first for signal in part.signals)
    yield from (message.when for message in part.messages)
