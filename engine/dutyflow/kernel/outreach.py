"""What an event does beyond its own ticket: children (one or a batch), signals to other tickets, messages."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from dutyflow.kernel import events as ev
from dutyflow.kernel.draft import Draft
from dutyflow.kernel.effects import OpenChild, Send, Tell
from dutyflow.kernel.local_time import in_utc
from dutyflow.kernel.recipients import address
from dutyflow.kernel.rules import Allocation, Assignment, Branch, EventRule, Message, Signal, Spawn
from dutyflow.kernel.scope import Scope
from dutyflow.kernel.sets import candidates, open_load, tickets_in

TICKET = "ticket"
"""In a message, the id of the ticket it is about."""


def reach_out(draft: Draft, rule: EventRule, branch: Branch, actor: str, scope: Scope) -> None:
    """Open the children that an event declares, tell other tickets, send messages. `scope` holds the new values."""
    for spawn in (*rule.spawns, *branch.spawns):
        if spawn.when is None or spawn.when.evaluate(scope):
            _spawn(draft, spawn, actor, scope)
    if rule.signals or branch.signals or rule.messages or branch.messages:
        after = draft.scope(actor, scope.given)
        for signal in (*rule.signals, *branch.signals):
            if signal.when is None or signal.when.evaluate(after):
                draft.effects.extend(_told(signal, after))
        for message in (*rule.messages, *branch.messages):
            if message.when is None or message.when.evaluate(after):
                draft.effects.extend(_sent(message, after))


# --- children ---------------------------------------------------------------------------------------------------


def _spawn(draft: Draft, spawn: Spawn, actor: str, scope: Scope) -> None:
    if spawn.for_each is None:
        _open_child(draft, spawn, actor, evaluated(spawn.data, scope))
        return
    items = sorted(spawn.for_each.evaluate(scope) or (), key=str)  # the order of a list must not decide who gets what
    shares = _shares(spawn, len(items), scope)
    for item in items:
        data = evaluated(spawn.data, scope.with_each(item))
        if spawn.assign is not None:
            data[spawn.assign.field] = next(shares, None)
        _open_child(draft, spawn, actor, data)


def _open_child(draft: Draft, spawn: Spawn, actor: str, data: dict[str, Any]) -> None:
    child = f"{draft.ticket.id}.{len(draft.ticket.children) + 1}"
    draft.add(ev.ChildOpened(at=draft.now, child=child, workflow=spawn.workflow))
    draft.effects.append(
        OpenChild(
            ticket=child,
            workflow=spawn.workflow,
            event=spawn.event,
            actor=actor,
            data={name: value for name, value in data.items() if value is not None},
            source=spawn.source,
        )
    )


def _shares(spawn: Spawn, count: int, scope: Scope) -> Iterator[str]:
    """Who gets each item of a batch in turn: always the one who has the least by then."""
    if spawn.assign is None:
        return iter(())
    return _dealt(spawn.workflow, spawn.assign, count, scope)


def _dealt(workflow: str, assign: Allocation, count: int, scope: Scope) -> Iterator[str]:
    there = scope.rules.workflows[workflow]
    hands = [
        [open_load(there, member, assign.field, scope), grade, member]
        for grade, member in candidates(assign.role, assign.skill, assign.level, scope)
    ]
    for _ in range(count if hands else 0):
        hand: list[Any] = min(hands)
        hand[0] += 1
        yield str(hand[2])


def evaluated(assignments: tuple[Assignment, ...], scope: Scope) -> dict[str, Any]:
    """The values of all expressions, each seeing the same snapshot; moments in UTC, so that equal ones are equal."""
    return {assignment.field: in_utc(assignment.value.evaluate(scope)) for assignment in assignments}


# --- other tickets, other people --------------------------------------------------------------------------------


def _told(signal: Signal, scope: Scope) -> Iterator[Tell]:
    data = {name: value for name, value in evaluated(signal.data, scope).items() if value is not None}
    for ticket in _whom(signal, scope):
        yield Tell(ticket=ticket, event=signal.event, data=data, source=signal.source)


def _whom(signal: Signal, scope: Scope) -> tuple[str, ...]:
    if signal.set is None:
        named = scope.values.get(signal.to or "")
        return () if named is None else named if isinstance(named, tuple) else (str(named),)
    found = tuple(ticket.id for ticket in tickets_in(signal.set, scope) if ticket.id != scope.ticket.id)
    if signal.first is None:
        return found
    return found[: int(signal.first.evaluate(scope) or 0)]


def _sent(message: Message, scope: Scope) -> Iterator[Send]:
    to = address(message.to, scope)
    if to is not None:
        deliver_at = _after_quiet_hours(message, scope)
        held = {**scope.values, TICKET: scope.ticket.id}
        fields = scope.rules.templates[message.template].fields
        values = {name: held.get(name) for name in fields}
        yield Send(template=message.template, to=to, at=scope.now, deliver_at=deliver_at, values=values)


def _after_quiet_hours(message: Message, scope: Scope) -> datetime:
    quiet_hours = scope.rules.templates[message.template].quiet_hours
    if quiet_hours is None or not quiet_hours.is_quiet(scope.now):
        return scope.now
    held: datetime = in_utc(quiet_hours.next_contact(scope.now))
    return held
