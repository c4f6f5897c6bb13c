"""One command is one transaction: its timers first, its children and parents with it, the same key the same answer."""

from datetime import datetime
from typing import Any

import pytest
from tests.kernel.builders import at, event, rulebook, spawn, state, workflow
from tests.kernel.samples import RULES

from dutyflow.bootstrap import memory_runner
from dutyflow.errors import MisuseError, NaiveTimeError, RunawayError, UnknownTicketError
from dutyflow.kernel import events as ev
from dutyflow.kernel import rules as kr
from dutyflow.kernel.commands import Fire, Open
from dutyflow.kernel.rules import Rules
from dutyflow.kernel.ticket import Ticket
from dutyflow.ports.records import Answer
from dutyflow.runtime.local_runner import LocalRunner


def runner_of(rules: Rules = RULES) -> LocalRunner:
    return memory_runner(rules)


def opened(runner: LocalRunner, ticket: str = "c-1", when: str = "03-02 09:00", **data: Any) -> Answer:
    command = Open(
        ticket=ticket, workflow="complaint", event="register", actor="A1", data={"customer": "王女士", **data}
    )
    return runner.submit(command, at=at(when))


def fire(runner: LocalRunner, event: str, when: str, actor: str = "A1", ticket: str = "c-1", **data: Any) -> Answer:
    return runner.submit(Fire(event=event, actor=actor, data=data), ticket=ticket, at=at(when))


def investigated(runner: LocalRunner, **data: Any) -> None:
    opened(runner, phone="138", **data)
    assert fire(runner, "accept", "03-02 10:00", "S1", statement="ok").accepted


def kinds(runner: LocalRunner, ticket: str) -> list[str]:
    return [type(event).__name__ for event in runner.history(ticket)]


def rung(runner: LocalRunner, ticket: str = "c-1") -> list[tuple[str, datetime]]:
    return [(event.kind, event.at) for event in runner.history(ticket) if isinstance(event, ev.Rang)]


def test_an_opened_ticket_stands_in_its_initial_state_with_its_clock() -> None:
    runner = runner_of()
    answer = opened(runner)
    assert answer.accepted and answer.ticket == "c-1"
    assert runner.ticket("c-1").state == "received"
    assert runner.next_due_at() == at("03-02 10:30")


def test_every_timer_fires_at_its_own_due_time_before_a_later_command() -> None:
    runner = runner_of()
    opened(runner)
    fire(runner, "accept", "03-02 13:00", "S1", statement="ok")
    assert rung(runner) == [
        ("warning", at("03-02 10:30")),
        ("breach", at("03-02 11:00")),
        ("escalation", at("03-02 12:00")),
    ]


def test_a_command_at_the_due_time_comes_before_the_timer() -> None:
    runner = runner_of()
    opened(runner)
    fire(runner, "accept", "03-02 11:00", "S1", statement="ok")
    assert rung(runner) == [("warning", at("03-02 10:30"))]


def test_timers_of_other_tickets_fire_too_in_the_order_of_moment_and_id() -> None:
    runner = runner_of()
    for ticket in ("c-2", "c-1"):
        opened(runner, ticket)
    happened = runner.run_due(at("03-02 11:00"))
    assert [(h.ticket, h.at) for h in happened] == [
        ("c-1", at("03-02 10:30")),
        ("c-2", at("03-02 10:30")),
        ("c-1", at("03-02 11:00")),
        ("c-2", at("03-02 11:00")),
    ]


def test_time_may_stop_just_before_a_due_moment() -> None:
    runner = runner_of()
    opened(runner)
    assert runner.run_due(at("03-02 10:30"), inclusive=False) == ()
    assert len(runner.run_due(at("03-02 10:30"))) == 1


def test_what_time_brought_stays_when_the_command_is_refused() -> None:
    runner = runner_of()
    opened(runner)
    answer = fire(runner, "accept", "03-02 13:00", "S1")
    assert answer.denial is not None and answer.denial.code == "evidence"
    assert len(rung(runner)) == 3


def test_a_refused_command_changes_nothing_and_is_audited() -> None:
    runner = runner_of()
    opened(runner)
    before = runner.ticket("c-1")
    answer = fire(runner, "accept", "03-02 09:30", "A1", statement="ok")
    assert answer.denial is not None and answer.denial.code == "role"
    assert runner.ticket("c-1") == before
    audit = list(runner.audit())
    assert [(asked.event, asked.actor, asked.denial.code if asked.denial else None) for asked in audit] == [
        ("register", "A1", None),
        ("accept", "A1", "role"),
    ]
    assert audit[1].at == at("03-02 09:30")


def test_a_refused_opening_leaves_no_ticket_but_an_entry_in_the_audit() -> None:
    runner = runner_of()
    command = Open(ticket="c-1", workflow="complaint", event="register", actor="A1")
    answer = runner.submit(command, at=at("03-02 09:00"))
    assert answer.ticket is None and runner.tickets() == ()
    assert [asked.ticket for asked in runner.audit()] == [None]


def test_a_child_is_opened_with_its_data_in_the_same_step() -> None:
    runner = runner_of()
    investigated(runner)
    answer = fire(runner, "propose", "03-02 11:00", proposal="refund")
    child = runner.ticket("c-1.1")
    assert (child.workflow, child.state, child.parent) == ("revisit", "planned", "c-1")
    assert child.fields["customer"] == "138"
    assert {happening.ticket for happening in answer.happened} == {"c-1", "c-1.1"}


def test_a_refused_child_refuses_the_command_of_its_parent() -> None:
    runner = runner_of()
    opened(runner)  # without the phone number that the revisit needs
    fire(runner, "accept", "03-02 10:00", "S1", statement="ok")
    before = runner.ticket("c-1")
    answer = fire(runner, "propose", "03-02 11:00", proposal="refund")
    assert answer.denial is not None
    assert (answer.denial.event, answer.denial.code) == ("plan", "evidence")
    assert runner.ticket("c-1") == before
    assert [ticket.id for ticket in runner.tickets()] == ["c-1"]


def test_the_end_of_a_child_moves_its_parent_in_the_same_step() -> None:
    runner = runner_of()
    investigated(runner)
    fire(runner, "propose", "03-02 11:00", proposal="refund")
    fire(runner, "record", "03-02 11:30", ticket="c-1.1", result="good")
    parent = runner.ticket("c-1")
    assert (parent.state, parent.outcome) == ("closed", "upheld")
    assert parent.changed_at == at("03-02 11:30")
    assert parent.children[0].outcome == "satisfied"


def test_a_duplicate_is_refused_and_leaves_its_contact_on_the_other_ticket() -> None:
    runner = runner_of()
    opened(runner, "c-1", phone="138")
    answer = opened(runner, "c-2", when="03-02 09:30", phone="138")
    assert answer.denial is not None and answer.denial.code == "duplicate"
    assert answer.denial.values["ticket"] == "c-1"
    assert runner.ticket("c-1").fields["calls"] == 2
    assert [ticket.id for ticket in runner.tickets()] == ["c-1"]


def test_the_same_key_gets_the_same_answer_and_nothing_happens_twice() -> None:
    runner = runner_of()
    opened(runner)
    command = Fire(event="log_contact", actor="A1")
    first = runner.submit(command, ticket="c-1", at=at("03-02 09:30"), key="k")
    again = runner.submit(command, ticket="c-1", at=at("03-02 12:30"), key="k")
    assert again == first
    assert runner.ticket("c-1").fields["calls"] == 2


def test_a_denial_is_kept_under_its_key_too() -> None:
    runner = runner_of()
    opened(runner)
    command = Fire(event="accept", actor="S1")
    first = runner.submit(command, ticket="c-1", at=at("03-02 09:30"), key="k")
    assert not first.accepted
    assert runner.submit(command, ticket="c-1", at=at("03-02 09:40"), key="k") == first
    assert len(list(runner.audit())) == 2


def test_another_command_under_a_used_key_is_misuse() -> None:
    runner = runner_of()
    opened(runner)
    runner.submit(Fire(event="log_contact", actor="A1"), ticket="c-1", at=at("03-02 09:30"), key="k")
    with pytest.raises(MisuseError, match="another command"):
        runner.submit(Fire(event="log_contact", actor="A2"), ticket="c-1", at=at("03-02 09:30"), key="k")


def test_an_opening_that_is_repeated_under_its_key_may_propose_another_id() -> None:
    runner = runner_of()
    for ticket in ("c-1", "c-9"):
        command = Open(ticket=ticket, workflow="complaint", event="register", actor="A1", data={"customer": "王女士"})
        assert runner.submit(command, at=at("03-02 09:00"), key="k").ticket == "c-1"
    assert len(runner.tickets()) == 1


def test_notices_wait_in_the_outbox_under_ids_of_their_own() -> None:
    runner = runner_of()
    opened(runner)
    runner.run_due(at("03-02 12:00"))
    outbox = list(runner.outbox())
    assert [(entry.notice.kind, entry.notice.to.role) for entry in outbox] == [
        ("warning", "supervisor"),
        ("breach", "manager"),
        ("escalation", "manager"),
    ]
    assert len({entry.id for entry in outbox}) == 3


@pytest.mark.parametrize("call", ["naive", "unknown ticket", "no ticket", "taken id"])
def test_what_can_have_no_answer_is_an_error(call: str) -> None:
    runner = runner_of()
    opened(runner)
    errors: dict[str, type[Exception]] = {"naive": NaiveTimeError, "unknown ticket": UnknownTicketError}
    with pytest.raises(errors.get(call, MisuseError)):
        match call:
            case "naive":
                runner.submit(Fire(event="accept", actor="S1"), ticket="c-1", at=datetime(2026, 3, 2, 10))
            case "unknown ticket":
                fire(runner, "accept", "03-02 10:00", ticket="nobody")
            case "no ticket":
                runner.submit(Fire(event="accept", actor="S1"), at=at("03-02 10:00"))
            case _:
                opened(runner)


def test_a_ticket_keeps_the_version_of_the_rulebook_it_was_opened_under() -> None:
    runner = runner_of()
    opened(runner)
    later = rulebook(*RULES.workflows.values(), hash="v2")
    both = LocalRunner(later, runner._store, runner._directory, older=[RULES])
    assert both.rules_of(both.ticket("c-1")) is RULES
    alone = LocalRunner(later, runner._store, runner._directory)
    with pytest.raises(MisuseError, match="version"):
        fire(alone, "log_contact", "03-02 09:30")


CHAIN = workflow("chain", states=[state("a")], rules=[event("begin", to="a", spawns=[spawn("chain", "begin")])])


def test_workflows_that_open_each_other_without_end_are_stopped() -> None:
    runner = memory_runner(rulebook(CHAIN))
    with pytest.raises(RunawayError):
        runner.submit(Open(ticket="x", workflow="chain", event="begin", actor="A1"), at=at("03-02 09:00"))
    assert runner.tickets() == ()


TIMED_CHILD = workflow(
    "parent",
    states=[state("a"), state("b")],
    rules=[event("begin", to="a"), event("later", "a", "b", after="1h", spawns=[spawn("revisit", "plan")])],
)


def test_time_goes_on_when_the_child_that_it_would_open_is_refused() -> None:
    runner = memory_runner(rulebook(TIMED_CHILD, RULES.workflows["revisit"]))
    runner.submit(Open(ticket="p", workflow="parent", event="begin", actor="A1"), at=at("03-02 09:00"))
    runner.run_due(at("03-02 12:00"))
    parent: Ticket = runner.ticket("p")
    assert parent.state == "b"
    assert [(child.open, child.outcome) for child in parent.children] == [(False, None)]
    assert [asked.denial.code for asked in runner.audit() if asked.denial] == ["evidence"]


def test_a_timed_event_that_cannot_go_through_lapses() -> None:
    refused = event("check", "b", "a", require=["never"])
    chained = event("later", "a", "b", after="1h", then=(kr.FollowUp(event="check"),))
    rules = rulebook(
        workflow("stuck", states=[state("a"), state("b")], rules=[event("begin", to="a"), chained, refused])
    )
    runner = memory_runner(rules)
    runner.submit(Open(ticket="s", workflow="stuck", event="begin", actor="A1"), at=at("03-02 09:00"))
    runner.run_due(at("03-03 09:00"))
    assert runner.ticket("s").state == "a"
    assert kinds(runner, "s")[-1] == "Lapsed"
