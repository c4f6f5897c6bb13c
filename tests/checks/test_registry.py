"""The checks as a whole: their phases, and what they leave alone."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from dutyflow.checks import CHECKS, check_rulebook
from dutyflow.resources import workflows_dir
from dutyflow.rulebook.findings import Findings, Severity
from dutyflow.rulebook.folder import find_rulebooks
from dutyflow.rulebook.load import load_rulebook
from dutyflow.rulebook.waivers import apply_waivers
from dutyflow.wording import finding_codes

Check = Callable[..., Findings]
PACKS = find_rulebooks(workflows_dir())


def test_a_sound_rulebook_has_no_findings(check: Check) -> None:
    assert check().codes() == []


def test_nothing_is_checked_before_the_rulebook_compiles(tmp_path: Path) -> None:
    path = tmp_path / "rulebook.yaml"
    path.write_text("workflows: {complaint: {forms: [nowhere], initial: a, states: {a: {}, b: {}}, events: {}}}\n")
    loaded = load_rulebook(path)
    before = loaded.findings.codes()
    check_rulebook(loaded)
    assert loaded.rules is None
    assert before == loaded.findings.codes() != []


def test_time_limits_are_only_looked_at_once_the_life_cycle_is_sound(check: Check) -> None:
    late = ("within: 2bd", 'within: 3d@08:30\n    warn: "09:00 of due day"')
    assert check(late).codes() == ["DF405"]
    stuck = ("      closed: {final: true}", "      held: {owner: agent}\n      closed: {final: true}")
    hold = ("      close:", "      hold: {from: received, to: held, by: agent}\n      close:")
    assert check(late, stuck, hold).codes() == ["DF302"]


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
def test_the_shipped_rulebooks_are_clean(pack: Path) -> None:
    loaded = load_rulebook(pack)
    check_rulebook(loaded)
    apply_waivers(loaded.findings)
    serious = [f"{f.place} {f.code}" for f in loaded.findings if f.severity is not Severity.INFO]
    assert serious == []


def test_every_check_says_which_code_it_reports_and_why() -> None:
    described = [inspect.getdoc(check.run) or "" for check in CHECKS]
    named = [code for text in described for code in re.findall(r"DF\d{3}", text.partition(":")[0])]
    assert all(re.match(r"DF\d{3}(, DF\d{3})*: \S", text) for text in described), described
    assert set(named) <= set(finding_codes())


def test_every_code_of_the_checks_belongs_to_one_of_them() -> None:
    described = " ".join(inspect.getdoc(check.run) or "" for check in CHECKS)
    declared = {code for code in finding_codes() if re.match(r"DF3|DF4|DF50", code)}
    assert declared <= set(re.findall(r"DF\d{3}", described))
