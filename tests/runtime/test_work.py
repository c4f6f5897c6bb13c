"""What a step sees of the tickets that it has changed itself: as if each change had been kept at once."""

from msgspec.structs import replace
from tests.kernel.builders import at

from dutyflow.kernel.decide import Decision
from dutyflow.kernel.events import Commented, Opened
from dutyflow.kernel.ticket import Ticket
from dutyflow.runtime.work import Work
from dutyflow.stores.memory import MemoryStore

NOW = at("03-02 09:00")
WAITING = frozenset({"waiting"})


def opening(name: str, state: str = "waiting", workflow: str = "seat") -> Decision:
    opened = Opened(at=NOW, ticket=name, workflow=workflow, rules="v1", fields={})
    ticket = Ticket(
        id=name,
        workflow=workflow,
        rules="v1",
        state=state,
        seq=1,
        opened_at=NOW,
        changed_at=NOW,
        entered_at=NOW,
        fields={"topic": "x"},
    )
    return Decision(events=(opened,), effects=(), ticket=ticket)


def moved(work: Work, name: str, state: str) -> None:
    """Let a ticket be in another state."""
    ticket = work.load(name)
    assert ticket is not None
    event = Commented(at=NOW, actor="A1", text=state)
    after = replace(ticket, state=state, seq=ticket.seq + 1)
    work.take(Decision(events=(event,), effects=(), ticket=after), "school", {})


def store_with(**states: str) -> MemoryStore:
    """A store in which these tickets were opened in this order."""
    store, work = MemoryStore(), Work(MemoryStore())
    for name, state in states.items():
        work.take(opening(name, state), "school", {})
    store.commit(work.to_commit())
    return store


def queue(work: Work) -> list[str]:
    return [ticket.id for ticket in work.select("school", "seat", WAITING, {})]


def test_a_ticket_that_comes_back_has_its_old_place() -> None:
    work = Work(store_with(b="offered", a="waiting", c="waiting"))
    moved(work, "b", "waiting")
    assert queue(work) == ["b", "a", "c"]


def test_a_ticket_that_a_step_has_opened_comes_last_and_keeps_its_place_too() -> None:
    work = Work(store_with(b="offered", a="waiting"))
    for name in ("z", "y"):
        work.take(opening(name), "school", {})
    fork = work.fork()
    moved(fork, "z", "offered")
    assert queue(fork) == ["a", "y"]
    moved(fork, "z", "waiting")
    moved(fork, "b", "waiting")
    assert queue(fork) == ["b", "a", "z", "y"]
    work.join(fork)
    assert queue(work) == ["b", "a", "z", "y"]


def test_the_newest_of_those_alike_is_the_one_opened_last_not_the_one_changed_last() -> None:
    work = Work(store_with(b="waiting", a="waiting"))
    moved(work, "b", "offered")
    assert [other.id for other in work.lookalikes("school", "seat", {"topic": "x"})] == ["a", "b"]


def test_what_a_dropped_fork_has_looked_at_still_counts_as_it_was_kept() -> None:
    work = Work(store_with(a="waiting", b="waiting"))
    fork = work.fork()
    moved(fork, "a", "offered")
    fork.fork().load("a")
    fork.fork().load("b")
    queue(fork.fork())
    commit = work.to_commit()
    assert commit.read == {"a": 1, "b": 1} and commit.watched == {("school", "seat")}
