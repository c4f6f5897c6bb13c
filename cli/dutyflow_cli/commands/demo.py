"""`dutyflow demo`: the story of one complaint, with a refusal, a warning and a breach, and what to try next."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import click
from rich.console import RenderableType
from rich.text import Text

from dutyflow.lab.simulation import Simulation
from dutyflow.lab.story import Row, tell
from dutyflow.lab.story_text import addressee_text, summary_text
from dutyflow.telling.moments import Anchor, show_moment
from dutyflow.telling.teller import Teller
from dutyflow.wording import say
from dutyflow_cli.bilingual import Help, bilingual_command
from dutyflow_cli.playing import play_steps, read_steps
from dutyflow_cli.render.story import draw_story
from dutyflow_cli.render.tables import draw, indented, prose, table, width
from dutyflow_cli.rulebooks import one_rulebook
from dutyflow_cli.settings import Settings, settings_of

RULEBOOK = "complaint_loop"
WORKFLOW = "complaint"
SCRIPT = """
2026-03-06 19:10 A1 register complainant=王女士 phone=138 channel=电话 content=刮花 first_contact_at=2026-03-06T19:05
19:20 A1 judge_upheld statement=约好周三送，周五才到 asked_facts=已核对签收单 category=配送
19:40 S1 judge_upheld statement=约好周三送，周五才到 asked_facts=已核对签收单 category=配送
2026-03-11 10:20 L1 report_findings cause=装车时没有加护角 liable_person=K1
15:00 L1 propose options="换新扶手并补偿200元, 整件更换"
16:30 D approve chosen_option=换新扶手并补偿200元
2026-03-12 10:00 A1 customer_accept customer_signature=签字单 promise_at="2026-03-16 12:00"
2026-03-16 11:00 L1 implemented result_evidence=新扶手照片 penalty_liable=扣奖金 penalty_head=检讨 reply_record=已说明
2026-03-17 10:00 V revisit_satisfied revisit_channel=电话 revisit_opinion=处理得很好
15:00 S1 summarise case_record=已归档 classification=上门不及时
"""
_PROSE_MAX = 100
_TRIES = (
    ("try_simulate", "dutyflow simulate complaint_loop -i"),
    ("try_why", 'dutyflow calendar due office "2026-03-06 19:40" 2bd'),
    ("try_explain", "dutyflow explain complaint_loop:complaint@investigating"),
    ("try_new", "dutyflow new my/requests"),
)


@bilingual_command(
    "demo",
    Help(
        zh="讲一件投诉的经过：周五晚上受理，责任部门没有动静，预警、超时、上报，最后办结。",
        en="Tell the story of one complaint: a Friday evening, a silent department, a warning, a breach, the end.",
        examples=("dutyflow demo", "dutyflow --lang zh demo"),
    ),
)
@click.pass_context
def command(context: click.Context) -> None:
    """See the words above."""
    settings = settings_of(context)
    simulation = play(settings)
    size = min(width(), _PROSE_MAX)
    title = Text(say("cli_demo.title", settings.lang), style="bold")
    click.echo(draw([title, prose(say("cli_demo.before", settings.lang), size)], settings) + "\n")
    click.echo(draw_story(simulation, settings) + "\n")
    click.echo(draw(_explained(simulation, settings.lang, size), settings))


def play(settings: Settings) -> Simulation:
    """The complaint of the demo, played to its end."""
    rules = one_rulebook(RULEBOOK, settings.lang, shipped_only=True).require_rules()
    simulation = Simulation(rules, workflow=WORKFLOW)
    steps = read_steps(SCRIPT.strip().splitlines(), Anchor(ZoneInfo(rules.zone)), settings)
    play_steps(steps, simulation, settings)
    return simulation


def _explained(simulation: Simulation, lang: str, size: int) -> Iterator[RenderableType]:
    teller = Teller(simulation.rules, lang, WORKFLOW)
    rows = tell(simulation)
    breach = next(row for row in rows if row.kind == "breach")
    warning = next(row for row in rows if row.kind == "warning" and row.name == breach.name)
    yield Text(say("cli_demo.after", lang), style="bold")
    values = {
        "warned": _moment(warning, teller),
        "breached": _moment(breach, teller),
        "told": addressee_text(breach.to, teller),
    }
    sentences = [
        say("cli_demo.refused", lang),
        say("cli_demo.weekend", lang, **values),
        say("cli_demo.closed", lang, result=summary_text(simulation, lang)),
    ]
    for sentence in sentences:
        yield table(("", ""), [("-", prose(sentence, size - 4))], indent=1)
    yield Text("\n" + say("cli_demo.try", lang), style="bold")
    for key, line in _TRIES:
        yield indented(f"{line}   # {say(f'cli_demo.{key}', lang)}", 2)


def _moment(row: Row, teller: Teller) -> str:
    return show_moment(row.at, teller.zone, teller.lang, year=False)
