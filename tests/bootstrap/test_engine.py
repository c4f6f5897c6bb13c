"""The engine answers every command, keeps answers under their keys, and knows the time."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.bootstrap.engines import (
    MONDAY,
    WITHOUT_SCHEDULES,
    SetClock,
    fire,
    open_ticket,
    opened_engine,
    written,
)

from dutyflow.bootstrap.engine import Engine, Order
from dutyflow.errors import MisuseError, NaiveTimeError, RulebookError, UnknownTicketError
from dutyflow.kernel.commands import Amend, Assign, Comment, Fire, Open
from dutyflow.kernel.events import Commented
from dutyflow.kernel.ticket import OwnedBy
from dutyflow.ports.records import Answer
from dutyflow.rulebook.bundle import bundle_of
from dutyflow.rulebook.load import load_rulebook
from dutyflow.runtime.batch import Batch

BOOK = Open(workflow="seat", event="book", actor="A1", data={"topic": "piano"})
EVENING = WITHOUT_SCHEDULES.replace("after: 24h", "after: 12h")
REFUSED = Open(workflow="seat", event="book", actor="A1", data={"topic": "no"})


def opened(engine: Engine, event: str, **data: object) -> str:
    answer = open_ticket(engine, event, **data)
    assert answer.ticket is not None, answer.denial
    return answer.ticket


# --- publishing -----------------------------------------------------------------------------------------------------


def test_a_rulebook_is_published_from_a_folder_from_what_was_loaded_and_as_a_bundle(
    engine: Engine, tmp_path: Path
) -> None:
    folder = written(tmp_path, EVENING, name="evening")
    first = engine.publish(folder)
    loaded = load_rulebook(folder)
    assert (first.name, first.is_new) == ("evening", True)
    assert engine.rulebooks()["evening"] == first.version == engine.rules("evening").hash
    assert not engine.publish(loaded).is_new
    assert not engine.publish(bundle_of(loaded)).is_new
    assert not engine.publish(str(folder)).is_new


def test_a_rulebook_with_errors_is_not_published(engine: Engine, tmp_path: Path) -> None:
    folder = written(tmp_path, WITHOUT_SCHEDULES.replace("owner: agent", "owner: agnet"), name="evening")
    with pytest.raises(RulebookError):
        engine.publish(folder)
    assert list(engine.rulebooks()) == ["school"]


def test_two_rulebooks_with_a_workflow_of_the_same_name_are_kept_apart(engine: Engine, tmp_path: Path) -> None:
    engine.publish(written(tmp_path, EVENING, name="evening"))
    with pytest.raises(MisuseError, match="say which of evening, school"):
        engine.submit(BOOK)
    numbers = []
    for book in ("school", "school", "school", "evening"):
        seat = engine.submit(BOOK, rulebook=book).ticket or ""
        numbers.append((engine.ticket(seat).state, engine.ticket(seat).fields["number"]))
    assert numbers == [
        ("booked", "S-2026-001"),
        ("booked", "S-2026-002"),
        ("waiting", "S-2026-003"),
        ("booked", "S-2026-001"),
    ]


def test_the_same_rules_under_two_names_are_refused(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(MisuseError, match="as school"):
        engine.publish(written(tmp_path, WITHOUT_SCHEDULES, name="evening"))
    assert engine.rules("school").name == "school"


def test_a_workflow_or_a_rulebook_that_nobody_published_is_refused(engine: Engine) -> None:
    with pytest.raises(MisuseError, match="'boat'"):
        engine.submit(Open(workflow="boat", event="book", actor="A1"))
    with pytest.raises(MisuseError, match="'evening'"):
        engine.submit(BOOK, rulebook="evening")
    with pytest.raises(MisuseError, match="'boat'"):
        engine.submit(Open(workflow="boat", event="book", actor="A1"), rulebook="school")


# --- commands -------------------------------------------------------------------------------------------------------


def test_every_command_is_answered(engine: Engine) -> None:
    seat = opened(engine, "book", topic="piano")
    given = [
        engine.submit(Fire(event="note", actor="A1", data={"topic": "violin"}), ticket=seat),
        engine.submit(Amend(actor="A1", data={"topic": "flute"}, reason="misheard"), ticket=seat),
        engine.submit(Comment(actor="A2", text="rang twice"), ticket=seat),
        engine.submit(Assign(actor="C1", member="A3", reason="is free"), ticket=seat),
    ]
    assert [answer.accepted for answer in given] == [True, True, True, True]
    assert engine.ticket(seat).fields["topic"] == "flute"
    assert engine.ticket(seat).owner == OwnedBy("agent", "A3")
    assert any(isinstance(event, Commented) for event in engine.history(seat))
    assert [entry.event for entry in engine.asked(seat)] == ["book", "note", "amend", "comment", "assign"]


def test_a_ticket_gets_an_id_or_keeps_its_own(engine: Engine) -> None:
    one, two = opened(engine, "book"), opened(engine, "book")
    assert one != two and engine.ticket(one).id == one
    assert opened(engine, "book", ticket="web-4711") == "web-4711"
    with pytest.raises(MisuseError, match="web-4711"):
        open_ticket(engine, "book", ticket="web-4711")


@pytest.mark.parametrize("taken", ["round.1", "school:daily@2026-03-03.A1"])
def test_nobody_takes_the_id_of_a_child_or_of_what_a_schedule_will_open(engine: Engine, taken: str) -> None:
    with pytest.raises(MisuseError, match="children"):
        open_ticket(engine, "book", ticket=taken)
    batch = Batch(workflow="seat", event="book", actor="A1", key="topic", rows=({"topic": "x"},))
    with pytest.raises(MisuseError, match="children"):
        engine.submit_rows(batch, ids=lambda number: taken)
    assert engine.find().rows == ()


def test_a_refusal_changes_nothing_and_is_kept_in_the_audit(engine: Engine) -> None:
    seat = opened(engine, "book")
    answer = fire(engine, seat, "offer", actor="A1")
    assert answer.denial is not None and answer.denial.code in ("role", "state")
    assert len(engine.history(seat)) == 2
    assert engine.asked(seat)[-1].denial == answer.denial


@pytest.mark.parametrize("ask", ["ticket", "history", "asked", "next_actions"])
def test_a_ticket_that_is_not_there_is_an_exception(engine: Engine, ask: str) -> None:
    with pytest.raises(UnknownTicketError):
        getattr(engine, ask)("nowhere")


def test_a_command_without_a_ticket_or_with_one_too_many_is_misuse(engine: Engine) -> None:
    with pytest.raises(UnknownTicketError):
        fire(engine, "nowhere", "note")
    with pytest.raises(MisuseError, match="which ticket"):
        engine.submit(Comment(actor="A1", text="?"))
    with pytest.raises(MisuseError, match="brings its id"):
        engine.submit(BOOK, ticket="x")
    with pytest.raises(MisuseError, match="parents"):
        engine.submit(Open(workflow="call", event="ask", actor="C1", parent="x"))


def test_children_tell_their_parent_and_signals_reach_other_tickets(engine: Engine) -> None:
    round_ = opened(engine, "begin", actor="C1", people=["x", "y"])
    children = [child.id for child in engine.ticket(round_).children]
    assert len(children) == 2
    assert [engine.ticket(child).parent for child in children] == [round_, round_]
    member = engine.ticket(children[0]).fields["member"]
    assert fire(engine, children[0], "finish", actor=str(member)).accepted
    assert [child.open for child in engine.ticket(round_).children] == [False, True]

    seat, other = opened(engine, "book"), opened(engine, "book")
    told = fire(engine, seat, "tell", other=other)
    assert {item.ticket for item in told.happened} == {seat, other}
    assert engine.ticket(other).fields["topic"] == "told"


def test_a_duplicate_becomes_an_entry_of_the_ticket_that_is_there(engine: Engine) -> None:
    first = opened(engine, "report", topic="lift")
    again = open_ticket(engine, "report", topic="lift")
    assert again.accepted and again.ticket == first
    assert "again" in [getattr(event, "event", None) for event in engine.history(first)]
    assert engine.counts()[0].count == 1


# --- keys -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [BOOK, REFUSED], ids=["accepted", "denied"])
def test_a_key_gets_the_same_answer_for_ever(command: Open, sqlite_url: str, clock: SetClock, tmp_path: Path) -> None:
    with opened_engine(sqlite_url, clock) as engine:
        engine.publish(written(tmp_path, WITHOUT_SCHEDULES))
        first = engine.submit(command, key="web-1")
        assert engine.submit(command, key="web-1") == first
    clock.time += timedelta(days=400)
    with opened_engine(sqlite_url, clock) as engine:
        assert engine.submit(command, key="web-1") == first
        assert engine.submit(command, at=clock.time, key="web-1") == first
        assert len(engine.find().rows) == (1 if first.accepted else 0)


def test_a_used_key_refuses_another_command(engine: Engine) -> None:
    engine.submit(BOOK, key="web-1")
    with pytest.raises(MisuseError, match="web-1"):
        engine.submit(REFUSED, key="web-1")
    with pytest.raises(MisuseError, match="web-1"):
        engine.submit(Comment(actor="A1", text="x"), ticket=opened(engine, "book"), key="web-1")


def test_a_key_that_comes_twice_in_one_transaction_is_answered_once(engine: Engine) -> None:
    one, two, other = engine.submit_many(
        [Order(command=BOOK, key="k"), Order(command=BOOK, key="k"), Order(command=REFUSED, key="k")]
    )
    assert one == two and isinstance(one, Answer)
    assert isinstance(other, MisuseError)
    assert len(engine.find().rows) == 1


# --- time -----------------------------------------------------------------------------------------------------------


def test_a_command_happens_now_or_when_it_is_said_to(engine: Engine, clock: SetClock) -> None:
    early = engine.submit(BOOK, at=MONDAY - timedelta(hours=3)).ticket or ""
    assert engine.ticket(early).opened_at == MONDAY - timedelta(hours=3)
    assert engine.ticket(opened(engine, "book")).opened_at == MONDAY


def test_a_moment_before_the_last_event_is_denied(engine: Engine) -> None:
    seat = opened(engine, "book")
    answer = engine.submit(Fire(event="note", actor="A1"), ticket=seat, at=MONDAY - timedelta(minutes=1))
    assert answer.denial is not None and answer.denial.code == "time"


def test_a_clock_that_is_set_back_refuses_nobody(engine: Engine, clock: SetClock) -> None:
    seat = opened(engine, "book")
    clock.time -= timedelta(hours=1)
    assert fire(engine, seat, "note").accepted
    assert engine.ticket(seat).changed_at == MONDAY
    assert engine.next_actions(seat, "A1")


def test_a_time_to_come_is_refused_and_a_caller_whose_clock_is_fast_is_not(engine: Engine) -> None:
    seat = engine.submit(BOOK, at=MONDAY + timedelta(seconds=60)).ticket or ""
    assert engine.ticket(seat).opened_at == MONDAY
    with pytest.raises(MisuseError, match="has not come yet"):
        engine.submit(BOOK, at=MONDAY + timedelta(seconds=61))
    with pytest.raises(MisuseError, match="has not come yet"):
        engine.run_due(MONDAY + timedelta(seconds=1))
    with pytest.raises(NaiveTimeError):
        engine.submit(BOOK, at=MONDAY.replace(tzinfo=None))


# --- many at once ---------------------------------------------------------------------------------------------------


def test_many_orders_are_answered_in_order_with_exceptions_in_their_place(engine: Engine) -> None:
    seat = opened(engine, "book")
    given = engine.submit_many(
        [
            Order(command=Fire(event="note", actor="A1"), ticket=seat),
            Order(command=Fire(event="note", actor="A1"), ticket="nowhere"),
            Order(command=Open(workflow="boat", event="book", actor="A1")),
            Order(command=REFUSED),
            Order(command=BOOK),
        ]
    )
    kinds = [type(item) for item in given]
    assert kinds == [Answer, UnknownTicketError, MisuseError, Answer, Answer]
    assert [item.accepted for item in given if isinstance(item, Answer)] == [True, False, True]
    assert engine.submit_many([]) == ()


def test_rows_open_a_ticket_each_or_none(engine: Engine) -> None:
    rows = ({"topic": "a"}, {"topic": "b"})
    batch = Batch(workflow="report", event="report", actor="A1", rows=rows, key="topic")
    answer = engine.submit_rows(batch, key="import-1")
    assert answer.accepted and len(answer.tickets) == 2
    assert engine.submit_rows(batch, key="import-1") == answer
    assert [engine.ticket(ticket).fields["number"] for ticket in answer.tickets] == ["R1", "R2"]

    bad = Batch(workflow="report", event="report", actor="A1", rows=({"topic": "c"}, {"topic": "c"}), key="topic")
    refused = engine.submit_rows(bad, ids=lambda number: f"row-{number}")
    assert [(row.number, row.why) for row in refused.bad] == [(2, "repeated_key")]
    assert len(engine.find().rows) == 2


# --- opening and closing --------------------------------------------------------------------------------------------


def test_after_the_with_block_an_engine_is_closed(url: str) -> None:
    with Engine.open(url) as engine:
        assert engine.find().rows == ()
    engine.close()
    with pytest.raises(MisuseError):
        engine.find()
    with pytest.raises(MisuseError):
        engine.submit(BOOK)


@pytest.mark.parametrize("url", ["mysql://here", "tickets.db", "sqlite://", "sqlite:///", "sqlite://host/a.db"])
def test_a_url_of_another_form_is_refused_with_the_forms_there_are(url: str) -> None:
    with pytest.raises(MisuseError, match="write one of"):
        Engine.open(url)


def test_a_refused_url_does_not_show_its_password() -> None:
    with pytest.raises(MisuseError) as caught:
        Engine.open("mysql://desk:secret@here/db")
    assert "secret" not in str(caught.value)
