"""What is wrong with a rulebook: findings with a code and a place, and the collector that all checks add to."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from dutyflow.rulebook.places import Place, Source
from dutyflow.wording import Bilingual, Phrase, Value, finding_severity, finding_text


class Severity(StrEnum):
    """How bad: an error stops the rulebook from being used, a warning does not, an info only tells."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Related:
    """A second place that belongs to a finding, and which part of its wording says why."""

    place: Place
    text_key: str = "related"


@dataclass(frozen=True, slots=True)
class Finding:
    """One message about a rulebook. Its sentences come from the wording tables, by code and language."""

    code: str
    place: Place
    values: tuple[tuple[str, Value], ...]
    severity: Severity
    related: tuple[Related, ...] = ()

    def text(self, part: str, lang: str) -> str | None:
        """One part of the wording (`message`, `label`, `help`, `note`, `title`), or None if it has nothing to say."""
        return finding_text(self.code, part, lang, dict(self.values))

    @property
    def sort_key(self) -> tuple[Place, str]:
        return (self.place, self.code)


class Findings:
    """Collects findings of one run, without doubles, and the sources that are needed to show them."""

    def __init__(self) -> None:
        self._found: dict[Finding, None] = {}
        self.sources: dict[str, Source] = {}

    def add(self, code: str, place: Place, /, *, related: Iterable[Related] = (), **values: object) -> Finding:
        """Report a finding. Values fill the placeholders of its wording; a None is left out.

        KeyError for a code that the wording tables do not declare.
        """
        kept = tuple((name, _value(value)) for name, value in values.items() if value is not None)
        finding = Finding(code, place, kept, Severity(finding_severity(code)), tuple(related))
        self._found[finding] = None
        return finding

    def add_source(self, source: Source) -> None:
        self.sources[source.path] = source

    def remove(self, finding: Finding) -> None:
        self._found.pop(finding, None)

    def extend(self, other: Findings) -> None:
        """Take over everything that another collector holds."""
        self._found.update(other._found)
        self.sources.update(other.sources)

    def sorted(self) -> list[Finding]:
        """By file, line, column and code."""
        return sorted(self._found, key=lambda finding: finding.sort_key)

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.sorted() if finding.severity is Severity.ERROR]

    @property
    def warnings(self) -> list[Finding]:
        return [finding for finding in self.sorted() if finding.severity is Severity.WARNING]

    @property
    def has_errors(self) -> bool:
        return any(finding.severity is Severity.ERROR for finding in self._found)

    def count(self, severity: Severity) -> int:
        return sum(finding.severity is severity for finding in self._found)

    def codes(self) -> list[str]:
        """The codes in the order in which they are shown; handy in tests."""
        return [finding.code for finding in self.sorted()]

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.sorted())

    def __len__(self) -> int:
        return len(self._found)


def _value(value: object) -> Value:
    return value if isinstance(value, str | Phrase | Bilingual) else str(value)


def closest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate that was probably meant, or None if nothing is near.

    A slip in a short name (two Chinese characters, one of them wrong) has a low ratio, so that short
    names get a lower bar than long ones; letter case does not count.
    """
    folded: Mapping[str, str] = {candidate.casefold(): candidate for candidate in candidates}
    cutoff = 0.5 if len(name) <= _SHORT_NAME else 0.6
    near = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=cutoff)
    return folded[near[0]] if near else None


_SHORT_NAME = 4
