"""A message as a CloudEvents 1.0 document in structured mode, the same bytes however often it is sent."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from dutyflow.ports.host import Message

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"


def cloud_event(message: Message) -> bytes:
    """The JSON of the event, in UTF-8. The attempt is left out: receivers tell repetitions by the id."""
    document = {
        "specversion": "1.0",
        "id": message.id,
        "source": f"/dutyflow/{quote(message.rulebook, safe='')}/{quote(message.workflow, safe='')}",
        "type": "dutyflow.message" if message.kind == "message" else f"dutyflow.notice.{message.kind}",
        "subject": message.ticket,
        "time": _moment(message.at),
        "datacontenttype": "application/json",
        "data": _data(message),
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _data(message: Message) -> dict[str, Any]:
    """What every message has, and what its kind adds."""
    common = {
        "kind": message.kind,
        "rulebook": message.rulebook,
        "workflow": message.workflow,
        "ticket": message.ticket,
        "role": message.role,
        "members": list(message.members),
        "text": dict(message.text),
        "deliver_at": _moment(message.deliver_at),
    }
    own: dict[str, Any]
    if message.kind == "message":
        own = {"template": message.template, "channel": message.channel, "values": dict(message.values)}
    else:
        due_at = _moment(message.due_at) if message.due_at else None
        own = {"clock": message.clock, "level": message.level, "due_at": due_at}
    return {**common, **own}


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
