"""What docs/operations.md shows can be used as it stands: commands, a service, alerts, links, every line of the log."""

import ast
import re
import shlex
from configparser import ConfigParser
from pathlib import Path

import click
import pytest
import yaml

from dutyflow_cli.main import cli

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
TEXT = re.sub(r"\\\n\s*", "", "".join(text for kind, text in BLOCKS if not kind))
INLINE = re.findall(r"`(dutyflow [^`]+)`", PAGE)
COMMANDS = sorted({line for line in (*TEXT.splitlines(), *INLINE) if line.startswith("dutyflow ")})


def block(kind: str, word: str) -> str:
    return next(text for found, text in BLOCKS if found == kind and word in text)


def check_usage(words: list[str]) -> None:
    """Walk to the command and let it read its words; what it needs and is not given here is not asked for."""
    command: click.Command = cli
    context = click.Context(cli)
    while isinstance(command, click.Group) and words:
        found = command.get_command(context, words[0])
        assert found is not None, f"there is no command {words[0]}"
        command, words = found, words[1:]
    known = {name for param in command.params for name in param.opts}
    assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_page_exists_with_its_options(line: str) -> None:
    check_usage(shlex.split(line)[1:])


def test_the_service_starts_a_command_that_exists() -> None:
    unit = ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]  # systemd knows upper and lower case
    unit.read_string(block("ini", "[Service]"))
    program, *words = shlex.split(unit["Service"]["ExecStart"])
    assert program.endswith("/bin/dutyflow")
    check_usage(words)


def test_alerts_speak_of_metrics_that_exist() -> None:
    rules = yaml.safe_load(block("yaml", "alert:"))["groups"][0]["rules"]
    table = set(re.findall(r"^\| `(dutyflow_\w+)`", PAGE, re.MULTILINE))
    assert all(set(re.findall(r"dutyflow_\w+", rule["expr"])) <= table for rule in rules)
    assert len(rules) == len({rule["alert"] for rule in rules})


def test_probes_ask_paths_that_exist() -> None:
    worker = yaml.safe_load(block("yaml", "livenessProbe"))["containers"][0]
    for probe in ("livenessProbe", "readinessProbe"):
        assert f"| `{worker[probe]['httpGet']['path']}` |" in PAGE


def test_every_line_of_the_log_is_explained() -> None:
    rooms = [ROOT / "engine" / "dutyflow" / room for room in ("runtime", "worker")]
    for path in (file for room in rooms for file in room.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in LOGGING:
                assert isinstance(node.args[0], ast.Constant)
                assert f"`{node.args[0].value}`" in PAGE, f"{path.name}: {node.args[0].value}"


LOGGING = {f"_log.{level}" for level in ("info", "warning", "error", "exception")}


def test_links_within_the_pages_lead_somewhere() -> None:
    pages = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")}
    for name in ("operations.md", "guarantees.md"):
        for target, anchor in re.findall(r"\]\(([\w./]*)#([^)]+)\)", pages[name]):
            headings = re.findall(r"^#+ (.+)$", pages[target or name], re.MULTILINE)
            assert anchor in {anchor_of(heading) for heading in headings}, f"{name}: #{anchor}"


def anchor_of(heading: str) -> str:
    """As the usual viewers make it: small letters, no punctuation, hyphens for blanks."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
