"""What a whole store consists of, table by table, and how all of it is carried into another one.

Rows travel in the order in which they are kept, with records as text: the bytes of a record are the same everywhere.
Leases stay behind, because nobody holds anything in a new store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from dutyflow.errors import StoreError


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it travels. `records` are the columns that SQLite keeps as bytes and PostgreSQL as text."""

    name: str
    columns: tuple[str, ...]
    order: tuple[str, ...]
    records: frozenset[str] = frozenset()

    @property
    def is_numbered(self) -> bool:
        """Whether its rows have numbers that are never given again."""
        return "no" in self.columns


def _table(name: str, columns: str, *, order: str, records: str = "") -> Table:
    return Table(name, tuple(columns.split()), tuple(order.split()), frozenset(records.split()))


EVENTS = _table("events", "tx no ticket seq body hash", order="tx no", records="body")
"""In SQLite all events count as brought by transaction 0: there, their numbers alone are their order."""

COUNTS = _table(
    "counts", "book workflow state role closed breached count", order="book workflow state role closed breached"
)
"""What several connections have counted is added up."""

OUTBOX = _table(
    "outbox",
    "no id ticket workflow rules kind body due_at try_at status attempts taken_by problem",
    order="no",
    records="body",
)

TABLES = (
    _table("rulebooks", "version book bundle", order="version"),
    _table("publications", "no book version at zones", order="no"),
    _table("filed_fields", "book workflow field", order="book workflow field"),
    _table(
        "tickets",
        "no id book workflow opened_at rules state seq role member department number outcome changed_at due_at breached"
        " closed text head body",
        order="no",
        records="body",
    ),
    EVENTS,
    _table("due", "ticket at", order="ticket"),
    _table("filed", "book workflow field value ticket", order="book workflow field value ticket"),
    COUNTS,
    _table("asked", "no at ticket workflow actor event reason denial", order="no", records="denial"),
    _table("answers", "key fingerprint body", order="key", records="body"),
    OUTBOX,
    _table("numbers", "series last", order="series"),
    _table("turns", "book name next_at", order="book name"),
)
"""Everything that a store keeps; what only its own database needs (migrations, epoch) is left out."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the position of a subscriber lies: its transaction and number, and how many events are up to it."""

    tx: int
    no: int
    count: int


class Origin(Protocol):
    """A store that is copied; nobody writes to it meanwhile."""

    def rows(self, table: Table) -> Iterator[tuple[Any, ...]]:
        """The rows of a table in order."""
        ...

    def last_message(self) -> int:
        """The last number that was given to a message, though it may be forgotten."""
        ...

    def place(self, position: str) -> Place:
        """Where a position lies; `MisuseError` if it is none."""
        ...


class Destination(Protocol):
    """An empty store within one transaction; whoever does not commit it has written nothing."""

    def take(self, table: Table, rows: Iterable[tuple[Any, ...]]) -> None:
        """Write the rows of a table."""
        ...

    def count(self, table: Table) -> int:
        """How many rows a table has now."""
        ...

    def go_on(self, last_message: int) -> None:
        """Let numbers go on after those that were written."""
        ...

    def commit(self) -> None:
        """Keep it all."""
        ...

    def position(self, place: Place) -> str:
        """The position at which a subscriber goes on here."""
        ...


def refuse_unless_empty(filled: Iterable[str], place: object) -> None:
    """`StoreError` if any table has rows."""
    tables = ", ".join(filled)
    if tables:
        raise StoreError(f"{place}: is not empty ({tables}); copy into a new store.")
