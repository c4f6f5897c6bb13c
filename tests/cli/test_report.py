"""`dutyflow report`: assumed figures with their lines, as a table, as CSV and as JSON."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path

import pytest

from dutyflow_cli.render.assumed import CSV_COLUMNS
from dutyflow_cli.render.excerpt import cells

MARKED = """\
rulebook: {title: T, calendar: office}
calendars: {office: {hours: {mon-fri: ["09:00-18:00"]}}}
departments: {service: {title: Service}}
roles: {agent: {title: Agent, department: service}}
forms: {f: {fields: {n: {type: number, max: 9, assumed: {zh: 估计, en: a guess}}}}}
workflows:
  job:
    forms: [f]
    initial: new
    states: {new: {title: New, owner: agent}, done: {title: Done, final: true}}
    events:
      open: {opens: true, by: agent, optional: [n]}
      finish:
        title: {zh: 办结, en: Finish}
        from: new
        to: done
        by: agent
        limit: [{rule: n < 3, say: no}, n > 0]
        assumed: "one, two, \\"odd\\""
slas:
  react:
    title: {zh: 反应, en: Reaction}
    on: job
    start: {entered: new}
    stop: {left: new}
    within: [{when: n > 1, is: 1h, assumed: true}, {otherwise: true, is: 2h}]
    breach: {escalate: agent}
    assumed: {zh: 来源只说“尽快答复客户”；两个小时是我们定的, en: The source says "soon"; two hours are ours}
  solve: {on: job, start: {entered: new}, stop: {left: new}, within: 2bd, breach: {escalate: agent}}
"""


@pytest.fixture
def marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A rulebook with marks of several kinds, in the folder in which the test works."""
    monkeypatch.chdir(tmp_path)
    Path("marked").mkdir()
    Path("marked/rules.yaml").write_text(MARKED, encoding="utf-8")
    return Path("marked")


def listed(run, *words: str, lang: str = "en") -> list[dict]:
    return json.loads(run("report", "assumed", *words, "--format", "json", lang=lang).stdout)["items"]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("columns", [60, 120])
def test_the_table_reads_well(run, marked: Path, golden, lang: str, columns: int) -> None:
    result = run("report", "assumed", "marked", lang=lang, columns=columns)
    assert result.exit_code == 0 and not result.stderr
    assert max(cells(line) for line in result.stdout.splitlines()) <= columns
    golden(f"report_assumed_{columns}.{lang}.txt", result.stdout)


def test_each_mark_is_listed_with_its_line_its_keys_its_figures_and_why(run, marked: Path) -> None:
    found = [(one["line"], ".".join(one["keys"]), one["title"], one["figures"], one["why"]) for one in listed(run)]
    limit = [{"key": "limit", "text": "n < 3; n > 0"}]
    within = [{"key": "within", "text": "when: n > 1, is: 1h; otherwise: true, is: 2h"}]
    assert found == [
        (5, "forms.f.fields.n", None, [{"key": "max", "text": "9"}], "a guess"),
        (13, "workflows.job.events.finish", "Finish", limit, 'one, two, "odd"'),
        (21, "slas.react", "Reaction", within, 'The source says "soon"; two hours are ours'),
        (26, "slas.react.within", None, [{"key": "is", "text": "1h"}], None),
    ]
    assert [one["title"] for one in listed(run, lang="zh")] == [None, "办结", "反应", None]
    assert listed(run, lang="zh")[0]["why"] == "估计"


def test_csv_has_one_line_for_each_mark_and_the_same_names_in_every_language(run, marked: Path) -> None:
    for lang in ("en", "zh"):
        head, *rows = csv.reader(StringIO(run("report", "assumed", "--format", "csv", lang=lang).stdout))
        assert tuple(head) == CSV_COLUMNS
        assert len(rows) == 4
    assert rows[1][:4] == ["marked/rules.yaml", "13", "marked", "workflows.job.events.finish"]
    assert rows[1][-1] == 'one, two, "odd"'


def test_what_several_rulebooks_inherit_is_listed_once(run, at_root) -> None:
    both = listed(run, "workflows/complaint_loop", "workflows/field_repair")
    places = [(one["file"], one["line"], one["column"]) for one in both]
    assert places == sorted(set(places))
    shared = [one for one in both if one["file"].startswith("workflows/_shared/")]
    assert shared and all(one["rulebooks"] == ["complaint_loop", "field_repair"] for one in shared)


def test_a_rulebook_may_be_named_like_a_shipped_one_and_counts_once(run, at_root) -> None:
    assert listed(run, "complaint_loop", "workflows/complaint_loop") == listed(run, "workflows/complaint_loop")


def test_every_mark_of_the_shipped_rulebooks_is_listed(run, at_root) -> None:
    files = [file for file in Path("workflows").rglob("*.yaml") if "_template" not in file.parts]
    marks = [line for file in files for line in file.read_text(encoding="utf-8").splitlines() if not_a_remark(line)]
    assert len(listed(run, "workflows")) == len(marks)


def not_a_remark(line: str) -> bool:
    return "assumed:" in line.partition("# ")[0]


def test_a_rulebook_without_marks_says_so(run, marked: Path) -> None:
    text = "\n".join(line for line in MARKED.splitlines() if not line.startswith(("    assumed:", "        assumed:")))
    text = text.replace(", assumed: {zh: 估计, en: a guess}", "").replace(", assumed: true", "")
    (marked / "rules.yaml").write_text(text, encoding="utf-8")
    result = run("report", "assumed", "marked")
    assert (result.exit_code, result.stdout) == (0, "Nothing is marked `assumed` here.\n")
    assert listed(run, "marked") == []


def test_a_title_cannot_steer_the_terminal(run, marked: Path) -> None:
    text = MARKED.replace("{zh: 办结, en: Finish}", r'"\e[31mred"')
    (marked / "rules.yaml").write_text(text, encoding="utf-8")
    shown = run("report", "assumed", "marked").stdout
    assert "\x1b" not in shown and "red" in shown


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["complaint_lop"], 3, "did you mean `complaint_loop`"),
        (["x\0y"], 3, "does not exist"),
        (["--format", "xml"], 2, "'xml'"),
    ],
)
def test_what_cannot_be_reported_is_a_sentence(run, marked: Path, words: list[str], code: int, said: str) -> None:
    result = run("report", "assumed", *words)
    assert result.exit_code == code and said in result.stderr


def test_a_rulebook_with_errors_is_not_half_reported(run, marked: Path) -> None:
    (marked / "more.yaml").write_text("slas: {x: {on: nothing}}", encoding="utf-8")
    result = run("report", "assumed", "marked")
    assert result.exit_code == 1 and "marked/more.yaml:1" in result.stdout and "WHAT" not in result.stdout


def test_a_folder_without_yaml_is_a_finding(run, marked: Path) -> None:
    Path("empty").mkdir()
    result = run("report", "assumed", "empty")
    assert result.exit_code == 1 and "DF011" in result.stdout
