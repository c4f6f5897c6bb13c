"""Nodes remember where every key and value was written."""

from __future__ import annotations

from decimal import Decimal

import pytest

from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.nodes import Node
from dutyflow.rulebook.places import Place, Source
from dutyflow.rulebook.yaml_reader import read_text

TEXT = """\
states:
  received: {title: 已受理, owner: agent}
  𠮷: [a, "b"]
count: 3
price: 1.50
"""


def read(text: str) -> Node:
    findings = Findings()
    node = read_text("a.yaml", text, findings)
    assert node is not None and not len(findings)
    return node


def test_values_and_keys_have_exact_places() -> None:
    root = read(TEXT)
    states = root.get("states")
    assert states is not None
    assert states.key_place("received") == Place("a.yaml", 2, 3, 2, 11)
    assert root.at(["states", "received", "owner"]).place == Place("a.yaml", 2, 33, 2, 38)


def test_positions_count_code_points_also_for_astral_characters() -> None:
    root = read(TEXT)
    assert root.at(["states"]).key_place("𠮷") == Place("a.yaml", 3, 3, 3, 4)
    assert root.at(["states", "𠮷", 1]).place == Place("a.yaml", 3, 10, 3, 13)


def test_a_block_ends_where_its_last_value_ends() -> None:
    states = read(TEXT).get("states")
    assert states is not None
    assert states.place == Place("a.yaml", 2, 3, 3, 14)


def test_plain_gives_python_values_and_builds_them_once() -> None:
    root = read(TEXT)
    assert root.plain() == {
        "states": {"received": {"title": "已受理", "owner": "agent"}, "𠮷": ["a", "b"]},
        "count": 3,
        "price": Decimal("1.50"),
    }
    assert root.plain() is root.plain()


def test_items_keep_file_order_and_scalars_have_none() -> None:
    root = read("b: 1\na: 2\n")
    assert [(key, place.line, node.value) for key, place, node in root.items()] == [("b", 1, 1), ("a", 2, 2)]
    first = root.get("b")
    assert first is not None and list(first.items()) == [] and first.get("x") is None


def test_a_path_that_leads_nowhere_is_an_error() -> None:
    root = read(TEXT)
    with pytest.raises(KeyError):
        root.at(["states", "closed"])
    with pytest.raises(IndexError):
        root.at(["states", "𠮷", 2])


def test_place_of_points_at_the_key_of_a_mapping_and_at_a_scalar_itself() -> None:
    root = read(TEXT)
    assert root.place_of(["states"]) == root.key_place("states")
    assert root.place_of(["count"]) == Place("a.yaml", 4, 8, 4, 9)
    assert root.place_of(["states", "𠮷", 0]) == Place("a.yaml", 3, 7, 3, 8)


def test_lines_break_where_the_parser_breaks_them() -> None:
    assert Source.of("a", "a\r\nb\rc\u2028d\u000be\n").lines == ("a", "b", "c", "d\u000be", "")
    assert Source.of("a", "一\n二三").place_at(3) == Place("a", 2, 2, 2, 3)


def test_a_place_without_a_line_is_the_whole_file() -> None:
    assert str(Place.whole("a.yaml")) == "a.yaml" and Place.whole("a.yaml").is_whole_file
    assert str(Place("a.yaml", 2, 3, 2, 4)) == "a.yaml:2:3"
