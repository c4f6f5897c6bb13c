"""Reads a rulebook folder: its files merge by top-level key, and `extends` brings in what other folders declare."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dutyflow.rulebook.files import DISK, Files
from dutyflow.rulebook.findings import Findings, Related, closest
from dutyflow.rulebook.nodes import Node, laid_over
from dutyflow.rulebook.places import Place, Source
from dutyflow.rulebook.yaml_reader import read_file
from dutyflow.wording import Phrase

YAML_ENDINGS = (".yaml", ".yml")
EXTENDS = "extends"
REPLACE = "replace"
VARIES = "varies"
# Mappings that say something about the rulebook as a whole; every other top-level mapping holds declarations by id.
HEADERS = frozenset({"rulebook"})


@dataclass(frozen=True, slots=True)
class Declaration:
    """One entry of a section: its id, its value and where the id is written."""

    id: str
    node: Node
    key_place: Place
    file: str
    inherited: bool
    replaces: Declaration | None = None
    """The inherited declaration whose place this one takes."""


@dataclass(frozen=True, slots=True)
class RawRulebook:
    """A rulebook as it was read, before any name in it has been looked up."""

    name: str
    root: Path
    files: tuple[Source, ...]
    sections: Mapping[str, Mapping[str, Declaration]]
    singles: Mapping[str, Declaration]
    """Top-level keys that hold no declarations by id: the `rulebook` header, and lists or plain values."""
    documents: tuple[Node, ...] = ()
    """The top of each file, inherited ones too, for checks of a file's shape."""
    origin: Files = DISK
    """Where the files lie."""


def find_rulebooks(path: Path) -> list[Path]:
    """The rulebooks at a path: one YAML file, a folder with YAML files, or the folders in it that have some.

    Folders whose name begins with `_` hold what others extend and are no rulebooks of their own, unless named directly.
    An empty list if there is nothing; `read_rulebook` then says so (DF011).
    """
    if path.is_file():
        return [path] if path.suffix in YAML_ENDINGS else []
    if not path.is_dir():
        return []
    if _has_yaml(path):
        return [path]
    folders = [entry for entry in DISK.entries(path) if entry.is_dir() and not entry.name.startswith("_")]
    return [folder for folder in folders if next(_yaml_files(folder, DISK), None)]


def read_rulebook(
    path: Path, findings: Findings, root: Path | None = None, *, files: Files = DISK
) -> RawRulebook | None:
    """Read a rulebook folder (or one file) with everything it extends.

    `root` is the folder that nothing may be read outside of: the parent of the rulebook folder if not given.
    None if there is nothing to read; otherwise ask `findings.has_errors` before using what comes back.
    """
    if "\0" in str(path):  # no file has such a name, and asking for it is an error
        findings.add("DF011", Place.whole(path.name), path=path.name)
        return None
    is_file = files.is_file(path)
    folder = path.parent if is_file else path
    if is_file and path.suffix not in YAML_ENDINGS:
        findings.add("DF011", Place.whole(str(path)), path=str(path))
        return None
    reader = _Reader(findings, root or _parent(folder), files)
    content = reader.read(path, ())
    if content is None:
        return None
    return RawRulebook(
        name=path.stem if is_file else files.real(path).name,
        root=folder,
        files=tuple(findings.sources[name] for name in reader.names if name in findings.sources),
        sections=content.sections,
        singles=content.singles,
        documents=tuple(reader.documents),
        origin=files,
    )


@dataclass(slots=True)
class _Content:
    """What one folder declares, with what it extends."""

    path: Path
    sections: dict[str, dict[str, Declaration]] = field(default_factory=dict)
    singles: dict[str, Declaration] = field(default_factory=dict)
    extends: list[tuple[str, Place]] = field(default_factory=list)


class _Reader:
    """Reads folders along `extends`, each once however many ways lead to it."""

    def __init__(self, findings: Findings, root: Path, files: Files):
        self.findings = findings
        self.root = root
        self.files = files
        self.done: dict[Path, _Content] = {}
        self.names: list[str] = []
        self.documents: list[Node] = []

    def read(self, path: Path, on_the_way: tuple[Path, ...]) -> _Content | None:
        """What is declared at a path; `on_the_way` are the folders whose `extends` led here."""
        real = self.files.real(path)
        if real in self.done:
            return self.done[real]
        files = [path] if self.files.is_file(path) else list(_yaml_files(path, self.files))
        if not files:
            self.findings.add("DF011", Place.whole(str(path)), path=str(path))
            return None
        own = _Content(path)
        for file in files:
            self._read_file(file, own)
        content = self._with_inherited(own, (*on_the_way, real))
        self.done[real] = content
        return content

    def _read_file(self, file: Path, own: _Content) -> None:
        shown = file.as_posix()
        if not is_inside(file, self.root, self.files):
            self.findings.add("DF013", Place.whole(shown), target=shown, root=self.root.as_posix())
            return
        self.names.append(shown)
        top = read_file(file, self.findings, shown_as=shown, files=self.files)
        if top is None:
            return
        if top.kind != "map":
            found = Phrase.of("kind.list" if top.kind == "list" else "kind.text")
            self.findings.add("DF018", top.place, found=found)
            return
        self.documents.append(top)
        for key, place, node in top.items():
            self._take(key, place, node, own)

    def _take(self, key: str, place: Place, node: Node, own: _Content) -> None:
        """Put one top-level key of a file where it belongs."""
        if key == EXTENDS:
            for entry in node.children if node.kind == "list" else [node]:
                if entry.kind == "scalar" and entry.text:
                    own.extends.append((entry.text, entry.place))
        elif node.kind == "map" and key not in HEADERS:
            section = own.sections.setdefault(key, {})
            for name, name_place, value in node.items():
                self._declare(key, section, Declaration(name, value, name_place, place.file, inherited=False))
        else:
            single = Declaration(key, node, place, place.file, inherited=False)
            self._declare(key, own.singles, single)

    def _declare(self, section: str, known: dict[str, Declaration], new: Declaration) -> None:
        first = known.setdefault(new.id, new)
        if first is not new:
            self._twice(section, first, new)

    def _twice(self, section: str, first: Declaration, second: Declaration, inherited_from: str | None = None) -> None:
        self.findings.add(
            "DF016",
            second.key_place,
            related=[Related(first.key_place)],
            id=second.id,
            section=section,
            inherited_from=inherited_from,
        )

    def _with_inherited(self, own: _Content, on_the_way: tuple[Path, ...]) -> _Content:
        base = _Content(own.path)
        for target, place in own.extends:
            content = self._extended(own, target, place, on_the_way)
            if content is not None:
                self._add_base(base, content, place)
        for name, section in own.sections.items():
            known = base.sections.setdefault(name, {})
            for declaration in section.values():
                known[declaration.id] = self._over(name, known, declaration)
        base.singles.update(own.singles)
        return base

    def _over(self, section: str, known: Mapping[str, Declaration], own: Declaration) -> Declaration:
        """A declaration of the folder itself, laid over what it inherits."""
        inherited = known.get(own.id)
        wish = next((key for key in (REPLACE, VARIES) if _is_set(own.node, key)), None)
        if inherited is None:
            if wish is not None:
                place = own.node.key_place(wish)
                nearest = closest(own.id, known)
                self.findings.add("DF017", place, id=own.id, key=wish, section=section, suggestion=nearest)
            return own
        if wish is None:
            self._twice(section, inherited, own, inherited_from=inherited.file)
        node = laid_over(inherited.node, own.node) if wish == VARIES else own.node
        return Declaration(own.id, node, own.key_place, own.file, inherited=False, replaces=inherited)

    def _add_base(self, base: _Content, content: _Content, place: Place) -> None:
        """Bring in what an extended folder declares. Two folders may bring the same thing, but not two of one id."""
        for name, section in content.sections.items():
            known = base.sections.setdefault(name, {})
            for declaration in section.values():
                known[declaration.id] = self._merge(name, known.get(declaration.id), declaration)
        for name, single in content.singles.items():
            base.singles.setdefault(name, _inherited(single))

    def _merge(self, section: str, known: Declaration | None, new: Declaration) -> Declaration:
        if known is None or _replaces(new, known):
            return _inherited(new)
        if known.key_place != new.key_place and not _replaces(known, new):
            self._twice(section, known, new)
        return known

    def _extended(self, own: _Content, target: str, place: Place, way: tuple[Path, ...]) -> _Content | None:
        folder = own.path.parent if self.files.is_file(own.path) else own.path
        path = Path(os.path.normpath(folder / target))
        if "\0" in target or not is_inside(path, self.root, self.files):
            self.findings.add("DF013", place, target=target, root=self.root.as_posix())
            return None
        if not (self.files.is_file(path) or self.files.is_folder(path)):
            self.findings.add("DF015", place, target=target, suggestion=_near_folder(target, path, self.files))
            return None
        real = self.files.real(path)
        if real in way:
            chain = " -> ".join(step.name for step in (*way[way.index(real) :], real))
            self.findings.add("DF012", place, target=target, chain=chain)
            return None
        return self.read(path, way)


def is_inside(path: Path, root: Path, files: Files = DISK) -> bool:
    """True if the path, with every symbolic link followed, stays below the root."""
    try:
        return files.real(path).is_relative_to(files.real(root))
    except (OSError, RuntimeError, ValueError):  # a loop of links, a name that no file can have
        return False


def _is_set(node: Node, key: str) -> bool:
    flag = node.get(key)
    return flag is not None and flag.value is True


def _inherited(declaration: Declaration) -> Declaration:
    if declaration.inherited:
        return declaration
    return Declaration(
        declaration.id,
        declaration.node,
        declaration.key_place,
        declaration.file,
        inherited=True,
        replaces=declaration.replaces,
    )


def _replaces(new: Declaration, old: Declaration) -> bool:
    """True if `new` took the place of `old`, directly or through others."""
    step = new.replaces
    while step is not None:
        if step.key_place == old.key_place:
            return True
        step = step.replaces
    return False


def _near_folder(target: str, path: Path, files: Files) -> str | None:
    """The path with its last step corrected, if something with a similar name lies there."""
    nearest = closest(path.name, [entry.name for entry in files.entries(path.parent)])
    return None if nearest is None else (Path(target).parent / nearest).as_posix()


def _parent(folder: Path) -> Path:
    """The folder above, written the way people would: `.` has one too."""
    return folder.parent if folder.name and folder.name != ".." else folder / ".."


def _has_yaml(folder: Path) -> bool:
    return any(entry.suffix in YAML_ENDINGS and entry.is_file() for entry in DISK.entries(folder))


def _yaml_files(folder: Path, files: Files) -> Iterator[Path]:
    """The YAML files of a folder and the folders in it, sorted; links to folders are not followed."""
    for entry in files.entries(folder):
        if files.is_folder(entry):
            if not files.is_link(entry):
                yield from _yaml_files(entry, files)
        elif entry.suffix in YAML_ENDINGS and files.is_file(entry):
            yield entry
