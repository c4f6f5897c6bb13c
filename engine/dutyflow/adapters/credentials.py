"""Where secrets come from: the environment or a file, never the settings themselves."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from dutyflow.errors import InputError, MisuseError

_LITERAL = (
    "A secret is not written down where settings are: they are copied, shown and kept in version control. "
    "Write `env:NAME` for a variable of the environment or `file:/path` for a file that only the service may read."
)


def secret_from(source: str, env: Mapping[str, str] = os.environ) -> str:
    """The secret that `env:NAME` or `file:/path` stands for, without the line end of a file.

    Raises `MisuseError` for a secret written out (without repeating it), `InputError` where none is found.
    """
    kind, colon, name = source.partition(":")
    if not colon or not name or kind not in ("env", "file"):
        raise MisuseError(_LITERAL)
    secret = env.get(name, "") if kind == "env" else _content(Path(name))
    if not secret:
        raise InputError(f"There is no secret in `{source}`.")
    return secret


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise InputError(f"The secret in `{path}` cannot be read.") from None
