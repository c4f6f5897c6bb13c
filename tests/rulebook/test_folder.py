"""A folder is read as one rulebook, with what it extends, and never reaches outside its root."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.folder import RawRulebook, find_rulebooks, read_rulebook

Write = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes files below an empty current folder `w`; paths in findings are then short."""
    (tmp_path / "w").mkdir()
    monkeypatch.chdir(tmp_path / "w")

    def write_files(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / "w" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path / "w"

    return write_files


def read(path: str, root: Path | None = None) -> tuple[RawRulebook | None, Findings]:
    findings = Findings()
    return read_rulebook(Path(path), findings, root), findings


def clean(path: str) -> RawRulebook:
    rulebook, findings = read(path)
    assert rulebook is not None and findings.codes() == []
    return rulebook


def test_files_of_a_folder_merge_by_top_level_key(write: Write) -> None:
    write(
        {
            "complaint/lifecycle.yaml": "workflows: {complaint: {initial: a}}\nrulebook: {title: 投诉}\n",
            "complaint/more.yml": "workflows: {appeal: {initial: b}}\n",
            "complaint/scenarios/one.yaml": "scenarios: {quiet: {steps: []}}\n",
            "complaint/.hidden.yaml": "workflows: {hidden: {}}\n",
            "complaint/README.md": "# no YAML\n",
        }
    )
    rulebook = clean("complaint")
    assert rulebook.name == "complaint"
    assert list(rulebook.sections) == ["workflows", "scenarios"]
    assert list(rulebook.sections["workflows"]) == ["complaint", "appeal"]
    assert rulebook.singles["rulebook"].node.plain() == {"title": "投诉"}
    assert [source.path for source in rulebook.files] == [
        "complaint/lifecycle.yaml",
        "complaint/more.yml",
        "complaint/scenarios/one.yaml",
    ]
    appeal = rulebook.sections["workflows"]["appeal"]
    assert (appeal.file, appeal.key_place.column, appeal.inherited) == ("complaint/more.yml", 13, False)


def test_one_id_in_two_files_shows_both_places(write: Write) -> None:
    write({"r/a.yaml": "slas:\n  judge: {}\n", "r/b.yaml": "slas: {judge: {replace: true}}\n"})
    _, findings = read("r")
    (finding,) = findings.errors
    assert finding.code == "DF016"
    assert (str(finding.place), str(finding.related[0].place)) == ("r/b.yaml:1:8", "r/a.yaml:2:3")


def test_the_header_may_stand_in_one_file_only(write: Write) -> None:
    write({"r/a.yaml": "rulebook: {title: a}\n", "r/b.yaml": "rulebook: {title: b}\n"})
    assert read("r")[1].codes() == ["DF016"]


def test_an_extended_folder_brings_in_its_declarations(write: Write) -> None:
    write(
        {
            "_shared/calendars.yaml": "calendars: {desk: {}}\nroles: {agent: {}}\n",
            "r/a.yaml": "extends: [../_shared]\nroles: {judge: {}}\n",
        }
    )
    rulebook = clean("r")
    assert rulebook.sections["calendars"]["desk"].inherited
    assert {name: d.inherited for name, d in rulebook.sections["roles"].items()} == {"agent": True, "judge": False}
    assert [source.path for source in rulebook.files] == ["r/a.yaml", "_shared/calendars.yaml"]
    assert len(rulebook.documents) == 2


def test_replacing_what_is_inherited_must_be_said(write: Write) -> None:
    write(
        {
            "_shared/c.yaml": "calendars: {desk: {zone: a}}\n",
            "quiet/a.yaml": "extends: [../_shared]\ncalendars: {desk: {zone: b}}\n",
            "loud/a.yaml": "extends: [../_shared]\ncalendars: {desk: {replace: true, zone: b}}\n",
        }
    )
    assert "replace: true" in (read("quiet")[1].errors[0].text("help", "en") or "")
    assert read("quiet")[1].codes() == ["DF016"]
    desk = clean("loud").sections["calendars"]["desk"]
    assert desk.node.at(["zone"]).value == "b" and not desk.inherited
    assert desk.replaces is not None and desk.replaces.file == "_shared/c.yaml"


def test_replacing_nothing_is_an_error_with_a_suggestion(write: Write) -> None:
    write(
        {
            "_shared/c.yaml": "calendars: {desk: {}}\n",
            "r/a.yaml": "extends: [../_shared]\ncalendars: {dask: {replace: true}}\n",
        }
    )
    (finding,) = read("r")[1].errors
    assert finding.code == "DF017" and finding.text("help", "en") == "did you mean `desk`?"
    assert finding.place.column == 20


def test_a_diamond_is_read_once_and_is_no_conflict(write: Write) -> None:
    write(
        {
            "_base/c.yaml": "calendars: {desk: {zone: a}}\n",
            "_left/c.yaml": "extends: [../_base]\n",
            "_right/c.yaml": "extends: [../_base]\ncalendars: {desk: {replace: true, zone: b}}\n",
            "r/a.yaml": "extends: [../_left, ../_right]\n",
            "s/a.yaml": "extends: [../_right, ../_left]\n",
        }
    )
    for name in ("r", "s"):
        rulebook = clean(name)
        assert rulebook.sections["calendars"]["desk"].node.at(["zone"]).value == "b"
        assert len(rulebook.files) == 4


def test_two_extended_folders_may_not_declare_one_id(write: Write) -> None:
    write(
        {
            "_left/c.yaml": "calendars: {desk: {}}\n",
            "_right/c.yaml": "calendars: {desk: {}}\n",
            "r/a.yaml": "extends: [../_left, ../_right]\n",
        }
    )
    assert read("r")[1].codes() == ["DF016"]


def test_a_circle_of_extends_is_told_with_its_way(write: Write) -> None:
    write({"a/x.yaml": "extends: [../b]\n", "b/x.yaml": "extends: [../c]\n", "c/x.yaml": "extends: [../a]\n"})
    (finding,) = read("a")[1].errors
    assert finding.code == "DF012" and str(finding.place) == "c/x.yaml:1:11"
    assert dict(finding.values)["chain"] == "a -> b -> c -> a"


def test_extending_a_folder_that_is_not_there_suggests_one(write: Write) -> None:
    write({"_shared/c.yaml": "a: {}\n", "r/a.yaml": "extends: [../_sharde]\n"})
    (finding,) = read("r")[1].errors
    assert finding.code == "DF015" and finding.text("help", "zh") == "是不是想写 `../_shared`？"


@pytest.mark.parametrize("target", ["../../outside", "/etc", "../../../../../../etc", '"../x\\0y"'])
def test_nothing_outside_the_root_is_read(write: Write, target: str) -> None:
    root = write({"r/a.yaml": f"extends: [{target}]\n"})
    (root.parent / "outside").mkdir()
    (root.parent / "outside" / "s.yaml").write_text("secrets: {}\n", encoding="utf-8")
    rulebook, findings = read("r")
    assert findings.codes() in (["DF013"], ["DF024"])
    assert rulebook is not None and "secrets" not in rulebook.sections


def test_symbolic_links_out_of_the_root_are_refused(write: Write) -> None:
    root = write({"r/a.yaml": "extends: [link]\n"})
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "s.yaml").write_text("secrets: {}\n", encoding="utf-8")
    (root / "r" / "link").symlink_to(outside)
    (root / "r" / "z.yaml").symlink_to(outside / "s.yaml")
    rulebook, findings = read("r")
    assert findings.codes() == ["DF013", "DF013"]
    assert rulebook is not None and "secrets" not in rulebook.sections


def test_the_root_may_be_made_narrower(write: Write) -> None:
    root = write({"_shared/c.yaml": "a: {}\n", "r/a.yaml": "extends: [../_shared]\n"})
    assert read("r", root / "r")[1].codes() == ["DF013"]


def test_a_folder_without_yaml_is_a_finding(write: Write) -> None:
    write({"docs/readme.txt": "hello\n"})
    rulebook, findings = read("docs")
    assert rulebook is None and findings.codes() == ["DF011"]
    assert read("none")[1].codes() == ["DF011"]
    assert read("docs/readme.txt")[1].codes() == ["DF011"]


def test_a_file_that_is_no_mapping_is_a_finding(write: Write) -> None:
    write({"r/a.yaml": "- a\n- b\n", "r/b.yaml": "just text\n"})
    assert read("r")[1].codes() == ["DF018", "DF018"]


def test_one_file_is_a_rulebook_too(write: Write) -> None:
    write({"_shared/c.yaml": "calendars: {desk: {}}\n", "w/one.yaml": "extends: ../_shared\nslas: {a: {}}\n"})
    rulebook = clean("w/one.yaml")
    assert rulebook.name == "one" and list(rulebook.sections) == ["calendars", "slas"]


def test_a_folder_of_rulebooks_lists_those_that_stand_on_their_own(write: Write) -> None:
    root = write({"w/_shared/c.yaml": "", "w/b/x.yaml": "", "w/a/s/x.yml": "", "w/c/x.txt": "", "w/.git/x.yaml": ""})
    assert find_rulebooks(root / "w") == [root / "w" / "a", root / "w" / "b"]
    assert find_rulebooks(root / "w" / "b") == [root / "w" / "b"]
    assert find_rulebooks(root / "w" / "b" / "x.yaml") == [root / "w" / "b" / "x.yaml"]
    assert find_rulebooks(root / "w" / "c") == [] == find_rulebooks(root / "nothing")


def test_the_current_folder_can_be_a_rulebook(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write({"_shared/c.yaml": "roles: {a: {}}\n", "r/a.yaml": "extends: [../_shared]\n"})
    monkeypatch.chdir(root / "r")
    rulebook = clean(".")
    assert rulebook.name == "r" and [source.path for source in rulebook.files] == ["a.yaml", "../_shared/c.yaml"]
