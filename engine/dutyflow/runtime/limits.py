"""How much a command or a question may bring, and of which characters: checked before anything is decided or kept."""

from __future__ import annotations

import re

from dutyflow.errors import MisuseError
from dutyflow.kernel.commands import Assign, Open, Request, name_of
from dutyflow.ports.queue import Query
from dutyflow.runtime.batch import Batch

NAME_LENGTH_MAX = 200
"""Characters of an id, a key, or the name of a person or an event: they stand in indexes, headers and addresses."""

REASON_LENGTH_MAX = 10_000
"""Characters of a reason, as of a comment."""

SEARCH_LENGTH_MAX = 200
"""Characters that are searched for; SQLite gives up at some thousand."""

ROWS_MAX = 10_000
"""Rows that are opened in one transaction, as many as a file of rows may have."""

_UNREADABLE = re.compile("[\0\ud800-\udfff]")
"""NUL, which PostgreSQL refuses, and halves of pairs, which no encoding has."""

_STORED_LENGTH_MAX = 1_000
"""A child's id is longer than its parent's: one that is looked for may be longer than one that is given."""


def check_command(command: Request, key: str | None) -> None:
    """`MisuseError` for a command with a name or a reason that no store could keep; its data have limits of their own.

    A kept text that a database refuses would spoil the transaction for everybody else who shares it.
    """
    check_name("The actor", command.actor)
    check_name("The event", name_of(command))
    if isinstance(command, Open) and command.ticket:
        check_name("The id of a ticket", command.ticket)
    if isinstance(command, Assign) and command.member is not None:
        check_name("The member", command.member)
    check_reason(getattr(command, "reason", None))
    check_key(key)


def check_rows(batch: Batch, key: str | None) -> None:
    """The same for a population; `MisuseError` too where it has too many rows."""
    check_name("The actor", batch.actor)
    check_name("The event", batch.event)
    check_reason(batch.reason)
    check_key(key)
    if len(batch.rows) > ROWS_MAX:
        raise MisuseError(f"A batch has at most {ROWS_MAX} rows, not {len(batch.rows)}: submit it in parts.")


def check_query(query: Query) -> None:
    """`MisuseError` for a question that a database would choke on."""
    if query.text is not None and (len(query.text) > SEARCH_LENGTH_MAX or not is_storable(query.text)):
        raise MisuseError(f"What is searched for has at most {SEARCH_LENGTH_MAX} characters, none of them unreadable.")
    for name in ("book", "workflow", "state", "role", "member", "department"):
        wanted = getattr(query, name)
        if wanted is not None and not is_storable(wanted):
            raise MisuseError(f"Nothing has such a {name}.")
    if query.due_before is not None and query.due_before.tzinfo is None:
        raise MisuseError("`due_before` needs a time zone.")


def check_name(what: str, name: object) -> str:
    """The name, if it is one: 1 to 200 characters that can be seen, no blank at either end. Else `MisuseError`.

    The message does not repeat it: it may hold whatever somebody wants a terminal or a log to do.
    """
    if not isinstance(name, str) or not name.isprintable() or name.strip() != name:
        raise MisuseError(f"{what} must be a text of characters that can be seen, with no blank before or after it.")
    if not 1 <= len(name) <= NAME_LENGTH_MAX:
        raise MisuseError(f"{what} must have 1 to {NAME_LENGTH_MAX} characters, not {len(name)}.")
    return name


def check_key(key: str | None) -> None:
    """`MisuseError` for an idempotency key that is none."""
    if key is not None:
        check_name("The key", key)


def check_reason(reason: object) -> None:
    """`MisuseError` for a reason that is too long or no text."""
    if reason is None:
        return
    if not isinstance(reason, str) or _UNREADABLE.search(reason):
        raise MisuseError("A reason must be text, without characters that cannot be kept.")
    if len(reason) > REASON_LENGTH_MAX:
        raise MisuseError(f"A reason has at most {REASON_LENGTH_MAX} characters, not {len(reason)}.")


def is_storable(name: object) -> bool:
    """Whether a store can be asked for such a name at all: what it can never hold, it does not hold."""
    return isinstance(name, str) and len(name) <= _STORED_LENGTH_MAX and not _UNREADABLE.search(name)
