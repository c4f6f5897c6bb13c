"""The cookbook shows exactly the files of its folders; each recipe is a sound rulebook, and its scenarios pass."""

from __future__ import annotations

import re
import runpy
import tomllib
from pathlib import Path

import pytest

from dutyflow.checks import check_rulebook
from dutyflow.lab.scenario_reader import read_scenarios
from dutyflow.lab.trial import play
from dutyflow.rulebook.findings import Severity
from dutyflow.rulebook.folder import find_rulebooks
from dutyflow.rulebook.load import load_rulebook

DOCS = Path(__file__).parents[2] / "docs"
FOLDERS = find_rulebooks(DOCS / "cookbook")
PAGE = (DOCS / "cookbook.md").read_text(encoding="utf-8")
RECIPES = tomllib.loads((DOCS / "cookbook.toml").read_text(encoding="utf-8"))["recipe"]
TEXTS = ("title", "asks", "text", "watch")


def test_the_page_is_what_the_generator_gives() -> None:
    assert runpy.run_path(str(DOCS / "generate_cookbook.py"))["page"]() == PAGE, "run docs/generate_cookbook.py"


def test_each_folder_is_a_recipe_and_each_recipe_a_folder() -> None:
    assert [recipe["folder"] for recipe in RECIPES] == [folder.name for folder in FOLDERS]
    assert [int(folder.name[:2]) for folder in FOLDERS] == list(range(1, len(FOLDERS) + 1))


def test_the_page_shows_every_file_once_and_nothing_else() -> None:
    written = sorted(path.read_text(encoding="utf-8").strip() for path in (DOCS / "cookbook").glob("*/*"))
    shown = re.findall(r"^```yaml\n(.*?)\n```$", PAGE, re.MULTILINE | re.DOTALL)
    assert sorted(shown) == written


def test_every_recipe_is_told_in_both_languages() -> None:
    for recipe in RECIPES:
        for text in TEXTS:
            assert recipe[text]["zh"] and recipe[text]["en"], (recipe["folder"], text)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_recipe_is_a_rulebook_without_errors_and_warnings(folder: Path) -> None:
    loaded = load_rulebook(folder)
    check_rulebook(loaded)
    serious = [f"{f.place} {f.code}" for f in loaded.findings if f.severity is not Severity.INFO]
    assert serious == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_scenarios_of_a_recipe_pass(folder: Path) -> None:
    loaded = load_rulebook(folder)
    rules = loaded.require_rules()
    assert loaded.raw is not None
    scenarios = read_scenarios(loaded.raw, rules, loaded.findings)
    own = [scenario for scenario in scenarios if Path(scenario.place.file).resolve().parent == folder.resolve()]
    assert own, "a recipe proves itself by a scenario of its own"
    results = [play(rules, scenario) for scenario in own]
    assert [mismatch for result in results for mismatch in result.mismatches] == []
    assert not loaded.findings.has_errors
