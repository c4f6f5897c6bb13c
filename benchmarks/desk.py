"""The complaint desk that the durable benchmarks work at: the pack, a clock that stands still, and what people ask.

Each ticket lives through the same steps, each with a key: the mix of a desk that answers its customers. The clock
stands still, so that no timer falls due meanwhile and every run does the same.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from dutyflow.bootstrap.engine import Engine, Order
from dutyflow.bootstrap.stores import open_store
from dutyflow.kernel.commands import Fire, Open
from dutyflow.resources import workflows_dir
from dutyflow.runtime.clocks import VirtualClock

NOW = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)  # Monday 10:30 in Shanghai
REGISTER: Mapping[str, Any] = {
    "complainant": "王女士",
    "phone": "13800000000",
    "first_contact_at": "2026-03-02 09:10",
    "content": "送货迟到，外箱破损，要求换货并说明原因",
    "channel": "电话",
}
STEPS: Sequence[tuple[str, str, Mapping[str, Any]]] = (
    ("judge_upheld", "S1", {"statement": "听清", "asked_facts": "问清", "category": "配送"}),
    ("promise_reply", "A1", {"next_reply_at": "2026-03-03 15:00"}),
    ("mark_major", "S1", {}),
    ("report_exec", "S1", {"exec_told": "X"}),
    ("reply_customer", "A1", {"interim_reply": "正在调查"}),
    ("report_findings", "L1", {"cause": "迟到", "liable_person": "L1"}),
)
LIFE = 1 + len(STEPS)
"""Commands in the life of one ticket."""


class Plain(NamedTuple):
    """What is asked, for those who do not know our commands."""

    ticket: str
    event: str
    actor: str
    data: Mapping[str, Any]


def open_desk(url: str) -> Engine:
    """An engine on a store, with the pack published."""
    clock = VirtualClock(NOW)
    engine = Engine(open_store(url, clock=clock), clock=clock)
    engine.publish(workflows_dir() / "complaint_loop")
    return engine


def opening(ticket: str) -> Order:
    """The call of a customer."""
    command = Open(ticket=ticket, workflow="complaint", event="register", actor="A1", data=REGISTER)
    return Order(command=command, key=f"{ticket}/register")


def life(ticket: str) -> list[Order]:
    """Everything that is asked of one ticket, in order."""
    later = [
        Order(command=Fire(event=event, actor=actor, data=data), ticket=ticket, key=f"{ticket}/{event}")
        for event, actor, data in STEPS
    ]
    return [opening(ticket), *later]


def lives(prefix: str, count: int) -> list[list[Order]]:
    """The lives of tickets `<prefix>-<number>`."""
    return [life(f"{prefix}-{number}") for number in range(count)]


def openings(prefix: str, count: int) -> list[Order]:
    """New tickets, for whoever opens many."""
    return [opening(f"{prefix}-{number}") for number in range(count)]


def plain(order: Order) -> Plain:
    """What a command of a life says."""
    command = order.command
    assert isinstance(command, Open | Fire), "a life consists of events"
    ticket = command.ticket if isinstance(command, Open) else order.ticket
    return Plain(ticket or "", command.event, command.actor, command.data)


def submit(engine: Engine, order: Order) -> None:
    """Ask once; a refusal would measure something else."""
    answer = engine.submit(order.command, ticket=order.ticket, key=order.key)
    if answer.denial is not None:
        raise SystemExit(f"{order.key}: {answer.denial}")


def submit_all(engine: Engine, orders: Sequence[Order]) -> None:
    """Ask one after the other."""
    for order in orders:
        submit(engine, order)


def submit_bulk(engine: Engine, orders: Sequence[Order]) -> None:
    """Ask for all at once."""
    for answer in engine.submit_many(orders):
        if isinstance(answer, Exception) or answer.denial is not None:
            raise SystemExit(f"not opened: {answer}")
