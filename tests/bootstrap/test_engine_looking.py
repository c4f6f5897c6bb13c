"""Queues, counts and the stream of events."""

from datetime import timedelta

import pytest
from tests.bootstrap.engines import MONDAY, SetClock, fire, open_ticket
from tests.kernel.builders import at

from dutyflow.bootstrap.engine import Engine
from dutyflow.errors import MisuseError
from dutyflow.ports.queue import Query, Recorded


def duty(engine: Engine, hour: str, member: str = "A1") -> str:
    answer = open_ticket(engine, "plan", topic="week", member=member, due_at=at(f"03-02 {hour}").isoformat())
    return answer.ticket or ""


def found(engine: Engine, **query: object) -> list[str]:
    return [row.ticket for row in engine.find(Query(**query)).rows]  # type: ignore[arg-type]  # each test names its own


def test_a_queue_begins_with_what_is_due_first_and_its_pages_follow_each_other(engine: Engine) -> None:
    hours = ["15:00", "12:00", "18:00", "13:00", "13:30"]
    duties = {hour: duty(engine, hour) for hour in hours}
    without = open_ticket(engine, "book").ticket or ""
    seen, cursor = [], None
    while True:
        page = engine.find(limit=2, after=cursor)
        seen += [row.ticket for row in page.rows]
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == [*(duties[hour] for hour in sorted(hours)), without]


def test_a_queue_is_filtered_by_what_is_asked(engine: Engine, clock: SetClock) -> None:
    one, two = duty(engine, "12:00"), duty(engine, "16:00", "A2")
    seat = open_ticket(engine, "book", topic="Piano lessons").ticket or ""
    assert found(engine, workflow="seat") == [seat]
    assert found(engine, member="A2") == [two]
    assert found(engine, role="chief") == []
    assert found(engine, department="service", state="booked") == [seat]
    assert found(engine, due_before=at("03-02 14:00")) == [one]
    assert found(engine, text="piano") == [seat]
    assert found(engine, fields={"member": "A2"}) == [two]
    clock.time = at("03-02 14:00")
    engine.run_due()
    assert found(engine, breached=True) == [one]
    fire(engine, one, "file")
    assert found(engine, breached=True) == [] and found(engine, closed=True) == [one]
    assert set(found(engine, closed=None)) == {one, two, seat}


def test_counts_follow_every_change(engine: Engine) -> None:
    seats = [open_ticket(engine, "book").ticket or "" for _ in range(3)]
    fire(engine, seats[0], "leave")
    counts = {(count.state, count.closed): count.count for count in engine.counts()}
    assert counts == {("booked", False): 1, ("offered", False): 1, ("gone", True): 1}


@pytest.mark.parametrize("after", ["x", "nonsense", "9" * 40])
def test_a_cursor_or_a_position_of_somebody_else_is_refused(engine: Engine, after: str) -> None:
    open_ticket(engine, "book")
    with pytest.raises(MisuseError):
        engine.find(after=after)


def test_a_subscriber_takes_up_where_it_left_off(engine: Engine) -> None:
    seats = [open_ticket(engine, "book").ticket or "" for _ in range(4)]
    first = list(engine.subscribe(page=3))
    assert [(recorded.ticket, recorded.seq) for recorded in first] == [(seat, seq) for seat in seats for seq in (1, 2)]
    fire(engine, seats[0], "note")
    (later,) = engine.subscribe(first[-1].position)
    assert (later.ticket, later.seq, later.event) == (seats[0], 3, engine.history(seats[0])[-1])
    assert list(engine.subscribe(later.position)) == []


def test_a_subscriber_who_waits_is_given_what_comes_later(engine: Engine) -> None:
    open_ticket(engine, "book")
    events = engine.subscribe(wait_seconds=0)
    seen: list[Recorded] = [next(events), next(events)]
    open_ticket(engine, "book")
    seen += [next(events), next(events)]
    assert len({recorded.position for recorded in seen}) == 4


def test_what_may_be_done_next_is_told_as_it_stands(engine: Engine, clock: SetClock) -> None:
    seat = open_ticket(engine, "book").ticket or ""
    assert "leave" in [action.event for action in engine.next_actions(seat) if action.allowed]
    assert [action.event for action in engine.opening_actions("seat")] == ["book"]
    one = duty(engine, "11:00")
    clock.time = MONDAY + timedelta(days=1)
    assert [action.event for action in engine.next_actions(one, "A1") if action.allowed] == ["file"]
    assert not engine.ticket(one).past_clocks, "looking lets no time pass"


def test_a_refusal_is_told_in_both_languages(engine: Engine) -> None:
    seat = open_ticket(engine, "book").ticket or ""
    assert engine.why_not(fire(engine, seat, "note")) is None
    refused = fire(engine, seat, "note", actor="C1")
    assert "C1" in (engine.why_not(refused, "en") or "") and "C1" in (engine.why_not(refused, "zh") or "")
    assert engine.why_not(open_ticket(engine, "book", topic="no"))
