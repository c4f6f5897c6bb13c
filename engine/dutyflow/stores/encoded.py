"""What a commit writes, table by table, in plain values: the same for every database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

import msgspec

from dutyflow.errors import StoreError
from dutyflow.kernel.denials import Denial
from dutyflow.kernel.effects import Notice, Send
from dutyflow.kernel.encoding import canonical, decode
from dutyflow.kernel.events import Event
from dutyflow.kernel.history import GENESIS, chain_bytes
from dutyflow.kernel.ticket import Ticket
from dutyflow.ports.records import Answer, Asked, BadRow, BatchAnswer, Change, Happening, KeptAnswer, Outgoing

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

NEVER = 2**63 - 1
"""Stands where a queue is sorted by due time and a ticket has none: it comes last."""

FILED_BYTES_MAX = 500
"""Longer values are filed by their hash: an entry of an index must be short."""

Tally = tuple[str, str, str, str, bool, bool]
"""What tickets are counted by: book, workflow, state, role (empty for none), closed, breached."""


class Known(msgspec.Struct, frozen=True, gc=False):
    """What a transaction remembers of a ticket it has loaded."""

    no: int
    seq: int
    head: str
    tally: Tally


def micros(at: datetime) -> int:
    """A moment as databases keep it: microseconds since 1970, in UTC."""
    return (at - _EPOCH) // _MICROSECOND


def maybe_micros(at: datetime | None) -> int | None:
    """The same, where there may be none."""
    return None if at is None else micros(at)


def moment(kept: int) -> datetime:
    """The moment that is kept."""
    return _EPOCH + timedelta(microseconds=kept)


def maybe_moment(kept: int | None) -> datetime | None:
    """The same, where there may be none."""
    return None if kept is None else moment(kept)


# --- tickets and events -----------------------------------------------------------------------------------------


def tally_of(change: Change) -> Tally:
    """What the ticket counts under after the change."""
    ticket, listing = change.ticket, change.listing
    role = ticket.owner.role if ticket.owner else None
    return change.book, ticket.workflow, ticket.state, role or "", listing.closed, listing.breached > 0


def ticket_row(change: Change, head: str) -> tuple[Any, ...]:
    """The columns of a ticket that change with it, from `rules` to `body`."""
    ticket, listing = change.ticket, change.listing
    owner = ticket.owner
    return (
        ticket.rules,
        ticket.state,
        ticket.seq,
        owner.role if owner else None,
        owner.member if owner else None,
        listing.department,
        listing.number,
        ticket.outcome,
        micros(ticket.changed_at),
        NEVER if listing.due_at is None else micros(listing.due_at),
        listing.breached,
        listing.closed,
        listing.text.casefold(),
        head,
        canonical(ticket),
    )


def event_rows(change: Change, head: str | None) -> Iterator[tuple[str, int, bytes, str]]:
    """(ticket, seq, bytes, hash) of each new event, chained to the one before."""
    previous = head or GENESIS
    seq = change.before.seq if change.before else 0
    for event in change.events:
        seq += 1
        body = canonical(event)
        previous = chain_bytes(previous, body)
        yield change.ticket.id, seq, body, previous


def decode_ticket(body: bytes | str) -> Ticket:
    """The ticket of kept bytes; `StoreError` if they are none."""
    ticket: Ticket = _decoded(body, Ticket)
    return ticket


def decode_event(body: bytes | str) -> Event:
    """The event of kept bytes; `StoreError` if they are none."""
    event: Event = _decoded(body, Event)
    return event


def _decoded(body: bytes | str, kind: Any) -> Any:
    try:
        return decode(body, kind)
    except msgspec.DecodeError as error:
        raise StoreError(f"What the store holds cannot be read: {error}.") from error


def filed_rows(change: Change, fields: Iterable[str]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """(field, value) pairs that no longer hold for the ticket, and those that do now, of the fields it is filed by."""
    before = change.before.fields if change.before else {}
    after = change.ticket.fields
    gone, new = [], []
    for field in fields:
        old, now = before.get(field), after.get(field)
        if old != now:
            gone += _pairs(field, old)
            new += _pairs(field, now)
    return gone, new


def _pairs(field: str, value: Any) -> list[tuple[str, str]]:
    return [(field, filed_value(value))] if can_be_filed(value) else []


def filed_value(value: Any) -> str:
    """A field's value as tickets are filed by it; equal values are filed alike, whatever their places or time zone."""
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else value.normalize()
    if isinstance(value, datetime):
        value = value.astimezone(UTC)
    text = canonical(value)
    return text.decode() if len(text) <= FILED_BYTES_MAX else sha256(text).hexdigest()


def can_be_filed(value: Any) -> bool:
    """Whether tickets are found by such a value: neither nothing nor a list."""
    return value is not None and not isinstance(value, list | tuple | dict)


# --- the audit trail --------------------------------------------------------------------------------------------


def asked_row(asked: Asked) -> tuple[Any, ...]:
    """(at, ticket, workflow, actor, event, reason, denial)."""
    denial = canonical(asked.denial) if asked.denial is not None else None
    return micros(asked.at), asked.ticket, asked.workflow, asked.actor, asked.event, asked.reason, denial


def asked_of(row: Iterable[Any]) -> Asked:
    """The entry that a row holds."""
    at, ticket, workflow, actor, event, reason, denial = row
    return Asked(
        at=moment(at),
        ticket=ticket,
        workflow=workflow,
        actor=actor,
        event=event,
        reason=reason,
        denial=_decoded(denial, Denial) if denial is not None else None,
    )


# --- messages ---------------------------------------------------------------------------------------------------


def outgoing_row(outgoing: Outgoing) -> tuple[Any, ...]:
    """(id, ticket, workflow, rules, kind, body, due_at, try_at) of a message that begins to wait."""
    notice = outgoing.notice
    return (
        outgoing.id,
        outgoing.ticket,
        outgoing.workflow,
        outgoing.rules,
        "notice" if isinstance(notice, Notice) else "send",
        canonical(notice),
        maybe_micros(outgoing.due_at),
        micros(notice.deliver_at),
    )


def outgoing_of(row: Iterable[Any]) -> Outgoing:
    """The message of a row (id, ticket, workflow, rules, kind, body, due_at)."""
    name, ticket, workflow, rules, kind, body, due_at = row
    return Outgoing(
        id=name,
        ticket=ticket,
        workflow=workflow,
        rules=rules,
        notice=_decoded(body, Notice if kind == "notice" else Send),
        due_at=maybe_moment(due_at),
    )


# --- answers ----------------------------------------------------------------------------------------------------


Span = tuple[str, int, int]
"""Events of an answer that are kept in the history of their ticket already: the ticket, the first and the last."""


NO_DENIAL = msgspec.Raw(b"null")
"""A denial is bytes of its own, which is how its values keep their types; so is none (`Raw | None` cannot be read)."""


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A command of an answer that was refused."""

    at: datetime
    ticket: str | None
    workflow: str
    actor: str
    event: str
    reason: str | None
    denial: msgspec.Raw


class Bad(msgspec.Struct, frozen=True, kw_only=True):
    """A bad row of the answer to a batch."""

    number: int
    key: str
    why: str
    first: int | None = None
    denial: msgspec.Raw = NO_DENIAL


class KeptBody(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as it is kept, without the events."""

    ticket: str | None = None
    tickets: tuple[str, ...] | None = None
    denial: msgspec.Raw = NO_DENIAL
    bad: tuple[Bad, ...] = ()
    happened: tuple[Span | Refused, ...] = ()


def encode_answer(answer: Answer | BatchAnswer) -> bytes:
    """The bytes of an answer; its events stay where they are, in the histories."""
    happened = tuple(_spans(answer.happened))
    if isinstance(answer, BatchAnswer):
        bad = tuple(
            Bad(number=b.number, key=b.key, why=b.why, first=b.first, denial=_raw(b.denial)) for b in answer.bad
        )
        return canonical(KeptBody(tickets=answer.tickets, bad=bad, happened=happened))
    return canonical(KeptBody(ticket=answer.ticket, denial=_raw(answer.denial), happened=happened))


def decode_answer(
    fingerprint: str, data: bytes | str, events_of: Callable[[str, int, int], Iterable[Event]]
) -> KeptAnswer:
    """The answer of kept bytes; `events_of(ticket, first, last)` brings the events back."""
    kept: KeptBody = _decoded(data, KeptBody)
    happened = tuple(item for part in kept.happened for item in _happened(part, events_of))
    if kept.tickets is None:
        return KeptAnswer(fingerprint, Answer(ticket=kept.ticket, happened=happened, denial=_denial(kept.denial)))
    bad = tuple(
        BadRow(number=b.number, key=b.key, why=b.why, first=b.first, denial=_denial(b.denial)) for b in kept.bad
    )
    return KeptAnswer(fingerprint, BatchAnswer(tickets=kept.tickets, happened=happened, bad=bad))


def _spans(happened: Iterable[Happening]) -> Iterator[Span | Refused]:
    ticket, first, last = "", 0, 0
    for item in happened:
        if isinstance(item.what, Event) and item.ticket == ticket and item.seq == last + 1:
            last = item.seq
            continue
        if first:
            yield ticket, first, last
        if isinstance(item.what, Asked):
            ticket, first, last = "", 0, 0
            yield _refused(item.what)
        else:
            ticket, first, last = item.ticket or "", item.seq, item.seq
    if first:
        yield ticket, first, last


def _refused(asked: Asked) -> Refused:
    assert asked.denial is not None, "only a refusal happens without an event"
    return Refused(
        at=asked.at,
        ticket=asked.ticket,
        workflow=asked.workflow,
        actor=asked.actor,
        event=asked.event,
        reason=asked.reason,
        denial=_raw(asked.denial),
    )


def _happened(part: Span | Refused, events_of: Callable[[str, int, int], Iterable[Event]]) -> Iterator[Happening]:
    if isinstance(part, tuple):
        ticket, first, _ = part
        for seq, event in enumerate(events_of(*part), start=first):
            yield Happening(ticket, event, seq)
        return
    asked = Asked(
        at=part.at,
        ticket=part.ticket,
        workflow=part.workflow,
        actor=part.actor,
        event=part.event,
        reason=part.reason,
        denial=_denial(part.denial),
    )
    yield Happening(part.ticket, asked)


def _raw(denial: Denial | None) -> msgspec.Raw:
    return msgspec.Raw(canonical(denial))


def _denial(raw: msgspec.Raw) -> Denial | None:
    denial: Denial | None = _decoded(bytes(raw), Denial | None)
    return denial
