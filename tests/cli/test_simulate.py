"""`dutyflow simulate`: scripted and interactive stories, in every width and form, and what cannot be played."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.cells import cell_len

LINES = [
    '2026-03-06 19:10 A1 register customer_name=王女士 phone=138 content=空调 first_contact_at="2026-03-06 19:05"',
    "19:20 A1 assign kind=维修",
    "19:30 S1 assign kind=维修",
]
STORY = [word for line in LINES for word in ("--do", line)]
UNTIL = ["--until", "2026-03-11 12:00"]


@pytest.mark.parametrize("columns", [80, 100, 120])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_story_fits_the_terminal(run, book: Path, golden, lang: str, columns: int) -> None:
    result = run("simulate", str(book), *STORY, *UNTIL, lang=lang, columns=columns)
    assert result.exit_code == 0
    assert max(cell_len(line) for line in result.stdout.splitlines()) <= columns
    golden(f"simulate_{columns}.{lang}.txt", result.stdout)


def test_names_of_the_yaml_are_shown_on_request(run, book: Path) -> None:
    shown = run("simulate", str(book), *STORY, "--ids").stdout
    assert "register" in shown and "received" in shown and "handling" in shown


def test_a_shipped_rulebook_goes_by_its_name(run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("simulate", "complaint_loop", "--do", "2026-03-02 09:00 A1 register")
    assert result.exit_code == 0
    assert "still needs" in result.stdout


def test_a_script_may_come_from_a_file_or_from_stdin(run, book: Path) -> None:
    Path("script.txt").write_text("# Friday\n\n" + "\n".join(LINES), encoding="utf-8")
    from_file = run("simulate", str(book), "--script", "script.txt").stdout
    assert from_file == run("simulate", str(book), "--script", "-", typed="\n".join(LINES)).stdout
    assert from_file == run("simulate", str(book), *STORY).stdout


def test_what_was_played_is_saved_as_a_scenario_that_passes(run, book: Path) -> None:
    file = book / "scenarios" / "friday.yaml"
    assert run("simulate", str(book), *STORY, *UNTIL, "--save", str(file)).exit_code == 0
    result = run("test", str(book), "--filter", "friday.yaml")
    assert result.exit_code == 0 and "1 run: 1 passed" in result.stdout
    again = run("simulate", str(book), *STORY, "--save", str(file))
    assert again.exit_code == 3 and "exists already" in again.stderr


def test_until_end_runs_to_the_last_timer(run, book: Path) -> None:
    document = json.loads(run("simulate", str(book), *STORY, "--until", "end", "--format", "json").stdout)
    assert document["tickets"][0]["next_due_at"] is None
    assert [row["kind"] for row in document["rows"]][-1] in ("breach", "escalation")


def test_mermaid_draws_the_path(run, book: Path) -> None:
    shown = run("simulate", str(book), *STORY, "--format", "mermaid").stdout
    assert shown.startswith("stateDiagram-v2")
    assert "s_received --> s_handling" in shown


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "--do"),
        (["--do", "tomorrow A1 register"], 2, "is not a moment"),
        (["--do", "Mon 2026-03-06 19:10 A1 register"], 2, "Friday"),
        (["--do", "2026-03-06 19:10 A1 regster"], 2, "opening events: register"),
        (["--do", "2026-03-06 19:10 A1"], 2, "who does it"),
        (["--do", "2026-03-06 19:10 A1 register content='x"], 2, "quote"),
        ([*STORY, "--do", "2026-03-05 10:00 S1 assign"], 2, "lies before"),
        ([*STORY, "--until", "2026-03-05 10:00"], 2, "lies before"),
        ([*STORY, "--until", "soon"], 2, "is not a time"),
        (["--start", "soon", *STORY], 2, "is not a time"),
        (["requst", *STORY], 2, "did you mean `request`"),
        (["--script", "nowhere.txt"], 3, "does not exist"),
        (["--do", "2026-03-06 19:10 A1 register", "--format", "mermaid"], 3, "no ticket was opened"),
        ([*STORY, "--save", "nowhere/x.yaml"], 3, "does not exist"),
    ],
)
def test_what_cannot_be_played_is_a_sentence(run, book: Path, words: list[str], code: int, said: str) -> None:
    result = run("simulate", str(book), *words)
    assert result.exit_code == code, result.output
    assert said in result.stderr
    assert run("simulate", str(book), *words, lang="zh").exit_code == code


def test_an_unknown_rulebook_is_answered_with_the_nearest(run, book: Path) -> None:
    result = run("simulate", "complaint_lop", *STORY)
    assert result.exit_code == 3
    assert "did you mean `complaint_loop`" in result.stderr


def test_a_folder_of_several_rulebooks_asks_for_one(run, book: Path) -> None:
    assert run("new", "acme/orders").exit_code == 0
    result = run("simulate", "acme", *STORY)
    assert result.exit_code == 3
    assert "acme/orders" in result.stderr and "acme/requests" in result.stderr


def test_unknown_members_and_events_are_refusals_that_say_what_is_possible(run, book: Path) -> None:
    shown = run("simulate", str(book), *STORY, "--do", "20:00 Z9 finish", "--do", "20:01 R1 finsh").stdout
    assert "Z9 has no role here" in shown
    assert "there is no event" in shown and "Ask the customer" in shown


def test_what_people_type_cannot_steer_the_terminal(run, book: Path) -> None:
    shown = run("simulate", str(book), *STORY, "--do", "20:00 A1 withdraw reason='\x1b[2J gone'").stdout
    assert "gone" in shown and "\x1b" not in shown


TYPED = """
soon
2026-03-06 19:10
1
王女士
138
yesterday
2026-03-06 19:05
空调
w 20m
A1 assign
1
9
1
n
b
2 R1 result=换好了
8
nonsense
w yesterday
b
s friday.yaml
?
q
"""


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_sitting_can_be_read_like_a_conversation(run, book: Path, golden, lang: str) -> None:
    result = run("simulate", str(book), "-i", typed=TYPED.lstrip("\n"), lang=lang)
    assert result.exit_code == 0, result.output
    golden(f"interactive.{lang}.txt", result.stdout)


def test_the_saved_sitting_passes_as_a_scenario(run, book: Path) -> None:
    typed = TYPED.replace("s friday.yaml", f"s {book}/scenarios/friday.yaml").lstrip("\n")
    assert run("simulate", str(book), "-i", typed=typed).exit_code == 0
    result = run("test", str(book), "--filter", "friday")
    assert result.exit_code == 0, result.stdout


def test_the_end_of_the_input_is_a_farewell_anywhere(run, book: Path) -> None:
    words = TYPED.lstrip("\n").splitlines(keepends=True)
    for count in range(len(words)):
        assert run("simulate", str(book), "-i", typed="".join(words[:count])).exit_code == 0


def test_a_sitting_can_go_on_from_a_script_and_be_saved_at_its_end(run, book: Path) -> None:
    result = run("simulate", str(book), *STORY, "-i", "--save", "end.yaml", typed="2 R1 result=好了\nb\ng\nn\n-\nq\n")
    assert result.exit_code == 0, result.output
    assert "stateDiagram-v2" in result.stdout
    assert Path("end.yaml").read_text(encoding="utf-8").startswith("scenarios:")


def test_schedules_come_up_by_themselves_and_their_tickets_can_be_acted_on(run, at_root) -> None:
    filed = "Mon 2026-03-02 10:00 A1 file ticket=daily_extract@2026-03-02.A1 note=ok"
    words = ("--schedule", "daily_extract", "--start", "2026-03-02", "--until", "2026-03-03", "--do", filed, "--ids")
    result = run("simulate", "customer_records", *words)
    assert result.exit_code == 0, result.output
    assert result.stdout.count("BREACHED") == 3


def test_an_unknown_schedule_is_a_usage_error_with_a_suggestion(run, at_root) -> None:
    result = run("simulate", "customer_records", "--schedule", "dayly_extract", "--until", "+1h")
    assert result.exit_code == 2
    assert "did you mean `daily_extract`" in result.stderr


def test_a_story_of_schedules_alone_is_drawn_as_a_sequence(run, at_root) -> None:
    words = ("--schedule", "daily_extract", "--start", "2026-03-02", "--until", "2026-03-03", "--format", "mermaid")
    result = run("simulate", "customer_records", *words)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("sequenceDiagram\n    participant s_daily_extract_2026_03_02_A1")
