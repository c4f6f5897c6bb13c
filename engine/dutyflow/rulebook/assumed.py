"""Finds the figures that somebody chose because the source is silent (`assumed:`), and what stands beside each."""

from collections.abc import Iterator
from dataclasses import dataclass

from dutyflow.kernel.rules import Title
from dutyflow.rulebook.compile.context import label
from dutyflow.rulebook.folder import RawRulebook
from dutyflow.rulebook.nodes import Node
from dutyflow.rulebook.places import Place

LANGUAGES = frozenset({"zh", "en"})

FIGURES = (
    *("within", "among.within", "due", "after", "at", "is", "give", "warn", "not_under"),
    *("limit", "window", "capacity", "min", "max", "default", "departments"),
)
"""The keys under which a figure stands in plain sight beside its mark; `a.b` is `b` inside `a`."""

FOR_PEOPLE = frozenset({"title", "note", "assumed", "say"})
"""What a figure says to people only."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What stands under a key beside the mark, as one line of text."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Assumed:
    """Something marked `assumed:`: the keys that lead to it, where it stands, and why it was chosen (if said)."""

    path: tuple[str, ...]
    place: Place
    why: Title | None
    title: Title | None = None
    figures: tuple[Figure, ...] = ()


def assumed_in(raw: RawRulebook) -> tuple[Assumed, ...]:
    """Everything marked in a rulebook and in what it extends, in file order."""
    found = [
        one
        for section, declarations in raw.sections.items()
        for declaration in declarations.values()
        for one in _gathered(declaration.node, (section, declaration.id), declaration.key_place)
    ]
    return tuple(sorted(found, key=lambda one: one.place))


def _gathered(node: Node, path: tuple[str, ...], place: Place) -> Iterator[Assumed]:
    mark = node.get("assumed")
    if mark is not None and mark.value is not False and _is_label(mark):  # not a field of that name
        title = node.get("title")
        yield Assumed(
            path,
            place,
            why=None if mark.value is True else label(mark),
            title=label(title) if title is not None and _is_label(title) else None,
            figures=tuple(_figures(node)),
        )
    for key, key_place, child in node.items():
        yield from _gathered(child, (*path, key), key_place)
    for child in node.children:
        yield from _gathered(child, path, child.place)


def _is_label(node: Node) -> bool:
    return set(node.keys()) <= LANGUAGES


def _figures(node: Node) -> Iterator[Figure]:
    for key in FIGURES:
        found: Node | None = node
        for step in key.split("."):
            found = found.get(step) if found is not None else None
        text = _text(found) if found is not None else ""
        if text:
            yield Figure(key, text)


def _text(node: Node) -> str:
    """A figure as one line, close to how it is written; words for people left out."""
    if node.is_list:
        return "; ".join(filter(None, map(_text, node.children)))
    if not node.is_map:
        return " ".join(node.text.split())
    rule = node.get("rule")
    if rule is not None:
        return _text(rule)
    return ", ".join(f"{key}: {_text(child)}" for key, _, child in node.items() if key not in FOR_PEOPLE)
