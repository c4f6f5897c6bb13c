"""What an import may cost: the kernel loads no YAML and no schemas, and `--help` loads none of the heavy libraries."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

EVERY_KERNEL_MODULE = """
import importlib, pkgutil, dutyflow.kernel as kernel
for module in pkgutil.walk_packages(kernel.__path__, "dutyflow.kernel."):
    importlib.import_module(module.name)
"""


def loaded_by(code: str) -> set[str]:
    """Run `code` in a fresh interpreter and return the top-level names of all modules it loaded."""
    report = "\nimport json, sys; sys.stderr.write('\\n' + json.dumps(sorted(sys.modules)))"
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "engine"), str(ROOT / "cli")])}
    run = subprocess.run([sys.executable, "-c", code + report], env=environ, capture_output=True, text=True, check=True)
    modules: list[str] = json.loads(run.stderr.splitlines()[-1])
    return {name.split(".")[0] for name in modules}


@pytest.mark.parametrize("code", ["import dutyflow.kernel", EVERY_KERNEL_MODULE, "from dutyflow import Calendar"])
def test_the_kernel_loads_neither_yaml_nor_jsonschema(code: str) -> None:
    loaded = loaded_by(code)
    assert "dutyflow" in loaded
    assert not loaded & {"yaml", "jsonschema", "rich", "click"}


def test_the_package_alone_loads_no_other_library() -> None:
    assert not loaded_by("import dutyflow") & {"yaml", "jsonschema", "rich", "click", "transitions", "msgspec"}


@pytest.mark.parametrize("words", [["--help"], ["--lang", "zh", "--help"], ["--version"], ["chekc"]])
def test_help_loads_none_of_the_heavy_libraries(words: list[str]) -> None:
    loaded = loaded_by(f"from dutyflow_cli.main import main; main({words!r})")
    assert "click" in loaded
    assert not loaded & {"yaml", "jsonschema", "rich", "transitions", "msgspec"}
