"""`dutyflow ticket open` and `do`: ask for an event; an accepted one says what changed, a refused one why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import click

from dutyflow.bootstrap.engine import SKEW_SECONDS, Engine
from dutyflow.errors import InputError
from dutyflow.kernel.commands import BUILT_IN, Open, Request
from dutyflow.kernel.denials import Denial
from dutyflow.kernel.rules import NEW, Rules
from dutyflow.kernel.ticket import Ticket
from dutyflow.lab.requests import request
from dutyflow.lab.script import ScriptError, read_pairs, script_error_text
from dutyflow.ports.records import Answer
from dutyflow.telling.moments import Anchor, show_moment
from dutyflow.telling.teller import Teller
from dutyflow.wording import say
from dutyflow_cli.bilingual import Help, bilingual_command, option
from dutyflow_cli.desk import Desk
from dutyflow_cli.playing import moment_of
from dutyflow_cli.render.tables import draw
from dutyflow_cli.render.ticket import answer_parts, refusal_parts
from dutyflow_cli.render.ticket_json import answer_json
from dutyflow_cli.settings import ExitCode, Settings, settings_of
from dutyflow_cli.stores import checked_name, format_option, open_engine, store_option

actor_option = option(
    "--as", "actor", metavar="ACTOR", required=True, zh="谁来做：人员编号。", en="Who does it: the id of a member."
)
reason_option = option("--reason", metavar="TEXT", zh="理由。", en="The reason.")
at_option = option(
    "--at",
    metavar="TIME",
    zh="什么时候发生的；不写是现在。",
    en="When it happened; now if left out.",
)
key_option = option(
    "--key",
    metavar="KEY",
    zh="幂等键：同一个键再问一次，得到同一个答复，不会做两遍。",
    en="Asked again under the same key, a command is answered alike and not done twice.",
)


@dataclass(frozen=True, slots=True)
class Asking:
    """How a command is asked: when, under which key, and in which form it is answered."""

    at: str | None
    key: str | None
    form: str


@bilingual_command(
    "open",
    Help(
        zh="""用 WORKFLOW 的开单事件 EVENT 开一张工单，字段写成 字段=值。

        缺了什么、为什么不行，会逐项说明；退出码 1 表示被拒绝。""",
        en="""Open a ticket of WORKFLOW by its opening event EVENT, with its fields as field=value.

        What is missing, or why it is refused, is said item by item; a refusal has exit code 1.""",
        examples=(
            "dutyflow ticket open complaint register --as A1 complainant=王女士 phone=138 channel=电话 content=刮花",
            'dutyflow ticket open request register --as A1 --at "2026-03-06 19:10" customer_name=王女士',
        ),
    ),
)
@click.argument("workflow")
@click.argument("event")
@click.argument("pairs", metavar="[FIELD=VALUE]...", nargs=-1)
@actor_option
@option("--rulebook", metavar="NAME", zh="哪本手册的流程。", en="Whose workflow, where several rulebooks have it.")
@option("--id", "ticket", metavar="ID", zh="自定的工单号。", en="The id of the new ticket, instead of a made one.")
@reason_option
@at_option
@key_option
@store_option
@format_option
@click.pass_context
def open_ticket(
    context: click.Context,
    workflow: str,
    event: str,
    pairs: tuple[str, ...],
    actor: str,
    rulebook: str | None,
    ticket: str | None,
    reason: str | None,
    at: str | None,
    key: str | None,
    store: str | None,
    form: str,
) -> int:
    """See the words above."""
    settings = settings_of(context)
    data, reason = _data(pairs, reason, settings)
    with open_engine(store, settings, actor=actor) as engine:
        rules = _rules_with(workflow, rulebook, engine, settings)
        openers = [name for name, steps in rules.workflows[workflow].steps.items() if NEW in steps]
        event = checked_name("opening_event", event, openers, settings)
        command = Open(ticket=ticket or "", workflow=workflow, event=event, actor=actor, data=data, reason=reason)
        desk, asking = Desk(engine, settings), Asking(at, key, form)
        answer = _submit(desk, command, None, rules, asking)
        return _show_answer(desk, answer, None, rules, workflow, asking)


@bilingual_command(
    "do",
    Help(
        zh="""对工单 TICKET（编号或单号）做 EVENT，字段写成 字段=值。

        amend（更正字段）、comment text=…（备注）、assign member=…（指派）不必在手册里声明。""",
        en="""Do EVENT on TICKET (its id or record number), with fields as field=value.

        amend (corrects fields), comment text=… and assign member=… need not be declared in the rulebook.""",
        examples=(
            "dutyflow ticket do TS-2026-0001 judge_upheld --as S1 statement=已听 category=配送",
            "dutyflow ticket do TS-2026-0001 comment --as A1 text=客户再次来电",
            "dutyflow ticket do TS-2026-0001 assign --as S1 member=S2 --reason 请假",
        ),
    ),
)
@click.argument("ticket")
@click.argument("event")
@click.argument("pairs", metavar="[FIELD=VALUE]...", nargs=-1)
@actor_option
@reason_option
@at_option
@key_option
@store_option
@format_option
@click.pass_context
def do(
    context: click.Context,
    ticket: str,
    event: str,
    pairs: tuple[str, ...],
    actor: str,
    reason: str | None,
    at: str | None,
    key: str | None,
    store: str | None,
    form: str,
) -> int:
    """See the words above."""
    settings = settings_of(context)
    data, reason = _data(pairs, reason, settings)
    with open_engine(store, settings, actor=actor) as engine:
        desk, asking = Desk(engine, settings), Asking(at, key, form)
        before = desk.ticket(desk.ticket_id(ticket))
        rules = desk.rules_of(before)
        checked_name("event", event, (*rules.workflows[before.workflow].steps, *BUILT_IN), settings)
        command = request(event, rules.workflows[before.workflow], actor, data, reason)
        answer = _submit(desk, command, before.id, rules, asking)
        return _show_answer(desk, answer, before, rules, before.workflow, asking)


def _data(words: Iterable[str], reason: str | None, settings: Settings) -> tuple[dict[str, str], str | None]:
    """The values of the fields, and the reason: `reason=…` gives it too, as in a script."""
    try:
        data = read_pairs(words)
    except ScriptError as error:
        raise click.UsageError(script_error_text(error, settings.lang)) from None
    given = data.pop("reason", None)
    return data, reason if reason is not None else given


def _rules_with(workflow: str, rulebook: str | None, engine: Engine, settings: Settings) -> Rules:
    """The newest version of the rulebook that has the workflow."""
    books = engine.rulebooks()
    if rulebook is not None:
        books = {rulebook: books[checked_name("rulebook", rulebook, books, settings)]}
    checked_name("workflow", workflow, [name for book in books for name in engine.rules(book).workflows], settings)
    having = [book for book in sorted(books) if workflow in engine.rules(book).workflows]
    if len(having) > 1:
        said = say("cli_ticket.which_rulebook", settings.lang, workflow=workflow, names=", ".join(having))
        raise click.UsageError(said)
    return engine.rules(having[0])


def _submit(desk: Desk, command: Request, ticket: str | None, rules: Rules, asking: Asking) -> Answer:
    at = _moment(asking.at, desk, rules)
    book = rules.name if isinstance(command, Open) else None
    return desk.engine.submit(command, ticket=ticket, at=at, key=asking.key, rulebook=book)


def _moment(at: str | None, desk: Desk, rules: Rules) -> datetime | None:
    """When it happened; `InputError` for a time to come."""
    if at is None:
        return None
    zone, now = desk.zone(rules.name), desk.now
    moment = moment_of(at, Anchor(zone, now, now), desk.settings)
    if moment > now + timedelta(seconds=SKEW_SECONDS):
        shown = {"at": show_moment(moment, zone, desk.lang), "now": show_moment(now, zone, desk.lang)}
        raise InputError(say("cli_ticket.not_yet", desk.lang, **shown))
    return moment


def _show_answer(desk: Desk, answer: Answer, before: Ticket | None, rules: Rules, workflow: str, asking: Asking) -> int:
    found = answer.ticket or (before.id if before else None)
    ticket = desk.ticket(found) if found and (answer.accepted or before) else None
    if asking.form == "json":
        click.echo(answer_json(desk, ticket, answer, rules, workflow))
    elif answer.denial is None and ticket is not None:
        click.echo(draw(answer_parts(desk, before, ticket, answer), desk.settings))
    elif answer.denial is not None:
        _show_refusal(desk, answer.denial, before, rules, workflow)
    return ExitCode.FINE if answer.accepted else ExitCode.FINDINGS


def _show_refusal(desk: Desk, denial: Denial, before: Ticket | None, rules: Rules, workflow: str) -> None:
    actor, teller = desk.engine.actor or "", Teller(rules, desk.lang, workflow)
    actions = desk.actions(before) if before else desk.engine.opening_actions(workflow, rulebook=rules.name)
    parts = refusal_parts(denial, teller, actor, workflow, actions, opening=before is None)
    click.echo(draw(parts, desk.settings))
