"""The metrics are those that the page for operators lists, and say nothing about people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.bootstrap.engines import SetClock, written
from tests.worker.posts import GIVE, PROMISES, Recorder, failing, later, post

from dutyflow.adapters.metrics import Metrics
from dutyflow.bootstrap.engine import Engine
from dutyflow.errors import DeliveryError, UnavailableError
from dutyflow.kernel.commands import Fire
from dutyflow.stores.shared_memory import SharedMemoryStore

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
ROW = re.compile(r"^\| `(dutyflow_\w+)` \| (\w+) \|([^|]*)\|", re.MULTILINE)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def engine(clock: SetClock, metrics: Metrics, tmp_path: Path) -> Iterator[Engine]:
    with Engine(SharedMemoryStore(clock=clock), clock=clock, observer=metrics) as made:
        made.publish(written(tmp_path, PROMISES, name="promises"))
        metrics.watch(made.store, clock)
        yield made


def samples(metrics: Metrics) -> dict[str, float]:
    """Every number by its name and the values of its labels, as Prometheus reads them."""
    families = text_string_to_metric_families(metrics.text().decode())
    return {
        " ".join((sample.name, *(value for _, value in sorted(sample.labels.items())))): sample.value
        for family in families
        for sample in family.samples
    }


def busy(engine: Engine, clock: SetClock) -> None:
    """A bit of everything."""
    kept = engine.submit(GIVE).ticket
    engine.submit(Fire(event="keep", actor="C1"), ticket=kept)
    engine.submit(Fire(event="keep", actor="A1"), ticket=kept)
    for _ in range(2):
        engine.submit(GIVE)
    later(clock, minutes=61)
    mail = Recorder("mail", failing(DeliveryError("busy")))
    worker = engine.worker([mail, Recorder("log")])
    for loop in worker.loops:
        loop.once()


def test_what_was_done_is_counted(engine: Engine, clock: SetClock, metrics: Metrics) -> None:
    busy(engine, clock)
    found = samples(metrics)
    assert found["dutyflow_commands_total accepted promise"] == 4
    assert found["dutyflow_commands_total denied promise"] == 1
    assert found["dutyflow_timer_events_total"] == 2
    assert found["dutyflow_deliveries_total mail retried"] == found["dutyflow_deliveries_total log delivered"] == 2
    assert found["dutyflow_worker_round_seconds_count timers"] == 1


def test_how_the_store_stands_is_shown_at_each_look(engine: Engine, clock: SetClock, metrics: Metrics) -> None:
    busy(engine, clock)
    post(engine, "m-1")
    found = samples(metrics)
    assert found["dutyflow_tickets_open no promises promise"] == 2
    assert (found["dutyflow_messages waiting"], found["dutyflow_messages dead"]) == (3, 0)
    assert (found["dutyflow_tickets_due"], found["dutyflow_timer_lag_seconds"]) == (0, 0)
    later(clock, minutes=60)
    found = samples(metrics)
    assert (found["dutyflow_tickets_due"], found["dutyflow_timer_lag_seconds"]) == (2, 60)
    engine.worker().run_once()
    assert samples(metrics)["dutyflow_tickets_open yes promises promise"] == 2


def test_conflicts_and_failed_rounds_are_counted(metrics: Metrics) -> None:
    metrics.conflicted()
    metrics.turned("timers", 0.5, failed=True)
    found = samples(metrics)
    assert found["dutyflow_transaction_conflicts_total"] == 1
    assert found["dutyflow_worker_rounds_failed_total timers"] == 1
    assert found["dutyflow_worker_round_seconds_sum timers"] == 0.5


def test_a_store_that_is_lost_is_a_number(engine: Engine, metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost() -> None:
        raise UnavailableError

    assert samples(metrics)["dutyflow_store_up"] == 1
    monkeypatch.setattr(engine.store, "counts", lost)
    found = samples(metrics)
    assert found["dutyflow_store_up"] == 0 and "dutyflow_tickets_due" not in found


def test_the_page_for_operators_lists_exactly_the_metrics_there_are(
    engine: Engine, clock: SetClock, metrics: Metrics
) -> None:
    busy(engine, clock)
    metrics.turned("timers", 0, failed=True)
    exported = {}
    for family in text_string_to_metric_families(metrics.text().decode()):
        if family.name.endswith("_created"):
            continue  # the library's own note since when it counts
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        exported[name] = (family.type, labels)
    listed = {
        name: (kind, set(re.findall(r"`(\w+)`", labels)))
        for name, kind, labels in ROW.findall(PAGE.read_text(encoding="utf-8"))
    }
    assert exported == listed
