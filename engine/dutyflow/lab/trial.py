"""Plays scenarios: each on a simulation of its own, compared step by step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from dutyflow.errors import DutyflowError
from dutyflow.kernel.rules import Rules
from dutyflow.lab.announcements import alerts_of, messages_of
from dutyflow.lab.coverage import Coverage, CoverageItem, coverage, passed_by
from dutyflow.lab.expectations import Mismatch, compare_alerts, compare_denial, compare_messages, compare_points
from dutyflow.lab.population_results import compare_rows
from dutyflow.lab.scenario import Population, Scenario, ScenarioStep
from dutyflow.lab.simulation import Simulation
from dutyflow.lab.ticket_names import resolved
from dutyflow.wording import Phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioResult:
    """How a scenario went. `simulated` is the time that passed in it; `simulation` can be told as a story."""

    scenario: Scenario
    mismatches: tuple[Mismatch, ...]
    simulated: timedelta
    simulation: Simulation
    passed_items: frozenset[CoverageItem]

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.mismatches


def play(rules: Rules, scenario: Scenario) -> ScenarioResult:
    """Play one scenario. After a step that is refused (or goes through) against expectation the rest is not played."""
    simulation = Simulation(rules, workflow=scenario.workflow, members=scenario.members, schedules=scenario.schedules)
    mismatches: list[Mismatch] = []
    if scenario.start is not None:
        simulation.begin(scenario.start)
    if all(_keeps_going(step, simulation, mismatches) for step in scenario.steps):
        mismatches += _at_the_end(scenario, simulation)
    return ScenarioResult(
        scenario=scenario,
        mismatches=tuple(mismatches),
        simulated=simulation.now - (scenario.start or scenario.steps[0].at) if simulation.started else timedelta(),
        simulation=simulation,
        passed_items=passed_by(rules, simulation.records, simulation.tickets()),
    )


def play_all(rules: Rules, scenarios: Iterable[Scenario]) -> tuple[tuple[ScenarioResult, ...], Coverage]:
    """Play scenarios of one rulebook, and what they cover of the workflows they are about."""
    results = tuple(play(rules, scenario) for scenario in scenarios)
    workflows = [result.scenario.workflow for result in results]
    passed = frozenset().union(*(result.passed_items for result in results))
    return results, coverage(rules, workflows, passed)


def _keeps_going(step: ScenarioStep, simulation: Simulation, mismatches: list[Mismatch]) -> bool:
    """Play one step and note what differs; False when the rest of the story makes no sense any more."""
    found: list[Mismatch] = []
    try:
        if step.event is None:
            simulation.advance(step.at)
        elif step.population is not None:
            found = _opened_by_rows(step, step.event, step.population, simulation)
        else:
            data = {name: resolved(value, simulation) for name, value in step.data.items()}
            answer = simulation.do(step.at, step.by, step.event, data, ticket=step.ticket, reason=step.reason)
            found = compare_denial(
                step.denied, answer.denial, step.place, at=step.at, ticket=step.ticket, name_of=simulation.name_of
            )
    except DutyflowError as error:
        mismatches.append(_failure(step, error))
        return False
    mismatches += found
    if any(mismatch.what.key in ("compare.denied", "compare.refused_rows") for mismatch in found):
        return False
    mismatches += compare_points(step.points, simulation)
    return True


def _opened_by_rows(step: ScenarioStep, event: str, population: Population, simulation: Simulation) -> list[Mismatch]:
    rows = [{name: resolved(value, simulation) for name, value in row.items()} for row in population.rows]
    answer = simulation.do_rows(
        step.at, step.by, event, rows, key=population.key, ticket=step.ticket, reason=step.reason
    )
    return compare_rows(population, answer.bad, step)


def _at_the_end(scenario: Scenario, simulation: Simulation) -> list[Mismatch]:
    if scenario.until is not None:
        simulation.advance(scenario.until)
    found = compare_points(scenario.points, simulation)
    if scenario.alerts is not None:
        place = scenario.alerts_place or scenario.place
        found += compare_alerts(scenario.alerts, alerts_of(simulation), place)
    if scenario.messages is not None:
        place = scenario.messages_place or scenario.place
        found += compare_messages(scenario.messages, messages_of(simulation), place)
    return found


def _failure(step: ScenarioStep, error: DutyflowError) -> Mismatch:
    """The library refused to go on: transitions that run in a circle, a ticket that is not there."""
    return Mismatch(
        what=Phrase.of("compare.order"),
        expected=step.event,
        got=error.message,
        place=step.place,
        at=step.at,
        ticket=step.ticket,
    )
