"""The code of docs/embedding.md and of the README runs as it stands."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", ["docs/embedding.md", "README.md"])
def test_the_python_of_a_page_runs_from_top_to_bottom(page: str, tmp_path: Path) -> None:
    blocks = CODE.findall((ROOT / page).read_text(encoding="utf-8"))
    program = tmp_path / "page.py"
    program.write_text("\n".join(blocks), encoding="utf-8")
    paths = [str(ROOT / "engine"), str(ROOT / "cli")]
    code = f"import sys, runpy; sys.path[:0] = {paths!r}; runpy.run_path({str(program)!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert blocks, f"{page} has no Python"
    assert done.returncode == 0, done.stderr
