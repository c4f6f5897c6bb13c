"""Plays scripted lines on a simulation, and puts what cannot be played into a sentence of the reader's language."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from dutyflow.errors import InputError
from dutyflow.kernel.rules import NEW
from dutyflow.lab.save import scenario_yaml
from dutyflow.lab.script import ScriptError, ScriptStep, play_step, read_lines, script_error_text
from dutyflow.lab.simulation import MAIN, Simulation, opening_events
from dutyflow.rulebook.findings import closest
from dutyflow.rulebook.load import Loaded
from dutyflow.telling.moments import Anchor, MomentError, read_moment, show_moment
from dutyflow.telling.teller import Teller
from dutyflow.wording import say
from dutyflow_cli.moments import moment_problem
from dutyflow_cli.prompts.choices import choices
from dutyflow_cli.rulebooks import exists, own_ids
from dutyflow_cli.settings import Settings

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
END = "end"
EXAMPLE_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_TIMERS_MAX = 1_000


def workflow_of(loaded: Loaded, name: str | None, settings: Settings) -> str:
    """The workflow that was named, else the first that the rulebook itself declares, which is its main one."""
    rules = loaded.require_rules()
    if name is None:
        first = next(iter([*own_ids(loaded, "workflows"), *rules.workflows]), None)
        if first is None:
            raise InputError(say("cli_simulate.no_workflow", settings.lang, rulebook=rules.name))
        return first
    if name in rules.workflows:
        return name
    near = closest(name, rules.workflows)
    hint = say("cli.did_you_mean", settings.lang, name=near) if near else ""
    known = ", ".join(rules.workflows)
    raise click.UsageError(say("cli_simulate.unknown_workflow", settings.lang, name=name, known=known, hint=hint))


def read_steps(lines: Iterable[str], anchor: Anchor, settings: Settings) -> tuple[ScriptStep, ...]:
    """The steps of a script; a usage error that names the line which cannot be read."""
    try:
        return read_lines(lines, anchor)
    except ScriptError as error:
        raise click.UsageError(script_error_text(error, settings.lang)) from None


def script_lines(script: str | None, settings: Settings) -> Iterator[str]:
    """The lines of a script file, or of stdin for `-`; none without a script."""
    if script is None:
        return
    if script == "-":
        yield from sys.stdin.read().splitlines()
        return
    path = Path(script)
    if not exists(path, settings.lang) or path.is_dir():
        raise InputError(say("cli.no_such_path", settings.lang, path=script))
    try:
        yield from path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise InputError(say("cli.not_utf8", settings.lang, path=script)) from None


def play_steps(steps: Sequence[ScriptStep], simulation: Simulation, settings: Settings) -> None:
    """Play all steps in order; a refusal is part of the story, a step that makes no sense a usage error."""
    for step in steps:
        check_order(step.at, simulation, settings)
        if simulation.schedules:
            simulation.begin(step.at)  # what schedules open until then may be meant by the step
        if step.event is not None:
            check_opens(step.event, step.ticket, simulation, settings)
        play_step(step, simulation)


def check_order(at: datetime, simulation: Simulation, settings: Settings) -> None:
    """Refuse a moment before the one at which the simulation stands."""
    if simulation.started and at < simulation.now:
        zone = ZoneInfo(simulation.rules.zone)
        moments = {"at": show_moment(at, zone, settings.lang), "now": show_moment(simulation.now, zone, settings.lang)}
        raise click.UsageError(say("cli_simulate.back_in_time", settings.lang, **moments))


def check_opens(event: str, ticket: str, simulation: Simulation, settings: Settings) -> None:
    """Refuse an event on a ticket that nobody has opened, unless it opens one."""
    if ticket in simulation.names or any(known.id == ticket for known in simulation.tickets()):
        return
    rules = simulation.rules
    if any(NEW in workflow.steps.get(event, {}) for workflow in rules.workflows.values()):
        return
    first = [simulation.workflow] if simulation.workflow else list(rules.workflows)
    openers = ", ".join(name for workflow in first for name in opening_events(rules, workflow))
    raise click.UsageError(say("cli_simulate.not_open", settings.lang, ticket=ticket, event=event, openers=openers))


def run_until(text: str, simulation: Simulation, anchor: Anchor, settings: Settings) -> None:
    """Let time run to a moment; `end` means: until nothing happens by itself any more."""
    if text.strip().lower() == END:
        for _ in range(_TIMERS_MAX):
            if simulation.advance_to_next() is None:
                return
        return
    at = moment_of(text, anchor, settings)
    check_order(at, simulation, settings)
    simulation.advance(at)


def moment_of(text: str, anchor: Anchor, settings: Settings) -> datetime:
    """A moment that somebody typed, a date alone meaning its first minute; a usage error says how to write one."""
    try:
        return read_moment(f"{text} 00:00" if _DATE.fullmatch(text.strip()) else text, anchor)
    except MomentError as error:
        raise click.UsageError(moment_problem(error, text, settings.lang)) from None


def save_path(simulation: Simulation, file: str, settings: Settings) -> Path:
    """Write what was played as a scenario; refuse to overwrite a file."""
    path = Path(file)
    if path.exists():
        raise InputError(say("cli_simulate.file_exists", settings.lang, path=path))
    if MAIN not in simulation.names:
        raise InputError(say("cli_simulate.nothing_to_save", settings.lang))
    if not path.parent.is_dir():
        raise InputError(say("cli.no_such_path", settings.lang, path=path.parent))
    ticket = simulation.ticket(MAIN)
    title = Teller(simulation.rules, settings.lang).workflow(ticket.workflow)
    name = "".join(sign if sign.isalnum() or sign in "_.-" else "_" for sign in path.stem).lstrip("_.-") or "played"
    text = scenario_yaml(simulation, id=name, title=title)
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def example_line(simulation: Simulation) -> str:
    """A `--do` that opens a ticket, made of this rulebook's own names: who may, and what it needs."""
    choice = next(iter(choices(simulation, EXAMPLE_AT)))
    actor = next(iter(choice.who), "system")
    pairs = [f"{name.split(' | ')[0]}=..." for name in choice.needs]
    return f'"{EXAMPLE_AT:%Y-%m-%d %H:%M} {" ".join([actor, choice.event, *pairs])}"'
