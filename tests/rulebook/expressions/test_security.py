"""No expression reaches an object, a file or the network, and no text makes the reader fail."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dutyflow.rulebook.expressions import FUNCTIONS, Expression, compile_expression, compile_friendly
from dutyflow.rulebook.types import Names

ATTACKS = [
    "__import__('os').system('true')",
    "().__class__.__bases__[0].__subclasses__()",
    "note.__class__",
    "getattr(note, '__class__')",
    "note.format(n)",
    "'{0.__class__}'.format(note)",
    "f'{note.__class__}'",
    "'%s' % note",
    "open('/etc/passwd')",
    "eval('1')",
    "exec('1')",
    "compile('1', '', 'eval')",
    "globals()",
    "vars()",
    "__builtins__",
    "__debug__",
    "scope",
    "scope.values",
    "(lambda: 1)()",
    "[x for x in tags]",
    "{x for x in tags}",
    "(x for x in tags)",
    "{'a': 1}",
    "{1, 2}",
    "(1, 2)",
    "(yield 1)",
    "await note",
    "...",
    "b'x'",
    "r'x' == note",
    "9 ** 9 ** 9",
    "2 << 1000",
    "~n",
    "+n",
    "n @ n",
    "'a' * 1000000000",
    "note + note",
    "tags * 1000000",
    "tags + tags",
    "99999999999999999999999999999999999999 * 2",
    "1e999",
    "1j",
    "0x7fffffff",
    "1 if done",
    "print",
    "due_of(__class__)",
    "lookup('__class__', '__init__')",
    "running(result).real",
    "𝒏 > 3",
    "ｎｏｔｅ == 'x'",
    "ﬁrst(tags) == 'a'",
    "n\u200b > 3",
    "n > 3 # comment",
    "n > 3; m",
    "n > 3\\\n and m > 4",
    "'''x''' == note",
    "n\x00",
    "\ud800",
    "n > 3) or (done",
    "import os",
    "del n",
    "n == 1 and\x0cimport os",
]


@pytest.mark.parametrize("text", ATTACKS)
def test_an_attempt_to_reach_out_is_a_problem(problems: Any, text: str) -> None:
    found = problems(text)
    assert found and all(p.code.startswith("DF2") and 0 <= p.start <= p.end <= len(text) for p in found)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 499 + "n" + ")" * 499,
        "[" * 900,
        "not " * 249 + "done",
        "-" * 999 + "1",
        "n + " * 249 + "n",
        "abs(" * 200 + "n" + ")" * 200,
        "1 if done else " * 60 + "2",
        "n" * 1001,
        "'" + "x" * 5000 + "'",
    ],
)
def test_a_long_or_deep_text_is_refused_without_recursion(problems: Any, text: str) -> None:
    assert {found.code for found in problems(text)} == {"DF230"}


def test_the_limits_leave_room_for_what_people_write(compiled: Any) -> None:
    assert compiled(" or ".join(f"n == {number}" for number in range(70))).type.kind == "boolean"
    assert compiled("(" * 29 + "done" + ")" * 29).type.kind == "boolean"


WORDS = [
    *("n", "m", "amount", "note", "tags", "done", "severity", "slot_at", "bought_on", "wait", "owner", "now", "state"),
    *("true", "null", "3", "2.5", "'a'", "'major'", "'2026-03-02'", "30m", "3bd", "4bh@desk", "result", "desk", "金额"),
    *(
        "+",
        "-",
        "*",
        "/",
        "%",
        "==",
        "!=",
        "<",
        ">=",
        "in",
        "not",
        "and",
        "or",
        "if",
        "else",
        "is",
        "**",
        ".",
        ":",
        "=",
    ),
    *("(", ")", "[", "]", ",", "，", "“", '"', "'", "\\", "\n", "@", "lambda", "for", "f'", *sorted(FUNCTIONS)),
]


@given(text=st.one_of(st.text(max_size=60), st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join)))
@settings(max_examples=100)
@example(text="1if done else 2")
@example(text="0_0_")
@example(text="１２ > ٣")
@example(text="a\r\nb")
def test_no_text_makes_the_reader_fail(names: Names, world: Any, text: str) -> None:
    found = compile_expression(text, names)
    if isinstance(found, Expression):
        found.evaluate(world())
        return
    assert found and all(0 <= p.start <= p.end <= len(text) for p in found)


CALLS = st.builds(
    lambda name, arguments: f"{name}({', '.join(arguments)})",
    st.sampled_from(sorted(FUNCTIONS)),
    st.lists(st.sampled_from([w for w in WORDS[:26] if w]), max_size=3),
)


@given(left=CALLS, right=CALLS, operator=st.sampled_from(["+", "-", "*", "/", "%", "==", "<", "in", "and"]))
@settings(max_examples=100)
def test_no_call_makes_the_reader_or_the_run_fail(
    names: Names, world: Any, left: str, right: str, operator: str
) -> None:
    found = compile_expression(f"{left} {operator} {right}", names)
    if isinstance(found, Expression):
        found.evaluate(world())
    else:
        assert all(p.end <= len(f"{left} {operator} {right}") for p in found)


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.sampled_from(WORDS))


@given(
    mapping=st.dictionaries(
        st.one_of(st.sampled_from(WORDS[:13]), st.text(max_size=8), st.integers()),
        st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(st.text(max_size=3), SCALARS, max_size=2)),
        max_size=3,
    )
)
@settings(max_examples=100)
def test_no_friendly_mapping_makes_the_reader_fail(names: Names, world: Any, mapping: dict[Any, Any]) -> None:
    found = compile_friendly(mapping, names)
    if isinstance(found, Expression):
        found.evaluate(world())
        return
    assert all(p.values["key"] in {str(key) for key in mapping} for p in found)
