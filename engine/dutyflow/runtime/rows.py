"""Reads rows from a CSV file, as spreadsheets write them: UTF-8 with or without byte order mark, or GB18030."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path

from dutyflow.errors import InputError
from dutyflow.wording import Phrase

BYTES_MAX = 16 * 1024 * 1024
ROWS_MAX = 10_000


class RowsError(InputError):
    """A file of rows cannot be used; `problem` says why in any language."""

    def __init__(self, path: Path, problem: Phrase) -> None:
        """Keep what is wrong with which file."""
        self.problem = problem
        super().__init__(f"{path}: {problem.text('en')}")


def read_rows(path: Path) -> tuple[Mapping[str, str], ...]:
    """The rows of a file whose first row names the fields; cells without text are left out.

    Rows are numbered from 1 after the header; an empty row keeps its number unless only empty ones follow. Raises
    `RowsError`, which says what is wrong with the file or in which row.
    """
    lines = _lines(path, _text(path, _bytes(path)))
    names = _names(path, next(lines, []))
    return tuple(_row(path, names, cells, number) for number, cells in enumerate(lines, start=1))


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(BYTES_MAX + 1)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise _wrong(path, "unreadable", reason=reason) from error
    if len(data) > BYTES_MAX:
        raise _wrong(path, "too_large", limit=BYTES_MAX // 1024 // 1024)
    return data


def _text(path: Path, data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise _wrong(path, "no_text")


def _lines(path: Path, text: str) -> Iterator[list[str]]:
    """The rows of the file, the header first; empty rows at its end are none."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    empty: list[list[str]] = []
    try:
        for number, cells in enumerate(reader):
            if number > ROWS_MAX:
                raise _wrong(path, "too_many", limit=ROWS_MAX)
            if not any(cell.strip() for cell in cells):
                empty.append(cells)
                continue
            yield from empty
            empty.clear()
            yield cells
    except csv.Error as error:
        raise _wrong(path, "no_csv", line=reader.line_num, reason=error) from error


def _names(path: Path, header: list[str]) -> list[str]:
    names = [name.strip() for name in header]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise _wrong(path, "no_header")
    if "" in names:
        raise _wrong(path, "no_name", column=names.index("") + 1)
    twice = next((name for at, name in enumerate(names) if name in names[:at]), None)
    if twice is not None:
        raise _wrong(path, "name_twice", name=twice)
    return names


def _row(path: Path, names: list[str], cells: list[str], number: int) -> Mapping[str, str]:
    texts = [cell.strip() for cell in cells]
    if any(texts[len(names) :]):
        raise _wrong(path, "too_many_cells", row=number, cells=len(texts), columns=len(names))
    return {name: text for name, text in zip(names, texts, strict=False) if text}


def _wrong(path: Path, problem: str, **values: object) -> RowsError:
    return RowsError(path, Phrase.of(f"rows.{problem}", **values))
