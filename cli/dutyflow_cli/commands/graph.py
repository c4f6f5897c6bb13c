"""`dutyflow graph`: the life cycle of a workflow as the text of a picture, for Mermaid or Graphviz."""

from __future__ import annotations

from pathlib import Path

import click

from dutyflow.errors import InputError
from dutyflow.lab.diagram import lifecycle_dot, lifecycle_mermaid
from dutyflow.wording import say
from dutyflow_cli.bilingual import Help, bilingual_command, option
from dutyflow_cli.playing import workflow_of
from dutyflow_cli.rulebooks import exists, one_rulebook
from dutyflow_cli.settings import Settings, settings_of

HELP = Help(
    zh="""画出一个流程：状态、负责人、时限，以及由什么事件到哪里。

    RULEBOOK 是规则手册文件夹，或自带手册的名称；WORKFLOW 不写时取其中第一个流程。
    输出的是图的文字：mermaid 可直接贴进 Markdown，dot 交给 Graphviz。""",
    en="""Draw a workflow: its states with owner and time limits, and which event leads where.

    RULEBOOK is a rulebook folder or the name of a shipped one; WORKFLOW is its first if left out.
    What comes out is the text of a picture: mermaid goes into Markdown, dot to Graphviz.""",
    examples=(
        "dutyflow graph complaint_loop",
        "dutyflow graph complaint_loop improvement -o improvement.mmd",
        "dutyflow --lang zh graph field_repair --format dot | dot -Tsvg > repair.svg",
    ),
)
DRAW = {"mermaid": lifecycle_mermaid, "dot": lifecycle_dot}
ENDINGS = {".dot": "dot", ".gv": "dot"}


@bilingual_command("graph", HELP)
@click.argument("rulebook")
@click.argument("workflow", required=False)
@option(
    "--format",
    "form",
    type=click.Choice(list(DRAW)),
    zh="图的语言；不写时看 -o 的文件名，.dot 和 .gv 为 dot，其余为 mermaid。",
    en="The language of the picture. Default: dot if -o ends in .dot or .gv, else mermaid.",
)
@option(
    "-o",
    "--output",
    metavar="FILE",
    zh="写入这个文件（覆盖旧图），而不是显示。",
    en="Write to this file, over an older picture, instead of showing it.",
)
@click.pass_context
def command(context: click.Context, rulebook: str, workflow: str | None, form: str | None, output: str | None) -> None:
    """See HELP."""
    settings = settings_of(context)
    loaded = one_rulebook(rulebook, settings.lang)
    rules = loaded.require_rules()
    drawn = rules.workflows[workflow_of(loaded, workflow, settings)]
    path = _file(output, settings) if output is not None else None
    draw = DRAW[form or (ENDINGS.get(path.suffix.lower(), "mermaid") if path else "mermaid")]
    text = draw(rules, drawn, settings.lang)
    if path is None:
        click.echo(text, nl=False)
        return
    path.write_text(text, encoding="utf-8", newline="\n")
    click.echo(say("cli_graph.written", settings.lang, path=path), err=True)


def _file(name: str, settings: Settings) -> Path:
    """Where to write; refuses what cannot be a file."""
    path = Path(name)
    if exists(path, settings.lang) and path.is_dir():
        raise InputError(say("cli_graph.is_folder", settings.lang, path=path))
    if not path.parent.is_dir():
        raise InputError(say("cli.no_such_path", settings.lang, path=path.parent))
    return path
