"""What a scenario says about a refusal is compared with what the refusal says."""

from __future__ import annotations

from pathlib import Path

import pytest

from dutyflow.lab.scenario_reader import read_scenarios
from dutyflow.lab.trial import play
from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.load import load_rulebook

BOOK = """
rulebook: {title: Test, calendar: office}
calendars: {office: {hours: {daily: ["09:00-18:00"]}}}
quiet_hours: {rest: {hours: {daily: ["21:00-08:00"]}}}
roles: {agent: {}, chief: {}}
members: {A1: {roles: [agent]}, C1: {roles: [chief]}}
forms:
  case:
    fields:
      words: {type: text}
      plan: {type: text}
      n: {type: number}
      slot: {type: datetime}
      day: {type: date}
      hour: {type: time}
      first: {type: person}
workflows:
  job:
    forms: [case]
    initial: new
    duplicates: [{same: [words], among: open, answer: deny}]
    states: {new: {owner: agent}, done: {final: true}}
    events:
      open: {opens: true, by: agent, optional: [words]}
      note: {from: new, by: [agent, chief], record: [n, {any_of: [words, plan]}]}
      count: {from: new, by: agent, optional: [n], limit: n <= 2 + 1}
      meet: {from: new, by: agent, optional: [slot], limit: slot <= now + 3h}
      date: {from: new, by: agent, optional: [day], limit: day <= today}
      clock: {from: new, by: agent, optional: [hour], limit: "hour <= time(now)"}
      take: {from: new, by: agent, set: {first: actor}}
      judge: {from: new, by: agent, not_by: {same_as: [first]}}
      call: {from: new, by: agent, quiet_hours: rest}
      finish: {from: new, to: done, by: chief}
scenarios:
  "1":
    workflow: job
    steps:
      - {at: "2026-03-02 09:00", by: A1, do: open, with: {words: x}}
      - {at: "09:30", by: A1, do: take}
      - STEP
"""


def findings_and_mismatches(folder: Path, step: str) -> tuple[list[str], list[str]]:
    pack = folder / "pack"
    pack.mkdir(exist_ok=True)
    (pack / "rules.yaml").write_text(BOOK.replace("STEP", step), encoding="utf-8")
    loaded = load_rulebook(pack)
    rules = loaded.require_rules()
    assert loaded.raw is not None
    findings = Findings()
    mismatches = []
    for scenario in read_scenarios(loaded.raw, rules, findings):
        for mismatch in play(rules, scenario).mismatches:
            assert all(mismatch.lines(rules, lang) for lang in ("zh", "en"))
            mismatches.append(mismatch.what.text("en"))
    return findings.codes(), mismatches


STEPS = {
    "missing": "by: A1, do: note, denied: {code: evidence, missing: [MISSING]}",
    "number": "by: A1, do: count, with: {n: 9}, denied: {code: limit, bound: BOUND}",
    "moment": 'by: A1, do: meet, with: {slot: "2026-03-02 14:00"}, denied: {code: limit, bound: BOUND}',
    "date": 'by: A1, do: date, with: {day: "2026-03-09"}, denied: {code: limit, bound: BOUND}',
    "time": 'by: A1, do: clock, with: {hour: "23:00"}, denied: {code: limit, bound: BOUND}',
    "person": "by: A1, do: judge, denied: {code: same_person, person: PERSON}",
    "allowed": "by: A1, do: finish, denied: {code: role, allowed: ALLOWED}",
    "ticket": "by: A1, do: open, ticket: two, with: {words: x}, denied: {code: duplicate, ticket: TICKET}",
}


@pytest.mark.parametrize(
    ("step", "right", "wrong"),
    [
        ("missing", "n, words | plan", "n"),
        ("missing", "words|plan, n", "n, plan | words"),
        ("number", "3", "4"),
        ("moment", "Mon 03-02 13:00", "Mon 03-02 13:01"),
        ("moment", '"13:00"', "2026-03-02"),
        ("date", "2026-03-02", "2026-03-03"),
        ("time", '"10:00"', '"10:01"'),
        ("person", "A1", "C1"),
        ("allowed", "chief", "agent"),
        ("allowed", "[chief]", "[agent, chief]"),
        ("ticket", "main", "two"),
    ],
)
def test_a_refusal_must_say_what_the_scenario_says(tmp_path: Path, step: str, right: str, wrong: str) -> None:
    for value, agrees in ((right, True), (wrong, False)):
        text = STEPS[step]
        for word in ("MISSING", "BOUND", "PERSON", "ALLOWED", "TICKET"):
            text = text.replace(word, value)
        found, mismatches = findings_and_mismatches(tmp_path, '{at: "10:00", ' + text + "}")
        assert found == [] and (mismatches == []) == agrees, (found, mismatches)


def test_quiet_hours_say_until_when(tmp_path: Path) -> None:
    for until, agrees in (("Tue 03-03 08:00", True), ("Tue 03-03 09:00", False)):
        step = '{at: "22:00", by: A1, do: call, denied: {code: quiet_hours, until: "' + until + '"}}'
        assert (findings_and_mismatches(tmp_path, step)[1] == []) == agrees


@pytest.mark.parametrize(
    ("step", "value", "code"),
    [
        ("missing", "n, wrods | plan", "DF245"),
        ("allowed", "cheif", "DF246"),
        ("ticket", "mian", "DF248"),
        ("moment", "Tue 03-02 13:00", "DF121"),
    ],
)
def test_a_name_or_moment_that_does_not_exist_is_a_finding(tmp_path: Path, step: str, value: str, code: str) -> None:
    text = STEPS[step]
    for word in ("MISSING", "BOUND", "ALLOWED", "TICKET"):
        text = text.replace(word, value)
    assert findings_and_mismatches(tmp_path, '{at: "10:00", ' + text + "}")[0] == [code]


def test_no_warning_is_something_to_expect(tmp_path: Path) -> None:
    sla = "slas: {s: {on: job, start: {entered: new}, stop: {left: new}, within: 2h, breach: {escalate: chief}WARN}}\n"
    step = '{at: "10:00", expect: {clocks: {s: {warn: none}}}}'
    for warn, agrees in (("", True), (", warn: 50%", False)):
        pack = tmp_path / f"pack{agrees}"
        pack.mkdir()
        text = BOOK.replace("STEP", step) + sla.replace("WARN", warn)
        (pack / "rules.yaml").write_text(text, encoding="utf-8")
        loaded = load_rulebook(pack)
        assert loaded.raw is not None
        (scenario,) = read_scenarios(loaded.raw, loaded.require_rules(), loaded.findings)
        assert play(loaded.require_rules(), scenario).passed == agrees
