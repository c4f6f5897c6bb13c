"""The store that a command works on: named by an option, by the environment, or the file in this folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from dutyflow.bootstrap.engine import Engine
from dutyflow.bootstrap.stores import SQLITE, kind_of, shown, sqlite_path
from dutyflow.errors import InputError
from dutyflow.rulebook.findings import closest
from dutyflow.wording import say
from dutyflow_cli.bilingual import option
from dutyflow_cli.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])

_NAMES_SHOWN = 12
_IN_EVERY_RULEBOOK = ("rulebook", "workflow", "state", "role")

DEFAULT_FILE = Path("dutyflow.db")
DEFAULT_URL = f"sqlite:///{DEFAULT_FILE}"
VARIABLE = "DUTYFLOW_STORE"

store_option = option(
    "--store",
    metavar="URL",
    zh="保存工单的地方，如 sqlite:///dutyflow.db。不写：DUTYFLOW_STORE，否则当前文件夹的 dutyflow.db。",
    en="Where tickets are kept, such as sqlite:///dutyflow.db. Default: DUTYFLOW_STORE, else dutyflow.db here.",
)
format_option = option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    zh="输出的形式。",
    en="The form of the output.",
)


def store_url(given: str | None, settings: Settings, *, make: bool = False) -> str:
    """The URL that was given, else that of the environment, else of the file in this folder.

    `InputError` for a store that does not exist yet, unless it is to be made.
    """
    url = given or os.environ.get(VARIABLE) or DEFAULT_URL
    if make or kind_of(url) != SQLITE or sqlite_path(url).exists():
        return url
    if url == DEFAULT_URL:
        raise InputError(say("cli_store.none_here", settings.lang, file=DEFAULT_FILE))
    raise InputError(say("cli_store.not_there", settings.lang, url=shown(url)))


def open_engine(given: str | None, settings: Settings, *, actor: str | None = None) -> Engine:
    """The engine on the store that is meant, for one person only where an actor is named."""
    return Engine.open(store_url(given, settings), clock=settings.clock, actor=actor)


def checked_name(kind: str, name: str, known: Iterable[str], settings: Settings) -> str:
    """A name that is known; else a usage error with the nearest one, in the sentence `cli_store.no_<kind>`.

    Where no rulebook is published at all no name can be right: that is an `InputError`.
    """
    names = tuple(dict.fromkeys(known))
    if name in names:
        return name
    if not names and kind in _IN_EVERY_RULEBOOK:
        raise InputError(say("cli_store.nothing_published", settings.lang))
    near = closest(name, names)
    hint = say("cli.did_you_mean", settings.lang, name=near) if near else ""
    known = _listed(names, settings.lang)
    raise click.UsageError(say(f"cli_store.no_{kind}", settings.lang, name=name, known=known, hint=hint))


def _listed(names: tuple[str, ...], lang: str) -> str:
    """The names, or the first of very many."""
    first = ", ".join(names[:_NAMES_SHOWN]) or "-"
    return first if len(names) <= _NAMES_SHOWN else say("cli_store.and_more", lang, names=first, count=len(names))
