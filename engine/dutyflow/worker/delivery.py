"""Takes kept messages to the handlers: claims them, hands them over outside any transaction, keeps what came of it."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event

from dutyflow.errors import DeliveryError, MisuseError, UnavailableError
from dutyflow.ports.host import Clock, Handler, Message, Observer
from dutyflow.ports.outbox import Claimed, Delivery
from dutyflow.ports.store import SharedStore
from dutyflow.runtime.catalogue import Catalogue
from dutyflow.runtime.clocks import monotonic
from dutyflow.runtime.crash_points import reached
from dutyflow.worker.lanes import Handover, Lane, Results
from dutyflow.worker.messages import message_of
from dutyflow.worker.pace import Pace
from dutyflow.worker.settling import outcome_for, settled

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliveries:
    """What became of the messages of one round: how many were delivered, wait again, were given up."""

    delivered: int = 0
    waiting: int = 0
    dead: int = 0

    @property
    def total(self) -> int:
        """How many there were."""
        return self.delivered + self.waiting + self.dead


NOTHING = Deliveries()


class Courier:
    """Delivers messages at least once. `stop` ends a round early: what has not been begun then waits for the next.

    An attempt counts once it is settled. When a worker dies before that, the lease ends and another one delivers the
    message again, with the same id.
    """

    def __init__(
        self,
        store: SharedStore,
        catalogue: Catalogue,
        clock: Clock,
        handlers: Sequence[Handler],
        *,
        pace: Pace,
        observer: Observer,
        stop: Event,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Raises `MisuseError` for two handlers of one name: nobody could tell which of them has a message."""
        self._store = store
        self._catalogue = catalogue
        self._clock = clock
        self._pace = pace
        self._observer = observer
        self._stop = stop
        self._chance = chance
        self._lanes = {handler.name: Lane(handler, stop) for handler in handlers}
        self._has_told = False
        if len(self._lanes) < len(handlers):
            raise MisuseError("Each handler of a worker needs a name of its own.")

    def deliver(self) -> Deliveries:
        """Take one batch of messages whose time has come to the handlers."""
        if not self._lanes:
            self._tell_that_messages_wait()
            return NOTHING
        began = monotonic()
        claimed = self._store.claim_messages(self._clock.now(), limit=self._pace.batch, lease=self._pace.lease)
        if not claimed:
            return NOTHING
        reached("taken")
        messages = {one.outgoing.id: self._made(one) for one in claimed}
        said = self._said_by_handlers(claimed, messages, began)
        deliveries = tuple(self._settled(one, messages[one.outgoing.id], said) for one in claimed)
        if monotonic() - began >= self._pace.lease.total_seconds():
            _log.error("deliveries took longer than their lease: others deliver the messages again")
            return Deliveries(waiting=len(deliveries))
        self._store.settle(deliveries)
        reached("settled")
        return self._counted(deliveries)

    def _made(self, claimed: Claimed) -> Message | DeliveryError:
        """The message, or why it can never be made."""
        outgoing = claimed.outgoing
        try:
            rules = self._catalogue.version(outgoing.rules)
            ticket = self._store.load(outgoing.ticket)
            return message_of(outgoing, rules, ticket=ticket, attempt=claimed.attempts + 1)
        except UnavailableError:
            raise
        except Exception as error:  # one message that cannot be read must not hold up the others
            _log.debug("where the message could not be made", exc_info=True)
            why = f"The message cannot be made by version {outgoing.rules[:12]} of its rulebook"
            return DeliveryError(f"{why} ({type(error).__name__}).", final=True)

    def _said_by_handlers(
        self, claimed: Sequence[Claimed], messages: Mapping[str, Message | DeliveryError], began: float
    ) -> Mapping[str, Results]:
        """What each handler said, all of them asked at the same time."""
        handovers: dict[str, Handover] = {}
        for name, lane in self._lanes.items():
            asked = [messages[one.outgoing.id] for one in claimed if name not in one.taken_by]
            own = [message for message in asked if isinstance(message, Message)]
            handovers[name] = lane.start(own, until=began + self._pace.begin_seconds)
        return {name: handover.wait(began + self._pace.wait_seconds) for name, handover in handovers.items()}

    def _settled(self, claimed: Claimed, made: Message | DeliveryError, said: Mapping[str, Results]) -> Delivery:
        id = claimed.outgoing.id
        if isinstance(made, DeliveryError):
            answers: Results = {name: made for name in self._lanes if name not in claimed.taken_by}
        else:
            answers = {name: results[id] for name, results in said.items() if id in results}
        delivery = settled(claimed, answers, self._lanes, at=self._clock.now(), pace=self._pace, chance=self._chance())
        for name, error in answers.items():
            self._observer.handed_over(name, outcome_for(error, delivery))
        if delivery.status == "dead":
            _log.error("a message was given up", extra={"outgoing": id, "problem": delivery.problem})
        return delivery

    def _counted(self, deliveries: Sequence[Delivery]) -> Deliveries:
        status = [delivery.status for delivery in deliveries]
        return Deliveries(
            delivered=status.count("delivered"), waiting=status.count("waiting"), dead=status.count("dead")
        )

    def _tell_that_messages_wait(self) -> None:
        if not self._has_told:
            _log.warning("no handler is set up: messages wait until a worker has one")
        self._has_told = True
