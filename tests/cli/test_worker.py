"""`dutyflow worker` as a service manager knows it: options, signals, exit codes, what it says on stderr."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event

import pytest
from tests.adapters.receiver import ACCEPTED, receiving
from tests.bootstrap.engines import MONDAY, SetClock
from tests.worker.posts import GIVE, WAIT_SECONDS, promises

from dutyflow.bootstrap.engine import Engine
from dutyflow.kernel.effects import Notice

ROOT = Path(__file__).resolve().parents[2]
SECRET = base64.b64encode(b"a key for tests, 32 bytes long..").decode()
LONG_AGO = MONDAY - timedelta(days=2200)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A store with a promise that was given long ago and not kept."""
    made = f"sqlite:///{tmp_path / 'desk.db'}"
    with promises(tmp_path, SetClock(LONG_AGO), made) as engine:
        engine.submit(GIVE)
    return made


@contextmanager
def started(*words: str) -> Iterator[subprocess.Popen[str]]:
    """A worker in a process of its own, that has begun."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "engine"), str(ROOT / "cli")])}
    line = [sys.executable, "-m", "dutyflow_cli", "--lang", "en", "worker", "--pause", "0.05s", *words]
    environ["WEBHOOK_SECRET"] = SECRET
    with subprocess.Popen(line, env=environ, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def line_with(process: subprocess.Popen[str], words: str) -> str:
    """The first line of its log that has these words in it."""
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(line)
        if words in line:
            return line
    raise AssertionError("".join(seen))


def messages(url: str) -> list[tuple[str, str]]:
    """The alarms that are kept: how far they came, and of which kind they are."""
    with Engine.open(url) as engine:
        kept = [(waiting.status, waiting.outgoing.notice) for waiting in engine.store.messages(limit=9)]
    return [(status, notice.kind) for status, notice in kept if isinstance(notice, Notice)]


# --- signals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_it_finish_and_end_well(url: str, number: signal.Signals) -> None:
    with started("--store", url, "--log-messages", "--log-format", "json") as process:
        assert "breach" in line_with(process, "breach")
        process.send_signal(number)
        ended = json.loads(line_with(process, "has ended"))
        assert process.wait(WAIT_SECONDS) == 0
    assert (ended["level"], ended["logger"]) == ("INFO", "dutyflow.worker.worker")
    assert ended["time"].endswith("Z")


def test_a_second_signal_ends_it_at_once(url: str) -> None:
    asked = Event()

    def hang(request: BaseHTTPRequestHandler) -> None:
        asked.set()
        receiver.over.wait(WAIT_SECONDS)

    with receiving(hang) as receiver:
        words = ("--webhook", receiver.url, "--secret", "env:WEBHOOK_SECRET", "--allow-private")
        with started("--store", url, *words) as process:
            assert asked.wait(WAIT_SECONDS)
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGINT)
            assert process.wait(WAIT_SECONDS) in (128 + signal.SIGTERM, 128 + signal.SIGINT)
    assert {status for status, _ in messages(url)} == {"waiting"}


def test_it_tells_monitors_how_it_is(url: str) -> None:
    with started("--store", url, "--log-messages", "--listen", "127.0.0.1:0") as process:
        address = line_with(process, "at http://").rpartition("http://")[2].strip()
        line_with(process, "breach")
        found = {path: asked(address, path) for path in ("/health", "/ready", "/metrics")}
        process.terminate()
        assert process.wait(WAIT_SECONDS) == 0
    assert [status for status, _ in found.values()] == [200, 200, 200]
    assert 'dutyflow_tickets_open{breached="yes",rulebook="promises",workflow="promise"} 1.0' in found["/metrics"][1]


def asked(address: str, path: str) -> tuple[int, str]:
    connection = HTTPConnection(address, timeout=WAIT_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


# --- one round ------------------------------------------------------------------------------------------------------


def test_once_does_what_is_due_and_ends(run, url: str) -> None:
    result = run("worker", "--store", url, "--once", "--log-messages")
    assert result.exit_code == 0, result.output
    assert messages(url)[:2] == [("delivered", "warning"), ("delivered", "breach")]


def test_the_store_may_come_from_the_environment(run, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUTYFLOW_STORE", url)
    assert run("worker", "--once").exit_code == 0
    assert {status for status, _ in messages(url)} == {"waiting"}


def test_a_webhook_gets_what_is_due(run, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET)
    with receiving(ACCEPTED) as receiver:
        words = ("--webhook", receiver.url, "--secret", "env:WEBHOOK_SECRET", "--allow-private")
        assert run("worker", "--store", url, "--once", *words).exit_code == 0
    assert len(receiver.requests) == len(messages(url))


def test_a_store_that_is_not_there_ends_it_with_3(run, tmp_path: Path) -> None:
    result = run("worker", "--store", f"sqlite:///{tmp_path / 'nothing.db'}", "--once")
    assert result.exit_code == 3 and "nothing.db" in result.stderr


# --- wrong usage ----------------------------------------------------------------------------------------------------

WRONG = {
    "--webhook https://example.com/": "--webhook needs --secret as well",
    "--smtp mail.example.com": "--smtp needs --mail-from as well",
    "--smtp mail.example.com --mail-from desk@example.com": "--smtp needs --mail-to as well",
    "--smtp mail:port --mail-from desk@example.com": "`mail:port` is no host:port",
    "--smtp mail --mail-from desk@example.com --mail-to S1=": "`S1=` is no id=address",
    "--listen 8701": "`8701` is no host:port",
    "--pause soon": "`soon` is no number of seconds",
    "--pause 0": "`0` is no number of seconds",
    "--pause nan": "`nan` is no number of seconds",
}


@pytest.mark.parametrize(("words", "said"), WRONG.items())
def test_what_is_wrong_is_said(run, words: str, said: str) -> None:
    result = run("worker", *words.split(" "))
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())


def test_an_address_in_use_is_named(run, url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        result = run("worker", "--once", "--store", url, "--listen", address)
    assert result.exit_code == 3 and f"--listen: {address} cannot be used" in result.stderr


def test_a_secret_is_never_written_out(run) -> None:
    result = run("worker", "--webhook", "https://example.com/", "--secret", SECRET)
    assert result.exit_code == 3 and SECRET not in result.output
