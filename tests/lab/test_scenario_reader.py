"""Scenarios are read with every name looked up; a mistake is a finding where it stands."""

from pathlib import Path

import pytest
from tests.kernel.builders import at
from tests.lab.rulebooks import ACCEPT, REGISTER, load, scenario

from dutyflow.lab.scenario import Scenario
from dutyflow.lab.scenario_reader import read_scenarios
from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.folder import read_rulebook

MISTAKES: dict[str, tuple[list[str], list[str], str]] = {
    "a moment": (["{at: soon, by: A1, do: register}"], [], "DF120"),
    "a weekday": (["{at: Tue 2026-03-02 09:00, by: A1, do: register}"], [], "DF121"),
    "time goes back": ([REGISTER, '{at: "08:00", by: A1, do: call}'], [], "DF122"),
    "an end before the last step": ([REGISTER], ['until: "08:00"'], "DF122"),
    "nobody who does it": (["{at: 2026-03-02 09:00, do: register}"], [], "DF124"),
    "an alert without a clock": ([REGISTER], ["expect: {alerts: [{at: 2026-03-02 10:00, kind: breach}]}"], "DF124"),
    "a value": ([REGISTER[:-1] + ", expect: {fields: {amount: many}}}"], [], "DF125"),
    "a status": ([REGISTER[:-1] + ", expect: {clocks: {judge: {status: late}}}}"], [], "DF126"),
    "an event": (["{at: 2026-03-02 09:00, by: A1, do: registr}"], [], "DF241"),
    "a member": (["{at: 2026-03-02 09:00, by: A2, do: register}"], [], "DF242"),
    "a clock": ([REGISTER[:-1] + ", expect: {clocks: {juge: {status: running}}}}"], [], "DF243"),
    "a state": ([REGISTER[:-1] + ", expect: {state: recieved}}"], [], "DF244"),
    "a field": (["{at: 2026-03-02 09:00, by: A1, do: register, with: {custmer: x}}"], [], "DF245"),
    "a request on a ticket that is not open": (["{at: 2026-03-02 09:00, by: A1, do: comment}"], [], "DF241"),
    "a word of a comment": ([REGISTER, '{at: "10:00", by: A1, do: comment, with: {txt: x}}'], [], "DF245"),
    "a field to correct": ([REGISTER, '{at: "10:00", by: S1, do: amend, with: {custmer: x}}'], [], "DF245"),
    "an owner": ([REGISTER[:-1] + ", expect: {owner: superviser}}"], [], "DF246"),
    "a denial code": (["{at: 2026-03-02 09:00, by: A1, do: register, denied: missing}"], [], "DF247"),
    "a ticket": ([REGISTER, '{at: "10:00", ticket: c9, by: A1, do: call}'], [], "DF248"),
    "an outcome": ([REGISTER], ["expect: {outcome: uphold}"], "DF249"),
    "a key of a clock": ([REGISTER[:-1] + ", expect: {clocks: {judge: {dued: none}}}}"], [], "DF101"),
}


def findings_of(folder: Path, text: str) -> tuple[tuple[Scenario, ...], Findings]:
    """What the reader of scenarios itself finds, without the check of the shape."""
    rules = load(folder).require_rules()
    (folder / "pack" / "scenarios.yaml").write_text(text, encoding="utf-8")
    raw = read_rulebook(folder / "pack", Findings())
    assert raw is not None
    findings = Findings()
    return read_scenarios(raw, rules, findings), findings


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_a_finding_and_the_scenario_is_not_played(tmp_path: Path, mistake: str) -> None:
    steps, more, code = MISTAKES[mistake]
    scenarios, findings = findings_of(tmp_path, scenario(steps, *more))
    assert scenarios == ()
    assert findings.codes() == [code]
    for finding in findings:
        assert finding.place.file.endswith("scenarios.yaml")
        assert all("{" not in str(finding.text("message", lang)) for lang in ("en", "zh"))


def test_a_near_miss_gets_a_suggestion(tmp_path: Path) -> None:
    steps, more, _ = MISTAKES["an event"]
    _, findings = findings_of(tmp_path, scenario(steps, *more))
    assert [finding.text("help", "en") for finding in findings] == ["did you mean `register`?"]


@pytest.mark.parametrize(
    ("keys", "code"), [("workflow: complaint, steps: []", "DF123"), ("workflow: complain", "DF240")]
)
def test_a_scenario_needs_a_workflow_and_steps(tmp_path: Path, keys: str, code: str) -> None:
    scenarios, findings = findings_of(tmp_path, f'scenarios:\n  "1": {{title: x, {keys}}}\n')
    assert scenarios == () and findings.codes() == [code]


def test_what_the_shape_has_reported_is_not_said_twice(tmp_path: Path) -> None:
    steps, more, code = MISTAKES["a key of a clock"]
    rules = load(tmp_path).require_rules()
    loaded = load(tmp_path, scenario(steps, *more))
    assert loaded.raw is not None
    before = loaded.findings.codes()
    read_scenarios(loaded.raw, rules, loaded.findings)
    assert loaded.findings.codes() == before and code in before


def test_a_stranger_may_try_what_is_to_be_refused(tmp_path: Path) -> None:
    step = "{at: 2026-03-02 09:00, by: nobody, do: register, denied: role}"
    scenarios, findings = findings_of(tmp_path, scenario([step]))
    assert not findings and scenarios[0].steps[0].by == "nobody"


def test_a_scenario_is_read_with_its_moments_and_people(tmp_path: Path) -> None:
    members = "members: {A9: {title: 新人, roles: [agent], leave: [2026-03-05]}}"
    steps = [REGISTER, ACCEPT, "{at: +26h, by: A9, do: call}", "{at: Wed 03-04 10:00, expect: {state: investigating}}"]
    scenarios, findings = findings_of(tmp_path, scenario(steps, members, 'until: "12:00"', "covers: [R05]"))
    assert not findings
    story = scenarios[0]
    moments = ["03-02 09:00", "03-02 10:00", "03-03 11:00", "03-04 10:00"]
    assert [step.at for step in story.steps] == [at(moment) for moment in moments]
    assert story.until == at("03-04 12:00")
    assert story.covers == ("R05",)
    assert not story.members["A9"].is_on_duty(at("03-05 12:00"))
