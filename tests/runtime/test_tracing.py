"""Spans say what is done and how often, and are nothing where OpenTelemetry is not installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.bootstrap.engines import SetClock
from tests.worker.posts import GIVE, Recorder, post, promises

from dutyflow.runtime import tracing
from dutyflow.runtime.tracing import span


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    """Each test looks for OpenTelemetry itself."""
    tracing._api.cache_clear()
    yield
    tracing._api.cache_clear()


def test_transactions_and_deliveries_have_spans_without_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(seen))
    monkeypatch.setattr("opentelemetry.trace.get_tracer_provider", lambda: provider)
    with promises(tmp_path, SetClock()) as engine:
        engine.submit(GIVE)
        post(engine, "m-1")
        worker = engine.worker([Recorder("mail")])
        for loop in worker.loops:
            loop.once()
    found = {one.name: dict(one.attributes or {}) for one in seen.get_finished_spans()}
    assert found["dutyflow.transaction"] == {"dutyflow.jobs": 1, "dutyflow.attempts": 1}
    assert found["dutyflow.round"] == {"dutyflow.loop": "messages"}
    delivery = {"dutyflow.handler": "mail", "dutyflow.message": "m-1", "dutyflow.attempt": 1}
    assert found["dutyflow.delivery"] == delivery


def test_a_span_of_what_failed_names_the_failure_and_not_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(seen))
    monkeypatch.setattr("opentelemetry.trace.get_tracer_provider", lambda: provider)
    with pytest.raises(LookupError), span("transaction", jobs=1):
        raise LookupError("13800000000")
    (failed,) = seen.get_finished_spans()
    assert (failed.status.is_ok, failed.status.description, failed.events) == (False, "LookupError", ())


def test_without_opentelemetry_a_span_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", None)
    with span("round", loop="timers") as note:
        note("attempts", 1)
    assert tracing._tracer() is None


def test_where_nobody_has_set_up_tracing_a_span_is_nothing() -> None:
    with span("round", loop="timers") as note:
        note("attempts", 1)
    assert tracing._tracer() is None


def test_tracing_that_is_set_up_later_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tracing._tracer() is None
    monkeypatch.setattr("opentelemetry.trace.get_tracer_provider", TracerProvider)
    assert tracing._tracer() is not None
