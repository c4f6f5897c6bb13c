"""Says in people's words which kind of value was expected, which was found, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from dutyflow.rulebook.nodes import Node
from dutyflow.wording import Bilingual, Phrase

_SHOWN_MAX = 60
_WORDS_MAX = 16
_KINDS = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "array": "list",
    "object": "map",
    "null": "nothing",
}
_TRUE = frozenset({"yes", "on", "y", "是"})
_FALSE = frozenset({"no", "off", "n", "否"})


def shorten(text: str) -> str:
    """At most one line of a value, so that a message stays readable."""
    first = text.strip().split("\n", 1)[0]
    return first if len(first) <= _SHOWN_MAX and first == text.strip() else first[: _SHOWN_MAX - 1] + "…"


def allowed_words(words: Sequence[str]) -> str:
    """A list of words for a sentence; the end of a long one is cut off."""
    shown = ", ".join(f"`{word}`" for word in words[:_WORDS_MAX])
    return f"{shown}, …" if len(words) > _WORDS_MAX else shown


def word_for(value: object) -> str:
    """A value of a schema as it is written in YAML."""
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def expected_kinds(types: Iterable[str]) -> Phrase:
    """The JSON Schema types as one phrase: `text or a list`."""
    names = dict.fromkeys(_KINDS.get(name, "text") for name in types)
    if "number" in names:
        names.pop("integer", None)
    phrases = [Phrase.of(f"kind.{name}") for name in names]
    result = phrases[-1]
    for phrase in reversed(phrases[:-1]):
        result = Phrase.of("kind.either", first=phrase, second=result)
    return result


def found_kind(node: Node) -> Phrase:
    """What stands there, with its value if it is a short one."""
    if node.kind != "scalar":
        return Phrase.of(f"kind.{node.kind}")
    if node.value is None:
        return Phrase.of("kind.nothing")
    kind = "boolean" if isinstance(node.value, bool) else "text" if isinstance(node.value, str) else "number"
    return Phrase.of(f"kind.{kind}_value", value=shorten(node.text))


def hint_for(types: Sequence[str], node: Node) -> Phrase | None:
    """What to write instead, where that can be guessed."""
    if node.kind == "list" and len(node.children) == 1 and "array" not in types:
        return Phrase.of("shape.remove_item")
    if node.kind != "scalar":
        return None
    if node.value is None:
        return Phrase.of("shape.give_value")
    word = node.text.strip().casefold()
    if "boolean" in types and isinstance(node.value, str):
        meant = "true" if word in _TRUE | {"true"} else "false" if word in _FALSE | {"false"} else None
        return Phrase.of("shape.write_boolean", value=meant) if meant else None
    if "string" in types and not isinstance(node.value, str):
        return Phrase.of("shape.write_quotes", value=node.text)
    if node.quoted and {"integer", "number"} & set(types) and _is_number(word):
        return Phrase.of("shape.remove_quotes", value=node.text.strip())
    return Phrase.of("shape.write_list", value=shorten(node.text)) if "array" in types else None


def described(schema: Any) -> Bilingual | None:
    """What the schema says about itself: English, an empty line, and the same in Chinese (or `x-dutyflow-zh`)."""
    if not isinstance(schema, Mapping) or not schema.get("description"):
        return None
    english, _, chinese = str(schema["description"]).partition("\n\n")
    return Bilingual(zh=str(schema.get("x-dutyflow-zh", chinese or english)), en=english)


def _is_number(text: str) -> bool:
    try:
        Decimal(text)
    except ArithmeticError:
        return False
    return True
