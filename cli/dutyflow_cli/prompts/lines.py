"""Reads what people type, line by line; piped input works the same, and its end is a farewell."""

from __future__ import annotations

import sys

import click


class Farewell(Exception):
    """The reader is done: end of input, or the word for it."""


def ask(prompt: str) -> str:
    """Show a prompt and return the line that follows, without blanks around it."""
    click.echo(prompt, nl=False)
    line = sys.stdin.readline()
    if not line:
        click.echo()
        raise Farewell
    if not sys.stdin.isatty():  # what came through a pipe is shown, so that the transcript can be read
        click.echo(line.rstrip("\n"))
    return line.strip()
