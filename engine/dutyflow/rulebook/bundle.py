"""A rulebook as one document: every file that was read, so that a database can keep a published version for ever.

Compiled rules hold closures and cannot be kept. Their sources can, and compile to the same rules on any machine.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from dutyflow.errors import InputError
from dutyflow.rulebook.files import Files, Texts
from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.folder import RawRulebook, read_rulebook
from dutyflow.rulebook.load import Loaded, content_hash, load_rulebook

FORMAT = 1
BUNDLE_BYTES_MAX = 16 * 1024 * 1024

T = TypeVar("T")

_TOP = Path("/")
_encoder = msgspec.json.Encoder(order="sorted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A version of a rulebook, whole. Paths are relative, with `/`: `complaint_loop/sla.yaml`.

    `hash` is the content hash that tickets are pinned to; words for people are in the files but not in the hash.
    `entry` is the rulebook's own folder or file; `files` are all files that were read, what it extends included;
    `links` are folders that were symbolic links, and what they led to.
    """

    name: str
    hash: str
    entry: str
    files: Mapping[str, str]
    links: Mapping[str, str] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Canonical JSON: sorted keys, UTF-8; equal bundles are equal bytes."""
        return _encoder.encode({"format": FORMAT, **msgspec.to_builtins(self)})

    @classmethod
    def from_bytes(cls, data: bytes) -> Bundle:
        """What `to_bytes` gave; `InputError` for anything else."""
        if len(data) > BUNDLE_BYTES_MAX:
            raise InputError(f"The bundle is larger than {BUNDLE_BYTES_MAX // 1024 // 1024} MiB.")
        number = _decoded(data, _Numbered).format
        if number != FORMAT:
            raise InputError(f"The bundle has format {number}; this version of dutyflow reads format {FORMAT}.")
        bundle = _decoded(data, cls)
        for path in bundle._paths():
            _check_path(path)
        return bundle

    def _paths(self) -> Iterator[str]:
        yield self.entry
        yield from self.files
        yield from self.links
        yield from self.links.values()


def bundle_of(loaded: Loaded) -> Bundle:
    """The bundle of a rulebook that loaded without errors, with the texts that were read, not those on disk by now.

    Raises `RulebookError` when there are errors, `InputError` when it cannot be kept as one document.
    """
    rules, raw = loaded.require_rules(), loaded.raw
    assert raw is not None, "whatever has rules was read"
    layout = _Layout.of(loaded.path, raw)
    bundle = Bundle(
        name=rules.name,
        hash=rules.hash,
        entry=layout.name_of(loaded.path),
        files={layout.name_of(Path(source.path)): source.text for source in raw.files},
        links=layout.links(),
    )
    _check_it_reads_back(bundle)
    return bundle


def load_bundle(bundle: Bundle) -> Loaded:
    """Compile a bundle again, from its own texts only. Places read `complaint_loop/sla.yaml:12:5` on every machine.

    Raises `InputError` if what comes out is not what the bundle says it is: somebody edited it. A bundle that this
    version of dutyflow finds errors in comes back without rules, as a folder does.
    """
    loaded = load_rulebook(Path(bundle.entry), _TOP, files=Texts(bundle.files, bundle.links))
    if loaded.rules is not None and (loaded.rules.name, loaded.rules.hash) != (bundle.name, bundle.hash):
        raise InputError(
            f"The bundle of {bundle.name} was changed: it should have the hash {bundle.hash}, "
            f"but {loaded.rules.name} in it has {loaded.rules.hash}."
        )
    return loaded


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the files of a rulebook lie, and the folder that all their names in the bundle start from."""

    origin: Files
    folders: tuple[Path, ...]
    base: Path

    @classmethod
    def of(cls, entry: Path, raw: RawRulebook) -> _Layout:
        """The layout of what was read for the rulebook at `entry`."""
        origin = raw.origin
        places = [origin.absolute(path) for path in (entry, *(Path(source.path) for source in raw.files))]
        parents = tuple(dict.fromkeys(place.parent for place in places))
        base = Path(os.path.commonpath([origin.real(parent) for parent in parents]))
        return cls(origin, (places[0], *parents), base)

    def name_of(self, path: Path) -> str:
        """The name of a file or of the entry: links on the way are followed, but it keeps its own last step."""
        return self._place_of(self.origin.absolute(path)).relative_to(self.base).as_posix()

    def links(self) -> dict[str, str]:
        """The folders below the base that are links, and where they lead."""
        links = {}
        for step in self._steps():
            here, there = self._place_of(step), self.origin.real(step)
            if here.is_relative_to(self.base) and there.is_relative_to(self.base):
                links[here.relative_to(self.base).as_posix()] = there.relative_to(self.base).as_posix()
        return links

    def _steps(self) -> Iterable[Path]:
        steps = dict.fromkeys(step for folder in self.folders for step in (folder, *folder.parents))
        return (step for step in steps if self.origin.is_link(step) and self.origin.is_folder(step))

    def _place_of(self, path: Path) -> Path:
        return self.origin.real(path.parent) / path.name


def _check_it_reads_back(bundle: Bundle) -> None:
    """Refuse what could be kept but not be used again: too large, or symbolic links that wind too much."""
    kept = Bundle.from_bytes(bundle.to_bytes())
    raw = read_rulebook(Path(kept.entry), Findings(), _TOP, files=Texts(kept.files, kept.links))
    if raw is None or (raw.name, content_hash(raw)) != (bundle.name, bundle.hash):
        raise InputError(
            f"The rulebook {bundle.name} cannot be kept as one document: "
            "symbolic links lead to some of its folders; name those folders themselves."
        )


@dataclass(frozen=True, slots=True)
class _Numbered:
    """As much of a bundle as every format has."""

    format: int


def _decoded(data: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"This is not a bundle of a rulebook: {error}.") from error


def _check_path(path: str) -> None:
    """Refuse what does not stay below the folder that it is relative to, on any system, or is not the shortest way."""
    steps = path.split("/")
    if path.startswith("/") or ".." in steps or posixpath.normpath(path) != path or set(path) & set("\\\0"):
        raise InputError(f"The bundle names a path that no file in it can have: {path!r}.")
