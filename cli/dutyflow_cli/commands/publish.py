"""`dutyflow publish`: make rulebooks the newest of their names, for the tickets that are opened from now on."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass

import click
from rich.console import RenderableType

from dutyflow.bootstrap.engine import Engine
from dutyflow.ports.queue import LIMIT_MAX, Query
from dutyflow.rulebook.bundle import Bundle, bundle_of
from dutyflow.rulebook.findings import Severity
from dutyflow.rulebook.load import Loaded
from dutyflow.wording import say
from dutyflow_cli.bilingual import Help, bilingual_command, option
from dutyflow_cli.commands.check import check_paths
from dutyflow_cli.render.findings import render
from dutyflow_cli.render.tables import draw, prose, width
from dutyflow_cli.render.ticket import HASH_SHOWN
from dutyflow_cli.rulebooks import rulebooks_named
from dutyflow_cli.settings import ExitCode, Settings, settings_of
from dutyflow_cli.stores import format_option, open_engine, store_option

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one rulebook; `staying` open tickets go on under older versions."""

    name: str
    version: str
    is_new: bool
    staying: int


@bilingual_command(
    "publish",
    Help(
        zh="""发布规则手册：之后开的工单按它运行，已开的工单留在原来的版本。

        有错误的手册不会发布，错误像 `dutyflow check` 那样逐行列出，退出码 1。""",
        en="""Publish rulebooks: tickets that are opened from now on run under them, open ones stay with their version.

        Nothing is published if a rulebook has errors: they are shown as by `dutyflow check`, with exit code 1.""",
        examples=(
            "dutyflow publish my/requests",
            "dutyflow publish complaint_loop revisit_survey --dry-run",
            "dutyflow publish workflows/complaint_loop --store postgresql://desk@localhost/tickets",
        ),
    ),
)
@click.argument("rulebooks", metavar="RULEBOOK...", nargs=-1, required=True)
@option("--dry-run", is_flag=True, zh="只说会怎样，不发布。", en="Only say what would happen.")
@store_option
@format_option
@click.pass_context
def command(context: click.Context, rulebooks: tuple[str, ...], dry_run: bool, store: str | None, form: str) -> int:
    """See the words above."""
    settings = settings_of(context)
    loaded, findings = check_paths(rulebooks_named(rulebooks, settings.lang))
    if findings.has_errors:
        click.echo(render(findings, form, settings.lang, colour=settings.wants_color(sys.stdout)))
        return ExitCode.FINDINGS
    with open_engine(store, settings) as engine:
        outcomes = [_outcome(one, engine, dry_run=dry_run) for one in loaded]
    if form == "json":
        click.echo(_json(outcomes, dry_run=dry_run))
    else:
        click.echo(draw((_line(one, settings, dry_run=dry_run) for one in outcomes), settings))
    if findings.count(Severity.WARNING):
        click.echo(say("cli_publish.warnings", settings.lang, count=findings.count(Severity.WARNING)), err=True)
    return ExitCode.FINE


def _outcome(loaded: Loaded, engine: Engine, *, dry_run: bool) -> Outcome:
    bundle = bundle_of(loaded)
    is_new = _differs(bundle, engine) if dry_run else engine.publish(bundle).is_new
    return Outcome(bundle.name, bundle.hash, is_new, _staying(bundle, engine))


def _differs(bundle: Bundle, engine: Engine) -> bool:
    """Whether publishing would change anything: words alone count, though they are not in the hash."""
    newest = engine.rulebooks().get(bundle.name)
    return newest != bundle.hash or engine.store.bundle(bundle.hash) != bundle.to_bytes()


def _staying(bundle: Bundle, engine: Engine) -> int:
    """How many open tickets run under another version of the rulebook."""
    count, after = 0, None
    while True:
        page = engine.find(Query(book=bundle.name, order="opened"), limit=LIMIT_MAX, after=after)
        count += sum(row.rules != bundle.hash for row in page.rows)
        after = page.cursor
        if after is None:
            return count


def _line(one: Outcome, settings: Settings, *, dry_run: bool) -> RenderableType:
    """One rulebook in a sentence."""
    key = "would" if dry_run and one.is_new else "published" if one.is_new else "already"
    said = say(f"cli_publish.{key}", settings.lang, name=one.name, version=one.version[:HASH_SHOWN])
    if one.staying:
        said += say("cli_publish.staying", settings.lang, count=one.staying)
    return prose(said, width())


def _json(outcomes: list[Outcome], *, dry_run: bool) -> str:
    document = {
        "schema_version": SCHEMA_VERSION,
        "dry_run": dry_run,
        "rulebooks": [
            {"name": one.name, "version": one.version, "is_new": one.is_new, "staying": one.staying} for one in outcomes
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)
