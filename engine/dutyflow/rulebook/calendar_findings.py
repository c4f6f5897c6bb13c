"""Turns what is wrong with a calendar or quiet hours into findings that point at the line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dutyflow.kernel.calendar_spec import CalendarError
from dutyflow.rulebook.findings import Finding, Findings
from dutyflow.rulebook.nodes import Node
from dutyflow.rulebook.places import Place
from dutyflow.wording import Phrase

CALENDAR_CODES: Mapping[str, str] = {
    "unknown_key": "DF101",
    "missing_key": "DF102",
    "not_a_mapping": "DF103",
    "not_a_list": "DF103",
    "unknown_zone": "DF510",
    "weekday_twice": "DF511",
    "unknown_weekday": "DF512",
    "bad_period": "DF513",
    "zero_length_period": "DF514",
    "overlapping_periods": "DF515",
    "no_hours": "DF516",
    "bad_date": "DF517",
    "date_twice": "DF518",
    "reversed_range": "DF519",
    "range_too_long": "DF520",
    "never_opens": "DF521",
    "bad_duration": "DF522",
}
"""The code of a finding for each code of a `CalendarError`; what any mapping can lack has the code of its shape."""

_SHANGHAI = "Asia/Shanghai"
_ZONES_MEANT = dict.fromkeys(
    ("asia/beijing", "beijing", "china", "北京", "北京时间", "utc+8", "gmt+8", "+08:00"), _SHANGHAI
)
"""What people write for the zone of China, which has no city of that name in the database."""
_EXPECTED = {"not_a_mapping": "kind.map", "not_a_list": "kind.list"}
_ABOUT_THE_KEY = frozenset({"weekday_twice", "date_twice", "never_opens"})


def report_calendar(problem: CalendarError, node: Node, findings: Findings) -> Finding:
    """Report one problem of the calendar (or quiet hours) that `node` declares, at the place that its path names."""
    values = {name: _shown(value) for name, value in problem.values.items() if value is not None}
    if problem.code == "unknown_zone":
        values["suggestion"] = _ZONES_MEANT.get(str(values.get("found")).casefold(), values.get("suggestion"))
    if problem.code == "unknown_key":
        values["key"] = values.pop("found")
    if problem.code in _EXPECTED:
        values["expected"] = Phrase.of(_EXPECTED[problem.code])
    return findings.add(CALENDAR_CODES[problem.code], _place(problem, node), related=(), **values)


def _place(problem: CalendarError, node: Node) -> Place:
    """The entry at the end of the path; its key where the key is to blame; as near as the path can be followed."""
    parent, target, key = node, node, ""
    for step in problem.path:
        inner = _step(target, step)
        if inner is None:
            break
        parent, target, key = target, inner, str(step)
    if parent.is_map and key and (problem.code in _ABOUT_THE_KEY or str(problem.values.get("found")) == key):
        return parent.key_place(key)
    return target.place


def _step(node: Node, step: str | int) -> Node | None:
    """One step into a mapping or list; a single text may stand where a list is read, so that there is no step."""
    if isinstance(step, int):
        return node.children[step] if node.is_list and step < len(node.children) else None
    return node.get(step)


def _shown(value: object) -> object:
    """A value as a message shows it: lists of allowed words with their signs."""
    if isinstance(value, Mapping):
        return Phrase.of("kind.map")
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(f"`{item}`" for item in value)
    return value
