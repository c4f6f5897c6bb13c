"""Makes a rulebook of a shipped one: copies its files, what it extends and the schemas, and gives it its title."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from dutyflow.resources import schemas_dir, workflows_dir
from dutyflow.rulebook.folder import YAML_ENDINGS
from dutyflow_cli.rulebooks import shipped_rulebooks

TEMPLATE = "template"
SCHEMAS = "_schemas"
_TEMPLATE_FOLDER = "_template"
_KEPT_ENDINGS = (*YAML_ENDINGS, ".md", ".csv")
_EXTENDS = re.compile(r"^extends:[ \t]*\[([^\]]*)\]", re.MULTILINE)
_MODELINE = re.compile(r"(?<=\$schema=)\S*/(?=[\w.]+\.schema\.json)")
_HEADER = re.compile(r"^(rulebook:[^\n]*\n(?:[ \t]+[^\n]*\n|\n)*?[ \t]+title:[ \t]*)([^\n]*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Written:
    """One file to be written."""

    path: Path
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that making a rulebook writes: its own files, and the folders beside it, each as a whole."""

    files: tuple[Written, ...]
    beside: tuple[tuple[Path, tuple[Written, ...]], ...]
    kept: tuple[Path, ...]
    """Folders that would stand beside it, but are there already."""

    def write(self) -> None:
        """Write all files. Nothing that exists is touched."""
        for one in (*self.files, *(file for _, files in self.beside for file in files)):
            one.path.parent.mkdir(parents=True, exist_ok=True)
            one.path.write_text(one.text, encoding="utf-8", newline="\n")


def sources() -> dict[str, Path]:
    """What a rulebook can be made from: the shipped ones by name, and the template."""
    return {folder.name: folder for folder in shipped_rulebooks()} | {TEMPLATE: workflows_dir() / _TEMPLATE_FOLDER}


def plan(source: Path, target: Path, title: str | None) -> Plan:
    """What has to be written so that `target` is a rulebook like `source`, which can be checked at once."""
    beside: list[tuple[Path, tuple[Written, ...]]] = []
    kept: list[Path] = []
    for folder in _extended(source, {}):
        place = target.parent / folder.name
        if place.exists():
            kept.append(place)
        else:
            beside.append((place, tuple(_copies(folder, place, None))))
    schemas = target.parent / SCHEMAS
    if not schemas.exists():
        written = (Written(schemas / file.name, file.read_text(encoding="utf-8")) for file in _schema_files())
        beside.append((schemas, tuple(written)))
    return Plan(tuple(_copies(source, target, title)), tuple(beside), tuple(kept))


def _extended(folder: Path, found: dict[Path, None]) -> list[Path]:
    """The folders that a shipped rulebook extends, and those that they extend."""
    for file in _files(folder):
        for names in _EXTENDS.findall(file.read_text(encoding="utf-8")):
            for name in names.split(","):
                base = Path(os.path.normpath(folder / name.strip().strip("\"'")))
                if base not in found:
                    found[base] = None
                    _extended(base, found)
    return list(found)


def _copies(source: Path, target: Path, title: str | None) -> Iterator[Written]:
    for file in _files(source):
        inner = file.relative_to(source)
        text = file.read_text(encoding="utf-8")
        text = _MODELINE.sub("../" * len(inner.parts) + SCHEMAS + "/", text)
        yield Written(target / inner, _titled(text, title) if title is not None else text)


def _titled(text: str, title: str) -> str:
    """The text with another title in its `rulebook:` header, if it has one."""
    written = yaml.safe_dump(title, allow_unicode=True, width=10_000, default_style='"').strip()
    return _HEADER.sub(lambda match: match[1] + written, text, count=1)


def _files(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix in _KEPT_ENDINGS and path.is_file() and not path.name.startswith(".")
    )


def _schema_files() -> list[Path]:
    return sorted(schemas_dir().glob("*.schema.json"))
