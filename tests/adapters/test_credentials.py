"""Secrets come from the environment or from files."""

from pathlib import Path

import pytest

from dutyflow.adapters.credentials import secret_from
from dutyflow.errors import InputError, MisuseError


def test_a_secret_is_taken_from_the_environment() -> None:
    assert secret_from("env:HOOK", {"HOOK": "whsec_abc"}) == "whsec_abc"


def test_the_line_end_of_a_file_is_not_part_of_the_secret(tmp_path: Path) -> None:
    (tmp_path / "hook").write_text("whsec_abc\n", encoding="utf-8")
    assert secret_from(f"file:{tmp_path}/hook") == "whsec_abc"


@pytest.mark.parametrize("source", ["env:HOOK", "env:EMPTY", "file:/nowhere/at/all"])
def test_a_secret_that_is_not_there_is_named(source: str) -> None:
    with pytest.raises(InputError, match=source.partition(":")[2]):
        secret_from(source, {"EMPTY": ""})


def test_an_empty_file_holds_no_secret(tmp_path: Path) -> None:
    (tmp_path / "hook").write_text("\n", encoding="utf-8")
    with pytest.raises(InputError, match="no secret"):
        secret_from(f"file:{tmp_path}/hook")


@pytest.mark.parametrize("source", ["hunter2", "whsec_abc", "pass:word", "env:", ""])
def test_a_secret_that_is_written_out_is_refused_and_not_repeated(source: str) -> None:
    with pytest.raises(MisuseError, match="env:NAME") as refused:
        secret_from(source, {})
    assert not source or source in ("env:",) or source not in str(refused.value)
