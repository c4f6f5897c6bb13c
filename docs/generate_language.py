"""Writes docs/language.md, the reference of the rulebook language, from the schemas and the prose in language.toml.

Run it after a change of either: `python docs/generate_language.py`. A test fails while the two differ.
"""

import json
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
SHARED = ("title", "note", "assumed", "replace", "varies")
EXAMPLES_MAX = 4

Schema = dict[str, Any]
Schemas = Mapping[str, Schema]


def render(schemas: Schemas, prose: Mapping[str, Any], functions: Mapping[str, Any], codes: tuple[str, ...]) -> str:
    """The whole page: the head, a list of chapters, the chapters."""
    generated = {"functions": function_table(functions), "codes": code_table(codes, prose["denials"])}
    chapters = prose["chapter"]
    parts = [f"# {prose['heading']}", prose["text"].strip(), "\n".join(map(contents_line, chapters))]
    parts += [block for chapter in chapters for block in chapter_blocks(chapter, schemas, generated)]
    return "\n\n".join(parts) + "\n"


def contents_line(chapter: Mapping[str, Any]) -> str:
    return f"- [{chapter['heading']}](#{anchor(chapter['heading'])})"


def anchor(heading: str) -> str:
    """The link target that code hosts make from a heading."""
    kept = "".join(letter for letter in heading.lower() if letter.isalnum() or letter in " -_")
    return kept.replace(" ", "-")


def chapter_blocks(chapter: Mapping[str, Any], schemas: Schemas, generated: Mapping[str, str]) -> Iterator[str]:
    """Heading, introduction, example, hand-written text, tables."""
    yield f"## {chapter['heading']}"
    if "schema" in chapter:
        yield find(schemas, chapter["schema"])["description"]
    if "text" in chapter:
        yield chapter["text"].strip()
    if "example" in chapter:
        yield f"```yaml\n{chapter['example'].strip()}\n```"
    for table in chapter.get("table", ()):
        yield f"### {table['heading']}"
        if "text" in table:
            yield table["text"].strip()
        if "example" in table:
            yield f"```yaml\n{table['example'].strip()}\n```"
        yield generated[table["generated"]] if "generated" in table else key_table(table, schemas)


def key_table(table: Mapping[str, Any], schemas: Schemas) -> str:
    """A row for each key of the objects that the table names."""
    lines = ["| Key · 键 | Meaning · 含义 | Example · 例 |", "|---|---|---|"]
    for at in table["of"]:
        file = at.partition("#")[0]
        lines += rows(find(schemas, at), file, schemas, table.get("only"))
    return "\n".join(lines)


def rows(schema: Schema, file: str, schemas: Schemas, only: list[str] | None, prefix: str = "") -> Iterator[str]:
    for key, written in schema.get("properties", {}).items():
        if (key in SHARED and prefix + key not in (only or ())) or (only and prefix + key not in only):
            continue
        value = resolved(written, file, schemas)
        name = f"`{prefix}{key}`" + ("<br>required · 必填" if key in schema.get("required", ()) else "")
        yield f"| {name} | {meaning(value)} | {examples(key, value)} |"
        for inner in inline_objects(written):
            yield from rows(inner, file, schemas, only, f"{prefix}{key}.")


def inline_objects(schema: Schema) -> Iterator[Schema]:
    """Mappings that are described right at the key, alone or as one of several forms."""
    for form in (schema, *schema.get("anyOf", ()), schema.get("items", {}), schema.get("additionalProperties", {})):
        if isinstance(form, dict) and "properties" in form:
            yield form


def meaning(schema: Schema) -> str:
    words = list(dict.fromkeys(allowed_words(schema)))
    values = "<br>" + ", ".join(f"`{word}`" for word in words) if words else ""
    description = str(schema["description"]).replace("\n\n", "<br>")
    return (description + values).replace("|", "\\|")


def allowed_words(schema: Schema) -> Iterator[str]:
    for form in (schema, *schema.get("anyOf", ())):
        yield from (word for word in form.get("enum", ()) if f"`{word}`" not in schema["description"])


def examples(key: str, schema: Schema) -> str:
    shown = [flow({key: example}) for example in schema["examples"][:EXAMPLES_MAX]]
    return "<br>".join(f"`{text}`" for text in shown).replace("|", "\\|")


def flow(value: object) -> str:
    """A value as one line of YAML, without the outer braces. `on` is a word in YAML 1.2, and needs no quotes."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000, sort_keys=False)
    return text.strip()[1:-1].replace("'on':", "on:")


def resolved(schema: Schema, file: str, schemas: Schemas) -> Schema:
    """A schema with what it refers to; what stands at the key itself comes first."""
    if "$ref" not in schema:
        return schema
    name, _, pointer = schema["$ref"].partition("#")
    target = resolved(find(schemas, f"{name or file}#{pointer}"), name or file, schemas)
    return {**target, **{key: value for key, value in schema.items() if key != "$ref"}}


def find(schemas: Schemas, at: str) -> Schema:
    """The part of a schema that `file#/way/to/it` names."""
    file, _, pointer = at.partition("#")
    part: Any = schemas[file]
    for step in pointer.strip("/").split("/") if pointer.strip("/") else ():
        part = part[int(step)] if isinstance(part, list) else part[step]
    return resolved(part, file, schemas)


def function_table(functions: Mapping[str, Any]) -> str:
    lines = ["| Call · 写法 | Result · 结果 |", "|---|---|"]
    lines += [f"| `{function.signature}` | {function.en}<br>{function.zh} |" for function in functions.values()]
    return "\n".join(lines)


def code_table(codes: tuple[str, ...], words: Mapping[str, Mapping[str, str]]) -> str:
    lines = ["| | Code · 代码 | Refused because · 拒绝的原因 |", "|---|---|---|"]
    lines += [f"| {n} | `{code}` | {words[code]['en']}<br>{words[code]['zh']} |" for n, code in enumerate(codes, 1)]
    return "\n".join(lines)


def page() -> str:
    """The page for the files of this checkout."""
    from dutyflow.kernel.denials import ORDER
    from dutyflow.rulebook.expressions import FUNCTIONS

    files = (ROOT / "schemas").glob("*.schema.json")
    schemas = {file.name: json.loads(file.read_text(encoding="utf-8")) for file in sorted(files)}
    prose = tomllib.loads((DOCS / "language.toml").read_text(encoding="utf-8"))
    return render(schemas, prose, FUNCTIONS, ORDER)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "engine"))
    (DOCS / "language.md").write_text(page(), encoding="utf-8")
