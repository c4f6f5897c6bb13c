"""Canonical JSON gives back exactly what went in, and equal records have equal bytes."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dutyflow.kernel.commands import Fire
from dutyflow.kernel.denials import Denial
from dutyflow.kernel.effects import Addressee, Resubmit, Send
from dutyflow.kernel.encoding import canonical, decode, plain_json
from dutyflow.kernel.events import Fired, Opened, Signed
from dutyflow.kernel.ticket import Ticket

AT = datetime(2026, 3, 2, 1, 14, tzinfo=UTC)

moments = st.datetimes(datetime(1900, 1, 2), datetime(2199, 12, 30), timezones=st.just(UTC))
decimals = st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.text(max_size=20),
    decimals,
    moments,
    st.dates(),
    st.times(),
    st.timedeltas(timedelta(seconds=-(10**9)), timedelta(seconds=10**9)).map(lambda t: timedelta(seconds=t.days)),
)
values = st.one_of(scalars, st.lists(scalars, max_size=4).map(tuple))
fields = st.dictionaries(st.text(min_size=1, max_size=12).filter(lambda name: "$" not in name), values, max_size=6)


def ticket(held: dict[str, Any]) -> Ticket:
    return Ticket(
        id="t", workflow="w", rules="r", state="s", seq=1, opened_at=AT, changed_at=AT, entered_at=AT, fields=held
    )


def exactly(one: Any, other: Any) -> bool:
    """Equal, and of the same types all the way down: `Decimal("1")` is not `1`, a date is no text."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(exactly(one[name], other[name]) for name in one)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(exactly, one, other))
    return bool(one == other)


@given(held=fields)
def test_a_ticket_comes_back_with_values_of_the_types_they_had(held: dict[str, Any]) -> None:
    back = decode(canonical(ticket(held)), Ticket)
    assert back == ticket(held)
    assert exactly(dict(back.fields), held)


@given(held=fields)
def test_events_refusals_and_messages_come_back_too(held: dict[str, Any]) -> None:
    records: list[msgspec.Struct] = [
        Opened(at=AT, ticket="t", workflow="w", rules="r", fields=held),
        Fired(
            at=AT,
            event="e",
            actor="a",
            state_before="x",
            state="y",
            entered=True,
            branch=0,
            given=held,
            changes=held,
        ),
        Signed(at=AT, event="e", role="r", actor="a", given=held),
        Fire(event="e", actor="a", data=held),
        Denial(
            code="duplicate",
            event="e",
            state="s",
            values={**held, "limits": held},
            follow=Resubmit(ticket="t", event="e", actor="a", data=held),
        ),
        Send(template="t", to=Addressee(role="r"), at=AT, deliver_at=AT, values=held),
    ]
    for record in records:
        back = decode(canonical(record), type(record))
        assert back == record
        assert canonical(back) == canonical(record)


@given(held=fields)
def test_bytes_that_were_read_without_types_are_written_as_they_were(held: dict[str, Any]) -> None:
    data = canonical(ticket(held))
    assert canonical(msgspec.json.decode(data, type=Ticket)) == data


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Decimal("5"), "5"),
        (Decimal("5.0"), Decimal("5.00")),
        (date(2026, 3, 2), "2026-03-02"),
        (time(9, 30), "09:30:00"),
        (AT, "2026-03-02T01:14:00Z"),
        (timedelta(hours=1), "PT3600S"),
    ],
)
def test_what_differs_only_in_its_type_differs_in_its_bytes(one: Any, other: Any) -> None:
    assert canonical(ticket({"value": one})) != canonical(ticket({"value": other}))


def test_a_mapping_of_another_kind_has_the_bytes_of_a_dict() -> None:
    held = {"day": date(2026, 3, 2), "amount": Decimal("2.50")}
    asked = Fire(event="e", actor="a", data=MappingProxyType(held))
    assert canonical(asked) == canonical(Fire(event="e", actor="a", data=held))


def test_plain_json_is_for_people_and_other_systems() -> None:
    held = {"day": date(2026, 3, 2), "amount": Decimal("2.50"), "dates": (date(2026, 3, 2),)}
    shown = json.loads(plain_json(ticket(held)))["fields"]
    assert shown == {"day": "2026-03-02", "amount": "2.50", "dates": ["2026-03-02"]}


def test_what_no_field_can_hold_is_refused() -> None:
    with pytest.raises(TypeError):
        canonical(Fire(event="e", actor="a", data={"value": object()}))


def test_bytes_of_another_kind_are_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        decode(b'{"id": 5}', Ticket)
