"""Shows findings: as text with excerpts and carets, one line each, JSON, SARIF, or as annotations of GitHub."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from dutyflow.rulebook.findings import Finding, Findings, Severity
from dutyflow.rulebook.places import Place
from dutyflow.wording import finding_text, say
from dutyflow_cli.render.excerpt import clean, cut

SCHEMA_VERSION = 1
_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.INFO: "bold cyan"}

Paint = Callable[[str, str], str]
"""Gives a text a style; the plain one gives the text back."""


def render(findings: Findings, form: str, lang: str, *, colour: bool = False) -> str:
    """All findings in one of `FORMATS`. KeyError for another form. No line break at the end."""
    if form == "text":
        return render_text(findings, lang, colour=colour)
    return _RENDERERS[form](findings, lang)


def render_text(findings: Findings, lang: str, *, colour: bool = False) -> str:
    """Like a good compiler: each finding with its lines, carets, and what to do; a summary at the end."""
    paint = _colours() if colour else _plain
    blocks = [_block(finding, findings, lang, paint) for finding in findings]
    return "\n\n".join([*blocks, summary(findings, lang)])


def render_concise(findings: Findings, lang: str) -> str:
    """One line for each finding, as editors and grep like it."""
    lines = []
    for finding in findings:
        hint = _part(finding, "help", lang)
        head = f"{_where(finding.place)}: {_severity(finding, lang)}[{finding.code}] {_message(finding, lang)}"
        lines.append(f"{head} ({hint})" if hint else head)
    return "\n".join([*lines, summary(findings, lang)])


def render_json(findings: Findings, lang: str) -> str:
    """One document with everything; codes and keys are the same in every language."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "findings": [_as_json(finding, lang) for finding in findings],
        "summary": {
            "errors": findings.count(Severity.ERROR),
            "warnings": findings.count(Severity.WARNING),
            "infos": findings.count(Severity.INFO),
            "files": len({finding.place.file for finding in findings}),
        },
    }
    return _dump(document)


def render_sarif(findings: Findings, lang: str) -> str:
    """SARIF 2.1.0, for code scanning and review tools."""
    codes = sorted({finding.code for finding in findings})
    rules = [_sarif_rule(code, lang) for code in codes]
    results = [_sarif_result(finding, codes.index(finding.code), lang) for finding in findings]
    run = {
        "tool": {"driver": {"name": "dutyflow", "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return _dump({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]})


def render_github(findings: Findings, lang: str) -> str:
    """Workflow commands that GitHub shows beside the changed lines."""
    return "\n".join(_github_line(finding, lang) for finding in findings)


def summary(findings: Findings, lang: str) -> str:
    """`Found 7 errors and 2 warnings in 1 file`."""
    counts = [
        _count(severity.value, findings.count(severity), lang) for severity in Severity if findings.count(severity)
    ]
    if not counts:
        return say("report.found_nothing", lang)
    text = counts[0]
    for count in counts[1:]:
        text = say("report.and_two", lang, first=text, second=count)
    files = _count("file", len({finding.place.file for finding in findings}), lang)
    return say("report.found", lang, counts=text, files=files)


_RENDERERS: Mapping[str, Callable[[Findings, str], str]] = {
    "concise": render_concise,
    "json": render_json,
    "sarif": render_sarif,
    "github": render_github,
}
FORMATS: tuple[str, ...] = ("text", *_RENDERERS)


def _plain(text: str, style: str) -> str:
    return text


def _colours() -> Paint:
    """Rich is only loaded when there is a colour to show."""
    from rich.color import ColorSystem
    from rich.style import Style

    return lambda text, style: Style.parse(style).render(text, color_system=ColorSystem.STANDARD)


def _block(finding: Finding, findings: Findings, lang: str, paint: Paint) -> str:
    style = _STYLES[finding.severity]
    head = paint(f"{_severity(finding, lang)}[{finding.code}]", style) + ": " + _message(finding, lang)
    places = [finding.place, *(related.place for related in finding.related)]
    margin = max(len(str(place.line)) for place in places)
    lines = [head, *_excerpt(finding.place, _part(finding, "label", lang), findings, margin, style, paint)]
    for related in finding.related:
        label = _part(finding, related.text_key, lang)
        lines += _excerpt(related.place, label, findings, margin, "bold blue", paint)
    lines += _advice(finding, lang, margin, paint)
    return "\n".join(lines)


def _excerpt(place: Place, label: str | None, findings: Findings, margin: int, style: str, paint: Paint) -> list[str]:
    pad = " " * margin
    lines = [f"{pad}{paint('-->', 'blue')} {_where(place)}"]
    source = findings.sources.get(place.file)
    if place.is_whole_file or source is None:
        return lines
    excerpt = cut(source, place)
    bar = paint("|", "blue")
    carets = paint("^" * excerpt.width + (f" {label}" if label else ""), style)
    number = paint(str(place.line).rjust(margin), "blue")
    return [
        *lines,
        f"{pad} {bar}",
        f"{number} {bar} {excerpt.text}".rstrip(),
        f"{pad} {bar} {' ' * excerpt.indent}{carets}",
    ]


def _advice(finding: Finding, lang: str, margin: int, paint: Paint) -> list[str]:
    said = [(name, _part(finding, name, lang)) for name in ("note", "help")]
    said.append(("docs", f"dutyflow explain {finding.code}"))
    sign = " " * margin + " " + paint("=", "blue")
    return [f"{sign} {say(f'report.{name}', lang)}: {text}" for name, text in said if text]


def _as_json(finding: Finding, lang: str) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "title": _part(finding, "title", lang),
        "message": _message(finding, lang),
        "label": _part(finding, "label", lang),
        "note": _part(finding, "note", lang),
        "help": _part(finding, "help", lang),
        **_json_place(finding.place),
        "related": [
            {"message": _part(finding, related.text_key, lang), **_json_place(related.place)}
            for related in finding.related
        ],
    }


def _json_place(place: Place) -> dict[str, Any]:
    """Line and column are null when the finding is about a whole file or folder."""
    numbers = {
        "line": place.line,
        "column": place.column,
        "end_line": place.end_line,
        "end_column": place.end_column,
    }
    return {"file": place.file, **(dict.fromkeys(numbers) if place.is_whole_file else numbers)}


def _sarif_rule(code: str, lang: str) -> dict[str, Any]:
    return {
        "id": code,
        "shortDescription": {"text": finding_text(code, "title", lang) or code},
        "fullDescription": {"text": (finding_text(code, "why", lang) or code).strip()},
    }


def _sarif_result(finding: Finding, rule: int, lang: str) -> dict[str, Any]:
    hint = _part(finding, "help", lang)
    message = _message(finding, lang)
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": "note" if finding.severity is Severity.INFO else finding.severity.value,
        "message": {"text": f"{message}\n{hint}" if hint else message},
        "locations": [{"physicalLocation": _sarif_place(finding.place)}],
    }
    if finding.related:
        result["relatedLocations"] = [
            {
                "physicalLocation": _sarif_place(related.place),
                "message": {"text": _part(finding, related.text_key, lang) or ""},
            }
            for related in finding.related
        ]
    return result


def _sarif_place(place: Place) -> dict[str, Any]:
    uri = quote(place.file.replace("\\", "/").encode("utf-8", errors="surrogateescape"))
    location: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if not place.is_whole_file:
        location["region"] = {
            "startLine": place.line,
            "startColumn": place.column,
            "endLine": place.end_line,
            "endColumn": place.end_column,
        }
    return location


def _github_line(finding: Finding, lang: str) -> str:
    place = finding.place
    command = "notice" if finding.severity is Severity.INFO else finding.severity.value
    properties: dict[str, object] = {"file": place.file}
    if not place.is_whole_file:
        properties |= {"line": place.line, "col": place.column}
        properties |= {"endLine": place.end_line, "endColumn": place.end_column}
    properties["title"] = finding.code
    written = ",".join(f"{name}={_escape(str(value), ',:')}" for name, value in properties.items())
    hint = _part(finding, "help", lang)
    message = _message(finding, lang) + (f"\n{hint}" if hint else "")
    return f"::{command} {written}::{_escape(message, '')}"


def _escape(text: str, also: str) -> str:
    """GitHub reads percent-encoded line ends in a message, and commas and colons in a property."""
    for character in "%\r\n" + also:
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def _message(finding: Finding, lang: str) -> str:
    return _part(finding, "message", lang) or _part(finding, "title", lang) or finding.code


def _part(finding: Finding, part: str, lang: str) -> str | None:
    text = finding.text(part, lang)
    return None if text is None else clean(text)


def _severity(finding: Finding, lang: str) -> str:
    return say(f"report.{finding.severity.value}", lang)


def _where(place: Place) -> str:
    return clean(str(place))


def _count(noun: str, count: int, lang: str) -> str:
    return say(f"report.{noun}_one" if count == 1 else f"report.{noun}_many", lang, count=count)


def _dump(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)
