"""Processes are killed in the middle of their work, and nothing is lost, doubled or answered differently.

Every run plays a few small cases. `python -m pytest -m crash` plays all of them with 500 tickets each: every point of
the way of a command, every process that can die there, moments at random, and the database itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.crash.drill import Danger, Drill, Who
from tests.crash.plan import planned
from tests.crash.reckoning import complaints
from tests.postgres import PostgresServer

from dutyflow.runtime.crash_points import POINTS

TIMERS = ("claimed",)
MESSAGES = ("taken", "delivered", "settled")
HOSTS_PASS = tuple(point for point in POINTS if point not in (*TIMERS, *MESSAGES))
WRITTEN = "written"
"""PostgreSQL writes and commits in one statement: nothing lies in between where we could die."""

Case = tuple[str, Who, str]
"""The kind of store, who dies, at which point; no point is any moment."""

WORKERS: tuple[Who, ...] = ("one worker", "all workers")


def cases() -> Iterator[Case]:
    """Every way to die."""
    for kind in ("sqlite", "postgres"):
        points = [point for point in POINTS if (kind, point) != ("postgres", WRITTEN)]
        yield from ((kind, "host", point) for point in points if point in HOSTS_PASS)
        yield from ((kind, who, point) for who in WORKERS for point in points)
        yield from ((kind, who, "") for who in ("host", *WORKERS))


FEW: tuple[Case, ...] = (
    ("sqlite", "host", "written"),
    ("sqlite", "all workers", "committed"),
    ("sqlite", "one worker", "delivered"),
    ("postgres", "host", "committed"),
    ("postgres", "all workers", ""),
)


def named(case: object) -> str:
    """The case in words, for the name of its test."""
    return "-".join(part.replace(" ", "_") or "any_moment" for part in case) if isinstance(case, tuple) else str(case)


@pytest.fixture
def url_of(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """The address of a new store of a kind."""

    def made(kind: str) -> str:
        return f"sqlite:///{tmp_path / 'desk.db'}" if kind == "sqlite" else request.getfixturevalue("postgres_url")

    return made


def play(url: str, folder: Path, danger: Danger, *, tickets: int, seed: int) -> Drill:
    """A drill that has been played and left nothing to complain about. Half of `tickets` are promises, half visits."""
    drill = Drill(url, folder, planned(tickets // 2, max(tickets // 50, 4)), danger, seed=seed)
    drill.run()
    found = complaints(drill)
    assert not found, f"{danger}, seed {seed}: {len(found)} complaints, the first: {found[:5]}"
    return drill


@pytest.mark.parametrize("case", FEW, ids=named)
def test_whoever_dies_nothing_is_lost_or_doubled(case: Case, url_of: Callable[[str], str], tmp_path: Path) -> None:
    kind, who, point = case
    drill = play(url_of(kind), tmp_path, Danger(who=(who,), point=point), tickets=40, seed=1)
    assert drill.deaths > 0


@pytest.mark.crash
@pytest.mark.parametrize("case", [*cases()], ids=named)
def test_with_many_tickets_nothing_is_lost_or_doubled_either(
    case: Case, url_of: Callable[[str], str], tmp_path: Path
) -> None:
    kind, who, point = case
    danger = Danger(who=(who,), point=point, deaths_max=12)
    assert play(url_of(kind), tmp_path, danger, tickets=1000, seed=2).deaths >= 6


@pytest.mark.crash
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_all_may_die_at_any_moment(kind: str, seed: int, url_of: Callable[[str], str], tmp_path: Path) -> None:
    danger = Danger(who=("host", "all workers"), deaths_max=40)
    assert play(url_of(kind), tmp_path, danger, tickets=1000, seed=seed).deaths >= 20


@pytest.mark.parametrize(
    ("tickets", "strikes", "deaths"), [(40, 1, 0), pytest.param(1000, 8, 12, marks=pytest.mark.crash)]
)
def test_a_database_that_is_killed_has_kept_what_it_said_it_kept(
    postgres_server: PostgresServer, postgres_url: str, tmp_path: Path, tickets: int, strikes: int, deaths: int
) -> None:
    def power_cut() -> None:
        postgres_server.kill()
        postgres_server.start()

    danger = Danger(who=("host",), deaths_max=deaths, strike=power_cut, strikes_max=strikes)
    assert play(postgres_url, tmp_path, danger, tickets=tickets, seed=3).strikes == strikes
