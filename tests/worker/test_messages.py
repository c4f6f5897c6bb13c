"""A kept notice becomes a message: a sentence in each language, with titles, due time and record number, no secrets."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.kernel.yaml_rules import PEOPLE, rules_from

from dutyflow.kernel.effects import Addressee, Notice, Send
from dutyflow.kernel.ticket import AlarmKind, Ticket
from dutyflow.ports.records import Outgoing
from dutyflow.worker.messages import message_of

ZONE = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 3, 2, 11, 14, tzinfo=ZONE)

RULES = rules_from(
    """
    forms:
      f:
        title: F
        fields:
          phone: {type: text, private: true}
          item: {type: text}
          amount: {type: money}
          back_by: {type: datetime}
    templates:
      send_back:
        title: Send it back
        channel: sms
        text:
          zh: "{number}：{item}，{amount}，{phone}，{back_by}，{ticket}"
          en: "{number}: {item}, {phone}, {ticket}"
    workflows:
      complaint:
        title: {zh: 投诉, en: Complaint}
        forms: [f]
        number: "K-{year}-{n:03}"
        initial: open
        states: {open: {title: Open, owner: agent}, done: {title: Done, final: true}}
        events:
          begin: {opens: true, by: agent, optional: [phone, item, amount, back_by]}
          finish: {from: open, to: done, by: agent}
    slas:
      judge:
        title: {zh: 判定, en: Judging}
        on: complaint
        start: {entered: open}
        stop: {left: open}
        within: 2h
    """,
    people=PEOPLE,
)


def notice(kind: AlarmKind, **other: Any) -> Notice:
    to = Addressee(role="lead", members=("L1", "L2"))
    return Notice(**{"sla": "judge", "run": 1, "kind": kind, "level": 0, "at": AT, "deliver_at": AT, "to": to, **other})


def outgoing(what: Notice | Send, due_at: datetime | None = AT) -> Outgoing:
    return Outgoing(id="C-1:4:0", ticket="C-1", workflow="complaint", rules=RULES.hash, notice=what, due_at=due_at)


def ticket(**fields: Any) -> Ticket:
    return Ticket(
        id="C-1",
        workflow="complaint",
        rules=RULES.hash,
        state="open",
        seq=4,
        opened_at=AT,
        changed_at=AT,
        entered_at=AT,
        fields=fields,
    )


# --- alarms -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "en", "zh"),
    [
        (
            notice("warning"),
            "Complaint C-1: `Judging` is due Mon 2026-03-02 11:14. For Lead.",
            "投诉 C-1：「判定」应在 周一 2026-03-02 11:14 前完成。请Lead处理。",
        ),
        (
            notice("breach"),
            "Complaint C-1: `Judging` is OVERDUE since Mon 2026-03-02 11:14. For Lead.",
            "投诉 C-1：「判定」自 周一 2026-03-02 11:14 起已超时。请Lead处理。",
        ),
        (
            notice("escalation", level=2),
            "Complaint C-1: `Judging` is still OVERDUE since Mon 2026-03-02 11:14 (escalation 2). For Lead.",
            "投诉 C-1：「判定」自 周一 2026-03-02 11:14 起超时，至今未完成（第 2 级升级）。请Lead处理。",
        ),
    ],
)
def test_an_alarm_says_which_clock_of_which_ticket_is_due_when(what: Notice, en: str, zh: str) -> None:
    message = message_of(outgoing(what), RULES)
    assert message.text == {"en": en, "zh": zh}
    assert (message.kind, message.clock, message.level, message.due_at) == (what.kind, "judge", what.level, AT)
    assert (message.role, message.members) == ("lead", ("L1", "L2"))


@pytest.mark.parametrize("kind", ["warning", "breach", "escalation"])
def test_an_alarm_without_a_known_due_time_has_its_sentence_too(kind: AlarmKind) -> None:
    message = message_of(outgoing(notice(kind), due_at=None), RULES)
    assert message.due_at is None
    for text in message.text.values():
        assert "2026" not in text and "{" not in text and "C-1" in text


def test_the_record_number_is_named_where_the_ticket_is_at_hand() -> None:
    message = message_of(outgoing(notice("breach")), RULES, ticket=ticket(number="K-2026-007"))
    assert message.text["en"].startswith("Complaint C-1 (K-2026-007): ")


def test_a_ticket_without_a_number_is_called_by_its_id() -> None:
    assert message_of(outgoing(notice("breach")), RULES, ticket=ticket()) == message_of(
        outgoing(notice("breach")), RULES
    )


def test_a_person_who_was_chosen_without_a_role_is_named() -> None:
    message = message_of(outgoing(notice("breach", to=Addressee(role="", members=("W7",)))), RULES)
    assert message.text["en"].endswith("For W7.")


def test_each_attempt_has_the_same_id_and_its_own_count() -> None:
    first, second = (message_of(outgoing(notice("breach")), RULES, attempt=number) for number in (1, 2))
    assert (first.id, second.id) == ("C-1:4:0", "C-1:4:0")
    assert (first.attempt, second.attempt) == (1, 2)


# --- messages by a template -------------------------------------------------------------------------------------

VALUES = {
    "number": "K-2026-007",
    "item": "cup",
    "amount": Decimal("12.50"),
    "phone": "13800000000",
    "back_by": AT,
    "ticket": "C-1",
}


def sent(**values: Any) -> Send:
    to = Addressee(role="customer")
    return Send(template="send_back", to=to, at=AT, deliver_at=AT, values={**VALUES, **values})


def test_a_message_speaks_the_words_of_its_template() -> None:
    message = message_of(outgoing(sent(), due_at=None), RULES)
    assert message.text["en"] == "K-2026-007: cup, ***, C-1"
    assert message.text["zh"] == "K-2026-007：cup，12.50，***，周一 2026-03-02 11:14，C-1"
    assert (message.kind, message.template, message.channel, message.clock) == ("message", "send_back", "sms", None)


def test_a_private_value_does_not_leave_the_house() -> None:
    message = message_of(outgoing(sent(), due_at=None), RULES)
    assert message.values["phone"] == "***"
    assert "13800000000" not in repr(message)


def test_a_private_field_that_is_empty_is_not_made_a_secret() -> None:
    assert message_of(outgoing(sent(phone=None), due_at=None), RULES).values["phone"] is None


def test_a_value_that_looks_like_a_placeholder_is_only_a_value() -> None:
    assert message_of(outgoing(sent(item="{phone}"), due_at=None), RULES).text["en"] == "K-2026-007: {phone}, ***, C-1"


def test_values_are_plain_json() -> None:
    values = message_of(outgoing(sent(item=("a", "b")), due_at=None), RULES).values
    assert json.loads(json.dumps(values)) == {
        "number": "K-2026-007",
        "item": ["a", "b"],
        "amount": "12.50",
        "phone": "***",
        "back_by": "2026-03-02T11:14:00+08:00",
        "ticket": "C-1",
    }
