"""Histories that can be trusted: a chain of hashes over one ticket's events."""

import hashlib
from collections.abc import Iterable, Sequence

from dutyflow.kernel.encoding import canonical
from dutyflow.kernel.events import Event

GENESIS = "0" * 64
"""The hash before a ticket's first event."""


def chain_hash(previous: str, event: Event) -> str:
    """The hash of an event in its place: over the hash before it and its own canonical bytes."""
    return chain_bytes(previous, canonical(event))


def chain_bytes(previous: str, event: bytes) -> str:
    """The same for an event that has been encoded already."""
    return hashlib.sha256(previous.encode() + event).hexdigest()


def seal(events: Iterable[Event], previous: str = GENESIS) -> tuple[str, ...]:
    """The hash of each event in order."""
    hashes = []
    for event in events:
        previous = chain_hash(previous, event)
        hashes.append(previous)
    return tuple(hashes)


def first_broken(events: Sequence[Event], hashes: Sequence[str]) -> int | None:
    """The position of the first event that was edited, removed or moved; None when the chain holds."""
    for position, (expected, found) in enumerate(zip(seal(events), hashes, strict=False)):
        if expected != found:
            return position
    return None if len(events) == len(hashes) else min(len(events), len(hashes))
