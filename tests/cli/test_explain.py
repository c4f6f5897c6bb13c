"""`dutyflow explain`: codes, keys of the language, and the states, events and time limits of a rulebook."""

from __future__ import annotations

from pathlib import Path

import pytest

from dutyflow.wording import finding_codes
from dutyflow_cli.language import all_keys, find, nearest


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("code", ["DF302"]),
        ("key", ["slas.within"]),
        ("state", ["acme/requests:request@handling"]),
        ("event", ["confirm", "--rulebook", "acme/requests"]),
        ("clock", ["acme/requests:handle"]),
        ("list", ["--list", "--rulebook", "acme/requests"]),
    ],
)
def test_pages_read_well(run, book: Path, golden, lang: str, name: str, words: list[str]) -> None:
    result = run("explain", *words, lang=lang, columns=90)
    assert result.exit_code == 0, result.output
    golden(f"explain_{name}.{lang}.txt", result.stdout)


@pytest.mark.parametrize(("lang", "said"), [("en", "Possible outcomes: Done, "), ("zh", "可能的结果：已办妥、")])
def test_a_final_state_lists_how_a_ticket_may_have_ended(run, book: Path, lang: str, said: str) -> None:
    assert said in run("explain", "closed", "--rulebook", str(book), lang=lang).stdout


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_code_has_a_page(run, lang: str) -> None:
    for code in finding_codes():
        result = run("explain", code.lower(), lang=lang)
        assert result.exit_code == 0 and result.stdout.startswith(code)


def test_every_key_of_the_language_can_be_explained(run) -> None:
    for key in all_keys():
        assert key in find(key.name) or any(found.path[-1] == key.path[-1] for found in find(key.name)), key.name
    assert {"slas.<id>.within", "workflows.<id>.states", "calendars"} <= {key.name for key in all_keys()}


def test_keys_are_described_in_both_languages() -> None:
    (key,) = [key for key in all_keys() if key.name == "slas.<id>.within"]
    assert key.description("en").startswith("How long")
    assert key.description("zh").startswith("时限")


@pytest.mark.parametrize(
    ("slip", "meant"), [("slas.witin", "slas.within"), ("workflows.request.staes", "workflows.request.states")]
)
def test_a_slip_in_a_key_is_answered_with_the_nearest(run, tmp_path: Path, monkeypatch, slip: str, meant: str) -> None:
    monkeypatch.chdir(tmp_path)
    assert nearest(slip) == meant
    result = run("explain", slip)
    assert result.exit_code == 2 and f"did you mean `{meant}`" in result.stderr


def test_the_list_has_all_codes_and_keys(run) -> None:
    shown = run("explain", "--list").stdout
    assert all(code in shown for code in finding_codes())
    assert "workflows.<id>.events.<id>.require" in shown


def test_names_need_no_rulebook_where_this_folder_is_one(run, book: Path, monkeypatch) -> None:
    monkeypatch.chdir(book)
    assert "In hand" in run("explain", "request@handling").stdout
    assert "Assigning" in run("explain", "assign").stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "--list"),
        (["DF999"], 2, "no code DF999"),
        (["acme/requests:requst@handling"], 2, "did you mean `request`"),
        (["acme/requests:handlng"], 2, "did you mean `handling`"),
        (["nowhere:handling"], 3, "no rulebook `nowhere`"),
        (["zzzzzz"], 2, "neither a code nor a key"),
    ],
)
def test_what_cannot_be_explained_is_a_sentence(run, book: Path, words: list[str], code: int, said: str) -> None:
    result = run("explain", *words)
    assert result.exit_code == code and said in result.stderr, result.output
    assert run("explain", *words, lang="zh").exit_code == code
