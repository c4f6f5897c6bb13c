"""Puts the parts together: an engine on the store that a URL names, a runner in memory."""

from dutyflow.bootstrap.runners import memory_runner

__all__ = ["memory_runner"]
