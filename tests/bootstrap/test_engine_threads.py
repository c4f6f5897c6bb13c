"""Many threads, several engines, forks: numbers without gaps, seats never oversold, no answer lost."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.bootstrap.engines import WITHOUT_SCHEDULES, SetClock, fire, open_ticket, opened_engine, written

from dutyflow.bootstrap.engine import Engine
from dutyflow.kernel.commands import Open
from dutyflow.ports.queue import Query

THREADS = 32
FORKS = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the process that forks has threads, as hosts have


@pytest.fixture(params=["one engine", "three engines", "memory", "postgres"])
def engines(
    request: pytest.FixtureRequest, sqlite_url: str, clock: SetClock, tmp_path: Path
) -> Iterator[tuple[Engine, ...]]:
    """Engines that share a store, as the processes of a service do."""
    url = {"memory": "memory:", "postgres": ""}.get(request.param, sqlite_url)
    count = 1 if request.param in ("one engine", "memory") else 3
    with ExitStack() as stack:
        url = url or request.getfixturevalue("postgres_url")
        made = tuple(stack.enter_context(opened_engine(url, clock)) for _ in range(count))
        made[0].publish(written(tmp_path, WITHOUT_SCHEDULES))
        yield made


def at_once(engines: tuple[Engine, ...], ask: Callable[[Engine, int], Any]) -> list[Any]:
    """What 32 threads are answered, spread over the engines."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(lambda number: ask(engines[number % len(engines)], number), range(THREADS)))


def test_record_numbers_have_no_gaps_and_no_doubles(engines: tuple[Engine, ...]) -> None:
    answers = at_once(engines, lambda engine, _: open_ticket(engine, "report", topic="t"))
    assert all(answer.accepted for answer in answers)
    more = at_once(engines, lambda engine, number: open_ticket(engine, "report", topic=f"t{number}"))
    numbers = sorted(int(str(engines[0].ticket(answer.ticket).fields["number"])[1:]) for answer in more)
    assert numbers == list(range(numbers[0], numbers[0] + THREADS))
    same = {answer.ticket for answer in answers}
    assert len(same) == 1, "those who came later joined the first"


def test_seats_are_never_oversold(engines: tuple[Engine, ...]) -> None:
    answers = at_once(engines, lambda engine, number: open_ticket(engine, "book", major=("math", "art")[number % 2]))
    seats = [engines[0].ticket(answer.ticket) for answer in answers]
    states = Counter((seat.fields["major"], seat.state) for seat in seats)
    assert states == {(major, "booked"): 2 for major in ("math", "art")} | {
        (major, "waiting"): THREADS // 2 - 2 for major in ("math", "art")
    }


def test_seats_that_come_free_at_once_are_offered_once_each(engines: tuple[Engine, ...]) -> None:
    seats = [open_ticket(engines[0], "book").ticket or "" for _ in range(THREADS)]
    answers = at_once(engines, lambda engine, number: fire(engine, seats[number], "leave") if number < 2 else None)
    assert [answer.accepted for answer in answers[:2]] == [True, True]
    states = [engines[0].ticket(seat).state for seat in seats]
    assert states == ["gone", "gone", "offered", "offered", *["waiting"] * (THREADS - 4)]


def test_one_key_from_many_threads_is_one_ticket(engines: tuple[Engine, ...]) -> None:
    command = Open(workflow="seat", event="book", actor="A1")
    answers = at_once(engines, lambda engine, _: engine.submit(command, key="web-1"))
    assert len({answer.ticket for answer in answers}) == 1
    assert len(engines[0].find().rows) == 1


def test_many_who_change_one_ticket_are_all_answered(engines: tuple[Engine, ...]) -> None:
    seat = open_ticket(engines[0], "book").ticket or ""
    answers = at_once(engines, lambda engine, number: fire(engine, seat, "note", topic=f"t{number}"))
    assert all(answer.accepted for answer in answers)
    history = engines[0].history(seat)
    assert len(history) == 2 + THREADS
    assert sorted(item.seq for answer in answers for item in answer.happened) == list(range(3, 3 + THREADS))


def test_members_get_the_children_of_many_rounds_evenly(engines: tuple[Engine, ...]) -> None:
    answers = at_once(engines, lambda engine, _: open_ticket(engine, "begin", actor="C1", people=["x"]))
    assert all(answer.accepted for answer in answers)
    rows = engines[0].find(Query(workflow="call"), limit=100).rows
    load = Counter(row.owner.member for row in rows if row.owner)
    assert sum(load.values()) == THREADS
    assert max(load.values()) - min(load[person] for person in ("A1", "A2", "A3")) <= 1


def in_child(work: Callable[[], bool]) -> bool:
    """Whether it went well in a process that was forked off."""
    child = os.fork()
    if child == 0:
        done = False
        try:
            done = work()
        finally:
            os._exit(0 if done else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@FORKS
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_an_engine_goes_on_in_a_process_that_was_forked(
    kind: str, request: pytest.FixtureRequest, sqlite_url: str, clock: SetClock, tmp_path: Path
) -> None:
    url = sqlite_url if kind == "sqlite" else request.getfixturevalue("postgres_url")
    with opened_engine(url, clock) as engine:
        engine.publish(written(tmp_path, WITHOUT_SCHEDULES))
        seat = open_ticket(engine, "book").ticket or ""
        assert in_child(lambda: fire(engine, seat, "note").accepted and len(engine.history(seat)) == 3)
        assert fire(engine, seat, "note").accepted
        assert len(engine.history(seat)) == 4
