"""The keys of the language, looked up in the JSON Schemas: what a key means, what it takes, what is near a slip."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from dutyflow.resources import schemas_dir
from dutyflow.rulebook.findings import closest

ROOT = "rulebook.schema.json"
ANY_ID = "<id>"
_DEPTH_MAX = 9
_BRANCHES = ("anyOf", "oneOf", "allOf")
_NESTED = ("items", "then", "else")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a schema and the file it stands in."""

    schema: Mapping[str, Any]
    file: str


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the language: the path that leads to it, what the schema says, whether it must be there."""

    path: tuple[str, ...]
    part: Part
    required: bool

    @property
    def name(self) -> str:
        """The path as people write it: `slas.<id>.within`."""
        return ".".join(self.path)

    def description(self, lang: str) -> str:
        """What it is for; a schema says it in English, then in Chinese."""
        for part in alternatives(self.part):
            if "description" in part.schema:
                english, _, chinese = str(part.schema["description"]).partition("\n\n")
                return chinese.strip() if lang == "zh" and chinese else english
        return ""

    @property
    def examples(self) -> list[Any]:
        """What can stand there, as the schema shows it."""
        for part in alternatives(self.part):
            if "examples" in part.schema:
                return list(part.schema["examples"])
        return []

    @property
    def kinds(self) -> list[str]:
        """The kinds of value it takes, in JSON Schema's words."""
        found: dict[str, None] = {}
        for part in alternatives(self.part, into_items=False):
            kind = part.schema.get("type")
            found |= dict.fromkeys([kind] if isinstance(kind, str) else kind or [])
        return list(found)

    @property
    def words(self) -> list[str]:
        """The only words it takes, if they are listed."""
        found: dict[str, None] = {}
        for part in alternatives(self.part, into_items=False):
            constant = [part.schema["const"]] if "const" in part.schema else []
            found |= dict.fromkeys(json.dumps(word).strip('"') for word in [*part.schema.get("enum", []), *constant])
        return list(found)

    def inner(self) -> list[Key]:
        """The keys inside, where it takes a mapping."""
        return list({key.path[-1]: key for key in _children(self)}.values())


def alternatives(part: Part, *, into_items: bool = True) -> Iterator[Part]:
    """A piece with everything it refers to and every form it may take."""
    seen: set[int] = set()
    waiting = [part]
    while waiting:
        one = waiting.pop(0)
        if id(one.schema) in seen:
            continue
        seen.add(id(one.schema))
        yield one
        if "$ref" in one.schema:
            waiting.append(_resolve(str(one.schema["$ref"]), one.file))
        for word in _BRANCHES:
            waiting += [Part(branch, one.file) for branch in one.schema.get(word, ())]
        for word in _NESTED if into_items else ():
            if isinstance(one.schema.get(word), dict):
                waiting.append(Part(one.schema[word], one.file))


def find(what: str) -> list[Key]:
    """The keys that a text means: a whole path (ids left out or not), or the end of one. The shortest first."""
    steps = [step for step in what.replace("[]", "").split(".") if step]
    found = {key.path: key for key in _walk(_root(), steps)} if steps else {}
    if not found:
        found = {key.path: key for key in all_keys() if _ends_with(key.path, steps)}
    return sorted(found.values(), key=lambda key: (len(key.path), key.path))


def nearest(what: str) -> str | None:
    """The key that was probably meant by an unknown one."""
    *before, last = what.split(".")
    inside = find(".".join(before)) if before else []
    for key in inside:
        near = closest(last, [inner.path[-1] for inner in key.inner()])
        if near:
            return ".".join([*before, near])
    return closest(last, {key.path[-1] for key in all_keys()})


@cache
def all_keys() -> tuple[Key, ...]:
    """Every key of the language, the top ones first; a part that repeats inside itself is listed once."""
    found: list[Key] = []
    seen: set[tuple[str, int]] = set()
    waiting = [_root()]
    while waiting:
        key = waiting.pop(0)
        for inner in _children(key):
            mark = (inner.path[-1], id(inner.part.schema))
            if mark not in seen and len(inner.path) <= _DEPTH_MAX:
                seen.add(mark)
                found.append(inner)
                waiting.append(inner)
    return tuple(found)


def _root() -> Key:
    return Key((), Part(_document(ROOT), ROOT), required=False)


def _children(key: Key) -> Iterator[Key]:
    """The keys directly inside; through the ids of declarations, which have no name of their own."""
    for part in alternatives(key.part):
        needed = part.schema.get("required", ())
        for name, schema in part.schema.get("properties", {}).items():
            yield Key((*key.path, name), Part(schema, part.file), required=name in needed)
        extra = part.schema.get("additionalProperties")
        if isinstance(extra, dict) and (not key.path or key.path[-1] != ANY_ID):
            yield from _children(Key((*key.path, ANY_ID), Part(extra, part.file), required=False))


def _walk(key: Key, steps: Sequence[str]) -> Iterator[Key]:
    if not steps:
        yield key
        return
    step, *rest = steps
    matching = [inner for inner in _children(key) if inner.path[-1] == step]
    if matching:
        for inner in matching:
            yield from _walk(inner, rest)
        return
    for part in alternatives(key.part):
        extra = part.schema.get("additionalProperties")
        if isinstance(extra, dict) and len(key.path) < _DEPTH_MAX:
            declared = Key((*key.path, ANY_ID), Part(extra, part.file), required=False)
            slip = step != ANY_ID and closest(step, [inner.path[-1] for inner in _children(declared)])
            if not slip:
                yield from _walk(declared, rest)


def _ends_with(path: tuple[str, ...], steps: Sequence[str]) -> bool:
    named = [step for step in path if step != ANY_ID]
    return bool(steps) and named[-len(steps) :] == list(steps)


def _resolve(reference: str, file: str) -> Part:
    name, _, pointer = reference.partition("#")
    schema: Any = _document(name or file)
    for step in pointer.strip("/").split("/"):
        schema = schema[step] if step else schema
    return Part(schema, name or file)


@cache
def _document(name: str) -> Any:
    return json.loads((schemas_dir() / name).read_text(encoding="utf-8"))
