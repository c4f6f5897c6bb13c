"""What machines read is described by `schemas/output/`, and real outputs fit the descriptions."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from dutyflow.resources import schemas_dir

FOLDER = schemas_dir() / "output"
NAMES = ("check", "test", "simulate", "report", "publish", "ticket", "outbox", "db")
STORY = [
    "--do",
    "2026-03-06 19:10 A1 register customer_name=王女士 phone=138 content=坏了 first_contact_at=2026-03-06T19:05",
    *("--do", "19:20 A1 assign kind=维修", "--do", "19:30 S1 assign kind=维修"),
    *("--do", "03-09 10:00 R1 ask_customer question=型号？", "--do", "11:00 customer answered answer=A型"),
    *("--do", "03-13 20:30 R1 finish result=好了", "--do", "20:40 A1 confirm satisfied=true"),
]


def schema(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{name}.schema.json").read_text(encoding="utf-8"))


def assert_fits(name: str, text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    jsonschema.Draft202012Validator(schema(name)).validate(document)
    return document


@pytest.mark.parametrize("name", NAMES)
def test_the_schemas_are_valid_and_name_no_host_but_the_standard(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name))
    text = (FOLDER / f"{name}.schema.json").read_text(encoding="utf-8")
    assert set(re.findall(r"https?://[\w.-]+", text)) == {"https://json-schema.org"}


def test_there_is_a_schema_for_each_document_and_no_other() -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(f"{name}.schema.json" for name in NAMES)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_check_fits_its_schema(run, book: Path, lang: str) -> None:
    (book / "more.yaml").write_text("slas: {x: {on: nothing}, assign: {on: request}}", encoding="utf-8")
    (book / "empty.yaml").write_text("", encoding="utf-8")
    document = assert_fits("check", run("check", str(book), "--format", "json", lang=lang).stdout)
    assert document["summary"]["errors"] and document["summary"]["warnings"]
    assert any(finding["related"] for finding in document["findings"])


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_test_run_fits_its_schema(run, book: Path, lang: str) -> None:
    file = book / "scenarios" / "basic.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("Sat 03-07 09:10", "Sat 03-07 09:11"), encoding="utf-8")
    (book / "scenarios" / "more.yaml").write_text(
        "scenarios: {bad: {workflow: request, steps: [{at: 2026-03-02 09:00, by: A1, do: regster}]}}", encoding="utf-8"
    )
    document = assert_fits("test", run("test", str(book), "--format", "json", lang=lang).stdout)
    assert (document["failed"], document["errors"]) == (1, 1)
    assert document["coverage"]["missing"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_simulation_fits_its_schema(run, book: Path, lang: str) -> None:
    words = ["simulate", str(book), *STORY, "--until", "2026-03-20 12:00", "--format", "json"]
    document = assert_fits("simulate", run(*words, lang=lang).stdout)
    kinds = {row["kind"] for row in document["rows"]}
    assert {"event", "denied", "warning", "breach"} <= kinds


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_report_fits_its_schema(run, book: Path, lang: str) -> None:
    document = assert_fits("report", run("report", "assumed", str(book), "--format", "json", lang=lang).stdout)
    assert (document["report"], document["rulebooks"]) == ("assumed", ["requests"])
    assert any(item["why"] is None for item in document["items"]) and any(item["why"] for item in document["items"])


LATER = "2026-03-09 16:00"
TICKET = {
    "show T-1": "ticket",
    "list --all": "queue",
    "why T-1": "why",
    "why T-1 finish --as A1": "why",
    "why T-1 confirm": "why",
    "history T-1": "history",
    "do T-1 finish --as R1 result=x": "answer",
    "do T-1 finish --as A1": "answer",
    "open request register --as A1": "answer",
}


@pytest.mark.parametrize(("words", "kind"), TICKET.items())
def test_what_is_said_about_tickets_fits_its_schema(run, story, words: str, kind: str) -> None:
    document = assert_fits("ticket", run("ticket", *words.split(" "), "--format", "json", at=LATER).stdout)
    assert document["document"] == kind


def test_a_clock_that_moved_or_stands_still_fits_too(run, story) -> None:
    run("ticket", "do", "T-1", "ask_customer", "--as", "R1", "question=x", at=LATER)
    for words in (["why", "T-1"], ["show", "T-1"], ["list"]):
        assert_fits("ticket", run("ticket", *words, "--format", "json", at="2026-03-20 12:00").stdout)


def test_what_is_said_about_the_store_fits_its_schemas(run, story, book: Path) -> None:
    assert_fits("publish", run("publish", str(book), "--format", "json").stdout)
    for name in ("upgrade", "status", "verify"):
        assert assert_fits("db", run("db", name, "--format", "json").stdout)["document"] == name
    for words in (["backup", "backup.db"], ["copy", "--to", "sqlite:///other.db", "--position", "3"]):
        assert assert_fits("db", run("db", *words, "--format", "json").stdout)["document"] == words[0]
    run("ticket", "do", "T-1", "finish", "--as", "R1", "result=x", at="2026-03-20 12:00")
    assert assert_fits("outbox", run("outbox", "list", "--format", "json").stdout)["messages"]
    assert_fits("outbox", run("outbox", "retry", "--all", "--format", "json").stdout)


def test_shipped_outputs_fit_too(run, at_root) -> None:
    assert_fits("report", run("report", "assumed", "workflows", "--format", "json").stdout)
    assert_fits("check", run("check", "workflows", "--format", "json").stdout)
    assert_fits("test", run("test", "workflows", "--format", "json").stdout)
