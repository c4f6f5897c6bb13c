"""`dutyflow test`: plays the scenarios of rulebooks and compares what happens with what they expect."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from dutyflow.errors import InputError
from dutyflow.rulebook.findings import Findings, Severity
from dutyflow.wording import say
from dutyflow_cli.bilingual import Help, bilingual_command, option
from dutyflow_cli.render.findings import render
from dutyflow_cli.render.results import Coverage, as_json, as_junit, as_text
from dutyflow_cli.settings import ExitCode, Settings, settings_of
from dutyflow_cli.trials import Trials, run, wanted_at

HELP = Help(
    zh="""运行情景文件，比较预期与实际。

    PATHS 是规则手册文件夹、情景文件，或装有几本手册的文件夹。不写时：当前文件夹是手册就用它，否则用 ./workflows。""",
    en="""Run scenario files and compare what happens with what they expect.

    PATHS are rulebook folders, scenario files, or folders that hold several rulebooks. Without any: this folder if it
    is a rulebook, else ./workflows.""",
    examples=(
        "dutyflow test",
        "dutyflow test workflows/complaint_loop --filter 1.3",
        "dutyflow test --coverage --fail-under 90",
        "dutyflow test --format junit > report.xml",
    ),
)


@bilingual_command("test", HELP)
@click.argument("paths", nargs=-1)
@option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "junit"]),
    default="text",
    show_default=True,
    zh="输出的形式。",
    en="The form of the output.",
)
@option(
    "--filter",
    "text",
    metavar="TEXT",
    zh="只跑编号、标题、文件名或依据里含有这段文字的情景。",
    en="Only scenarios with this text in their id, title, file name or rule numbers.",
)
@option(
    "--coverage", is_flag=True, zh="列出没有情景走到的每一处。", en="List every place that no scenario has touched."
)
@option(
    "--fail-under",
    type=click.IntRange(0, 100),
    metavar="PERCENT",
    zh="覆盖率低于这个百分数时退出码为 1。",
    en="Exit with 1 if the coverage is below this.",
)
@click.pass_context
def command(
    context: click.Context,
    paths: tuple[str, ...],
    form: str,
    text: str | None,
    coverage: bool,
    fail_under: int | None,
) -> int:
    """See HELP."""
    settings = settings_of(context)
    with _progress(settings) as tell:
        wanted = wanted_at(paths, settings.lang)
        trials = run(wanted, text, tell)
    if not trials.results and not trials.findings.has_errors:
        key = "cli_test.none_matches" if text else "cli_test.none"
        raise InputError(say(key, settings.lang, text=text))
    partly = text is not None or any(one.below for one in wanted)
    shown = Coverage.ALL if coverage else Coverage.NONE if partly and fail_under is None else Coverage.COUNTS
    click.echo(_report(trials, form, settings, shown))
    too_little = fail_under is not None and trials.percent < fail_under
    if too_little:
        click.echo(say("cli_test.too_little", settings.lang, percent=trials.percent, wanted=fail_under), err=True)
    failed = trials.failed or trials.findings.has_errors or too_little
    return ExitCode.FINDINGS if failed else ExitCode.FINE


def _report(trials: Trials, form: str, settings: Settings, coverage: Coverage) -> str:
    if form == "json":
        return as_json(trials, settings.lang)
    if form == "junit":
        return as_junit(trials, settings.lang)
    text = as_text(trials, settings, coverage)
    if not trials.findings.has_errors:
        return text
    errors = _errors(trials.findings)
    return render(errors, "text", settings.lang, colour=settings.wants_color(sys.stdout)) + "\n\n" + text


def _errors(findings: Findings) -> Findings:
    """What keeps scenarios from being played; warnings are `check`'s business."""
    errors = Findings()
    errors.extend(findings)
    for finding in findings:
        if finding.severity is not Severity.ERROR:
            errors.remove(finding)
    return errors


@contextmanager
def _progress(settings: Settings) -> Iterator[Callable[[str], None]]:
    """Tell on stderr which scenario is being played, on a line that goes away; nothing if nobody looks there."""
    if not sys.stderr.isatty():
        yield lambda scenario: None
        return
    blank = "\r\033[K"

    def tell(scenario: str) -> None:
        click.echo(blank + say("cli_test.playing", settings.lang, scenario=scenario), err=True, nl=False)

    yield tell
    click.echo(blank, err=True, nl=False)
