"""Puts wrong usage into a sentence of the reader's language: click itself only speaks English."""

from __future__ import annotations

import re
from collections.abc import Mapping

import click

from dutyflow.errors import (
    ConflictError,
    DutyflowError,
    ForbiddenError,
    MisuseError,
    SchemaError,
    StoreError,
    UnavailableError,
)
from dutyflow.wording import say
from dutyflow_cli.settings import Settings

_EXTRA = re.compile(r"Got unexpected extra arguments? \((.*)\)")
_COMMAND = re.compile(r"No such command '(.*?)'.*", re.DOTALL)

_FAILURES: Mapping[type[DutyflowError], str] = {
    SchemaError: "tables",
    UnavailableError: "unavailable",
    ConflictError: "conflict",
    StoreError: "store",
    ForbiddenError: "forbidden",
    MisuseError: "misuse",
}
"""What the library says in English only; the first that fits. All else is told in the reader's language already."""


def failure_text(error: DutyflowError, lang: str) -> str:
    """What failed and what to do about it; developers read the message itself, so that it stands there as well."""
    keys = [key for kind, key in _FAILURES.items() if isinstance(error, kind)]
    return say(f"cli_failure.{keys[0]}", lang, problem=error.message) if keys else error.message


def show_usage_error(error: click.ClickException, reader: Settings) -> None:
    """Write what click would write, in the reader's language, to stderr."""
    if reader.lang == "en" or type(error).__name__ == "NoArgsIsHelpError":  # its message is the help itself
        error.show()
        return
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None:
        pieces = " ".join(context.command.collect_usage_pieces(context))
        click.echo(f"用法：{context.command_path} {pieces}", err=True)
        click.echo(f"说明：{context.command_path} --help\n", err=True)
    click.echo("错误：" + _sentence(error), err=True)


def _sentence(error: click.ClickException) -> str:
    match error:
        case click.NoSuchOption():
            near = "；是不是 " + " / ".join(error.possibilities) + "？" if error.possibilities else ""
            return f"没有选项 {error.option_name}{near}"
        case click.MissingParameter():
            return f"缺少 {_hint(error)}"
        case click.BadParameter():
            return f"{_hint(error)} 的值不合适{_allowed(error)}"
        case click.BadOptionUsage():
            return f"选项 {error.option_name} 后面要写一个值"
    extra, command = _EXTRA.fullmatch(error.message), _COMMAND.fullmatch(error.message)
    if command:
        context = error.ctx if isinstance(error, click.UsageError) else None
        known = context.command.list_commands(context) if context and isinstance(context.command, click.Group) else []
        return f"没有命令 {command[1]}；可用：" + "、".join(known)
    return f"多出来的参数：{extra[1]}" if extra else error.message


def _hint(error: click.BadParameter) -> str:
    """The name of the parameter as it is written."""
    if error.param is not None:
        return error.param.opts[0] if isinstance(error.param, click.Option) else (error.param.name or "").upper()
    return str(error.param_hint or "")


def _allowed(error: click.BadParameter) -> str:
    """What may be written instead, where click knows it."""
    kind = error.param.type if error.param is not None else None
    if isinstance(kind, click.Choice):
        return "；可用：" + "、".join(str(choice) for choice in kind.choices)
    if isinstance(kind, click.IntRange):
        return f"；须是 {kind.min} 到 {kind.max} 的整数"
    return f"（{error.message}）"
