"""Runs a desk with real processes, lets them die in the middle of their work, and starts others in their place."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any, Literal

from tests.crash.plan import DESK, MINUTE, NINE, Ask, Plan
from tests.crash.process import FileClock

from dutyflow.bootstrap.engine import Engine
from dutyflow.bootstrap.stores import open_store

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0
"""Seconds after which a process that says nothing is taken to hang."""

BATCH = 10
"""Commands that a host is given at a time."""

TRIES_MAX = 200
"""How often commands are given again while hosts die or cannot reach the store."""

MINUTES_MORE = 20
"""How long after the plan the last messages may take: what a dead worker held is free again after its lease."""

Who = Literal["host", "one worker", "all workers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Danger:
    """Who dies, where and how often. Without a point it is at any moment; `strike` is what else happens meanwhile."""

    who: tuple[Who, ...] = ()
    point: str = ""
    deaths_max: int = 2
    strike: Callable[[], None] | None = None
    strikes_max: int = 1


class Process:
    """A process of ours, spoken to in lines."""

    def __init__(self, script: str, arguments: Sequence[str]) -> None:
        paths = os.pathsep.join(str(ROOT / folder) for folder in ("engine", "."))
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"tests.crash.{script}", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": paths},
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._ears, self._mouth = self._process.stdout.fileno(), self._process.stdin
        self._heard = b""
        self.is_alive = True

    def tell(self, what: Any) -> None:
        """Say something; a dead one hears nothing."""
        with suppress(BrokenPipeError):
            self._mouth.write(json.dumps(what).encode() + b"\n")
            self._mouth.flush()

    def hear(self) -> Any:
        """What it says next; None if it has died instead."""
        while b"\n" not in self._heard:
            assert self.speaks_within(PATIENCE), "a process hangs"
            part = os.read(self._ears, 65536)
            if not part:
                self.end()
                return None
            self._heard += part
        line, _, self._heard = self._heard.partition(b"\n")
        return json.loads(line)

    def speaks_within(self, seconds: float) -> bool:
        """Whether it says something, or dies, within that time."""
        return bool(self._heard) or bool(select.select([self._ears], [], [], seconds)[0])

    def kill(self) -> None:
        """Kill it, whatever it is doing; what it has said before may still be heard."""
        self._process.kill()

    def end(self) -> None:
        """Kill it, if it lives, and see it off."""
        self.is_alive = False
        self.kill()
        self._process.wait(PATIENCE)
        with suppress(BrokenPipeError):
            self._mouth.close()
        assert self._process.stdout is not None
        self._process.stdout.close()


class Drill:
    """A host and two workers on one store, a plan and a danger. What was told is in `answers`, by the key."""

    def __init__(self, url: str, folder: Path, plan: Plan, danger: Danger, *, seed: int) -> None:
        self.url, self.plan, self.danger = url, plan, danger
        self.answers: dict[str, set[str]] = {}
        self.tickets: dict[str, str] = {}
        self.accepted: dict[str, bool] = {}
        self.deaths = 0
        self.strikes = 0
        self.inbox = folder / "inbox"
        self.inbox.touch()
        self._random = Random(seed)
        self._clock_file = folder / "clock"
        self.clock = FileClock(self._clock_file)
        self.clock.set(NINE)
        self._host: Process | None = None
        self._workers: list[Process | None] = [None, None]

    def run(self) -> None:
        """Play the whole plan, and then let time pass until nothing waits any more."""
        with self.engine() as engine:
            engine.publish(DESK)
        try:
            for minute in range(self.plan.minutes):
                self._pass_minute(minute)
            for minute in range(self.plan.minutes, self.plan.minutes + MINUTES_MORE):
                if self._is_at_rest():
                    return
                self._pass_minute(minute)
            raise AssertionError("something is left to be done for ever")
        finally:
            for process in (self._host, *self._workers):
                if process is not None and process.is_alive:
                    process.end()

    def engine(self) -> Engine:
        """An engine of the test itself, on the same store and clock."""
        return Engine(open_store(self.url, clock=self.clock), clock=self.clock)

    # --- one minute ---------------------------------------------------------------------------------------------

    def _pass_minute(self, minute: int) -> None:
        self.clock.set(NINE + minute * MINUTE)
        for number in range(len(self._workers)):
            worker = self._worker(number)
            worker.tell("go")
            self._maybe_kill(worker, "one worker" if number == 0 else "all workers")
        for asks in _parts(self.plan.asks_at(minute), BATCH):
            self._ask_until_told(asks)
        for number in range(len(self._workers)):
            self._see_idle(number)

    def _ask_until_told(self, asks: Sequence[Ask]) -> None:
        """Give commands to a host, and again to another one while hosts die, until each has its answers."""
        for _ in range(TRIES_MAX):
            host = self._living_host()
            host.tell([self.written(ask) for ask in asks])
            self._strike()
            self._maybe_kill(host, "host")
            told = host.hear()
            if told is None:
                self.deaths += 1
                continue
            are_told = [self._keep(ask, answers) for ask, answers in zip(asks, told, strict=True)]
            if all(are_told):
                return
        raise AssertionError(f"commands are never answered: {[ask.key for ask in asks]}")

    def written(self, ask: Ask) -> dict[str, Any]:
        """A command as hosts read it, with the ticket that it is for."""
        ticket = None if ask.do == "open" else self.tickets[ask.of] + (".1" if ask.visit else "")
        return {**asdict(ask), "ticket": ticket}

    def _keep(self, ask: Ask, answers: Iterable[dict[str, Any]]) -> bool:
        """Remember what was told; False where it was only that the store cannot be reached."""
        is_told = True
        for answer in answers:
            if "problem" in answer:
                assert answer["again"], answer["problem"]
                is_told = False
                continue
            self.answers.setdefault(ask.key, set()).add(answer["whole"])
            self.accepted[ask.key] = answer["accepted"]
            if ask.do == "open":
                self.tickets[ask.of] = answer["ticket"]
        return is_told

    def _see_idle(self, number: int) -> None:
        worker = self._workers[number]
        assert worker is not None
        if worker.hear() is None:
            self.deaths += 1

    # --- processes ----------------------------------------------------------------------------------------------

    def _living_host(self) -> Process:
        if self._host is None or not self._host.is_alive:
            self._host = self._started("host", self._is_in_danger("host"))
        return self._host

    def _worker(self, number: int) -> Process:
        worker = self._workers[number]
        if worker is None or not worker.is_alive:
            is_in_danger = self._is_in_danger("all workers") or (number == 0 and self._is_in_danger("one worker"))
            worker = self._workers[number] = self._started("worker", is_in_danger, str(self.inbox))
        return worker

    def _started(self, script: str, is_in_danger: bool, *others: str) -> Process:
        """A process that is ready; one in danger is armed to die at its point, sooner or later."""
        point = self.danger.point if is_in_danger else ""
        times = str(self._random.randint(1, 4))
        process = Process(script, [self.url, str(self._clock_file), point, times, *others])
        assert process.hear() == "ready", f"a {script} did not start"
        return process

    def _is_in_danger(self, who: Who) -> bool:
        return who in self.danger.who and self.deaths < self.danger.deaths_max

    def _maybe_kill(self, process: Process, who: Who) -> None:
        """Where death may come at any moment, let it come now and then, and only while there is work in hand."""
        named = self._is_in_danger(who) or (who == "one worker" and self._is_in_danger("all workers"))
        if self.danger.point or not named or self._random.random() > 1 / 2:
            return
        # Moments of every size: what takes a loaded machine long is over at once on an idle one.
        if not process.speaks_within(0.02 * self._random.random() ** 4):
            process.kill()

    def _strike(self) -> None:
        if self.danger.strike and self.strikes < self.danger.strikes_max and self._random.random() < 1 / 5:
            self.strikes += 1
            self.danger.strike()

    def _is_at_rest(self) -> bool:
        with self.engine() as engine:
            return not list(engine.store.outbox()) and not engine.store.due(self.clock.now(), inclusive=False, limit=1)


def _parts(asks: Sequence[Ask], size: int) -> Iterator[Sequence[Ask]]:
    return (asks[first : first + size] for first in range(0, len(asks), size))
