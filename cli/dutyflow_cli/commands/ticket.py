"""`dutyflow ticket`: open tickets, act on them, look at one or many, and ask why."""

from __future__ import annotations

from dutyflow_cli.bilingual import Help, bilingual_group
from dutyflow_cli.commands.ticket_acts import do, open_ticket
from dutyflow_cli.commands.ticket_list import list_tickets
from dutyflow_cli.commands.ticket_looks import history, show, why


@bilingual_group(
    "ticket",
    Help(
        zh="开单、办理、查看、查询工单，并说明为什么。",
        en="Open tickets, act on them, list them, look at them, and ask why.",
        examples=(
            "dutyflow ticket open complaint register --as A1 complainant=王女士 phone=138 content=刮花",
            "dutyflow ticket list --mine --as S1",
            "dutyflow ticket why TS-2026-0001",
        ),
    ),
)
def command() -> None:
    """See the words above."""


for inner in (open_ticket, do, list_tickets, show, why, history):
    command.add_command(inner)
