"""`dutyflow ticket show`, `why` and `history`: what happened to a ticket, and what makes its deadlines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import takewhile

import click
from rich.console import RenderableType
from rich.text import Text

from dutyflow.kernel.commands import BUILT_IN
from dutyflow.kernel.encoding import plain_json
from dutyflow.kernel.events import Event
from dutyflow.kernel.history import seal
from dutyflow.kernel.ticket import Ticket
from dutyflow.telling.reasons import places_of
from dutyflow.wording import say
from dutyflow_cli.bilingual import Help, bilingual_command, option
from dutyflow_cli.commands.ticket_list import viewer_option
from dutyflow_cli.desk import Desk
from dutyflow_cli.entries import entries
from dutyflow_cli.render.history import history_parts
from dutyflow_cli.render.json_text import json_text
from dutyflow_cli.render.story import draw_story
from dutyflow_cli.render.tables import draw
from dutyflow_cli.render.ticket import name_of, ticket_parts
from dutyflow_cli.render.ticket_json import history_json, ticket_json, why_json, writer_of
from dutyflow_cli.render.why import actions_parts, clock_parts, event_parts
from dutyflow_cli.settings import settings_of
from dutyflow_cli.stores import checked_name, format_option, open_engine, store_option


@bilingual_command(
    "show",
    Help(
        zh="看一张工单：现在的状态、时限、字段，和它的全部经过。TICKET 是编号或单号。",
        en="Look at one ticket: where it stands, its time limits, its fields, and its whole story.",
        examples=("dutyflow ticket show TS-2026-0001", "dutyflow ticket show TS-2026-0001 --as A1 --format json"),
    ),
)
@click.argument("ticket")
@viewer_option
@store_option
@format_option
@click.pass_context
def show(context: click.Context, ticket: str, actor: str | None, store: str | None, form: str) -> None:
    """See the words above."""
    settings = settings_of(context)
    with open_engine(store, settings, actor=actor) as engine:
        desk = Desk(engine, settings)
        found = desk.ticket(desk.ticket_id(ticket))
        if form == "json":
            click.echo(ticket_json(desk, found))
            return
        click.echo(draw(ticket_parts(desk, found), settings) + "\n")
        click.echo(draw_story(desk.story(found), settings))


@bilingual_command(
    "why",
    Help(
        zh="""为什么是这个期限：按哪一行、从何时算起、停过多久、哪些天算数、接下来提醒谁；以及现在谁能做什么。

        写上 EVENT：它现在为什么行，或为什么不行。""",
        en="""Why a deadline is what it is: which line, counted from when, what stood still, which days count, who hears
        of it next; and who may do what now.

        With EVENT: why that is possible now, or is not.""",
        examples=("dutyflow ticket why TS-2026-0001", "dutyflow ticket why TS-2026-0001 judge_upheld --as A1"),
    ),
)
@click.argument("ticket")
@click.argument("event", required=False)
@viewer_option
@store_option
@format_option
@click.pass_context
def why(
    context: click.Context, ticket: str, event: str | None, actor: str | None, store: str | None, form: str
) -> None:
    """See the words above."""
    settings = settings_of(context)
    with open_engine(store, settings, actor=actor) as engine:
        desk = Desk(engine, settings)
        found = desk.ticket(desk.ticket_id(ticket))
        click.echo(_why(desk, found, form) if event is None else _why_event(desk, found, event, form))


def _why(desk: Desk, ticket: Ticket, form: str) -> str:
    clocks, actions, teller = desk.clocks(ticket), desk.actions(ticket), desk.teller(ticket)
    if form == "json":
        return why_json(desk, ticket, clocks, actions, None)
    head = f"{teller.workflow(ticket.workflow)} {name_of(ticket)} · {teller.state(ticket.state)}"
    parts: list[RenderableType] = [Text(head, style="bold"), Text("")]
    for reason in clocks:
        parts += [*clock_parts(reason, teller, desk.now), Text("")]
    if not clocks:
        parts += [Text(say("cli_why.no_clocks", desk.lang)), Text("")]
    return draw([*parts, *actions_parts(actions, teller, ticket.workflow)], desk.settings)


def _why_event(desk: Desk, ticket: Ticket, event: str, form: str) -> str:
    rules, teller = desk.rules_of(ticket), desk.teller(ticket)
    steps = rules.workflows[ticket.workflow].steps
    checked_name("event", event, (*steps, *BUILT_IN), desk.settings)
    places = places_of(rules, ticket.workflow, event)
    actions = tuple(action for action in desk.actions(ticket) if action.event == event)
    if form == "json":
        return why_json(desk, ticket, (), actions, places)
    action = actions[0] if actions else None
    return draw(event_parts(action, places, ticket.state, teller, ticket.workflow), desk.settings)


@bilingual_command(
    "history",
    Help(
        zh="""按次序列出一张工单的每个事件：序号、时间、谁、哈希；被拒绝的也在其中。

        哈希只给到第一处被遮住的内容为止：有了哈希，被遮住的电话号码可以逐个试出来。""",
        en="""List every event of a ticket in order: its number, time, actor and hash; refusals stand between them.

        Hashes end where something is masked: with them, a masked telephone number could be found by trying.""",
        examples=("dutyflow ticket history TS-2026-0001", "dutyflow ticket history TS-2026-0001 --raw"),
    ),
)
@click.argument("ticket")
@option("--raw", is_flag=True, zh="每行一个事件的 JSON，照原样。", en="The events as JSON, one a line.")
@viewer_option
@store_option
@format_option
@click.pass_context
def history(context: click.Context, ticket: str, raw: bool, actor: str | None, store: str | None, form: str) -> None:
    """See the words above."""
    settings = settings_of(context)
    with open_engine(store, settings, actor=actor) as engine:
        desk = Desk(engine, settings)
        found = desk.ticket(desk.ticket_id(ticket))
        events = desk.history(found)
        if raw:
            for event in events:
                click.echo(json_text(json.loads(plain_json(event)), indent=None))
            return
        hashes = _hashes(engine.store.history(found.id), events)
        listed = list(entries(events, hashes, desk.asked(found)))
        if form == "json":
            click.echo(history_json(found, listed, writer_of(desk, found), desk.rules_of(found)))
        else:
            click.echo(draw(history_parts(listed, desk.teller(found), found.workflow), settings))


def _hashes(kept: Sequence[Event], seen: Sequence[Event]) -> tuple[str, ...]:
    """The hash of each event as it is kept; none from the first one on of which this reader does not see everything.

    A telephone number is soon guessed by whoever can try each one against a hash, be it that of a later event.
    """
    open_to_see = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(kept, seen, strict=True))))
    return (*seal(kept[:open_to_see]), *[""] * (len(kept) - open_to_see))
