"""`dutyflow demo`: a story with a refusal, a warning and a breach, in both languages and every width."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len

SIGNS = {"en": ["refused", "warning", "BREACHED"], "zh": ["被拒绝", "预警", "超时"]}


@pytest.mark.parametrize("columns", [80, 100, 120])
@pytest.mark.parametrize(
    ("lang", "words"), [("en", ["refused", "warning", "BREACHED"]), ("zh", ["被拒绝", "预警", "超时"])]
)
def test_the_story_of_one_complaint(run, at_root, lang: str, words: list[str], columns: int) -> None:
    result = run("demo", lang=lang, columns=columns)
    assert result.exit_code == 0, result.output
    assert all(word in result.stdout for word in words)
    assert max(cell_len(line) for line in result.stdout.splitlines()) <= columns
    assert "dutyflow simulate complaint_loop -i" in result.stdout


def test_every_step_of_the_story_but_one_goes_through(run) -> None:
    shown = run("demo", columns=160).stdout
    assert shown.count("- refused") == 1
    assert "Closed (" in shown


def test_it_runs_from_any_folder_and_ignores_a_rulebook_of_the_same_name(run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "complaint_loop").mkdir()
    assert run("demo").exit_code == 0


def test_what_it_says_to_try_next_works(run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("calendar", "due", "office", "2026-03-06 19:40", "2bd").stdout.endswith("due Tue 2026-03-10 18:00\n")
    assert run("explain", "complaint_loop:complaint@investigating").exit_code == 0
    assert run("simulate", "complaint_loop", "-i", typed="q\n").exit_code == 0
    assert run("new", "my/requests").exit_code == 0
