"""`dutyflow new`: what it makes passes at once, and it never overwrites anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dutyflow.rulebook.load import load_rulebook
from dutyflow_cli.making import sources


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("source", sources())
def test_what_it_makes_passes_check_and_test_at_once(run, source: str) -> None:
    result = run("new", "acme/mine", "--from", source, "--title", '物业: "报修" #1')
    assert result.exit_code == 0, result.output
    checked = run("check", "acme/mine", "--fail-on", "warning")
    assert checked.exit_code == 0, checked.output
    tested = run("test", "acme/mine")
    assert tested.exit_code == 0 and " 0 failed" in tested.stdout
    rules = load_rulebook(Path("acme/mine")).require_rules()
    assert rules.title["zh"] == '物业: "报修" #1'
    assert rules.name == "mine"


@pytest.mark.parametrize("source", sources())
def test_every_file_points_editors_at_schemas_that_are_there(run, source: str) -> None:
    assert run("new", "acme/mine", "--from", source).exit_code == 0
    for file in Path("acme").rglob("*.yaml"):
        first = file.read_text(encoding="utf-8").splitlines()[0]
        schema = file.parent / first.partition("$schema=")[2]
        assert json.loads(schema.read_text(encoding="utf-8"))["$schema"].startswith("https://json-schema.org")


def test_two_rulebooks_share_what_lies_beside_them(run) -> None:
    assert run("new", "acme/one").exit_code == 0
    shared = Path("acme/_shared/defaults.yaml")
    shared.write_text(shared.read_text(encoding="utf-8") + "\n# ours\n", encoding="utf-8")
    result = run("new", "acme/two", "--from", "field_repair")
    assert result.exit_code == 0
    assert "left alone: acme/_shared" in result.stdout
    assert shared.read_text(encoding="utf-8").endswith("# ours\n")
    assert run("check", "acme").exit_code == 0


def test_a_dry_run_writes_nothing(run, elsewhere: Path) -> None:
    result = run("new", "acme/mine", "--dry-run")
    assert result.exit_code == 0
    assert "acme/mine/lifecycle.yaml" in result.stdout and "acme/_shared/" in result.stdout
    assert list(elsewhere.iterdir()) == []


def test_it_says_when_what_lies_beside_does_not_fit(run) -> None:
    Path("acme/_shared").mkdir(parents=True)
    Path("acme/_shared/x.yaml").write_text("departments: {}", encoding="utf-8")
    result = run("new", "acme/mine")
    assert result.exit_code == 3
    assert "acme/_shared" in result.stderr and "DF" in result.stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["taken"], 3, "not empty"),
        (["file.txt"], 3, "not empty"),
        (["book/inner"], 3, "inside the rulebook `book`"),
        (["book/scenarios/inner"], 3, "inside the rulebook `book`"),
        (["_hidden"], 3, "begins with `_`"),
        (["mine", "--from", "complant_loop"], 2, "did you mean `complaint_loop`"),
        (["mine", "--title", " "], 2, "--title"),
        (["complaint_loop", "--from", "field_repair"], 3, "beside the new rulebook"),
        (["no\0where"], 3, "does not exist"),
    ],
)
def test_what_it_will_not_do_is_a_sentence(run, elsewhere: Path, words: list[str], code: int, said: str) -> None:
    Path("taken").mkdir()
    Path("taken/notes.md").write_text("mine", encoding="utf-8")
    Path("file.txt").write_text("mine", encoding="utf-8")
    Path("book/scenarios").mkdir(parents=True)
    Path("book/duties.yaml").write_text("rulebook: {title: x}", encoding="utf-8")
    before = sorted(elsewhere.rglob("*"))
    for lang in ("zh", "en"):
        result = run("new", *words, lang=lang)
        assert result.exit_code == code, result.output
    assert said in result.stderr
    assert sorted(elsewhere.rglob("*")) == before


def test_yaml_of_other_tools_nearby_is_no_reason_to_refuse(run) -> None:
    Path("compose.yaml").write_text("services: {}", encoding="utf-8")
    assert run("new", "mine").exit_code == 0
