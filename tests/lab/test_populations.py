"""Steps about many tickets: rows that open all or none, running numbers, ranges of names."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.lab.rulebooks import load, played, scenario

from dutyflow.lab.scenario_reader import read_scenarios
from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.folder import read_rulebook

ROWS = "[{customer: 王, amount: 5}, {customer: 李}]"
REGISTER = "{at: Mon 2026-03-02 09:00, by: A1, do: register, with: {customer: }}"
STEP = "{at: Mon 2026-03-02 09:00, by: A1, do: register, ticket: c, key: customer, rows: %s}"


def step(rows: str, more: str = "") -> str:
    return (STEP % rows)[:-1] + more + "}"


def codes(folder: Path, *steps: str) -> list[str]:
    """What the reader of scenarios itself finds, without the check of the shape."""
    rules = load(folder).require_rules()
    (folder / "pack" / "scenarios.yaml").write_text(scenario(list(steps)), encoding="utf-8")
    raw, findings = read_rulebook(folder / "pack", Findings()), Findings()
    assert raw is not None and read_scenarios(raw, rules, findings) == ()
    return [finding.code for finding in findings]


def test_each_row_opens_a_ticket_with_a_name_over_what_all_have_in_common(tmp_path: Path) -> None:
    common = ", with: {amount: 7}, expect: {state: received}"
    expect = "expect: {tickets: {c-1: {fields: {amount: 5, customer: 王}}, c-2: {fields: {amount: 7}}}}"
    accept = '{at: "10:00", by: S1, do: accept, for: [c-1..c-2], with: {statement: ok}, expect: {state: investigating}}'
    result = played(tmp_path, [step(ROWS, common), accept], expect)
    assert result.passed, result.mismatches
    assert list(result.simulation.names) == ["c-1", "c-2"]


def test_rows_may_stand_in_a_file_of_the_rulebook(tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "people.csv").write_text("customer,amount\n王,5.50\n李,\n", encoding="gb18030")
    expect = "expect: {tickets: {c-1: {fields: {amount: 5.50}}, c-2: {fields: {customer: 李}}}}"
    assert played(tmp_path, [step("people.csv")], expect).passed


@pytest.mark.parametrize(
    "refused", ["[2, 3]", "[{row: 2, why: repeated_key, first: 1}, {row: 3, why: input}]", "[3, {row: 2}]"]
)
def test_a_batch_must_be_refused_for_exactly_the_rows_that_are_listed(tmp_path: Path, refused: str) -> None:
    rows = "[{customer: 王}, {customer: 王}, {customer: 李, amount: -1}]"
    result = played(tmp_path, [step(rows, f", refused: {refused}"), step(ROWS)])
    assert result.passed, result.mismatches
    assert len(result.simulation.tickets()) == 2


@pytest.mark.parametrize(
    ("rows", "refused"),
    [
        ("[{customer: 王}, {amount: 3}]", ""),
        ("[{customer: 王}, {amount: 3}]", ", refused: [1, 2]"),
        ("[{customer: 王}, {amount: 3}]", ", refused: [{row: 2, why: repeated_key}]"),
        ("[{customer: 王}, {customer: 王}]", ", refused: [{row: 2, first: 2}]"),
        (ROWS, ", refused: [1]"),
    ],
)
def test_rows_refused_against_expectation_end_the_story(tmp_path: Path, rows: str, refused: str) -> None:
    result = played(tmp_path, [step(rows, refused), '{at: "10:00", by: A1, do: register, with: {customer: 赵}}'])
    assert [mismatch.what.key for mismatch in result.mismatches] == ["compare.refused_rows"]
    assert len(result.simulation.played) == (2 if rows == ROWS else 0)


def test_names_that_tickets_have_already_are_not_given_twice(tmp_path: Path) -> None:
    result = played(tmp_path, [step(ROWS), step("[{customer: 赵}]")])
    assert [mismatch.what.key for mismatch in result.mismatches] == ["compare.order"]


def test_texts_of_a_repeated_step_carry_the_running_number(tmp_path: Path) -> None:
    many = REGISTER[:-2] + '"K{n:03}-{n}", amount: 3}, ticket: c, times: 11}'
    expect = "expect: {tickets: {c-2: {fields: {customer: K002-2, amount: 3}}, c-11: {fields: {customer: K011-11}}}}"
    assert played(tmp_path, [many], expect).passed
    once = REGISTER[:-2] + '"{n}"}, expect: {fields: {customer: "{n}"}}}'
    assert played(tmp_path, [once]).passed


@pytest.mark.parametrize("wrong", ["c-2..c-1", "c-1..d-2", "c-1..c", "c-1..c-99999"])
def test_a_range_names_tickets_of_one_name_upwards(tmp_path: Path, wrong: str) -> None:
    accept = f'{{at: "10:00", by: S1, do: accept, for: [{wrong}], with: {{statement: ok}}}}'
    assert codes(tmp_path, step(ROWS), accept)[:1] == ["DF127"]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        (step("[]"), "DF127"),
        (step("none.csv"), "DF127"),
        (step("../outside.csv"), "DF013"),
        (step("/etc/passwd.csv"), "DF013"),
        (step("link.csv"), "DF013"),
        (step("wrong.csv"), "DF245"),
        (step("twice.csv"), "DF127"),
        (step("bare.csv"), "DF127"),
        (step("[{custmer: 王}]"), "DF245"),
        (step(ROWS, ", refused: [3]"), "DF127"),
        (step(ROWS, ", refused: [{row: 0}]"), "DF127"),
        (step(ROWS, ", refused: [{row: 1, why: mising_key}]"), "DF247"),
        (step(ROWS).replace("key: customer, ", ""), "DF124"),
        (step(ROWS).replace("key: customer, ", "key: name, "), "DF245"),
        (step(ROWS).replace("by: A1, ", ""), "DF124"),
        (step(ROWS).replace("do: register", "do: call"), "DF248"),
    ],
)
def test_rows_that_cannot_be_used_are_findings(tmp_path: Path, written: str, code: str) -> None:
    pack = tmp_path / "pack"
    pack.mkdir()
    (tmp_path / "outside.csv").write_text("customer\n王\n", encoding="utf-8")
    (pack / "link.csv").symlink_to(tmp_path / "outside.csv")
    (pack / "wrong.csv").write_text("custmer\n王\n", encoding="utf-8")
    (pack / "twice.csv").write_text("customer,customer\n王,李\n", encoding="utf-8")
    (pack / "bare.csv").write_text("customer\n", encoding="utf-8")
    assert codes(tmp_path, written)[:1] == [code]
