"""`dutyflow db copy` and `dutyflow db backup`: another store, or a file, that tells the same."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_copy_says_what_it_carried_and_where_a_subscriber_goes_on(run, story, golden, lang: str) -> None:
    result = run("db", "copy", "--to", "sqlite:///other.db", "--position", "3", lang=lang)
    assert result.exit_code == 0, result.output
    golden(f"db_copy.{lang}.txt", result.stdout)
    assert run("ticket", "show", "T-1", "--store", "sqlite:///other.db", at="2026-03-09 16:00").exit_code == 0


def test_a_copy_goes_to_postgresql_and_back(run, story, postgres_server) -> None:
    database = postgres_server.create()
    url = postgres_server.url(database)
    try:
        there = run("db", "copy", "--to", url)
        back = run("db", "copy", "--store", url, "--to", "sqlite:///back.db")
        assert (there.exit_code, back.exit_code) == (0, 0), there.output + back.output
        assert there.stdout.partition(": ")[2] == back.stdout.partition(": ")[2]
        refused = run("db", "backup", "x.db", "--store", url)
        assert refused.exit_code == 2 and "pg_dump" in refused.stderr
    finally:
        postgres_server.drop(database)


def test_a_copy_into_a_store_that_holds_something_is_refused(run, story, stores: Path) -> None:
    result = run("db", "copy", "--to", f"sqlite:///{stores / 'empty.db'}")
    assert result.exit_code == 3 and "not empty" in result.stderr


def test_what_was_damaged_before_is_told_after_a_copy(run, story) -> None:
    with closing(sqlite3.connect("dutyflow.db")) as connection, connection:
        connection.execute("UPDATE events SET body = replace(body, 'A1', 'A9') WHERE seq = 2")
    result = run("db", "copy", "--to", "sqlite:///other.db")
    assert result.exit_code == 1 and "event 2 is not the one" in result.stdout


def test_a_backup_is_a_store_that_can_be_used(run, story) -> None:
    assert run("db", "backup", "backup.db").exit_code == 0
    assert run("db", "verify", "--store", "sqlite:///backup.db").exit_code == 0
    again = run("db", "backup", "backup.db")
    assert again.exit_code == 3 and "already" in again.stderr
    nowhere = run("db", "backup", "nowhere/backup.db")
    assert nowhere.exit_code == 3 and "`nowhere` does not exist" in nowhere.stderr
