"""Where the files of rulebooks come from: a disk, or texts that were kept under the names of files."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Protocol


class Files(Protocol):
    """As much of a file system as reading a rulebook takes."""

    def is_file(self, path: Path) -> bool:
        """Whether a file lies there, or a link to one."""
        ...

    def is_folder(self, path: Path) -> bool:
        """Whether a folder lies there, or a link to one."""
        ...

    def is_link(self, path: Path) -> bool:
        """Whether the last step of the path is a symbolic link."""
        ...

    def entries(self, folder: Path) -> list[Path]:
        """What lies in a folder, sorted, without hidden files; empty if it may not be read."""
        ...

    def absolute(self, path: Path) -> Path:
        """The path from the top, as it is written: no link is followed."""
        ...

    def real(self, path: Path) -> Path:
        """The path from the top with every link followed; an error of any kind if links run in a circle."""
        ...

    def read(self, path: Path, limit: int) -> bytes:
        """The first `limit` bytes of a file; `OSError` if it cannot be read."""
        ...


class Disk:
    """The files of this machine; relative paths start at the current folder."""

    def is_file(self, path: Path) -> bool:
        """Whether a file lies there, or a link to one."""
        return path.is_file()

    def is_folder(self, path: Path) -> bool:
        """Whether a folder lies there, or a link to one."""
        return path.is_dir()

    def is_link(self, path: Path) -> bool:
        """Whether the last step of the path is a symbolic link."""
        return path.is_symlink()

    def entries(self, folder: Path) -> list[Path]:
        """What lies in a folder, sorted, without hidden files; empty if it may not be read."""
        try:
            return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
        except OSError:
            return []

    def absolute(self, path: Path) -> Path:
        """The path from the top, as it is written: no link is followed."""
        return Path(os.path.abspath(path))  # unlike Path.absolute it takes `..` out

    def real(self, path: Path) -> Path:
        """The path from the top with every link followed."""
        return path.resolve()

    def read(self, path: Path, limit: int) -> bytes:
        """The first `limit` bytes of a file; `OSError` if it cannot be read."""
        with path.open("rb") as file:
            return file.read(limit)


DISK = Disk()


class Texts:
    """Files that exist as texts only, below a top folder of their own; no path leads out of it.

    `links` are folders that stand for others: the path of each, and the path that it leads to (itself without links).
    """

    def __init__(self, texts: Mapping[str, str], links: Mapping[str, str]) -> None:
        self._texts = {f"/{name}": text for name, text in texts.items()}
        self._links = {f"/{name}": f"/{target}" for name, target in links.items()}
        self._folders: dict[str, set[str]] = {}
        for path in map(PurePosixPath, (*self._texts, *self._links)):
            for entry, folder in pairwise((path, *path.parents)):
                self._folders.setdefault(str(folder), set()).add(entry.name)

    def is_file(self, path: Path) -> bool:
        """Whether there is a text of this name."""
        return self._real(path) in self._texts

    def is_folder(self, path: Path) -> bool:
        """Whether there are texts below this name."""
        return self._real(path) in self._folders

    def is_link(self, path: Path) -> bool:
        """Whether the path stands for another."""
        return posixpath.join(self._real(path.parent), path.name) in self._links

    def entries(self, folder: Path) -> list[Path]:
        """What lies in a folder, sorted, without hidden files."""
        names = self._folders.get(self._real(folder), set())
        return [folder / name for name in sorted(names) if not name.startswith(".")]

    def absolute(self, path: Path) -> Path:
        """The path from the top, as it is written: no link is followed."""
        return Path(_from_top(path))

    def real(self, path: Path) -> Path:
        """The path from the top with every link followed."""
        return Path(self._real(path))

    def read(self, path: Path, limit: int) -> bytes:
        """The first `limit` bytes of a text in UTF-8."""
        text = self._texts.get(self._real(path))
        if text is None:
            raise FileNotFoundError(path.as_posix())
        return text.encode()[:limit]

    def _real(self, path: Path) -> str:
        found = "/"
        for step in _from_top(path).split("/"):
            here = posixpath.join(found, step)
            found = self._links.get(here, here)
        return found


def _from_top(path: Path) -> str:
    """A path below the top folder of texts; `..` at the top leads nowhere else."""
    return posixpath.normpath("/" + path.as_posix().lstrip("/"))
