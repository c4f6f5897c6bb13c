"""The semantics of time hold for any course of events: late or in small steps, the same things happen."""

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernel.builders import at
from tests.kernel.samples import RULES

from dutyflow.bootstrap import memory_runner
from dutyflow.kernel.commands import Fire, Open
from dutyflow.kernel.encoding import canonical
from dutyflow.kernel.evolve import replay
from dutyflow.runtime.local_runner import LocalRunner

START = at("03-05 15:00")  # a Thursday: the weekend and a closed Tuesday lie ahead
END = START + timedelta(days=12)

DATA: dict[str, dict[str, object]] = {
    "accept": {"statement": "ok"},
    "propose": {"proposal": "refund", "amount": 100},
    "record": {"result": "good"},
    "log_contact": {},
}
ACTORS = {"accept": "S1"}
MOVES = st.lists(
    st.tuples(
        st.integers(0, 3000),
        st.sampled_from(["accept", "ask_customer", "answer", "propose", "log_contact", "record", "withdraw"]),
        st.sampled_from(["c-1", "c-2", "c-1.1", "c-2.1"]),
    ),
    max_size=12,
)
Moves = list[tuple[int, str, str]]


def begin() -> LocalRunner:
    runner = memory_runner(RULES)
    for number in (1, 2):
        data = {"customer": "王女士", "phone": f"13{number}"}
        command = Open(ticket=f"c-{number}", workflow="complaint", event="register", actor="A1", data=data)
        runner.submit(command, at=START)
    return runner


def play(moves: Moves, *, looks: list[int]) -> LocalRunner:
    """Play the moves; `looks` are further minutes at which a worker lets time run, in between."""
    runner = begin()
    agenda: list[tuple[int, str | None, str]] = [(minute, None, "") for minute in looks]
    agenda += [(minute, event, ticket) for minute, event, ticket in moves]
    for minute, event, ticket in sorted(agenda, key=lambda entry: (entry[0], entry[1] is None)):
        when = START + timedelta(minutes=minute)
        if event is None:
            runner.run_due(when, inclusive=False)
        elif ticket in {known.id for known in runner.tickets()}:
            command = Fire(event=event, actor=ACTORS.get(event, "A1"), data=DATA.get(event, {}), reason="x")
            runner.submit(command, ticket=ticket, at=when)
    runner.run_due(END)
    return runner


def histories(runner: LocalRunner) -> dict[str, bytes]:
    return {ticket.id: canonical(runner.history(ticket.id)) for ticket in runner.tickets()}


@settings(max_examples=60)
@given(moves=MOVES, looks=st.lists(st.integers(0, 4000), max_size=15))
def test_the_same_commands_give_the_same_events_however_often_somebody_looks(moves: Moves, looks: list[int]) -> None:
    assert histories(play(moves, looks=looks)) == histories(play(moves, looks=[]))


@settings(max_examples=60)
@given(moves=MOVES)
def test_every_ticket_is_what_its_history_gives(moves: Moves) -> None:
    runner = play(moves, looks=[])
    for ticket in runner.tickets():
        assert replay(runner.history(ticket.id)) == ticket


@settings(max_examples=60)
@given(moves=MOVES)
def test_events_never_go_back_in_time_and_nothing_rings_late(moves: Moves) -> None:
    runner = play(moves, looks=[])
    for ticket in runner.tickets():
        moments = [event.at for event in runner.history(ticket.id)]
        assert moments == sorted(moments)
        assert ticket.next_due_at is None or ticket.next_due_at > END


@settings(max_examples=60)
@given(minute=st.integers(0, 20_000), worker=st.lists(st.integers(0, 20_000), max_size=6))
def test_a_late_worker_finds_the_same_alarms_as_a_punctual_one(minute: int, worker: list[int]) -> None:
    late, punctual = begin(), begin()
    for look in sorted(worker):
        if look <= minute:
            punctual.run_due(START + timedelta(minutes=look))
    until: datetime = START + timedelta(minutes=minute)
    late.run_due(until)
    punctual.run_due(until)
    assert histories(late) == histories(punctual)


@settings(max_examples=40)
@given(moves=MOVES)
def test_commands_repeated_under_their_keys_change_nothing(moves: Moves) -> None:
    once, twice = begin(), begin()
    for number, (minute, event, ticket) in enumerate(sorted(moves)):
        command = Fire(event=event, actor=ACTORS.get(event, "A1"), data=DATA.get(event, {}), reason="x")
        when = START + timedelta(minutes=minute)
        if ticket not in {known.id for known in once.tickets()}:
            continue
        first = once.submit(command, ticket=ticket, at=when, key=str(number))
        for late in (0, 90):
            again = twice.submit(command, ticket=ticket, at=when + timedelta(minutes=late), key=str(number))
            assert again == first
    assert histories(once) == histories(twice)
