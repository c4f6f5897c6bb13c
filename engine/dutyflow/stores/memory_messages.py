"""Messages on their way, kept in memory: waiting, held by a worker, delivered or given up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from dutyflow.ports.outbox import Claimed, Delivery, Waiting
from dutyflow.ports.records import Outgoing


@dataclass(frozen=True, slots=True)
class _Kept:
    message: Waiting
    held_until: datetime | None = None

    def is_free(self, now: datetime) -> bool:
        return self.held_until is None or self.held_until <= now


class Messages:
    """Messages by id, in the order kept. `now` comes from whoever asks."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self._last = 0

    def add(self, outgoing: Outgoing) -> None:
        """A message begins to wait."""
        self._last += 1
        waiting = Waiting(number=self._last, outgoing=outgoing, try_at=outgoing.notice.deliver_at)
        self._kept[outgoing.id] = _Kept(waiting)

    def of_status(self, status: str | None) -> tuple[Waiting, ...]:
        """Messages by status (None: all), oldest first."""
        return tuple(kept.message for kept in self._kept.values() if status in (None, kept.message.status))

    def claim(self, until: datetime, limit: int, *, now: datetime, held_until: datetime) -> tuple[Claimed, ...]:
        """Messages to be tried at `until` or before that nobody holds, now held until `held_until`."""
        free = [kept.message for kept in self._kept.values() if kept.is_free(now)]
        ready = [message for message in free if message.status == "waiting" and message.try_at <= until]
        ready.sort(key=lambda message: (message.try_at, message.number))
        for message in ready[:limit]:
            self._kept[message.outgoing.id] = _Kept(message, held_until)
        return tuple(
            Claimed(outgoing=message.outgoing, attempts=message.attempts, taken_by=message.taken_by, lease=held_until)
            for message in ready[:limit]
        )

    def settle(self, delivery: Delivery) -> None:
        """Keep what became of a message."""
        kept = self._kept.get(delivery.id)
        if kept is not None and delivery.lease in (None, kept.held_until):
            message = replace(
                kept.message,
                status=delivery.status,
                attempts=delivery.attempts,
                try_at=delivery.try_at or delivery.at,
                taken_by=delivery.taken_by,
                problem=delivery.problem,
            )
            self._kept[delivery.id] = _Kept(message)

    def retry(self, ids: Iterable[str] | None, now: datetime) -> int:
        """Let dead messages (None: all of them) wait again from `now` on; how many there were."""
        chosen = self._kept if ids is None else set(ids)
        dead = [message for message in self.of_status("dead") if message.outgoing.id in chosen]
        for message in dead:
            self._kept[message.outgoing.id] = _Kept(replace(message, status="waiting", attempts=0, try_at=now))
        return len(dead)

    def forget(self, delivered_before: datetime) -> int:
        """Remove delivered messages that are older; how many there were."""
        old = [message for message in self.of_status("delivered") if message.try_at < delivered_before]
        for message in old:
            del self._kept[message.outgoing.id]
        return len(old)
