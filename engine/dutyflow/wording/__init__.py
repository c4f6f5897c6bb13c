"""Every sentence that people read, in Chinese and English, looked up by code or key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

Lang = Literal["zh", "en"]
LANGUAGES: tuple[Lang, ...] = ("en", "zh")

_FOLDER = Path(__file__).parent
_PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A value that is itself a sentence of `messages.*.toml`, put into words in the reader's language."""

    key: str
    values: tuple[tuple[str, Value], ...] = ()

    @classmethod
    def of(cls, key: str, /, **values: object) -> Phrase:
        """A phrase with its own values; whatever is neither text nor a phrase is turned into text."""
        return cls(key, tuple((n, v if isinstance(v, str | Phrase | Bilingual) else str(v)) for n, v in values.items()))

    def text(self, lang: str) -> str:
        return _fill(_message(self.key, lang), dict(self.values), lang)


@dataclass(frozen=True, slots=True)
class Bilingual:
    """A value that its author wrote in both languages, such as a title or a schema's description."""

    zh: str
    en: str

    def text(self, lang: str) -> str:
        return self.zh if lang == "zh" else self.en


Value = str | Phrase | Bilingual


@cache
def _table(name: str, lang: str) -> dict[str, Any]:
    """One TOML file of this folder, read when first needed."""
    return tomllib.loads((_FOLDER / f"{name}.{lang}.toml").read_text(encoding="utf-8"))


def finding_codes() -> tuple[str, ...]:
    """Every code that a finding may have, sorted."""
    return tuple(sorted(_table("findings", "en")))


def finding_severity(code: str) -> str:
    """`error`, `warning` or `info`. KeyError for an unknown code."""
    return cast(str, _table("findings", "en")[code]["severity"])


def finding_text(code: str, part: str, lang: str, values: Mapping[str, Value] | None = None) -> str | None:
    """One part of a finding's wording, filled in; None if the part is absent or lacks a value for each variant.

    A part may be a list of variants: the first whose placeholders all have a value is taken. The pages of `explain`
    (`why`, `wrong`, `right`) are asked for without values and come back as they are written.
    """
    written = _table("findings", lang)[code].get(part)
    if written is None or values is None:
        return cast("str | None", written)
    for variant in [written] if isinstance(written, str) else written:
        if placeholders(variant) <= values.keys():
            return _fill(variant, values, lang)
    return None


def say(key: str, lang: str, /, **values: object) -> str:
    """A sentence of `messages.*.toml` by its dotted key, filled in. KeyError for an unknown key."""
    return Phrase.of(key, **values).text(lang)


def message_keys(lang: str) -> tuple[str, ...]:
    """Every dotted key of the general sentences of one language, sorted."""
    return tuple(sorted(_dotted("", _table("messages", lang))))


def message_template(key: str, lang: str) -> str:
    """A sentence as it is written in its table, placeholders and all."""
    return _message(key, lang)


def placeholders(template: str) -> set[str]:
    """The names in braces that a sentence needs."""
    return set(_PLACEHOLDER.findall(template))


def choose_language(option: str | None, env: Mapping[str, str]) -> Lang:
    """The language for this run: option, then `DUTYFLOW_LANG`, then the locale; English when nothing says otherwise."""
    wishes = (option, env.get("DUTYFLOW_LANG"), env.get("LC_ALL"), env.get("LC_MESSAGES"), env.get("LANG"))
    for wish in wishes:
        if wish:
            return "zh" if wish.lower().replace("_", "-").split(".")[0].split("-")[0] in {"zh", "chinese"} else "en"
    return "en"


def _message(key: str, lang: str) -> str:
    found: Any = _table("messages", lang)
    for step in key.split("."):
        found = found[step]
    return cast(str, found)


def _dotted(prefix: str, table: Mapping[str, Any]) -> list[str]:
    keys: list[str] = []
    for name, value in table.items():
        keys += _dotted(f"{prefix}{name}.", value) if isinstance(value, dict) else [f"{prefix}{name}"]
    return keys


def _fill(template: str, values: Mapping[str, Value], lang: str) -> str:
    """Put values into a sentence; a brace that holds no known name is text (YAML samples are full of them)."""

    def value_of(match: re.Match[str]) -> str:
        value = values.get(match[1], match[0])
        return value if isinstance(value, str) else value.text(lang)

    return _PLACEHOLDER.sub(value_of, template)
