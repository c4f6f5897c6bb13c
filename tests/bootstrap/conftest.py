"""An engine with the school published, on every store that needs no server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.bootstrap.engines import WITHOUT_SCHEDULES, SetClock, opened_engine, written

from dutyflow.bootstrap.engine import Engine


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'tickets.db'}"


@pytest.fixture(params=["sqlite", "memory"])
def url(request: pytest.FixtureRequest, sqlite_url: str) -> str:
    return sqlite_url if request.param == "sqlite" else "memory:"


@pytest.fixture
def engine(url: str, clock: SetClock, tmp_path: Path) -> Iterator[Engine]:
    with opened_engine(url, clock) as made:
        made.publish(written(tmp_path, WITHOUT_SCHEDULES))
        yield made
