"""Counts for Prometheus what a process does, and shows how the store stands: numbers and names, never a value."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Iterator
from datetime import timedelta

from dutyflow.errors import MisuseError, StoreError
from dutyflow.ports.host import Clock, Outcome
from dutyflow.ports.queue import Count
from dutyflow.ports.store import SharedStore

try:
    from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
    from prometheus_client.core import GaugeMetricFamily, Metric
    from prometheus_client.registry import Collector
except ImportError as missing:
    raise MisuseError("Metrics need one more library: `pip install 'dutyflow[metrics]'`.") from missing

COUNTED_MAX = 1_000
"""What waits is counted up to here: a number that is looked at every few seconds must cost little."""


class Metrics:
    """An `Observer`. Each has a registry of its own, so that two engines in one process do not mix."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._commands = Counter(
            "dutyflow_commands", "Commands that were answered.", ("workflow", "answer"), registry=self._registry
        )
        self._conflicts = Counter(
            "dutyflow_transaction_conflicts",
            "Transactions tried again because another process was quicker.",
            registry=self._registry,
        )
        self._events = Counter(
            "dutyflow_timer_events", "Events that happened because their time had come.", registry=self._registry
        )
        self._deliveries = Counter(
            "dutyflow_deliveries", "Messages handed to a handler.", ("handler", "outcome"), registry=self._registry
        )
        self._rounds = Histogram(
            "dutyflow_worker_round_seconds", "How long a round took.", ("loop",), registry=self._registry
        )
        self._failed_rounds = Counter(
            "dutyflow_worker_rounds_failed", "Rounds that failed.", ("loop",), registry=self._registry
        )

    def watch(self, store: SharedStore, clock: Clock) -> None:
        """Show how a store stands as well, asked anew at each look."""
        self._registry.register(_Standing(store, clock))

    def text(self) -> bytes:
        """All metrics, as Prometheus reads them."""
        return generate_latest(self._registry)

    # --- as an observer -----------------------------------------------------------------------------------------

    def answered(self, workflow: str, *, denied: bool) -> None:
        """Count an answer."""
        self._commands.labels(workflow, "denied" if denied else "accepted").inc()

    def conflicted(self) -> None:
        """Count a transaction that is tried again."""
        self._conflicts.inc()

    def fired(self, events: int) -> None:
        """Count what time brought."""
        self._events.inc(events)

    def handed_over(self, handler: str, outcome: Outcome) -> None:
        """Count a message by what came of it."""
        self._deliveries.labels(handler, outcome).inc()

    def turned(self, loop: str, seconds: float, *, failed: bool) -> None:
        """Take the time of a round."""
        self._rounds.labels(loop).observe(seconds)
        if failed:
            self._failed_rounds.labels(loop).inc()


class _Standing(Collector):
    """How a store stands at the moment of a look. A store that cannot be reached is itself a number."""

    def __init__(self, store: SharedStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def describe(self) -> Iterable[Metric]:
        """Nothing: else the store would be asked when the metrics are set up."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """The gauges of this moment."""
        try:
            found = (*self._time(), self._messages(), _open_tickets(self._store.counts()))
        except StoreError:
            yield GaugeMetricFamily("dutyflow_store_up", "Whether the store can be reached.", 0)
            return
        yield GaugeMetricFamily("dutyflow_store_up", "Whether the store can be reached.", 1)
        yield from found

    def _time(self) -> Iterator[Metric]:
        now = self._clock.now()
        due = self._store.due(now, inclusive=False, limit=COUNTED_MAX)
        lag = now - due[0][0] if due else timedelta()
        said = "How long the earliest due moment has passed."
        yield GaugeMetricFamily("dutyflow_timer_lag_seconds", said, lag.total_seconds())
        yield GaugeMetricFamily("dutyflow_tickets_due", "Tickets whose due moment has passed (to 1000).", len(due))

    def _messages(self) -> Metric:
        metric = GaugeMetricFamily("dutyflow_messages", "Messages not delivered (to 1000).", labels=("status",))
        for status in ("waiting", "dead"):
            metric.add_metric((status,), len(self._store.messages(status, limit=COUNTED_MAX)))
        return metric


def _open_tickets(counts: Iterable[Count]) -> Metric:
    tally: Tally[tuple[str, str, str]] = Tally()
    for count in counts:
        if not count.closed:
            tally[count.book, count.workflow, "yes" if count.breached else "no"] += count.count
    metric = GaugeMetricFamily(
        "dutyflow_tickets_open", "Tickets that are not closed.", labels=("rulebook", "workflow", "breached")
    )
    for labels, number in sorted(tally.items()):
        metric.add_metric(labels, number)
    return metric
