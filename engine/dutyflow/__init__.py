"""Duties, time limits and life cycles of tickets, written once in YAML: checked, simulated, tested and run.

Names are loaded at first use, so that `import dutyflow.kernel` stays cheap: it must not pull in YAML or schemas.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dutyflow.kernel.calendars import Calendar

__version__ = "0.1.0"
__all__ = ["Calendar"]

_HOMES = {"Calendar": "dutyflow.kernel.calendars"}


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
