"""A runner that keeps everything in memory, with the people of its rulebook: for simulation and for tests."""

from __future__ import annotations

from collections.abc import Iterable

from dutyflow.kernel.rules import Member, Rules
from dutyflow.runtime.directory import RulebookDirectory
from dutyflow.runtime.local_runner import LocalRunner
from dutyflow.stores.memory import MemoryStore


def memory_runner(rules: Rules, *, members: Iterable[Member] = (), schedules: Iterable[str] = ()) -> LocalRunner:
    """A runner that keeps everything in memory; `members` are added to those of the rulebook or replace them.

    `schedules` are the recurring duties that it brings up by itself.
    """
    return LocalRunner(rules, MemoryStore(), RulebookDirectory(rules.organisation, members), schedules=schedules)
