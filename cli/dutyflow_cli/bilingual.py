"""Commands and options whose help exists in Chinese and English, chosen when it is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import click

from dutyflow_cli.settings import settings_of

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Help:
    """What a command is for, in both languages, and lines that a reader can copy and run."""

    zh: str
    en: str
    examples: tuple[str, ...] = ()

    def write(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sentences and the examples in the reader's language."""
        pick = settings_of(context).pick
        for paragraph in pick(self.zh, self.en).split("\n\n"):
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text(" ".join(paragraph.split()))
        if self.examples:
            with formatter.section(pick("示例", "Examples")):
                for example in self.examples:
                    formatter.write(" " * formatter.current_indent + example + "\n")


class BilingualOption(click.Option):
    """An option with a second help text, in Chinese."""

    def __init__(self, param_decls: Sequence[str] | None = None, *, zh: str, en: str, **attrs: Any) -> None:
        """Keep both texts; click itself sees the English one."""
        super().__init__(param_decls, **{**attrs, "help": en})
        self.zh = zh
        self.en = en

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The two columns of `--help` in the reader's language."""
        record = super().get_help_record(ctx)
        if record is None or settings_of(ctx).lang == "en":
            return record
        return record[0], record[1].replace(self.en, self.zh, 1)


class Speaking(click.Command):
    """What a command and a group of commands share: help in two languages."""

    words: Help

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the text between the usage line and the options."""
        self.words.write(ctx, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options under a heading in the reader's language."""
        pick = settings_of(ctx).pick
        options = [param for param in self.get_params(ctx) if isinstance(param, click.Option)]
        records = [record for record in (param.get_help_record(ctx) for param in options) if record]
        shown = [(names, pick("显示这段说明。", text) if "--help" in names else text) for names, text in records]
        with formatter.section(pick("选项", "Options")):
            formatter.write_dl(shown)
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)


class BilingualCommand(Speaking):
    """A command made by `bilingual_command`."""


class BilingualGroup(Speaking, click.Group):
    """A command with commands of its own, made by `bilingual_group`."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the group can do, in the reader's language."""
        pick = settings_of(ctx).pick
        rows = [
            (name, pick(inner.words.zh, inner.words.en).split("\n\n")[0])
            for name, inner in self.commands.items()
            if isinstance(inner, Speaking)
        ]
        with formatter.section(pick("命令", "Commands")):
            formatter.write_dl(rows)


def bilingual_command(name: str, words: Help) -> Callable[[Callable[P, R]], BilingualCommand]:
    """Make a command of a function, with its help in two languages."""

    def make(function: Callable[P, R]) -> BilingualCommand:
        made = click.command(name, cls=BilingualCommand, help=words.en, short_help=words.en)(function)
        made.words = words
        return made

    return make


def bilingual_group(name: str, words: Help) -> Callable[[Callable[P, R]], BilingualGroup]:
    """Make a group of a function, with its help in two languages."""

    def make(function: Callable[P, R]) -> BilingualGroup:
        made = click.group(name, cls=BilingualGroup, help=words.en, short_help=words.en)(function)
        made.words = words
        return made

    return make


def option(*names: str, zh: str, en: str, **kwargs: Any) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """An option of the command below, explained in both languages."""
    return click.option(*names, cls=BilingualOption, zh=zh, en=en, **kwargs)
