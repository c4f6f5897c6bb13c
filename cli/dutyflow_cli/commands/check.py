"""`dutyflow check`: every finding about some rulebooks, with its place and what to write instead."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from dutyflow.checks import check_rulebook
from dutyflow.lab.scenario_reader import read_scenarios
from dutyflow.rulebook.findings import Finding, Findings, Severity
from dutyflow.rulebook.load import Loaded, load_rulebook
from dutyflow.rulebook.waivers import apply_waivers
from dutyflow.wording import finding_codes, say
from dutyflow_cli.bilingual import Help, bilingual_command, option
from dutyflow_cli.render.findings import FORMATS, render
from dutyflow_cli.rulebooks import exists, merged, own_ids, rulebook_around, rulebooks_at, shorten
from dutyflow_cli.settings import ExitCode, Settings, settings_of

HELP = Help(
    zh="""检查规则手册：指出每处错误所在的行，说明原因和改法。

    PATHS 是手册文件夹、单个 YAML 文件，或装有几本手册的文件夹。不写：当前文件夹是手册就查它，否则查 ./workflows。""",
    en="""Check rulebooks: show the line of each mistake, why it is one, and what to write instead.

    PATHS are rulebook folders, single YAML files, or folders that hold several rulebooks. Without any: this folder if
    it is a rulebook, else ./workflows.""",
    examples=(
        "dutyflow check",
        "dutyflow check workflows/complaint_loop",
        "dutyflow check --format concise --ignore DF4 workflows",
        "dutyflow check --fail-on warning --format github",
    ),
)
_ORDER = {"error": (Severity.ERROR,), "warning": (Severity.ERROR, Severity.WARNING), "info": tuple(Severity)}


@bilingual_command("check", HELP)
@click.argument("paths", nargs=-1)
@option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    zh="输出的形式。",
    en="The form of the output.",
)
@option("--select", multiple=True, metavar="CODES", zh="只看这些代码或前缀，如 DF3。", en="Only these codes, e.g. DF3.")
@option("--ignore", multiple=True, metavar="CODES", zh="不看这些代码或前缀。", en="All but these codes or prefixes.")
@option(
    "--fail-on",
    type=click.Choice(list(_ORDER)),
    default="error",
    show_default=True,
    zh="从哪一级起退出码为 1。",
    en="From which severity on the exit code is 1.",
)
@click.pass_context
def command(
    context: click.Context,
    paths: tuple[str, ...],
    form: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    fail_on: str,
) -> int:
    """See HELP."""
    settings = settings_of(context)
    wanted, unwanted = _prefixes(select, "--select", settings), _prefixes(ignore, "--ignore", settings)
    alone = _file_of_a_rulebook(paths, settings)
    rulebooks, findings = check_paths([alone[1]] if alone else rulebooks_at(paths, settings.lang))
    shown = _filtered(findings, wanted, unwanted, alone[0] if alone else None)
    click.echo(_report(shown, rulebooks, form, settings), nl=form != "github" or bool(len(shown)))
    hidden = findings.has_errors and not shown.has_errors
    if hidden:
        click.echo(say(_hidden_key(alone), settings.lang, count=findings.count(Severity.ERROR)), err=True)
    failed = hidden or any(shown.count(severity) for severity in _ORDER[fail_on])
    return ExitCode.FINDINGS if failed else ExitCode.FINE


def _hidden_key(alone: object) -> str:
    return "cli_check.errors_elsewhere" if alone else "cli_check.hidden_errors"


def check_paths(paths: Iterable[Path]) -> tuple[list[Loaded], Findings]:
    """Load and check rulebooks; all that was found, each thing once, waivers applied."""
    rulebooks = [checked(path) for path in paths]
    findings = merged(loaded.findings for loaded in rulebooks)
    apply_waivers(findings)
    return rulebooks, findings


def checked(path: Path) -> Loaded:
    """Load a rulebook and run every check on it that makes sense; its findings tell."""
    loaded = load_rulebook(path)
    if loaded.rules is not None and loaded.raw is not None:
        check_rulebook(loaded)
        read_scenarios(loaded.raw, loaded.rules, loaded.findings, loaded.reports.metrics)
    return loaded


def _report(findings: Findings, rulebooks: Sequence[Loaded], form: str, settings: Settings) -> str:
    if form in ("text", "concise") and not len(findings) and all(loaded.rules for loaded in rulebooks):
        return clean_line(rulebooks, settings.lang)
    return render(findings, form, settings.lang, colour=settings.wants_color(sys.stdout))


def clean_line(rulebooks: Sequence[Loaded], lang: str) -> str:
    """The one line that says what was checked when nothing is wrong."""
    rules = [loaded.require_rules() for loaded in rulebooks]
    workflows = [
        each.workflows[name]
        for each, loaded in zip(rules, rulebooks, strict=True)
        for name in own_ids(loaded, "workflows")
    ]
    counts = {
        "rulebook": len(rules),
        "workflow": len(workflows),
        "state": sum(len(workflow.states) for workflow in workflows),
        "event": sum(len(workflow.steps) for workflow in workflows),
        "sla": sum(len(workflow.slas) for workflow in workflows),
        "department": len({department for each in rules for department in each.organisation.departments}),
        "scenario": sum(len(own_ids(loaded, "scenarios")) for loaded in rulebooks),
    }
    said = [counted(noun, count, lang) for noun, count in counts.items() if count or noun == "rulebook"]
    return "OK  " + say("cli_check.comma", lang).join(said)


def counted(noun: str, count: int, lang: str) -> str:
    """A number with its noun: `1 state`, `3 states`."""
    return say(f"cli_count.{noun}_{'one' if count == 1 else 'many'}", lang, count=count)


def _prefixes(given: Sequence[str], flag: str, settings: Settings) -> tuple[str, ...]:
    """The codes of a flag, which may be given several times or with commas; a usage error for one that fits none."""
    codes = tuple(code.strip().upper() for text in given for code in text.split(",") if code.strip())
    for code in codes:
        if not any(known.startswith(code) for known in finding_codes()):
            raise click.UsageError(say("cli_check.unknown_code", settings.lang, flag=flag, code=code))
    return codes


def _file_of_a_rulebook(paths: Sequence[str], settings: Settings) -> tuple[Path, Path] | None:
    """A single file that only makes sense with the rulebook around it, and that rulebook: an editor asks like this."""
    path = Path(paths[0]) if len(paths) == 1 else None
    if path is None or not exists(path, settings.lang) or not path.is_file():
        return None
    around = rulebook_around(shorten(path))
    return (path, around) if around else None


def _filtered(findings: Findings, wanted: tuple[str, ...], unwanted: tuple[str, ...], only: Path | None) -> Findings:
    shown = merged([findings])
    for finding in findings:
        elsewhere = only is not None and Path(finding.place.file).resolve() != only.resolve()
        if elsewhere or not _is_wanted(finding, wanted, unwanted):
            shown.remove(finding)
    return shown


def _is_wanted(finding: Finding, wanted: tuple[str, ...], unwanted: tuple[str, ...]) -> bool:
    return (not wanted or finding.code.startswith(wanted)) and not (unwanted and finding.code.startswith(unwanted))
