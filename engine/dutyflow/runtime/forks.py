"""Tells a process that was forked from the one before, without asking the system at every command."""

from __future__ import annotations

import os

_generation = 0


def generation() -> int:
    """Another number in each process that was forked: what began under a different one belongs to others."""
    return _generation


def _forked() -> None:
    global _generation  # noqa: PLW0603  # a fork is an event of the whole process
    _generation += 1


if hasattr(os, "register_at_fork"):  # where processes cannot be forked, there is nothing to notice
    os.register_at_fork(after_in_child=_forked)
