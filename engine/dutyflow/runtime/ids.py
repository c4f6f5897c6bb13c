"""Ids for new tickets: short enough to read out, in the order of opening, never the same twice."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: without i, l, o and u, which are misread
_SINCE = datetime(2020, 1, 1, tzinfo=UTC)
_DERIVED = re.compile(r"\.\d+$|@\d{4}-\d\d-\d\d")  # the second child of a ticket, what a schedule opens on a day
_TIME_LENGTH = 7
_RANDOM_LENGTH = 7


def new_id(at: datetime) -> str:
    """An id such as `06t4ka1-x9m27qd`: seconds first (good for a thousand years), then 35 bits of chance."""
    seconds = max(0, int((at - _SINCE).total_seconds()))
    return f"{_written(seconds, _TIME_LENGTH)}-{_written(secrets.randbits(5 * _RANDOM_LENGTH), _RANDOM_LENGTH)}"


def is_derived(ticket: str) -> bool:
    """Whether the kernel gives such ids, to children and to what schedules open: `c-1.2`, `desk:daily@2026-03-02`.

    Whoever opened a ticket under one would stand in the way of the child for ever, and suppress the duty of that day.
    """
    return _DERIVED.search(ticket) is not None


def _written(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 32)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
