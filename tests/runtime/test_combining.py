"""Callers that come at once share the work: nobody is forgotten, whatever happens to whoever does it."""

import os
import random
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock, Thread
from typing import Any

import pytest

from dutyflow.errors import MisuseError, UnavailableError
from dutyflow.runtime.combining import Combiner

SECONDS = 20
"""After this a caller counts as forgotten; it is only waited for when a test fails."""


class Gate:
    """A `perform` that holds the first batch until it is opened, and notes every batch."""

    def __init__(self, failing: BaseException | None = None) -> None:
        self.entered, self.open = Event(), Event()
        self.batches: list[list[int]] = []
        self.failing = failing

    def __call__(self, jobs: Sequence[int]) -> Sequence[int | BaseException]:
        first = not self.batches
        self.batches.append(list(jobs))
        if first:
            self.entered.set()
            assert self.open.wait(SECONDS)
            if self.failing is not None:
                raise self.failing
        return [job * 10 for job in jobs]


def in_thread(call: Callable[[], Any], into: dict[str, Any], name: str) -> Thread:
    def run() -> None:
        try:
            into[name] = call()
        except BaseException as error:
            into[name] = error

    thread = Thread(target=run, daemon=True)
    thread.start()
    return thread


def waiting_for(combiner: Combiner[int, int], count: int) -> None:
    """Until so many jobs stand in line."""
    turn = Event()
    for _ in range(SECONDS * 1000):
        if len(combiner._line().waiting) >= count:
            return
        turn.wait(0.001)
    raise AssertionError("nobody came")


def test_those_who_come_while_somebody_works_are_done_together_and_in_order() -> None:
    gate = Gate()
    combiner = Combiner(gate)
    results: dict[str, Any] = {}
    threads = [in_thread(lambda: combiner.run(1), results, "1")]
    assert gate.entered.wait(SECONDS)
    for number in (2, 3, 4):
        threads.append(in_thread(lambda number=number: combiner.run(number), results, str(number)))
        waiting_for(combiner, number - 1)
    gate.open.set()
    for thread in threads:
        thread.join(SECONDS)
    assert results == {"1": 10, "2": 20, "3": 30, "4": 40}
    assert gate.batches == [[1], [2, 3, 4]]


def test_no_more_jobs_than_allowed_are_done_at_once() -> None:
    batches: list[list[int]] = []

    def perform(jobs: Sequence[int]) -> list[int]:
        batches.append(list(jobs))
        return list(jobs)

    assert Combiner(perform, jobs_max=3).run_all(range(8)) == list(range(8))
    assert batches == [[0, 1, 2], [3, 4, 5], [6, 7]]


def test_many_threads_and_many_rounds_lose_nobody() -> None:
    working = Lock()

    def perform(jobs: Sequence[int]) -> list[int]:
        assert working.acquire(blocking=False), "two threads work at once"
        try:
            return [job + 1 for job in jobs]
        finally:
            working.release()

    combiner: Combiner[int, int] = Combiner(perform, jobs_max=5)

    def rounds(seed: int) -> bool:
        choose = random.Random(seed)
        for number in range(300):
            if choose.random() < 0.1:
                assert combiner.run_all([number, seed]) == [number + 1, seed + 1]
            else:
                assert combiner.run(number) == number + 1
        return True

    with ThreadPoolExecutor(24) as pool:
        assert all(pool.map(rounds, range(24), timeout=120))


def test_an_exception_fails_only_its_own_job() -> None:
    def perform(jobs: Sequence[int]) -> list[int | BaseException]:
        return [ValueError(job) if job % 2 else job for job in jobs]

    combiner: Combiner[int, int] = Combiner(perform)
    results = combiner.run_all([1, 2, 3, 4])
    assert [str(item) for item in results] == ["1", "2", "3", "4"]
    assert [isinstance(item, ValueError) for item in results] == [True, False, True, False]
    with pytest.raises(ValueError, match="7"):
        combiner.run(7)


def test_when_the_whole_work_fails_each_of_its_callers_learns_why_and_the_next_goes_on() -> None:
    gate = Gate(failing=ValueError("the disk is full"))
    combiner = Combiner(gate)
    results: dict[str, Any] = {}
    first = in_thread(lambda: combiner.run_all([1, 2]), results, "first")
    assert gate.entered.wait(SECONDS)
    gate.open.set()
    first.join(SECONDS)
    assert [str(error) for error in results["first"]] == ["the disk is full", "the disk is full"]
    assert combiner.run(3) == 30


def test_an_interrupt_is_for_whoever_works_and_the_others_go_on() -> None:
    gate = Gate(failing=KeyboardInterrupt())
    combiner = Combiner(gate)
    results: dict[str, Any] = {}
    leader = in_thread(lambda: combiner.run(1), results, "leader")
    assert gate.entered.wait(SECONDS)
    follower = in_thread(lambda: combiner.run(2), results, "follower")
    waiting_for(combiner, 1)
    gate.open.set()
    leader.join(SECONDS)
    follower.join(SECONDS)
    assert isinstance(results["leader"], KeyboardInterrupt)
    assert results["follower"] == 20


def test_whoever_was_taken_along_by_an_interrupted_worker_is_told_to_ask_again() -> None:
    gate = Gate()
    results: dict[str, Any] = {}

    def perform(jobs: Sequence[int]) -> Sequence[int | BaseException]:
        if 2 in jobs:
            raise KeyboardInterrupt
        return gate(jobs)

    combiner: Combiner[int, int] = Combiner(perform)
    first = in_thread(lambda: combiner.run(1), results, "1")
    assert gate.entered.wait(SECONDS)
    second = in_thread(lambda: combiner.run(2), results, "2")
    waiting_for(combiner, 1)
    third = in_thread(lambda: combiner.run(3), results, "3")
    waiting_for(combiner, 2)
    gate.open.set()
    for thread in (first, second, third):
        thread.join(SECONDS)
    assert results["1"] == 10
    assert {type(results["2"]), type(results["3"])} == {KeyboardInterrupt, UnavailableError}


def test_one_who_is_interrupted_in_the_middle_of_many_leaves_the_line() -> None:
    done: list[int] = []

    def perform(jobs: Sequence[int]) -> list[int]:
        if 3 in jobs:
            raise KeyboardInterrupt
        done.extend(jobs)
        return list(jobs)

    combiner: Combiner[int, int] = Combiner(perform, jobs_max=2)
    with pytest.raises(KeyboardInterrupt):
        combiner.run_all([1, 2, 3, 4, 5, 6])
    assert combiner.run(7) == 7
    assert done == [1, 2, 7]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # forking with threads is what is tested
def test_one_who_leaves_the_line_while_the_next_batch_is_taken_is_missed_by_nobody() -> None:
    class Left(deque[Any]):
        """A line whose last one leaves whenever somebody has counted them."""

        def __len__(self) -> int:
            return super().__len__() + 1

    combiner: Combiner[int, int] = Combiner(lambda jobs: [job * 10 for job in jobs])
    combiner._line().waiting = Left()
    assert combiner.run(1) == 10
    assert combiner.run_all([2, 3]) == [20, 30]


def test_a_forked_process_does_not_wait_for_those_it_left_behind() -> None:
    gate = Gate()
    combiner = Combiner(gate)
    results: dict[str, Any] = {}
    busy = in_thread(lambda: combiner.run(1), results, "1")
    assert gate.entered.wait(SECONDS)
    child = os.fork()
    if child == 0:
        combiner._perform = list
        answered: dict[str, Any] = {}
        in_thread(lambda: combiner.run(5), answered, "5").join(SECONDS)
        os._exit(0 if answered.get("5") == 5 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    gate.open.set()
    busy.join(SECONDS)
    assert results == {"1": 10}


def test_asking_from_within_is_refused_instead_of_waiting_for_itself() -> None:
    def ask_again(jobs: Sequence[int]) -> Sequence[int | BaseException]:
        return [combiner.run(job - 1) if job else 0 for job in jobs]

    combiner: Combiner[int, int] = Combiner(ask_again)
    with pytest.raises(MisuseError, match="from within"):
        combiner.run(1)
    assert combiner.run(0) == 0
