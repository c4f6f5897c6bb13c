"""Rows are read as spreadsheets write them; a file that cannot be used says what is wrong and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from dutyflow.errors import InputError
from dutyflow.runtime import rows
from dutyflow.runtime.rows import RowsError, read_rows

TEXT = 'household,owner_name\r\n4-1201,王女士\r\n 4-1202 ,"李, 先生"\r\n'


def written(folder: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path = folder / "rows.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
def test_the_encodings_of_spreadsheets_give_the_same_rows(tmp_path: Path, encoding: str) -> None:
    assert read_rows(written(tmp_path, TEXT, encoding)) == (
        {"household": "4-1201", "owner_name": "王女士"},
        {"household": "4-1202", "owner_name": "李, 先生"},
    )


def test_cells_without_text_are_left_out_and_empty_rows_keep_their_number(tmp_path: Path) -> None:
    content = "a,b,,\n1,\n,,,\n3,4,,\n,\n\n"
    assert read_rows(written(tmp_path, content)) == ({"a": "1"}, {}, {"a": "3", "b": "4"})


def test_a_header_alone_has_no_rows(tmp_path: Path) -> None:
    assert read_rows(written(tmp_path, "a,b\n")) == ()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "first row must name the fields"),
        ("\n1,2\n", "first row must name the fields"),
        ("a,,c\n", "column 2 has no name"),
        ("a,b, a\n", "names `a` twice"),
        ("a,b\n1,2\n1,2,3\n", "row 2 has 3 cells, but there are 2 columns"),
        ('a,b\n1,"2"x\n', "line 2 is not CSV"),
        ('a,b\n1,"2\n', "is not CSV"),
        ("a,b\n1,2\n".encode("utf-16"), "no text in UTF-8 or GB18030"),
        (b"a,b\n\xff\xff\n", "no text in UTF-8 or GB18030"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, content: str | bytes, says: str) -> None:
    with pytest.raises(RowsError, match=says) as caught:
        read_rows(written(tmp_path, content))
    assert isinstance(caught.value, InputError) and caught.value.problem.text("zh")


def test_a_file_that_is_not_there_or_a_folder_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path, tmp_path / "a\0b.csv"):
        with pytest.raises(RowsError, match="cannot be read"):
            read_rows(path)


def test_a_file_that_is_too_large_or_has_too_many_rows_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "ROWS_MAX", 2)
    assert len(read_rows(written(tmp_path, "a\n1\n2\n"))) == 2
    with pytest.raises(RowsError, match="more than 2 rows"):
        read_rows(written(tmp_path, "a\n1\n2\n3\n"))
    monkeypatch.setattr(rows, "BYTES_MAX", 5)
    with pytest.raises(RowsError, match="larger than"):
        read_rows(written(tmp_path, "a\n1\n2\n"))
