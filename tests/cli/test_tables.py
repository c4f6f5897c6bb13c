"""Text is broken where a reader expects it: Chinese anywhere but before its punctuation, other words at blanks."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from dutyflow_cli.render.tables import TOKEN, draw, prose, table
from dutyflow_cli.settings import Settings

WORDS = st.lists(
    st.sampled_from(["投诉", "处理，", "（周五）", "2bd", "office", "09:00", "、", " ", "YAML。", "a,"]), max_size=40
)


@settings(max_examples=100)
@given(WORDS, st.integers(12, 60))
def test_no_line_is_too_long_and_nothing_is_lost(words: list[str], size: int) -> None:
    text = "".join(words).strip()
    lines = prose(text, size).plain.split("\n")
    longest = max([size, *(cell_len(token.strip()) for token in TOKEN.findall(text))])
    assert all(cell_len(line) <= longest for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_punctuation_never_begins_a_line() -> None:
    lines = prose("责任部门有两个工作日，周五晚上和周末不算。" * 5, 21).plain.split("\n")
    assert len(lines) > 5 and not any(line[0] in "，。" for line in lines)
    lines = prose("工单处于「调查中」，不能「判断成立」；S1 的岗位是（客服）「主管」。" * 3, 23).plain.split("\n")
    assert not any(line[0] in "」，；）。" or line[-1] in "「（" for line in lines)
    assert prose("kind: 订购, else", 12).plain == "kind: 订购,\nelse"


@pytest.mark.parametrize(("color", "coloured"), [("always", True), ("never", False), ("auto", False)])
def test_colour_is_only_drawn_when_wanted(color, coloured: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    shown = draw([table(("名称", "B"), [("投诉", "x")])], Settings("zh", color=color), 40)
    assert ("\x1b[" in shown) is coloured
    assert "投诉" in shown


def test_columns_line_up_under_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "COLUMNS", "60")
    lines = draw([table(("", ""), [("投诉", "|"), ("abcd", "|"), ("é", "|")])], Settings("en", color="never")).split(
        "\n"
    )
    assert {cell_len(line.split("|")[0]) for line in lines} == {6}
