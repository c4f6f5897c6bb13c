"""The public names, written down a second time: a change here is a change for everyone who embeds dutyflow."""

import ast
from pathlib import Path

import pytest

import dutyflow

PUBLIC = [
    "Amend",
    "Assign",
    "AsyncEngine",
    "Calendar",
    "Comment",
    "Denial",
    "Engine",
    "Fire",
    "Open",
    "Order",
    "Query",
    "load_rulebook",
    "memory_runner",
]


def test_the_public_names_are_the_ones_written_here() -> None:
    assert sorted(dutyflow.__all__) == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_loads_and_stays(name: str) -> None:
    assert getattr(dutyflow, name) is getattr(dutyflow, name)
    assert name in dir(dutyflow)


def test_type_checkers_see_every_public_name() -> None:
    source = Path(dutyflow.__file__).read_text(encoding="utf-8")
    imported = {
        alias.asname or alias.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dutyflow.")
        for alias in node.names
    }
    assert imported == set(PUBLIC)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Calender"):
        _ = dutyflow.Calender  # type: ignore[attr-defined]  # the mistake under test
