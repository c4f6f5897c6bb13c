"""Refusals: values with a stable code, in the one order in which reasons are given (DOMAIN.md 3.0 item 7)."""

from collections.abc import Mapping
from typing import Any

import msgspec

from dutyflow.kernel.effects import Resubmit

ORDER = (
    "time",
    "role",
    "state",
    "input",
    "window",
    "quiet_hours",
    "conflict",
    "same_person",
    "limit",
    "capacity",
    "consent",
    "evidence",
    "guard",
    "reason",
    "duplicate",
    "policy",
)
"""If several apply, the first of these is answered. `time` (before the ticket's last event) and `input` (a value
that does not fit its field, a field the event does not take) are ours; the rest is DOMAIN.md's list."""

RANK = {code: rank for rank, code in enumerate(ORDER)}


class Denial(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The rules refuse a command. Nothing changed.

    `values` carry what the message needs (`missing`, `allowed`, `latest` ...); `source` is the line of YAML that
    refused; `say` the rulebook's own words; `follow` a command for another ticket (a duplicate's log entry).
    """

    code: str
    event: str
    state: str
    values: Mapping[str, Any] = {}
    say: Mapping[str, str] | None = None
    source: str = ""
    follow: Resubmit | None = None


def first_of(one: Denial, other: Denial | None) -> Denial:
    """The one of two refusals that is answered."""
    return other if other is not None and RANK[other.code] < RANK[one.code] else one
