"""The benchmarks of the durable engine run to their end; how fast things are is never tested."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_a_quick_run_prints_each_comparison_with_what_was_aimed_at() -> None:
    for needed in ("sqlalchemy", "psutil"):
        pytest.importorskip(needed, reason="the extra `bench` is not installed")
    program = ROOT / "benchmarks" / "durable.py"
    done = subprocess.run(
        [sys.executable, str(program), "--quick", "--only", "sqlite"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    aimed = [line for line in done.stdout.splitlines() if "target" in line]
    assert len(aimed) == 5
    assert all(line.startswith("SQLite, ") for line in aimed)
    assert "sqlite: block 1 of 1" in done.stderr
