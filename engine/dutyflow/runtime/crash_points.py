"""Named moments on the way of a command, at which tests let a process die to prove that nothing is lost or doubled."""

from __future__ import annotations

from collections.abc import Callable, Mapping

POINTS: Mapping[str, str] = {
    "decided": "all jobs of a transaction are answered, nothing is written",
    "written": "everything is written, nothing is committed (SQLite)",
    "committed": "everything is committed, nobody has been told",
    "claimed": "due moments are leased to this worker, none has fired",
    "taken": "messages are leased to this worker, none is delivered",
    "delivered": "a handler has accepted a message, that is not yet kept",
    "settled": "what became of messages is kept",
}

_hook: Callable[[str], None] | None = None


def reached(point: str) -> None:
    """The process has come to a named point; outside of tests that means nothing."""
    if _hook is not None:
        _hook(point)


def call_at_crash_points(hook: Callable[[str], None] | None) -> None:
    """Let `hook` be called with the name of each point that this process reaches; None ends that."""
    global _hook  # noqa: PLW0603  # one process dies as a whole: there is nothing smaller to attach the hook to
    _hook = hook
