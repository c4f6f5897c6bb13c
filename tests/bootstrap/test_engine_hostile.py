"""Whatever somebody sends: an answer, a denial or a sentence, and never a trace that harms others."""

import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.bootstrap.engines import WITHOUT_SCHEDULES, SetClock, fire, open_ticket, written

from dutyflow.bootstrap.engine import Engine, Order
from dutyflow.errors import ForbiddenError, MisuseError, UnknownTicketError
from dutyflow.kernel.commands import Amend, Fire, Open
from dutyflow.ports.queue import Query
from dutyflow.ports.records import Answer
from dutyflow.runtime.batch import Batch

PRIVATE = WITHOUT_SCHEDULES.replace("topic: {type: text}", "topic: {type: text, private: [chief]}")
HUGE = 10**7


def deep() -> Any:
    """Lists in lists, as many as a JSON reader would never let through."""
    value: Any = []
    for _ in range(100_000):
        value = [value]
    return value


@pytest.fixture
def report(engine: Engine) -> str:
    return open_ticket(engine, "report", topic="plain").ticket or ""


@pytest.mark.parametrize(
    "value", [{"$at": "never"}, {"$date": "x"}, {"$number": "x"}, [{"$span": "x"}], 10**400], ids=str
)
def test_a_refused_value_cannot_spoil_the_audit_trail(engine: Engine, report: str, value: Any) -> None:
    assert not fire(engine, report, "again", topic=value).accepted
    refused = engine.submit(Amend(actor="A1", data={"topic": value}, reason="x"), ticket=report, key="k")
    assert engine.submit(Amend(actor="A1", data={"topic": value}, reason="x"), ticket=report, key="k") == refused
    assert [entry.event for entry in engine.asked(report)][-2:] == ["again", "amend"]
    assert list(engine.store.audit())


def test_a_refusal_repeats_only_the_beginning_of_a_long_value(engine: Engine, report: str) -> None:
    denial = fire(engine, report, "again", topic="x" * 20_000).denial
    assert denial is not None and denial.values["value"] == "x" * 200 + "…"
    denial = fire(engine, report, "again", **{"x" * 20_000: 1}).denial
    assert denial is not None and len(denial.values["field"]) == 201


def test_of_a_bad_row_only_the_beginning_of_its_key_is_kept(engine: Engine) -> None:
    batch = Batch(workflow="report", event="report", actor="A1", rows=({"topic": "x" * HUGE},), key="topic")
    (bad,) = engine.submit_rows(batch, key="k").bad
    assert (bad.why, bad.key) == ("input", "x" * 200)


def test_more_data_than_a_command_may_carry_is_a_misuse(engine: Engine) -> None:
    with pytest.raises(MisuseError, match="bytes"):
        open_ticket(engine, "report", topic="x" * HUGE)


@pytest.mark.parametrize("value", ["\ud800", deep(), 10**5000, object()], ids=range(4))
def test_what_cannot_be_written_down_is_a_misuse(engine: Engine, value: Any) -> None:
    opening = Open(workflow="report", event="report", actor="A1", data={"topic": value})
    with pytest.raises(MisuseError):
        engine.submit(opening)
    with pytest.raises(MisuseError):
        engine.submit_rows(Batch(workflow="report", event="report", actor="A1", rows=({"topic": value},), key="topic"))


def test_a_nul_in_a_text_is_refused_on_every_store_alike(engine: Engine) -> None:
    denial = open_ticket(engine, "report", topic="a\0b").denial
    assert denial is not None and denial.values["problem"] == "text_expected"


def test_others_who_ask_at_the_same_time_are_not_harmed(engine: Engine, report: str) -> None:
    bad = Order(command=Fire(event="again", actor="A1", reason="x" * HUGE), ticket=report)
    good = Order(command=Fire(event="again", actor="A1"), ticket=report)
    refused, answered = engine.submit_many([bad, good])
    assert isinstance(refused, MisuseError) and isinstance(answered, Answer) and answered.accepted


def test_ids_that_a_caller_makes_for_rows_are_names_too(engine: Engine) -> None:
    batch = Batch(workflow="report", event="report", actor="A1", rows=({"topic": "one"},), key="topic")
    with pytest.raises(MisuseError, match="id of a ticket"):
        engine.submit_rows(batch, ids=lambda number: f"row\n{number}")


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 10_000, "../../etc/passwd", "a\nb"], ids=range(5))
def test_a_ticket_with_an_impossible_id_is_an_unknown_one(engine: Engine, name: str) -> None:
    with pytest.raises(UnknownTicketError):
        engine.ticket(name)
    with pytest.raises(UnknownTicketError):
        fire(engine, name, "again")


@pytest.mark.parametrize("cursor", ["due:-9999999999999999999:1", "due:9999999999999999999:1", "due:1", "' OR 1=1"])
def test_a_cursor_that_was_made_up_is_a_misuse(engine: Engine, cursor: str) -> None:
    with pytest.raises(MisuseError):
        engine.find(after=cursor)


@pytest.mark.parametrize("text", ["x" * 60_000, "\ud800", "a\0b"], ids=range(3))
def test_a_search_that_a_database_cannot_do_is_a_misuse(engine: Engine, text: str) -> None:
    with pytest.raises(MisuseError):
        engine.find(Query(text=text))


@pytest.mark.parametrize("year", [1, 1899, 2200, 9999])
def test_nothing_happened_at_a_moment_that_not_every_zone_can_show(engine: Engine, year: int) -> None:
    opening = Open(workflow="report", event="report", actor="A1", data={"topic": "t"})
    with pytest.raises(MisuseError, match="between the years"):
        engine.submit(opening, at=datetime(year, 1, 1, tzinfo=UTC))


# --- people ---------------------------------------------------------------------------------------------------------


def test_a_key_tells_nobody_what_another_person_was_answered(engine: Engine) -> None:
    mine = Open(workflow="report", event="report", actor="A1", data={"topic": "secret"})
    assert engine.acting_as("A1").submit(mine, key="k").accepted
    theirs = Open(workflow="report", event="report", actor="A2", data={"topic": "secret"})
    with pytest.raises(MisuseError, match="belongs to another command"):
        engine.acting_as("A2").submit(theirs, key="k")
    with pytest.raises(ForbiddenError):
        engine.acting_as("A2").submit(mine, key="k")


@pytest.mark.parametrize("actor", ["", " ", "a\nb", "x" * 201])
def test_nobody_has_such_a_name(engine: Engine, actor: str) -> None:
    with pytest.raises(MisuseError):
        engine.acting_as(actor)
    with pytest.raises(MisuseError):
        Engine(engine.store, actor=actor)


def test_nobody_signs_in_as_the_system(engine: Engine) -> None:
    with pytest.raises(ForbiddenError, match="system"):
        engine.acting_as("system")


def test_what_an_older_version_kept_private_is_not_found_out_by_searching(
    engine: Engine, clock: SetClock, tmp_path: Path
) -> None:
    engine.publish(written(tmp_path, PRIVATE))
    open_ticket(engine, "report", topic="secret")
    engine.publish(written(tmp_path, WITHOUT_SCHEDULES.replace("topic", "subject")))
    agent = engine.acting_as("A1")
    for query in (Query(fields={"topic": "secret"}), Query(workflow="report", fields={"topic": "secret"})):
        with pytest.raises(ForbiddenError):
            agent.find(query)


# --- files ----------------------------------------------------------------------------------------------------------


def test_only_its_owner_may_read_a_new_file(tmp_path: Path, clock: SetClock) -> None:
    before = os.umask(0)
    try:
        with Engine.open(f"sqlite:///{tmp_path / 'desk.db'}", clock=clock) as engine:
            engine.publish(written(tmp_path, WITHOUT_SCHEDULES))
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("desk.db*")}
    finally:
        os.umask(before)
    assert modes == {"desk.db": 0o600, "desk.db-wal": 0o600, "desk.db-shm": 0o600}
