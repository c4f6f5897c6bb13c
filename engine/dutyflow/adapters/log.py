"""Writes each message to the log of the service, as one line of JSON without personal values."""

from __future__ import annotations

import json
import logging

from dutyflow.ports.host import Message

LOGGER = "dutyflow.messages"


class LogHandler:
    """A `Handler` for services that watch their log, and for trying things out."""

    def __init__(self, *, name: str = "log", level: int = logging.INFO) -> None:
        self.name = name
        self._level = level
        self._logger = logging.getLogger(LOGGER)

    def deliver(self, message: Message) -> None:
        """Write the line; how many people were told, but neither who they are nor what the text says."""
        self._logger.log(self._level, "%s", json.dumps(_line(message), ensure_ascii=False))


def _line(message: Message) -> dict[str, object]:
    known = {
        "id": message.id,
        "kind": message.kind,
        "rulebook": message.rulebook,
        "workflow": message.workflow,
        "ticket": message.ticket,
        "role": message.role,
        "member_count": len(message.members),
        "at": message.at.isoformat(),
        "deliver_at": message.deliver_at.isoformat(),
        "attempt": message.attempt,
        "clock": message.clock,
        "level": message.level if message.clock else None,
        "due_at": message.due_at.isoformat() if message.due_at else None,
        "template": message.template,
        "channel": message.channel,
    }
    return {name: value for name, value in known.items() if value is not None}
