"""Time passes on an engine: timers at their own moments, schedules once, versions that tickets stay with."""

import logging
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.bootstrap.engines import MONDAY, WITHOUT_SCHEDULES, SetClock, fire, open_ticket, opened_engine, written
from tests.kernel.builders import at
from tests.runtime.school import SCHOOL

from dutyflow.bootstrap.engine import Engine
from dutyflow.errors import RulebookError, RunawayError
from dutyflow.kernel import events as ev
from dutyflow.kernel.commands import Open
from dutyflow.ports.records import Happening
from dutyflow.rulebook.bundle import Bundle, load_bundle
from dutyflow.rulebook.load import Loaded
from dutyflow.runtime import jobs, library
from dutyflow.runtime.directory import RulebookDirectory
from dutyflow.stores.shared_memory import SharedMemoryStore

POISON = """
forms: {f: {title: F, fields: {n: {type: number, default: 0}, limit: {type: number}}}}
workflows:
  job:
    title: Job
    forms: [f]
    initial: a
    states:
      a: {title: A, owner: agent}
      b: {title: B, owner: agent}
      c: {title: C, owner: agent}
      z: {title: Z, final: true}
    events:
      begin: {opens: true, by: agent, require: [limit]}
      later: {from: a, to: b, after: 1h}
      there: {from: b, to: c, auto: true, when: n < limit, set: {n: n + 1}}
      back: {from: c, to: b, auto: true, when: n < limit, set: {n: n + 1}}
      finish: {from: [a, b, c], to: z, by: agent}
"""
POISONED_PARENT = (
    POISON.replace(
        "begin: {opens: true, by: agent, require: [limit]}",
        "begin: {opens: true, by: agent, require: [limit], spawn: {workflow: errand, event: go}}",
    )
    + """  errand:
    title: Errand
    forms: [f]
    initial: out
    states: {out: {title: Out, owner: agent}, home: {title: Home, final: true}}
    events:
      go: {opens: true, by: [agent, system]}
      call: {from: out, by: agent}
      come: {from: out, to: home, by: agent}
"""
)
FAMILY = """
forms: {f: {title: F, fields: {topic: {type: text}}}}
workflows:
  case:
    title: Case
    forms: [f]
    initial: open
    states: {open: {title: Open, owner: agent}, late: {title: Late, owner: chief}, over: {title: Over, final: true}}
    events:
      begin: {opens: true, by: agent}
      ask: {from: open, after: 1h, spawn: {workflow: visit, event: plan}}
      overdue: {from: open, to: late, on_child: {workflow: visit, outcomes: [missed]}}
      finish: {from: open, to: over, by: agent}
  visit:
    title: Visit
    forms: [f]
    initial: planned
    states: {planned: {title: Planned, owner: agent}, missed: {title: Missed, final: true, outcomes: [missed]}}
    events:
      plan: {opens: true, by: [agent, system]}
      miss: {from: planned, to: missed, after: 1h, outcome: missed}
"""


def due(engine: Engine, hour: str, topic: str = "week") -> str:
    """A duty that is due on Monday at an hour."""
    answer = open_ticket(engine, "plan", topic=topic, due_at=at(f"03-02 {hour}").isoformat(), member="A1")
    assert answer.ticket is not None, answer.denial
    return answer.ticket


def rung(happened: tuple[Happening, ...]) -> list[tuple[str | None, str, datetime]]:
    return [(item.ticket, item.what.kind, item.at) for item in happened if isinstance(item.what, ev.Rang)]


def test_a_late_worker_fires_each_timer_at_its_own_moment_and_in_order(engine: Engine, clock: SetClock) -> None:
    noon, eleven = due(engine, "12:00"), due(engine, "11:00")
    clock.time = MONDAY + timedelta(days=3)
    happened = engine.run_due()
    assert [item.at for item in happened] == sorted(item.at for item in happened)
    breaches = [(ticket, when) for ticket, kind, when in rung(happened) if kind == "breach"]
    assert breaches == [(eleven, at("03-02 11:00")), (noon, at("03-02 12:00"))]
    assert engine.run_due() == () and engine.next_due_at() is None


def test_what_is_due_now_waits_until_the_moment_is_over(engine: Engine, clock: SetClock) -> None:
    duty = due(engine, "11:00")
    clock.time = at("03-02 11:00")
    assert all(item.at < clock.time for item in engine.run_due())
    assert fire(engine, duty, "file").accepted
    clock.time += timedelta(hours=1)
    assert engine.run_due() == ()
    assert not [event for event in engine.history(duty) if isinstance(event, ev.Rang) and event.kind == "breach"]


def test_a_command_sees_what_was_due_before_it(engine: Engine, clock: SetClock) -> None:
    duty = due(engine, "11:00")
    clock.time = at("03-02 15:00")
    answer = fire(engine, duty, "file")
    assert answer.accepted
    kinds = [(type(event).__name__, event.at) for event in engine.history(duty)]
    assert ("Rang", at("03-02 11:00")) in kinds
    assert kinds.index(("Rang", at("03-02 11:00"))) < kinds.index(("Fired", clock.time))


def test_time_can_be_run_up_to_an_earlier_moment_and_a_few_tickets_at_a_time(engine: Engine, clock: SetClock) -> None:
    duties = [due(engine, hour) for hour in ("14:30", "12:00", "13:30")]
    clock.time = at("03-03 10:00")
    assert {item.ticket for item in engine.run_due(at("03-02 12:45"))} == set(duties[1:])  # each warns an hour before
    breached = [row.ticket for row in engine.find().rows if row.breached]
    assert breached == [duties[1]]
    first = engine.run_due(limit=1)
    assert {item.ticket for item in first} == {duties[1]}
    engine.run_due()
    assert all(row.breached for row in engine.find().rows)


def test_more_timers_than_one_transaction_takes_fire_all_the_same_and_in_order(
    engine: Engine, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "HAPPENED_MAX", 3)
    monkeypatch.setattr("dutyflow.runtime.shared_runner.HAPPENED_MAX", 3)
    for minute in range(20):
        due(engine, f"12:{minute:02}")
    clock.time = at("03-03 10:00")
    moments = [item.at for item in engine.run_due()]
    assert moments == sorted(moments)
    assert engine.next_due_at() is None


def test_a_timer_that_another_timer_sets_off_fires_in_its_turn(url: str, clock: SetClock, tmp_path: Path) -> None:
    with opened_engine(url, clock) as engine:
        engine.publish(written(tmp_path, FAMILY, name="family"))
        first = engine.submit(Open(workflow="case", event="begin", actor="A1")).ticket
        clock.time += timedelta(minutes=90)
        second = engine.submit(Open(workflow="case", event="begin", actor="A1")).ticket
        clock.time += timedelta(hours=10)
        happened = engine.run_due()
        assert [item.at for item in happened] == sorted(item.at for item in happened)
        assert [engine.ticket(ticket or "").state for ticket in (first, second)] == ["late", "late"]
        assert engine.ticket(first or "").changed_at == MONDAY + timedelta(hours=2)


def test_a_command_sees_the_end_of_a_child_that_a_timer_opened(url: str, clock: SetClock, tmp_path: Path) -> None:
    with opened_engine(url, clock) as engine:
        engine.publish(written(tmp_path, FAMILY, name="family"))
        case = engine.submit(Open(workflow="case", event="begin", actor="A1")).ticket or ""
        clock.time += timedelta(hours=5)
        answer = fire(engine, case, "finish")
        assert answer.denial is not None and answer.denial.code == "state"
        assert (engine.ticket(case).state, engine.ticket(case).changed_at) == ("late", MONDAY + timedelta(hours=2))


def test_a_ticket_that_runs_in_a_circle_does_not_stop_the_others(
    url: str, clock: SetClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened_engine(url, clock) as engine:
        engine.publish(written(tmp_path, POISON, name="jobs"))
        opened = [
            engine.submit(Open(workflow="job", event="begin", actor="A1", data={"limit": limit})).ticket or ""
            for limit in (3, 1000, 4)
        ]
        clock.time += timedelta(hours=2)
        with caplog.at_level(logging.ERROR, logger="dutyflow"):
            engine.run_due()
        assert [engine.ticket(ticket).state for ticket in opened] == ["c", "a", "b"]
        assert [record.__dict__["ticket"] for record in caplog.records] == [opened[1]]
        assert engine.next_due_at() == MONDAY + timedelta(hours=1)


def test_a_parent_that_runs_in_a_circle_does_not_stop_its_child(url: str, clock: SetClock, tmp_path: Path) -> None:
    with opened_engine(url, clock) as engine:
        engine.publish(written(tmp_path, POISONED_PARENT, name="jobs"))
        job = engine.submit(Open(workflow="job", event="begin", actor="A1", data={"limit": 1000})).ticket or ""
        clock.time += timedelta(hours=2)
        assert fire(engine, f"{job}.1", "call").accepted
        with pytest.raises(RunawayError):
            fire(engine, f"{job}.1", "come")  # its end must be told to the parent, which cannot take it


# --- schedules ------------------------------------------------------------------------------------------------------


def duties(engine: Engine) -> list[str]:
    return sorted(row.ticket for row in engine.find(limit=1000).rows)


def test_schedules_run_from_the_moment_of_publishing(url: str, clock: SetClock, tmp_path: Path) -> None:
    with opened_engine(url, clock) as engine:
        engine.publish(written(tmp_path, SCHOOL))
        assert engine.next_due_at() == at("03-03 09:00")
        clock.time = at("03-03 09:00")
        assert engine.run_due() == ()
        clock.time += timedelta(seconds=1)
        engine.run_due()
        assert duties(engine) == [f"school:daily@2026-03-03.{person}" for person in ("A1", "A2", "A3")]
        assert {engine.ticket(duty).opened_at for duty in duties(engine)} == {at("03-03 09:00")}


def test_two_engines_on_one_file_bring_up_each_schedule_once(sqlite_url: str, clock: SetClock, tmp_path: Path) -> None:
    with opened_engine(sqlite_url, clock) as one, opened_engine(sqlite_url, clock) as two:
        one.publish(written(tmp_path, SCHOOL))
        clock.time = at("03-10 12:00")
        happened = [*one.run_due(at("03-05 12:00")), *two.run_due(), *one.run_due(), *two.run_due()]
        opened = [item.ticket for item in happened if isinstance(item.what, ev.Opened)]
        assert len(opened) == len(set(opened)) and sorted(map(str, opened)) == duties(two)
        assert sum("weekly" in duty for duty in duties(one)) == 1


def test_a_schedule_that_cannot_open_its_tickets_holds_up_nothing_else_and_is_made_up_for(
    clock: SetClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Away(RulebookDirectory):
        """The house does not answer."""

        def members_of(self, role: str, at: datetime) -> tuple[str, ...]:
            raise OSError

    store = SharedMemoryStore(clock=clock)
    with Engine(store, clock=clock) as present:
        present.publish(written(tmp_path, SCHOOL))
        open_ticket(present, "plan", ticket="report", member="A1", due_at=at("03-10 12:00"))
        clock.time = at("03-11 08:00")
        absent = Engine(store, directory=Away(present.rules("school").organisation), clock=clock)
        happened = absent.run_due()
        assert {item.ticket for item in happened} == {"report", "school:weekly@2026-03-09"}
        assert [record.schedule for record in caplog.records if hasattr(record, "schedule")] == ["daily"]
        present.run_due()
        assert "school:daily@2026-03-03.A1" in duties(present)


def test_a_rulebook_that_cannot_run_here_does_not_stop_the_schedules_of_others(
    clock: SetClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SharedMemoryStore(clock=clock)
    Engine(store, clock=clock).publish(written(tmp_path, SCHOOL))
    Engine(store, clock=clock).publish(written(tmp_path, SCHOOL.replace("24h", "12h"), name="evening"))

    def stricter(bundle: Bundle) -> Loaded:
        if bundle.name == "evening":
            raise RulebookError
        return load_bundle(bundle)

    monkeypatch.setattr(library, "load_bundle", stricter)
    clock.time = at("03-03 10:00")
    engine = Engine(store, clock=clock)
    engine.run_due()
    assert duties(engine) == [f"school:daily@2026-03-03.{person}" for person in ("A1", "A2", "A3")]


def test_a_round_ends_at_its_limit_however_often_a_schedule_was_missed(
    url: str, clock: SetClock, tmp_path: Path
) -> None:
    with opened_engine(url, clock) as engine:
        engine.publish(written(tmp_path, SCHOOL.partition("  daily:")[0]))
        clock.time = at("06-01 08:00")
        assert [len({item.ticket for item in engine.run_due(limit=2)}) for _ in range(7)] == [2, 2, 2, 2, 2, 2, 0]


def test_a_worker_brings_up_a_schedule_as_it_is_declared_now_though_another_process_has_just_changed_it(
    sqlite_url: str, clock: SetClock, tmp_path: Path
) -> None:
    mondays = SCHOOL.partition("  daily:")[0]
    with opened_engine(sqlite_url, clock) as worker, opened_engine(sqlite_url, clock) as other:
        other.publish(written(tmp_path, mondays))
        worker.run_due()
        other.publish(written(tmp_path, mondays.replace("weekday: mon", "weekday: fri")))
        clock.time = at("03-20 12:00")
        worker.run_due()
        assert duties(other) == [f"school:weekly@2026-03-{day}" for day in ("06", "13", "20")]


def test_a_rulebook_that_is_published_again_keeps_its_schedules(url: str, clock: SetClock, tmp_path: Path) -> None:
    with opened_engine(url, clock) as engine:
        folder = written(tmp_path, SCHOOL)
        engine.publish(folder)
        clock.time = at("03-03 10:00")  # the worker sleeps, what was missed is made up for
        engine.publish(folder)
        engine.run_due()
        assert len(duties(engine)) == 3


def test_a_schedule_that_a_version_left_out_does_not_come_up_and_later_begins_anew(
    url: str, clock: SetClock, tmp_path: Path
) -> None:
    with opened_engine(url, clock) as engine:
        engine.publish(written(tmp_path, SCHOOL))
        clock.time = at("03-02 11:00")
        engine.publish(written(tmp_path, WITHOUT_SCHEDULES))
        clock.time = at("04-01 08:00")
        assert engine.run_due() == () and engine.next_due_at() is None
        engine.publish(written(tmp_path, SCHOOL))
        assert engine.run_due() == ()
        clock.time = at("04-01 09:30")
        engine.run_due()
        assert duties(engine) == [f"school:daily@2026-04-01.{person}" for person in ("A1", "A2", "A3")]


# --- versions -------------------------------------------------------------------------------------------------------


def test_a_ticket_stays_with_its_version_and_so_do_its_children(url: str, clock: SetClock, tmp_path: Path) -> None:
    with opened_engine(url, clock) as engine:
        first = engine.publish(written(tmp_path, WITHOUT_SCHEDULES)).version
        old = open_ticket(engine, "begin", actor="C1", people=["x"]).ticket or ""
        newer = WITHOUT_SCHEDULES.replace("guard: topic != 'bad'", "guard: topic == 'never'")
        second = engine.publish(written(tmp_path, newer)).version
        new = open_ticket(engine, "begin", actor="C1", people=["x"])
        assert new.denial is not None, "the new version lets no child in"
        assert fire(engine, old, "skilled", actor="C1", people=["y"]).accepted
        child = engine.ticket(old).children[-1].id
        assert first != second == engine.rules("school").hash
        assert engine.ticket(old).rules == engine.ticket(child).rules == first
        assert engine.rules_of(engine.ticket(child)).hash == first


def test_the_people_are_those_of_the_newest_version(url: str, clock: SetClock, tmp_path: Path) -> None:
    with opened_engine(url, clock) as engine:
        engine.publish(written(tmp_path, WITHOUT_SCHEDULES))
        seat = open_ticket(engine, "book").ticket or ""
        folder = written(tmp_path, WITHOUT_SCHEDULES)
        assert fire(engine, seat, "note", actor="N1").denial is not None
        people = (
            (folder / "rules.yaml")
            .read_text(encoding="utf-8")
            .replace("  A1: {", "  N1: {title: N1, roles: [agent]}\n  A1: {")
        )
        (folder / "rules.yaml").write_text(people, encoding="utf-8")
        engine.publish(folder)
        assert fire(engine, seat, "note", actor="N1").accepted


def test_another_engine_notices_a_new_version(sqlite_url: str, clock: SetClock, tmp_path: Path) -> None:
    with opened_engine(sqlite_url, clock) as one, opened_engine(sqlite_url, clock) as two:
        one.publish(written(tmp_path, WITHOUT_SCHEDULES))
        seat = open_ticket(two, "book").ticket or ""
        assert one.ticket(seat) == two.ticket(seat)
