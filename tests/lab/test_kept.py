"""The story of kept tickets is the simulated one: same rows, same order, children and refusals included."""

from __future__ import annotations

from functools import cache

import pytest

from dutyflow.kernel.ticket import Ticket
from dutyflow.lab.kept import KeptStory, KeptTicket
from dutyflow.lab.scenario_reader import read_scenarios
from dutyflow.lab.simulation import MAIN, Simulation
from dutyflow.lab.story import Row, tell
from dutyflow.lab.trial import play
from dutyflow.resources import workflows_dir
from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.load import load_rulebook

BOOKS = (
    "complaint_loop",
    "customer_records",
    "fee_collection",
    "field_repair",
    "patrol_cleaning",
    "returns_refund",
    "service_request",
    "team_operations",
    "windowed_programmes",
)
"""All but `revisit_survey`: what the tickets of a campaign do in one moment has no order that histories keep."""


@cache
def played(book: str) -> list[Simulation]:
    """Each scenario of a shipped rulebook that opens a ticket of its own."""
    loaded = load_rulebook(workflows_dir() / book)
    assert loaded.raw is not None
    scenarios = read_scenarios(loaded.raw, loaded.require_rules(), Findings())
    simulations = [play(loaded.require_rules(), scenario).simulation for scenario in scenarios]
    return [simulation for simulation in simulations if MAIN in simulation.names]


def kept(simulation: Simulation) -> KeptStory:
    """What a store would have kept of the main ticket and of those that it opened."""
    main = simulation.ticket(MAIN)
    family = [main]
    for ticket in family:
        family += [simulation.ticket(child.id) for child in ticket.children]
    return KeptStory.of(_kept(ticket, simulation) for ticket in family)


def _kept(ticket: Ticket, simulation: Simulation) -> KeptTicket:
    asked = [entry for entry in simulation.runner.audit() if entry.ticket == ticket.id]
    return KeptTicket(id=ticket.id, rules=simulation.rules, history=simulation.runner.history(ticket.id), asked=asked)


def comparable(rows: tuple[Row, ...]) -> list[tuple[object, ...]]:
    """What a row says, without names that only a story gives, and without messages, which the outbox keeps."""
    return [
        (row.at, row.kind, row.name, row.actor, row.state, row.outcome, row.clocks, row.to, row.due_at)
        for row in rows
        if row.kind not in ("message", "idle", "child")
    ]


@pytest.mark.parametrize("book", BOOKS)
def test_the_main_ticket_is_told_as_it_was_simulated(book: str) -> None:
    simulations = played(book)
    assert simulations
    for simulation in simulations:
        story = kept(simulation)
        told = {ticket.id for ticket in story.tickets}
        names = {simulation.name_of(ticket) for ticket in told}
        expected = tuple(row for row in tell(simulation) if row.ticket in names)
        assert comparable(tell(story)) == comparable(expected)


def test_the_end_of_a_child_is_told_before_its_parent_hears_of_it() -> None:
    simulation = next(one for one in played("complaint_loop") if one.ticket(MAIN).children)
    rows = tell(kept(simulation))
    child = next(row for row in rows if row.kind == "child")
    last = max(index for index, row in enumerate(rows) if row.ticket == child.name)
    assert rows.index(child) >= last - 1 and child.child_workflow
