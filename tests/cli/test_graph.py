"""`dutyflow graph`: the picture on the screen or in a file, in both languages and for both programs."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("form", ["mermaid", "dot"])
def test_pictures_look_right(run, book: Path, golden, lang: str, form: str) -> None:
    result = run("graph", str(book), "--format", form, lang=lang)
    assert result.exit_code == 0 and not result.stderr
    golden(f"graph_{form}.{lang}.txt", result.stdout)


def test_mermaid_is_what_comes_without_a_format(run, book: Path) -> None:
    assert run("graph", str(book)).stdout.startswith("stateDiagram-v2\n    s0 : ")


def test_the_workflow_is_the_one_that_was_named(run) -> None:
    named, own = run("graph", "complaint_loop", "improvement").stdout, run("graph", "complaint_loop").stdout
    assert "[*] --> s0 : Assign" in named and "Assign" not in own


@pytest.mark.parametrize("workflow", ["complaint", "revisit", "repair"])
@pytest.mark.parametrize("form", ["mermaid", "dot"])
def test_no_arrow_of_a_shipped_life_cycle_is_drawn_twice(run, workflow: str, form: str) -> None:
    books = {"complaint": "complaint_loop", "revisit": "revisit_survey", "repair": "field_repair"}
    drawn = run("graph", books[workflow], workflow, "--format", form).stdout.splitlines()
    arrows = [line for line in drawn if "->" in line]
    assert arrows and len(set(arrows)) == len(arrows)


@pytest.mark.parametrize(
    ("file", "words", "begins"),
    [
        ("life.mmd", [], "stateDiagram-v2"),
        ("life.dot", [], "digraph"),
        ("life.GV", [], "digraph"),
        ("life.dot", ["--format", "mermaid"], "stateDiagram-v2"),
        ("life.txt", ["--format", "dot"], "digraph"),
    ],
)
def test_a_file_gets_the_form_of_its_name_unless_told(
    run, book: Path, file: str, words: list[str], begins: str
) -> None:
    result = run("graph", str(book), *words, "-o", file)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"written to {file}\n"
    assert Path(file).read_text(encoding="utf-8").startswith(begins)


def test_a_newer_picture_takes_the_place_of_the_older(run, book: Path) -> None:
    Path("life.mmd").write_text("old", encoding="utf-8")
    shown = run("graph", str(book)).stdout
    assert run("graph", str(book), "--output", "life.mmd").exit_code == 0
    assert Path("life.mmd").read_text(encoding="utf-8") == shown


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["graph", "complaint_lop"], 3, "did you mean `complaint_loop`"),
        (["graph", "complaint_loop", "complant"], 2, "did you mean `complaint`"),
        (["graph", "complaint_loop", "--format", "svg"], 2, "'svg'"),
        (["graph", "complaint_loop", "-o", "."], 3, "`.` is a folder"),
        (["graph", "complaint_loop", "-o", "nowhere/life.mmd"], 3, "`nowhere` does not exist"),
        (["graph", "complaint_loop", "-o", "x\0y"], 3, "does not exist"),
        (["graph"], 2, "RULEBOOK"),
    ],
)
def test_what_cannot_be_drawn_is_a_sentence(
    run, tmp_path: Path, monkeypatch, words: list[str], code: int, said
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*words)
    assert result.exit_code == code
    assert said in result.stderr and not result.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_rulebook_with_errors_is_not_drawn(run, book: Path) -> None:
    (book / "more.yaml").write_text("slas: {x: {on: nothing}}", encoding="utf-8")
    result = run("graph", str(book))
    assert result.exit_code == 1 and "stateDiagram" not in result.stdout
