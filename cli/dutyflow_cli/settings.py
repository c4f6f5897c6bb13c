"""What holds for every subcommand: the language, the use of colour, and what exit codes mean."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, TextIO

import click

Lang = Literal["zh", "en"]
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
    """The options given before the subcommand; found by `settings_of(context)`."""

    lang: Lang
    color: Color = "auto"

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
    return found or Settings(choose_lang(None, os.environ))


def choose_lang(flag: str | None, environ: Mapping[str, str]) -> Lang:
    """Return the language: the flag, else DUTYFLOW_LANG, else the locale; English where none of them says Chinese."""
    names = ("DUTYFLOW_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
    said = flag or next((environ[name] for name in names if environ.get(name)), "")
    return "zh" if said.lower().startswith("zh") else "en"
