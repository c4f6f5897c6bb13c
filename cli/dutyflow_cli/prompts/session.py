"""The interactive simulation: shows what may be done next and by whom, and plays what the reader chooses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.text import Text

from dutyflow.errors import DutyflowError
from dutyflow.kernel.actions import Action
from dutyflow.kernel.denials import Denial
from dutyflow.kernel.rules import NEW, Workflow
from dutyflow.kernel.ticket import Ticket
from dutyflow.lab.mermaid import path_diagram
from dutyflow.lab.script import ScriptError, read_line, script_error_text
from dutyflow.lab.simulation import MAIN, Simulation
from dutyflow.lab.story import tell
from dutyflow.lab.story_text import owner_text
from dutyflow.telling.moments import Anchor, show_moment
from dutyflow.telling.teller import Teller, denial_text
from dutyflow.wording import say
from dutyflow_cli.playing import check_order, moment_of, save_path
from dutyflow_cli.prompts.choices import choices, probe
from dutyflow_cli.prompts.fields import GivenUp, ask_for, ask_reason
from dutyflow_cli.prompts.lines import Farewell, ask
from dutyflow_cli.render.excerpt import clean
from dutyflow_cli.render.story import draw_story, result_line
from dutyflow_cli.render.tables import draw, indented
from dutyflow_cli.settings import Settings

_FIRST = "2026-03-02 09:00"
_FIELDS_MAX = 100


@dataclass(slots=True)
class Session:
    """One sitting at the terminal. Every act is kept, so that `back` can play all but the last again."""

    simulation: Simulation
    settings: Settings
    start: datetime | None = None
    ids: bool = False
    save_as: str | None = None
    shown: int = 0
    acts: list[Callable[[Simulation], object]] = field(default_factory=list)
    at: datetime | None = None
    """Where the reader's clock stands; the next act happens then."""
    seen: tuple[int, datetime] | None = None
    """What was shown last; the same is not shown twice."""

    def __post_init__(self) -> None:
        """Take over what a script has played already."""
        for played in self.simulation.played:
            self.acts.append(_doing(played.at, played.actor, played.event, played.data, played.name, played.reason))
        if self.simulation.started:
            now = self.simulation.now
            self.at = now
            self.acts.append(_waiting(now))

    def run(self) -> Simulation:
        """Ask until the reader has had enough; the simulation as it stands then."""
        try:
            self.at = self.at or self.start or self._ask_start()
            while True:
                self._turn()
        except Farewell:
            pass
        click.echo(result_line(self.simulation, self.settings.lang))
        if self.save_as:
            self._save(self.save_as)
        return self.simulation

    # --- one turn -----------------------------------------------------------------------------------------------

    def _turn(self) -> None:
        self._show_news()
        offered = choices(self.simulation, self._now)
        stands = (len(self.simulation.records), self._now)
        if stands != self.seen:
            self.seen = stands
            self._show_ticket()
            self._show(offered)
        line = ask("> ")
        word, _, rest = line.partition(" ")
        try:
            self._obey(word, rest.strip(), line, offered)
        except (click.UsageError, ScriptError, DutyflowError) as error:
            click.echo("  " + _sentence(error, self.settings.lang))

    def _obey(self, word: str, rest: str, line: str, offered: tuple[Action, ...]) -> None:
        letters: dict[str, Callable[[str], object]] = {
            "w": self._wait,
            "n": lambda _: self._next_timer(),
            "b": lambda _: self._back(),
            "g": lambda _: self._graph(),
            "s": lambda name: self._save(name or self.save_as or ask(say("cli_ask.file", self.settings.lang) + ": ")),
            "h": lambda _: self._again(),
            "?": lambda _: self._again(),
        }
        open_ones = [choice for choice in offered if choice.allowed]
        if word.lower() in ("q", "quit", "exit"):
            raise Farewell
        if not line:
            return
        if word.lower() in letters:
            letters[word.lower()](rest)
        elif word.isdecimal():
            if not 0 < int(word) <= len(open_ones):
                raise click.UsageError(say("cli_ask.no_number", self.settings.lang, count=len(open_ones)))
            self._choose(open_ones[int(word) - 1], rest)
        elif named := next((choice for choice in offered if choice.event == word), None):
            self._choose(named, rest)
        else:
            self._line(line)

    def _choose(self, choice: Action, rest: str) -> None:
        """An event was picked; the rest of the line may name who, and fields."""
        words = read_line(f"00:00 x {choice.event} {_pairs_of(rest)}", self._anchor)
        actor = _actor_of(rest) or words.data.get("by") or next(iter(choice.who), "")
        self._do(actor, choice.event, dict(words.data), words.reason, choice)

    def _line(self, line: str) -> None:
        """A whole line as in a script: `S1 judge_upheld statement=...`, with a time before it if it is later."""
        try:
            step = read_line(line, self._anchor)
        except ScriptError:
            step = read_line(f"{self._now.astimezone(self._zone):%Y-%m-%d %H:%M:%S} {line}", self._anchor)
        check_order(step.at, self.simulation, self.settings)
        self.at = step.at
        if step.event is None:
            self._act(_waiting(step.at))
        else:
            self._act(_doing(step.at, step.actor, step.event, step.data, step.ticket, step.reason))

    def _do(self, actor: str, event: str, data: dict[str, Any], reason: str | None, choice: Action) -> None:
        """Ask for whatever is still missing, then do it."""
        try:
            for _ in range(_FIELDS_MAX):
                denial = probe(self.simulation, self._now, self._ticket, (actor, event), data, reason)
                if denial is None or not self._ask_for(denial, data):
                    break
            if denial is not None and denial.code == "reason":
                reason = ask_reason(self._teller)
        except GivenUp:
            click.echo("  " + say("cli_ask.given_up", self.settings.lang))
            return
        self._act(_doing(self._now, actor, event, data, MAIN, reason))

    def _ask_for(self, denial: Denial, data: dict[str, Any]) -> bool:
        """Ask for the first thing that a refusal misses; False when it is not about data."""
        missing = denial.values.get("missing") if denial.code == "evidence" else None
        if not missing:
            return False
        name, value = ask_for(str(missing[0]), self._workflow, self._teller)
        data[name] = value
        return True

    # --- letters ------------------------------------------------------------------------------------------------

    def _wait(self, text: str) -> None:
        text = text or ask(say("cli_ask.wait", self.settings.lang) + ": ")
        if not text:
            return
        anchor = Anchor(self._zone, self._now, self._now)
        readable = text if text.startswith("+") or ":" in text else f"+{text}"
        until = moment_of(readable, anchor, self.settings)
        check_order(until, self.simulation, self.settings)
        self.at = until
        if self.simulation.started:
            self._act(_waiting(until))

    def _next_timer(self) -> None:
        due = self.simulation.next_due_at
        if due is None:
            click.echo("  " + say("cli_ask.no_timer", self.settings.lang))
            return
        self.at = max(due, self._now)
        self._act(lambda simulation: simulation.advance_to_next())

    def _back(self) -> None:
        if not self.acts:
            click.echo("  " + say("cli_ask.no_back", self.settings.lang))
            return
        self.acts.pop()
        before = self.simulation
        fresh = Simulation(before.rules, workflow=before.workflow, members=before.members, schedules=before.schedules)
        for act in self.acts:
            act(fresh)
        self.simulation, self.at = fresh, fresh.now if fresh.started else self.start or self.at
        self.shown = 0

    def _again(self) -> None:
        self.seen = None

    def _graph(self) -> None:
        if self._ticket is not None:
            click.echo(path_diagram(self.simulation, self.settings.lang))

    def _save(self, name: str) -> None:
        try:
            path = save_path(self.simulation, name, self.settings)
        except DutyflowError as error:
            click.echo("  " + error.message)
            return
        self.save_as = None
        click.echo("  " + say("cli_simulate.saved", self.settings.lang, path=path))

    # --- showing ------------------------------------------------------------------------------------------------

    def _show_news(self) -> None:
        rows = len(tell(self.simulation))
        if rows > self.shown:
            click.echo(draw_story(self.simulation, self.settings, ids=self.ids, since=self.shown))
            self.shown = rows

    def _show_ticket(self) -> None:
        lang, ticket, teller = self.settings.lang, self._ticket, self._teller
        time = show_moment(self._now, self._zone, lang)
        if ticket is None:
            click.echo("\n" + say("cli_ask.no_ticket", lang, time=time))
            return
        state = f"{teller.state(ticket.state)} ({ticket.state})"
        click.echo(
            "\n" + say("cli_ask.stands", lang, time=time, state=state, owner=owner_text(ticket.owner, teller) or "-")
        )
        for run in ticket.clocks:
            due = show_moment(run.due_at, self._zone, lang, year=False) if run.due_at else "-"
            key = "clock_late" if run.late else "clock_paused" if run.paused else "clock_runs"
            click.echo("  " + say(f"cli_ask.{key}", lang, clock=teller.clock(run.sla), due=due))

    def _show(self, offered: tuple[Action, ...]) -> None:
        lang, teller = self.settings.lang, self._teller
        for number, choice in enumerate((one for one in offered if one.allowed), start=1):
            title = teller.event(choice.event)
            click.echo(f"  {number:>2}  {title} ({choice.event}) · {', '.join(choice.who)}")
        for choice in offered:
            if choice.denial is not None:
                why = denial_text(choice.denial, self.simulation.rules, lang, workflow=self._workflow.id)
                click.echo(f"   -  {teller.event(choice.event)} ({choice.event}): {clean(why)}")
        if not offered:
            click.echo("  " + say("cli_ask.over", lang))
        later = self._later()
        if later and self._ticket is not None and offered:
            names = say("cli_ask.later", lang, events=teller.listed(teller.event(event) for event in later))
            click.echo(draw([indented(Text(names, style="dim"), 2)], self.settings))
        click.echo("  " + self._keys())

    def _later(self) -> list[str]:
        """The events that people ask for in other states."""
        state = self._ticket.state if self._ticket else NEW
        return [
            event
            for event, steps in self._workflow.steps.items()
            if state not in steps and NEW not in steps and any(rule.trigger == "person" for rule in steps.values())
        ]

    def _keys(self) -> str:
        return say("cli_ask.keys", self.settings.lang)

    # --- small things -------------------------------------------------------------------------------------------

    def _act(self, act: Callable[[Simulation], object]) -> None:
        act(self.simulation)
        self.acts.append(act)

    def _ask_start(self) -> datetime:
        while True:
            text = ask(say("cli_ask.start", self.settings.lang, first=_FIRST) + ": ") or _FIRST
            try:
                return moment_of(text, Anchor(self._zone), self.settings)
            except click.UsageError as error:
                click.echo("  " + error.message)

    @property
    def _now(self) -> datetime:
        assert self.at is not None, "a session begins with a time"
        return self.at

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.simulation.rules.zone)

    @property
    def _anchor(self) -> Anchor:
        first = self.simulation.records[0].at if self.simulation.records else self._now
        return Anchor(self._zone, self._now, first)

    @property
    def _ticket(self) -> Ticket | None:
        return self.simulation.ticket(MAIN) if MAIN in self.simulation.names else None

    @property
    def _workflow(self) -> Workflow:
        ticket = self._ticket
        return self.simulation.rules.workflows[ticket.workflow if ticket else self.simulation.workflow or ""]

    @property
    def _teller(self) -> Teller:
        return Teller(self.simulation.rules, self.settings.lang, self._workflow.id)


def _doing(
    at: datetime, actor: str, event: str, data: Mapping[str, Any], ticket: str, reason: str | None
) -> Callable[[Simulation], object]:
    """An act that can be played again: somebody asks for an event."""
    return lambda simulation: simulation.do(at, actor, event, data, ticket=ticket, reason=reason)


def _waiting(until: datetime) -> Callable[[Simulation], object]:
    """An act that can be played again: time passes."""
    return lambda simulation: simulation.advance(until)


def _actor_of(rest: str) -> str:
    """The first word after an event, if it is not a `field=value`."""
    word = rest.split(" ", 1)[0]
    return "" if "=" in word else word


def _pairs_of(rest: str) -> str:
    actor = _actor_of(rest)
    return rest.removeprefix(actor).strip()


def _sentence(error: Exception, lang: str) -> str:
    if isinstance(error, ScriptError):
        return script_error_text(error, lang)
    return error.message if isinstance(error, click.UsageError | DutyflowError) else str(error)
