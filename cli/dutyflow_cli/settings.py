"""What holds for every subcommand: the language, the use of colour, and what exit codes mean."""

import os
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal, TextIO

import click

from dutyflow.ports.host import Clock
from dutyflow.runtime.clocks import SystemClock
from dutyflow.wording import Lang, choose_language

Color = Literal["auto", "always", "never"]


class ExitCode(IntEnum):
    """What a shell or a CI job learns from the end of a run."""

    FINE = 0
    FINDINGS = 1  # findings, failed scenarios, a missed target
    USAGE = 2  # click's own
    COULD_NOT_RUN = 3
    CHANGES = 10  # asked for by a flag: "there are changes"
    INTERRUPTED = 130  # by Ctrl-C, as shells say it


@dataclass(frozen=True, slots=True)
class Settings:
    """The options given before the subcommand, and the clock of this run; found by `settings_of(context)`."""

    lang: Lang
    color: Color = "auto"
    clock: Clock = field(default_factory=SystemClock, compare=False)

    def pick(self, zh: str, en: str) -> str:
        """Return the sentence in the reader's language."""
        return zh if self.lang == "zh" else en

    def wants_color(self, stream: TextIO) -> bool:
        """Say whether to colour what goes to `stream`: the flag first, then NO_COLOR, FORCE_COLOR, a terminal."""
        if self.color != "auto":
            return self.color == "always"
        if os.environ.get("NO_COLOR"):
            return False
        return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def settings_of(context: click.Context) -> Settings:
    """Return the settings of this run; a command called without its group (in a test) gets the environment's."""
    found = context.find_object(Settings)
    return found or Settings(choose_language(None, os.environ))
