"""A simulation is a runner on a virtual clock that goes forward and jumps over nothing."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernel.builders import at, event, member, rulebook, state, workflow
from tests.kernel.samples import RULES

from dutyflow.errors import MisuseError, NaiveTimeError
from dutyflow.kernel import events as ev
from dutyflow.kernel.encoding import canonical
from dutyflow.lab.simulation import Simulation

REGISTERED = {"customer": "王女士", "phone": "138"}


def begun() -> Simulation:
    simulation = Simulation(RULES, workflow="complaint")
    simulation.do(at("03-02 09:00"), "A1", "register", REGISTERED)
    return simulation


def test_the_first_opening_event_makes_the_ticket_main() -> None:
    simulation = begun()
    assert simulation.ticket().id == "complaint-1"
    assert simulation.name_of("complaint-1") == "main"


def test_a_refused_opening_uses_up_no_name_and_no_number() -> None:
    simulation = Simulation(RULES, workflow="complaint")
    assert not simulation.do(at("03-02 09:00"), "S1", "register", REGISTERED).accepted
    assert simulation.do(at("03-02 09:05"), "A1", "register", REGISTERED).ticket == "complaint-1"


def test_another_name_opens_another_ticket() -> None:
    simulation = begun()
    simulation.do(at("03-02 09:30"), "A1", "register", {"customer": "李先生"}, ticket="second")
    assert [ticket.id for ticket in simulation.tickets()] == ["complaint-1", "complaint-2"]
    assert simulation.ticket("second").fields["customer"] == "李先生"


def test_a_ticket_may_be_called_by_its_id() -> None:
    simulation = begun()
    assert simulation.do(at("03-02 09:30"), "A1", "log_contact", ticket="complaint-1").accepted


def test_time_does_not_go_back() -> None:
    simulation = begun()
    with pytest.raises(MisuseError, match="does not go back"):
        simulation.do(at("03-02 08:59"), "A1", "log_contact")
    with pytest.raises(MisuseError, match="does not go back"):
        simulation.advance(at("03-02 08:59"))


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(NaiveTimeError):
        begun().advance(at("03-02 10:00").replace(tzinfo=None))


def test_the_clock_goes_from_due_moment_to_due_moment() -> None:
    simulation = begun()
    moments = []
    while (moment := simulation.advance_to_next()) is not None:
        moments.append(moment)
    assert moments == [at("03-02 10:30"), at("03-02 11:00"), at("03-02 12:00")]
    assert [type(record.what).__name__ for record in simulation.records[-3:]] == ["Rang"] * 3


CHAINED = rulebook(
    workflow(
        "chain",
        states=[state("a"), state("b"), state("c", final=True)],
        rules=[
            event("begin", to="a"),
            event("first", "a", "b", after="10s"),
            event("second", "b", "c", after="10s"),
        ],
    )
)


def test_two_timers_in_a_row_both_fire_in_one_jump() -> None:
    simulation = Simulation(CHAINED)
    simulation.do(at("03-02 09:00"), "A1", "begin")
    happened = simulation.advance(at("03-02 09:00") + timedelta(seconds=20))
    assert simulation.ticket().state == "c"
    assert [h.at - at("03-02 09:00") for h in happened] == [timedelta(seconds=10), timedelta(seconds=20)]


@settings(max_examples=50)
@given(stops=st.lists(st.integers(0, 600), max_size=10))
def test_one_jump_and_many_small_ones_give_the_same_records(stops: list[int]) -> None:
    jump, steps = begun(), begun()
    for stop in sorted(stops):
        steps.advance(at("03-02 09:00") + timedelta(minutes=stop))
    for simulation in (jump, steps):
        simulation.advance(at("03-02 19:00"))
    assert canonical([r.what for r in jump.records]) == canonical([r.what for r in steps.records])


def test_refusals_stand_in_the_records_in_their_place() -> None:
    simulation = begun()
    simulation.do(at("03-02 10:45"), "A1", "accept")
    kinds = [type(record.what).__name__ for record in simulation.records]
    assert kinds == ["Opened", "Fired", "ClockStarted", "Rang", "Asked"]


def test_members_of_the_simulation_act_and_are_told() -> None:
    simulation = Simulation(RULES, members={"S9": member("S9", "supervisor")})
    simulation.do(at("03-02 09:00"), "A1", "register", REGISTERED)
    simulation.advance(at("03-02 10:30"))
    rang = simulation.records[-1].what
    assert isinstance(rang, ev.Rang)
    assert rang.to[0].members == ("S1", "S9")
    assert simulation.do(at("03-02 10:40"), "S9", "accept", {"statement": "ok"}).accepted


def test_an_event_on_a_ticket_that_was_never_opened_is_misuse_that_names_the_openers() -> None:
    with pytest.raises(MisuseError, match="register"):
        Simulation(RULES, workflow="complaint").do(at("03-02 09:00"), "S1", "accept")
