"""Pages of `explain`: a finding's code, and a key of the language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import yaml
from rich.console import RenderableType
from rich.text import Text

from dutyflow.rulebook.shape_words import expected_kinds
from dutyflow.wording import finding_codes, finding_severity, finding_text, say
from dutyflow_cli.language import Key
from dutyflow_cli.render.tables import indented, prose, table, width

PROSE_MAX = 110
_EXAMPLES_MAX = 4
_ALWAYS_SHOWN = ("DF0", "DF1", "DF2")


def code_page(code: str, lang: str) -> Iterator[RenderableType]:
    """What a finding means, why it matters, a wrong and a right example, how to silence it."""
    severity = finding_severity(code)
    title = finding_text(code, "title", lang) or code
    yield Text(f"{code}  {title}  ({say(f'report.{severity}', lang)})", style="bold")
    yield Text()
    yield prose(_joined(finding_text(code, "why", lang), lang), min(width(), PROSE_MAX))
    for part in ("wrong", "right"):
        sample = (finding_text(code, part, lang) or "").rstrip()
        yield Text("\n" + say(f"cli_explain.{part}", lang), style="red" if part == "wrong" else "green")
        yield indented(Text(sample), 2)
    yield Text()
    if severity == "error" and code.startswith(_ALWAYS_SHOWN):
        yield Text(say("cli_explain.cannot_silence", lang))
    else:
        yield Text(say("cli_explain.silence", lang))
        yield indented(say("cli_explain.silence_example", lang, code=code), 2)


def code_list(lang: str) -> RenderableType:
    """Every code with its severity and title."""
    rows = [
        (code, say(f"report.{finding_severity(code)}", lang), finding_text(code, "title", lang) or "")
        for code in finding_codes()
    ]
    return table(("", "", ""), rows)


def key_page(key: Key, lang: str) -> Iterator[RenderableType]:
    """What a key means, what it takes, examples, and the keys inside."""
    kinds = expected_kinds(key.kinds).text(lang) if key.kinds else ""
    needed = say("cli_explain.required", lang) if key.required else ""
    yield Text("  ".join(part for part in (key.name, kinds, needed) if part), style="bold")
    description = key.description(lang)
    if description:
        yield indented(prose(description, min(width(), PROSE_MAX) - 2), 2)
    if key.words:
        yield indented(say("cli_explain.one_of", lang, words=", ".join(key.words)), 2)
    yield from _examples(key, lang)
    yield from _inside(key, lang)


def key_list(keys: Sequence[Key], lang: str) -> RenderableType:
    """Keys with the first sentence about each."""
    return table(("", ""), [(key.name, _first_sentence(key.description(lang))) for key in keys])


def _examples(key: Key, lang: str) -> Iterator[RenderableType]:
    examples = key.examples[:_EXAMPLES_MAX]
    if not examples:
        return
    yield indented(say("cli_explain.examples", lang), 2)
    for example in examples:
        yield indented(f"{key.path[-1]}: {as_yaml(example)}", 4)


def _inside(key: Key, lang: str) -> Iterator[RenderableType]:
    inner = key.inner()
    if not inner:
        return
    depth = len(key.path)
    yield indented(say("cli_explain.keys", lang), 2)
    rows = [
        (".".join(one.path[depth:]) + (" *" if one.required else ""), _first_sentence(one.description(lang)))
        for one in inner
    ]
    yield table(("", ""), rows, indent=4)
    if any(one.required for one in inner):
        yield indented(say("cli_explain.star", lang), 4)


def as_yaml(value: Any) -> str:
    """A value on one line, as YAML writes it."""
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, sort_keys=False, width=10_000)
    return str(text).removesuffix("...\n").strip()


def _first_sentence(text: str) -> str:
    for end in ("。", ". "):
        if end in text:
            return text.split(end, maxsplit=1)[0] + end.strip()
    return text


def _joined(text: str | None, lang: str) -> str:
    """Text that was written over several lines; Chinese lines are joined without a blank."""
    lines = (text or "").strip().splitlines()
    return "".join(lines) if lang == "zh" else " ".join(lines)
