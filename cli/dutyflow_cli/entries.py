"""A ticket's history as a list: each event with its number and its hash, and between them what was refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from dutyflow.kernel.events import Event
from dutyflow.ports.records import Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line: an event with its `seq` and `hash`, or a refusal."""

    event: Event | None = None
    asked: Asked | None = None
    seq: int = 0
    hash: str = ""

    @property
    def at(self) -> datetime:
        """When it happened."""
        what = self.event or self.asked
        assert what is not None, "an entry is an event or a refusal"
        return what.at

    @property
    def actor(self) -> str:
        """Who asked for it; empty for what time brought."""
        return str(getattr(self.event or self.asked, "actor", ""))

    @property
    def kind(self) -> str:
        """The kind of event as it is kept (`fired`, `clock_started`), or `denied`."""
        return str(type(self.event).__struct_config__.tag) if isinstance(self.event, msgspec.Struct) else "denied"


def entries(events: Sequence[Event], hashes: Iterable[str], asked: Iterable[Asked]) -> Iterator[Entry]:
    """Events and refusals by their moments; of one moment the events first."""
    refused = [one for one in asked if one.denial is not None]
    for seq, (event, hash_) in enumerate(zip(events, hashes, strict=True), start=1):
        while refused and refused[0].at < event.at:
            yield Entry(asked=refused.pop(0))
        yield Entry(event=event, seq=seq, hash=hash_)
    yield from (Entry(asked=one) for one in refused)
