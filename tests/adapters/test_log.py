"""The log says that a message went out, not what it says or to whom."""

import json
import logging

import pytest
from tests.adapters.messages import breach, by_template

from dutyflow.adapters.log import LOGGER, LogHandler
from dutyflow.ports.host import Handler


def test_each_message_is_one_line_of_json(caplog: pytest.LogCaptureFixture) -> None:
    handler: Handler = LogHandler()
    with caplog.at_level(logging.INFO, logger=LOGGER):
        handler.deliver(breach(ticket="C\n1"))
    (record,) = caplog.records
    line = record.getMessage()
    assert "\n" not in line
    told = json.loads(line)
    assert told["ticket"] == "C\n1"
    assert (told["kind"], told["clock"], told["due_at"]) == ("breach", "judge", "2026-03-02T03:13:00+00:00")
    assert (told["role"], told["member_count"], told["attempt"]) == ("supervisor", 2, 1)


def test_persons_and_values_are_not_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger=LOGGER):
        LogHandler().deliver(by_template(members=("wang@example.com",), values={"item": "a red cup"}))
    assert not any(word in caplog.text for word in ("wang", "cup", "send it back"))
    assert json.loads(caplog.records[0].getMessage())["template"] == "send_back"
