"""What a service tells on stderr while it runs: one line for each thing, as JSON for machines or as text for people."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TextIO

TEXT, JSON = "text", "json"

_KNOWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and what else was said (`ticket`, `problem`, ...)."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one line."""
        line = {**_head(record), "message": record.getMessage(), **_extras(record)}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class TextLines(logging.Formatter):
    """The same for people: `2026-03-02T03:14:00Z INFO dutyflow.worker.worker: the worker has begun`."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one line, and the lines of a traceback."""
        head = _head(record)
        extras = "".join(f" {name}={value}" for name, value in _extras(record).items())
        said = _one_line(f"{record.getMessage()}{extras}")
        line = f"{head['time']} {head['level']} {head['logger']}: {said}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


@contextmanager
def logging_as(form: str, stream: TextIO | None = None) -> Iterator[None]:
    """Within, everything from INFO on is written to a stream (stderr), in one of the two forms."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if form == JSON else TextLines())
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


def _head(record: logging.LogRecord) -> dict[str, str]:
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    return {"time": at.replace("+00:00", "Z"), "level": record.levelname, "logger": record.name}


def _extras(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _KNOWN}


def _one_line(text: str) -> str:
    """A text that cannot pass itself off as another line, nor do anything to a terminal."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
