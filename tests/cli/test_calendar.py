"""`dutyflow calendar`: days with their hours, and the arithmetic of a due time."""

from __future__ import annotations

from pathlib import Path

import pytest

START = "2026-09-29 16:40"


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("list", ["list"]),
        ("show", ["show", "office", "--from", "2026-09-28", "--to", "2026-10-11"]),
        ("due_bh", ["due", "office", START, "16bh"]),
        ("due_bd", ["due", "office", START, "2bd"]),
        ("due_d", ["due", "contact", START, "3d@21:00"]),
        ("due_h", ["due", "always", START, "24h"]),
        ("due_same_day", ["due", "office", "2026-10-01 10:00", "same_day"]),
    ],
)
def test_pages_read_well(run, tmp_path: Path, monkeypatch, golden, lang: str, name: str, words: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("calendar", *words, lang=lang)
    assert result.exit_code == 0, result.output
    golden(f"calendar_{name}.{lang}.txt", result.stdout)


def test_days_beyond_the_official_data_are_marked(run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["calendar", "show", "office", "--from", "2026-12-30", "--to", "2027-01-03"]
    assert "after 2026-12-31 are not known yet" in run(*words).stdout


def test_a_rulebooks_own_calendar_is_found_from_its_folder(run, book: Path, monkeypatch) -> None:
    (book / "calendars.yaml").write_text(
        "calendars: {night: {title: 夜班, hours: {daily: ['22:00-06:00']}}}", encoding="utf-8"
    )
    monkeypatch.chdir(book)
    shown = run("calendar", "show", "night", "--from", "2026-03-02", "--to", "2026-03-03").stdout
    assert "00:00-06:00 22:00-24:00" in shown
    monkeypatch.chdir("../..")
    assert "night" in run("calendar", "list", "--rulebook", str(book)).stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["show", "offic"], 3, "did you mean `office`"),
        (["show", "office", "--from", "yesterday"], 2, "is not a date"),
        (["show", "office", "--from", "2026-03-02", "--to", "2026-03-01"], 2, "--to"),
        (["show", "office", "--from", "2026-03-02", "--to", "2036-03-01"], 2, "--to"),
        (["due", "office", "soon", "2bd"], 2, "is not a time"),
        (["due", "office", "Mon 2026-03-06 10:00", "2bd"], 2, "is a Friday"),
        (["due", "office", START, "two days"], 2, "is not a duration"),
        (["due", "office", START, "24 hours"], 2, "did you mean `24h`"),
        (["due", "office", START, "2bd@desk"], 2, "asks for the calendar `desk`"),
        (["list", "--rulebook", "nowhere"], 3, "no rulebook `nowhere`"),
    ],
)
def test_what_makes_no_sense_is_a_sentence(run, tmp_path, monkeypatch, words: list[str], code: int, said: str) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("calendar", *words)
    assert result.exit_code == code and said in result.stderr, result.output
    assert run("calendar", *words, lang="zh").exit_code == code
