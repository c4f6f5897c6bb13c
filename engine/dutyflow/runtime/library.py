"""The versions of rulebooks that an engine knows: compiled when first asked for, and then kept."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from dutyflow.errors import MisuseError, StoreError
from dutyflow.kernel.rules import Rules
from dutyflow.rulebook.bundle import Bundle, load_bundle

Fetch = Callable[[str], bytes | None]
"""Gives the published bundle with a hash, as `Bundle.to_bytes` made it; None if there is none."""


class Library:
    """Rules by their hash. Any number of threads may use one library.

    What was published elsewhere comes through `fetch`. No lock is held while it or the compiler runs: they may wait
    for a database, and whoever holds that may be waiting for the library.
    """

    def __init__(self, fetch: Fetch | None = None) -> None:
        self._fetch = fetch or _nothing
        self._lock = Lock()
        self._rules: dict[str, Rules] = {}

    def add(self, version: Bundle | Rules) -> Rules:
        """Take in a version. One of the same hash is replaced: its words may have changed.

        Raises what `load_bundle` raises, and `RulebookError` for a bundle with errors.
        """
        rules = version if isinstance(version, Rules) else load_bundle(version).require_rules()
        with self._lock:
            self._rules[rules.hash] = rules
        return rules

    def rules(self, hash: str) -> Rules:
        """The version with this hash, fetched and compiled at its first use; `MisuseError` if it is not published."""
        found = self._rules.get(hash) or self._fetched(hash)
        if found is None:
            raise MisuseError("A ticket runs under a version of the rulebook that is not published here.")
        with self._lock:  # two threads may have compiled it at once: all go on with the first
            return self._rules.setdefault(hash, found)

    def _fetched(self, hash: str) -> Rules | None:
        document = self._fetch(hash)
        if document is None:
            return None
        bundle = Bundle.from_bytes(document)
        if bundle.hash != hash:
            raise StoreError(f"The store gave the rulebook {bundle.hash} when it was asked for {hash}.")
        return load_bundle(bundle).require_rules()


def _nothing(_: str) -> None:
    return None
