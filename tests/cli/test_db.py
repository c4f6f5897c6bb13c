"""`dutyflow db`: a store is made, looked at, and verified."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

import pytest

from dutyflow_cli import store_status

HASH = re.compile(r"\b[0-9a-f]{12}\b")


def change(sql: str) -> None:
    with sqlite3.connect("dutyflow.db") as connection:
        connection.execute(sql)
    connection.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_store_is_made_once(run, tmp_path: Path, monkeypatch, golden, lang: str) -> None:
    monkeypatch.chdir(tmp_path)
    first, second = run("db", "upgrade", lang=lang), run("db", "upgrade", lang=lang)
    assert (first.exit_code, second.exit_code) == (0, 0)
    golden(f"db_upgrade.{lang}.txt", first.stdout + second.stdout)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_status_counts_what_is_there(run, story, golden, monkeypatch, lang: str) -> None:
    monkeypatch.setattr(store_status, "zone_data", lambda: "tzdata 2026.1")
    monkeypatch.setattr(store_status, "_size", lambda _: 1_500_000)
    monkeypatch.setattr(store_status, "_other_zone_data", lambda _: ())
    result = run("db", "status", lang=lang, at="2026-03-09 16:00")
    assert result.exit_code == 0, result.output
    golden(f"db_status.{lang}.txt", HASH.sub("#", result.stdout))


def test_the_status_names_the_time_zone_data(run, store) -> None:
    assert json.loads(run("db", "status", "--format", "json").stdout)["zone_data"] not in ("", "-")


def test_other_time_zone_data_than_at_publishing_is_told(run, story, monkeypatch) -> None:
    assert json.loads(run("db", "status", "--format", "json").stdout)["other_zone_data"] == []
    here = store_status.zone_data()
    monkeypatch.setattr(store_status, "zone_data", lambda: "tzdata 1999a")
    assert json.loads(run("db", "status", "--format", "json").stdout)["other_zone_data"] == [here]
    assert f"tzdata 1999a; published with {here}" in " ".join(run("db", "status").stdout.split())


def test_a_password_is_never_shown(run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("db", "status", "--store", "mysql://desk:secret@host/x")
    assert result.exit_code == 3 and "secret" not in result.output


def test_a_sound_store_is_found_sound(run, story) -> None:
    result = run("db", "verify")
    assert result.exit_code == 0 and result.stdout.startswith("OK")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_was_tampered_with_is_listed(run, story, golden, lang: str) -> None:
    change("UPDATE events SET body = replace(body, 'A1', 'A9') WHERE seq = 2")
    change("DELETE FROM events WHERE seq = 4")
    result = run("db", "verify", lang=lang)
    assert result.exit_code == 1
    golden(f"db_verify.{lang}.txt", result.stdout)


def test_a_file_of_somebody_else_is_left_alone(run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    change("CREATE TABLE recipes (name TEXT)")
    result = run("db", "upgrade")
    assert result.exit_code == 3 and "something else" in result.stderr
