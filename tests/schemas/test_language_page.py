"""The reference of the language is what the generator gives, leaves no key out, and its examples are true."""

import re
import runpy
from collections.abc import Iterator
from typing import Any

import pytest

from dutyflow.kernel.denials import ORDER
from dutyflow.kernel.durations import Duration
from dutyflow.resources import schemas_dir
from dutyflow.rulebook.expressions import FUNCTIONS
from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.shape import Shapes
from dutyflow.rulebook.yaml_reader import read_text

DOCS = schemas_dir().parent / "docs"
PAGE = (DOCS / "language.md").read_text(encoding="utf-8")
GENERATOR = runpy.run_path(str(DOCS / "generate_language.py"))
SHAPES = Shapes.from_folder(schemas_dir())
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
FIRST_KEYS = [re.sub(r"\W.*", "", block, flags=re.DOTALL) for block in BLOCKS]


def schema_keys(schema: Any) -> Iterator[str]:
    """Every key that a schema declares; rules about other keys (`then`, `dependentSchemas`) are not declarations."""
    if isinstance(schema, list):
        for part in schema:
            yield from schema_keys(part)
    elif isinstance(schema, dict):
        for word, part in schema.items():
            if word in ("properties", "$defs"):
                if word == "properties":
                    yield from part
                for inner in part.values():
                    yield from schema_keys(inner)
            elif word in ("items", "additionalProperties", "anyOf"):
                yield from schema_keys(part)


def test_the_page_is_what_the_generator_gives() -> None:
    assert GENERATOR["page"]() == PAGE, "run docs/generate_language.py"


@pytest.mark.parametrize("path", sorted(schemas_dir().glob("*.schema.json")), ids=lambda path: path.name)
def test_every_key_of_the_schemas_has_a_row(path: Any) -> None:
    sections = {"rulebook", "extends", "defaults"}
    rows = set(re.findall(r"^\| `(?:[\w.]*\.)?(\w+)`", PAGE, re.MULTILINE))
    schema = GENERATOR["json"].loads(path.read_text(encoding="utf-8"))
    own = schema.pop("properties", {})
    declared = set(schema_keys(schema)) | set(schema_keys(list(own.values())))
    assert declared - rows - sections == set()


@pytest.mark.parametrize("block", BLOCKS, ids=FIRST_KEYS)
def test_an_example_parses_and_fits(block: str) -> None:
    findings = Findings()
    node = read_text("language.md", block, findings)
    assert node is not None
    SHAPES.validate(node, "rulebook.schema.json", findings)
    assert [f"{f.place.line}: {f.text('message', 'en')}" for f in findings] == []


def test_every_section_has_an_example() -> None:
    wanted = set(GENERATOR["json"].loads((schemas_dir() / "rulebook.schema.json").read_text("utf-8"))["properties"])
    shown = {line.partition(":")[0] for block in BLOCKS for line in block.splitlines() if re.match(r"\w", line)}
    assert shown == wanted


def test_functions_and_denial_codes_are_listed() -> None:
    for function in FUNCTIONS.values():
        assert f"| `{function.signature}` |" in PAGE
    for number, code in enumerate(ORDER, 1):
        assert f"| {number} | `{code}` |" in PAGE


def test_every_duration_of_the_chapter_on_durations_is_one() -> None:
    chapter = PAGE.partition("## Durations · 时长")[2].partition("### ")[0]
    written = re.findall(r"`((?:[0-9]+[a-z]|P[0-9T]|same_day)[^`]*)`", chapter)
    assert len(written) > 15
    assert all(Duration.parse(text) == Duration.parse(Duration.parse(text).text) for text in written)


def test_every_heading_is_bilingual() -> None:
    for heading in re.findall(r"^##? (.*)$", PAGE, re.MULTILINE):
        english, _, chinese = heading.partition(" · ")
        assert english and re.search("[\u4e00-\u9fff]", chinese), heading


def test_links_of_the_contents_lead_to_headings() -> None:
    anchors = {GENERATOR["anchor"](heading) for heading in re.findall(r"^## (.*)$", PAGE, re.MULTILINE)}
    assert set(re.findall(r"^- \[.*\]\(#(.*)\)$", PAGE, re.MULTILINE)) == anchors
