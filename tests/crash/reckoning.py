"""Compares what a drill has left behind with its plan: every command once, every deadline at its moment, all told."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.crash.drill import Drill
from tests.crash.host import order_of, told
from tests.crash.inspection import MANY, faults, happened
from tests.crash.plan import Fact, Promise

from dutyflow.bootstrap.engine import Engine
from dutyflow.kernel.effects import Notice
from dutyflow.ports.outbox import Waiting


def complaints(drill: Drill) -> list[str]:
    """Everything that is not as it must be; nothing is."""
    with drill.engine() as engine:
        return [
            *_wrong_answers(drill, engine),
            *_wrong_promises(drill, engine),
            *_wrong_messages(drill, engine),
            *faults(engine),
        ]


def _wrong_answers(drill: Drill, engine: Engine) -> Iterator[str]:
    """The same key has had the same answer before and after each death, and has it still."""
    for ask in drill.plan.asks:
        again = told(engine.submit_many([order_of(drill.written(ask))])[0])
        answers = drill.answers.get(ask.key, set()) | {again.get("whole", again.get("problem", ""))}
        if len(answers) != 1:
            yield f"{ask.key}: {len(answers)} different answers: {answers}"
        if drill.accepted.get(ask.key) is ask.is_denied:
            yield f"{ask.key}: was {'accepted' if ask.is_denied else 'refused'}"


def _wrong_promises(drill: Drill, engine: Engine) -> Iterator[str]:
    """Nothing is missing in the histories and nothing there twice; the audit trail has each command once."""
    known = {ticket.id for ticket in engine.store.tickets()}
    expected = {drill.tickets[promise.name] + visit for promise in drill.plan.promises for visit in ("", ".1")}
    if known != expected:
        yield f"tickets that nobody knows of, or that are lost: {known ^ expected}"
    for promise in drill.plan.promises:
        ticket = drill.tickets[promise.name]
        found = happened(engine.store, ticket, f"{ticket}.1")
        if found != promise.facts:
            yield f"{promise.name}: lost {promise.facts - found}, too much {found - promise.facts}"
        asked = [*engine.store.asked(ticket), *engine.store.asked(f"{ticket}.1")]
        asks = sum(1 for _ in promise.asks)
        refusals = sum(entry.denial is not None for entry in asked)
        if (len(asked), refusals) != (asks, promise.refusals):
            yield f"{promise.name}: asked {len(asked)} times, refused {refusals}; not {asks} and {promise.refusals}"


def _wrong_messages(drill: Drill, engine: Engine) -> Iterator[str]:
    """Every message was kept once, delivered at least once, and was the same each time."""
    kept = engine.store.messages(limit=MANY)
    by_ticket: defaultdict[str, Counter[Fact]] = defaultdict(Counter)
    for message in kept:
        by_ticket[message.outgoing.ticket][_fact(message)] += 1
        if message.status != "delivered":
            yield f"{message.outgoing.id}: is {message.status}"
    for promise in drill.plan.promises:
        found = by_ticket.pop(drill.tickets[promise.name], Counter())
        if found != promise.messages:
            yield f"{promise.name}: {_difference(promise, found)}"
    if by_ticket:
        yield f"messages about nothing: {dict(by_ticket)}"
    contents: defaultdict[str, set[str]] = defaultdict(set)
    for line in drill.inbox.read_text(encoding="utf-8").splitlines():
        contents[json.loads(line)["id"]].add(line)
    if set(contents) != {message.outgoing.id for message in kept}:
        yield f"delivered and kept differ: {set(contents) ^ {message.outgoing.id for message in kept}}"
    yield from (f"{name}: came with different contents" for name, lines in contents.items() if len(lines) > 1)


def _difference(promise: Promise, found: Counter[Fact]) -> str:
    return f"messages lost {promise.messages - found}, too many {found - promise.messages}"


def _fact(message: Waiting) -> Fact:
    notice = message.outgoing.notice
    if isinstance(notice, Notice):
        return "notice", notice.kind, notice.at
    return "send", notice.template, notice.at
