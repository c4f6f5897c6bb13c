"""The engine and the runner of the simulation give the same histories, however late time is let pass."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.bootstrap.engines import MONDAY, WITHOUT_SCHEDULES, SetClock, opened_engine, written

from dutyflow.bootstrap import memory_runner
from dutyflow.bootstrap.engine import Engine
from dutyflow.errors import MisuseError
from dutyflow.kernel.commands import Fire, Open, Request
from dutyflow.kernel.encoding import canonical
from dutyflow.resources import workflows_dir
from dutyflow.runtime.local_runner import LocalRunner

Play = tuple[int, Request, str | None]
"""Minutes after the one before, a command, and its ticket."""

END = timedelta(days=40)
NAMES = ("t0", "t1", "t2")
SCHOOL_MOVES: list[tuple[str, str, dict[str, Any]]] = [
    ("leave", "A1", {}),
    ("take", "A1", {}),
    ("note", "A2", {"topic": "x"}),
    ("tell", "A1", {"other": "t1"}),
    ("tell_all", "A1", {}),
    ("look", "A1", {"as_of": "2026-03-02"}),
    ("push", "A1", {}),
    ("file", "A1", {}),
    ("finish", "C1", {}),
    ("finish", "A2", {}),
    ("skilled", "C1", {"people": ["y"]}),
]
SCHOOL_OPENINGS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("seat", "book", "A1", {}),
    ("seat", "book", "A1", {"topic": "no"}),
    ("duty", "plan", "A1", {"member": "A1", "due_at": "2026-03-02 15:00"}),
    ("round", "begin", "C1", {"people": ["x", "y"]}),
    ("report", "report", "A1", {"topic": "lift"}),
]
COMPLAINT = {
    "complainant": "王女士",
    "phone": "1",
    "first_contact_at": "2026-03-02 09:10",
    "content": "x",
    "channel": "电话",
}
JUDGED = {"statement": "s", "asked_facts": "f", "category": "配送"}
COMPLAINT_MOVES: list[tuple[str, str, dict[str, Any]]] = [
    ("judge_upheld", "S1", JUDGED),
    ("reject", "S1", {}),
    ("promise_reply", "A1", {"next_reply_at": "2026-03-05 10:00"}),
    ("reply_customer", "A1", {"interim_reply": "soon"}),
    ("mark_major", "S1", {}),
    ("judge_upheld", "A1", JUDGED),
]


def plays(openings: list[tuple[str, str, str, dict[str, Any]]], moves: list[tuple[str, str, dict[str, Any]]]) -> Any:
    opening = st.builds(
        lambda minutes, ticket, what: (
            minutes,
            Open(ticket=ticket, workflow=what[0], event=what[1], actor=what[2], data=what[3]),
            None,
        ),
        st.sampled_from([0, 7, 60, 1500]),
        st.sampled_from(NAMES),
        st.sampled_from(openings),
    )
    move = st.builds(
        lambda minutes, ticket, what: (minutes, Fire(event=what[0], actor=what[1], data=what[2]), ticket),
        st.sampled_from([0, 1, 90, 700, 1441, 3000]),
        st.sampled_from((*NAMES, "t0.1", "t1.1")),
        st.sampled_from(moves),
    )
    return st.lists(opening, min_size=1, max_size=3).flatmap(
        lambda first: st.lists(move | opening, max_size=10).map(lambda rest: [*first, *rest])
    )


def told(answer: Any) -> tuple[object, ...]:
    return (answer.accepted, answer.denial.code if answer.denial else None)


def in_simulation(runner: LocalRunner, play: list[Play]) -> tuple[list[object], dict[str, bytes]]:
    now, answers = MONDAY, []
    for minutes, command, ticket in play:
        now += timedelta(minutes=minutes)
        try:
            answers.append(told(runner.submit(command, ticket=ticket, at=now)))
        except MisuseError as error:
            answers.append(type(error))
    runner.run_due(now + END, inclusive=False)
    return answers, {ticket.id: canonical(runner.history(ticket.id)) for ticket in runner.tickets()}


def on_engine(
    engine: Engine, clock: SetClock, play: list[Play], run_due: Callable[[], None]
) -> tuple[list[object], dict[str, bytes]]:
    clock.time, answers = MONDAY, []
    for minutes, command, ticket in play:
        clock.time += timedelta(minutes=minutes)
        run_due()
        try:
            answers.append(told(engine.submit(command, ticket=ticket)))
        except MisuseError as error:
            answers.append(type(error))
    clock.time += END
    engine.run_due()
    tickets = {recorded.ticket for recorded in engine.subscribe()}
    return answers, {ticket: canonical(engine.history(ticket)) for ticket in tickets}


@contextmanager
def fresh(folder_of: Callable[[Path], Path], kind: str) -> Iterator[tuple[Engine, SetClock]]:
    """An engine for one example of a property."""
    clock = SetClock()
    with tempfile.TemporaryDirectory() as place:
        url = f"sqlite:///{place}/tickets.db" if kind == "sqlite" else "memory:"
        with opened_engine(url, clock) as engine:
            engine.publish(folder_of(Path(place)))
            yield engine, clock


@given(
    play=plays(SCHOOL_OPENINGS, SCHOOL_MOVES),
    limit=st.sampled_from([1, 2, None]),
    kind=st.sampled_from(["memory", "memory", "sqlite"]),
)
@settings(max_examples=60)
def test_tickets_that_meet_have_the_same_histories_when_time_passes_in_steps_of_any_size(
    play: list[Play], limit: int | None, kind: str
) -> None:
    with fresh(lambda place: written(place, WITHOUT_SCHEDULES), kind) as (engine, clock):

        def run_due() -> None:
            while engine.run_due(limit=limit) and limit is not None:
                pass

        expected = in_simulation(memory_runner(engine.rules("school")), play)
        assert on_engine(engine, clock, play, run_due) == expected


@given(
    play=plays([("complaint", "register", "A1", COMPLAINT)], COMPLAINT_MOVES),
    looks=st.lists(st.booleans(), min_size=1, max_size=5),
    kind=st.sampled_from(["memory", "memory", "sqlite"]),
)
@settings(max_examples=12)
def test_tickets_that_do_not_meet_have_the_same_histories_however_late_time_passes(
    play: list[Play], looks: list[bool], kind: str
) -> None:
    with fresh(lambda _: workflows_dir() / "complaint_loop", kind) as (engine, clock):
        turn = iter(looks * 20)

        def run_due() -> None:
            if next(turn):
                engine.run_due()

        expected = in_simulation(memory_runner(engine.rules("complaint_loop")), play)
        answers, histories = on_engine(engine, clock, play, run_due)
        assert answers == expected[0]
        assert {ticket: histories[ticket] for ticket in expected[1]} == expected[1]
