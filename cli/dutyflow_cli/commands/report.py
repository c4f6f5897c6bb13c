"""`dutyflow report`: the figures that somebody assumed, and what metrics and statistics come to."""

from __future__ import annotations

import click

from dutyflow.rulebook.load import load_rulebook
from dutyflow_cli.bilingual import Help, bilingual_command, bilingual_group, option
from dutyflow_cli.commands.figures import metrics, statistics
from dutyflow_cli.render.assumed import FORMATS, gather
from dutyflow_cli.rulebooks import rulebooks_named
from dutyflow_cli.settings import settings_of


@bilingual_group(
    "report",
    Help(
        zh="列出手册里需要您确认的数字，以及指标和统计的结果。",
        en="List the figures to confirm, and what metrics and statistics come to.",
        examples=("dutyflow report assumed", "dutyflow report assumed complaint_loop --format csv > assumed.csv"),
    ),
)
def command() -> None:
    """See the words above."""


@bilingual_command(
    "assumed",
    Help(
        zh="""列出每个标有 `assumed` 的数字：在哪一行、是什么、为什么这样定。

        RULEBOOK 是手册文件夹、装有几本手册的文件夹，或自带手册的名称。
        不写：当前文件夹是手册就用它，否则用 ./workflows。""",
        en="""List every figure marked `assumed`: its line, what it is, and why it was chosen.

        RULEBOOK is a rulebook folder, a folder that holds several, or the name of a shipped one. Without any: this
        folder if it is a rulebook, else ./workflows.""",
        examples=(
            "dutyflow report assumed",
            "dutyflow report assumed complaint_loop field_repair",
            "dutyflow report assumed workflows --format csv > assumed.csv",
        ),
    ),
)
@click.argument("rulebooks", metavar="[RULEBOOK]...", nargs=-1)
@option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    default="text",
    show_default=True,
    zh="输出的形式。",
    en="The form of the output.",
)
@click.pass_context
def assumed(context: click.Context, rulebooks: tuple[str, ...], form: str) -> None:
    """See the words above."""
    settings = settings_of(context)
    loaded = [load_rulebook(path) for path in rulebooks_named(rulebooks, settings.lang)]
    for one in loaded:
        one.require_rules()
    click.echo(FORMATS[form](gather(loaded), settings))


command.add_command(assumed)
command.add_command(metrics)
command.add_command(statistics)
