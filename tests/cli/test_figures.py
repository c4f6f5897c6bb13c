"""`dutyflow report metrics` and `statistics`: what a story comes to, as a table, as CSV and as JSON."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path

import jsonschema
import pytest
from tests.lab.admission import ADMISSION, story

from dutyflow.resources import schemas_dir
from dutyflow_cli.render.figures import METRIC_COLUMNS, STATISTIC_COLUMNS

SEATS = [
    "{at: Mon 2026-03-02 10:00, by: A1, do: book, ticket: s, times: 3, with: {major: math, fee: 100.50}}",
    '{at: "10:30", by: A1, do: book, with: {major: art}}',
    '{at: "10:40", by: A1, do: cancel, ticket: s-3}',
]
SCRIPT = """\
Mon 2026-03-02 10:00 A1 book ticket=a major=math fee=100.50   # the first
10:01 A1 book ticket=b major=math
10:02 A1 book ticket=c major=art
11:00
"""


@pytest.fixture
def seats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a rulebook with metrics, a scenario that passes, one that does not, and a script beside it."""
    monkeypatch.chdir(tmp_path)
    Path("seats").mkdir()
    Path("seats/rules.yaml").write_text(ADMISSION, encoding="utf-8")
    failing = story(SEATS, "expect: {state: gone}").partition("\n")[2].replace('"1"', '"2"')
    Path("seats/scenarios.yaml").write_text(story(SEATS) + failing, encoding="utf-8")
    Path("day.txt").write_text(SCRIPT, encoding="utf-8")
    return "seats"


def document(run, *words: str) -> dict:
    found = json.loads(run("report", *words, "--format", "json").stdout)
    schema = json.loads((schemas_dir() / "output" / "report.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(found)
    return found


def test_metrics_of_a_scenario_are_shares_with_their_targets(run, seats: str) -> None:
    shown = run("report", "metrics", seats, "--scenario", "1").stdout.splitlines()
    assert shown[0].split() == ["METRIC", "SHARE", "COUNTED", "/", "ALL", "LEFT", "OUT", "TARGET"]
    assert shown[1].split() == ["Booked", "share", "100%", "3", "/", "3", "1", "60%", "✓"]
    assert shown[2].split() == ["Art", "33.33%", "1", "/", "3", "0", "50%", "✗"]
    assert shown[3].split() == ["Money", "66.67%", "201", "/", "301.5", "0", "-"]


def test_metrics_speak_chinese(run, seats: str) -> None:
    shown = run("report", "metrics", seats, "--scenario", "1", lang="zh").stdout
    assert shown.startswith("指标") and "占座率" in shown


def test_figures_of_a_script_and_of_lines_typed_in(run, seats: str) -> None:
    from_file = run("report", "metrics", seats, "--script", "day.txt").stdout
    assert "3 / 3" in from_file and "100.5 / 100.5" in from_file
    assert run("report", "metrics", seats, "--script", "-", typed=SCRIPT).stdout == from_file


def test_metrics_as_csv_are_exact_and_read_by_a_spreadsheet(run, seats: str) -> None:
    text = run("report", "metrics", seats, "--scenario", "1", "--format", "csv").stdout
    rows = list(csv.DictReader(StringIO(text)))
    assert tuple(rows[0]) == METRIC_COLUMNS
    assert [row["metric"] for row in rows] == ["booked_share", "art_share", "money_booked"]
    assert (rows[0]["value"], rows[0]["target"], rows[0]["reached"]) == ("1", "0.6", "true")
    assert rows[1]["value"].startswith("0.33333333333333")
    assert (rows[2]["sum"], rows[2]["reached"]) == ("fee", "")


def test_metrics_as_json_fit_their_schema(run, seats: str) -> None:
    found = document(run, "metrics", seats, "--scenario", "1")
    assert (found["report"], found["rulebook"], found["at"]) == ("metrics", "seats", "2026-03-02T10:40:00+08:00")
    assert found["items"][0] == {
        "metric": "booked_share",
        "title": "Booked share",
        "workflow": "seat",
        "sum": None,
        "numerator": "3",
        "denominator": "3",
        "excluded": "1",
        "value": "1",
        "target": "0.6",
        "reached": True,
    }


def test_statistics_are_tables_with_totals(run, seats: str) -> None:
    shown = [line.split() for line in run("report", "statistics", seats, "--scenario", "1").stdout.splitlines()]
    assert shown[:5] == [
        ["By", "major"],
        ["Major", "Booked", "Gone", "Total"],
        ["math", "2", "1", "3"],
        ["art", "1", "0", "1"],
        ["Total", "3", "1", "4"],
    ]
    assert ["Outcome", "Total"] in shown and ["-", "2"] in shown and ["cancelled", "1"] in shown


def test_statistics_as_csv_and_json_hold_the_same_numbers(run, seats: str) -> None:
    text = run("report", "statistics", seats, "--scenario", "1", "--format", "csv").stdout
    rows = list(csv.DictReader(StringIO(text)))
    assert tuple(rows[0]) == STATISTIC_COLUMNS
    found = document(run, "statistics", seats, "--scenario", "1")
    cells = [(one["statistic"], cell["row"] or "", cell["value"]) for one in found["items"] for cell in one["cells"]]
    assert cells == [(row["statistic"], row["row"], row["value"]) for row in rows]
    by_major = found["items"][0]
    assert by_major["column_totals"] == [{"column": "booked", "value": "3"}, {"column": "gone", "value": "1"}]
    assert (by_major["row_totals"][0], by_major["total"]) == ({"row": "math", "value": "3"}, "4")


def test_a_scenario_that_does_not_pass_is_counted_as_far_as_it_came_and_says_so(run, seats: str) -> None:
    result = run("report", "metrics", seats, "--scenario", "2")
    assert result.exit_code == 1
    assert "3 / 3" in result.stdout and "scenario 2 does not pass" in result.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "either --script FILE or --scenario ID"),
        (("--script", "day.txt", "--scenario", "1"), "either --script FILE or --scenario ID"),
        (("--scenario", "3"), "there is no scenario `3`; there are: 1, 2"),
    ],
)
def test_which_story_is_meant_must_be_said(run, seats: str, words: tuple[str, ...], says: str) -> None:
    result = run("report", "statistics", seats, *words)
    assert result.exit_code == 2 and says in result.output


def test_an_empty_script_has_nothing_to_count(run, seats: str) -> None:
    result = run("report", "metrics", seats, "--script", "-", typed="# nothing yet\n")
    assert result.exit_code == 3 and "empty" in result.output


@pytest.mark.parametrize("name", ["metrics", "statistics"])
def test_a_rulebook_that_counts_nothing_says_so(run, book: Path, name: str) -> None:
    line = "2026-03-06 19:10 A1 register customer_name=王女士 phone=138 content=坏了 first_contact_at=2026-03-06T19:05"
    result = run("report", name, str(book), "--script", "-", typed=line)
    assert result.exit_code == 0 and f"declares no `{name}`" in result.stdout


def test_a_story_with_schedules_and_messages_fits_the_schema_of_simulations(run, seats: str) -> None:
    words = ["simulate", seats, "--script", "day.txt", "--format", "json"]
    found = json.loads(run(*words).stdout)
    schema = json.loads((schemas_dir() / "output" / "simulate.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(found)
    messages = [row for row in found["rows"] if row["kind"] == "message"]
    assert [(row["name"], row["ticket"], row["deliver_at"]) for row in messages] == [
        ("welcome", "a", None),
        ("welcome", "b", None),
        ("welcome", "c", None),
    ]
