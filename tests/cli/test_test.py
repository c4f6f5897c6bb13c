"""`dutyflow test`: scenarios pass or fail with a readable difference, in text, JSON and JUnit."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

BROKEN = "scenarios: {bad: {workflow: request, steps: [{at: 2026-03-02 09:00, by: A1, do: regster}]}}"


@pytest.fixture
def failing(book: Path) -> Path:
    """A rulebook in which nobody is told of a breach as the scenario expects it."""
    file = book / "scenarios" / "basic.yaml"
    text = file.read_text(encoding="utf-8")
    text = text.replace("kind: breach, to: manager", "kind: breach, to: supervisor").replace(
        "owner: repair_lead", "owner: sales_lead"
    )
    file.write_text(text, encoding="utf-8")
    return book


def test_all_scenarios_that_ship_pass(run, at_root) -> None:
    result = run("test", "workflows")
    assert result.exit_code == 0, result.output
    assert " 0 failed" in result.stdout


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_failure_shows_what_was_expected_what_came_and_where_it_is_written(run, failing, golden, lang) -> None:
    result = run("test", str(failing), lang=lang)
    assert result.exit_code == 1
    golden(f"test_failing.{lang}.txt", result.stdout)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_coverage_names_the_places_that_no_scenario_has_touched(run, book: Path, golden, lang: str) -> None:
    result = run("test", str(book), "--coverage", lang=lang)
    assert result.exit_code == 0
    golden(f"test_coverage.{lang}.txt", result.stdout)


def test_too_little_coverage_fails_when_a_floor_is_set(run, book: Path) -> None:
    assert run("test", str(book), "--fail-under", "80").exit_code == 0
    result = run("test", str(book), "--fail-under", "99")
    assert result.exit_code == 1
    assert "is below 99 %" in result.stderr


def test_a_filter_takes_ids_titles_and_files(run, book: Path) -> None:
    for text in ("nobody_reacts", "没有人理", "NOBODY REACTS"):
        assert "1 run: 1 passed" in run("test", str(book), "--filter", text).stdout
    assert "3 run" in run("test", str(book), "--filter", "basic.yaml").stdout


def test_a_filter_that_fits_nothing_does_not_pass(run, book: Path) -> None:
    result = run("test", str(book), "--filter", "zzz")
    assert result.exit_code == 3
    assert "no scenario matches `zzz`" in result.stderr


def test_a_scenario_file_means_the_rulebook_around_it(run, book: Path, monkeypatch) -> None:
    extra = (book / "scenarios" / "basic.yaml").read_text(encoding="utf-8").replace("normal:", "other:")
    file = book / "scenarios" / "other.yaml"
    file.write_text(extra.split("  nobody_reacts:")[0], encoding="utf-8")
    assert "1 run: 1 passed" in run("test", str(file)).stdout
    assert "4 run: 4 passed" in run("test", str(book / "scenarios")).stdout
    monkeypatch.chdir(book / "scenarios")
    assert "1 run: 1 passed" in run("test", "other.yaml").stdout
    assert "4 run: 4 passed" in run("test").stdout


def test_json_counts_and_lists_every_scenario(run, failing: Path) -> None:
    document = json.loads(run("test", str(failing), "--format", "json").stdout)
    assert (document["schema_version"], document["passed"], document["failed"]) == (1, 1, 2)
    by_id = {scenario["id"]: scenario for scenario in document["scenarios"]}
    assert by_id["sent_back"]["passed"] and not by_id["normal"]["passed"]
    mismatch = by_id["normal"]["mismatches"][0]
    assert (mismatch["what"], mismatch["expected"]) == ("owner", "sales_lead")
    assert mismatch["file"].endswith("basic.yaml") and mismatch["line"] > 1


def test_junit_has_a_case_for_each_scenario_and_a_failure_with_its_place(run, failing: Path) -> None:
    root = ElementTree.fromstring(run("test", str(failing), "--format", "junit").stdout)
    assert (root.get("tests"), root.get("failures")) == ("3", "2")
    failures = root.findall("./testsuite/testcase/failure")
    assert len(failures) == 2
    assert "basic.yaml:" in (failures[0].text or "")


def test_a_broken_scenario_does_not_keep_the_others_from_running(run, book: Path) -> None:
    (book / "scenarios" / "broken.yaml").write_text(BROKEN, encoding="utf-8")
    result = run("test", str(book))
    assert result.exit_code == 1
    assert "DF" in result.stdout and "3 run: 3 passed" in result.stdout


def test_a_rulebook_with_errors_shows_them_and_fails(run, book: Path) -> None:
    (book / "sla.yaml").write_text("slas: [", encoding="utf-8")
    result = run("test", str(book))
    assert result.exit_code == 1
    assert "DF001" in result.stdout


def test_nothing_to_run_is_not_a_success(run, book: Path) -> None:
    (book / "scenarios" / "basic.yaml").unlink()
    assert run("test", str(book)).exit_code == 3
    assert run("test", "nowhere").exit_code == 3
