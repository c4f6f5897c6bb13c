"""The one encoding of records: canonical JSON that gives back exactly what went in, types of field values included.

Sorted keys, times in ISO 8601, no floats for money or time: equal records have equal bytes. A field's value that JSON
has no type for carries its type as `{"$date": "2026-03-02"}`; everything else is plain JSON.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from dutyflow.kernel.denials import Denial

R = TypeVar("R")

_encoder = msgspec.json.Encoder(order="sorted", decimal_format="string")
_decoders: dict[Any, "msgspec.json.Decoder[Any]"] = {}
_PLAIN = frozenset((str, int, bool, float, type(None)))
_MARKS: Mapping[type, str] = {
    datetime: "$at",
    date: "$date",
    time: "$time",
    timedelta: "$span",
    Decimal: "$number",
}
_TYPES: Mapping[str, type] = {mark: kind for kind, mark in _MARKS.items()}
_PARTS: Mapping[type, tuple[str, ...]] = {Denial: ("follow",)}
"""Records inside records that have loose values of their own."""
_loose_names: dict[type, tuple[str, ...]] = {}


def canonical(record: object) -> bytes:
    """The bytes of a record, or of a list of them; equal records, equal bytes. `TypeError` for what no field holds."""
    return _encoder.encode(_marked(record))


def plain_json(record: object) -> bytes:
    """The same without types, for people and other systems: dates and amounts are text like any other."""
    return _encoder.encode(record)


def decode(data: bytes | str, kind: type[R]) -> R:
    """The record of this kind that these bytes stand for; `msgspec.ValidationError` if they stand for none."""
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    record: R = _restored(decoder.decode(data))
    return record


def _loose(kind: type) -> tuple[str, ...]:
    """The attributes of a record that hold values of any type; worked out once for each kind."""
    names = _loose_names.get(kind)
    if names is None:
        held = (field.name for field in msgspec.structs.fields(kind) if field.type in (Mapping[str, Any], Any))
        names = _loose_names[kind] = (*held, *_PARTS.get(kind, ()))
    return names


def _marked(value: Any) -> Any:
    """The value with its types written into it; the same object where there is nothing to write."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is dict:
        return _marked_map(value)
    if kind is tuple or kind is list:
        return [_marked(item) for item in value]
    mark = _MARKS.get(kind)
    if mark is not None:
        return {mark: value}
    if isinstance(value, msgspec.Struct):
        return _rebuilt(value, _marked)
    return _marked_map(dict(value)) if isinstance(value, Mapping) else value


def _marked_map(values: dict[str, Any]) -> dict[str, Any]:
    for value in values.values():
        if type(value) not in _PLAIN:
            return {name: _marked(value) for name, value in values.items()}
    return values


def _restored(value: Any) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is dict:
        return _restored_map(value)
    if kind is list or kind is tuple:
        return tuple([_restored(item) for item in value])
    return _rebuilt(value, _restored) if isinstance(value, msgspec.Struct) else value


def _restored_map(values: dict[str, Any]) -> Any:
    if len(values) == 1:
        ((name, text),) = values.items()
        kind = _TYPES.get(name)
        if kind is not None and type(text) is str:
            return msgspec.convert(text, kind)
    for value in values.values():
        if type(value) not in _PLAIN:
            return {name: _restored(value) for name, value in values.items()}
    return values


def _rebuilt(record: msgspec.Struct, change: Any) -> msgspec.Struct:
    """The record with its loose values changed; the same object where none does."""
    changed = None
    for name in _loose(type(record)):
        before = getattr(record, name)
        after = change(before)
        if after is not before:
            changed = changed or {}
            changed[name] = after
    return msgspec.structs.replace(record, **changed) if changed else record
