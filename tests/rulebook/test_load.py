"""Loading as a whole: the content hash, assumed figures, and never half a rulebook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.rulebook.books import load, load_text, rules

from dutyflow.errors import RulebookError
from dutyflow.rulebook.load import load_rulebook

HASH = rules().hash


@pytest.mark.parametrize(
    "changes",
    [
        {"rulebook.title": "Another"},
        {"rulebook.customer": "ACME"},
        {"calendars.office.title": "Office"},
        {"roles.agent.title": "Somebody"},
        {"departments.service.note": "why"},
        {"members.A1.title": "Anna"},
        {"forms.case.title": "Case"},
        {"forms.case.fields.n.title": "Number"},
        {"forms.case.fields.n.help": "how many"},
        {"forms.case.fields.grade.options": {"good": "fine", "bad": "not fine"}},
        {"workflows.job.title": "Job"},
        {"workflows.job.states.new.title": "Fresh"},
        {"workflows.job.states.new.customer_text": "we are looking at it"},
        {"workflows.job.events.take.title": "Take it"},
        {"workflows.job.states.done.outcomes": {"good": "fine", "bad": "not fine"}},
        {"slas.react.title": "React"},
        {"slas.react.assumed": True},
        {"scenarios": {"1": {"workflow": "job", "steps": [{"at": "2026-03-02 09:00", "by": "A1", "do": "open"}]}}},
    ],
)
def test_words_for_people_do_not_change_the_hash(changes: dict[str, Any]) -> None:
    assert rules(changes).hash == HASH


@pytest.mark.parametrize(
    "changes",
    [
        {"rulebook.timezone": "Asia/Tokyo"},
        {"rulebook.calendar": "desk"},
        {"calendars.office.closed": ["2026-03-03"]},
        {"quiet_hours.rest.hours": {"daily": ["22:00-08:00"]}},
        {"roles.agent.superior": ...},
        {"members.A1.leave": ["2026-03-03"]},
        {"responsibility.care.departments": {"service": "R"}},
        {"forms.case.fields.n.max": 9},
        {"forms.case.fields.grade.options": ["bad", "good"]},
        {"forms.case.fields.title": {"type": "text"}},
        {"tables.routing.hit": "unique"},
        {"workflows.job.states.new.owner": "chief"},
        {"workflows.job.states.title": {"final": True}},
        {"workflows.job.events.take.by": "chief"},
        {"workflows.job.events.note": {"from": "new", "by": "agent"}},
        {"slas.react.within": "3h"},
        {"slas.react.breach": {"escalate": "agent"}},
        {"slas.other": {"on": "job", "start": {"entered": "new"}, "stop": {"left": "new"}, "within": "1h"}},
        {"defaults.warn": {"hours": "50%"}},
    ],
)
def test_whatever_decides_what_happens_changes_the_hash(changes: dict[str, Any]) -> None:
    assert rules(changes).hash != HASH


def test_the_order_of_states_and_events_counts_because_rules_go_by_it() -> None:
    done = {"final": True, "outcomes": ["good", "bad"]}
    states = {"doing": {"owner": "chief"}, "new": {"owner": "agent"}, "done": done}
    same = {name: states[name] for name in ("new", "doing", "done")}
    assert rules({"workflows.job.states": states}).hash != rules({"workflows.job.states": same}).hash
    assert rules({"workflows.job.states": same}).hash == HASH


def test_the_hash_does_not_depend_on_the_files_or_the_order_in_them(tmp_path: Path) -> None:
    parts = ["roles: {agent: {superior: chief}, chief: {}}", "forms: {f: {fields: {n: {type: number}}}}"]
    hashes = set()
    for name, texts in {"one": ["\n".join(parts)], "two": parts, "three": parts[::-1]}.items():
        (tmp_path / name).mkdir()
        for number, text in enumerate(texts):
            (tmp_path / name / f"{number}.yaml").write_text(text, encoding="utf-8")
        hashes.add(load_rulebook(tmp_path / name).require_rules().hash)
    assert len(hashes) == 1


def test_assumed_figures_are_listed_with_their_place_and_why() -> None:
    text = """\
roles: {agent: {assumed: true}, chief: {}}
forms: {f: {fields: {assumed: {type: text}, n: {type: number, max: 9, assumed: {zh: 估计, en: a guess}}}}}
calendars:
  office: {hours: {daily: ["09:00-18:00"]}, assumed: usual hours}
"""
    loaded = load_text(text)
    found = [(".".join(one.path), one.place.line, one.why) for one in loaded.assumed]
    assert found == [
        ("roles.agent", 1, None),
        ("forms.f.fields.n", 2, {"zh": "估计", "en": "a guess"}),
        ("calendars.office", 4, {"zh": "usual hours", "en": "usual hours"}),
    ]
    assert loaded.findings.errors == []


def test_a_rulebook_with_one_error_has_no_rules_and_says_what_is_wrong() -> None:
    loaded = load({"workflows.job.events.take.to": "dong"})
    assert loaded.rules is None
    with pytest.raises(RulebookError):
        loaded.require_rules()


def test_what_can_be_named_is_known_even_when_other_parts_are_wrong() -> None:
    wrong = {"workflows.job.events.take.to": "dong", "slas.react.stop": {"left": "nwe"}, "roles.agent.superior": "x"}
    loaded = load(wrong)
    assert sorted(finding.code for finding in loaded.findings.errors) == ["DF201", "DF201", "DF203"]


def test_a_zone_or_calendar_that_does_not_exist_is_a_finding() -> None:
    assert [f.code for f in load({"rulebook.timezone": "Asia/Shanghia"}).findings.errors] == ["DF510"]
    for within in ("2h", "2bd"):
        (found,) = load({"rulebook.calendar": "offce", "slas.react.within": within}).findings.errors
        assert found.code == "DF207" and found.text("help", "en") == "did you mean `office`?"
