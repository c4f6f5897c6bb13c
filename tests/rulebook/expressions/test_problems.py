"""What is wrong with an expression is said with its code, its exact place and what to write instead."""

from __future__ import annotations

from typing import Any

import pytest

from dutyflow.rulebook.expressions import compile_expression
from dutyflow.rulebook.types import BOOLEAN, MONEY, NUMBER, TEXT, Names, choice, list_of
from dutyflow.wording import finding_text


@pytest.mark.parametrize(
    ("text", "code", "place", "suggestion"),
    [
        ("", "DF220", "", None),
        ("n = 3", "DF220", "=", "=="),
        ("done && open_", "DF220", "&&", "and"),
        ("done || open_", "DF220", "||", "or"),
        ("! done", "DF220", "!", "not"),
        ("n =< 3", "DF220", "=<", "<="),
        ("n ＝＝ 3", "DF220", "＝", "=="),
        ("金额 ＞ 3", "DF220", "＞", ">"),
        ("金额 ≥ 3", "DF220", "≥", ">="),
        ("count（tags） > 1", "DF220", "（", "("),
        ("note == “退货”", "DF220", "“", '"'),
        ("note == 'x", "DF220", "'", None),
        ("n >", "DF220", ">", None),
        ("n > 3 4", "DF220", "4", None),
        ("ｎ > 3", "DF220", "ｎ", "n"),
        ("金额额 > 3", "DF221", "金额额", "金额"),
        ("severity == major", "DF221", "major", "'major'"),
        ("severity in [major]", "DF221", "major", "'major'"),
        ("amuont > 3", "DF221", "amuont", "amount"),
        ("note.upper() == 'X'", "DF222", "note.upper()", None),
        ("tags[0] == 'a'", "DF222", "tags[0]", None),
        ("n ** 2 > 3", "DF222", "n ** 2", None),
        ("n // 2 > 3", "DF222", "n // 2", None),
        ("(n := 3)", "DF222", ":=", None),
        ("n is null", "DF222", "n is null", "=="),
        ("round(value=n)", "DF220", "=", None),
        ("min(*tags)", "DF222", "min(*tags)", "min(value, value, ...)"),
        ("note == 'a\\n'", "DF220", "'", None),
        ("len(note) > 1", "DF223", "len", "length"),
        ("days_between(bought_on) > 1", "DF224", "days_between(bought_on)", None),
        ("open_children(revisit, repair) > 1", "DF224", "open_children(revisit, repair)", None),
        ("abs(note)", "DF225", "note", None),
        ("length(n)", "DF225", "n", None),
        ("total(tags)", "DF225", "tags", None),
        ("count(note)", "DF225", "note", None),
        ("min(note, 'x')", "DF225", "note", None),
        ("date('tomorrow')", "DF225", "'tomorrow'", None),
        ("is_open(3)", "DF225", "3", None),
        ("note + 1", "DF226", "note + 1", None),
        ("amount * amount", "DF226", "amount * amount", None),
        ("now + 3bd", "DF226", "3bd", "after(now, 3bd)"),
        ("note > 'a'", "DF226", "note > 'a'", None),
        ("not n", "DF226", "n", None),
        ("done and n", "DF226", "n", None),
        ("'a' in note", "DF226", "'a' in note", None),
        ("n == 'x'", "DF227", "n == 'x'", None),
        ("bought_on == now", "DF227", "bought_on == now", "date(now)"),
        ("bought_on == 'tomorrow'", "DF227", "bought_on == 'tomorrow'", None),
        ("bought_on == '2026-02-30'", "DF227", "bought_on == '2026-02-30'", None),
        ("n if done else note", "DF227", "note", None),
        ("tags == 'a'", "DF227", "tags == 'a'", None),
        ("owner == order", "DF227", "owner == order", None),
        ("severity == 'majr'", "DF228", "'majr'", "major"),
        ("severity in ['major', 'minr']", "DF228", "'minr'", "minor"),
        ("append(tags, 'z')", "DF228", "'z'", None),
        ("state == 'receivd'", "DF228", "'receivd'", "received"),
        ("after(now, 3bx)", "DF231", "3bx", None),
        ("slot_at > now + 30min", "DF231", "30min", None),
        ("after(now, 4bh@dek)", "DF232", "4bh@dek", "desk"),
        ("is_open(dsk)", "DF232", "dsk", "desk"),
        ("running('reslt')", "DF232", "'reslt'", "result"),
        ("holds(actor, manger)", "DF232", "manger", "manager"),
        ("open_children(revsit)", "DF232", "revsit", "revisit"),
        ("lookup(ruting, team)", "DF232", "ruting", "routing"),
        ("lookup(routing, taem)", "DF232", "taem", "team"),
        ("given(amuont)", "DF232", "amuont", "amount"),
    ],
)
def test_a_mistake_has_its_code_place_and_suggestion(
    problems: Any, text: str, code: str, place: str, suggestion: str | None
) -> None:
    found = problems(text)[0]
    assert (found.code, text[found.start : found.end]) == (code, place)
    if suggestion is not None:
        assert suggestion in (found.values.get("suggestion"), found.values.get("write"))
    for lang in ("en", "zh"):
        message = finding_text(code, "message", lang, {"key": "k", **found.values})
        assert message and "{" not in message


def test_all_mistakes_of_a_text_are_reported_in_their_order(problems: Any) -> None:
    text = "amuont > 3 and severity == 'majr' and len(note) > 3bx and is_open(dsk) and note + 1 > 2"
    assert [found.code for found in problems(text)] == ["DF221", "DF228", "DF223", "DF231", "DF232", "DF226"]


def test_one_mistake_gives_one_message(problems: Any) -> None:
    for text in ("nn + 1 > 3 and not nn", "round(nn) + abs(nn) == nn", "[nn] == tags"):
        assert {found.code for found in problems(text)} == {"DF221"}


def test_columns_are_code_points_of_the_text_as_written(problems: Any) -> None:
    text = "  金额 > 3bd and after(now, 3bd) > 错误"
    first, second = problems(text)
    assert text[first.start : first.end] == "3bd"
    assert text[second.start : second.end] == "错误"


def test_a_text_of_several_lines_is_one_expression(compiled: Any, problems: Any) -> None:
    assert compiled("n > 3\n  and\tdone").type == BOOLEAN
    text = "n > 3\nand doen"
    assert text[problems(text)[0].start :] == "doen"


@pytest.mark.parametrize(
    ("text", "expect"),
    [
        ("n", BOOLEAN),
        ("note", NUMBER),
        ("amount", NUMBER),
        ("note", choice("a")),
        ("tags", list_of(NUMBER)),
        ("3", TEXT),
    ],
)
def test_the_place_of_an_expression_decides_its_type(problems: Any, text: str, expect: Any) -> None:
    assert [found.code for found in problems(text, expect=expect)] == ["DF229"]


@pytest.mark.parametrize(
    ("text", "expect"),
    [
        ("severity", TEXT),
        ("n", MONEY),
        ("null", MONEY),
        ("'a' if done else 'b'", choice("a", "b")),
        ("[]", list_of(NUMBER)),
        ("coalesce(done, false)", BOOLEAN),
        ("actor", TEXT),
    ],
)
def test_what_fits_its_place_is_accepted(compiled: Any, text: str, expect: Any) -> None:
    assert compiled(text, expect=expect).text == text


def test_an_option_is_checked_where_a_choice_is_expected(problems: Any) -> None:
    assert problems("'a' if done else 'z'", expect=choice("a", "b"))[0].code == "DF228"
    assert problems("major", expect=choice("major"))[0].values["write"] == "'major'"


def test_a_calendar_that_counts_by_default_must_exist(names: Names) -> None:
    bare = Names(**{**{slot: getattr(names, slot) for slot in Names.__slots__}, "calendars": {}})
    found = compile_expression("after(now, 3bd)", bare)
    assert isinstance(found, tuple) and found[0].code == "DF232"


@pytest.mark.parametrize(
    "text",
    [
        "n > 5 and n < 3",
        "n > 3 and done and n <= 3",
        "severity == 'major' and severity == 'minor'",
        "severity in ['major'] and severity == 'minor'",
        "n == null and n > 3",
        "1 == 2",
        "done and false",
        "n in []",
        "5 < n < 3",
        "n == 4 and n != 4",
    ],
)
def test_a_condition_that_never_holds_is_a_warning(compiled: Any, text: str) -> None:
    (warning,) = compiled(text).warnings
    assert warning.code == "DF233" and text[warning.start : warning.end] == text
    assert "never" in str(finding_text("DF233", "message", "en", warning.values))


@pytest.mark.parametrize("text", ["done or true", "not 1 == 2", "3 in [1, 3]", "null == null"])
def test_a_condition_that_always_holds_is_a_warning(compiled: Any, text: str) -> None:
    (warning,) = compiled(text).warnings
    assert "always" in str(finding_text("DF233", "message", "en", warning.values))


@pytest.mark.parametrize(
    "text", ["true", "n > 3 and n < 5", "n >= 3 and n <= 3", "n > 5 or n < 3", "n != null and n > 3"]
)
def test_a_condition_that_depends_on_the_ticket_is_none(compiled: Any, text: str) -> None:
    assert compiled(text).warnings == ()
