"""The entry point: global options, a table of subcommands that load when asked for, and the last catch of errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from importlib import import_module
from io import TextIOWrapper
from typing import TYPE_CHECKING, NamedTuple, cast

import click

from dutyflow import __version__
from dutyflow.errors import DutyflowError, RulebookError
from dutyflow.ports.host import Clock
from dutyflow.runtime.clocks import SystemClock
from dutyflow.wording import choose_language
from dutyflow_cli.bilingual import Help, Speaking, option
from dutyflow_cli.render.excerpt import clean
from dutyflow_cli.settings import Color, ExitCode, Settings, settings_of
from dutyflow_cli.usage import failure_text, show_usage_error

if TYPE_CHECKING:  # loading it would make `--help` slower
    from dutyflow.rulebook.findings import Finding


class Entry(NamedTuple):
    """A subcommand before it is loaded: its module, and the one line that `--help` says about it."""

    module: str
    zh: str
    en: str


COMMANDS = {
    "check": Entry(
        "dutyflow_cli.commands.check",
        "检查规则手册，逐行指出错误和改法。",
        "Check rulebooks; name the line of each mistake and what to write instead.",
    ),
    "simulate": Entry(
        "dutyflow_cli.commands.simulate",
        "在虚拟时间里走一张工单，看谁、何时、被提醒什么。",
        "Play one ticket on a virtual clock: who does what, when, and who is warned.",
    ),
    "test": Entry(
        "dutyflow_cli.commands.test",
        "运行情景文件，比较预期与实际。",
        "Run scenario files and compare what happens with what they expect.",
    ),
    "explain": Entry(
        "dutyflow_cli.commands.explain",
        "解释一个检查代码、一个关键字或一个状态。",
        "Explain a finding's code, a key of the language, or a state.",
    ),
    "graph": Entry(
        "dutyflow_cli.commands.graph",
        "画出一个流程的状态图（Mermaid 或 Graphviz）。",
        "Draw the life cycle of a workflow, for Mermaid or Graphviz.",
    ),
    "report": Entry(
        "dutyflow_cli.commands.report",
        "列出手册里需要您确认的内容，例如我们假定的数字。",
        "List what a rulebook asks you to confirm, such as assumed figures.",
    ),
    "calendar": Entry(
        "dutyflow_cli.commands.calendar",
        "查看工作日历，计算到期时间。",
        "Show a working calendar and reckon due times.",
    ),
    "new": Entry(
        "dutyflow_cli.commands.new",
        "从现成的业务或模板建一本新的规则手册。",
        "Make a rulebook for another business type from a shipped one or a template.",
    ),
    "publish": Entry(
        "dutyflow_cli.commands.publish",
        "发布规则手册：之后开的工单按它运行。",
        "Publish rulebooks: tickets that are opened from now on run under them.",
    ),
    "ticket": Entry(
        "dutyflow_cli.commands.ticket",
        "开单、办理、查看、查询工单，并说明为什么。",
        "Open tickets, act on them, list them, look at them, and ask why.",
    ),
    "worker": Entry(
        "dutyflow_cli.commands.worker",
        "让到期的事发生，把通知送出去；一直运行。",
        "Let what is due happen and send messages, until it is told to stop.",
    ),
    "outbox": Entry(
        "dutyflow_cli.commands.outbox",
        "查看等待发送或发送失败的消息，并重发。",
        "See the messages that wait or have failed, and send them again.",
    ),
    "db": Entry(
        "dutyflow_cli.commands.db",
        "建立、升级、核验、备份和搬迁保存工单的数据库。",
        "Make, upgrade, verify, back up and move the store that keeps the tickets.",
    ),
    "demo": Entry(
        "dutyflow_cli.commands.demo",
        "讲一件投诉的经过：预警、超时、升级、回访。",
        "Tell the story of one complaint, with its warnings and a breach.",
    ),
}


class LazyGroup(Speaking, click.Group):
    """A group that lists its subcommands from the table, and imports one only to run it."""

    words = Help(
        zh="""用 YAML 写一次部门的职责、时限和工单流程，就能检查、模拟、测试和运行。

        退出码：0 正常；1 有检查结果或测试失败；2 用法不对；3 无法运行。""",
        en="""Duties, time limits and life cycles of tickets, written once in YAML.

        Exit codes: 0 fine, 1 findings or failures, 2 wrong usage, 3 could not run.""",
        examples=("dutyflow demo", "dutyflow check", "dutyflow simulate complaint_loop -i", "dutyflow new my/requests"),
    )

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table, which is the order of a person's work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the one subcommand that was asked for."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        return cast(click.Command, import_module(entry.module).command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of subcommands without importing any."""
        settings = settings_of(ctx)
        rows = [(name, settings.pick(entry.zh, entry.en)) for name, entry in COMMANDS.items()]
        with formatter.section(settings.pick("命令", "Commands")):
            formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the nearest names for an unknown one; click's own suggestion knows loaded subcommands only."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            close = " / ".join(get_close_matches(name, COMMANDS) or COMMANDS)
            ctx.fail(settings_of(ctx).pick(f"没有命令 `{name}`。可用：{close}", f"no command `{name}`; try {close}"))
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, name="dutyflow", context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="dutyflow", message="%(prog)s %(version)s")
@option("--lang", type=click.Choice(["zh", "en"]), zh="消息的语言 Language.", en="Language of messages 消息语言.")
@option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    zh="是否用颜色；也看 NO_COLOR 和 FORCE_COLOR。",
    en="Use of colour; NO_COLOR and FORCE_COLOR are honoured.",
)
@click.pass_context
def cli(ctx: click.Context, lang: str | None, color: str) -> None:
    """See the words of the group."""
    settings = replace(settings_of(ctx), lang=choose_language(lang, os.environ), color=cast(Color, color))
    ctx.obj = settings
    ctx.color = settings.wants_color(sys.stdout)


def main(args: Sequence[str] | None = None, *, clock: Clock | None = None) -> int:
    """Run the command line and return its exit code; every failure ends as a sentence on stderr, never a traceback.

    Whoever brings a `clock` (a test, say) decides what time it is.
    """
    words = list(sys.argv[1:] if args is None else args)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that knows no Chinese shows `?` instead of failing
            stream.reconfigure(errors="replace")
    reader = Settings(choose_language(_lang_in(words), os.environ), clock=clock or SystemClock())
    try:
        outcome = cli.main(words, prog_name="dutyflow", standalone_mode=False, obj=reader)
    except click.ClickException as error:
        show_usage_error(error, reader)
        return error.exit_code
    except click.Abort:
        return _tell(reader.pick("已中断", "interrupted"), reader, ExitCode.INTERRUPTED)
    except RulebookError as error:
        for finding in error.findings:
            click.echo(_concise(finding, reader))
        return _tell(error.message, reader, ExitCode.FINDINGS)
    except DutyflowError as error:
        return _tell(failure_text(error, reader.lang), reader, ExitCode.COULD_NOT_RUN)
    except SystemExit:  # click's only one here: the reader of a pipe has seen enough
        return ExitCode.FINE
    except OSError as error:
        return _tell(_os_reason(error), reader, ExitCode.COULD_NOT_RUN)
    except Exception as error:  # a defect of ours: this is the last place that can keep a traceback from the reader
        if os.environ.get("DUTYFLOW_DEBUG"):
            raise
        return _tell(_defect(error, reader), reader, ExitCode.COULD_NOT_RUN)
    return outcome if isinstance(outcome, int) else ExitCode.FINE


def _tell(sentence: str, reader: Settings, code: ExitCode) -> ExitCode:
    """Write one sentence to stderr and hand back the exit code."""
    shown = "\n".join(map(clean, sentence.split("\n")))
    click.echo(reader.pick("错误：", "error: ") + shown, err=True)
    return code


def _concise(finding: Finding, reader: Settings) -> str:
    """Say one finding in a line, for a command that wanted a rulebook and did not come to show findings itself."""
    said = finding.text("message", reader.lang)
    return clean(f"{finding.place}: {finding.severity}[{finding.code}] {said}")


def _defect(error: Exception, reader: Settings) -> str:
    """Say that dutyflow itself is at fault, and how a developer sees where."""
    what = f"{type(error).__name__}: {error}"
    return reader.pick(
        f"dutyflow 内部出错（{what}）。设 DUTYFLOW_DEBUG=1 可看详情。",
        f"dutyflow failed inside ({what}). Set DUTYFLOW_DEBUG=1 to see where.",
    )


def _os_reason(error: OSError) -> str:
    """Return the system's reason with the file it is about."""
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason


def _lang_in(words: Sequence[str]) -> str | None:
    """Find the language among words that click has not read yet: help and failures want it too, in any order."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == "--lang":
            return following
        if word.startswith("--lang="):
            return word.removeprefix("--lang=")
    return None
