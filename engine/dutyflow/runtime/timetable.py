"""Which schedules are running, and which of them comes up next."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from dutyflow.kernel.recurring import next_occurrence
from dutyflow.kernel.rules import Rules


class Timetable:
    """The next moment of each running schedule. A schedule runs from the moment at which the timetable begins."""

    def __init__(self, rules: Rules, schedules: Iterable[str]) -> None:
        self._rules = rules
        self._waiting = tuple(schedules)
        self._next: dict[str, datetime] = {}

    def begin(self, at: datetime) -> None:
        """Let the schedules that have not begun start now; what lies before is not made up for."""
        for name in self._waiting:
            first = next_occurrence(self._rules, self._rules.schedules[name], at, inclusive=True)
            if first is not None:
                self._next[name] = first
        self._waiting = ()

    def first(self) -> tuple[datetime, str] | None:
        """The next moment and its schedule; of two at one moment the one declared first."""
        order = list(self._rules.schedules)
        found = min(((at, order.index(name), name) for name, at in self._next.items()), default=None)
        return (found[0], found[2]) if found is not None else None

    def done(self, name: str) -> None:
        """The schedule has been fired at its moment: it waits for the one after."""
        after = next_occurrence(self._rules, self._rules.schedules[name], self._next[name])
        if after is None:
            del self._next[name]
        else:
            self._next[name] = after
