"""Monitors learn whether a worker lives and is ready, and nothing about anybody."""

from __future__ import annotations

from collections.abc import Callable
from http.client import HTTPConnection

import pytest

from dutyflow.adapters.status import StatusServer
from dutyflow.worker.worker import Health

WELL = Health(True, True)
LOST = Health(True, False, "postgresql://desk@db/desk is away")
STUCK = Health(False, True)


def ask(path: str, health: Health = WELL, metrics: Callable[[], bytes] | None = None) -> tuple[int, str, str]:
    with StatusServer("127.0.0.1", 0, health=lambda: health, metrics=metrics) as server:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.headers["Content-Type"], response.read().decode()
        finally:
            connection.close()


@pytest.mark.parametrize(("health", "status"), [(WELL, 200), (LOST, 200), (STUCK, 503)])
def test_health_is_whether_the_loops_turn(health: Health, status: int) -> None:
    assert ask("/health", health)[0] == status


@pytest.mark.parametrize(("health", "status"), [(WELL, 200), (LOST, 503)])
def test_ready_is_whether_the_store_can_be_used(health: Health, status: int) -> None:
    assert ask("/ready?from=probe", health) == (
        status,
        "application/json",
        f'{{"ready": {"true" if status == 200 else "false"}}}\n',
    )


def test_metrics_come_as_prometheus_reads_them() -> None:
    status, kind, body = ask("/metrics", metrics=lambda: b"dutyflow_store_up 1.0\n")
    assert (status, body) == (200, "dutyflow_store_up 1.0\n")
    assert kind.startswith("text/plain; version=0.0.4")


def test_without_the_library_for_metrics_a_sentence_says_what_to_install() -> None:
    status, _, body = ask("/metrics")
    assert status == 501 and "dutyflow[metrics]" in body


def test_any_other_path_is_not_there() -> None:
    assert ask("/")[0] == 404
