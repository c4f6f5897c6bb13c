"""`dutyflow report metrics` and `statistics`: plays a story and counts its tickets as the rulebook says."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

import click

from dutyflow.errors import InputError
from dutyflow.lab.scenario_reader import read_scenarios
from dutyflow.lab.simulation import Simulation
from dutyflow.lab.trial import play
from dutyflow.rulebook.findings import Findings, closest
from dutyflow.rulebook.load import Loaded
from dutyflow.telling.moments import Anchor
from dutyflow.wording import say
from dutyflow_cli.bilingual import Help, bilingual_command, option
from dutyflow_cli.playing import play_steps, read_steps, script_lines, workflow_of
from dutyflow_cli.render.figures import METRICS, STATISTICS, Counted, count
from dutyflow_cli.rulebooks import one_rulebook
from dutyflow_cli.settings import ExitCode, Settings, settings_of

Show = Callable[[Counted, Settings], str]

_SCRIPT = option(
    "--script",
    metavar="FILE",
    zh="逐行写着各步的文件（写法同 simulate）；- 为标准输入。",
    en="A file with one step a line, as for simulate; - for stdin.",
)
_SCENARIO = option("--scenario", metavar="ID", zh="手册里的一个情景。", en="A scenario of the rulebook.")
_FORMAT = option(
    "--format",
    "form",
    type=click.Choice(list(METRICS)),
    default="text",
    show_default=True,
    zh="输出的形式。",
    en="The form of the output.",
)


@bilingual_command(
    "metrics",
    Help(
        zh="""走一段故事，算出手册的各项指标：占比、分子、分母、剔除数，是否达到要求。

        RULEBOOK 是手册文件夹或自带手册的名称；故事是脚本（--script）或手册里的情景（--scenario）。""",
        en="""Play a story and say what the metrics of a rulebook come to: share, of how many, left out, target.

        RULEBOOK is a rulebook folder or a shipped one's name; the story is a script or one of its scenarios.""",
        examples=(
            "dutyflow report metrics my/requests --scenario S01",
            "dutyflow report metrics my/requests --script march.txt --format csv > march.csv",
        ),
    ),
)
@click.argument("rulebook")
@_SCRIPT
@_SCENARIO
@_FORMAT
@click.pass_context
def metrics(context: click.Context, rulebook: str, script: str | None, scenario: str | None, form: str) -> int:
    """See the words above."""
    return _report(settings_of(context), rulebook, script, scenario, METRICS[form])


@bilingual_command(
    "statistics",
    Help(
        zh="""走一段故事，列出手册的各张统计表，带行、列合计。

        RULEBOOK 是手册文件夹或自带手册的名称；故事是脚本（--script）或手册里的情景（--scenario）。""",
        en="""Play a story and show the statistics of a rulebook, with the totals of rows and columns.

        RULEBOOK is a rulebook folder or a shipped one's name; the story is a script or one of its scenarios.""",
        examples=(
            "dutyflow report statistics my/requests --scenario S01",
            "dutyflow report statistics my/requests --script march.txt --format json",
        ),
    ),
)
@click.argument("rulebook")
@_SCRIPT
@_SCENARIO
@_FORMAT
@click.pass_context
def statistics(context: click.Context, rulebook: str, script: str | None, scenario: str | None, form: str) -> int:
    """See the words above."""
    return _report(settings_of(context), rulebook, script, scenario, STATISTICS[form])


def _report(settings: Settings, rulebook: str, script: str | None, scenario: str | None, show: Show) -> int:
    if (script is None) == (scenario is None):
        raise click.UsageError(say("cli_report.one_story", settings.lang))
    loaded = one_rulebook(rulebook, settings.lang)
    if scenario is not None:
        simulation, passed = _scenario(loaded, scenario, settings)
    else:
        simulation, passed = _script(loaded, script, settings), True
    click.echo(show(count(simulation, loaded.reports), settings))
    if not passed:
        click.echo(say("cli_report.scenario_failed", settings.lang, id=scenario), err=True)
    return ExitCode.FINE if passed else ExitCode.FINDINGS


def _script(loaded: Loaded, script: str | None, settings: Settings) -> Simulation:
    rules = loaded.require_rules()
    simulation = Simulation(rules, workflow=workflow_of(loaded, None, settings))
    play_steps(read_steps(script_lines(script, settings), Anchor(ZoneInfo(rules.zone)), settings), simulation, settings)
    if not simulation.started:
        raise InputError(say("cli_report.empty_story", settings.lang))
    return simulation


def _scenario(loaded: Loaded, name: str, settings: Settings) -> tuple[Simulation, bool]:
    """The story of a scenario, and whether it went as it should: one that did not may have stopped halfway."""
    rules, findings = loaded.require_rules(), Findings()
    assert loaded.raw is not None, "a rulebook that has rules has been read"
    scenarios = {one.id: one for one in read_scenarios(loaded.raw, rules, findings, loaded.reports.metrics)}
    if name not in scenarios:
        near = closest(name, scenarios)
        hint = say("cli.did_you_mean", settings.lang, name=near) if near else ""
        known = ", ".join(scenarios) or "-"
        raise click.UsageError(say("cli_report.no_scenario", settings.lang, id=name, known=known, hint=hint))
    result = play(rules, scenarios[name])
    return result.simulation, result.passed
