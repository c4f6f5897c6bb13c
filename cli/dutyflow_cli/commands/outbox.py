"""`dutyflow outbox`: the messages on their way, and those that could not be delivered."""

from __future__ import annotations

import click

from dutyflow.ports.queue import LIMIT_MAX
from dutyflow.wording import say
from dutyflow_cli.bilingual import Help, bilingual_command, bilingual_group, option
from dutyflow_cli.desk import Desk
from dutyflow_cli.render.outbox import outbox_json, outbox_parts, retried_json
from dutyflow_cli.render.tables import draw
from dutyflow_cli.settings import ExitCode, settings_of
from dutyflow_cli.stores import format_option, open_engine, store_option

_LIMIT = 50


@bilingual_group(
    "outbox",
    Help(
        zh="查看等待发送或发送失败的消息，并重发。",
        en="See the messages that wait or have failed, and send them again.",
        examples=("dutyflow outbox list --status dead", "dutyflow outbox retry --all"),
    ),
)
def command() -> None:
    """See the words above."""


@bilingual_command(
    "list",
    Help(
        zh="列出消息：给谁、关于哪张工单、试过几次、出了什么问题。消息正文不显示。",
        en="List messages: to whom, about which ticket, how often tried, what went wrong. Their texts are not shown.",
        examples=("dutyflow outbox list", "dutyflow outbox list --status dead --format json"),
    ),
)
@option(
    "--status",
    type=click.Choice(["waiting", "delivered", "dead"]),
    zh="只看等待的、已送达的或放弃的；不写：全部。",
    en="Only those that wait, were delivered or were given up; all if left out.",
)
@option(
    "--limit",
    type=click.IntRange(1, LIMIT_MAX),
    default=_LIMIT,
    show_default=True,
    zh="一页多少行。",
    en="Rows in a page.",
)
@option("--after", type=click.IntRange(0), default=0, metavar="NUMBER", zh="从哪个序号之后。", en="After this number.")
@store_option
@format_option
@click.pass_context
def list_messages(
    context: click.Context, status: str | None, limit: int, after: int, store: str | None, form: str
) -> None:
    """See the words above."""
    settings = settings_of(context)
    with open_engine(store, settings) as engine:
        found = engine.store.messages(status, limit=limit, after=after)
        cursor = found[-1].number if len(found) == limit else None
        if form == "json":
            click.echo(outbox_json(found, cursor))
        else:
            click.echo(draw(outbox_parts(Desk(engine, settings), found, cursor), settings))


@bilingual_command(
    "retry",
    Help(
        zh="让放弃的消息重新等待发送：按 ID，或用 --all 全部。",
        en="Let messages that were given up wait again: by their ids, or with --all every one.",
        examples=("dutyflow outbox retry TS-2026-0001:7:1", "dutyflow outbox retry --all"),
    ),
)
@click.argument("ids", metavar="[ID]...", nargs=-1)
@option("--all", "every", is_flag=True, zh="全部放弃的消息。", en="Every message that was given up.")
@store_option
@format_option
@click.pass_context
def retry(context: click.Context, ids: tuple[str, ...], every: bool, store: str | None, form: str) -> int:
    """See the words above."""
    settings = settings_of(context)
    if bool(ids) == every:
        raise click.UsageError(say("cli_outbox.which", settings.lang))
    with open_engine(store, settings) as engine:
        count = engine.store.retry_messages(None if every else ids, settings.clock.now())
    click.echo(retried_json(count) if form == "json" else say("cli_outbox.retried", settings.lang, count=count))
    others = 0 if every else len(set(ids)) - count
    if others:
        click.echo(say("cli_outbox.not_given_up", settings.lang, count=others), err=True)
    return ExitCode.FINDINGS if others else ExitCode.FINE


command.add_command(list_messages)
command.add_command(retry)
