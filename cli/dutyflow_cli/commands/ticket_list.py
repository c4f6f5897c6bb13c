"""`dutyflow ticket list`: a queue, what is due first at the top."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import click

from dutyflow.kernel.privacy import hidden_fields
from dutyflow.kernel.rules import Rules
from dutyflow.lab.script import ScriptError, read_pairs, script_error_text
from dutyflow.ports.queue import LIMIT_MAX, Query
from dutyflow.telling.moments import Anchor, show_moment
from dutyflow.wording import say
from dutyflow_cli.bilingual import Help, bilingual_command, option
from dutyflow_cli.desk import Desk
from dutyflow_cli.playing import moment_of
from dutyflow_cli.render.excerpt import clean
from dutyflow_cli.render.queue import footer_parts, queue_parts
from dutyflow_cli.render.tables import draw
from dutyflow_cli.render.ticket_json import queue_json
from dutyflow_cli.settings import Settings, settings_of
from dutyflow_cli.stores import checked_name, format_option, open_engine, store_option

_LIMIT = 50
_WORKER_IS_LATE = timedelta(minutes=1)
_NAMED = ("workflow", "state", "role", "department")
"""Conditions that go by names of the rulebooks."""

viewer_option = option(
    "--as",
    "actor",
    metavar="ACTOR",
    zh="以谁的身份看：他不能看的内容会遮住。不写：隐私字段全部遮住。",
    en="Who looks: what they may not see is masked. Without it, every private value is.",
)


@bilingual_command(
    "list",
    Help(
        zh="""列出工单，最急的在前：还剩多少时间、在谁手里。不写条件：全部未结束的。

        编号、状态、岗位都用手册里的名字；`+4h` 表示从现在起四小时内。""",
        en="""List tickets, the most urgent first: how much time is left, who has them. Without a condition: all open.

        States, roles and departments go by the names of the rulebook; `+4h` means within four hours from now.""",
        examples=(
            "dutyflow ticket list",
            "dutyflow ticket list --mine --as S1",
            "dutyflow ticket list --role supervisor --due-before +4h",
            "dutyflow ticket list --all --field phone=138 --as A1 --order newest",
        ),
    ),
)
@option("--role", metavar="ROLE", zh="负责的岗位。", en="The role in charge.")
@option("--member", metavar="MEMBER", zh="负责的人。", en="The person in charge.")
@option("--mine", is_flag=True, zh="由 --as 这个人负责的。", en="Those that the person of --as is in charge of.")
@option("--workflow", metavar="WORKFLOW", zh="流程。", en="The workflow.")
@option("--state", metavar="STATE", zh="状态。", en="The state.")
@option("--department", metavar="DEPARTMENT", zh="负责的部门。", en="The department in charge.")
@option("--due-before", metavar="TIME", zh="在此之前到期的。", en="Those that are due before this time.")
@option("--breached", is_flag=True, zh="有时限超过的。", en="Those with a time limit that was breached.")
@option("--closed", is_flag=True, zh="已结束的。", en="Closed tickets.")
@option("--all", "both", is_flag=True, zh="未结束和已结束的。", en="Open and closed tickets.")
@option("--field", "pairs", multiple=True, metavar="FIELD=VALUE", zh="字段等于。", en="With this value in a field.")
@option("--text", metavar="WORDS", zh="编号、单号或不涉及隐私的文字中含有。", en="Found in ids, numbers, open texts.")
@option(
    "--order",
    type=click.Choice(["due", "opened", "newest"]),
    default="due",
    show_default=True,
    zh="次序：先到期的、先开的，或最新的在前。",
    en="What comes first: what is due, what was opened first, or last.",
)
@option(
    "--limit",
    type=click.IntRange(1, LIMIT_MAX),
    default=_LIMIT,
    show_default=True,
    zh="一页多少行。",
    en="Rows in a page.",
)
@option(
    "--after", metavar="CURSOR", zh="下一页：上一页末尾给出的位置。", en="The next page: the cursor under the last."
)
@viewer_option
@store_option
@format_option
@click.pass_context
def list_tickets(
    context: click.Context,
    /,
    actor: str | None,
    store: str | None,
    form: str,
    limit: int,
    after: str | None,
    **wishes: Any,
) -> None:
    """See the words above."""
    settings = settings_of(context)
    if wishes["mine"] and actor is None:
        raise click.UsageError(say("cli_queue.mine_needs_as", settings.lang))
    with open_engine(store, settings, actor=actor) as engine:
        desk = Desk(engine, settings)
        page = engine.find(_query(wishes, desk), limit=limit, after=after)
        counts = engine.counts()
        if form == "json":
            click.echo(queue_json(desk, page, counts))
            return
        parts = [*queue_parts(desk, page), *footer_parts(page, counts, settings.lang)]
        click.echo(draw(parts, settings))
        _point_at_the_worker(desk)
        if wishes["mine"] and not page.rows:
            _point_at_roles(desk)


def _point_at_the_worker(desk: Desk) -> None:
    """A deadline that has passed long ago, and nobody was told: no breach is counted before a worker has seen to it."""
    since = desk.engine.next_due_at()
    if since is not None and desk.now - since > _WORKER_IS_LATE:
        shown = show_moment(since, desk.zone(), desk.lang)
        click.echo(say("cli_queue.no_worker", desk.lang, since=shown), err=True)


def _point_at_roles(desk: Desk) -> None:
    """Most tickets belong to a role until somebody is named: say how to see those."""
    roles = sorted({role for book in desk.engine.rulebooks() for role in desk.roles(desk.engine.rules(book))})
    if roles:
        words = ", ".join(f"--role {role}" for role in roles)
        click.echo(say("cli_queue.roles_too", desk.lang, actor=clean(desk.engine.actor or ""), words=words))


def _query(wishes: Mapping[str, Any], desk: Desk) -> Query:
    names_something = any(wishes[kind] for kind in (*_NAMED, "pairs"))  # else nobody waits for rulebooks to be read
    rulebooks = [desk.engine.rules(book) for book in desk.engine.rulebooks()] if names_something else []
    _check_names(wishes, rulebooks, desk.settings)
    closed = None if wishes["both"] else bool(wishes["closed"])
    return Query(
        workflow=wishes["workflow"],
        state=wishes["state"],
        role=wishes["role"],
        member=desk.engine.actor if wishes["mine"] else wishes["member"],
        department=wishes["department"],
        due_before=_moment(wishes["due_before"], desk),
        breached=True if wishes["breached"] else None,
        closed=closed,
        fields=_fields(wishes["pairs"], rulebooks, desk),
        text=wishes["text"],
        order=wishes["order"],
    )


def _check_names(wishes: Mapping[str, Any], rulebooks: list[Rules], settings: Settings) -> None:
    """A name that no rulebook has finds nothing: whoever mistyped it should hear that."""
    for kind in _NAMED:
        if wishes[kind] is not None:
            checked_name(kind, wishes[kind], _names(kind, rulebooks), settings)


def _names(kind: str, rulebooks: list[Rules]) -> Iterator[str]:
    for rules in rulebooks:
        match kind:
            case "workflow":
                yield from rules.workflows
            case "state":
                yield from (state for workflow in rules.workflows.values() for state in workflow.states)
            case "role":
                yield from rules.organisation.roles
            case _:
                yield from rules.organisation.departments


def _moment(text: str | None, desk: Desk) -> datetime | None:
    return moment_of(text, Anchor(desk.zone(), desk.now, desk.now), desk.settings) if text is not None else None


def _fields(pairs: tuple[str, ...], rulebooks: list[Rules], desk: Desk) -> dict[str, Any]:
    """Values as the fields of their names keep them. Nobody in particular may not search for what is private."""
    settings = desk.settings
    try:
        given = read_pairs(pairs)
    except ScriptError as error:
        raise click.UsageError(script_error_text(error, settings.lang)) from None
    flows = [flow for rules in rulebooks for flow in rules.workflows.values()]
    known = {name: field for flow in flows for name, field in flow.fields.items()}
    private = {name for flow in flows for name in hidden_fields(flow, frozenset())}
    for name, text in given.items():
        checked_name("field", name, known, settings)
        if desk.engine.actor is None and name in private:
            raise click.UsageError(say("cli_queue.private_needs_as", settings.lang, name=name))
        try:
            given[name] = known[name].accept(text)
        except ValueError:
            said = say(
                "cli_ask.does_not_fit",
                settings.lang,
                value=text,
                wanted=say(f"types.{known[name].kind}", settings.lang),
            )
            raise click.UsageError(said) from None
    return given
