"""`dutyflow explain`: a finding's code, a key of the language, or a state, event or time limit of a rulebook."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import RenderableType
from rich.text import Text

from dutyflow.rulebook.findings import closest
from dutyflow.rulebook.folder import find_rulebooks
from dutyflow.rulebook.load import Loaded
from dutyflow.wording import finding_codes, say
from dutyflow_cli.bilingual import Help, bilingual_command, option
from dutyflow_cli.language import Key, all_keys, find, nearest
from dutyflow_cli.render.pages import PROSE_MAX, code_list, code_page, key_list, key_page
from dutyflow_cli.render.plain_words import Words, clock_page, event_page, overview, state_page
from dutyflow_cli.render.tables import draw, width
from dutyflow_cli.rulebooks import one_rulebook
from dutyflow_cli.settings import Settings, settings_of

HELP = Help(
    zh="""解释一个检查代码、语言里的一个键，或手册里的一个状态、事件、时限。

    WHAT 可以是：DF201（检查代码）；slas.within 或 within（键）；complaint_loop:complaint@received
    （手册:流程@状态、事件或时限；当前文件夹是手册时可不写手册）。""",
    en="""Explain a finding's code, a key of the language, or a state, event or time limit of a rulebook.

    WHAT is a code (DF201), a key (slas.within, or within), or rulebook:workflow@name for a state, event or time limit
    (complaint_loop:complaint@received; without the rulebook if this folder is one).""",
    examples=(
        "dutyflow explain DF201",
        "dutyflow explain slas.within",
        "dutyflow explain complaint_loop:complaint@received",
        "dutyflow explain judge_upheld --rulebook complaint_loop",
        "dutyflow explain --list",
    ),
)
_CODE = re.compile(r"DF\d+", re.IGNORECASE)


@bilingual_command("explain", HELP)
@click.argument("what", required=False)
@option(
    "--rulebook",
    metavar="RULEBOOK",
    zh="名字属于哪本手册：文件夹或自带手册的名称。",
    en="Whose names: a folder or a shipped rulebook.",
)
@option("--list", "listing", is_flag=True, zh="列出能解释的一切。", en="List everything that can be explained.")
@click.pass_context
def command(context: click.Context, what: str | None, rulebook: str | None, listing: bool) -> None:
    """See HELP."""
    settings = settings_of(context)
    if listing:
        parts = _listed(rulebook or what, settings)
    elif what is None:
        raise click.UsageError(say("cli_explain.nothing", settings.lang))
    else:
        parts = _explained(what, rulebook, settings)
    click.echo(draw(parts, settings, min(width(), PROSE_MAX)))


def _listed(rulebook: str | None, settings: Settings) -> Iterator[RenderableType]:
    lang = settings.lang
    if rulebook is not None:
        yield from overview(one_rulebook(rulebook, lang), lang)
        return
    yield Text(say("cli_explain.codes", lang), style="bold")
    yield code_list(lang)
    yield Text("\n" + say("cli_explain.all_keys", lang), style="bold")
    yield key_list(all_keys(), lang)
    yield Text("\n" + say("cli_explain.names", lang))


def _explained(what: str, rulebook: str | None, settings: Settings) -> Iterator[RenderableType]:
    if _CODE.fullmatch(what):
        return _code(what.upper(), settings)
    book, colon, name = what.partition(":")
    if colon:
        return _named(name, one_rulebook(book, settings.lang), settings)
    if rulebook is not None:
        return _named(what, one_rulebook(rulebook, settings.lang), settings)
    here = one_rulebook(".", settings.lang) if "@" in what or find_rulebooks(Path()) == [Path()] else None
    keys = find(what)
    if here is not None and ("@" in what or not keys or what in _names_of(here)):
        return _named(what, here, settings)  # a rulebook's own names come before the keys of the language
    if keys:
        return _keys(keys, settings)
    near = nearest(what)
    hint = say("cli.did_you_mean", settings.lang, name=near) if near else ""
    raise click.UsageError(say("cli_explain.unknown", settings.lang, what=what, hint=hint))


def _code(code: str, settings: Settings) -> Iterator[RenderableType]:
    if code not in finding_codes():
        near = closest(code, finding_codes())
        hint = say("cli.did_you_mean", settings.lang, name=near) if near else ""
        raise click.UsageError(say("cli_explain.unknown_code", settings.lang, code=code, hint=hint))
    return code_page(code, settings.lang)


def _keys(keys: list[Key], settings: Settings) -> Iterator[RenderableType]:
    """The first in full, the others by name."""
    yield from key_page(keys[0], settings.lang)
    if len(keys) > 1:
        yield Text("\n" + say("cli_explain.also", settings.lang))
        yield key_list(keys[1:], settings.lang)


def _names_of(loaded: Loaded) -> set[str]:
    workflows = loaded.rules.workflows.values() if loaded.rules is not None else ()
    return {name for workflow in workflows for name in (*workflow.states, *workflow.steps, *workflow.slas)}


def _named(name: str, loaded: Loaded, settings: Settings) -> Iterator[RenderableType]:
    """A state, event or time limit; in which workflow stands before the `@`, if it must be said."""
    workflow_name, at, inner = name.rpartition("@")
    workflows = loaded.require_rules().workflows
    if not name:
        return overview(loaded, settings.lang)
    if at and workflow_name not in workflows:
        near = closest(workflow_name, workflows)
        hint = say("cli.did_you_mean", settings.lang, name=near) if near else ""
        known = ", ".join(workflows)
        raise click.UsageError(
            say("cli_simulate.unknown_workflow", settings.lang, name=workflow_name, known=known, hint=hint)
        )
    searched = [workflows[workflow_name]] if at else list(workflows.values())
    pages: list[Iterator[RenderableType]] = []
    for workflow in searched:
        words = Words(loaded, workflow, settings.lang)
        if inner in workflow.states:
            pages.append(state_page(words, workflow.states[inner]))
        if inner in workflow.steps:
            pages.append(event_page(words, inner))
        if inner in workflow.slas:
            pages.append(clock_page(words, workflow.slas[inner]))
    if not pages:
        near = closest(inner, _names_of(loaded))
        hint = say("cli.did_you_mean", settings.lang, name=near) if near else ""
        raise click.UsageError(
            say("cli_explain.unknown_name", settings.lang, name=inner, rulebook=loaded.name, hint=hint)
        )
    return (part for page in pages for part in page)
