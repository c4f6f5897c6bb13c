"""Lets a comment silence a finding, if it says why: `# dutyflow: ignore[DF401] the customer decides when`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from dutyflow.rulebook.findings import Finding, Findings, Severity
from dutyflow.rulebook.places import Place, Source

_WAIVER = re.compile(r"(?:^|(?<=\s))#\s*dutyflow:\s*ignore\[([^\]]*)\][ \t]*(.*)$")
_ALWAYS_SHOWN = ("DF0", "DF1", "DF2")  # a rulebook with errors of these kinds cannot run


@dataclass(frozen=True, slots=True)
class Waiver:
    """One comment: the codes it names, the reason it gives, where it stands and which line it speaks of."""

    codes: tuple[str, ...]
    reason: str
    place: Place
    line: int


def find_waivers(source: Source) -> Iterator[Waiver]:
    """Every waiver in a file. A comment on a line of its own speaks of the next line that is not a comment."""
    if "dutyflow:" not in source.text:
        return
    for number, line in enumerate(source.lines, start=1):
        found = _WAIVER.search(line)
        if found:
            codes = tuple(code.strip() for code in found[1].split(",") if code.strip())
            place = source.place(number, found.start() + 1, len(line.rstrip()) + 1)
            alone = not line[: found.start()].strip()
            yield Waiver(codes, found[2].strip(), place, _next_line(source, number) if alone else number)


def apply_waivers(findings: Findings) -> None:
    """Drop what is waived, and report waivers without a reason, without use, or for what cannot be silenced.

    Called once, after every check has run: before that no waiver can be known to be without use.
    """
    for source in list(findings.sources.values()):
        for waiver in find_waivers(source):
            _apply(waiver, findings)


def _apply(waiver: Waiver, findings: Findings) -> None:
    if not waiver.reason:
        findings.add("DF019", waiver.place, codes=", ".join(waiver.codes))
        return
    unused = []
    for code in waiver.codes:
        hit = [finding for finding in findings if finding.code == code and _stands_at(finding, waiver)]
        if not hit:
            unused.append(code)
        for finding in hit:
            _silence(finding, waiver, findings)
    if unused or not waiver.codes:
        findings.add("DF020", waiver.place, codes=", ".join(unused) or "-")


def _stands_at(finding: Finding, waiver: Waiver) -> bool:
    return (finding.place.file, finding.place.line) == (waiver.place.file, waiver.line)


def _silence(finding: Finding, waiver: Waiver, findings: Findings) -> None:
    if finding.severity is Severity.ERROR and finding.code.startswith(_ALWAYS_SHOWN):
        findings.add("DF023", waiver.place, codes=finding.code)
    else:
        findings.remove(finding)


def _next_line(source: Source, number: int) -> int:
    for following in range(number + 1, len(source.lines) + 1):
        text = source.line(following).strip()
        if text and not text.startswith("#"):
            return following
    return number
