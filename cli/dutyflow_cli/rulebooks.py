"""Finds the rulebooks that a command is about: by path, by the name of a shipped pack, or where one works."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from dutyflow.errors import InputError
from dutyflow.resources import workflows_dir
from dutyflow.rulebook.findings import Findings, closest
from dutyflow.rulebook.folder import YAML_ENDINGS, find_rulebooks
from dutyflow.rulebook.load import Loaded, load_rulebook
from dutyflow.wording import say

_WORKFLOWS_KEY = "workflows:"


def default_paths() -> list[Path]:
    """Where to look when nothing is said: here if this folder is a rulebook, else `./workflows`, else here."""
    here = Path()
    if not any(entry.suffix in YAML_ENDINGS for entry in here.iterdir()) and Path("workflows").is_dir():
        return [Path("workflows")]
    return [here]


def rulebooks_at(paths: Sequence[str], lang: str) -> list[Path]:
    """All rulebooks at the given paths, each once; `InputError` for a path that does not exist.

    A path that holds none stays in the list, so that reading it says so with a finding (DF011).
    """
    found: dict[Path, Path] = {}
    for path in [shorten(Path(name)) for name in paths] or default_paths():
        if not exists(path, lang):
            raise InputError(say("cli.no_such_path", lang, path=path))
        for rulebook in find_rulebooks(path) or [path]:
            found.setdefault(rulebook.resolve(), rulebook)
    return list(found.values())


def rulebooks_named(names: Sequence[str], lang: str) -> list[Path]:
    """The rulebooks at some paths, or shipped ones by their names, each once; without any as `rulebooks_at`."""
    if not names:
        return rulebooks_at((), lang)
    found: dict[Path, Path] = {}
    for name in names:
        for path in rulebooks_at([name], lang) if exists(Path(name), lang) else [path_of(name, lang)]:
            found.setdefault(path.resolve(), path)
    return list(found.values())


def rulebook_around(path: Path) -> Path | None:
    """The rulebook folder that a file or an inner folder belongs to; None if the path is a rulebook of its own."""
    if path.is_file():
        if path.suffix not in YAML_ENDINGS or _declares_workflows(path):
            return None
        folder = path.parent
    elif _has_yaml(path):
        folder = path
    else:
        return None
    while _has_yaml(folder.resolve().parent):
        folder = folder / ".." if folder.name in ("", "..") else folder.parent
    if folder == path or not any(_declares_workflows(file) for file in _yaml_in(folder)):
        return None
    return folder


def exists(path: Path, lang: str) -> bool:
    """Whether something lies at a path; `InputError` for a name that no file can have, or that may not be looked at."""
    if "\0" in str(path):  # no file can have such a name, and not every function of the system says so
        raise InputError(say("cli.no_such_path", lang, path=path))
    try:
        found = path.exists()
        if found and path.is_dir():
            next(iter(path.iterdir()), None)
    except PermissionError as error:
        raise InputError(say("cli.not_allowed", lang, path=path)) from error
    except OSError as error:  # too long a name
        raise InputError(say("cli.no_such_path", lang, path=path)) from error
    return found


def one_rulebook(name: str, lang: str, *, shipped_only: bool = False) -> Loaded:
    """The rulebook at a path, or the shipped one of that name; raises `RulebookError` when it has errors."""
    loaded = load_rulebook(shorten(workflows_dir() / name) if shipped_only else path_of(name, lang))
    loaded.require_rules()
    return loaded


def path_of(name: str, lang: str) -> Path:
    """The folder that a rulebook's name or path means; `InputError` with a suggestion if there is none."""
    path = Path(name)
    if exists(path, lang):
        return _the_only_one(shorten(path), lang)
    shipped = {folder.name: folder for folder in shipped_rulebooks()}
    if name in shipped:
        return shorten(shipped[name])
    near = closest(name, shipped)
    hint = say("cli.did_you_mean", lang, name=near) if near else ""
    known = ", ".join(shipped)
    raise InputError(say("cli.no_such_rulebook", lang, name=name, known=known, hint=hint))


def shipped_rulebooks() -> list[Path]:
    """The folders of the rulebooks that travel with dutyflow."""
    return [folder for folder in find_rulebooks(workflows_dir()) if folder.is_dir()]


def own_ids(loaded: Loaded, section: str) -> list[str]:
    """What a rulebook declares itself; what it inherits belongs to others."""
    declared = loaded.raw.sections.get(section, {}).values() if loaded.raw else ()
    return [declaration.id for declaration in declared if not declaration.inherited]


def shorten(path: Path) -> Path:
    """The path as seen from here when it lies below, so that findings name files as people write them."""
    if not path.is_absolute():
        return path
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def merged(findings: Iterable[Findings]) -> Findings:
    """One collector of several; what many rulebooks inherit is in it once."""
    together = Findings()
    for one in findings:
        together.extend(one)
    return together


def _declares_workflows(file: Path) -> bool:
    text = file.read_text(encoding="utf-8", errors="replace")
    return any(line.startswith(_WORKFLOWS_KEY) for line in text.splitlines())


def _has_yaml(folder: Path) -> bool:
    return next(_yaml_in(folder), None) is not None


def _yaml_in(folder: Path) -> Iterator[Path]:
    return (entry for entry in sorted(folder.iterdir()) if entry.suffix in YAML_ENDINGS and entry.is_file())


def _the_only_one(path: Path, lang: str) -> Path:
    found = find_rulebooks(path)
    if len(found) > 1:
        names = ", ".join(folder.as_posix() for folder in found)
        raise InputError(say("cli.several_rulebooks", lang, path=path, names=names))
    return found[0] if found else path
