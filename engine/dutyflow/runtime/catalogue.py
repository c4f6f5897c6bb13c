"""Which rulebooks a store has, in which version, and who works by them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from threading import Lock

from dutyflow.errors import MisuseError, RulebookError
from dutyflow.kernel.rules import Rules
from dutyflow.kernel.ticket import Ticket
from dutyflow.ports.host import Directory
from dutyflow.ports.store import SharedStore
from dutyflow.rulebook.bundle import Bundle
from dutyflow.runtime.clocks import monotonic
from dutyflow.runtime.directory import RulebookDirectory
from dutyflow.runtime.library import Library

STALE_SECONDS = 2.0
"""How long a process may not notice that another one has published a new version."""


class Catalogue:
    """The `Versions` of a store. New tickets run under the newest version of their rulebook.

    The people are those of the newest version too, whatever version a ticket is pinned to: somebody who was hired
    yesterday works on last week's tickets. A host's own `directory` takes their place.
    """

    def __init__(self, store: SharedStore, directory: Directory | None = None) -> None:
        self._store = store
        self._own_directory = directory
        self._library = Library(fetch=store.bundle)
        self._newest: Mapping[str, str] = {}
        self._looked_at: float | None = None
        self._looks = count(1)
        self._last_look = 0
        self._directories: dict[str, Directory] = {}
        self._lock = Lock()

    def add(self, bundle: Bundle) -> Rules:
        """Take in a version that is about to be published here."""
        return self._library.add(bundle)

    def freshen(self) -> None:
        """Look which versions are the newest, unless that was done a moment ago."""
        if self._looked_at is None or monotonic() - self._looked_at > STALE_SECONDS:
            self.refresh()

    def refresh(self) -> None:
        """Look which versions are the newest now."""
        look = next(self._looks)
        newest = self._store.newest()
        with self._lock:
            if look > self._last_look:  # another thread may have looked later, and have been quicker
                self._newest, self._looked_at, self._last_look = newest, monotonic(), look

    def names(self) -> tuple[str, ...]:
        """The rulebooks of which a version is published, sorted."""
        self.freshen()
        return tuple(sorted(self._newest))

    def newest(self, book: str) -> Rules:
        """The newest version of a rulebook; `MisuseError` if none is published."""
        self.freshen()
        if book not in self._newest:
            self.refresh()
        version = self._newest.get(book)
        if version is None:
            raise MisuseError(
                f"No rulebook {book!r} is published here; there are: {', '.join(self._newest) or 'none'}."
            )
        return self._library.rules(version)

    def book_of(self, workflow: str) -> str:
        """The one rulebook that declares a workflow; `MisuseError` if none does, or several do."""
        self.freshen()
        found = self._declaring(workflow)
        if not found:
            self.refresh()
            found = self._declaring(workflow)
        if not found:
            raise MisuseError(f"No published rulebook has a workflow {workflow!r}.")
        if len(found) > 1:
            raise MisuseError(f"Several rulebooks have a workflow {workflow!r}: say which of {', '.join(found)}.")
        return found[0]

    def rules_of(self, ticket: Ticket) -> Rules:
        """The version that a ticket is pinned to; `MisuseError` if it is not published here."""
        return self._library.rules(ticket.rules)

    def version(self, hash_: str) -> Rules:
        """The version with this hash."""
        return self._library.rules(hash_)

    def schedules_of(self, book: str) -> frozenset[str]:
        """The schedules that the newest version of a rulebook declares; none if there is no version that can run."""
        self.freshen()
        try:
            return frozenset(self.newest(book).schedules) if book in self._newest else frozenset()
        except RulebookError:  # an older dutyflow took it; publishing a better one is the way out
            return frozenset()

    def directory_of(self, rules: Rules) -> Directory:
        """The people of a rulebook as its newest version names them, or those of the host."""
        if self._own_directory is not None:
            return self._own_directory
        version = self._newest.get(rules.name, rules.hash)
        known = self._directories.get(version)
        if known is None:
            known = self._directories[version] = RulebookDirectory(self._library.rules(version).organisation)
        return known

    def _declaring(self, workflow: str) -> list[str]:
        return [book for book in sorted(self._newest) if workflow in self.newest(book).workflows]
