"""Options become handlers, and lists of addresses what a mail handler looks up."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from dutyflow.errors import InputError
from dutyflow_cli.handlers import Channels, addresses_of, handlers_of, host_and_port
from dutyflow_cli.settings import Settings

SETTINGS = Settings("en")


def test_each_channel_becomes_a_handler_with_a_name_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", "YSBrZXkgZm9yIHRlc3RzLCAzMiBieXRlcyBsb25nLi4=")
    channels = Channels(
        webhook="https://example.com/inbox",
        secret="env:HOOK",
        smtp="mail.example.com",
        mail_from="desk@example.com",
        mail_to=("S1=s1@example.com",),
        log_messages=True,
    )
    assert [handler.name for handler in handlers_of(channels, SETTINGS)] == ["webhook", "mail", "log"]
    assert handlers_of(Channels(), SETTINGS) == ()


def test_addresses_come_one_by_one_and_from_files(tmp_path: Path) -> None:
    file = tmp_path / "addresses.txt"
    file.write_text("# the desk\n\nS1 = s1@example.com\nsupervisor=lead@example.com\n", encoding="utf-8")
    found = addresses_of((str(file), "L1=l1@example.com"), SETTINGS)
    assert found == {"S1": "s1@example.com", "supervisor": "lead@example.com", "L1": "l1@example.com"}


def test_a_file_of_addresses_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    file = tmp_path / "addresses.txt"
    file.write_bytes(b"S1=\xff@example.com\n")
    with pytest.raises(InputError, match=r"addresses\.txt is not UTF-8"):
        addresses_of((str(file),), SETTINGS)
    with pytest.raises(click.UsageError, match="nor a file of such lines"):
        addresses_of((str(tmp_path / "none.txt"),), SETTINGS)


PLACES = {
    "127.0.0.1:8701": ("127.0.0.1", 8701),
    "[::1]:25": ("::1", 25),
    "mail.example.com": ("mail.example.com", 587),
    "[::1]": ("::1", 587),
}


@pytest.mark.parametrize(("text", "place"), PLACES.items())
def test_a_place_is_a_host_and_a_port(text: str, place: tuple[str, int]) -> None:
    assert host_and_port(text, "--smtp", SETTINGS, port=587) == place


@pytest.mark.parametrize("text", ["", ":1", "host:", "host:x", "host:70000"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(click.UsageError):
        host_and_port(text, "--smtp", SETTINGS, port=587)
