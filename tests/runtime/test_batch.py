"""A population is opened whole or not at all, and every bad row is answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernel.builders import at
from tests.kernel.samples import RULES
from tests.kernel.yaml_rules import rules_from
from tests.runtime.school import PEOPLE, SCHOOL

from dutyflow.bootstrap import memory_runner
from dutyflow.errors import MisuseError, NaiveTimeError
from dutyflow.kernel.commands import Open
from dutyflow.ports.records import BadRow, BatchAnswer
from dutyflow.runtime.batch import Batch
from dutyflow.runtime.local_runner import LocalRunner

WHEN = at("03-02 09:00")
GOOD = [{"customer": "王女士", "phone": "138"}, {"customer": "李先生", "phone": "139"}]
BAD_ROWS: list[dict[str, Any]] = [
    {"customer": "赵", "phone": " "},
    {"customer": "赵", "phone": "p0"},
    {"phone": "new"},
    {"customer": "赵", "phone": "new", "statement": "not taken"},
    {},
]
PHONES = [f"p{number}" for number in range(6)]


def batch(rows: list[dict[str, Any]], **more: Any) -> Batch:
    usual = {"workflow": "complaint", "event": "register", "actor": "A1", "key": "phone"}
    return Batch(**{**usual, **more}, rows=tuple(rows))


def opened(
    runner: LocalRunner, rows: list[dict[str, Any]], when: datetime = WHEN, key: str | None = None
) -> BatchAnswer:
    return runner.submit_rows(batch(rows), ids=lambda number: f"c-{number}", at=when, key=key)


def told(answer: BatchAnswer) -> list[tuple[int, str, str, int | None]]:
    return [(row.number, row.key, row.why, row.first) for row in answer.bad]


def phones(runner: LocalRunner) -> list[str]:
    return sorted(ticket.fields["phone"] for ticket in runner.tickets())


def test_each_row_opens_a_ticket_with_its_own_history_and_entry_in_the_audit_trail() -> None:
    runner = memory_runner(RULES)
    answer = opened(runner, GOOD)
    assert answer.accepted and answer.tickets == ("c-1", "c-2")
    assert [runner.ticket(ticket).fields["customer"] for ticket in answer.tickets] == ["王女士", "李先生"]
    assert {happened.ticket for happened in answer.happened} == {"c-1", "c-2"}
    assert [entry.ticket for entry in runner.audit()] == ["c-1", "c-2"]


def test_every_bad_row_is_answered_with_its_number_its_key_and_why() -> None:
    runner = memory_runner(RULES)
    answer = opened(runner, [GOOD[0], {"customer": "赵", "phone": "  "}, GOOD[1], {"phone": "137"}, GOOD[0]])
    assert told(answer) == [(2, "", "missing_key", None), (4, "137", "evidence", None), (5, "138", "repeated_key", 1)]
    assert answer.bad[1].denial is not None and answer.bad[1].denial.values["missing"] == ("customer",)
    assert answer.tickets == () and runner.tickets() == ()
    assert [entry.denial.code for entry in runner.audit() if entry.denial] == ["evidence"]


def test_a_key_that_a_ticket_has_already_is_refused_by_the_rules_of_the_workflow() -> None:
    runner = memory_runner(RULES)
    first = Open(ticket="old", workflow="complaint", event="register", actor="A1", data=GOOD[1])
    runner.submit(first, at=at("03-02 08:30"))
    before = runner.history("old")
    answer = opened(runner, GOOD)
    assert told(answer) == [(2, "139", "duplicate", None)]
    assert answer.bad[0].denial is not None and answer.bad[0].denial.values["ticket"] == "old"
    assert runner.history("old") == before, "a refused batch leaves no entry on the other ticket"


def test_timers_due_earlier_fire_first_even_before_a_batch_that_is_refused() -> None:
    runner = memory_runner(RULES)
    opened(runner, GOOD[:1])
    assert not opened(runner, [{"customer": "赵"}], at("03-02 12:00")).accepted
    due_at = runner.next_due_at()
    assert due_at is not None and due_at >= at("03-02 12:00")


def test_the_same_key_gets_the_same_answer_and_opens_nothing_twice() -> None:
    runner = memory_runner(RULES)
    first = opened(runner, GOOD, key="import-1")
    assert opened(runner, GOOD, at("03-02 10:00"), key="import-1") == first
    assert len(runner.tickets()) == 2
    refused = opened(runner, [{}], key="import-2")
    assert opened(runner, [{}], key="import-2") == refused and told(refused) == [(1, "", "missing_key", None)]


def test_other_rows_and_other_commands_under_a_used_key_are_misuse() -> None:
    runner = memory_runner(RULES)
    opened(runner, GOOD, key="import-1")
    with pytest.raises(MisuseError, match="another command"):
        opened(runner, GOOD[:1], key="import-1")
    with pytest.raises(MisuseError, match="another command"):
        command = Open(ticket="x", workflow="complaint", event="register", actor="A1", data=GOOD[0])
        runner.submit(command, at=WHEN, key="import-1")


@pytest.mark.parametrize("wrong", [{"workflow": "complain"}, {"key": "passport"}])
def test_an_unknown_workflow_or_key_is_misuse(wrong: dict[str, str]) -> None:
    with pytest.raises(MisuseError, match=next(iter(wrong.values()))):
        memory_runner(RULES).submit_rows(batch(GOOD, **wrong), ids=str, at=WHEN)


def test_a_refused_batch_does_not_rest_on_tickets_that_only_its_own_rows_would_have_opened() -> None:
    text = SCHOOL.replace("report: {opens: true, by: agent,", "report: {opens: true, by: agent, optional: [level],")
    runner = memory_runner(rules_from(text, people=PEOPLE))
    rows = ({"topic": "lift", "level": "1"}, {"topic": "lift", "level": "2"}, {"level": "3"})
    reports = Batch(workflow="report", event="report", actor="A1", key="level", rows=rows)
    answer = runner.submit_rows(reports, ids=lambda number: f"r-{number}", at=WHEN)
    assert told(answer) == [(3, "3", "evidence", None)] and runner.tickets() == ()


def test_an_id_that_is_taken_writes_nothing() -> None:
    runner = memory_runner(RULES)
    with pytest.raises(MisuseError, match="belongs to another ticket"):
        runner.submit_rows(batch(GOOD), ids=lambda number: "same", at=WHEN)
    assert runner.tickets() == () and runner.audit() == ()


def test_a_time_without_zone_is_misuse_and_no_rows_open_nothing() -> None:
    runner = memory_runner(RULES)
    with pytest.raises(NaiveTimeError):
        opened(runner, GOOD, WHEN.replace(tzinfo=None))
    assert opened(runner, []) == BatchAnswer() and runner.tickets() == ()


@given(st.permutations(PHONES))
@settings(max_examples=30, deadline=None)
def test_rows_in_any_order_open_the_same_tickets(order: list[str]) -> None:
    runner = memory_runner(RULES)
    assert opened(runner, [{"customer": "王", "phone": phone} for phone in order]).accepted
    assert phones(runner) == PHONES


@given(st.permutations(PHONES), st.integers(0, len(PHONES)), st.sampled_from(BAD_ROWS))
@settings(max_examples=60, deadline=None)
def test_one_bad_row_anywhere_writes_nothing(order: list[str], place: int, bad: dict[str, Any]) -> None:
    runner = memory_runner(RULES)
    rows: list[dict[str, Any]] = [{"customer": "王", "phone": phone} for phone in order]
    answer = opened(runner, [*rows[:place], bad, *rows[place:]])
    assert len(answer.bad) == 1 and isinstance(answer.bad[0], BadRow)
    assert runner.tickets() == () and runner.outbox() == () and runner.next_due_at() is None
    assert opened(runner, rows).accepted, "nothing of the refused batch stands in the way"
