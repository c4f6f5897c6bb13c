"""Kept texts answer like the same files on a disk, and no path leads out of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dutyflow.rulebook.files import DISK, Files, Texts

TEXTS = {"r/a.yaml": "a: 1\n", "r/sub/b.yaml": "b: 2\n", "r/.hidden.yaml": "", "_shared/c.yaml": "c: 审\n"}
LINKS = {"r/link": "_shared", "current": "r"}
PATHS = [
    *TEXTS,
    *LINKS,
    "r",
    "r/sub",
    "r/link/c.yaml",
    "current/link/c.yaml",
    "current/sub/b.yaml",
    "r/sub/../a.yaml",
    "none",
    "r/none.yaml",
    "r/a.yaml/none",
]


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A folder of the disk with the texts as files and with the links."""
    for name, text in TEXTS.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    for name, target in LINKS.items():
        (tmp_path / name).symlink_to(tmp_path / target)
    return tmp_path.resolve()


def answers(files: Files, top: Path, name: str) -> list[object]:
    path = top / name
    return [
        files.is_file(path),
        files.is_folder(path),
        files.is_link(path),
        [entry.relative_to(top) for entry in files.entries(path)],
        files.absolute(path).relative_to(top),
        files.real(path).relative_to(top),
        files.read(path, 5) if files.is_file(path) else None,
    ]


@pytest.mark.parametrize("name", PATHS)
def test_kept_texts_answer_like_a_disk(name: str, top: Path) -> None:
    assert answers(Texts(TEXTS, LINKS), Path("/"), name) == answers(DISK, top, name)


def test_what_is_not_there_cannot_be_read(top: Path) -> None:
    for files, path in ((Texts(TEXTS, LINKS), Path("none")), (DISK, top / "none")):
        with pytest.raises(OSError):
            files.read(path, 5)


@pytest.mark.parametrize("path", ["../r/a.yaml", "../../../r/a.yaml", "/r/a.yaml", "//r/a.yaml", "x/../../r/a.yaml"])
def test_no_path_leads_out_of_kept_texts(path: str) -> None:
    assert Texts(TEXTS, LINKS).real(Path(path)) == Path("/r/a.yaml")


def test_the_top_folder_can_be_listed() -> None:
    assert Texts(TEXTS, LINKS).entries(Path()) == [Path("_shared"), Path("current"), Path("r")]
