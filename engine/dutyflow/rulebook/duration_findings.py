"""Turns a duration that cannot be read into a finding that says what is wrong with it and what was probably meant."""

from __future__ import annotations

from dutyflow.kernel.durations import DurationError
from dutyflow.rulebook.findings import Finding, Findings
from dutyflow.rulebook.places import Place
from dutyflow.wording import Phrase

# `not_a_duration` says nothing that the message does not say already.
EXPLAINED = frozenset(
    {
        "unknown_key",
        "missing_for",
        "given_twice",
        "mixed_units",
        "month_or_minute",
        "not_positive",
        "missing_unit",
        "bad_suffix",
        "unknown_unit",
        "too_long",
        "option_without_meaning",
        "bad_option",
        "not_text",
    }
)
"""The codes of a `DurationError` that have a sentence of their own, under `duration` in `messages.*.toml`."""


def report_duration(error: DurationError, place: Place, findings: Findings, written: str | None = None) -> Finding:
    """Report DF110 at `place`; `written` is the text as the person wrote it, where the error does not hold it."""
    found = written or error.values.get("found") or error.values.get("option") or ""
    problem = Phrase.of(f"duration.{error.code}", **error.values) if error.code in EXPLAINED else None
    return findings.add("DF110", place, value=found, problem=problem, suggestion=error.suggestion)
