"""How a ticket appears in queues, and the fields by which tickets are looked for."""

from datetime import timedelta

from tests.kernel.builders import at
from tests.runtime.school import fired, opened, running, school

from dutyflow.runtime.listing import TEXT_MAX, filed_fields, listing_of

NINE = at("03-02 09:00")


def test_a_ticket_is_listed_with_its_department_due_time_and_number() -> None:
    runner = running()
    opened(runner, "d", "plan", NINE, topic="Week", due_at="2026-03-02 15:00", member="A1")
    opened(runner, "s", "book", NINE, topic="PIANO")
    duty, seat = listing_of(school(), runner.ticket("d")), listing_of(school(), runner.ticket("s"))
    assert (duty.due_at, duty.breached, duty.closed, duty.number) == (at("03-02 15:00"), 0, False, None)
    assert (seat.department, seat.number, seat.due_at) == ("service", "S-2026-001", None)
    assert "piano" in seat.text and "s-2026-001" in seat.text


def test_a_breach_is_counted_and_stays_counted_when_the_ticket_is_closed() -> None:
    runner = running()
    opened(runner, "d", "plan", NINE, topic="week", due_at="2026-03-02 15:00", member="A1")
    runner.run_due(NINE + timedelta(days=1))
    assert listing_of(school(), runner.ticket("d")).breached == 1
    fired(runner, "d", "file", NINE + timedelta(days=2))
    after = listing_of(school(), runner.ticket("d"))
    assert (after.closed, after.breached, after.due_at) == (True, 1, None)


def test_the_text_that_is_searched_has_an_end() -> None:
    runner = running()
    opened(runner, "s", "book", NINE, topic="x" * 5000)
    assert len(listing_of(school(), runner.ticket("s")).text) == TEXT_MAX


def test_tickets_are_filed_by_what_rules_compare_and_by_whom_they_name() -> None:
    filed = filed_fields(school())
    assert filed["seat"] >= {"major", "member", "other"}
    assert "topic" in filed["report"], "duplicates are found by it"
    assert "member" in filed["call"], "work is dealt out by it"
    assert "level" not in filed["seat"]
