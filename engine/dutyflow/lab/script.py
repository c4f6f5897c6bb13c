"""Reads what to play from one line each: `2026-03-06 19:10 A1 register complainant=王女士 reason='第二次来电'`."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dutyflow.errors import DutyflowError
from dutyflow.lab.simulation import MAIN, Simulation
from dutyflow.ports.records import Answer
from dutyflow.telling.moments import Anchor, MomentError, read_moment
from dutyflow.wording import Phrase, say

_MOMENT_WORDS_MAX = 3
_OWN_WORDS = ("by", "ticket", "reason")


class ScriptError(DutyflowError, ValueError):
    """A line cannot be played. `phrase` says why in the reader's language, `line` is its number from 1 (0: none)."""

    def __init__(self, phrase: Phrase, line: int = 0) -> None:
        """Keep the reason as a phrase."""
        super().__init__(phrase.text("en"))
        self.phrase = phrase
        self.line = line


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptStep:
    """One line: somebody asks for an event, or (without one) time only passes. Values are text; fields read them."""

    at: datetime
    actor: str = ""
    event: str | None = None
    data: Mapping[str, str] = field(default_factory=dict)
    ticket: str = MAIN
    reason: str | None = None


def read_line(text: str, anchor: Anchor) -> ScriptStep:
    """Read one line: a moment, who, the event, then `field=value`; `ticket=` and `reason=` are not fields."""
    try:
        words = shlex.split(text, comments=True)
    except ValueError:
        raise ScriptError(Phrase.of("script.open_quote")) from None
    at, words = _split_moment(words, text, anchor)
    names = [word for word in words if "=" not in word]
    pairs = read_pairs(word for word in words if "=" in word)
    own = {key: pairs.pop(key) for key in _OWN_WORDS if key in pairs}
    if "by" in own:
        names.insert(0, own["by"])
    if not names and not pairs and not own:
        return ScriptStep(at=at)
    if len(names) != 2:
        raise ScriptError(Phrase.of("script.words", text=text.strip()))
    return ScriptStep(
        at=at,
        actor=names[0],
        event=names[1],
        data=pairs,
        ticket=own.get("ticket", MAIN),
        reason=own.get("reason"),
    )


def read_pairs(words: Iterable[str]) -> dict[str, str]:
    """The values of `field=value` words by their names; `ScriptError` for another word."""
    return dict(_pair(word) for word in words)


def read_lines(lines: Iterable[str], anchor: Anchor) -> tuple[ScriptStep, ...]:
    """Read the lines of a script; empty lines and what follows a `#` are for people. Raises at the first bad line."""
    steps: list[ScriptStep] = []
    for number, line in enumerate(lines, start=1):
        if not line.split("#", 1)[0].strip():
            continue
        try:
            step = read_line(line, anchor)
        except ScriptError as error:
            raise ScriptError(error.phrase, number) from None
        anchor = Anchor(anchor.zone, step.at, anchor.start or step.at)
        steps.append(step)
    return tuple(steps)


def play_step(step: ScriptStep, simulation: Simulation) -> Answer | None:
    """Play one line; None when time only passed."""
    if step.event is None:
        simulation.advance(step.at)
        return None
    return simulation.do(step.at, step.actor, step.event, step.data, ticket=step.ticket, reason=step.reason)


def script_error_text(error: ScriptError, lang: str) -> str:
    """What is wrong with a script, with the line where it is known."""
    text = error.phrase.text(lang)
    return say("script.in_line", lang, line=error.line, problem=text) if error.line else text


def _split_moment(words: list[str], text: str, anchor: Anchor) -> tuple[datetime, list[str]]:
    """The moment may be one to three words (`周一 03-02 09:14`): the longest beginning that is one."""
    problem: MomentError | None = None
    for count in range(min(_MOMENT_WORDS_MAX, len(words)), 0, -1):
        try:
            return read_moment(" ".join(words[:count]), anchor), words[count:]
        except MomentError as error:
            if problem is None or problem.code != "DF121":  # a wrong weekday says more than a wrong form
                problem = error
    raise ScriptError(_moment_phrase(problem) if problem else Phrase.of("script.words", text=text.strip()))


def _moment_phrase(error: MomentError) -> Phrase:
    if error.code == "DF121":
        return Phrase.of("script.weekday", **error.values)
    return Phrase.of("script.moment", **error.values)


def _pair(word: str) -> tuple[str, str]:
    name, sign, value = word.partition("=")
    if not name or not sign:
        raise ScriptError(Phrase.of("script.pair", text=word))
    return name, value
