"""Reading YAML: values are what they look like, and every mistake is a finding with its place."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from dutyflow.rulebook import yaml_reader
from dutyflow.rulebook.findings import Finding, Findings
from dutyflow.rulebook.nodes import Node
from dutyflow.rulebook.yaml_reader import read_bytes, read_file, read_text

SAMPLE = """\
# 客户投诉
workflows:
  complaint:
    title: {zh: 客户投诉处理, en: "Complaint: handling"}
    initial: received
    states:
      received: {title: 已受理𠮷, owner: [supervisor, agent]}
      closed: {final: true, outcomes: &o [upheld, withdrawn]}
      archived: {outcomes: *o}
    note: |
      两行
      文字
    amount: 12.50
"""


def read(text: str) -> tuple[Node | None, list[Finding]]:
    findings = Findings()
    return read_text("a.yaml", text, findings), findings.sorted()


def only(text: str) -> Finding:
    found = read(text)[1]
    assert len(found) == 1, found
    return found[0]


def said(finding: Finding) -> str:
    return f"{finding.place.line}:{finding.place.column} {finding.text('message', 'en')}"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("0", 0),
        ("0x1F", 31),
        ("0o17", 15),
        ("1.50", Decimal("1.50")),
        ("-0.5", Decimal("-0.5")),
    ],
)
def test_core_scalars_of_yaml_1_2_get_their_values(written: str, value: object) -> None:
    root, _ = read(f"k: {written}")
    assert root is not None
    node = root.at(["k"])
    assert node.value == value and type(node.value) is type(value)
    assert node.text == written and not node.quoted


@pytest.mark.parametrize(
    "written",
    [
        "on",
        "off",
        "yes",
        "no",
        "y",
        "n",
        "18:30",
        "24:00",
        "0123",
        "007",
        "2026-03-02",
        "1e5",
        "1_000",
        "1.",
        ".5",
        ".inf",
        ".nan",
        "+86-10",
        "2bh",
        "50%",
        "1.2.3",
        "tRUE",
        "2026-03-02 09:14",
        "2026-03-02T09:14:00+08:00",
        "9" * 41,
    ],
)
def test_what_could_be_meant_as_text_stays_text_as_written(written: str) -> None:
    root, found = read(f"k: {written}")
    assert root is not None and root.at(["k"]).value == written and not found


@pytest.mark.parametrize("written", ['"12"', "'true'", '"null"', '""'])
def test_quotes_make_text_of_everything(written: str) -> None:
    root, _ = read(f"k: {written}")
    assert root is not None
    assert root.at(["k"]).value == written[1:-1] and root.at(["k"]).quoted


def test_keys_are_text_whatever_they_look_like() -> None:
    root, found = read("1: a\ntrue: b\n2026-01-01: c\n1.0: d\n")
    assert root is not None and list(root.keys()) == ["1", "true", "2026-01-01", "1.0"] and not found


def test_a_duplicate_key_shows_both_places_and_the_first_value_is_kept() -> None:
    root, found = read("a:\n  accept: 1\n  hold: 2\n  accept: 3\n")
    assert [finding.code for finding in found] == ["DF002"]
    assert (found[0].place.line, found[0].place.column, found[0].place.end_column) == (4, 3, 9)
    assert found[0].related[0].place.line == 2
    assert root is not None and root.plain() == {"a": {"accept": 1, "hold": 2}}


def test_several_mistakes_are_found_in_one_run() -> None:
    _, found = read("a: 1\na: 2\nb: !x 3\n<<: {c: 4}\n")
    assert [finding.code for finding in found] == ["DF002", "DF006", "DF007"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a:\n\tb: 1", "2:1 a tab stands at the beginning of the line"),
        ("a: 1\nb:2\nc: 3", "2:2 there is no space after the colon"),
        ("a:\n  b:2\n  c: 3", "2:4 there is no space after the colon"),
        ("a：1\nb: 2", "1:2 `：` is a full-width sign, not YAML punctuation"),
        ("a: {zh: 投诉，en: x}", "1:11 `，` is a full-width sign, not YAML punctuation"),
        ('a: 1\nb: "x\nc: 3', "2:4 a quote is opened here and never closed"),
        ("a: [1, 2\nb: 3", "1:4 a bracket is opened here and not closed"),
        ("a: {b: 1 c: 2}", "1:11 a comma or a closing bracket is missing before this"),
        ("a: b: c", "1:5 there is a second `: ` on this line"),
        ("a: 𠮷𠮷: c", "1:6 there is a second `: ` on this line"),
        ("a:\n  b: 1\n c: 2", "3:2 the indentation does not fit the lines above"),
        ("a: x\n  b: 2", "2:4 the indentation does not fit the lines above"),
        ("a: @x", "1:4 text cannot begin with “@”"),
        ("when: > 500", "1:7 `>` at the beginning starts a text over several lines"),
        ("a: - b", "1:4 a list entry cannot begin on the line of its key"),
        ("  a: 1\nb: 2", "2:1 the indentation does not fit the lines above"),
        ("a: ]", "1:4 nothing was open that `]` could end"),
        ("a: 'x'y", "1:7 something follows a closing quote or bracket"),
        ('a: "\\q"', "1:5 a backslash in double quotes is followed by a character that means nothing"),
        ("a: 1\nb", "2:1 this line has no colon"),
        ("a: 1\n- b", "2:1 list entries (`- ...`) and keys are mixed at the same level"),
        ("a: *重要*", "1:4 text cannot begin with “*”"),
        ("a: *x", "1:4 `*x` repeats an anchor that does not exist"),
    ],
)
def test_a_syntax_error_is_told_in_plain_words_at_the_place_to_change(text: str, expected: str) -> None:
    finding = only(text)
    assert finding.code == "DF001"
    line, message = expected.split(" ", 1)
    assert said(finding) == f"{line} this is not valid YAML: {message}"
    assert finding.text("help", "zh")


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("a: 1\n---\nb: 2\n", "DF008", (2, 1)),
        ("a: !!python/object:os.system ls", "DF006", (1, 4)),
        ("a: &x !y 5", "DF006", (1, 7)),
        ("<<: {a: 1}", "DF007", (1, 1)),
        ("a: &x [1, *x]", "DF005", (1, 11)),
        ("? [a]\n: 1", "DF021", (1, 3)),
        ("?\n: 1", "DF021", (1, 2)),
        ("a: b\x07", "DF024", (1, 5)),
        ("a: \ud800", "DF024", (1, 4)),
        ("a:\n  title：投诉\n", "DF009", (2, 8)),
        ("{zh：投诉: x}", "DF009", (1, 4)),
        ("a: [b，c：d]", "DF009", (1, 6)),
        ("within: “2bh”", "DF022", (1, 9)),
        ("", "DF010", (0, 0)),
        ("# nothing\n", "DF010", (0, 0)),
        ("---\n", "DF010", (0, 0)),
    ],
)
def test_what_yaml_allows_but_a_rulebook_does_not_is_a_finding(text: str, code: str, place: tuple[int, int]) -> None:
    finding = only(text)
    assert (finding.code, (finding.place.line, finding.place.column)) == (code, place)


@pytest.mark.parametrize(
    "text",
    [
        'a: "x：y"',
        "a: 注意：请先核实",
        "- VIP：优先",
        "a: 他说“好”",
        "a: {zh: 投诉（重大）、咨询}",
        '"zh：x": 1',
        '"<<": 1',
    ],
)
def test_ordinary_chinese_text_is_left_alone(text: str) -> None:
    assert read(text)[1] == []


def test_an_alias_repeats_the_value() -> None:
    root, found = read("a: &x {b: 1}\nc: *x\n")
    assert root is not None and root.plain() == {"a": {"b": 1}, "c": {"b": 1}} and not found


def test_aliases_that_explode_are_refused_without_expanding_them() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    root, found = read("\n".join(lines))
    assert root is None and [finding.code for finding in found] == ["DF005"]


def test_aliases_cannot_get_around_the_depth() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 80)]
    root, found = read("\n".join(lines))
    assert root is None and [finding.code for finding in found] == ["DF025"]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting_is_refused(opening: str) -> None:
    assert only(f"{opening * 100_000}x").code == "DF025"


def test_too_many_values_are_refused() -> None:
    assert only("a: [" + "1," * 100_000 + "]").code == "DF026"


def test_a_file_of_five_megabytes_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    file = tmp_path / "big.yaml"
    file.write_bytes(b"[" * (5 * 1024 * 1024))
    findings = Findings()
    assert read_file(file, findings, shown_as="big.yaml") is None
    assert findings.codes() == ["DF004"] and findings.errors[0].place.is_whole_file


def test_a_file_that_is_not_utf_8_names_the_byte() -> None:
    findings = Findings()
    assert read_bytes("a.yaml", "title: ok\n标题: ".encode() + "投诉".encode("gbk"), findings) is None
    finding = findings.errors[0]
    assert finding.code == "DF003" and (finding.place.line, finding.place.column) == (2, 6)
    assert dict(finding.values) == {"offset": "20", "byte": "0xCB"}


def test_a_byte_order_mark_is_accepted_and_shifts_nothing() -> None:
    findings = Findings()
    root = read_bytes("a.yaml", b"\xef\xbb\xbfa: 1\n", findings)
    assert root is not None and root.key_place("a").column == 1 and not len(findings)


def test_a_missing_file_is_a_finding(tmp_path: Path) -> None:
    findings = Findings()
    assert read_file(tmp_path / "none.yaml", findings) is None
    assert findings.codes() == ["DF014"]


def test_the_python_loader_gives_the_same_tree_as_libyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    fast, _ = read(SAMPLE)
    monkeypatch.setattr(yaml_reader, "_Loader", yaml.SafeLoader)
    slow, found = read(SAMPLE)
    assert fast is not None and slow is not None and not found
    assert slow.plain() == fast.plain()
    assert slow.at(["workflows", "complaint", "states", "closed"]).place.line == 8


@pytest.mark.parametrize("loader", [yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)])
def test_an_escape_beyond_unicode_is_a_finding_with_either_loader(
    monkeypatch: pytest.MonkeyPatch, loader: object
) -> None:
    monkeypatch.setattr(yaml_reader, "_Loader", loader)
    finding = only('a: "\\U001FFF0F"')
    assert finding.code == "DF001" and finding.place.line == 1


def test_half_a_character_never_gets_into_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_reader, "_Loader", yaml.SafeLoader)
    assert only('a: "\\ud800"').code == "DF024"


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_random_bytes_end_in_a_tree_or_in_findings(data: bytes) -> None:
    findings = Findings()
    root = read_bytes("a.yaml", data, findings)
    assert root is not None or len(findings)
    assert_shown(findings)


@given(st.text(st.sampled_from("ab:- \n\t{}[],\"'#&*!|>%@`?<：，“”𠮷1.~\r\u2028"), max_size=60))
@settings(max_examples=100, deadline=None)
def test_random_punctuation_ends_in_a_tree_or_in_findings(text: str) -> None:
    root, found = read(text)
    assert root is not None or found


@given(st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_a_damaged_rulebook_ends_in_a_tree_or_in_findings(seed: int) -> None:
    chance = random.Random(seed)
    text = list(SAMPLE)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(text))
        change = chance.choice(["cut", "double", "swap", "sign"])
        if change == "cut":
            del text[at : at + chance.randint(1, 5)]
        elif change == "double":
            text[at:at] = text[at : at + chance.randint(1, 40)]
        elif change == "swap":
            other = chance.randrange(len(text))
            text[at], text[other] = text[other], text[at]
        else:
            text[at] = chance.choice("\t：:{}[]&*!'\"\n ")
    findings = Findings()
    root = read_text("a.yaml", "".join(text), findings)
    assert root is not None or findings.has_errors
    assert_shown(findings)


def assert_shown(findings: Findings) -> None:
    """Each finding has words in both languages, and a place inside its file."""
    for finding in findings:
        assert finding.text("message", "zh") and finding.text("message", "en")
        source = findings.sources.get(finding.place.file)
        if source and not finding.place.is_whole_file:
            assert 1 <= finding.place.line <= len(source.lines)
            assert 1 <= finding.place.column <= len(source.line(finding.place.line)) + 1
