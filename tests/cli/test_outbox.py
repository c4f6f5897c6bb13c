"""`dutyflow outbox`: messages that wait, and those that were given up."""

from __future__ import annotations

import json
import sqlite3

import pytest
from rich.cells import cell_len

LATER = "2026-03-20 16:00"


@pytest.fixture
def overdue(run, story) -> None:
    """Nothing was done for long, then somebody acts: the alarms of the time between have rung."""
    result = run("ticket", "do", "T-1", "finish", "--as", "R1", "result=好了", at=LATER)
    assert result.exit_code == 0, result.output


def give_up(count: int) -> None:
    with sqlite3.connect("dutyflow.db") as connection:
        connection.execute(
            "UPDATE outbox SET status = 'dead', attempts = 9, problem = 'HTTP 500' WHERE no <= ?", (count,)
        )
    connection.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_messages_are_listed_with_their_troubles(run, overdue, golden, lang: str) -> None:
    give_up(1)
    result = run("outbox", "list", lang=lang, columns=140, at=LATER)
    assert result.exit_code == 0, result.output
    golden(f"outbox_list.{lang}.txt", result.stdout)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_narrow_terminal_has_lines_instead_of_columns(run, overdue, golden, lang: str) -> None:
    give_up(1)
    shown = run("outbox", "list", lang=lang, columns=60, at=LATER).stdout
    assert max(cell_len(line) for line in shown.splitlines()) <= 60
    golden(f"outbox_list_60.{lang}.txt", shown)


def test_only_those_of_one_status_are_shown_and_page_by_page(run, overdue) -> None:
    give_up(2)
    dead = json.loads(run("outbox", "list", "--status", "dead", "--limit", "1", "--format", "json").stdout)
    assert [one["status"] for one in dead["messages"]] == ["dead"]
    rest = run("outbox", "list", "--status", "dead", "--after", str(dead["cursor"]), "--format", "json").stdout
    assert len(json.loads(rest)["messages"]) == 1
    assert run("outbox", "list", "--status", "delivered").stdout == "no messages\n"


def test_given_up_messages_wait_again(run, overdue) -> None:
    give_up(3)
    messages = json.loads(run("outbox", "list", "--status", "dead", "--format", "json").stdout)["messages"]
    assert run("outbox", "retry", messages[0]["id"], at=LATER).stdout == "messages that wait again: 1\n"
    again = run("outbox", "retry", messages[0]["id"], at=LATER)
    assert again.exit_code == 1 and "not among those that were given up: 1" in again.stderr
    assert run("outbox", "retry", "--all", at=LATER).stdout == "messages that wait again: 2\n"
    assert run("outbox", "list", "--status", "dead").stdout == "no messages\n"


def test_a_retry_must_say_which(run, store) -> None:
    assert run("outbox", "retry").exit_code == 2
    assert run("outbox", "retry", "x", "--all").exit_code == 2
