"""`dutyflow db copy` and `dutyflow db backup`: a store as a whole is carried into another one, or into a file."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from dutyflow.bootstrap.copying import VERIFYING, Copied, Progress, back_up, copy_store
from dutyflow.bootstrap.stores import SQLITE, kind_of, shown
from dutyflow.errors import InputError
from dutyflow.wording import say
from dutyflow_cli.bilingual import Help, bilingual_command, option
from dutyflow_cli.render.db import damage_line, damages_json, db_json
from dutyflow_cli.settings import ExitCode, Settings, settings_of
from dutyflow_cli.stores import format_option, store_option, store_url


@bilingual_command(
    "copy",
    Help(
        zh="""把整个库搬到另一个空库（SQLite 与 PostgreSQL 之间任意方向）：要么全部，要么什么都没有。

        先停下 worker 和服务：期间想写的人会等待，然后放弃。搬完逐字节比对并核验；原库不动。
        订阅者的位置会变：用 --position 给出旧位置，就告诉您新位置。""",
        en="""Carry a whole store into another, empty one, from SQLite to PostgreSQL or back: all or nothing.

        Stop workers and services first: who wants to write meanwhile waits, and then gives up. Afterwards both are
        compared byte by byte and verified; the old one is left as it is. Positions of subscribers change: with
        --position it says where one goes on.""",
        examples=(
            "dutyflow db copy --store sqlite:///desk.db --to postgresql://desk@localhost/desk",
            "dutyflow db copy --store sqlite:///desk.db --to sqlite:///other.db --position 4711",
        ),
    ),
)
@store_option
@option("--to", "target", metavar="URL", required=True, zh="搬到哪里；必须是空的或新的。", en="Where to; new or empty.")
@option(
    "--position",
    "positions",
    metavar="POSITION",
    multiple=True,
    zh="订阅者的位置，可重复；输出它的新位置。",
    en="The position of a subscriber, may be repeated; the new one is printed.",
)
@format_option
@click.pass_context
def copy(context: click.Context, store: str | None, target: str, positions: tuple[str, ...], form: str) -> int:
    """See the words above."""
    settings = settings_of(context)
    progress = _progress(settings)
    copied = copy_store(store_url(store, settings), target, positions=positions, progress=progress)
    if progress is not None:
        click.echo("\r\x1b[K", err=True, nl=False)
    if form == "json":
        click.echo(_as_json(copied, target))
    else:
        _tell(copied, target, settings)
    return ExitCode.FINDINGS if copied.damages else ExitCode.FINE


@bilingual_command(
    "backup",
    Help(
        zh="""把 SQLite 库此刻的样子写进一个新文件；别人可以照常写入。

        恢复就是把文件放回原处。PostgreSQL 用 pg_dump 或 pg_basebackup。""",
        en="""Write a SQLite store as it stands at this moment into a new file, while others go on writing.

        To restore it, put the file back. PostgreSQL is backed up with pg_dump or pg_basebackup.""",
        examples=(
            "dutyflow db backup backups/desk-2026-03-02.db",
            "dutyflow db backup --store sqlite:///desk.db desk.bak",
        ),
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@store_option
@format_option
@click.pass_context
def backup(context: click.Context, file: Path, store: str | None, form: str) -> None:
    """See the words above."""
    settings = settings_of(context)
    url = store_url(store, settings)
    if kind_of(url) != SQLITE:
        raise click.UsageError(say("cli_db.no_backup", settings.lang, store=shown(url), file=file))
    if not file.absolute().parent.is_dir():
        raise InputError(say("cli.no_such_path", settings.lang, path=file.parent))
    back_up(url, file)
    if form == "json":
        click.echo(db_json("backup", store=shown(url), file=str(file), size_bytes=file.stat().st_size))
    else:
        click.echo(say("cli_db.backed_up", settings.lang, store=shown(url), file=file))


def _as_json(copied: Copied, target: str) -> str:
    return db_json(
        "copy",
        store=shown(target),
        rows=dict(copied.rows),
        positions=dict(copied.positions),
        damages=damages_json(copied.damages),
    )


def _tell(copied: Copied, target: str, settings: Settings) -> None:
    rows: Mapping[str, int] = copied.rows
    for damage in copied.damages:
        click.echo(damage_line(damage, settings.lang))
    for old, new in copied.positions.items():
        click.echo(say("cli_db.position", settings.lang, old=old, new=new))
    key = "cli_db.copied_damaged" if copied.damages else "cli_db.copied"
    numbers = {"tickets": rows["tickets"], "events": rows["events"], "rows": sum(rows.values())}
    click.echo(say(key, settings.lang, store=shown(target), damages=len(copied.damages), **numbers))


def _progress(settings: Settings) -> Progress | None:
    """Shows how far it has come where somebody watches."""
    if not sys.stderr.isatty():
        return None

    def show(what: str, count: int) -> None:
        key = "cli_db.progress" if what == VERIFYING else "cli_db.copying"
        click.echo("\r\x1b[K" + say(key, settings.lang, table=what, count=count), err=True, nl=False)

    return show
