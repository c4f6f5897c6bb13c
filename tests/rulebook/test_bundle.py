"""A rulebook in one document compiles to the same rules anywhere, and nothing else passes for one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.rulebook.books import load

from dutyflow.errors import InputError, RulebookError
from dutyflow.lab.scenario_reader import read_scenarios
from dutyflow.lab.trial import ScenarioResult, play
from dutyflow.resources import workflows_dir
from dutyflow.rulebook.bundle import BUNDLE_BYTES_MAX, Bundle, bundle_of, load_bundle
from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.folder import find_rulebooks
from dutyflow.rulebook.load import Loaded, load_rulebook

PACKS = [folder.name for folder in find_rulebooks(workflows_dir())]
GOLDEN = Path(__file__).parents[1] / "golden" / "bundles"
KEPT = sorted(path.stem for path in GOLDEN.glob("*.json"))

SHARED = "calendars: {office: {hours: {daily: ['09:00-18:00']}}}\n"
OWN = "extends: [../_shared]\nroles: {agent: {}}\n"

Write = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes files below a folder that is then the current one."""

    def write_files(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        monkeypatch.chdir(tmp_path)
        return tmp_path

    return write_files


def bundled(path: str) -> Bundle:
    return bundle_of(load_rulebook(Path(path)))


def first_story(loaded: Loaded) -> ScenarioResult:
    assert loaded.raw is not None
    rules = loaded.require_rules()
    return play(rules, read_scenarios(loaded.raw, rules, Findings(), loaded.reports.metrics)[0])


def changed(document: bytes, **values: Any) -> bytes:
    return json.dumps(json.loads(document) | values).encode()


@pytest.mark.parametrize("pack", PACKS)
def test_a_shipped_rulebook_comes_back_the_same_from_its_bundle(
    pack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workflows_dir())
    loaded = load_rulebook(Path(pack))
    bundle = bundle_of(loaded)
    monkeypatch.chdir(tmp_path)  # where none of the files can be found
    again = load_bundle(Bundle.from_bytes(bundle.to_bytes()))
    before, after = loaded.require_rules(), again.require_rules()
    assert (after.name, after.hash) == (before.name, before.hash) == (bundle.name, bundle.hash)
    assert list(after.workflows) == list(before.workflows)
    assert again.places == loaded.places
    assert again.findings.sorted() == loaded.findings.sorted()
    assert bundle_of(again).to_bytes() == bundle.to_bytes()
    told, retold = first_story(loaded), first_story(again)
    assert retold.passed
    assert retold.simulation.records == told.simulation.records


@pytest.mark.parametrize("name", KEPT)
def test_a_bundle_that_was_published_long_ago_still_loads_under_its_hash(name: str) -> None:
    document = (GOLDEN / f"{name}.json").read_bytes()
    bundle = Bundle.from_bytes(document)
    rules = load_bundle(bundle).require_rules()
    assert rules.hash == (GOLDEN / f"{name}.hash").read_text(encoding="utf-8").strip()
    assert bundle.to_bytes() == document


def test_there_is_a_bundle_that_was_published_long_ago() -> None:
    assert "complaint_loop" in KEPT


def test_paths_start_at_the_common_folder_wherever_the_rulebook_is_loaded_from(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write({"books/r/a.yaml": OWN, "books/r/sub/b.yml": "tables: {}\n", "books/_shared/c.yaml": SHARED})
    bundle = bundled("books/r")
    assert bundle.entry == "r"
    assert sorted(bundle.files) == ["_shared/c.yaml", "r/a.yaml", "r/sub/b.yml"]
    assert bundle.files["r/a.yaml"] == OWN
    assert bundle_of(load_rulebook(folder / "books" / "r")) == bundle
    monkeypatch.chdir(folder / "books" / "r")
    assert bundled(".") == bundle


def test_a_rulebook_that_extends_nothing_keeps_the_name_of_its_folder(write: Write) -> None:
    write({"books/r/a.yaml": SHARED})
    bundle = bundled("books/r")
    assert (bundle.name, bundle.entry, list(bundle.files)) == ("r", "r", ["r/a.yaml"])


def test_one_file_is_a_rulebook_too_and_leaves_its_neighbours_out(write: Write) -> None:
    write({"w/one.yaml": OWN, "w/two.yaml": "nonsense: {}\n", "_shared/c.yaml": SHARED})
    bundle = bundled("w/one.yaml")
    assert (bundle.name, bundle.entry) == ("one", "w/one.yaml")
    assert sorted(bundle.files) == ["_shared/c.yaml", "w/one.yaml"]
    assert load_bundle(bundle).require_rules().name == "one"


def test_several_folders_and_overlays_are_laid_over_one_another_again(write: Write) -> None:
    varied = "roles: {agent: {varies: true, superior: chief}, chief: {}}\n"
    write(
        {
            "_base/c.yaml": SHARED,
            "_people/p.yaml": "extends: [../_base]\nroles: {agent: {}}\n",
            "r/a.yaml": f"extends: [../_base, ../_people]\n{varied}",
        }
    )
    loaded = load_rulebook(Path("r"))
    rules = load_bundle(bundle_of(loaded)).require_rules()
    assert rules.hash == loaded.require_rules().hash
    assert rules.organisation.roles["agent"].superior == "chief"


def test_a_folder_behind_a_symbolic_link_is_not_taken_for_a_part_of_the_one_it_lies_in(write: Write) -> None:
    folder = write({"r/a.yaml": "extends: [link]\nroles: {agent: {}}\n", "_shared/c.yaml": SHARED})
    (folder / "r" / "link").symlink_to("../_shared")
    bundle = bundled("r")
    assert bundle.links == {"r/link": "_shared"}
    assert sorted(bundle.files) == ["_shared/c.yaml", "r/a.yaml"]
    again = load_bundle(Bundle.from_bytes(bundle.to_bytes()))
    assert again.raw is not None
    assert [source.path for source in again.raw.files] == ["r/a.yaml", "r/link/c.yaml"]
    assert bundle_of(again) == bundle


def test_one_folder_under_two_names_is_read_once(write: Write) -> None:
    folder = write({"r/a.yaml": "extends: [../one, ../_shared]\nroles: {agent: {}}\n", "_shared/c.yaml": SHARED})
    (folder / "one").symlink_to("_shared")
    assert load_bundle(bundled("r")).require_rules().name == "r"


def test_a_rulebook_that_is_a_symbolic_link_itself_keeps_its_real_name(write: Write) -> None:
    folder = write({"releases/r/a.yaml": OWN, "_shared/c.yaml": SHARED})
    (folder / "current").symlink_to("releases/r")
    bundle = bundled("current")
    assert (bundle.name, bundle.entry, bundle.links) == ("r", "current", {"current": "releases/r"})
    assert load_bundle(bundle).require_rules().name == "r"


def test_links_above_the_rulebook_leave_no_trace(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write({"real/r/a.yaml": OWN, "real/_shared/c.yaml": SHARED})
    (folder / "mounted").symlink_to("real")
    monkeypatch.chdir(folder / "mounted")
    assert bundle_of(load_rulebook(folder / "mounted" / "r")) == bundled("r")
    assert bundled("r").links == {}


def test_files_that_are_symbolic_links_are_kept_under_their_own_names(write: Write) -> None:
    folder = write({"r/..data/a.yaml": SHARED})  # how a cluster mounts files
    (folder / "r" / "a.yaml").symlink_to("..data/a.yaml")
    bundle = bundled("r")
    assert (bundle.files, bundle.links) == ({"r/a.yaml": SHARED}, {})


def test_links_that_wind_too_much_are_refused_before_anything_is_kept(write: Write) -> None:
    folder = write({"x/y/r/a.yaml": "extends: [../../_shared]\n", "z/_shared/c.yaml": SHARED})
    (folder / "z" / "y").symlink_to("../x/y")
    loaded = load_rulebook(Path("z/y/r"), folder)
    with pytest.raises(InputError, match="symbolic links"):
        bundle_of(loaded)


def test_what_was_read_is_kept_and_not_what_lies_on_the_disk_by_now(write: Write) -> None:
    folder = write({"r/a.yaml": SHARED})
    loaded = load_rulebook(Path("r"))
    (folder / "r" / "a.yaml").write_text("roles: {agent: {}}\n", encoding="utf-8")
    assert bundle_of(loaded).files == {"r/a.yaml": SHARED}


def test_line_ends_are_kept_and_a_byte_order_mark_is_not(write: Write) -> None:
    write({"r/a.yaml": "\ufeff" + SHARED.replace("\n", "\r\n")})
    assert bundled("r").files == {"r/a.yaml": SHARED.replace("\n", "\r\n")}


def test_equal_rulebooks_are_equal_bytes_with_sorted_keys(write: Write) -> None:
    write({"one/r/a.yaml": OWN, "one/_shared/c.yaml": SHARED, "two/_shared/c.yaml": SHARED, "two/r/a.yaml": OWN})
    document = bundled("one/r").to_bytes()
    assert document == bundled("two/r").to_bytes()
    assert list(json.loads(document)) == ["entry", "files", "format", "hash", "links", "name"]
    assert list(json.loads(document)["files"]) == ["_shared/c.yaml", "r/a.yaml"]


def test_a_rulebook_with_errors_has_no_bundle() -> None:
    with pytest.raises(RulebookError):
        bundle_of(load({"workflows.job.events.take.to": "dong"}))


def test_a_bundle_that_somebody_edited_is_refused(write: Write) -> None:
    write({"r/a.yaml": SHARED})
    bundle = bundled("r")
    edited = {name: text.replace("18:00", "17:00") for name, text in bundle.files.items()}
    for wrong in (replace(bundle, files=edited), replace(bundle, hash="0" * 64), replace(bundle, name="s")):
        with pytest.raises(InputError, match="was changed"):
            load_bundle(wrong)


def test_a_bundle_with_a_mistake_tells_its_place() -> None:
    bundle = Bundle(name="r", hash="", entry="r", files={"r/a.yaml": "roles:\n  agent: {superiour: x}\n"})
    loaded = load_bundle(bundle)
    assert loaded.rules is None
    assert [str(finding.place) for finding in loaded.findings.errors] == ["r/a.yaml:2:11"]


def test_a_bundle_reaches_no_file_of_this_machine(write: Write) -> None:
    folder = write({"_shared/c.yaml": SHARED})
    for target in ("../_shared", "../../_shared", (folder / "_shared").as_posix()):
        bundle = Bundle(name="r", hash="", entry="r", files={"r/a.yaml": f"extends: [{target}]\n"})
        assert load_bundle(bundle).findings.codes() == ["DF015"]


@pytest.mark.parametrize(
    "document",
    [b"", b"[]", b"{}", b'{"format": "1"}', b'{"format": 1}', b'{"format": 1, "name": "\xff"}', b'{"x": ' * 100_000],
)
def test_what_is_no_bundle_is_refused(document: bytes) -> None:
    with pytest.raises(InputError, match="not a bundle"):
        Bundle.from_bytes(document)


def test_a_bundle_of_another_format_is_refused_with_both_numbers(write: Write) -> None:
    write({"r/a.yaml": SHARED})
    with pytest.raises(InputError, match=r"format 2.* format 1"):
        Bundle.from_bytes(changed(bundled("r").to_bytes(), format=2))


@pytest.mark.parametrize("path", ["/etc/a.yaml", "../a.yaml", "r/../../a.yaml", "r//a.yaml", "./r", "", "r\\a", "r\0"])
@pytest.mark.parametrize("where", ["entry", "files", "links", "led_to"])
def test_paths_that_lead_out_of_the_bundle_are_refused(write: Write, path: str, where: str) -> None:
    write({"r/a.yaml": SHARED})
    document = bundled("r").to_bytes()
    values = {"entry": path, "files": {path: SHARED}, "links": {path: "r"}, "led_to": {"r": path}}
    wrong = changed(document, **{where.replace("led_to", "links"): values[where]})
    with pytest.raises(InputError, match="names a path"):
        Bundle.from_bytes(wrong)


def test_a_bundle_that_is_too_large_is_refused_before_it_is_read() -> None:
    with pytest.raises(InputError, match="larger than 16 MiB"):
        Bundle.from_bytes(b" " * (BUNDLE_BYTES_MAX + 1))
