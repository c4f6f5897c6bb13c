"""Publishes a version of a rulebook, and files the tickets that are there by the fields that it is first to ask for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from dutyflow.stores.encoded import can_be_filed, decode_ticket, filed_value, micros
from dutyflow.stores.postgres.connections import Connection
from dutyflow.stores.postgres.keeping import SQL, FiledFields, workflow_locks

_PAGE = 1_000
"""Tickets that are filed at a time."""


def publish(
    connection: Connection,
    book: str,
    version: str,
    bundle: bytes,
    at: datetime,
    *,
    filed: Mapping[str, frozenset[str]],
    zones: str = "",
) -> bool:
    """Keep a version within the transaction of a connection; False if it is the newest already, word for word.

    One publisher of a book at a time. Tickets of a workflow that is filed by new fields wait until they all are.
    """
    connection.execute(SQL["watch"], (workflow_locks([(book, "")]),))
    newest: dict[str, str] = dict(connection.execute(SQL["newest"]).fetchall())
    kept = connection.execute(SQL["bundle"], (version,)).fetchone()
    is_new = newest.get(book) != version or kept is None or bytes(kept[0]) != bundle
    if is_new:
        connection.execute(SQL["add_rulebook"], (version, book, bundle))
        connection.execute(SQL["add_publication"], (book, version, micros(at), zones))
    known = read_filed_fields(connection)
    new = {workflow: fields - known.get((book, workflow), frozenset()) for workflow, fields in filed.items()}
    connection.execute(SQL["watch"], (workflow_locks((book, workflow) for workflow in new if new[workflow]),))
    for workflow, fields in new.items():
        if fields:
            _file_by(connection, book, workflow, sorted(fields))
    return is_new


def read_filed_fields(connection: Connection) -> FiledFields:
    """The fields by which the tickets of each workflow are filed."""
    fields: dict[tuple[str, str], frozenset[str]] = {}
    for book, workflow, field in connection.execute(SQL["filed_fields"]):
        fields[book, workflow] = fields.get((book, workflow), frozenset()) | {field}
    return fields


def _file_by(connection: Connection, book: str, workflow: str, fields: list[str]) -> None:
    connection.execute(SQL["add_filed_fields"], (book, workflow, fields))
    last = 0
    while rows := connection.execute(SQL["tickets_of"], (book, workflow, last, _PAGE)).fetchall():
        last = rows[-1][0]
        pairs = ((name, decode_ticket(body).fields.get(name), ticket) for _, ticket, body in rows for name in fields)
        filed = [(name, filed_value(value), ticket) for name, value, ticket in pairs if can_be_filed(value)]
        if filed:
            columns = [list(column) for column in zip(*filed, strict=True)]
            connection.execute(SQL["file_tickets"], (book, workflow, *columns))
