"""The command line as a stranger uses it: words in, text and an exit code out; expected texts lie in golden files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from dutyflow_cli.main import main
from dutyflow_cli.making import TEMPLATE, plan, sources

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "cli"
Run = Callable[..., Result]


class Whole(click.Command):
    """The whole program, failures and all, where click's runner expects a command."""

    def main(self, args: Any = None, **_: Any) -> None:  # type: ignore[override]  # it never returns
        raise SystemExit(main(args))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs `dutyflow` with some words; COLUMNS is 100 unless said otherwise."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "NO_COLOR", "FORCE_COLOR", "DUTYFLOW_DEBUG"):
        monkeypatch.delenv(name, raising=False)

    def call(*words: str, lang: str = "en", columns: int = 100, typed: str = "") -> Result:
        environ = {"DUTYFLOW_LANG": lang, "COLUMNS": str(columns)}
        result = CliRunner().invoke(Whole("dutyflow"), list(words), input=typed, env=environ)
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
