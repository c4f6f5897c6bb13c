"""The schemas describe the whole language: valid, strict, and explained in both languages with true examples."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from dutyflow.kernel.denials import ORDER
from dutyflow.resources import schemas_dir, workflows_dir
from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.shape import Shapes
from dutyflow.rulebook.yaml_reader import read_file
from dutyflow.wording import finding_severity

FILES = {
    path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(schemas_dir().glob("*.schema.json"))
}
SHAPES = Shapes.from_folder(schemas_dir())
CHINESE = re.compile("[\u4e00-\u9fff]")
SHIPPED = sorted(workflows_dir().rglob("*.yaml"))

# A schema with these keys is a rule about other keys, not a place where one is declared.
RULES = ("if", "then", "else", "dependentSchemas")


def registry_of(base: str) -> Registry[Any]:
    """As an editor sees the files (a full address each), or as the program does (bare names)."""
    pairs = [(f"{base}{name}", Resource.from_contents(text, DRAFT202012)) for name, text in FILES.items()]
    return Registry().with_resources(pairs)


def validator_of(schema: Any, file: str, base: str = "") -> Draft202012Validator:
    """A validator for a part of a file, whose references count from that file."""
    inside = {"$id": f"{base}{file}"} if base else {"$id": file}
    whole = {**FILES[file], **inside, "properties": {}, "additionalProperties": True}
    resource = Resource.from_contents({**whole, "$defs": {**whole.get("$defs", {}), "tried": schema}}, DRAFT202012)
    registry = registry_of(base).with_resource(f"{base}{file}", resource)
    return Draft202012Validator({"$ref": f"{base}{file}#/$defs/tried"}, registry=registry)


def subschemas(schema: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema inside a schema that declares something, with the way to it."""
    if not isinstance(schema, dict):
        return
    yield path, schema
    for word in ("properties", "$defs"):
        for key, inner in schema.get(word, {}).items():
            yield from subschemas(inner, f"{path}/{word}/{key}")
    for word in ("items", "additionalProperties", "propertyNames", "then", "else"):
        yield from subschemas(schema.get(word), f"{path}/{word}")
    for word in ("anyOf", "oneOf", "allOf"):
        for number, inner in enumerate(schema.get(word, ())):
            yield from subschemas(inner, f"{path}/{word}/{number}")


PLACES = [(name, path, part) for name, text in FILES.items() for path, part in subschemas(text, "#")]


def described(part: dict[str, Any], file: str) -> str:
    """The description of a schema, or that of what it refers to."""
    if "description" in part or "$ref" not in part:
        return str(part.get("description", ""))
    name, _, pointer = part["$ref"].partition("#/")
    target = FILES[name or file]
    for step in pointer.split("/"):
        target = target[step]
    return described(target, name or file)


@pytest.mark.parametrize("name", FILES)
def test_a_schema_is_valid_draft_2020_12(name: str) -> None:
    assert FILES[name]["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(FILES[name])


@pytest.mark.parametrize("name", FILES)
def test_every_key_is_explained_in_english_and_chinese(name: str) -> None:
    for file, path, part in PLACES:
        for key, inner in part.get("properties", {}).items():
            if file == name:
                english, _, chinese = described(inner, file).partition("\n\n")
                assert english and not CHINESE.search(english), f"{path}: {key}"
                assert CHINESE.search(chinese), f"{path}: {key}"


@pytest.mark.parametrize("base", ["", "file:///home/li/rulebook/schemas/"], ids=["program", "editor"])
def test_every_example_fits_the_key_it_stands_at(base: str) -> None:
    for file, path, part in PLACES:
        if "examples" in part and "then" not in path.split("/"):
            validator = validator_of(part, file, base)
            for example in part["examples"]:
                errors = [error.message for error in validator.iter_errors(example)]
                assert not errors, f"{file}{path}: {example}: {errors}"


def test_every_mapping_is_closed() -> None:
    for file, path, part in PLACES:
        if part.get("type") == "object" and not any(word in part for word in RULES[:2]):
            assert "additionalProperties" in part, f"{file}{path}"


def test_a_change_of_an_inherited_declaration_knows_the_keys_of_a_whole_one() -> None:
    pairs = [(file, name) for file, text in FILES.items() for name in text.get("$defs", {}) if name.endswith("_change")]
    assert len(pairs) > 15
    for file, name in pairs:
        whole = FILES[file]["$defs"][name.removesuffix("_change")]
        assert list(FILES[file]["$defs"][name]["properties"]) == list(whole["properties"]), f"{file}: {name}"


def test_what_can_be_replaced_can_be_varied() -> None:
    for file, path, part in PLACES:
        keys = part.get("properties", {})
        assert ("replace" in keys) == ("varies" in keys), f"{file}{path}"


def test_every_finding_that_a_schema_names_has_its_words() -> None:
    codes = {part["x-finding"] for _, _, part in PLACES if "x-finding" in part}
    assert {"DF110", "DF112", "DF113", "DF114", "DF115", "DF116"} <= codes
    assert {finding_severity(code) for code in codes} == {"error"}


def test_scenarios_know_the_denial_codes_of_the_kernel() -> None:
    assert tuple(FILES["scenario.schema.json"]["$defs"]["denial_code"]["enum"]) == ORDER


@pytest.mark.parametrize("path", SHIPPED, ids=[path.relative_to(workflows_dir()).as_posix() for path in SHIPPED])
def test_a_shipped_file_fits(path: Any) -> None:
    findings = Findings()
    node = read_file(path, findings)
    assert node is not None
    SHAPES.validate(node, "rulebook.schema.json", findings)
    assert [f"{f.place.line}: {f.text('message', 'en')}" for f in findings] == []


def test_editors_show_examples_instead_of_a_regular_expression() -> None:
    for file, path, part in PLACES:
        if "pattern" in part:
            shown = ", ".join(f"`{example}`" for example in part["examples"])
            assert part["patternErrorMessage"] == f"Write it like {shown} · 写成这样：{shown}", f"{file}{path}"
