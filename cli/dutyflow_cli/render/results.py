"""Shows how scenarios went: as text for people, as JSON, and as JUnit XML for continuous integration."""

from __future__ import annotations

import json
from enum import Enum
from itertools import groupby
from typing import Any
from xml.etree import ElementTree

from rich.text import Text

from dutyflow.lab.coverage import KINDS, CoverageItem
from dutyflow.lab.expectations import Mismatch, show_value
from dutyflow.lab.trial import ScenarioResult
from dutyflow.rulebook.findings import Severity
from dutyflow.rulebook.load import Loaded
from dutyflow.rulebook.places import Place
from dutyflow.telling.moments import show_span
from dutyflow.wording import say
from dutyflow_cli.render.excerpt import cells
from dutyflow_cli.render.findings import render
from dutyflow_cli.render.tables import draw, indented, width
from dutyflow_cli.settings import Settings
from dutyflow_cli.trials import Trial, Trials

SCHEMA_VERSION = 1
_PLURALS = {"state": "states", "event": "events", "branch": "branches", "clock": "clocks"}
_CLOCK_ENDS = ("met", "breached", "warned")
_LISTED_MAX = 5
_COLUMN_OF_SPAN = 52


class Coverage(Enum):
    """How much to tell about what the scenarios have been through."""

    NONE = "none"
    COUNTS = "counts"
    ALL = "all"


def as_text(trials: Trials, settings: Settings, coverage: Coverage) -> str:
    """Like a unit-test runner: a line for each scenario, differences below it, totals and coverage at the end."""
    lines: list[Any] = []
    for trial in trials.trials:
        for file, results in groupby(trial.results, key=lambda result: result.scenario.place.file):
            lines.append(Text(file, style="bold"))
            for result in results:
                lines += _result(result, trial, settings.lang)
    total = len(trials.results)
    passed = say("cli_test.passed", settings.lang, count=total - trials.failed)
    failed = say("cli_test.failed", settings.lang, count=trials.failed)
    style = "bold red" if trials.failed or trials.findings.has_errors else "bold green"
    lines.append(Text(say("cli_test.total", settings.lang, total=total, passed=passed, failed=failed), style=style))
    if coverage is not Coverage.NONE:
        lines += _coverage(trials, settings.lang, details=coverage is Coverage.ALL)
    return draw(lines, settings)


def as_json(trials: Trials, lang: str) -> str:
    """One document: counts, each scenario with its differences, coverage, and the findings of broken scenarios."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "passed": len(trials.results) - trials.failed,
        "failed": trials.failed,
        "errors": trials.findings.count(Severity.ERROR),
        "scenarios": [_json_result(result, trial, lang) for trial in trials.trials for result in trial.results],
        "findings": [
            finding
            for finding in json.loads(render(trials.findings, "json", lang))["findings"]
            if finding["severity"] == Severity.ERROR
        ],
        "coverage": _json_coverage(trials),
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def as_junit(trials: Trials, lang: str) -> str:
    """JUnit XML: a suite for each rulebook, a case for each scenario."""
    errors = trials.findings.errors
    counts = {"tests": len(trials.results) + len(errors), "failures": trials.failed, "errors": len(errors)}
    root = ElementTree.Element("testsuites", {name: str(count) for name, count in counts.items()})
    for trial in trials.trials:
        suite = ElementTree.SubElement(root, "testsuite", _suite(trial))
        for result in trial.results:
            _junit_case(suite, result, trial, lang)
    if errors:
        suite = ElementTree.SubElement(
            root, "testsuite", name="rulebooks", tests=str(len(errors)), failures="0", errors=str(len(errors))
        )
        for finding in errors:
            case = ElementTree.SubElement(suite, "testcase", classname=finding.place.file, name=finding.code)
            message = finding.text("message", lang) or finding.code
            ElementTree.SubElement(case, "error", message=_xml(message)).text = str(finding.place)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode")


def place_of(source: str, loaded: Loaded) -> Place:
    """The place that the `source` of a rule stands for."""
    return loaded.places.get(source) or Place.whole(source or loaded.path.as_posix())


def _result(result: ScenarioResult, trial: Trial, lang: str) -> list[Any]:
    scenario = result.scenario
    title = scenario.title.get(lang) or next(iter(scenario.title.values()), "")
    name = scenario.id if title in ("", scenario.id) else f"{scenario.id}  {title}"
    mark = ("✓ ", "green") if result.passed else ("✗ ", "bold red")
    head = Text.assemble(mark, name, " " * max(2, _COLUMN_OF_SPAN - cells(name)))
    if result.passed:
        head += Text(say("cli_test.simulated", lang, span=show_span(result.simulated)), style="dim")
        return [indented(head, 2)]
    place = str(scenario.place)
    fits = head.cell_len + cells(place) + 2 <= width()  # else the places of the differences must do
    lines: list[Any] = [indented(head + Text(place if fits else "", style="dim"), 2)]
    for mismatch in result.mismatches:
        first, *others = mismatch.lines(trial.loaded.require_rules(), lang)
        lines.append(indented(Text(first, style="yellow"), 6))
        lines += [indented(line, 6) for line in others]
        lines.append(indented(Text(f"  --> {mismatch.place}", style="dim"), 6))
    return lines


def _coverage(trials: Trials, lang: str, *, details: bool) -> list[Any]:
    if not trials.results:
        return []
    counts = [
        say(f"cli_test.{_PLURALS[kind]}", lang, passed=passed, total=total)
        for kind in KINDS
        for passed, total in [trials.count(kind)]
    ]
    comma = say("cli_check.comma", lang)
    line = say("cli_test.coverage", lang, percent=trials.percent, counts=comma.join(counts))
    missing = trials.missing()
    if details and missing:
        listed = [indented(f"{_item(item, lang)}  {place_of(item.source, loaded)}", 2) for loaded, item in missing]
        return [Text(line), Text(say("cli_test.not_covered", lang)), *listed]
    if missing:
        names = comma.join(_item(item, lang) for _, item in missing[:_LISTED_MAX])
        more = say("cli_test.more", lang, count=len(missing) - _LISTED_MAX) if len(missing) > _LISTED_MAX else ""
        line += "\n" + say("cli_test.not_covered", lang) + names + more
    return [Text(line)]


def _item(item: CoverageItem, lang: str) -> str:
    kind = say(f"cli_test.kind_{item.kind}", lang)
    detail = say(f"cli_test.{item.detail}", lang) if item.detail in _CLOCK_ENDS else item.detail
    return f"{kind} {item.workflow}.{item.name}" + (f" {detail}" if detail else "")


def _json_result(result: ScenarioResult, trial: Trial, lang: str) -> dict[str, Any]:
    scenario = result.scenario
    return {
        "rulebook": trial.loaded.name,
        "id": scenario.id,
        "title": dict(scenario.title),
        "workflow": scenario.workflow,
        "covers": list(scenario.covers),
        **_json_place(scenario.place),
        "passed": result.passed,
        "simulated_seconds": int(result.simulated.total_seconds()),
        "mismatches": [_json_mismatch(mismatch, trial, lang) for mismatch in result.mismatches],
    }


def _json_mismatch(mismatch: Mismatch, trial: Trial, lang: str) -> dict[str, Any]:
    rules = trial.loaded.require_rules()
    return {
        "what": mismatch.what.key.removeprefix("compare."),
        "message": mismatch.what.text(lang),
        "at": mismatch.at.isoformat() if mismatch.at else None,
        "ticket": mismatch.ticket or None,
        "expected": show_value(mismatch.expected, rules, lang),
        "got": show_value(mismatch.got, rules, lang),
        "why": mismatch.why.text(lang) if mismatch.why else None,
        **_json_place(mismatch.place),
    }


def _json_coverage(trials: Trials) -> dict[str, Any]:
    counts = {kind: trials.count(kind) for kind in KINDS}
    return {
        "percent": trials.percent,
        **{_PLURALS[kind]: {"passed": passed, "total": total} for kind, (passed, total) in counts.items()},
        "missing": [
            {
                "rulebook": loaded.name,
                "workflow": item.workflow,
                "kind": item.kind,
                "name": item.name,
                "detail": item.detail or None,
                **_json_place(place_of(item.source, loaded)),
            }
            for loaded, item in trials.missing()
        ],
    }


def _json_place(place: Place) -> dict[str, Any]:
    if place.is_whole_file:
        return {"file": place.file, "line": None, "column": None}
    return {"file": place.file, "line": place.line, "column": place.column}


def _suite(trial: Trial) -> dict[str, str]:
    failed = sum(not result.passed for result in trial.results)
    counts = {"tests": len(trial.results), "failures": failed, "errors": 0}
    return {"name": trial.loaded.name, **{name: str(count) for name, count in counts.items()}}


def _junit_case(suite: ElementTree.Element, result: ScenarioResult, trial: Trial, lang: str) -> None:
    scenario = result.scenario
    title = scenario.title.get(lang, "")
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=trial.loaded.name,
        name=_xml(f"{scenario.id} {title}".strip()),
        file=scenario.place.file,
        line=str(scenario.place.line),
    )
    if result.passed:
        return
    rules = trial.loaded.require_rules()
    told = [[*mismatch.lines(rules, lang), f"  --> {mismatch.place}"] for mismatch in result.mismatches]
    failure = ElementTree.SubElement(case, "failure", message=_xml(told[0][0]))
    failure.text = _xml("\n".join(line for lines in told for line in lines))


def _xml(text: str) -> str:
    """Text without the characters that XML cannot hold."""
    return "".join(c if c in "\t\n" or " " <= c <= "\ud7ff" or c >= "\ue000" else "\ufffd" for c in text)
