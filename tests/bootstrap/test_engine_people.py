"""An engine that acts for one person: nobody does or sees what is another's."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.bootstrap.engines import WITHOUT_SCHEDULES, SetClock, fire, open_ticket, opened_engine, written

from dutyflow.bootstrap.engine import Engine, Order
from dutyflow.errors import ForbiddenError
from dutyflow.kernel.commands import Comment, Open
from dutyflow.kernel.encoding import canonical
from dutyflow.kernel.privacy import MASK
from dutyflow.ports.queue import Query
from dutyflow.ports.records import Answer
from dutyflow.runtime.batch import Batch

PRIVATE = WITHOUT_SCHEDULES.replace("topic: {type: text}", "topic: {type: text, private: [chief]}").replace(
    "other: {type: reference}", "other: {type: reference}\n      phone: {type: text, private: [chief]}"
)
SECRET = "13800000000"


@pytest.fixture
def desk(url: str, clock: SetClock, tmp_path: Path) -> Any:
    with opened_engine(url, clock) as engine:
        engine.publish(written(tmp_path, PRIVATE))
        yield engine


@pytest.fixture
def report(desk: Engine) -> str:
    """A report with a topic that only the chief may see."""
    return open_ticket(desk, "report", topic=SECRET).ticket or ""


def shows(shown: object) -> bool:
    return SECRET.encode() in canonical(shown)


def test_it_acts_for_nobody_else(desk: Engine, report: str) -> None:
    agent = desk.acting_as("A1")
    assert agent.submit(Comment(actor="A1", text="seen"), ticket=report).accepted
    with pytest.raises(ForbiddenError):
        agent.submit(Comment(actor="C1", text="seen"), ticket=report)
    with pytest.raises(ForbiddenError):
        agent.next_actions(report, "C1")
    with pytest.raises(ForbiddenError):
        agent.opening_actions("seat", "C1")
    with pytest.raises(ForbiddenError):
        agent.submit_rows(Batch(workflow="report", event="report", actor="C1", rows=(), key=None))
    with pytest.raises(ForbiddenError):
        agent.acting_as("C1")
    assert agent.acting_as("A1").actor == "A1"
    mine, theirs = agent.submit_many(
        [Order(command=Comment(actor=who, text="x"), ticket=report) for who in ("A1", "C1")]
    )
    assert isinstance(mine, Answer) and isinstance(theirs, ForbiddenError)


@pytest.mark.parametrize(
    "ask",
    [
        lambda engine: list(engine.subscribe()),
        lambda engine: engine.run_due(),
        lambda engine: engine.publish("anything"),
        lambda engine: engine.worker(),
    ],
    ids=["subscribe", "run_due", "publish", "worker"],
)
def test_what_concerns_all_is_for_the_host(desk: Engine, ask: Callable[[Engine], object]) -> None:
    with pytest.raises(ForbiddenError):
        ask(desk.acting_as("C1"))


def test_private_values_are_masked_for_whoever_may_not_see_them(desk: Engine, report: str) -> None:
    agent, chief = desk.acting_as("A1"), desk.acting_as("C1")
    assert agent.ticket(report).fields["topic"] == MASK
    assert chief.ticket(report).fields["topic"] == SECRET == desk.ticket(report).fields["topic"]
    assert not shows(agent.history(report)) and shows(chief.history(report))
    assert not shows([entry.denial for entry in agent.asked(report)])
    assert not shows(agent.next_actions(report))


def test_answers_are_masked_too_kept_ones_included(desk: Engine) -> None:
    agent = desk.acting_as("A1")
    command = Open(workflow="report", event="report", actor="A1", data={"topic": SECRET})
    first = agent.submit(command, key="k")
    assert first.accepted
    assert agent.submit(command, key="k") == first
    (many,) = agent.submit_many([Order(command=command, key="k")])
    assert many == first
    assert not any(shows(item.what) for item in first.happened)
    assert any(shows(item.what) for item in desk.submit(command, key="k").happened)
    batch = Batch(workflow="report", event="report", actor="A1", rows=({"topic": SECRET + "1"},), key="topic")
    assert not any(shows(item.what) for item in agent.submit_rows(batch).happened)


def test_nobody_finds_out_a_private_value_by_searching(desk: Engine, report: str) -> None:
    agent, chief = desk.acting_as("A1"), desk.acting_as("C1")
    for query in (
        Query(fields={"topic": SECRET}),
        Query(workflow="report", fields={"topic": SECRET}),
        Query(book="school", workflow="report", fields={"topic": SECRET}),
    ):
        with pytest.raises(ForbiddenError, match="topic"):
            agent.find(query)
        assert [row.ticket for row in chief.find(query).rows] == [report]
    assert agent.find(Query(text=SECRET)).rows == chief.find(Query(text=SECRET)).rows == ()
    assert [row.ticket for row in agent.find(Query(text=report)).rows] == [report]


def test_what_may_be_done_next_is_asked_for_oneself(desk: Engine, report: str) -> None:
    assert [action.event for action in desk.acting_as("A1").next_actions(report) if action.allowed] == [
        "again",
        "finish",
    ]
    assert not [action.event for action in desk.acting_as("C1").next_actions(report) if action.allowed]
    assert desk.acting_as("C1").opening_actions("round")[0].allowed
    assert not desk.acting_as("A1").opening_actions("round")[0].allowed


# --- the host's own people ------------------------------------------------------------------------------------------


class Staff:
    """The people of the service that embeds dutyflow."""

    def __init__(self) -> None:
        self.agents = ["Z1"]

    def roles_of(self, person: str, at: datetime) -> frozenset[str]:
        return frozenset({"agent"} if person in self.agents else ())

    def members_of(self, role: str, at: datetime) -> tuple[str, ...]:
        return tuple(sorted(self.agents)) if role == "agent" else ()

    def skill_of(self, person: str, skill: str) -> int:
        return 3


def test_the_people_of_the_host_take_the_place_of_those_in_the_rulebook(
    url: str, clock: SetClock, tmp_path: Path
) -> None:
    staff = Staff()
    with opened_engine(url, clock, directory=staff) as engine:
        engine.publish(written(tmp_path, PRIVATE))
        assert open_ticket(engine, "book", actor="A1").denial is not None
        seat = open_ticket(engine, "book", actor="Z1").ticket or ""
        assert fire(engine, seat, "note", actor="Z2").denial is not None
        staff.agents.append("Z2")
        assert fire(engine, seat, "note", actor="Z2").accepted
        assert engine.next_actions(seat)[0].who == ("Z1", "Z2")
        assert engine.acting_as("Z2").next_actions(seat)[0].allowed
