"""`dutyflow calendar`: which days a calendar opens, and how a due time comes about, day by day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

import click

from dutyflow.errors import InputError
from dutyflow.kernel.calendars import ALWAYS, Calendar
from dutyflow.kernel.durations import Duration, DurationError
from dutyflow.resources import workflows_dir
from dutyflow.rulebook.compile.context import label
from dutyflow.rulebook.findings import closest
from dutyflow.rulebook.folder import find_rulebooks
from dutyflow.rulebook.load import Loaded
from dutyflow.runtime.clocks import SystemClock
from dutyflow.telling.moments import Anchor, MomentError, read_moment
from dutyflow.wording import say
from dutyflow_cli.bilingual import Help, bilingual_command, bilingual_group, option
from dutyflow_cli.days import days_of_work, last_day
from dutyflow_cli.moments import moment_problem
from dutyflow_cli.render.days import arithmetic, hours_of_week, listing
from dutyflow_cli.render.tables import draw, table
from dutyflow_cli.rulebooks import one_rulebook, shorten
from dutyflow_cli.settings import Settings, settings_of

_TWO_WEEKS = 14
_DAYS_MAX = 400

in_rulebook = option(
    "--rulebook",
    metavar="RULEBOOK",
    zh="从哪本手册取日历：文件夹或自带手册的名称。不写：当前文件夹，否则用自带的日历。",
    en="Whose calendars: a folder or a shipped rulebook. Default: this folder, else the shipped calendars.",
)


@bilingual_group(
    "calendar",
    Help(
        zh="查看工作日历，计算到期时间。",
        en="Show a working calendar and reckon due times.",
        examples=(
            "dutyflow calendar list",
            "dutyflow calendar show office --from 2026-09-28 --to 2026-10-11",
            'dutyflow calendar due office "2026-09-29 16:40" 16bh',
        ),
    ),
)
def command() -> None:
    """See the words above."""


@bilingual_command(
    "list",
    Help(
        zh="列出手册里的日历，和各自的开放时段。",
        en="List the calendars of a rulebook with their hours.",
        examples=("dutyflow calendar list", "dutyflow calendar list --rulebook field_repair"),
    ),
)
@in_rulebook
@click.pass_context
def list_calendars(context: click.Context, rulebook: str | None) -> None:
    """See the words above."""
    settings = settings_of(context)
    loaded = _loaded(rulebook, settings)
    heads = [say(f"cli_calendar.{head}", settings.lang) for head in ("name", "title", "hours", "zone", "official")]
    rows = [
        (
            name,
            _title(loaded, name, settings.lang),
            hours_of_week(found, settings.lang),
            found.timezone,
            str(found.official_until or "-"),
        )
        for name, found in _calendars(loaded).items()
    ]
    click.echo(draw([table(heads, rows)], settings))


@bilingual_command(
    "show",
    Help(
        zh="逐日列出一个日历：几点到几点开放，哪天放假，哪天调休上班。",
        en="Show a calendar day by day: its hours, its holidays, its make-up days.",
        examples=(
            "dutyflow calendar show office",
            "dutyflow calendar show office --from 2026-09-28 --to 2026-10-11",
        ),
    ),
)
@click.argument("name")
@in_rulebook
@option("--from", "first", metavar="DATE", zh="从哪天起；不写是今天。", en="The first day; today if left out.")
@option("--to", "last", metavar="DATE", zh="到哪天止；不写是两周。", en="The last day; two weeks if left out.")
@click.pass_context
def show(context: click.Context, name: str, rulebook: str | None, first: str | None, last: str | None) -> None:
    """See the words above."""
    settings = settings_of(context)
    loaded = _loaded(rulebook, settings)
    found = _named(loaded, name, settings)
    today = SystemClock().now().astimezone(found.zone).date()
    begin = _date(first, "--from", settings) or today
    end = _date(last, "--to", settings) or begin + timedelta(days=_TWO_WEEKS - 1)
    if not 0 <= (end - begin).days < _DAYS_MAX:
        raise click.UsageError(say("cli_calendar.bad_range", settings.lang, days=_DAYS_MAX))
    click.echo(_head(loaded, name, found, settings))
    click.echo(draw([listing(days_of_work(found, begin, end), settings.lang)], settings))
    if found.official_until and end > found.official_until:
        click.echo(say("cli_calendar.beyond", settings.lang, until=found.official_until))


@bilingual_command(
    "due",
    Help(
        zh="从 START 起经过 DURATION 何时到期，逐日说明怎么算的。",
        en="When DURATION begun at START is over, and which days counted for it.",
        examples=(
            'dutyflow calendar due office "2026-09-29 16:40" 16bh',
            'dutyflow calendar due office "Fri 2026-03-06 19:10" 2bd',
            'dutyflow calendar due contact "2026-03-06 19:10" 3d@21:00',
        ),
    ),
)
@click.argument("name")
@click.argument("start")
@click.argument("duration")
@in_rulebook
@click.pass_context
def due(context: click.Context, name: str, start: str, duration: str, rulebook: str | None) -> None:
    """See the words above."""
    settings = settings_of(context)
    loaded = _loaded(rulebook, settings)
    amount = _duration(duration, settings)
    if amount.calendar is not None and amount.calendar != name:
        raise click.UsageError(say("cli_calendar.two_calendars", settings.lang, name=name, other=amount.calendar))
    found = _named(loaded, name, settings)
    begin = _moment(start, found, settings)
    end = found.due_at(begin, amount)
    click.echo(_head(loaded, name, found, settings))
    days = days_of_work(found, begin.astimezone(found.zone).date(), last_day(end))
    click.echo(draw(arithmetic(amount, begin, end, days, found.zone, settings.lang), settings))
    if found.official_until and end.date() > found.official_until:
        click.echo(say("cli_calendar.beyond", settings.lang, until=found.official_until))


command.add_command(list_calendars)
command.add_command(show)
command.add_command(due)


def _loaded(name: str | None, settings: Settings) -> Loaded:
    """The rulebook that was named, else the one that this folder is, else what every shipped one extends."""
    if name is None:
        here = Path()
        name = "." if find_rulebooks(here) == [here] else str(shorten(workflows_dir() / "_shared"))
    return one_rulebook(name, settings.lang)


def _calendars(loaded: Loaded) -> Mapping[str, Calendar]:
    return {"always": ALWAYS, **loaded.require_rules().calendars}


def _named(loaded: Loaded, name: str, settings: Settings) -> Calendar:
    known = _calendars(loaded)
    if name in known:
        return known[name]
    near = closest(name, known)
    hint = say("cli.did_you_mean", settings.lang, name=near) if near else ""
    raise InputError(say("cli_calendar.unknown", settings.lang, name=name, known=", ".join(known), hint=hint))


def _title(loaded: Loaded, name: str, lang: str) -> str:
    declared = loaded.raw.sections.get("calendars", {}).get(name) if loaded.raw else None
    return label(declared.node.get("title") if declared else None, name).get(lang, name)


def _head(loaded: Loaded, name: str, found: Calendar, settings: Settings) -> str:
    official = say("cli_calendar.official_until", settings.lang, until=found.official_until or "-")
    return " · ".join((name, _title(loaded, name, settings.lang), found.timezone, official))


def _date(text: str | None, flag: str, settings: Settings) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.UsageError(say("cli_calendar.bad_date", settings.lang, flag=flag, text=text)) from None


def _duration(text: str, settings: Settings) -> Duration:
    try:
        return Duration.parse(text)
    except DurationError as error:
        hint = say("cli.did_you_mean", settings.lang, name=error.suggestion) if error.suggestion else ""
        raise click.UsageError(say("cli_calendar.bad_duration", settings.lang, text=text, hint=hint)) from None


def _moment(text: str, found: Calendar, settings: Settings) -> datetime:
    try:
        return read_moment(text, Anchor(found.zone)).astimezone(found.zone)
    except MomentError as error:
        raise click.UsageError(moment_problem(error, text, settings.lang)) from None
