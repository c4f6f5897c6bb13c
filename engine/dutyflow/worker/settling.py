"""What becomes of a message after its handlers were asked: delivered, tried again later, or given up."""

from __future__ import annotations

import math
from collections.abc import Collection
from datetime import datetime, timedelta

from dutyflow.errors import DeliveryError
from dutyflow.ports.host import Outcome
from dutyflow.ports.outbox import Claimed, Delivery, Status
from dutyflow.worker.lanes import Results
from dutyflow.worker.pace import Pace

PROBLEM_LENGTH_MAX = 500


def settled(
    claimed: Claimed, said: Results, handlers: Collection[str], *, at: datetime, pace: Pace, chance: float
) -> Delivery:
    """What to keep of a message. `said` are the answers by handler; a handler that was not asked is absent.

    A message is delivered when all have taken it. It is dead when those that have not will never take it, or after too
    many attempts. An attempt is one at which somebody answered; being postponed is none.
    """
    taken = (*claimed.taken_by, *(name for name, error in said.items() if error is None))
    lacking = [name for name in handlers if name not in taken]
    failures = [error for error in said.values() if error is not None]
    attempts = claimed.attempts + (1 if failures or not lacking else 0)
    problem = " ".join(error.message for error in failures)[:PROBLEM_LENGTH_MAX] or None
    status: Status = "waiting"
    if not lacking:
        status = "delivered"
    elif attempts >= pace.attempts_max or all(_is_final(said.get(name)) for name in lacking):
        status = "dead"
    return Delivery(
        id=claimed.outgoing.id,
        status=status,
        attempts=attempts,
        at=at,
        try_at=at + _wait(failures, attempts, pace, chance) if status == "waiting" else None,
        taken_by=taken,
        problem=problem,
        lease=claimed.lease,
    )


def outcome_for(error: DeliveryError | None, delivery: Delivery) -> Outcome:
    """How a message went for one handler that was asked."""
    if error is None:
        return "delivered"
    return "retried" if delivery.status == "waiting" else "dead"


def _wait(failures: list[DeliveryError], attempts: int, pace: Pace, chance: float) -> timedelta:
    """How long until the next try, in whole seconds; whoever asks to be left alone for longest is heard."""
    if not failures:
        return _whole(pace.postponed.total_seconds() * (1 + chance))
    asked = max((error.retry_after for error in failures if error.retry_after is not None), default=None)
    return _whole(pace.retry.wait(attempts, chance, at_least=asked).total_seconds())


def _whole(seconds: float) -> timedelta:
    return timedelta(seconds=max(1, math.ceil(seconds)))


def _is_final(error: DeliveryError | None) -> bool:
    return error is not None and error.final
