"""Which time zone data this machine works with: two machines with different rules give different due times."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from zoneinfo import TZPATH

_VERSION_FILES = ("tzdata.zi", "+VERSION")


def zone_data() -> str:
    """The source that wins and its version: the folder of the system, else the `tzdata` package, else nothing."""
    for folder in map(Path, TZPATH):
        if (folder / "Asia" / "Shanghai").is_file():
            return f"{folder} {_version_in(folder)}".strip()
    try:
        return f"tzdata {version('tzdata')}"
    except PackageNotFoundError:
        return "-"


def _version_in(folder: Path) -> str:
    """`2026a`, from the first line of the files that name it; empty where none does."""
    for name in _VERSION_FILES:
        try:
            with (folder / name).open(encoding="utf-8") as file:
                return file.readline().removeprefix("# version").strip()
        except OSError:
            continue
    return ""
