"""Every test that docs/guarantees.md cites exists, every promise cites one, and every crash point is told of."""

import ast
import re
from pathlib import Path

import pytest

from dutyflow.runtime.crash_points import POINTS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
CITED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)))


@pytest.mark.parametrize(("file", "test"), CITED)
def test_a_test_that_is_cited_exists(file: str, test: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    tests = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert test in tests or not test


@pytest.mark.parametrize("title", SECTIONS)
def test_every_promise_is_proved_by_a_test_and_says_where_it_ends(title: str) -> None:
    assert "`tests/" in SECTIONS[title]
    assert "Not promised" in SECTIONS[title] or "crash" in title


def test_what_a_crash_leaves_is_told_for_every_point() -> None:
    (table,) = (text for title, text in SECTIONS.items() if "crash" in title)
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == list(POINTS)
