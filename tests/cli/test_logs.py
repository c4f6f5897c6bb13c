"""A log is one line for each thing, that machines or people can read."""

from __future__ import annotations

import io
import json
import logging
import sys

from dutyflow_cli.logs import JSON, JsonLines, TextLines, logging_as


def record(message: str = "a %s failed", error: BaseException | None = None, **extra: object) -> logging.LogRecord:
    trace = (type(error), error, error.__traceback__) if error else None
    made = logging.Logger("dutyflow.test").makeRecord(
        "dutyflow.test", logging.ERROR, __file__, 1, message, ("round",), trace, extra=extra
    )
    made.created = 1772421240.5
    return made


def broken() -> BaseException:
    try:
        raise ZeroDivisionError("投诉")
    except ZeroDivisionError:
        error = sys.exception()
        assert error is not None
        return error


def test_json_is_one_object_a_line_with_what_was_said_beside_the_message() -> None:
    line = JsonLines().format(record(ticket="C-1", problem="投诉\n"))
    assert "\n" not in line
    assert json.loads(line) == {
        "time": "2026-03-02T03:14:00.500Z",
        "level": "ERROR",
        "logger": "dutyflow.test",
        "message": "a round failed",
        "ticket": "C-1",
        "problem": "投诉\n",
    }


def test_a_failure_brings_its_trace() -> None:
    line = JsonLines().format(record(error=broken()))
    assert "\n" not in line and "ZeroDivisionError" in json.loads(line)["trace"]
    assert TextLines().format(record(error=broken())).count("Traceback") == 1


def test_text_says_the_same_to_people() -> None:
    said = "2026-03-02T03:14:00.500Z ERROR dutyflow.test: a round failed ticket=C-1"
    assert TextLines().format(record(ticket="C-1")) == said


def test_what_is_said_cannot_pass_itself_off_as_another_line_nor_steer_a_terminal() -> None:
    line = TextLines().format(record(ticket="C-1\n2026-03-02T03:14:00Z INFO all is well", problem="\x1b[2J\u202e"))
    assert line.isprintable() and "\\n2026" in line and "\\x1b[2J" in line


def test_logging_ends_with_its_block() -> None:
    stream, logger = io.StringIO(), logging.getLogger("dutyflow.test")
    with logging_as(JSON, stream):
        logger.info("within")
    logger.error("outside")
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["within"]
