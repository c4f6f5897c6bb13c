"""What one person sees of a ticket: private values are masked unless a role may see them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.kernel.builders import at
from tests.runtime.school import PEOPLE, SCHOOL

from dutyflow.bootstrap.engine import Engine
from dutyflow.kernel.commands import Fire, Open
from dutyflow.kernel.denials import Denial
from dutyflow.kernel.encoding import canonical
from dutyflow.kernel.evolve import replay
from dutyflow.kernel.privacy import MASK
from dutyflow.ports.records import Asked
from dutyflow.runtime.clocks import VirtualClock
from dutyflow.runtime.views import View

PRIVATE = SCHOOL.replace("topic: {type: text}", "topic: {type: text, private: [chief]}")
SECRET = "a secret"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    folder = tmp_path / "school"
    folder.mkdir()
    (folder / "rules.yaml").write_text(PEOPLE + PRIVATE, encoding="utf-8")
    with Engine.open("memory:", clock=VirtualClock(at("03-02 10:00"))) as made:
        made.publish(folder)
        yield made


def view(engine: Engine, person: str) -> View:
    return View(person, engine.catalogue, engine.store, engine.clock)


def shows(what: object) -> bool:
    return SECRET.encode() in canonical(what)


def test_the_fields_that_are_hidden_follow_from_the_roles(engine: Engine) -> None:
    rules = engine.rules("school")
    assert view(engine, "A1").roles(rules) == {"agent"}
    assert view(engine, "A1").hidden(rules, "seat") == {"topic"}
    assert view(engine, "C1").hidden(rules, "seat") == frozenset()
    assert view(engine, "nobody").hidden(rules, "seat") == {"topic"}


def test_a_masked_history_tells_the_masked_ticket(engine: Engine) -> None:
    engine.submit(Open(ticket="s", workflow="seat", event="book", actor="A1", data={"topic": SECRET}))
    ticket, history = engine.ticket("s"), engine.history("s")
    seen = view(engine, "A1").ticket(ticket)
    assert seen.fields["topic"] == MASK
    assert replay(view(engine, "A1").history(ticket, history)) == seen
    assert view(engine, "C1").ticket(ticket) == ticket


def test_what_an_answer_says_of_other_tickets_is_masked_by_their_own_rules(engine: Engine) -> None:
    for name in ("s", "other"):
        engine.submit(Open(ticket=name, workflow="seat", event="book", actor="A1", data={"topic": SECRET}))
    answer = engine.submit(Fire(event="tell", actor="A1", data={"other": "other"}), ticket="s")
    assert {item.ticket for item in answer.happened} == {"s", "other"}
    rules = engine.rules("school")
    seen = view(engine, "A1").answer(answer, rules, "seat")
    assert b"told" in canonical([item.what for item in answer.happened])
    assert b"told" not in canonical([item.what for item in seen.happened])


def test_a_refusal_does_not_give_away_a_private_value(engine: Engine) -> None:
    command = Open(workflow="seat", event="book", actor="A1", data={"topic": [SECRET]})
    answer = engine.submit(command)
    assert answer.denial is not None and answer.denial.code == "input" and shows(answer.denial)
    seen = view(engine, "A1").answer(answer, engine.rules("school"), "seat")
    assert seen.denial is not None and seen.denial.code == "input"
    assert not shows(seen.denial) and not shows([item.what.denial for item in seen.happened])  # type: ignore[union-attr]  # a refusal leaves an entry only


def test_of_a_workflow_that_nobody_knows_any_more_a_refusal_tells_no_values(engine: Engine) -> None:
    denial = Denial(code="input", event="e", state="s", values={"field": "topic", "value": SECRET})
    kept = Asked(at=at("03-02 10:00"), ticket="s", workflow="gone", actor="A1", event="e", denial=denial)
    seen = view(engine, "C1").asked(None, kept, engine.rules("school"))
    assert seen.denial is not None and seen.denial.code == "input" and not shows(seen.denial)
