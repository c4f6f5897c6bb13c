"""Schemas and workflows are found in a checkout and in an installed package, and nowhere else."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dutyflow import resources
from dutyflow.errors import ResourceError

ROOT = Path(__file__).resolve().parents[1]
SHOW = "from dutyflow.resources import {0}; print({0}())"


def ask(search_path: Path, function: str) -> subprocess.CompletedProcess[str]:
    """Call a function of `dutyflow.resources` as imported from `search_path` alone."""
    code = f"import sys; sys.path.insert(0, {str(search_path)!r}); " + SHOW.format(function)
    return subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False)


def install(target: Path, *folders: str) -> Path:
    """Lay the two modules out as an installed wheel would, with the given data folders inside the package."""
    package = target / "lib" / "site-packages" / "dutyflow"
    for folder in folders:
        (package / folder).mkdir(parents=True)
    package.mkdir(parents=True, exist_ok=True)
    for name in ("__init__.py", "errors.py", "resources.py"):
        shutil.copy(ROOT / "engine" / "dutyflow" / name, package / name)
    return package


@pytest.mark.parametrize("name", ["schemas", "workflows"])
def test_a_checkout_uses_the_folders_at_its_root(name: str) -> None:
    assert getattr(resources, f"{name}_dir")() == ROOT / name


@pytest.mark.parametrize("name", ["schemas", "workflows"])
def test_an_installed_package_uses_the_folders_inside_it(tmp_path: Path, name: str) -> None:
    package = install(tmp_path, "schemas", "workflows")
    answer = ask(package.parent, f"{name}_dir")
    assert answer.stdout.strip() == str(package.resolve() / name), answer.stderr


def test_a_strangers_folder_above_site_packages_is_not_taken(tmp_path: Path) -> None:
    package = install(tmp_path)
    (package.parents[1] / "workflows").mkdir()
    answer = ask(package.parent, "workflows_dir")
    assert answer.returncode == 1
    assert "ResourceError" in answer.stderr


def test_a_missing_folder_is_named_with_the_places_searched() -> None:
    with pytest.raises(ResourceError, match=r"`no-such-folder`.*looked for"):
        resources._folder("no-such-folder")
