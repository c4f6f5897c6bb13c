"""`dutyflow simulate`: plays one ticket on a virtual clock and tells what happens, to whom and when."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import click

from dutyflow.errors import InputError
from dutyflow.kernel.rules import Rules
from dutyflow.lab.mermaid import path_diagram, sequence_diagram
from dutyflow.lab.simulation import MAIN, Simulation
from dutyflow.rulebook.findings import closest
from dutyflow.telling.moments import Anchor, show_moment
from dutyflow.wording import say
from dutyflow_cli.bilingual import Help, bilingual_command, option
from dutyflow_cli.playing import (
    example_line,
    moment_of,
    play_steps,
    read_steps,
    run_until,
    save_path,
    script_lines,
    workflow_of,
)
from dutyflow_cli.prompts.session import Session
from dutyflow_cli.render.simulation_json import simulation_json
from dutyflow_cli.render.story import draw_story, result_line
from dutyflow_cli.rulebooks import one_rulebook
from dutyflow_cli.settings import ExitCode, Settings, settings_of

HELP = Help(
    zh="""在虚拟时间里走一张工单：谁、何时、做什么，哪条时限何时到期，何时提醒谁。

    RULEBOOK 是规则手册文件夹，或自带手册的名称（如 complaint_loop）；WORKFLOW 不写时取其中第一个流程。
    每一步写成一行：时间 谁 事件 字段=值 …；只写时间就是等到那一刻。不会真的发出任何通知。""",
    en="""Play one ticket on a virtual clock: who does what and when, which limits run, who is warned.

    RULEBOOK is a rulebook folder or the name of a shipped one (complaint_loop); WORKFLOW is its first if left out.
    Each step is a line: time, who, event, field=value ...; a time alone lets time pass. Nothing is ever sent.""",
    examples=(
        "dutyflow simulate complaint_loop -i",
        "dutyflow simulate complaint_loop --until 2026-03-10T18:00 \\",
        '    --do "2026-03-06 19:10 A1 register complainant=王女士 phone=138 content=迟到 channel=电话'
        ' first_contact_at=2026-03-06T19:05" \\',
        '    --do "19:30 S1 judge_upheld statement=已听 asked_facts=已问 category=配送"',
        "dutyflow simulate complaint_loop --script friday.txt --save friday.yaml",
        "dutyflow simulate customer_records --schedule all --start 2026-03-02 --until 2026-03-07",
    ),
)


@bilingual_command("simulate", HELP)
@click.argument("rulebook")
@click.argument("workflow", required=False)
@option("--do", "lines", multiple=True, metavar="LINE", zh="一步；可写多次。", en="One step; may be repeated.")
@option(
    "--script", metavar="FILE", zh="逐行写着各步的文件；- 为标准输入。", en="A file with one step a line; - for stdin."
)
@option(
    "--start",
    metavar="TIME",
    zh="故事从何时开始，+20h 这样的时间由此算起。",
    en="When it begins; +20h counts from here.",
)
@option(
    "--until",
    metavar="TIME",
    zh="最后让时间走到这一刻；end 为走到不再有动静。",
    en="Let time run to here; `end`: till nothing is due.",
)
@option(
    "--schedule",
    "schedules",
    multiple=True,
    metavar="NAME",
    zh="让这项周期职责自动开单；可写多次，all 为全部。",
    en="Let this recurring duty come up; may be repeated; `all`.",
)
@option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "mermaid"]),
    default="text",
    show_default=True,
    zh="输出的形式。",
    en="The form of the output.",
)
@option(
    "--ids", is_flag=True, zh="显示 YAML 里的名字，而不是标题。", en="Show the names of the YAML instead of titles."
)
@option(
    "--save", metavar="FILE", zh="把走过的路存成能通过的情景。", en="Write the played path as a scenario that passes."
)
@option(
    "-i",
    "--interactive",
    is_flag=True,
    zh="一步一步地问：现在能做什么、由谁做。",
    en="Ask step by step what to do next.",
)
@click.pass_context
def command(
    context: click.Context,
    rulebook: str,
    workflow: str | None,
    lines: tuple[str, ...],
    script: str | None,
    start: str | None,
    until: str | None,
    schedules: tuple[str, ...],
    form: str,
    ids: bool,
    save: str | None,
    interactive: bool,
) -> int:
    """See HELP."""
    settings = settings_of(context)
    loaded = one_rulebook(rulebook, settings.lang)
    rules = loaded.require_rules()
    running = _running(schedules, rules, settings)
    simulation = Simulation(rules, workflow=workflow_of(loaded, workflow, settings), schedules=running)
    zone = ZoneInfo(rules.zone)
    begin = moment_of(start, Anchor(zone), settings) if start else None
    if running and begin is not None:
        simulation.begin(begin)
    if not (lines or script or interactive or (running and begin and until)):
        raise click.UsageError(say("cli_simulate.nothing_to_play", settings.lang, example=example_line(simulation)))
    steps = read_steps([*script_lines(script, settings), *lines], Anchor(zone, begin, begin), settings)
    play_steps(steps, simulation, settings)
    if interactive:
        simulation = Session(simulation, settings, start=begin, ids=ids, save_as=save).run()
        return ExitCode.FINE
    if until:
        last = simulation.now if simulation.started else begin
        run_until(until, simulation, Anchor(zone, last, begin or (steps[0].at if steps else None)), settings)
    click.echo(_report(simulation, form, settings, ids=ids))
    if save:
        click.echo(say("cli_simulate.saved", settings.lang, path=save_path(simulation, save, settings)), err=True)
    return ExitCode.FINE


def _running(names: tuple[str, ...], rules: Rules, settings: Settings) -> tuple[str, ...]:
    """The schedules that were asked for; `all` means every one of the rulebook."""
    if "all" in names:
        return tuple(rules.schedules)
    for name in names:
        if name not in rules.schedules:
            near = closest(name, rules.schedules)
            hint = say("cli.did_you_mean", settings.lang, name=near) if near else ""
            known = ", ".join(rules.schedules) or "-"
            raise click.UsageError(
                say("cli_simulate.unknown_schedule", settings.lang, name=name, known=known, hint=hint)
            )
    return names


def _report(simulation: Simulation, form: str, settings: Settings, *, ids: bool) -> str:
    if form == "json":
        return simulation_json(simulation, settings.lang)
    if form == "mermaid":
        if not simulation.tickets():
            raise InputError(say("cli_simulate.nothing_to_save", settings.lang))
        # Without a ticket of its own (schedules alone) a story has no single path: who did what in turn is drawn.
        draw = path_diagram if MAIN in simulation.names else sequence_diagram
        return draw(simulation, settings.lang).rstrip("\n")
    parts = [head_line(simulation, settings), "", draw_story(simulation, settings, ids=ids), ""]
    return "\n".join([*parts, result_line(simulation, settings.lang)])


def head_line(simulation: Simulation, settings: Settings) -> str:
    """What is simulated: rulebook, workflow, zone."""
    rules = simulation.rules
    workflow = rules.workflows[simulation.workflow or next(iter(rules.workflows))]
    titles = [rules.title.get(settings.lang, rules.name), workflow.title.get(settings.lang, workflow.id)]
    start = [show_moment(simulation.records[0].at, ZoneInfo(rules.zone), settings.lang)] if simulation.records else []
    return " · ".join([*titles, rules.zone, *start])
