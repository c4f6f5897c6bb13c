"""`dutyflow ticket`: tickets that are opened, acted on, listed and looked at, and why things are as they are."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from rich.cells import cell_len

REGISTER = ["customer_name=王女士", "phone=138", "content=空调", "first_contact_at=2026-03-06 19:05"]
LATER = "2026-03-09 16:00"
HASH = re.compile(r"\b(?:[0-9a-f]{8}|[0-9a-f]{12})\b")
"""Hashes follow from every word of the rulebook: they would change with it."""


def words(text: str) -> list[str]:
    return ["ticket", *text.split(" ")]


# --- looking ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", ["show T-1", "why T-1", "history T-1", "list", "why T-1 finish"])
def test_a_reader_is_told_everything(run, story, golden, name: str, lang: str) -> None:
    result = run(*words(name), lang=lang, at=LATER)
    assert result.exit_code == 0, result.output
    golden(f"ticket_{name.replace(' ', '_')}.{lang}.txt", HASH.sub("#", result.stdout))


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("name", ["show T-1", "why T-1", "list", "history T-1"])
def test_it_fits_the_terminal(run, story, name: str, columns: int) -> None:
    shown = run(*words(name), columns=columns, at=LATER).stdout
    assert max(cell_len(line) for line in shown.splitlines()) <= columns


def test_the_story_of_a_kept_ticket_looks_like_the_simulated_one(run, story, book: Path) -> None:
    lines = [
        f"2026-03-06 19:10 A1 register {' '.join(REGISTER[:3])} first_contact_at='2026-03-06 19:05'",
        "19:20 A1 assign kind=维修",
        "19:30 S1 assign kind=维修",
        "03-09 10:00 R1 ask_customer question=型号",
        "15:00 A1 answered answer=A型",
    ]
    simulated = run("simulate", str(book), *[word for line in lines for word in ("--do", line)]).stdout
    table = simulated[simulated.index("TIME") : simulated.index("Result:")].replace("acme/requests/", "requests/")
    assert table.strip() in run("ticket", "show", "T-1", at=LATER).stdout


def test_private_values_are_shown_to_those_who_may_see_them_only(run, story) -> None:
    everybody = run("ticket", "show", "T-1", at=LATER).stdout
    assert "***" in everybody and "王女士" not in everybody
    assert "王女士" in run("ticket", "show", "T-1", "--as", "A1", at=LATER).stdout
    for name in (["show", "T-1"], ["history", "T-1", "--raw"], ["history", "T-1"]):
        assert "王女士" not in run("ticket", *name, "--as", "Z9", at=LATER).output


def test_a_deadline_is_explained_without_the_time_it_stood_still(run, story) -> None:
    shown = run("ticket", "why", "T-1", at=LATER).stdout
    assert "stood still Mon 2026-03-09 10:00 to Mon 2026-03-09 15:00: waiting for the customer" in shown
    assert "(`first_contact_at`)" in shown and "requests/sla.yaml:28:13" in shown


def test_a_clock_that_stands_still_says_what_will_remain(run, story) -> None:
    run("ticket", "do", "T-1", "ask_customer", "--as", "R1", "question=再问", at=LATER)
    shown = run("ticket", "why", "T-1", at="2026-03-10 10:00").stdout
    assert "stands still since Mon 2026-03-09 16:00" in shown and "will remain" in shown


def test_an_alarm_that_nobody_has_let_ring_is_called_so(run, story) -> None:
    assert "no worker has dealt with it" in run("ticket", "why", "T-1", at="2026-03-12 10:00").stdout
    assert "no worker" not in run("ticket", "why", "T-1", at=LATER).stdout


def test_a_limit_that_ends_at_midnight_counts_no_day_after_it(run, at_root, tmp_path: Path) -> None:
    shown = run("calendar", "due", "always", "2026-03-06 18:00", "7d").stdout
    assert "day 7" in shown and "day 8" not in shown


def test_a_workflow_of_several_rulebooks_must_be_told_apart(run, store) -> None:
    assert run("new", "acme/orders").exit_code == 0
    sla = Path("acme/orders/sla.yaml")
    sla.write_text(sla.read_text(encoding="utf-8").replace("within: 5bd", "within: 6bd"), encoding="utf-8")
    assert run("publish", "acme/orders").exit_code == 0
    opening = ["ticket", "open", "request", "register", "--as", "A1", *REGISTER]
    refused = run(*opening, at=LATER)
    assert refused.exit_code == 2 and "orders, requests" in refused.stderr
    assert run(*opening, "--rulebook", "orders", at=LATER).exit_code == 0


def test_an_event_of_another_state_is_explained_by_where_it_is(run, story) -> None:
    shown = run("ticket", "why", "T-1", "confirm", at=LATER).stdout
    assert "not possible in In hand; it is in: Awaiting confirmation" in shown
    refused = run("ticket", "why", "T-1", "finish", "--as", "A1", at=LATER).stdout
    assert "not now" in refused and "A1 has Service agent" in refused


# --- lists ------------------------------------------------------------------------------------------------------


def test_a_queue_begins_with_what_is_due_first_and_goes_on_page_by_page(run, store) -> None:
    for number in (1, 2, 3):
        at = f"2026-03-09 0{7 - number}:00"
        result = run("ticket", "open", "request", "register", "--as", "A1", "--id", f"T-{number}", *REGISTER, at=at)
        assert result.exit_code == 0, result.output
    first = json.loads(run("ticket", "list", "--limit", "2", "--order", "opened", "--format", "json", at=LATER).stdout)
    assert [row["id"] for row in first["rows"]] == ["T-1", "T-2"]
    shown = run("ticket", "list", "--limit", "2", "--order", "opened", at=LATER).stdout
    assert f"--after {first['cursor']}" in shown and "OVERDUE" in shown
    rest = run("ticket", "list", "--order", "opened", "--after", first["cursor"], at=LATER).stdout
    assert "T-3" in rest and "T-1" not in rest and "3 open" in rest


@pytest.mark.parametrize(
    ("wish", "found"),
    [
        ("--role repair_lead", True),
        ("--role agent", False),
        ("--department engineering", True),
        ("--workflow request --state handling", True),
        ("--due-before 2026-03-10", False),
        ("--due-before +400h", True),
        ("--breached", False),
        ("--closed", False),
        ("--all --order newest", True),
        ("--field phone=138 --as A1", True),
        ("--field phone=139 --as A1", False),
        ("--text 空调", True),
        ("--mine --as R1", False),
    ],
)
def test_a_queue_is_narrowed_by_what_is_asked(run, story, wish: str, found: bool) -> None:
    result = run(*words(f"list {wish}"), at=LATER)
    assert result.exit_code == 0, result.output
    assert ("T-1" in result.stdout) is found


def test_a_queue_says_when_nobody_lets_time_pass(run, story) -> None:
    assert "worker" not in run("ticket", "list", at=LATER).stderr
    late = run("ticket", "list", at="2026-03-20 16:00")
    assert "has not been dealt with" in late.stderr and "OVERDUE" in late.stdout
    assert "worker" not in run("ticket", "list", "--format", "json", at="2026-03-20 16:00").output


def test_whoever_has_nothing_by_name_is_pointed_at_the_roles(run, story) -> None:
    assert "--role repair_lead" in run("ticket", "list", "--mine", "--as", "R1", at=LATER).stdout


# --- acting -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_missing_is_named_with_its_kind(run, store, golden, lang: str) -> None:
    result = run("ticket", "open", "request", "register", "--as", "A1", "phone=138", lang=lang, at=LATER)
    assert result.exit_code == 1
    golden(f"ticket_missing.{lang}.txt", result.stdout)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_refusal_names_the_line_and_what_may_be_done_instead(run, story, golden, lang: str) -> None:
    result = run("ticket", "do", "T-1", "finish", "--as", "A1", "result=x", lang=lang, at=LATER)
    assert result.exit_code == 1
    golden(f"ticket_refused.{lang}.txt", result.stdout)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_accepted_command_says_what_changed(run, story, golden, lang: str) -> None:
    result = run("ticket", "do", "T-1", "finish", "--as", "R1", "result=x", lang=lang, at=LATER)
    assert result.exit_code == 0
    golden(f"ticket_done.{lang}.txt", result.stdout)


def test_nobody_is_told_that_they_can_do_nothing_while_other_data_would_do(run, story) -> None:
    opening = ["ticket", "open", "request", "register", "--as", "A1", *REGISTER[:3]]
    refused = run(*opening, "first_contact_at=yesterday", at=LATER)
    assert refused.exit_code == 1 and "nothing" not in refused.stdout
    assert "nothing" not in run("ticket", "open", "request", "register", "--as", "Z9", *REGISTER, at=LATER).stdout
    nobody = run("ticket", "do", "T-1", "finish", "--as", "Z9", "result=x", at=LATER)
    assert nobody.exit_code == 1 and "There is nothing that Z9 may do now" in nobody.stdout


def test_the_same_key_is_answered_once(run, story) -> None:
    comment = ["ticket", "do", "T-1", "comment", "--as", "A1", "text=hello", "--key", "k1"]
    assert run(*comment, at=LATER).exit_code == run(*comment, at=LATER).exit_code == 0
    assert run("ticket", "history", "T-1", at=LATER).stdout.count("hello") == 1
    other = run("ticket", "do", "T-1", "comment", "--as", "A1", "text=bye", "--key", "k1", at=LATER)
    assert other.exit_code == 3 and "another command" in other.stderr
    chinese = run("ticket", "do", "T-1", "comment", "--as", "A1", "text=bye", "--key", "k1", lang="zh", at=LATER)
    assert chinese.stderr.startswith("错误：这个命令无法执行（The key 'k1'")


def test_a_reason_may_be_an_option_or_a_word(run, story) -> None:
    assert run("ticket", "do", "T-1", "withdraw", "--as", "A1", at=LATER).exit_code == 1
    result = run("ticket", "do", "T-1", "withdraw", "--as", "A1", "reason=改主意", at=LATER)
    assert result.exit_code == 0 and "Closed (Withdrawn by the customer)" in result.stdout
    assert "closed" in run("ticket", "list", "--closed", at=LATER).stdout


def test_nothing_can_happen_before_it_is_time(run, story) -> None:
    result = run("ticket", "do", "T-1", "finish", "--as", "R1", "result=x", "--at", "+2h", at=LATER)
    assert result.exit_code == 3 and "Mon 2026-03-09 18:00 has not come yet" in result.stderr
    late = run("ticket", "do", "T-1", "finish", "--as", "R1", "result=x", "--at", "15:30", at=LATER)
    assert late.exit_code == 0
    assert "Mon 2026-03-09 15:30" in run("ticket", "history", "T-1", at=LATER).stdout


@pytest.mark.parametrize(
    ("wrong", "code", "said"),
    [
        ("show T-2", 3, "did you mean `T-1`"),
        ("why T-1 finsh", 2, "did you mean `finish`"),
        ("do T-1 finish --as R1 x", 2, "not a `field=value` pair"),
        ("do T-1 finish", 2, "--as"),
        ("open reqest register --as A1", 2, "did you mean `request`"),
        ("open request regster --as A1", 2, "did you mean `register`"),
        ("open request register --as A1 --rulebook reqests", 2, "did you mean `requests`"),
        ("list --role agnt", 2, "did you mean `agent`"),
        ("list --state handlng", 2, "did you mean `handling`"),
        ("list --field phne=1", 2, "did you mean `phone`"),
        ("list --field satisfied=perhaps", 2, "does not fit"),
        ("list --due-before soon", 2, "is not a time"),
        ("list --mine", 2, "--as"),
        ("list --field phone=138", 2, "`phone` is private"),
        ("do T-1 finsh --as R1", 2, "did you mean `finish`"),
    ],
)
def test_a_slip_is_answered_with_what_was_meant(run, story, wrong: str, code: int, said: str) -> None:
    result = run(*words(wrong), at=LATER)
    assert (result.exit_code, said in result.stderr) == (code, True), result.output
    assert run(*words(wrong), lang="zh", at=LATER).exit_code == code


def test_what_people_type_cannot_steer_the_terminal(run, story) -> None:
    run("ticket", "do", "T-1", "comment", "--as", "A1", "text=\x1b[2J gone", at=LATER)
    for name in ("show T-1", "history T-1"):
        shown = run(*words(name), at=LATER).stdout
        assert "gone" in shown and "\x1b" not in shown


def test_without_a_store_it_says_how_to_make_one(run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("ticket", "list")
    assert result.exit_code == 3 and "dutyflow db upgrade" in result.stderr
    result = run("ticket", "list", "--store", "sqlite:///typo.db")
    assert result.exit_code == 3 and "typo.db" in result.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("asked", ["open request register --as A1", "list --state handling", "list --role agent"])
def test_where_no_rulebook_is_published_it_says_how_to(run, tmp_path: Path, monkeypatch, asked: str) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("db", "upgrade").exit_code == 0
    result = run(*words(asked), at=LATER)
    assert result.exit_code == 3 and "dutyflow publish" in result.stderr


def test_very_many_names_are_not_all_listed(run, story) -> None:
    said = run("ticket", "list", "--field", "nothing_like_it=1", at=LATER).stderr
    assert re.search(r"… \(\d\d in all\)", said) and len(said) < 600


def test_the_environment_may_name_the_store(run, story, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("DUTYFLOW_STORE", f"sqlite:///{Path('dutyflow.db').resolve()}")
    monkeypatch.chdir(tmp_path.parent)
    assert "T-1" in run("ticket", "list", at=LATER).stdout


def test_hashes_end_where_something_is_masked(run, story) -> None:
    """With them somebody could try one telephone number after the other."""
    whole, masked = (
        json.loads(run("ticket", "history", "T-1", "--format", "json", *who, at=LATER).stdout)["entries"]
        for who in (["--as", "A1"], ["--as", "Z9"])
    )
    hashes = [entry["hash"] for entry in masked if entry["seq"]]
    assert [bool(hash_) for hash_ in hashes] == [True, *[False] * (len(hashes) - 1)]
    assert all(entry["hash"] for entry in whole if entry["seq"])


@pytest.mark.parametrize("name", ["\x1b[2J", "\ud800", "x" * 10_000], ids=range(3))
def test_a_ticket_that_nobody_can_have_is_not_there(run, story, name: str) -> None:
    result = run("ticket", "show", name, at=LATER)
    assert result.exit_code == 3 and "\x1b" not in result.output and "failed inside" not in result.output
