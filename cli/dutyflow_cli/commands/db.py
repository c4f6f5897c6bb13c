"""`dutyflow db`: make the store, bring its tables up to date, look at it as a whole, verify, back up and move it."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from dutyflow.bootstrap.engine import Engine
from dutyflow.bootstrap.stores import shown, upgrade_store
from dutyflow.runtime.verify import Damage, verify
from dutyflow.wording import say
from dutyflow_cli.bilingual import Help, bilingual_command, bilingual_group
from dutyflow_cli.commands.db_copy import backup, copy
from dutyflow_cli.desk import Desk
from dutyflow_cli.render.db import damage_line, damages_json, db_json, status_json, status_parts
from dutyflow_cli.render.tables import draw
from dutyflow_cli.settings import ExitCode, Settings, settings_of
from dutyflow_cli.store_status import status_of_store
from dutyflow_cli.stores import format_option, open_engine, store_option, store_url

_PROGRESS_EVERY = 500


@bilingual_group(
    "db",
    Help(
        zh="建立、升级、核验、备份和搬迁保存工单的数据库。",
        en="Make, upgrade, verify, back up and move the store that keeps the tickets.",
        examples=("dutyflow db upgrade", "dutyflow db verify", "dutyflow db backup desk.bak"),
    ),
)
def command() -> None:
    """See the words above."""


@bilingual_command(
    "upgrade",
    Help(
        zh="建立数据库，或把它的表升级到这个版本；已是最新则什么也不做。",
        en="Make the store, or bring its tables up to this version; nothing is done if they are.",
        examples=("dutyflow db upgrade", "dutyflow db upgrade --store postgresql://desk@localhost/tickets"),
    ),
)
@store_option
@format_option
@click.pass_context
def upgrade(context: click.Context, store: str | None, form: str) -> None:
    """See the words above."""
    settings = settings_of(context)
    url = store_url(store, settings, make=True)
    steps = upgrade_store(url)
    if form == "json":
        done = [{"number": step.number, "name": step.name} for step in steps]
        click.echo(db_json("upgrade", store=shown(url), steps=done))
        return
    for step in steps:
        click.echo(say("cli_db.step", settings.lang, number=step.number, name=step.name))
    click.echo(say("cli_db.upgraded" if steps else "cli_db.up_to_date", settings.lang, store=shown(url)))


@bilingual_command(
    "status",
    Help(
        zh="数据库的概况：表的版本、手册、工单、到期的、等待发送的，以及时区数据的版本。",
        en="The store as a whole: tables, rulebooks, tickets, what is due, what waits to be sent, time zone data.",
        examples=("dutyflow db status", "dutyflow db status --format json"),
    ),
)
@store_option
@format_option
@click.pass_context
def status(context: click.Context, store: str | None, form: str) -> None:
    """See the words above."""
    settings = settings_of(context)
    url = store_url(store, settings)
    with open_engine(url, settings) as engine:
        found, zone = status_of_store(url, engine), Desk(engine, settings).zone()
    click.echo(status_json(found) if form == "json" else draw(status_parts(found, zone, settings.lang), settings))


@bilingual_command(
    "verify",
    Help(
        zh="""逐张工单核对：每个事件都在、没有改过、次序不错，工单正是它的历史推出来的样子。

        有问题就逐条列出哪张工单的第几个事件，退出码 1。""",
        en="""Check every ticket: each event is there, unchanged and in its place, and the ticket is what they give.

        What is wrong is listed by ticket and number of the event, with exit code 1.""",
        examples=("dutyflow db verify", "dutyflow db verify --format json"),
    ),
)
@store_option
@format_option
@click.pass_context
def verify_store(context: click.Context, store: str | None, form: str) -> int:
    """See the words above."""
    settings = settings_of(context)
    count, damages = 0, list[Damage]()
    with open_engine(store, settings) as engine:
        for found in _verified(engine, settings):
            count += 1
            damages += found
            if form == "text":
                for damage in found:
                    click.echo(damage_line(damage, settings.lang))
    if form == "json":
        click.echo(db_json("verify", tickets=count, damages=damages_json(damages)))
    else:
        key = "cli_db.damaged" if damages else "cli_db.sound"
        click.echo(say(key, settings.lang, tickets=count, damages=len(damages)))
    return ExitCode.FINDINGS if damages else ExitCode.FINE


def _verified(engine: Engine, settings: Settings) -> Iterator[tuple[Damage, ...]]:
    """What is wrong with each ticket; how far it has come is shown where somebody watches."""
    watched = sys.stderr.isatty()
    for number, found in enumerate(verify(engine.store.chains()), start=1):
        if watched and number % _PROGRESS_EVERY == 0:
            click.echo("\r" + say("cli_db.progress", settings.lang, count=number), err=True, nl=False)
        yield found
    if watched:
        click.echo("\r\x1b[K", err=True, nl=False)


for inner in (upgrade, status, verify_store, backup, copy):
    command.add_command(inner)
