"""The tree that a YAML file becomes: values that remember where they were written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Literal

from dutyflow.rulebook.places import Place

Kind = Literal["map", "list", "scalar"]
Scalar = str | int | bool | Decimal | None
Span = tuple[int, int, int, int]
"""line, column, end line, end column: 1-based, the end exclusive."""

_UNSET = object()


class Node:
    """One value of a rulebook file. Made by the reader, then never changed.

    A plain class with slots rather than a dataclass: a large file has ten thousand of them,
    and a `Place` is only built for the few that somebody asks about.
    """

    __slots__ = ("_plain", "children", "entries", "file", "height", "kind", "quoted", "size", "span", "text", "value")

    def __init__(
        self, kind: Kind, file: str, span: Span, *, value: Scalar = None, text: str = "", quoted: bool = False
    ) -> None:
        self.kind = kind
        self.file = file
        self.span = span
        self.value = value
        self.text = text
        self.quoted = quoted
        self.entries: dict[str, tuple[Span, Node]] = {}
        self.children: list[Node] = []
        self.size = 1  # nodes below and including this one, aliases expanded
        self.height = 1  # levels below and including this one
        self._plain: object = _UNSET

    @property
    def place(self) -> Place:
        return Place(self.file, *self.span)

    @property
    def is_map(self) -> bool:
        return self.kind == "map"

    @property
    def is_list(self) -> bool:
        return self.kind == "list"

    @property
    def is_scalar(self) -> bool:
        return self.kind == "scalar"

    def get(self, key: str) -> Node | None:
        """The value under a key of a mapping; None if absent or if this is no mapping."""
        entry = self.entries.get(key)
        return None if entry is None else entry[1]

    def keys(self) -> Iterable[str]:
        return self.entries.keys()

    def items(self) -> Iterable[tuple[str, Place, Node]]:
        """Key, place of the key and value, in file order; nothing for scalars and lists."""
        for key, (span, node) in self.entries.items():
            yield key, Place(node.file, *span), node

    def key_place(self, key: str) -> Place:
        """Where a key of this mapping is written. KeyError if it is not there."""
        span, node = self.entries[key]
        return Place(node.file, *span)

    def at(self, path: Sequence[str | int]) -> Node:
        """The node at the end of a path of keys and list indexes. KeyError or IndexError if it leads nowhere."""
        node = self
        for step in path:
            node = node.children[step] if isinstance(step, int) and node.kind == "list" else node.entries[str(step)][1]
        return node

    def place_of(self, path: Sequence[str | int]) -> Place:
        """What to point at for a path: the key of a mapping or list value, else the value itself."""
        node = self.at(path)
        if path and node.kind != "scalar":
            parent = self.at(path[:-1])
            if parent.kind == "map":
                return parent.key_place(str(path[-1]))
        return node.place

    def plain(self) -> object:
        """The same value as plain dict, list, str, int, bool, Decimal or None; built once, not to be changed."""
        if self._plain is _UNSET:
            self._plain = self._build_plain()
        return self._plain

    def _build_plain(self) -> object:
        if self.kind == "map":
            return {key: node.plain() for key, (_, node) in self.entries.items()}
        if self.kind == "list":
            return [node.plain() for node in self.children]
        return self.value

    def __repr__(self) -> str:
        return f"<{self.kind} at {self.place}>"


def laid_over(base: Node, over: Node) -> Node:
    """A declaration that varies another: mappings merge deeply, lists and values replace, an empty value deletes.

    Every part keeps the place where it was written, so that a finding shows whichever file is to blame.
    """
    merged = Node("map", over.file, over.span)
    merged.entries = dict(base.entries)
    for key, (span, value) in over.entries.items():
        known = base.entries.get(key)
        if value.is_scalar and value.value is None:
            merged.entries.pop(key, None)
        elif known is not None and value.is_map and known[1].is_map:
            merged.entries[key] = (span, laid_over(known[1], value))
        else:
            merged.entries[key] = (span, value)
    return merged
