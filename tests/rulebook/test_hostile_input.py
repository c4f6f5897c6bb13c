"""Whatever a rulebook gets wrong: findings with a place, never a traceback, never half a rulebook."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.rulebook.books import load, load_text

from dutyflow.checks import check_rulebook
from dutyflow.resources import workflows_dir
from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.load import Loaded, load_rulebook
from dutyflow.rulebook.yaml_reader import read_file

SHIPPED = ("complaint_loop", "revisit_survey", "field_repair")


def told(loaded: Loaded) -> list[str]:
    """The codes of the errors, after looking at each finding as people would see it."""
    for finding in loaded.findings:
        for lang in ("zh", "en"):
            assert finding.text("message", lang)
            for part in ("label", "help", "note"):
                finding.text(part, lang)
    assert (loaded.rules is None) == loaded.findings.has_errors
    return [finding.code for finding in loaded.findings.errors]


# --- files and folders ------------------------------------------------------------------------------------------


def pack(folder: Path, **files: str | bytes) -> Path:
    made = folder / "pack"
    made.mkdir()
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        (made / f"{name}.yaml").write_bytes(data)
    return made


def bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"# " + b"x" * 5 * 1024 * 1024, "DF004"),
        (bomb(9), "DF005"),
        ("roles: &r {a: *r}", "DF005"),
        ("roles: {a: {title: 投诉}}".encode("gbk"), "DF003"),
        (b"\xff\xfe" + "roles: {}".encode("utf-16-le"), "DF003"),
        (b"", "DF010"),
        (b"\x00\x01\x02", "DF024"),
        ("[" * 2000, "DF025"),
        ("{" * 30 + "}" * 30, "DF021"),
        ("- a\n- b", "DF018"),
        ("just text", "DF018"),
        ("roles: {a: !!python/object/apply:os.system [id]}", "DF006"),
        ("roles: {a: {<<: {title: x}}}", "DF007"),
        ("roles: {a: {}, a: {}}", "DF002"),
        ("roles: {a: {}\nforms: {}", "DF001"),
        ("---\nroles: {}\n---\nforms: {}", "DF008"),
        ("rolse: {}", "DF101"),
        ("roles: []", "DF103"),
        ("roles:", "DF103"),
        ("workflows: {w: null}", "DF103"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_finding(tmp_path: Path, content: str | bytes, code: str) -> None:
    loaded = load_rulebook(pack(tmp_path, rules=content))
    assert told(loaded) or code == "DF010", "an empty file is only worth a warning"
    assert code in loaded.findings.codes()
    assert all(finding.place.file for finding in loaded.findings)


def test_a_folder_without_yaml_or_none_at_all_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("nothing here", encoding="utf-8")
    for path in (tmp_path, tmp_path / "readme.txt", tmp_path / "nowhere", tmp_path / "no\x00where"):
        assert told(load_rulebook(path)) == ["DF011"]


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("../../../etc", "DF013"),
        ("/etc", "DF013"),
        ("../..", "DF013"),
        ("../nowhere", "DF015"),
        (".", "DF012"),
        ("../pack", "DF012"),
        ("~", "DF015"),
    ],
)
def test_what_is_extended_must_lie_beside_the_rulebook(tmp_path: Path, target: str, code: str) -> None:
    assert told(load_rulebook(pack(tmp_path, rules=f"extends: ['{target}']"))) == [code]


def test_rulebooks_that_extend_each_other_are_a_finding(tmp_path: Path) -> None:
    for name, other in (("one", "two"), ("two", "three"), ("three", "one")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rules.yaml").write_text(f"extends: [../{other}]", encoding="utf-8")
    assert told(load_rulebook(tmp_path / "one")) == ["DF012"]


def test_a_link_that_leads_out_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "elsewhere" / "secret.yaml"
    secret.parent.mkdir()
    secret.write_text("roles: {thief: {}}", encoding="utf-8")
    (tmp_path / "home").mkdir()
    home = pack(tmp_path / "home", rules="roles: {a: {}}")
    (home / "linked.yaml").symlink_to(secret)
    (home / "circle.yaml").symlink_to(home / "circle.yaml")
    (home / "folder").symlink_to(secret.parent)
    loaded = load_rulebook(home)
    assert set(told(loaded)) <= {"DF013", "DF014"} and "DF013" in told(loaded)
    assert not any("thief" in source.text for source in loaded.findings.sources.values())


# --- names, expressions and types -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("workflows.job.initial", "x", "DF201"),
        ("workflows.job.events.try", {"from": "new", "by": "agent", "then": [{"do": "x"}]}, "DF202"),
        ("roles.agent.superior", "x", "DF203"),
        ("roles.agent.department", "x", "DF204"),
        ("workflows.job.events.take.require", ["x"], "DF205"),
        ("workflows.job.forms", ["x"], "DF206"),
        ("slas.react.within", "2bh@x", "DF207"),
        ("slas.react.start", {"breached": "x"}, "DF208"),
        ("slas.react.on", "x", "DF209"),
        ("workflows.job.states.new.owner", {"table": "x", "column": "role"}, "DF210"),
        ("workflows.job.states.new.owner", {"table": "routing", "column": "x"}, "DF211"),
        ("roles.agent.quiet_hours", "x", "DF212"),
        ("workflows.job.serves", "x", "DF213"),
    ],
)
def test_an_unknown_name_of_any_kind_is_a_finding_at_its_line(path: str, value: Any, code: str) -> None:
    loaded = load({path: value})
    assert code in told(loaded)
    assert all(finding.place.line == 1 for finding in loaded.findings if finding.code == code)


@pytest.mark.parametrize(
    "text",
    [
        *("n +", "n > 'x'", "unknown > 1", "(" * 500, "not " * 400 + "n", "n ** n", "1 if n", "lambda: 1", "n[0]"),
        *(
            "().__class__",
            "__import__('os')",
            "open('/etc/passwd')",
            "n.real",
            "[x for x in marks]",
            "f'{n}'",
            "n := 1",
        ),
        *("9" * 900, "1e9999 > n", "n > 99999h", "'" + "x" * 990, "\u202e n", "due_of(nothing)", "lookup(routing)"),
        *("n is None", "*marks", "n; n", "n\nn", "print(n)", "date(2026)", "at(n, n)", "after(now, 1)", "1 < n < 'x'"),
    ],
)
@pytest.mark.parametrize("path", ["when", "set"])
def test_an_impossible_expression_is_a_finding(path: str, text: str) -> None:
    event: dict[str, Any] = {"from": "new", "by": "agent"}
    event |= {"guard": text} if path == "when" else {"set": {"n": text}}
    assert told(load({"workflows.job.events.try": event}))


def test_a_rulebook_of_nothing_but_sections_is_no_traceback() -> None:
    sections = "rulebook roles departments members forms tables workflows slas calendars quiet_hours scripts scenarios"
    for section in sections.split():
        for value in (
            "{}",
            "[]",
            "x",
            "1",
            "null",
            "{a: {}}",
            "{a: []}",
            "{a: x}",
            "{a: {b: {c: {d: e}}}}",
            "{'': {}}",
        ):
            told(load_text(f"{section}: {value}"))


# --- the shipped rulebooks, damaged -----------------------------------------------------------------------------

ODD: list[Any] = [
    *(None, 0, -1, 7, True, "", "x", "now", "1 +", "[]", [], {}, [None], [[]], {"x": 1}, {"zh": 1}, 10**30),
    *("9999-12-31", "0001-01-01", "24:00", "99999h", "1mo", "2bd", "100%", "-1h", "owner", "system", "any_open"),
    *("(new)", "x" * 3000, "😀", "a\nb", "((((", "1/0", "''", "@", "closed", "3.5"),
]


@cache
def shipped() -> dict[str, Any]:
    """Every shipped file as plain data, by its path below the folder of the workflows."""
    root = workflows_dir()
    files = [file for name in (*SHIPPED, "_shared") for file in sorted((root / name).rglob("*.yaml"))]
    found: dict[str, Any] = {}
    for file in files:
        node = read_file(file, Findings())
        assert node is not None
        found[file.relative_to(root).as_posix()] = node.plain()
    return found


def ways(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every part of a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, child in inner:
        yield (*way, step)
        yield from ways(child, (*way, step))


def at(value: Any, way: tuple[Any, ...]) -> Any:
    for step in way:
        value = value[step]
    return value


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, Any]:
    """One shipped file with one to three things in it deleted, renamed, exchanged or given another type."""
    books = shipped()
    name = draw(st.sampled_from([name for name in books if "scenarios" not in name]))
    content = copy.deepcopy(books[name])
    for _ in range(draw(st.integers(1, 3))):
        everywhere = list(ways(content))
        if not everywhere:
            break
        way = draw(st.sampled_from(everywhere))
        damage(draw, at(content, way[:-1]), way[-1], content)
    return name, content


def damage(draw: st.DrawFn, parent: Any, step: Any, content: Any) -> None:
    match draw(st.sampled_from(["delete", "type", "misspell", "rename", "move", "double"])):
        case "delete":
            del parent[step]
        case "type":
            parent[step] = draw(st.sampled_from(ODD))
        case "misspell" if isinstance(parent[step], str):
            parent[step] += draw(st.sampled_from(["x", " ", " +", "@x", " and", "'"]))
        case "rename" if isinstance(parent, dict):
            name = draw(st.sampled_from([f"{step}x", "when", "to", "title", "otherwise", "replace"]))
            parent[name] = parent.pop(step)
        case "move":
            parent[step] = copy.deepcopy(at(content, draw(st.sampled_from(list(ways(content))))))
        case "double" if isinstance(parent, dict):
            parent[f"{step}2"] = copy.deepcopy(parent[step])
        case _:
            parent[step] = draw(st.sampled_from(ODD))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the shipped rulebooks without their scenarios, to be damaged one file at a time."""
    made = tmp_path_factory.mktemp("shipped") / "workflows"
    shutil.copytree(workflows_dir(), made, ignore=shutil.ignore_patterns("scenarios"))
    return made


@given(damaged())
@settings(max_examples=100, suppress_health_check=list(HealthCheck))
def test_a_damaged_rulebook_is_told_what_is_wrong_or_still_works(folder: Path, found: tuple[str, Any]) -> None:
    name, content = found
    file = folder / name
    before = file.read_bytes()
    try:
        file.write_text(json.dumps(content, default=float), encoding="utf-8")
        book = name.split("/")[0]
        loaded = load_rulebook(folder / ("revisit_survey" if book == "_shared" else book))
        wrong = told(loaded)
        check_rulebook(loaded)
    finally:
        file.write_bytes(before)
    assert all(finding.text("message", "en") for finding in loaded.findings)
    assert loaded.rules is None or not wrong, "the checks look further, but only at what could be loaded"
