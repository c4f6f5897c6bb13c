"""Duties, time limits and life cycles of tickets, written once in YAML: checked, simulated, tested and run.

Names are loaded at first use, so that `import dutyflow.kernel` stays cheap: it must not pull in YAML or schemas.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dutyflow.bootstrap import memory_runner
    from dutyflow.bootstrap.aio import AsyncEngine
    from dutyflow.bootstrap.engine import Engine, Order
    from dutyflow.kernel.calendars import Calendar
    from dutyflow.kernel.commands import Amend, Assign, Comment, Fire, Open
    from dutyflow.kernel.denials import Denial
    from dutyflow.ports.queue import Query
    from dutyflow.rulebook.load import load_rulebook

__version__ = "0.1.0"
__all__ = [
    "Amend",
    "Assign",
    "AsyncEngine",
    "Calendar",
    "Comment",
    "Denial",
    "Engine",
    "Fire",
    "Open",
    "Order",
    "Query",
    "load_rulebook",
    "memory_runner",
]

_HOMES = {
    "Amend": "dutyflow.kernel.commands",
    "Assign": "dutyflow.kernel.commands",
    "AsyncEngine": "dutyflow.bootstrap.aio",
    "Calendar": "dutyflow.kernel.calendars",
    "Comment": "dutyflow.kernel.commands",
    "Denial": "dutyflow.kernel.denials",
    "Engine": "dutyflow.bootstrap.engine",
    "Fire": "dutyflow.kernel.commands",
    "Open": "dutyflow.kernel.commands",
    "Order": "dutyflow.bootstrap.engine",
    "Query": "dutyflow.ports.queue",
    "load_rulebook": "dutyflow.rulebook.load",
    "memory_runner": "dutyflow.bootstrap",
}


def __getattr__(name: str) -> object:
    """Load a public name from its module at first use, and keep it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names too, loaded or not."""
    return sorted({*globals(), *__all__})
