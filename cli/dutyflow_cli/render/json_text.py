"""JSON for machines that a person may see in a terminal: Chinese as it is, what could steer a terminal as an escape."""

from __future__ import annotations

import json
import re
from typing import Any

# Inside JSON these stand in strings only. Controls below U+0020 are escapes already; the others turn text around,
# command old terminals, or cannot be encoded.
_HARMFUL = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def json_text(document: Any, *, indent: int | None = 2) -> str:
    """The document as JSON."""
    written = json.dumps(document, ensure_ascii=False, indent=indent)
    return _HARMFUL.sub(lambda sign: f"\\u{ord(sign[0]):04x}", written)
