"""Findings look like those of a good compiler, in every format and both languages."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from dutyflow.rulebook.findings import Findings, Related
from dutyflow.rulebook.places import Place, Source
from dutyflow_cli.render.excerpt import cells, clean, cut
from dutyflow_cli.render.findings import FORMATS, render

TEXT = """\
states:
  客户投诉: {title: 𠮷野家, owner: agent}
  客户投诉: {owner: agent}
"""


def sample() -> Findings:
    findings = Findings()
    findings.add_source(Source.of("w/a.yaml", TEXT))
    first = Related(Place("w/a.yaml", 2, 3, 2, 7))
    findings.add("DF002", Place("w/a.yaml", 3, 3, 3, 7), related=[first], key="客户投诉")
    findings.add("DF010", Place.whole("w/空.yaml"))
    return findings


def test_text_shows_excerpt_carets_help_and_where_to_read_more() -> None:
    assert (
        render(sample(), "text", "en")
        == """\
error[DF002]: `客户投诉` is written twice in the same mapping
 --> w/a.yaml:3:3
  |
3 |   客户投诉: {owner: agent}
  |   ^^^^^^^^ second time
 --> w/a.yaml:2:3
  |
2 |   客户投诉: {title: 𠮷野家, owner: agent}
  |   ^^^^^^^^ first time
  = help: remove one of the two, or give one of them another name
  = docs: dutyflow explain DF002

warning[DF010]: the file declares nothing
 --> w/空.yaml
  = help: write something into it or delete it
  = docs: dutyflow explain DF010

Found 1 error and 1 warning in 2 files"""
    )


def test_text_in_chinese_keeps_codes_and_places() -> None:
    shown = render(sample(), "text", "zh")
    assert shown.startswith("错误[DF002]: `客户投诉` 在同一个映射里写了两次\n --> w/a.yaml:3:3\n")
    assert shown.endswith("共发现 1 个错误和 1 个警告，涉及 2 个文件")


def test_carets_count_cells_and_not_characters() -> None:
    source = Source.of("a", "𠮷e\u0301投: x\u200by")
    assert cells("客户投诉") == 8
    excerpt = cut(source, Place("a", 1, 4, 1, 5))
    assert (excerpt.indent, excerpt.width) == (3, 2)
    after = cut(source, Place("a", 1, 7, 1, 8))
    assert after.indent == 7


def test_a_tab_is_shown_as_spaces_and_a_place_at_the_end_still_has_a_caret() -> None:
    excerpt = cut(Source.of("a", "\tb: 1"), Place("a", 1, 2, 1, 3))
    assert (excerpt.text, excerpt.indent, excerpt.width) == ("    b: 1", 4, 1)
    at_end = cut(Source.of("a", "b:"), Place("a", 1, 3, 1, 3))
    assert (at_end.indent, at_end.width) == (2, 1)


def test_a_place_over_several_lines_is_marked_on_its_first_line() -> None:
    excerpt = cut(Source.of("a", "a: [x,  \n  y]"), Place("a", 1, 4, 2, 5))
    assert (excerpt.indent, excerpt.width) == (3, 3)


@pytest.mark.parametrize("column", [1, 500, 9_999])
def test_a_very_long_line_is_cut_around_the_carets(column: int) -> None:
    excerpt = cut(Source.of("a", "投" * 10_000), Place("a", 1, column, 1, column + 1))
    assert cells(excerpt.text) <= 145 and excerpt.width == 2
    assert excerpt.indent + excerpt.width <= cells(excerpt.text)


def test_a_rulebook_cannot_send_anything_to_the_terminal() -> None:
    findings = Findings()
    findings.add_source(Source.of("a\x1b[2J.yaml", "k: \x1b]0;x\x07\u202e\ud800"))
    findings.add("DF002", Place("a\x1b[2J.yaml", 1, 1, 1, 2), key="\x1b[31mred")
    for form in ("text", "concise"):
        shown = render(findings, form, "en")
        assert not any(sign in shown for sign in "\x1b\x07\u202e\ud800")
    assert clean("投诉 e\u0301 ok") == "投诉 e\u0301 ok"


def test_concise_is_one_line_for_each_finding() -> None:
    assert render(sample(), "concise", "en").split("\n") == [
        "w/a.yaml:3:3: error[DF002] `客户投诉` is written twice in the same mapping "
        "(remove one of the two, or give one of them another name)",
        "w/空.yaml: warning[DF010] the file declares nothing (write something into it or delete it)",
        "Found 1 error and 1 warning in 2 files",
    ]


def test_json_has_the_same_keys_and_codes_in_both_languages() -> None:
    english, chinese = (json.loads(render(sample(), "json", lang)) for lang in ("en", "zh"))
    assert english["schema_version"] == 1
    assert english["summary"] == {"errors": 1, "warnings": 1, "infos": 0, "files": 2} == chinese["summary"]
    first, second = english["findings"]
    assert (first["code"], first["file"], first["line"], first["column"], first["end_column"]) == (
        "DF002",
        "w/a.yaml",
        3,
        3,
        7,
    )
    assert first["related"][0]["line"] == 2 and first["related"][0]["message"] == "first time"
    assert second["line"] is None and second["severity"] == "warning"
    assert first.keys() == chinese["findings"][0].keys()
    assert chinese["findings"][0]["code"] == "DF002" and chinese["findings"][0]["title"] == "同一个键写了两次"


def test_sarif_says_that_columns_are_code_points() -> None:
    document = json.loads(render(sample(), "sarif", "en"))
    (run,) = document["runs"]
    assert document["version"] == "2.1.0" and run["columnKind"] == "unicodeCodePoints"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["DF002", "DF010"]
    first, second = run["results"]
    assert first["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 3,
        "startColumn": 3,
        "endLine": 3,
        "endColumn": 7,
    }
    place = second["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "w/%E7%A9%BA.yaml"}}
    assert (first["ruleIndex"], first["level"], second["level"]) == (0, "error", "warning")


def test_github_annotations_escape_what_github_reads() -> None:
    findings = Findings()
    findings.add("DF002", Place("a,b:c.yaml", 1, 2, 1, 3), key="100%\nx")
    assert render(findings, "github", "en").startswith(
        "::error file=a%2Cb%3Ac.yaml,line=1,col=2,endLine=1,endColumn=3,title=DF002::`100%25"
    )
    assert "\n" not in render(findings, "github", "en")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_nothing_found_is_shown_in_every_format(form: str, lang: str) -> None:
    shown = render(Findings(), form, lang)
    if form in ("json", "sarif"):
        assert json.loads(shown)
    elif form == "github":
        assert shown == ""
    else:
        assert shown == {"en": "Found nothing to complain about", "zh": "没有发现问题"}[lang]


def test_colour_changes_nothing_but_the_colour() -> None:
    import re

    coloured = render(sample(), "text", "en", colour=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render(sample(), "text", "en")


def test_plain_text_does_not_load_rich() -> None:
    program = (
        f"import sys; sys.path[:0] = {sys.path!r}\n"
        "from dutyflow.rulebook.findings import Findings\n"
        "from dutyflow_cli.render.findings import render\n"
        "render(Findings(), 'text', 'en')\n"
        "sys.exit('rich' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
