"""What a command or a question may bring: names that can be seen, and no more text than somebody could read."""

from datetime import datetime
from typing import Any

import pytest

from dutyflow.errors import MisuseError
from dutyflow.kernel.commands import Assign, Comment, Fire, Open, Request
from dutyflow.ports.queue import Query
from dutyflow.runtime.batch import Batch
from dutyflow.runtime.limits import (
    NAME_LENGTH_MAX,
    REASON_LENGTH_MAX,
    ROWS_MAX,
    SEARCH_LENGTH_MAX,
    check_command,
    check_name,
    check_query,
    check_rows,
    is_storable,
)

BAD_NAMES = [
    "",
    " ",
    " a",
    "a ",
    "a\nb",
    "a\0b",
    "a\x1b[31mb",
    "a\u202eb",
    "a\u200fb",
    "\ud800",
    "x" * 201,
    7,
    {"$at": "x"},
]


def opening(**parts: Any) -> Open:
    return Open(**{"workflow": "seat", "event": "book", "actor": "A1", **parts})


@pytest.mark.parametrize(
    "name", ["A1", "工单-1", "a/b", "../a", "school:round-2026-03-02", "王 女士", "x" * NAME_LENGTH_MAX]
)
def test_a_name_is_whatever_can_be_seen(name: str) -> None:
    assert check_name("The id", name) == name


@pytest.mark.parametrize("name", BAD_NAMES, ids=range(len(BAD_NAMES)))
def test_a_name_that_cannot_be_seen_or_is_too_long_is_refused_without_repeating_it(name: Any) -> None:
    with pytest.raises(MisuseError) as refusal:
        check_name("The id", name)
    assert refusal.value.message.startswith("The id must") and refusal.value.message.isprintable()


@pytest.mark.parametrize(
    "command",
    [
        opening(ticket="a\nb"),
        opening(actor="a\nb"),
        opening(event="x" * 1000),
        Fire(event="e", actor="A1", reason="x" * (REASON_LENGTH_MAX + 1)),
        Fire(event="e", actor="A1", reason="\0"),
        Fire(event="e", actor="A1", reason={"$at": "x"}),  # type: ignore[arg-type]  # what a careless host may pass on
        Assign(actor="A1", member={"a": 1}),  # type: ignore[arg-type]
        Assign(actor="A1", member="x" * 1000),
        Comment(actor="", text="x"),
    ],
)
def test_a_command_with_such_a_name_or_reason_is_refused(command: Request) -> None:
    with pytest.raises(MisuseError):
        check_command(command, None)


def test_a_command_as_people_give_it_is_let_through() -> None:
    check_command(opening(ticket="C-1", reason="说明\n第二行"), "k/1")
    check_command(Assign(actor="A1"), None)


def test_a_key_is_a_name_too() -> None:
    with pytest.raises(MisuseError):
        check_command(opening(), "k" * 201)


def test_a_batch_has_no_more_rows_than_a_file() -> None:
    batch = Batch(workflow="seat", event="book", actor="A1", rows=({"major": "x"},) * (ROWS_MAX + 1), key="major")
    with pytest.raises(MisuseError, match="10000 rows"):
        check_rows(batch, None)


@pytest.mark.parametrize(
    "query",
    [
        Query(text="x" * (SEARCH_LENGTH_MAX + 1)),
        Query(text="\0"),
        Query(role="\ud800"),
        Query(member="x" * 10_000),
        Query(due_before=datetime(2026, 3, 2)),
    ],
)
def test_a_question_that_a_database_would_choke_on_is_refused(query: Query) -> None:
    with pytest.raises(MisuseError):
        check_query(query)


def test_an_older_or_a_childs_id_can_be_looked_for_though_it_could_not_be_given() -> None:
    assert is_storable("a\nb") and is_storable("x" * 250)
    assert not is_storable("a\0b") and not is_storable("\ud800") and not is_storable("x" * 5000) and not is_storable(7)
