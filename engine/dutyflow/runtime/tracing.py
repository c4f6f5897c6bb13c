"""Spans for OpenTelemetry, where it is installed (`pip install 'dutyflow[tracing]'`) and set up; nothing otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # it may not be there, and takes time to load
    from opentelemetry.trace import Tracer

Note = Callable[[str, str | int], None]
"""Adds an attribute to the span."""

NAME = "dutyflow"


def span(name: str, **attributes: str | int) -> AbstractContextManager[Note]:
    """A span around what is done within, named `dutyflow.<name>`; its attributes are counts and names, never values."""
    tracer = _tracer()
    return _NO_SPAN if tracer is None else _span(tracer, name, attributes)


@contextmanager
def _span(tracer: Tracer, name: str, attributes: Mapping[str, str | int]) -> Iterator[Note]:
    named = {f"{NAME}.{key}": value for key, value in attributes.items()}
    with tracer.start_as_current_span(
        f"{NAME}.{name}", attributes=named, record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield lambda key, value: current.set_attribute(f"{NAME}.{key}", value)
        except BaseException as error:  # its words may name what is private
            current.set_status(_api().StatusCode.ERROR, type(error).__name__)
            raise


def _tracer() -> Tracer | None:
    """The tracer of the host; None where none has been set up, which may change at any time."""
    api = _api()
    if api is None or isinstance(api.get_tracer_provider(), api.ProxyTracerProvider):
        return None
    tracer: Tracer = api.get_tracer(NAME)
    return tracer


@cache
def _api() -> Any:
    try:
        import opentelemetry.trace as trace
    except ImportError:
        return None
    return trace


def _nowhere(key: str, value: str | int) -> None:
    return None


_NO_SPAN = nullcontext(_nowhere)
