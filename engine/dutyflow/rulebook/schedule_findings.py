"""Turns a recurrence that cannot be read, or that never comes up, into a finding that points at the line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dutyflow.kernel.schedules import ScheduleError
from dutyflow.rulebook.findings import Finding, Findings
from dutyflow.rulebook.nodes import Node
from dutyflow.rulebook.places import Place
from dutyflow.wording import Phrase

SHAPE_CODES: Mapping[str, str] = {
    "unknown_key": "DF101",
    "missing_key": "DF102",
    "not_a_mapping": "DF103",
    "not_a_list": "DF103",
    "unknown_weekday": "DF512",
    "bad_date": "DF517",
    "reversed_range": "DF519",
}
"""The codes of a `ScheduleError` that any mapping or calendar can have too; the schema finds most of them first."""

EXPLAINED = frozenset(
    {
        "unknown_form",
        "several_forms",
        "unknown_word",
        "bad_number",
        "bad_step",
        "bad_range",
        "date_twice",
        "bad_rrule",
        "rrule_too_often",
        "rrule_part",
        "needs_from",
        "never_fires",
    }
)
"""The codes that are about recurrence alone: DF268 with a sentence under `schedule` in `messages.*.toml`."""

_ABOUT_THE_KEY = frozenset({"unknown_key", "several_forms"})
_EXPECTED = {"not_a_mapping": "kind.map", "not_a_list": "kind.list"}


def report_schedule(error: ScheduleError, node: Node, findings: Findings) -> Finding:
    """Report what is wrong with the recurrence that stands under `on:` (`node`)."""
    values = {name: _shown(value) for name, value in error.values.items()}
    place = _place(node, error)
    if error.code not in SHAPE_CODES:
        problem = Phrase.of(f"schedule.{_sentence(error, node)}", **values)
        chosen = {name: values[name] for name in ("suggestion", "allowed") if name in values}
        return findings.add("DF268", place, related=(), problem=problem, **chosen)
    if error.code == "unknown_key":
        values["key"] = values.pop("found")
    if error.code in _EXPECTED:
        values["expected"] = Phrase.of(_EXPECTED[error.code])
    return findings.add(SHAPE_CODES[error.code], place, related=(), **values)


def _sentence(error: ScheduleError, node: Node) -> str:
    """The code; a recurrence that names no dates of its own was tried on a year that nobody wrote."""
    dated = node.get("between") is not None or node.get("from") is not None
    return "never_in_a_year" if error.code == "never_fires" and not dated else error.code


def _place(node: Node, error: ScheduleError) -> Place:
    """The deepest part of `on:` that the error's path leads to; its key where the key is to blame."""
    parent = node
    for step in error.path:
        if isinstance(step, int):
            child = node.children[step] if node.is_list and step < len(node.children) else None
        else:
            child = node.get(step)
        if child is None:
            break
        parent, node = node, child
    if error.code in _ABOUT_THE_KEY and node is not parent:
        return parent.key_place(str(error.path[-1]))
    return node.place


def _shown(value: object) -> object:
    """A value as a message shows it: lists of allowed words with their signs."""
    if isinstance(value, Mapping):
        return Phrase.of("kind.map")
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(f"`{item}`" for item in value)
    return value
