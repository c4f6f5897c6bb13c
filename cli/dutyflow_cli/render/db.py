"""Draws a store as a whole, and what is wrong with what it keeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import tzinfo
from typing import Any

from rich.console import RenderableType

from dutyflow.runtime.verify import Damage
from dutyflow.telling.moments import show_moment
from dutyflow.wording import say
from dutyflow_cli.render.excerpt import clean
from dutyflow_cli.render.json_text import json_text
from dutyflow_cli.render.tables import table
from dutyflow_cli.render.ticket import HASH_SHOWN
from dutyflow_cli.store_status import COUNT_MAX, StoreStatus

SCHEMA_VERSION = 1
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_KILO = 1024


def db_json(kind: str, **parts: Any) -> str:
    """A document of `schemas/output/db.schema.json`."""
    return json_text({"schema_version": SCHEMA_VERSION, "document": kind, **parts})


def status_json(status: StoreStatus) -> str:
    """The store as a whole."""
    return db_json(
        "status",
        store=status.store,
        tables=status.tables,
        rulebooks=dict(status.rulebooks),
        tickets={"open": status.open, "breached": status.breached, "closed": status.closed, "due": status.due},
        next_due_at=status.next_due_at.isoformat() if status.next_due_at else None,
        outbox={"waiting": status.waiting, "dead": status.dead},
        size_bytes=status.size,
        zone_data=status.zone_data,
        other_zone_data=list(status.other_zone_data),
    )


def status_parts(status: StoreStatus, zone: tzinfo, lang: str) -> Iterator[RenderableType]:
    """A line for each thing that one may want to know."""
    versions = ", ".join(f"{name} {version[:HASH_SHOWN]}" for name, version in status.rulebooks.items())
    lines = {
        "store": status.store,
        "tables": "-" if status.tables is None else str(status.tables),
        "rulebooks": versions or say("cli_db.no_rulebooks", lang),
        "tickets": say("cli_db.counts", lang, open=status.open, breached=status.breached, closed=status.closed),
        "due": _amount(status.due),
        "next_due": show_moment(status.next_due_at, zone, lang) if status.next_due_at else "-",
        "outbox": say("cli_db.messages", lang, waiting=_amount(status.waiting), dead=_amount(status.dead)),
        "size": _size(status.size),
        "zone_data": _zone_data(status, lang),
    }
    yield table(("", ""), [(say(f"cli_db.{name}", lang), clean(text)) for name, text in lines.items()])


def _zone_data(status: StoreStatus, lang: str) -> str:
    if not status.other_zone_data:
        return status.zone_data
    others = ", ".join(status.other_zone_data)
    return say("cli_db.other_zone_data", lang, here=status.zone_data, published=others)


def damages_json(damages: Iterable[Damage]) -> list[dict[str, Any]]:
    """What is wrong, as it stands in a document."""
    return [{"ticket": damage.ticket, "kind": damage.kind, "seq": damage.seq or None} for damage in damages]


def damage_line(damage: Damage, lang: str) -> str:
    """Which ticket, which event, what is wrong."""
    return say(f"cli_db.{damage.kind}", lang, ticket=clean(damage.ticket), seq=damage.seq)


def _amount(count: int) -> str:
    return f"{COUNT_MAX}+" if count >= COUNT_MAX else str(count)


def _size(size: int | None) -> str:
    """`1.4 MiB`."""
    if size is None:
        return "-"
    amount, unit = float(size), 0
    while amount >= _KILO and unit < len(_UNITS) - 1:
        amount, unit = amount / _KILO, unit + 1
    return f"{amount:.1f} {_UNITS[unit]}" if unit else f"{size} B"
