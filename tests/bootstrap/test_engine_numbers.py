"""Record numbers have no gaps and no doubles, whatever two services on one database ask at the same moment."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.bootstrap.engines import SetClock, opened_engine, written

from dutyflow.bootstrap.engine import Order
from dutyflow.kernel.commands import Open
from dutyflow.runtime.crash_points import call_at_crash_points

NUMBERED = """
workflows:
  promise:
    title: Promise
    number: "P{n}"
    initial: open
    states: {open: {title: Open, owner: agent}}
    events:
      give: {opens: true, by: agent, optional: [words], guard: words == null}
forms: {f: {title: F, fields: {words: {type: text}}}}
"""
GIVE = Open(workflow="promise", event="give", actor="A1")
REFUSED = Open(workflow="promise", event="give", actor="A1", data={"words": "x"})


@pytest.fixture(autouse=True)
def _nobody_listens_afterwards() -> Iterator[None]:
    yield
    call_at_crash_points(None)


def test_two_services_that_open_several_at_once_give_no_number_twice_and_leave_none_out(
    postgres_url: str, tmp_path: Path, clock: SetClock
) -> None:
    with opened_engine(postgres_url, clock) as one, opened_engine(postgres_url, clock) as other:
        one.publish(written(tmp_path, NUMBERED.replace("    initial", "    forms: [f]\n    initial", 1)))
        times = 3

        def come_first(point: str) -> None:
            nonlocal times
            if point == "decided" and times:
                times -= 1
                call_at_crash_points(None)
                assert other.submit(GIVE).accepted
                call_at_crash_points(come_first)

        call_at_crash_points(come_first)
        answers = one.submit_many([Order(command=REFUSED), Order(command=GIVE), Order(command=GIVE)])
        assert not isinstance(answers[0], Exception) and not answers[0].accepted
        numbers = [ticket.fields["number"] for ticket in one.store.tickets()]
    assert times == 0
    assert sorted(numbers) == ["P1", "P2", "P3", "P4", "P5"]
