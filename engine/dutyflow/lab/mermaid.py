"""Draws the path of a simulation as Mermaid text: the states it went through, or who did what in turn."""

from __future__ import annotations

import re

from dutyflow.kernel.rules import SYSTEM
from dutyflow.lab.simulation import MAIN, Simulation
from dutyflow.lab.story import Row, tell
from dutyflow.lab.story_text import row_text
from dutyflow.telling.moments import show_moment
from dutyflow.telling.teller import Teller


def path_diagram(simulation: Simulation, lang: str, *, ticket: str = MAIN) -> str:
    """A `stateDiagram-v2` of the states that one ticket went through; the edges are numbered in order."""
    workflow = simulation.ticket(ticket).workflow
    teller = Teller(simulation.rules, lang, workflow)
    rows = [row for row in tell(simulation) if row.ticket == ticket and row.kind in ("event", "timer")]
    states = list(dict.fromkeys(row.state for row in rows if row.state))
    lines = ["stateDiagram-v2"]
    lines += [f"    {_id(state)} : {_plain(teller.state(state))}" for state in states]
    before = "[*]"
    for number, row in enumerate(rows, start=1):
        when = show_moment(row.at, teller.zone, lang, year=False)
        label = _plain(f"{number}. {teller.event(row.name)} ({when})")
        lines.append(f"    {before} --> {_id(row.state)} : {label}")
        before = _id(row.state)
    if rows and simulation.rules.workflows[workflow].states[rows[-1].state].final:
        lines.append(f"    {before} --> [*]")
    return "\n".join(lines) + "\n"


def sequence_diagram(simulation: Simulation, lang: str) -> str:
    """A `sequenceDiagram`: who asked which ticket for what, and what time brought."""
    rows = [row for row in tell(simulation) if row.kind != "idle"]
    actors = list(dict.fromkeys(row.actor for row in rows if row.actor and row.actor != SYSTEM))
    tickets = list(dict.fromkeys(row.ticket for row in rows if row.ticket))
    lines = ["sequenceDiagram"]
    lines += [f"    actor {_id(actor)} as {_text(actor)}" for actor in actors]
    lines += [f"    participant {_id(ticket)} as {_text(ticket)}" for ticket in tickets]
    lines += [_message(row, simulation, lang) for row in rows if row.ticket]
    return "\n".join(lines) + "\n"


def _message(row: Row, simulation: Simulation, lang: str) -> str:
    teller = Teller(simulation.rules, lang, row.workflow or None)
    shown = row_text(row, teller)
    text = _text(f"{shown.time} {shown.what}")
    if not row.actor or row.actor == SYSTEM:
        return f"    Note over {_id(row.ticket)}: {text}"
    arrow = "--x" if row.kind == "denied" else "->>"
    return f"    {_id(row.actor)}{arrow}{_id(row.ticket)}: {text}"


def _id(name: str) -> str:
    """A name that Mermaid takes as an identifier: `end` and signs of its own are kept apart."""
    return "s_" + re.sub(r"\W", "_", name)


def _plain(text: str) -> str:
    """A label of a state diagram: a colon or semicolon would end it, so that look-alikes stand in for them."""
    return _text(text).replace(":", "∶")


def _text(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace(";", "；").replace("#", "＃")
