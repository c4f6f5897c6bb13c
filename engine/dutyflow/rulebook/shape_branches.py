"""Finds out which of several possible forms of a value was probably meant."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from jsonschema.exceptions import ValidationError

from dutyflow.rulebook.findings import closest
from dutyflow.rulebook.nodes import Node
from dutyflow.rulebook.places import Place

Path = list[str | int]


@dataclass(frozen=True, slots=True)
class Misfit:
    """One error of the validator, with the node it is about."""

    error: ValidationError
    root: Node
    path: Path
    node: Node
    slips: frozenset[tuple[str | int, ...]] = frozenset()
    """The keys, with the way to them, that unknown keys beside this error were probably meant to be."""

    @property
    def schema(self) -> dict[str, Any]:
        schema: Any = self.error.schema
        return schema if isinstance(schema, dict) else {}

    @property
    def place(self) -> Place:
        """Where to point: the key of a mapping or list, the value itself if it is short."""
        if self.node.kind == "scalar" or not self.path:
            return self.node.place if self.node.kind == "scalar" else _first_key(self.node)
        return self.root.place_of(self.path)


def best_branch(misfit: Misfit) -> list[ValidationError] | None:
    """The errors of the branch that was meant; the type errors of all if none takes this kind; None if unclear."""
    branches: dict[Any, list[ValidationError]] = defaultdict(list)
    for error in misfit.error.context or ():
        branches[error.relative_schema_path[0]].append(error)
    of_kind = [errors for errors in branches.values() if not _other_kind(errors)]
    if not of_kind:
        return [leaf for errors in branches.values() for error in errors for leaf in _kind_errors(error)]
    scored = sorted(((_distance(errors), number) for number, errors in enumerate(of_kind)))
    if len(scored) > 1 and scored[0][0] == scored[1][0]:
        return None
    return of_kind[scored[0][1]]


def unknown_keys(error: ValidationError) -> list[str]:
    """The keys of a mapping that its schema does not know, in file order."""
    schema: Any = error.schema
    instance: Any = error.instance
    if error.validator == "unevaluatedProperties":  # which ones they are is only said in the validator's own sentence
        return [key for key in instance if repr(key) in error.message]
    patterns = [re.compile(pattern) for pattern in schema.get("patternProperties", ())]
    known = schema.get("properties", {})
    return [key for key in instance if key not in known and not any(p.search(key) for p in patterns)]


def free_keys(error: ValidationError) -> list[str]:
    """The keys that the schema knows and the mapping does not have yet."""
    schema: Any = error.schema
    return [name for name in schema.get("properties", ()) if name not in error.instance]  # type: ignore[operator]  # a mapping, as only mappings have keys


def slips_of(errors: Iterable[ValidationError]) -> frozenset[tuple[str | int, ...]]:
    """What the unknown keys among the errors were probably meant to be, each with the way to it."""
    return frozenset(
        (*error.absolute_path, meant)
        for error in errors
        if error.validator in ("additionalProperties", "unevaluatedProperties")
        for key in unknown_keys(error)
        if (meant := closest(key, free_keys(error)))
    )


def is_barred(error: ValidationError) -> bool:
    """`not: {}` bars a key altogether. (For a plain `false` the validator does not say where.)"""
    return error.validator == "not" and error.validator_value == {} and isinstance(_last(error), str)


def barred_paths(errors: Iterable[ValidationError]) -> list[tuple[str | int, ...]]:
    """The ways to the keys that may not be there: what else is wrong under them does not matter."""
    return [tuple(error.absolute_path) for error in errors if is_barred(error)]


def _last(error: ValidationError) -> str | int | None:
    return error.absolute_path[-1] if error.absolute_path else None


def forms(error: ValidationError) -> str | None:
    """What the branches are called: by title, by the name of the definition, or by kind."""
    if error.validator not in ("anyOf", "oneOf"):
        return None
    branches: Any = error.validator_value
    names = [_name(branch) for branch in branches]
    return ", ".join(dict.fromkeys(name for name in names if name)) or None


def _name(branch: Any) -> str | None:
    if not isinstance(branch, dict):
        return None
    if "title" in branch:
        return str(branch["title"])
    if "required" in branch:
        return "{" + ", ".join(f"{key}: ..." for key in branch["required"]) + "}"
    return f"`{str(branch['$ref']).rsplit('/', 1)[-1]}`" if "$ref" in branch else None


def _first_key(node: Node) -> Place:
    """Pointing at a whole file says nothing: its first key stands for it."""
    for _, place, _ in node.items():
        return place
    return node.place


def _other_kind(errors: list[ValidationError]) -> bool:
    """True if the branch is for another kind of value altogether."""
    return any(_kind_errors(error) for error in errors)


def _kind_errors(error: ValidationError) -> list[ValidationError]:
    """The type errors about the value itself, looking through forms within forms."""
    if error.relative_path:
        return []
    if error.validator == "type":
        return [error]
    if error.validator in ("anyOf", "oneOf") and error.context:
        inner = [_kind_errors(child) for child in error.context]
        return [leaf for leaves in inner for leaf in leaves] if all(inner) else []
    return []


def _distance(errors: list[ValidationError]) -> tuple[float, float]:
    """How far a value is from a branch: first what is wrong at its top, then what is wrong further inside."""
    top = inside = 0.0
    for error in errors:
        if error.relative_path:
            # a wrong word or kind under a key that says which form it is counts against the form itself
            top += 1.0 if error.validator == "const" else 0.0
            inside += 1.0 / len(error.relative_path)
        elif error.validator in ("additionalProperties", "unevaluatedProperties"):
            top += sum(_strangeness(key, error) for key in unknown_keys(error))
        else:
            top += 1.0
    return top, inside


def _strangeness(key: str, error: ValidationError) -> float:
    """A key that looks like a slip of one the form has speaks less against the form than a strange one."""
    schema: Any = error.schema
    return 0.25 if closest(key, schema.get("properties", ())) else 1.0
