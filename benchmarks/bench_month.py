"""A department's month: 100,000 tickets, five recurring duties and a coverage rule on one virtual time line.

Run: `python benchmarks/bench_month.py [TICKETS]`. Printed: events per second of the whole simulation beside the bare
kernel deciding and folding the same kinds of steps in the same run, and the memory that an open ticket takes.
"""

import gc
import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter

from dutyflow.kernel.commands import Fire, Open
from dutyflow.kernel.decide import Decision, decide
from dutyflow.kernel.evolve import evolve
from dutyflow.kernel.rules import Rules
from dutyflow.kernel.ticket import Ticket
from dutyflow.rulebook.load import load_rulebook
from dutyflow.runtime.directory import RulebookDirectory
from dutyflow.runtime.local_runner import LocalRunner
from dutyflow.stores.memory import MemoryStore

START = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)  # Monday 00:00 in Shanghai
DAYS = 30
BOOK = """
rulebook: {timezone: Asia/Shanghai, calendar: office}
roles: {agent: {title: Agent, superior: boss}, boss: {title: Boss}}
members: {A1: {roles: [agent]}, A2: {roles: [agent]}, A3: {roles: [agent]}, M: {roles: [boss]}}
calendars: {office: {hours: {mon-fri: ["09:00-12:00", "13:00-18:00"]}}}
defaults: {warn: {hours: "75%", days: "09:00 of due day", instant: none, not_under: 10m}}
forms:
  service:
    fields: {customer: {type: text}, amount: {type: money}, note: {type: text}, rounds: {type: number, default: 0}}
  duty: {fields: {member: {type: person}, due_at: {type: datetime}, done: {type: text}}}
  month: {fields: {ends_at: {type: datetime}}}
workflows:
  service:
    forms: [service]
    initial: waiting
    states:
      waiting: {owner: agent}
      talking: {owner: agent}
      closed: {final: true}
    events:
      served: {opens: true, by: agent, require: [customer, amount]}
      reach: {from: waiting, to: talking, by: agent, guard: amount >= 0, set: {rounds: rounds + 1}}
      settle: {from: talking, to: closed, by: agent, record: [note]}
  duty:
    forms: [duty]
    initial: open
    states: {open: {owner: {field: member}}, done: {final: true}}
    events:
      plan: {opens: true, by: system, require: [due_at], optional: [member]}
      file: {from: open, to: done, by: owner, record: [done]}
  month:
    forms: [month]
    initial: running
    states: {running: {owner: boss}, over: {final: true}}
    events:
      begin: {opens: true, by: system, require: [ends_at]}
      close: {from: running, to: over, by: boss}
sets:
  served: {of: service}
  covered: {of: service, states: [closed]}
  uncovered: {of: service, states: [waiting, talking]}
slas:
  contact: {on: service, start: {entered: waiting}, stop: {event: reach}, within: 3d@21:00, breach: {escalate: boss}}
  settle: {on: service, start: {entered: waiting}, stop: {entered: closed}, within: 5bd, breach: {escalate: boss}}
  filed: {on: duty, start: {entered: open}, stop: {event: file}, due: due_at, breach: {escalate: boss}}
  coverage:
    on: month
    start: {entered: running}
    stop: {event: close}
    due: ends_at
    warn: {at: "ends_at - 63h", unless: "share(covered, served) >= 0.9"}
    breach: {escalate: boss, unless: "share(covered, served) >= 1", names: uncovered}
schedules:
  extract: {on: workday, at: "09:00", for_each: {role: agent},
            open: {workflow: duty, event: plan, with: {member: each, due_at: "at(today, '18:00')"}}}
  update: {on: workday, at: "10:00", for_each: {role: agent},
           open: {workflow: duty, event: plan, with: {member: each, due_at: "at(today, '18:00')"}}}
  weekly: {on: {workday: last, of: week}, at: "12:00",
           open: {workflow: duty, event: plan, with: {member: "'M'", due_at: "at(today, '17:00')"}}}
  monthly: {on: {workday: 3}, at: "09:00",
            open: {workflow: duty, event: plan, with: {member: "'M'", due_at: "at(today, '18:00')"}}}
  coverage: {on: {day: 2}, at: "00:00",
             open: {workflow: month, event: begin, with: {ends_at: "at(month_day(today, -1), '23:00')"}}}
"""


def rules() -> Rules:
    """The department's rulebook."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "department.yaml").write_text(BOOK, "utf-8")
        return load_rulebook(Path(folder) / "department.yaml").require_rules()


def month(runner: LocalRunner, tickets: int) -> int:
    """Play the month: tickets come evenly, most are reached the day after and settled two days later; its events."""
    steps: list[tuple[datetime, str, int]] = []
    for number in range(tickets):
        opened_at = START + timedelta(minutes=number * DAYS * 1440 // tickets)
        steps.append((opened_at, "served", number))
        if number % 10:
            steps.append((opened_at + timedelta(hours=20), "reach", number))
        if number % 5:
            steps.append((opened_at + timedelta(hours=50), "settle", number))
    steps.sort()
    end = START + timedelta(days=DAYS)
    for at, event, number in steps:
        if at < end:
            runner.submit(command(event, number), ticket=f"T{number}", at=at)
    runner.run_due(end)
    return sum(ticket.seq for ticket in runner.tickets())


def command(event: str, number: int) -> Open | Fire:
    """One of the three commands of a ticket's life."""
    if event == "served":
        data = {"customer": f"C{number}", "amount": "12.50"}
        return Open(ticket=f"T{number}", workflow="service", event="served", actor="A1", data=data)
    return Fire(event=event, actor="A1", data={"note": "ok"} if event == "settle" else {})


def bare_kernel(book: Rules, lives: int = 3000) -> float:
    """Events per second of the kernel alone over the same lives: decide, and fold the events."""
    facts = LocalRunner(book, MemoryStore(), RulebookDirectory(book.organisation)).facts()
    events = 0
    begin = perf_counter()
    for number in range(lives):
        ticket: Ticket | None = None
        for event, hours in (("served", 0), ("reach", 20), ("settle", 50)):
            answer = decide(book, ticket, command(event, number), START + timedelta(hours=hours), facts)
            assert isinstance(answer, Decision), answer
            folded = ticket
            for happened in answer.events:
                folded = evolve(folded, happened)
            ticket = folded
            events += len(answer.events)
    return events / (perf_counter() - begin)


def measured(work: Callable[[], int]) -> tuple[int, float]:
    """Events and seconds of one piece of work."""
    begin = perf_counter()
    events = work()
    return events, perf_counter() - begin


def bytes_per_open_ticket(book: Rules, count: int = 5000) -> float:
    """What an open ticket with its two clocks takes in the store, its history included."""
    runner = LocalRunner(book, MemoryStore(), RulebookDirectory(book.organisation))
    gc.collect()
    tracemalloc.start()
    for number in range(count):
        runner.submit(command("served", number), at=START + timedelta(seconds=number))
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / count


def main() -> None:
    """Print the three figures."""
    tickets = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    book = rules()
    runner = LocalRunner(book, MemoryStore(), RulebookDirectory(book.organisation), schedules=book.schedules)
    bare = [bare_kernel(book) for _ in range(3)]
    events, seconds = measured(lambda: month(runner, tickets))
    bare += [bare_kernel(book) for _ in range(2)]
    speed, kernel = events / seconds, median(bare)
    print(f"{tickets} tickets, {len(runner.tickets())} with duties, {events} events in {seconds:.1f} s")
    print(
        f"simulated month {speed:10.0f} events/s   bare kernel {kernel:10.0f} events/s   "
        f"{speed / kernel:5.0%}   target >= 40%"
    )
    print(f"memory of an open ticket {bytes_per_open_ticket(book) / 1024:5.2f} KiB   target < 3 KiB")


if __name__ == "__main__":
    main()
