"""A process that asks commands, each twice under its key, and may be killed at any moment: started by a drill."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from tests.crash.process import begin, heard, say

from dutyflow.bootstrap.engine import Engine, Order
from dutyflow.bootstrap.stores import open_store
from dutyflow.errors import UnavailableError
from dutyflow.kernel.commands import Comment, Fire, Open, Request
from dutyflow.kernel.encoding import plain_json
from dutyflow.ports.records import Answer


def order_of(ask: dict[str, Any]) -> Order:
    """A command as the test wrote it down."""
    return Order(command=_request(ask), ticket=ask["ticket"], key=ask["key"])


def _request(ask: dict[str, Any]) -> Request:
    actor, event, data = ask["actor"], ask["event"], ask["data"]
    match ask["do"]:
        case "open":
            return Open(workflow="promise", event=event, actor=actor, data=data)
        case "fire":
            return Fire(event=event, actor=actor, data=data)
    return Comment(actor=actor, text=ask["key"])


def told(answer: Answer | Exception) -> dict[str, Any]:
    """An answer, whole and in words that can be compared; an exception by its name."""
    if isinstance(answer, Exception):
        return {"problem": f"{type(answer).__name__}: {answer}", "again": isinstance(answer, UnavailableError)}
    return {"ticket": answer.ticket, "accepted": answer.accepted, "whole": plain_json(answer).decode()}


def asked_twice(engine: Engine, orders: Sequence[Order]) -> list[list[dict[str, Any]]]:
    """Both answers to each command."""
    first, second = engine.submit_many(orders), engine.submit_many(orders)
    return [[told(one), told(other)] for one, other in zip(first, second, strict=True)]


def main(arguments: list[str]) -> None:
    """Answer lists of commands, line by line."""
    url, clock, _ = begin(arguments)
    store = open_store(url, clock=clock)
    with Engine(store, clock=clock) as engine:
        say("ready")
        for asks in heard():
            say(asked_twice(engine, [order_of(ask) for ask in asks]))


if __name__ == "__main__":
    main(sys.argv[1:])
