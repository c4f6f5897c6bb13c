"""`dutyflow publish`: what became of each rulebook, and what stays as it was."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_second_version_leaves_open_tickets_where_they_are(run, story, book: Path, golden, lang: str) -> None:
    sla = book / "sla.yaml"
    told = run("publish", str(book), lang=lang).stdout
    sla.write_text(sla.read_text(encoding="utf-8").replace("within: 5bd", "within: 6bd"), encoding="utf-8")
    told += run("publish", str(book), "--dry-run", lang=lang).stdout
    told += run("publish", str(book), lang=lang).stdout
    golden(f"publish.{lang}.txt", re.sub(r"\b[0-9a-f]{12}\b", "#", told))


def test_a_dry_run_publishes_nothing(run, store, book: Path) -> None:
    sla = book / "sla.yaml"
    before = json.loads(run("publish", str(book), "--format", "json").stdout)
    sla.write_text(sla.read_text(encoding="utf-8").replace("within: 5bd", "within: 6bd"), encoding="utf-8")
    dry = json.loads(run("publish", str(book), "--dry-run", "--format", "json").stdout)
    assert dry["rulebooks"][0]["is_new"] and dry["dry_run"]
    status = json.loads(run("db", "status", "--format", "json").stdout)
    assert status["rulebooks"] == {"requests": before["rulebooks"][0]["version"]}


def test_other_words_alone_are_new_too(run, store, book: Path) -> None:
    form = book / "forms.yaml"
    form.write_text(form.read_text(encoding="utf-8").replace("en: Phone", "en: Telephone"), encoding="utf-8")
    assert "would be published" in run("publish", str(book), "--dry-run").stdout
    assert ": published" in run("publish", str(book)).stdout
    assert "newest version already" in run("publish", str(book)).stdout


def test_a_rulebook_with_errors_is_shown_as_check_shows_it(run, store, book: Path) -> None:
    sla = book / "sla.yaml"
    sla.write_text(sla.read_text(encoding="utf-8").replace("within: 5bd", "within: 5 days"), encoding="utf-8")
    result = run("publish", str(book))
    assert result.exit_code == 1
    assert result.stdout == run("check", str(book)).stdout
    assert "error[DF110]" in result.stdout


def test_without_a_store_nothing_is_made(run, book: Path) -> None:
    result = run("publish", str(book))
    assert result.exit_code == 3 and "dutyflow db upgrade" in result.stderr
    assert not Path("dutyflow.db").exists()
