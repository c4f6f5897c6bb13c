"""A path that was played is saved as a scenario that passes."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.kernel.builders import at, member
from tests.lab.rulebooks import load, read
from tests.lab.test_story import simulated, simulated_child

from dutyflow.kernel.rules import Absence
from dutyflow.lab.save import scenario_yaml
from dutyflow.lab.scenario_reader import read_scenario_file
from dutyflow.lab.simulation import Simulation
from dutyflow.lab.trial import play
from dutyflow.rulebook.findings import Findings


def replayed(folder: Path, simulation: Simulation) -> list[str]:
    """What differs when the saved scenario is read and played again."""
    text = scenario_yaml(simulation, id="saved", title="保存: 的 故事")
    loaded, scenarios, findings = read(folder, text)
    rules = loaded.require_rules()
    assert not findings, [(f.code, f.text("message", "en")) for f in findings]
    return [line for mismatch in play(rules, scenarios[0]).mismatches for line in mismatch.lines(rules, "en")]


def test_a_path_with_refusals_and_breaches_passes_when_it_is_played_again(tmp_path: Path) -> None:
    simulation = simulated(tmp_path)
    text = scenario_yaml(simulation, id="saved", title="saved")
    assert "denied: role" in text and "kind: breach" in text
    assert replayed(tmp_path, simulation) == []


def test_children_are_saved_under_names(tmp_path: Path) -> None:
    simulation = simulated_child(tmp_path)
    simulation.advance(at("03-12 09:00"))
    assert replayed(tmp_path, simulation) == []


def test_a_changed_rule_makes_the_saved_scenario_fail(tmp_path: Path) -> None:
    simulation = simulated(tmp_path)
    text = scenario_yaml(simulation, id="saved", title="saved").replace("12:00", "12:01")
    loaded, scenarios, _ = read(tmp_path, text)
    assert not play(loaded.require_rules(), scenarios[0]).passed


@pytest.mark.parametrize(
    "value", ["yes", "12", "0o17", "0123", "1e3", "18:30", "~", "a: b", "# x", "王女士", "- x", " x ", "l1\nl2"]
)
def test_any_text_survives_saving(tmp_path: Path, value: str) -> None:
    simulation = Simulation(load(tmp_path).require_rules(), workflow="complaint")
    assert simulation.do(at("03-06 10:00"), "A1", "register", {"customer": value}).accepted
    text = scenario_yaml(simulation, id="saved", title="saved")
    _, scenarios, _ = read(tmp_path, text)
    assert scenarios[0].steps[0].data["customer"] == value


def test_people_of_the_simulation_are_saved_with_it(tmp_path: Path) -> None:
    rules = load(tmp_path).require_rules()
    away = member("S9", "supervisor", leave=(Absence(at("03-06 11:00"), at("03-07 09:00")),))
    on_shift = member("A9", "agent", shift=rules.calendars["office"], skills={"repair": 2})
    simulation = Simulation(rules, workflow="complaint", members={"A9": on_shift, "S9": away})
    simulation.do(at("03-06 10:00"), "A9", "register", {"customer": "王女士"})
    simulation.advance(at("03-06 13:00"))
    assert replayed(tmp_path, simulation) == []
    text = scenario_yaml(simulation, id="saved", title="saved")
    _, scenarios, _ = read(tmp_path, text)
    assert scenarios[0].members["S9"].leave == away.leave
    assert scenarios[0].members["A9"].shift == on_shift.shift


MOVES = st.lists(
    st.tuples(
        st.integers(0, 2000), st.sampled_from(["accept", "call", "settle", "follow"]), st.sampled_from(["A1", "S1"])
    ),
    max_size=6,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES, until=st.integers(2000, 9000))
def test_every_path_passes_when_it_is_saved_and_played_again(
    tmp_path: Path, moves: list[tuple[int, str, str]], until: int
) -> None:
    start = at("03-06 10:00")
    simulation = Simulation(load(tmp_path).require_rules(), workflow="complaint")
    simulation.do(start, "A1", "register", {"customer": "王女士"})
    for minute, event, actor in sorted(moves):
        data = {"statement": "ok"} if event == "accept" else {}
        simulation.do(start + timedelta(minutes=minute), actor, event, data)
    simulation.advance(start + timedelta(minutes=until))
    assert replayed(tmp_path, simulation) == []


def test_a_saved_scenario_may_lie_outside_the_rulebook(tmp_path: Path) -> None:
    simulation = simulated(tmp_path)
    file = tmp_path / "elsewhere.yaml"
    file.write_text(scenario_yaml(simulation, id="saved", title="saved"), encoding="utf-8")
    findings = Findings()
    scenarios = read_scenario_file(file, simulation.rules, findings)
    assert not findings and [play(simulation.rules, story).passed for story in scenarios] == [True]
