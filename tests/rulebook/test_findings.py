"""Findings are collected once each, in the order of the files, and can be waived with a reason."""

from __future__ import annotations

import pytest

from dutyflow.rulebook.findings import Findings, Related, Severity, closest
from dutyflow.rulebook.places import Place, Source
from dutyflow.rulebook.waivers import apply_waivers


def at(line: int, column: int = 1, file: str = "a.yaml") -> Place:
    return Place(file, line, column, line, column + 3)


def test_findings_are_sorted_by_file_line_and_column() -> None:
    findings = Findings()
    for place in (at(9, file="b.yaml"), at(10), at(9, 5), at(9, 2)):
        findings.add("DF002", place, key="x")
    assert [str(finding.place) for finding in findings] == ["a.yaml:9:2", "a.yaml:9:5", "a.yaml:10:1", "b.yaml:9:1"]


def test_the_same_finding_is_kept_once() -> None:
    findings = Findings()
    for _ in range(2):
        findings.add("DF002", at(1), key="x", related=[Related(at(2))])
    findings.add("DF002", at(1), key="y")
    assert len(findings) == 2


def test_the_severity_comes_from_the_catalogue() -> None:
    findings = Findings()
    findings.add("DF002", at(1), key="x")
    findings.add("DF010", Place.whole("b.yaml"))
    assert [finding.code for finding in findings.errors] == ["DF002"]
    assert [finding.code for finding in findings.warnings] == ["DF010"]
    assert findings.has_errors and findings.count(Severity.ERROR) == 1


def test_an_undeclared_code_is_refused() -> None:
    with pytest.raises(KeyError):
        Findings().add("DF999", at(1))


def test_values_that_are_none_are_left_out() -> None:
    finding = Findings().add("DF015", at(1), target="../x", suggestion=None)
    assert finding.text("help", "en") == (
        "the path starts at the folder that holds this file, for example `../_shared`"
    )


@pytest.mark.parametrize(
    ("name", "candidates", "expected"),
    [
        ("handlng", ["handling", "hold"], "handling"),
        ("Received", ["received"], "received"),
        ("客服主管员", ["客服主管", "运营经理"], "客服主管"),
        ("受里", ["受理", "调查"], "受理"),
        ("xyz", ["handling", "hold"], None),
        ("x", [], None),
    ],
)
def test_the_nearest_name_is_suggested_in_any_script(name: str, candidates: list[str], expected: str | None) -> None:
    assert closest(name, candidates) == expected


def waived(text: str, *found: tuple[str, int]) -> list[str]:
    findings = Findings()
    findings.add_source(Source.of("a.yaml", text))
    for code, line in found:
        findings.add(code, at(line), key="x", character="：", inner="x")
    apply_waivers(findings)
    return findings.codes()


def test_a_waiver_with_a_reason_silences_its_line() -> None:
    assert waived("a：1  # dutyflow: ignore[DF009] a title\n", ("DF009", 1)) == []


def test_a_waiver_on_its_own_line_speaks_of_the_next_one() -> None:
    assert waived("# dutyflow: ignore[DF009, DF022] titles\n# more\na：1\n", ("DF009", 3), ("DF022", 3)) == []


def test_a_waiver_does_not_reach_other_lines_or_codes() -> None:
    assert waived("a：1  # dutyflow: ignore[DF009] why\nb\n", ("DF009", 2)) == ["DF020", "DF009"]
    assert waived("a：1  # dutyflow: ignore[DF009] why\nb\n", ("DF022", 1)) == ["DF022", "DF020"]


def test_a_waiver_without_a_reason_silences_nothing() -> None:
    assert waived("a：1  # dutyflow: ignore[DF009]\n", ("DF009", 1)) == ["DF009", "DF019"]


def test_an_error_that_stops_the_rulebook_cannot_be_waived() -> None:
    assert waived("a: 1  # dutyflow: ignore[DF002] later\n", ("DF002", 1)) == ["DF002", "DF023"]
