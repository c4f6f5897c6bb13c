"""Gives messages to one handler, one after the other, beside all others: it may hang and holds up nobody else."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from threading import Event, Thread

from dutyflow.errors import DeliveryError
from dutyflow.ports.host import Handler, Message
from dutyflow.runtime.clocks import monotonic
from dutyflow.runtime.crash_points import reached
from dutyflow.runtime.tracing import span

Results = Mapping[str, DeliveryError | None]
"""What a handler said to messages, by their id: None for one that it took. Those it was not asked about are absent."""

_log = logging.getLogger(__name__)


class Handover:
    """What one handler has done so far with the messages of one round. Its thread writes, the courier reads."""

    def __init__(self) -> None:
        self.thread: Thread | None = None
        self._begun: list[str] = []
        self._said: dict[str, DeliveryError | None] = {}

    def begin(self, id: str) -> None:
        """The handler has the message now."""
        self._begun.append(id)

    def end(self, id: str, said: DeliveryError | None) -> None:
        """The handler has returned."""
        self._said[id] = said

    def wait(self, until: float) -> Results:
        """What the handler said; at `until` (monotonic) a message that it has not returned has failed."""
        if self.thread is not None:
            self.thread.join(max(0.0, until - monotonic()))
        late = {id: DeliveryError("The handler did not return in time.") for id in tuple(self._begun)}
        return {**late, **self._said}


class Lane:
    """The way to one handler. A daemon thread for each round: one that hangs does not keep the process alive."""

    def __init__(self, handler: Handler, stop: Event) -> None:
        self.name = handler.name
        self._handler = handler
        self._stop = stop
        self._last = Handover()
        self._hangs = False

    def start(self, messages: Sequence[Message], *, until: float) -> Handover:
        """Begin to hand over messages, none of them after `until` (monotonic), and none while an older one hangs."""
        if not messages or self._is_hanging():
            return Handover()
        self._last = handover = Handover()
        words = (messages, until, handover)
        handover.thread = Thread(target=self._hand_over, args=words, name=f"dutyflow-{self.name}", daemon=True)
        handover.thread.start()
        return handover

    def _hand_over(self, messages: Sequence[Message], until: float, handover: Handover) -> None:
        for message in messages:
            if self._stop.is_set() or monotonic() >= until:
                return
            handover.begin(message.id)
            handover.end(message.id, self._said_to(message))

    def _said_to(self, message: Message) -> DeliveryError | None:
        with span("delivery", handler=self.name, message=message.id, attempt=message.attempt):
            try:
                self._handler.deliver(message)
                reached("delivered")
            except DeliveryError as error:
                return error
            except Exception as error:  # a handler is somebody else's code; what it says may be private
                problem = type(error).__name__
                _log.error("a handler failed", extra={"handler": self.name, "outgoing": message.id, "problem": problem})
                _log.debug("where the handler failed", exc_info=True)
                return DeliveryError(f"{self.name}: {problem}.")
        return None

    def _is_hanging(self) -> bool:
        hangs = self._last.thread is not None and self._last.thread.is_alive()
        if hangs and not self._hangs:
            _log.error("a handler does not return: its messages wait", extra={"handler": self.name})
        self._hangs = hangs
        return hangs
