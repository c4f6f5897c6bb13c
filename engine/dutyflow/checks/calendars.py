"""Calendars: holidays are known until a certain day, and a calendar that has them must say until which."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from dutyflow.checks.subject import Book
from dutyflow.rulebook.nodes import Node


def dates_beyond_the_official_ones(book: Book) -> None:
    """DF501: a date is listed that lies after the day until which the calendar is official."""
    for name, calendar in book.rules.calendars.items():
        if calendar.official_until is None:
            continue
        for node, last in _dates(book.declared("calendars", name)):
            if last > calendar.official_until:
                book.report("DF501", node.place, calendar=name, date=last, until=calendar.official_until)


def holidays_without_an_end(book: Book) -> None:
    """DF502: dates are listed, but nothing says until when the list is complete."""
    for name, calendar in book.rules.calendars.items():
        dates = [last for _, last in _dates(book.declared("calendars", name))]
        if calendar.official_until is None and dates:
            book.report("DF502", book.declared_at("calendars", name), calendar=name, last=max(dates))


def _dates(calendar: Node | None) -> Iterator[tuple[Node, date]]:
    """Each entry under `closed`, and each date under `open` that is a list, with its last day."""
    for key in ("closed", "open"):
        listed = calendar.get(key) if calendar else None
        for node in listed.children if listed else ():
            yield node, date.fromisoformat(node.text.split("..")[-1].strip())
