"""Reads SQL from files: each statement has a name and a sentence that says what it is for.

-- name: load_ticket
-- A ticket as it stands.
SELECT ...
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered step of a schema."""

    number: int
    name: str
    sql: str


def read_queries(package: str, file: str = "queries.sql") -> Mapping[str, str]:
    """The statements of a file by name; comments are left out."""
    text = files(package).joinpath(file).read_text(encoding="utf-8")
    _, *parts = _NAME.split(text)
    return {name: _bare(sql) for name, sql in zip(parts[::2], parts[1::2], strict=True)}


def read_migrations(package: str) -> tuple[Migration, ...]:
    """The steps of a schema in order; files are named `0001_what_for.sql`."""
    folder = files(package).joinpath("migrations")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return tuple(_migration(name, folder.joinpath(name).read_text(encoding="utf-8")) for name in names)


def _migration(file: str, sql: str) -> Migration:
    number, _, name = file.removesuffix(".sql").partition("_")
    return Migration(int(number), name, sql)


def _bare(sql: str) -> str:
    lines = (line for line in sql.splitlines() if not line.lstrip().startswith("--"))
    return "\n".join(lines).strip().rstrip(";")
