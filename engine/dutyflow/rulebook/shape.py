"""Checks nodes against the JSON Schemas, and turns what does not fit into findings with exact places."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from dutyflow.kernel.duration_text import suggest_duration
from dutyflow.rulebook.findings import Findings, Related, closest
from dutyflow.rulebook.nodes import Node
from dutyflow.rulebook.places import Place
from dutyflow.rulebook.shape_branches import (
    Misfit,
    barred_paths,
    best_branch,
    forms,
    free_keys,
    is_barred,
    slips_of,
    unknown_keys,
)
from dutyflow.rulebook.shape_commas import cut_texts
from dutyflow.rulebook.shape_words import (
    allowed_words,
    described,
    expected_kinds,
    found_kind,
    hint_for,
    shorten,
    word_for,
)
from dutyflow.wording import Phrase

X_FINDING = "x-finding"
DURATION = "DF110"


class Shapes:
    """The schemas of one folder, compiled once. A schema is named by its file name, with `#/$defs/...` if wanted."""

    def __init__(self, schemas: Mapping[str, Mapping[str, Any]]):
        resources = {name: Resource.from_contents(text, DRAFT202012) for name, text in schemas.items()}
        named = list(resources.items())
        named += [(str(text["$id"]), resources[name]) for name, text in schemas.items() if "$id" in text]
        self._registry: Registry[Any] = Registry().with_resources(named)
        self._validators: dict[str, Draft202012Validator] = {}

    @classmethod
    def from_folder(cls, folder: Path) -> Shapes:
        """All `*.schema.json` of a folder. OSError or ValueError if one is broken: they are part of the program."""
        files = sorted(folder.glob("*.schema.json"))
        return cls({file.name: json.loads(file.read_text(encoding="utf-8")) for file in files})

    def validate(self, node: Node, schema: str, findings: Findings) -> bool:
        """Report everything in which a node differs from a schema; True if nothing does."""
        errors = list(self._validator(schema).iter_errors(node.plain()))
        _report_all(errors, node, findings)
        return not errors

    def _validator(self, schema: str) -> Draft202012Validator:
        if schema not in self._validators:
            self._validators[schema] = Draft202012Validator(
                {"$ref": schema}, registry=self._registry, format_checker=Draft202012Validator.FORMAT_CHECKER
            )
        return self._validators[schema]


def _report_all(errors: list[ValidationError], root: Node, findings: Findings) -> None:
    """Report errors that stand beside each other: one mistake gives one finding."""
    slips, barred = slips_of(errors), barred_paths(errors)
    for error in errors:
        path = list(error.absolute_path)
        if is_barred(error) or not any(tuple(path[: len(outer)]) == outer for outer in barred):
            _report(Misfit(error, root, path, root.at(path), slips), findings)


def _report(misfit: Misfit, findings: Findings) -> None:
    error = misfit.error
    if error.validator in ("anyOf", "oneOf") and error.context:
        _report_branches(misfit, findings)
    elif "propertyNames" in error.absolute_schema_path:
        _key_name(misfit, findings)
    elif is_barred(error):
        _forbidden(misfit, findings)
    elif not _own_finding(misfit, findings):
        _REPORTERS.get(str(error.validator), _no_form)(misfit, findings)


def _report_branches(misfit: Misfit, findings: Findings) -> None:
    """Report what is wrong with the branch that was probably meant, or that none fits."""
    if _own_finding(misfit, findings):
        return
    chosen = best_branch(misfit)
    if chosen is None:
        _no_form(misfit, findings)
    elif all(inner.validator == "type" and not inner.relative_path for inner in chosen):
        _wrong_kinds(chosen, misfit, findings)
    else:
        _report_all(chosen, misfit.root, findings)


def _own_finding(misfit: Misfit, findings: Findings) -> bool:
    """A schema may name the finding for what it describes (`x-finding`); then scalars that do not fit get that one."""
    code = misfit.schema.get(X_FINDING)
    if code is None or misfit.node.kind != "scalar" or misfit.node.value is None:
        return False
    findings.add(
        code,
        misfit.node.place,
        value=shorten(misfit.node.text),
        examples=_examples(misfit.schema),
        description=described(misfit.schema),
        suggestion=suggest_duration(misfit.node.text) if code == DURATION else None,
    )
    return True


def _wrong_kinds(errors: Iterable[ValidationError], misfit: Misfit, findings: Findings) -> None:
    """No branch is for this kind of value: one finding that names all the kinds."""
    errors = list(errors)
    for error in errors:
        if _own_finding(Misfit(error, misfit.root, misfit.path, misfit.node, misfit.slips), findings):
            return
    kinds = [kind for error in errors for kind in _as_list(error.validator_value)]
    _add_wrong_kind(kinds, misfit, findings)


def _wrong_kind(misfit: Misfit, findings: Findings) -> None:
    _add_wrong_kind(_as_list(misfit.error.validator_value), misfit, findings)


def _add_wrong_kind(kinds: list[str], misfit: Misfit, findings: Findings) -> None:
    parent, key = misfit.root.at(misfit.path[:-1]), str(misfit.path[-1]) if misfit.path else ""
    whole = cut_texts(parent, findings.sources.get(parent.file)).get(key)
    findings.add(
        "DF103",
        misfit.place,
        expected=expected_kinds(kinds),
        found=found_kind(misfit.node),
        hint=Phrase.of("shape.cut_text", text=whole) if whole else hint_for(kinds, misfit.node),
    )


def _unknown_keys(misfit: Misfit, findings: Findings) -> None:
    properties = misfit.schema.get("properties", {})
    cut, told = cut_texts(misfit.node, findings.sources.get(misfit.node.file)), set[str]()
    for key in unknown_keys(misfit.error):
        place = misfit.node.key_place(key)
        if key in cut:
            if cut[key] not in told:
                findings.add("DF101", place, key=shorten(key), text=cut[key])
            told.add(cut[key])
            continue
        if not properties and misfit.schema.get("patternProperties"):
            findings.add("DF109", place, key=shorten(key), examples=_examples(misfit.schema))
            continue
        free = free_keys(misfit.error)
        findings.add(
            "DF101",
            place,
            key=shorten(key),
            where=_where(misfit),
            suggestion=closest(key, free),
            allowed=allowed_words(free) if free else None,
        )


def _where(misfit: Misfit) -> str | None:
    """The nearest key above, to say in what an unknown key stands."""
    return next((f"`{step}`" for step in reversed(misfit.path) if isinstance(step, str)), None)


def _missing_keys(misfit: Misfit, findings: Findings) -> None:
    """`required` yields one error for each missing key, without saying which: report them all, doubles fall away."""
    wanted = _value(misfit)
    for key in wanted if isinstance(wanted, list) else []:
        # a misspelt key is reported as an unknown one, with the right name: once is enough
        if key not in misfit.node.entries and (*misfit.path, key) not in misfit.slips:
            description = described(misfit.schema.get("properties", {}).get(key, {}))
            findings.add("DF102", misfit.place, key=key, description=description)


def _missing_dependents(misfit: Misfit, findings: Findings) -> None:
    for key, wanted in _value(misfit).items():
        if key in misfit.node.entries:
            for name in wanted:
                if name not in misfit.node.entries:
                    findings.add("DF102", misfit.node.key_place(key), key=name)


def _not_allowed(misfit: Misfit, findings: Findings) -> None:
    wanted = _value(misfit)
    words = [word_for(value) for value in (wanted if misfit.error.validator == "enum" else [wanted])]
    if misfit.node.kind != "scalar":
        _no_form(misfit, findings)
        return
    findings.add(
        "DF104",
        misfit.node.place,
        value=shorten(misfit.node.text),
        suggestion=closest(misfit.node.text, words),
        allowed=allowed_words(words),
    )


def _wrong_form(misfit: Misfit, findings: Findings) -> None:
    findings.add(
        "DF105",
        misfit.node.place,
        value=shorten(misfit.node.text),
        examples=_examples(misfit.schema),
        description=described(misfit.schema),
    )


def _wrong_length(kind: str, empty: str | None, misfit: Misfit, findings: Findings) -> None:
    limit = misfit.error.validator_value
    nothing = empty is not None and not misfit.node.plain()
    problem = Phrase.of(f"shape.{empty}") if nothing else Phrase.of(f"shape.{kind}", limit=limit)
    place = misfit.node.place if misfit.node.kind == "list" else misfit.place
    findings.add("DF106", place, problem=problem, description=described(misfit.schema))


def _out_of_range(kind: str, misfit: Misfit, findings: Findings) -> None:
    limit = Phrase.of(f"shape.{kind}", limit=misfit.error.validator_value)
    findings.add("DF108", misfit.node.place, value=misfit.node.text, limit=limit, description=described(misfit.schema))


def _twice(misfit: Misfit, findings: Findings) -> None:
    seen: list[tuple[object, Place]] = []
    for child in misfit.node.children:
        first = next((place for value, place in seen if value == child.plain()), None)
        if first is None:
            seen.append((child.plain(), child.place))
        else:
            value = shorten(child.text) if child.kind == "scalar" else "..."
            findings.add("DF111", child.place, related=[Related(first)], value=value)


def _key_name(misfit: Misfit, findings: Findings) -> None:
    key = misfit.error.instance
    if isinstance(key, str) and key in misfit.node.entries:
        findings.add("DF109", misfit.node.key_place(key), key=shorten(key), examples=_examples(misfit.schema))


def _forbidden(misfit: Misfit, findings: Findings) -> None:
    """`not: {}`: the key may not be here at all, whatever stands under it."""
    key = str(misfit.path[-1])
    place = misfit.root.at(misfit.path[:-1]).key_place(key)
    code = misfit.schema.get(X_FINDING)
    if code is None:
        findings.add("DF101", place, key=shorten(key))
    else:
        findings.add(code, place, value=shorten(misfit.node.text), description=described(misfit.schema))


def _no_form(misfit: Misfit, findings: Findings) -> None:
    findings.add("DF107", misfit.place, forms=forms(misfit.error), description=described(misfit.schema))


def _value(misfit: Misfit) -> Any:
    """The part of the schema that the value does not fit."""
    return misfit.error.validator_value


def _examples(schema: Mapping[str, Any]) -> str | None:
    examples = schema.get("examples")
    return ", ".join(f"`{example}`" for example in examples) if examples else None


def _as_list(value: Any) -> list[str]:
    return list(value) if isinstance(value, list) else [str(value)]


_Reporter = Callable[[Misfit, Findings], None]

_REPORTERS: dict[str, _Reporter] = {
    "type": _wrong_kind,
    "additionalProperties": _unknown_keys,
    "unevaluatedProperties": _unknown_keys,
    "required": _missing_keys,
    "dependentRequired": _missing_dependents,
    "enum": _not_allowed,
    "const": _not_allowed,
    "pattern": _wrong_form,
    "format": _wrong_form,
    "uniqueItems": _twice,
    "minItems": partial(_wrong_length, "items_min", "empty_list"),
    "maxItems": partial(_wrong_length, "items_max", None),
    "minLength": partial(_wrong_length, "text_min", "empty_text"),
    "maxLength": partial(_wrong_length, "text_max", None),
    "minProperties": partial(_wrong_length, "keys_min", "empty_map"),
    "maxProperties": partial(_wrong_length, "keys_max", None),
    "minimum": partial(_out_of_range, "at_least"),
    "maximum": partial(_out_of_range, "at_most"),
    "exclusiveMinimum": partial(_out_of_range, "more_than"),
    "exclusiveMaximum": partial(_out_of_range, "less_than"),
    "multipleOf": partial(_out_of_range, "multiple_of"),
}
