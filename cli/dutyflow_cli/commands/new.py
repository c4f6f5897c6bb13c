"""`dutyflow new`: makes a rulebook for another business type, which passes `check` and `test` at once."""

from __future__ import annotations

from pathlib import Path

import click

from dutyflow.errors import InputError
from dutyflow.rulebook.findings import closest
from dutyflow.rulebook.folder import YAML_ENDINGS
from dutyflow.wording import say
from dutyflow_cli.bilingual import Help, bilingual_command, option
from dutyflow_cli.commands.check import check_paths, clean_line, counted
from dutyflow_cli.making import TEMPLATE, Plan, plan, sources
from dutyflow_cli.render.findings import render
from dutyflow_cli.rulebooks import exists
from dutyflow_cli.settings import ExitCode, Settings, settings_of
from dutyflow_cli.trials import Wanted, run

HELP = Help(
    zh="""从现成的业务或模板建一本新的规则手册，建好就能通过 check 和 test，再按注释修改。

    PATH 是要新建的文件夹。它继承的 _shared 等文件夹放在它旁边，已有的不动。""",
    en="""Make a rulebook for another business type from a shipped one or from the template. It passes check and test at
    once; the comments in its files say what to change.

    PATH is the folder to make. What it extends (_shared) is put beside it; what is there already is left alone.""",
    examples=(
        "dutyflow new acme/requests",
        'dutyflow new acme/property --from complaint_loop --title "物业投诉"',
        "dutyflow new acme/lifts --from field_repair --dry-run",
    ),
)

_LEVELS_UP = 2
_KEYS = ("rulebook:", "workflows:", "slas:")


@bilingual_command("new", HELP)
@click.argument("path")
@option(
    "--from",
    "source",
    default=TEMPLATE,
    show_default=True,
    metavar="NAME",
    zh="从哪里来：template、complaint_loop、revisit_survey 或 field_repair。",
    en="What to start from: template, complaint_loop, revisit_survey or field_repair.",
)
@option("--title", metavar="TEXT", zh="新手册的标题。", en="The title of the new rulebook.")
@option("--dry-run", is_flag=True, zh="只说会写哪些文件，不写。", en="Only say which files would be written.")
@click.pass_context
def command(context: click.Context, path: str, source: str, title: str | None, dry_run: bool) -> int:
    """See HELP."""
    settings = settings_of(context)
    target = Path(path)
    folder = _source(source, settings)
    _check_target(target, settings)
    if title is not None and not title.strip():
        raise click.UsageError(say("cli_new.empty_title", settings.lang))
    planned = plan(folder, target, title)
    if any(place.resolve() == target.resolve() for place, _ in planned.beside):
        raise InputError(say("cli_new.needed_beside", settings.lang, name=target.name, source=source))
    if dry_run:
        _tell_plan(planned, target, source, settings)
        return ExitCode.FINE
    planned.write()
    return _tell_made(planned, target, source, settings)


def _source(name: str, settings: Settings) -> Path:
    known = sources()
    if name in known:
        return known[name]
    near = closest(name, known)
    hint = say("cli.did_you_mean", settings.lang, name=near) if near else ""
    raise click.UsageError(say("cli_new.unknown_source", settings.lang, name=name, known=", ".join(known), hint=hint))


def _check_target(target: Path, settings: Settings) -> None:
    """Refuse to overwrite, to build inside another rulebook, and names that mark shared folders."""
    lang = settings.lang
    taken = exists(target, lang)
    name = target.resolve().name
    if name.startswith(("_", ".")):
        raise InputError(say("cli_new.underscore", lang, name=name))
    if taken and (not target.is_dir() or any(target.iterdir())):
        raise InputError(say("cli_new.exists", lang, path=target))
    for outer in list(target.resolve().parents)[:_LEVELS_UP]:
        if outer.is_dir() and any(_declares_a_rulebook(entry) for entry in sorted(outer.iterdir())):
            raise InputError(say("cli_new.inside", lang, path=target, outer=outer.name))


def _declares_a_rulebook(file: Path) -> bool:
    """Whether a file is part of a rulebook; other YAML (of a build server, of containers) is no reason to refuse."""
    if file.suffix not in YAML_ENDINGS or not file.is_file():
        return False
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    return any(line.startswith(_KEYS) for line in lines)


def _tell_plan(planned: Plan, target: Path, source: str, settings: Settings) -> None:
    click.echo(say("cli_new.would", settings.lang, path=target, source=source))
    for one in planned.files:
        click.echo(f"  {one.path.as_posix()}")
    for folder, files in planned.beside:
        click.echo(f"  {folder.as_posix()}/  ({counted('file', len(files), settings.lang)})")
    _tell_kept(planned, settings)


def _tell_kept(planned: Plan, settings: Settings) -> None:
    if planned.kept:
        click.echo(say("cli_new.kept", settings.lang, names=", ".join(path.as_posix() for path in planned.kept)))


def _tell_made(planned: Plan, target: Path, source: str, settings: Settings) -> int:
    lang = settings.lang
    files = counted("file", len(planned.files), lang)
    click.echo(say("cli_new.made", lang, path=target.as_posix(), source=source, files=files))
    if planned.beside:
        names = ", ".join(folder.as_posix() for folder, _ in planned.beside)
        click.echo(say("cli_new.beside", lang, names=names))
    _tell_kept(planned, settings)
    rulebooks, findings = check_paths([target])
    if len(findings):
        click.echo(render(findings, "text", lang))
    trials = run([Wanted(target)], None, lambda scenario: None)
    if findings.has_errors or trials.failed:
        names = ", ".join(path.as_posix() for path in planned.kept) or "-"
        raise InputError(say("cli_new.not_clean", lang, names=names))
    passed = say("cli_test.passed", lang, count=len(trials.results))
    click.echo(say("cli_new.clean", lang, counts=clean_line(rulebooks, lang), passed=passed))
    click.echo(say("cli_new.next", lang))
    where = target.as_posix()
    click.echo("  " + say("cli_new.step_edit", lang, path=f"{where}/lifecycle.yaml"))
    for line in (f"dutyflow check {where}", f"dutyflow test {where}", f"dutyflow simulate {where} -i"):
        click.echo("  " + line)
    return ExitCode.FINE
