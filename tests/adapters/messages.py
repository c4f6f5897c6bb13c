"""Messages to deliver, as the runtime makes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from dutyflow.ports.host import Message

AT = datetime(2026, 3, 2, 3, 14, tzinfo=UTC)

BREACH: dict[str, Any] = {
    "id": "C-1:12:0",
    "kind": "breach",
    "at": AT,
    "deliver_at": AT,
    "ticket": "C-1",
    "workflow": "complaint",
    "rulebook": "complaint_loop",
    "role": "supervisor",
    "members": ("S1", "S2"),
    "text": {"zh": "投诉 C-1：「判定」已超时。", "en": "Complaint C-1: `Judging` is OVERDUE."},
    "clock": "judge",
    "due_at": AT - timedelta(minutes=1),
}
BY_TEMPLATE: dict[str, Any] = {
    **{name: BREACH[name] for name in ("at", "deliver_at", "ticket", "workflow", "rulebook")},
    "id": "C-1:12:1",
    "kind": "message",
    "role": "customer",
    "members": (),
    "text": {"zh": "请寄回。", "en": "Please send it back."},
    "template": "send_back",
    "channel": "sms",
    "values": {"item": "cup", "phone": "***"},
}


def breach(**other: Any) -> Message:
    return Message(**{**BREACH, **other})


def by_template(**other: Any) -> Message:
    return Message(**{**BY_TEMPLATE, **other})
