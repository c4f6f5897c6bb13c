"""The PostgreSQL store: any number of processes and threads, each commit one statement."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from itertools import batched
from typing import Any, TypeVar

import psycopg

from dutyflow.errors import MisuseError
from dutyflow.kernel.events import Event
from dutyflow.kernel.facts import Lookalike
from dutyflow.kernel.ticket import Ticket
from dutyflow.ports.host import Clock
from dutyflow.ports.outbox import Claimed, Delivery, Waiting
from dutyflow.ports.queue import Chain, Count, Page, Query, Recorded
from dutyflow.ports.records import Asked, Commit, KeptAnswer
from dutyflow.runtime.clocks import SystemClock
from dutyflow.stores.encoded import (
    asked_of,
    decode_event,
    decode_ticket,
    maybe_moment,
    micros,
    moment,
    outgoing_of,
)
from dutyflow.stores.finding import find_sql, page_of
from dutyflow.stores.postgres.connections import Connection, Connections, translated
from dutyflow.stores.postgres.keeping import SQL, FiledFields, workflow_locks
from dutyflow.stores.postgres.publishing import publish
from dutyflow.stores.postgres.schema import check_schema
from dutyflow.stores.postgres.transaction import PostgresTransaction, Watching

R = TypeVar("R")

PAGE = 500
"""Tickets that are read at a time where all are wanted."""

_POSITION = re.compile(r"(\d{1,18})\.(\d{1,18})")


class PostgresStore:
    """A `SharedStore` in a PostgreSQL database. `clock` measures leases; `pool_max` is how many connections it opens.

    Raises `SchemaError` if the tables of the database do not fit; see `upgrade_postgres`.
    """

    def __init__(self, url: str, *, pool_max: int = 10, clock: Clock | None = None) -> None:
        self._connections = Connections(url, pool_max)
        self._place = self._connections.place
        self._clock = clock or SystemClock()
        self._fields: FiledFields = {}
        self._field_count = 0
        try:
            self._connections.test()
            self._ask(lambda connection: check_schema(connection, self._place))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close all connections."""
        self._connections.close()

    # --- transactions -------------------------------------------------------------------------------------------

    @contextmanager
    def begin(
        self, *, tickets: Iterable[str] = (), keys: Iterable[str] = (), watching: Watching = frozenset()
    ) -> Iterator[PostgresTransaction]:
        """A transaction. Nobody commits tickets of the workflows in `watching` until it ends."""
        named, asked = list(tickets), list(keys)

        def first(connection: Connection) -> tuple[Connection, PostgresTransaction]:
            if watching:
                _watch(connection, watching)
            return connection, self._begun(connection, named, asked, watching)

        with translated(self._place), self._connections.opened(first) as (connection, transaction):
            try:
                yield transaction
            finally:
                _give_up(connection)

    def _begun(
        self, connection: Connection, tickets: list[str], keys: list[str], watching: Watching
    ) -> PostgresTransaction:
        rows = connection.execute(SQL["begin"], {"tickets": tickets, "keys": keys}).fetchall()
        filed = self._filed_fields(connection, next(row[2] for row in rows if row[0] == "fields"))
        transaction = PostgresTransaction(connection, self._place, filed=filed, watching=watching)
        answers = {row[1]: (row[4], row[11]) for row in rows if row[0] == "answer"}
        found = {row[1]: row[1:] for row in rows if row[0] == "ticket"}
        transaction.remember(
            {ticket: found.get(ticket) for ticket in tickets}, {key: answers.get(key) for key in keys}
        )
        return transaction

    def commit(self, commit: Commit) -> None:
        """Write everything of one transaction or nothing."""
        changed = [change.ticket.id for change in commit.changes]
        with self.begin(tickets=changed, watching=commit.watched) as transaction:
            transaction.commit(commit)

    def _filed_fields(self, connection: Connection, count: int) -> FiledFields:
        """The fields tickets are filed by; read again when somebody has added some."""
        fields, known = self._registry
        if count != known:
            fields, known = {}, 0
            for book, workflow, field in connection.execute(SQL["filed_fields"]):
                fields[book, workflow] = fields.get((book, workflow), frozenset()) | {field}
        self._fields = fields
        return fields

    # --- looking at tickets -------------------------------------------------------------------------------------

