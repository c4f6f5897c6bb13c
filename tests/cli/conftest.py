"""The command line as a stranger uses it: words in, text and an exit code out; expected texts lie in golden files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import pytest
from click.testing import CliRunner, Result

from dutyflow.bootstrap.engine import Engine
from dutyflow.kernel.commands import Fire, Open
from dutyflow.runtime.clocks import VirtualClock
from dutyflow.telling.moments import Anchor, read_moment
from dutyflow_cli.main import main
from dutyflow_cli.making import TEMPLATE, plan, sources

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "cli"
SHANGHAI = ZoneInfo("Asia/Shanghai")
Run = Callable[..., Result]


class Whole(click.Command):
    """The whole program, failures and all, where click's runner expects a command."""

    clock: VirtualClock | None = None

    def main(self, args: Any = None, **_: Any) -> None:  # type: ignore[override]  # it never returns
        raise SystemExit(main(args, clock=self.clock))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs `dutyflow` with some words; COLUMNS is 100 unless said otherwise.

    `at` is what time it is then (`2026-03-06 19:10`, in Shanghai); the clock of the machine without it.
    """
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "NO_COLOR", "FORCE_COLOR", "DUTYFLOW_DEBUG", "DUTYFLOW_STORE"):
        monkeypatch.delenv(name, raising=False)

    def call(*words: str, lang: str = "en", columns: int = 100, typed: str = "", at: str = "") -> Result:
        environ = {"DUTYFLOW_LANG": lang, "COLUMNS": str(columns)}
        program = Whole("dutyflow")
        program.clock = VirtualClock(read_moment(at, Anchor(SHANGHAI))) if at else None
        result = CliRunner().invoke(program, list(words), input=typed, env=environ)
        assert "Traceback" not in result.output
        return result

    return call


@pytest.fixture
def at_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in the root of the repository, so that files are named as people there see them."""
    monkeypatch.chdir(ROOT)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder `acme` with a rulebook from the template, made once and only to be copied."""
    folder = tmp_path_factory.mktemp("made") / "acme"
    plan(sources()[TEMPLATE], folder / "requests", None).write()
    return folder


@pytest.fixture
def book(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A rulebook made from the template, in `acme/requests` below the folder in which the test works."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(made, "acme")
    return Path("acme/requests")


STORY = {
    "2026-03-06 19:10": Open(
        ticket="T-1",
        workflow="request",
        event="register",
        actor="A1",
        data={
            "customer_name": "王女士",
            "phone": "138",
            "content": "空调",
            "first_contact_at": "2026-03-06 19:05",
        },
    ),
    "2026-03-06 19:20": Fire(event="assign", actor="A1", data={"kind": "维修"}),
    "2026-03-06 19:30": Fire(event="assign", actor="S1", data={"kind": "维修"}),
    "2026-03-09 10:00": Fire(event="ask_customer", actor="R1", data={"question": "型号"}),
    "2026-03-09 15:00": Fire(event="answered", actor="A1", data={"answer": "A型"}),
}


@pytest.fixture(scope="session")
def stores(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two stores, made once and only to be copied: `empty.db` with the rulebook of `made`, `story.db` with a ticket."""
    folder = tmp_path_factory.mktemp("stores")
    clock = VirtualClock(read_moment("2026-03-06 09:00", Anchor(SHANGHAI)))
    with Engine.open(f"sqlite:///{folder.as_posix()}/empty.db", clock=clock) as engine:
        engine.publish(made / "requests")
    shutil.copy(folder / "empty.db", folder / "story.db")
    with Engine.open(f"sqlite:///{folder.as_posix()}/story.db", clock=clock) as engine:
        for text, command in STORY.items():
            clock.move_to(read_moment(text, Anchor(SHANGHAI)))
            engine.submit(command, ticket=None if isinstance(command, Open) else "T-1")
    return folder


@pytest.fixture
def store(stores: Path, book: Path) -> Path:
    """The rulebook of `book`, published in a store in the folder in which the test works."""
    return Path(shutil.copy(stores / "empty.db", "dutyflow.db"))


@pytest.fixture
def story(stores: Path, book: Path) -> Path:
    """The same with a request `T-1`: a wrong hand first, then it is handled, stands still and goes on."""
    return Path(shutil.copy(stores / "story.db", "dutyflow.db"))


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Return a function that compares a text with the golden file of that name. UPDATE_GOLDEN=1 writes it instead."""

    def compare(name: str, text: str) -> None:
        file = GOLDEN / name
        if os.environ.get("UPDATE_GOLDEN"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert text == file.read_text(encoding="utf-8")

    return compare
