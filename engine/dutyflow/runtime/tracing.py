"""Spans for OpenTelemetry, where it is installed (`pip install 'dutyflow[tracing]'`) and set up; nothing otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # it may not be there, and takes time to load
    from opentelemetry.trace import Tracer

Note = Callable[[str, str | int], None]
"""Adds an attribute to the span."""

NAME = "dutyflow"


@contextmanager
def span(name: str, **attributes: str | int) -> Iterator[Note]:
    """A span around what is done within, named `dutyflow.<name>`; its attributes are counts and names, never values."""
    tracer = _tracer()
    if tracer is None:
        yield _nowhere
        return
    named = {f"{NAME}.{key}": value for key, value in attributes.items()}
    with tracer.start_as_current_span(f"{NAME}.{name}", attributes=named) as current:
        yield lambda key, value: current.set_attribute(f"{NAME}.{key}", value)


@cache
def _tracer() -> Tracer | None:
    try:
        from opentelemetry.trace import get_tracer
    except ImportError:
        return None
    return get_tracer(NAME)


def _nowhere(key: str, value: str | int) -> None:
    return None
