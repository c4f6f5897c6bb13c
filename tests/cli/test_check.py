"""`dutyflow check`: findings in every form, and exit codes that a script can rely on."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from dutyflow.rulebook.folder import find_rulebooks
from dutyflow.rulebook.load import load_rulebook


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def broken(book: Path) -> Path:
    """A rulebook with a slip in the name of a state."""
    replace(book / "lifecycle.yaml", "to: handling", "to: handlng")
    return book


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_shipped_rulebooks_are_clean_and_counted_once(run, at_root, lang: str) -> None:
    result = run("check", "workflows", lang=lang)
    assert result.exit_code == 0, result.output
    packs = [load_rulebook(folder) for folder in find_rulebooks(Path("workflows"))]
    workflows = sum(not d.inherited for pack in packs if pack.raw for d in pack.raw.sections["workflows"].values())
    words = f"rulebooks, {workflows} workflows" if lang == "en" else f"本规则手册，{workflows} 个流程"
    assert result.stdout.startswith(f"OK  {len(packs)} {words}")


@pytest.mark.parametrize("form", ["text", "concise", "github"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_findings_look_as_they_should(run, broken: Path, golden, form: str, lang: str) -> None:
    result = run("check", str(broken), "--format", form, lang=lang)
    assert result.exit_code == 1
    golden(f"check_{form}.{lang}.txt", result.stdout)


def test_the_default_is_this_folder_if_it_is_a_rulebook_else_workflows(run, broken: Path, monkeypatch) -> None:
    monkeypatch.chdir(broken)
    assert "DF201" in run("check", "--format", "concise").stdout
    monkeypatch.chdir("../..")
    os.rename("acme", "workflows")
    assert "workflows/requests/lifecycle.yaml" in run("check", "--format", "concise").stdout


def test_what_two_rulebooks_inherit_is_reported_once(run, book: Path) -> None:
    assert run("new", "acme/orders").exit_code == 0
    replace(Path("acme/_shared/organisation.yaml"), "head: exec}", "head: exce}")
    lines = run("check", "acme", "--format", "concise").stdout.splitlines()
    assert sum("`exce`" in line for line in lines) == 1


def test_codes_can_be_selected_and_ignored_but_errors_do_not_pass_unseen(run, broken: Path) -> None:
    assert "DF201" in run("check", str(broken), "--select", "df2").stdout
    hidden = run("check", str(broken), "--ignore", "DF1,DF2")
    assert hidden.exit_code == 1
    assert "hide all errors" in hidden.stderr


def test_a_prefix_that_fits_no_code_is_a_usage_error(run, book: Path) -> None:
    result = run("check", str(book), "--select", "DF77")
    assert result.exit_code == 2
    assert "no code begins with `DF77`" in result.stderr


def test_warnings_fail_only_when_asked_to(run, book: Path) -> None:
    (book / "empty.yaml").write_text("", encoding="utf-8")
    assert run("check", str(book)).exit_code == 0
    assert run("check", str(book), "--fail-on", "warning").exit_code == 1


def test_a_waiver_with_a_reason_silences_a_finding_for_all_rulebooks_together(run, book: Path) -> None:
    replace(book / "lifecycle.yaml", "to: handling", "to: handling      # dutyflow: ignore[DF301] no reason")
    assert "DF020" in run("check", str(book), "--format", "concise").stdout


def test_mistakes_in_scenarios_are_findings_too(run, book: Path) -> None:
    replace(book / "scenarios" / "basic.yaml", "do: assign", "do: asign")
    result = run("check", str(book), "--format", "json")
    assert result.exit_code == 1
    assert [finding["code"] for finding in json.loads(result.stdout)["findings"]] == ["DF241"]


@pytest.mark.parametrize("path", ["nowhere", "a" * 5000, "no\0where"])
def test_a_path_that_does_not_exist_is_a_sentence(run, tmp_path: Path, monkeypatch, path: str) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("check", path)
    assert result.exit_code == 3
    assert "does not exist" in result.stderr
    assert "存在" in run("check", path, lang="zh").stderr


def test_a_folder_without_yaml_is_a_finding(run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("check")
    assert result.exit_code == 1
    assert "DF011" in result.stdout


def test_files_that_cannot_be_read_as_text_are_findings(run, book: Path) -> None:
    (book / "gbk.yaml").write_bytes("title: 投诉".encode("gbk"))
    (book / "big.yaml").write_bytes(b"#" * 5_000_000)
    result = run("check", str(book), "--format", "concise")
    assert result.exit_code == 1
    assert "DF003" in result.stdout and "DF004" in result.stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_a_sentence(run, book: Path) -> None:
    book.chmod(0)
    try:
        result = run("check", str(book))
    finally:
        book.chmod(0o755)
    assert result.exit_code == 3
    assert "may not be read" in result.stderr


def test_a_file_of_a_rulebook_is_checked_with_the_files_around_it(run, broken: Path) -> None:
    assert run("check", str(broken / "lifecycle.yaml")).exit_code == 1
    other = run("check", str(broken / "forms.yaml"))
    assert other.exit_code == 1
    assert "DF201" not in other.stdout and "its rulebook has 1" in other.stderr
    replace(broken / "lifecycle.yaml", "handlng", "handling")
    assert run("check", str(broken / "sla.yaml")).stdout.startswith("OK  1 rulebook")


def test_sarif_and_json_are_documents(run, broken: Path) -> None:
    assert json.loads(run("check", str(broken), "--format", "sarif").stdout)["version"] == "2.1.0"
    assert json.loads(run("check", str(broken), "--format", "json").stdout)["schema_version"] == 1


def test_a_clean_rulebook_is_an_empty_document_for_machines(run, book: Path) -> None:
    assert json.loads(run("check", str(book), "--format", "json").stdout)["findings"] == []
    assert run("check", str(book), "--format", "github").stdout == ""
