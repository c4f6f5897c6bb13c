"""Each folder of `findings/` holds one small rulebook with one mistake, and what people are told about it.

The folder's name begins with the code. What is shown must be exactly `expected.en.txt` and `expected.zh.txt`; after a
wanted change of a sentence, `UPDATE_GOLDEN=1 pytest tests/golden` writes them anew: read the diff.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from dutyflow.checks import check_rulebook
from dutyflow.rulebook.findings import Findings, Severity
from dutyflow.rulebook.load import load_rulebook
from dutyflow.rulebook.waivers import apply_waivers
from dutyflow.wording import LANGUAGES, finding_codes, finding_severity
from dutyflow_cli.render.findings import render_text

FOLDER = Path(__file__).parent / "findings"
CASES = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())
UPDATE = "UPDATE_GOLDEN"

WITHOUT_GOLDEN = {
    "DF004": "needs a file of several megabytes; tested in tests/rulebook/test_yaml_reader.py",
    "DF014": "needs a file that may not be read; tested in tests/rulebook/test_yaml_reader.py",
    "DF026": "needs a file with a hundred thousand values; tested in tests/rulebook/test_yaml_reader.py",
    "DF214": "members are only named in scenarios",
    "DF253": "the schema says it first: DF102, `initial` is missing",
    "DF255": "the schema says it first: DF102, `options` or `of` is missing",
    "DF512": "the schema says it first: DF109, with the names that are possible",
}
"""Codes that no small rulebook can show, and why."""
SCENARIO_CODES = re.compile(r"DF116|DF12\d|DF24\d|DF269|DF270")
"""Findings about scenarios are reported when scenarios are run; their tests stand with the runner."""


def findings_of(case: str, monkeypatch: pytest.MonkeyPatch) -> Findings:
    """What the checks say about the rulebook of a case; paths are shown as seen from its folder."""
    monkeypatch.chdir(FOLDER / case)
    path = Path("rulebook") if Path("rulebook").is_dir() else Path()
    loaded = load_rulebook(path)
    check_rulebook(loaded)
    apply_waivers(loaded.findings)
    return loaded.findings


@pytest.mark.parametrize("case", CASES)
def test_people_are_told_exactly_what_is_written_down(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    findings = findings_of(case, monkeypatch)
    for lang in LANGUAGES:
        shown = render_text(findings, lang) + "\n"
        golden = FOLDER / case / f"expected.{lang}.txt"
        if os.environ.get(UPDATE):
            golden.write_text(shown, encoding="utf-8")
        assert shown == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_each_case_shows_the_code_it_is_named_after(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    named = [] if case.startswith("ok_") else [case.partition("_")[0]]
    serious = [f.code for f in findings_of(case, monkeypatch) if f.severity is not Severity.INFO or f.code in named]
    assert sorted(set(serious)) == sorted({*named, *ALSO_SHOWN.get(case, ())})


ALSO_SHOWN: dict[str, tuple[str, ...]] = {
    "DF019_waiver_without_reason": ("DF301",),
    "DF023_cannot_be_waived": ("DF201",),
    "DF302_overlay_removes_the_way_out": ("DF301",),
}
"""Where one mistake rightly gives another finding too."""


def test_every_error_and_warning_has_a_golden_pair() -> None:
    shown = {case.partition("_")[0] for case in CASES}
    serious = {code for code in finding_codes() if finding_severity(code) != "info"}
    missing = {code for code in serious - shown if code not in WITHOUT_GOLDEN and not SCENARIO_CODES.fullmatch(code)}
    assert not missing
    assert not shown & WITHOUT_GOLDEN.keys(), "an exception that is none any more"


@pytest.mark.parametrize("case", CASES)
def test_nothing_that_is_shown_has_a_hole_in_it(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for finding in findings_of(case, monkeypatch):
        for lang in LANGUAGES:
            message = finding.text("message", lang)
            assert message, f"{finding.code} has no message for {dict(finding.values)}"
            for part in ("message", "label", "note", "help"):
                assert not re.search(r"(?<!\$)\{[a-z_]+\}(?!`)", finding.text(part, lang) or ""), (finding.code, part)
