"""The ten-line example does what its page says."""

import runpy
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "examples" / "plain_script.py"


def test_the_script_prints_the_queue(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main = runpy.run_path(str(SCRIPT))["main"]
    main(f"sqlite:///{tmp_path / 'tickets.db'}")
    main(f"sqlite:///{tmp_path / 'tickets.db'}")
    lines = capsys.readouterr().out.splitlines()
    assert [len(lines), *{line.split()[1] for line in lines[1:]}] == [3, "received"]
    assert lines[0] in lines[1:], "the first complaint is still in the queue"
