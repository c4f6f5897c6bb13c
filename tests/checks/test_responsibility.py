"""The responsibility check of DOMAIN.md 18.8, on the complaint pack as it is shipped."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dutyflow.checks import check_rulebook
from dutyflow.resources import workflows_dir
from dutyflow.rulebook.findings import Finding
from dutyflow.rulebook.load import load_rulebook

Change = Callable[..., list[Finding]]


@pytest.fixture
def change(tmp_path: Path) -> Change:
    """Check a copy of the pack in which one text of one file is replaced."""
    for name in ("_shared", "complaint_loop"):
        shutil.copytree(workflows_dir() / name, tmp_path / name)

    def changed(file: str, old: str, new: str) -> list[Finding]:
        path = tmp_path / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {file} any more"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        loaded = load_rulebook(tmp_path / "complaint_loop", root=tmp_path)
        assert loaded.rules is not None, loaded.findings.codes()
        check_rulebook(loaded)
        return loaded.findings.sorted()

    return changed


def test_18_8_an_owner_without_a_mark_is_named_with_item_state_and_department(change: Change) -> None:
    title = "en: Summing up}\n        owner: "
    found = change("complaint_loop/lifecycle.yaml", f"{title}supervisor", f"{title}finance_lead")
    assert [finding.code for finding in found] == ["DF409"]
    message = found[0].text("message", "en") or ""
    assert all(word in message for word in ("`summarising`", "`complaints`", "`finance`", "`finance_lead`"))


def test_18_8_a_routed_row_whose_department_has_the_item_is_fine(change: Change) -> None:
    row = "{when: {category: 货款}, give: {role: finance_lead, item: money}}"
    assert change("complaint_loop/routing.yaml", row, row) == []
    other = change("complaint_loop/routing.yaml", row, row.replace("money", "complaints"))
    assert [finding.code for finding in other] == ["DF409"]


def test_18_8_an_item_whose_last_department_is_gone_is_an_error(change: Change) -> None:
    files = "en: Customer files and tracing}\n    departments: "
    found = change("_shared/responsibility.yaml", f"{files}{{service: A}}", f"{files}{{}}")
    assert "DF411" in [finding.code for finding in found]


def test_18_8_a_department_may_have_one_item_only(change: Change) -> None:
    production = "production:  {title: {zh: 生产部, en: Production}, head: production_head}"
    assert change("_shared/organisation.yaml", production, production) == []


def test_18_8_a_new_department_without_any_item_is_a_warning(change: Change) -> None:
    new = "departments:\n  archive: {title: {zh: 档案室, en: Archive}}\n"
    found = change("_shared/organisation.yaml", "departments:\n", new)
    assert [(finding.code, finding.severity.value) for finding in found] == [("DF410", "warning")]


def test_who_is_only_informed_of_an_item_cannot_own_its_work(change: Change) -> None:
    found = change("_shared/responsibility.yaml", "{management: A}", "{management: I, service: A}")
    assert {finding.code for finding in found} == {"DF409"}


def test_a_mark_that_nobody_is_accountable_for_and_one_that_two_are(change: Change) -> None:
    found = change("_shared/responsibility.yaml", "{management: A}", "{management: R}")
    assert [finding.code for finding in found] == ["DF402"]
