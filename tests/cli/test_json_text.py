"""JSON on a terminal does nothing to it, and says the same to machines."""

import json

import pytest

from dutyflow_cli.render.json_text import json_text


@pytest.mark.parametrize(
    "sign", ["\x1b", "\x00", "\x7f", "\x9b", "\u061c", "\u200f", "\u2028", "\u202e", "\u2066", "\ud800"]
)
def test_what_could_steer_a_terminal_is_an_escape_and_reads_back(sign: str) -> None:
    written = json_text({f"k{sign}": [sign]}, indent=None)
    assert written.isprintable() and json.loads(written) == {f"k{sign}": [sign]}


def test_chinese_stays_as_it_is() -> None:
    assert json_text({"content": "破损"}) == '{\n  "content": "破损"\n}'
