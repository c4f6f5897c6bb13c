"""A ticket's history as a list: each event with its number and its hash, and between them what was refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from dutyflow.kernel.events import Event
from dutyflow.lab.kept import with_refusals
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


def entries(history: Sequence[Event], hashes: Sequence[str], asked: Sequence[Asked]) -> Iterator[Entry]:
    """Events and refusals in the order of asking; `hashes` are those of the events."""
    for seq, what in with_refusals(history, asked):
        if isinstance(what, Asked):
            yield Entry(asked=what)
        else:
            yield Entry(event=what, seq=seq, hash=hashes[seq - 1])
