"""Two hosts on one store, played step by step from one seed: lost answers, deaths, clocks that jump, no order."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.crash.plan import DESK, NINE
from tests.simulation.faulty_store import FaultyStore

from dutyflow.bootstrap.engine import Engine, Order
from dutyflow.errors import ConflictError, UnavailableError, UnknownTicketError
from dutyflow.kernel.commands import Comment, Fire, Open, Request
from dutyflow.kernel.encoding import plain_json
from dutyflow.ports.host import Clock, Message
from dutyflow.ports.records import Answer
from dutyflow.ports.store import SharedStore
from dutyflow.runtime.crash_points import POINTS, call_at_crash_points
from dutyflow.worker.pace import Pace

OpenStore = Callable[[Clock], SharedStore]
"""Opens the one store of a world once more, with the clock of whoever opens it."""

ROUNDS_MAX = 500
"""Rounds after which a world without faults must have come to rest."""

PACE = Pace(timers=3, batch=3)

DEADLY = tuple(point for point in POINTS if point != "delivered")
"""Where a host may die here; handlers are called in a thread, which dies alone. Real processes die there too."""


class Died(BaseException):
    """A host dies at a crash point: nothing that would run after an ordinary error may matter."""


@dataclass(slots=True)
class JumpingClock:
    """A clock of the simulation; `ahead` is what a host's own clock is wrong by."""

    true: list[datetime]
    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        """The present instant, as this host takes it to be."""
        return self.true[0] + self.ahead


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A command under its key, which it also carries as its reason or its text, so that histories name it."""

    key: str
    ticket: str
    event: str
    actor: str = "A1"
    data: dict[str, Any] = field(default_factory=dict)
    at: datetime | None = None

    @property
    def order(self) -> Order:
        """What is submitted."""
        ticket = None if self.event == "give" else self.ticket
        return Order(command=self._request, ticket=ticket, key=self.key, at=self.at)

    @property
    def _request(self) -> Request:
        if self.event == "give":
            return Open(
                ticket=self.ticket, workflow="promise", event="give", actor=self.actor, data=self.data, reason=self.key
            )
        if self.event == "comment":
            return Comment(actor=self.actor, text=self.key)
        return Fire(event=self.event, actor=self.actor, data=self.data, reason=self.key)


class Host:
    """An engine with a clock of its own and a worker, which go under and come back."""

    def __init__(self, open_store: OpenStore, clock: JumpingClock, inbox: Inbox, random: Random, rate: float) -> None:
        self.clock = clock
        self._open_store, self._inbox, self._random, self._rate = open_store, inbox, random, rate
        self.begin()

    def begin(self) -> None:
        """Start, or start again after a death: nothing is left of what it knew."""
        store = FaultyStore(self._open_store(self.clock), lambda rate: self._random.random() < rate, self._rate)
        self.engine = Engine(store, clock=self.clock)  # type: ignore[arg-type]  # passes on what it does not have
        self.worker = self.engine.worker([self._inbox], pace=PACE)


class Inbox:
    """Takes messages, each as often as it comes."""

    name = "inbox"

    def __init__(self) -> None:
        self.contents: defaultdict[str, set[str]] = defaultdict(set)

    def deliver(self, message: Message) -> None:
        """Keep it; which attempt it was is no part of the message."""
        self.contents[message.id].add(json.dumps({**asdict(message), "attempt": 0}, default=str))


class World:
    """Everything that happens in one seed. Afterwards `asks`, `answers` and `tried_at` say what was asked and told."""

    def __init__(self, open_store: OpenStore, seed: int, *, rate: float = 0.04) -> None:
        self.random = Random(seed)
        self.asks: dict[str, Ask] = {}
        self.answers: defaultdict[str, set[str]] = defaultdict(set)
        self.accepted: dict[str, bool] = {}
        self.tried_at: defaultdict[str, set[datetime]] = defaultdict(set)
        self.inbox = Inbox()
        self._true = [NINE]
        self._latest = NINE
        self._underway: list[Ask] = []
        self._stores: list[SharedStore] = []
        self._open_anew = open_store
        with self.quiet_engine() as engine:
            engine.publish(DESK)
        self.hosts = [Host(self._open_store, JumpingClock(self._true), self.inbox, self.random, rate) for _ in range(2)]

    def close(self) -> None:
        """Close every store that any host has ever had."""
        for store in self._stores:
            store.close()

    def _open_store(self, clock: Clock) -> SharedStore:
        self._stores.append(self._open_anew(clock))
        return self._stores[-1]

    @contextmanager
    def quiet_engine(self) -> Iterator[Engine]:
        """An engine of the test itself: nothing fails that it does."""
        clock = JumpingClock(self._true)
        yield Engine(self._open_store(clock), clock=clock)

    # --- the story ----------------------------------------------------------------------------------------------

    def play(self, steps: int) -> None:
        """Let so many things happen, each by chance."""
        happenings = [self._somebody_asks, self._a_command_arrives, self._a_worker_works, self._time_passes]
        for _ in range(steps):
            happening = self.random.choices([*happenings, self._clocks_jump], weights=[4, 8, 5, 4, 1])[0]
            happening()
        self._come_to_rest()

    def _somebody_asks(self) -> None:
        number = self.random.randrange(1 + len(self.asks) // 4)
        promise = f"p{number}"
        key = f"k{len(self.asks)}"
        ask = self._asked(key, promise) if f"give {promise}" in self.asks else self._given(promise)
        self.asks[ask.key] = ask
        self._underway += [ask] * self.random.choice([1, 1, 2, 3])  # the network doubles

    def _given(self, promise: str) -> Ask:
        return Ask(key=f"give {promise}", ticket=promise, event="give", data={"topic": promise})

    def _asked(self, key: str, promise: str) -> Ask:
        event = self.random.choices(
            ["put_off", "keep", "withdraw", "make", "comment", "stranger"], weights=[5, 1, 1, 2, 4, 1]
        )[0]
        at = self._true[0] - self._span(300) if self.random.random() < 0.2 else None
        if event == "make":
            return Ask(key=key, ticket=f"{promise}.1", event=event, at=at)
        if event == "stranger":
            return Ask(key=key, ticket=promise, event="keep", actor="C1", at=at)
        data = {"promised_at": (self._true[0] + self._span(900)).isoformat()} if event == "put_off" else {}
        return Ask(key=key, ticket=promise, event=event, data=data, at=at)

    def _a_command_arrives(self) -> None:
        """One of those underway, not the first; sometimes several at once, which then share a transaction."""
        self.random.shuffle(self._underway)
        count = self.random.choice([1, 1, 1, 4])
        self._submit(self.random.choice(self.hosts), self._underway[:count])

    def _submit(self, host: Host, asks: list[Ask]) -> None:
        if not asks:
            return
        for ask in asks:
            self.tried_at[ask.key] |= {host.clock.now(), ask.at or host.clock.now()}
        with self._dying(host):
            told = host.engine.submit_many([ask.order for ask in asks])
            for ask, answer in zip(asks, told, strict=True):
                self._hear(ask, answer)

    def _hear(self, ask: Ask, answer: Answer | Exception) -> None:
        """Remember what was told. Whoever was told nothing asks again later."""
        if isinstance(answer, Answer):
            self.answers[ask.key].add(plain_json(answer).decode())
            self.accepted[ask.key] = answer.accepted
            self._underway.remove(ask)
            return
        is_early = isinstance(answer, UnknownTicketError) or "has not come yet" in str(answer)
        assert is_early or isinstance(answer, UnavailableError | ConflictError), repr(answer)

    def _a_worker_works(self) -> None:
        host = self.random.choice(self.hosts)
        with self._dying(host):
            host.worker.run_once()

    def _time_passes(self) -> None:
        self._move_to(self._true[0] + self._span(90))

    def _clocks_jump(self) -> None:
        """The true time leaps or falls back, or one host begins to be wrong by a while."""
        if self.random.random() < 0.5:
            self._move_to(self._true[0] + self.random.choice([-1, 1]) * self._span(1200))
        else:
            self.random.choice(self.hosts).clock.ahead = self.random.choice([-1, 0, 1]) * self._span(400)

    def _move_to(self, at: datetime) -> None:
        self._true[0] = max(at, NINE)
        self._latest = max(self._latest, at)

    def _span(self, seconds: int) -> timedelta:
        return timedelta(seconds=self.random.randrange(seconds))

    # --- deaths -------------------------------------------------------------------------------------------------

    @contextmanager
    def _dying(self, host: Host) -> Iterator[None]:
        """A host that is at work may be told that the store failed, or die at one of the crash points and come back."""
        doomed = self.random.choice([*DEADLY, *[""] * 30])

        def visited(point: str) -> None:
            if point == doomed:
                raise Died

        call_at_crash_points(visited)
        try:
            yield
        except (UnavailableError, ConflictError):
            pass
        except Died:
            call_at_crash_points(None)
            host.begin()
        finally:
            call_at_crash_points(None)

    # --- the end ------------------------------------------------------------------------------------------------

    def _come_to_rest(self) -> None:
        """Nothing fails any more: every command is answered and all that was to happen happens."""
        for host in self.hosts:
            host.clock.ahead = timedelta()
        self._move_to(self._latest + timedelta(hours=1))
        with self.quiet_engine() as engine:
            worker = engine.worker([self.inbox], pace=PACE)
            for ask in [*self.asks.values(), *self._underway]:
                self.tried_at[ask.key].add(ask.at or self._true[0])
                self._underway.append(ask)
                self._hear(ask, engine.submit_many([ask.order])[0])
                assert ask.key in self.accepted, f"{ask.key} is never answered"
            for _ in range(ROUNDS_MAX):
                self._move_to(self._true[0] + timedelta(minutes=1))
                if worker.run_once().is_idle and engine.next_due_at() is None and not list(engine.store.outbox()):
                    return
        raise AssertionError("the world does not come to rest")
