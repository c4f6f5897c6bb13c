"""A scenario on a real store, with a real worker and a real receiver, goes as `dutyflow simulate` tells it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event, Thread

import pytest
from standardwebhooks import Webhook
from tests.adapters.receiver import ACCEPTED, Receiver, Request, receiving
from tests.bootstrap.engines import SetClock, opened_engine
from tests.worker.posts import BRISK, WAIT_SECONDS

from dutyflow.adapters.webhook import WebhookHandler
from dutyflow.bootstrap.engine import Engine
from dutyflow.kernel.commands import Fire, Open
from dutyflow.lab.scenario import Scenario, ScenarioStep
from dutyflow.lab.scenario_reader import read_scenarios
from dutyflow.lab.simulation import MAIN, Simulation
from dutyflow.lab.trial import play
from dutyflow.resources import workflows_dir
from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.load import Loaded, load_rulebook

SECRET = "whsec_" + base64.b64encode(b"a key for tests, 32 bytes long..").decode()
TICKET = "complaint-1"
"""What the simulation calls its first complaint; here it is brought by whoever opens it."""
SCENARIOS = ["1.1", "1.12", "1.16", "1.2"]


class Inbox:
    """What a receiver does: accept, and tell when it has as much as it should get."""

    def __init__(self, expected: int) -> None:
        self.full = Event()
        self._left = expected

    def __call__(self, request: BaseHTTPRequestHandler) -> None:
        """Accept one message."""
        self._left -= 1
        if self._left == 0:
            self.full.set()
        ACCEPTED(request)


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return load_rulebook(workflows_dir() / "complaint_loop")


@pytest.fixture(params=SCENARIOS)
def scenario(request: pytest.FixtureRequest, loaded: Loaded) -> Scenario:
    assert loaded.raw is not None
    found = read_scenarios(loaded.raw, loaded.require_rules(), Findings(), loaded.reports.metrics)
    return next(one for one in found if one.id == request.param)


@pytest.fixture
def clock(scenario: Scenario) -> SetClock:
    return SetClock(scenario.steps[0].at)


@pytest.fixture
def engine(loaded: Loaded, clock: SetClock, tmp_path: Path) -> Iterator[Engine]:
    with opened_engine(f"sqlite:///{tmp_path / 'desk.db'}", clock) as made:
        made.publish(loaded)
        yield made


def do(engine: Engine, clock: SetClock, step: ScenarioStep, ids: dict[str, str]) -> None:
    """What somebody does, at the moment at which he does it; a step without an event only lets time pass."""
    clock.time = step.at
    if step.event is None:
        return
    if step.ticket not in ids:
        opening = Open(ticket=TICKET, workflow="complaint", event=step.event, actor=step.by, data=step.data)
        ids[step.ticket] = engine.submit(opening).ticket or ""
    else:
        fire = Fire(event=step.event, actor=step.by, data=step.data, reason=step.reason)
        engine.submit(fire, ticket=ids[step.ticket])


def played(engine: Engine, clock: SetClock, scenario: Scenario, simulation: Simulation) -> None:
    """Play the steps; the tickets of a simulation and their children have the same ids here."""
    ids = {name: id for name, id in simulation.names.items() if name != MAIN}
    for step in scenario.steps:
        do(engine, clock, step, ids)
    clock.time = simulation.now


def verified(request: Request) -> str:
    """The id of a message whose signature is right."""
    id, stamp = request.headers["webhook-id"], int(request.headers["webhook-timestamp"])
    expected = Webhook(SECRET).sign(id, datetime.fromtimestamp(stamp, UTC), request.body.decode())
    assert request.headers["webhook-signature"] == expected
    assert json.loads(request.body)["id"] == id
    return id


def handler(receiver: Receiver, clock: SetClock) -> WebhookHandler:
    return WebhookHandler(receiver.url, SECRET, allow_private=True, clock=clock)


def test_a_worker_does_what_the_simulation_tells(
    engine: Engine, clock: SetClock, scenario: Scenario, loaded: Loaded
) -> None:
    result = play(loaded.require_rules(), scenario)
    simulation = result.simulation
    notices = sorted(outgoing.id for outgoing in simulation.outbox)
    assert result.passed and notices
    inbox = Inbox(len(notices))
    with receiving(inbox) as receiver:
        worker = engine.worker([handler(receiver, clock)], pace=BRISK)
        thread = Thread(target=worker.run, daemon=True)
        thread.start()
        try:
            played(engine, clock, scenario, simulation)
            assert inbox.full.wait(WAIT_SECONDS)
        finally:
            worker.stop()
            thread.join(WAIT_SECONDS)
    engine.run_due()  # what tells nobody may have been left when the worker was stopped
    told = {ticket.id: simulation.runner.history(ticket.id) for ticket in simulation.tickets()}
    assert {ticket: engine.history(ticket) for ticket in told} == told
    assert sorted(ticket.id for ticket in engine.store.tickets()) == sorted(told)
    assert sorted(map(verified, receiver.requests)) == notices
