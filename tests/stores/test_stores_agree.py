"""Whatever is kept, in whatever order, all stores give the same answers: the one in memory is the model."""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from tests.stores.builders import NINE, answered, everything, hours, message, opening, refused, step, ticket
from tests.stores.conftest import opened

from dutyflow.errors import DutyflowError
from dutyflow.kernel.ticket import OwnedBy
from dutyflow.ports.outbox import Delivery, Status
from dutyflow.ports.queue import Query
from dutyflow.ports.records import Change, Commit, Listing, Turn
from dutyflow.ports.store import SharedStore
from dutyflow.runtime.clocks import VirtualClock

LEASE = timedelta(minutes=10)
BOOKS = st.sampled_from(("desk", "school"))
PHONES = st.sampled_from(("138", "139", None))
MOMENTS = st.none() | st.integers(-2, 4).map(hours)
OWNERS = st.sampled_from((None, OwnedBy("agent"), OwnedBy("agent", "A1"), OwnedBy("manager")))
LISTINGS = st.builds(
    Listing,
    department=st.sampled_from((None, "east")),
    due_at=MOMENTS,
    breached=st.integers(0, 2),
    closed=st.booleans(),
    text=st.sampled_from(("", "Lamp", "王女士")),
)
STATUSES = st.sampled_from((None, "waiting", "delivered", "dead"))
PICK = st.integers(0, 50)


class Stores(RuleBasedStateMachine):
    """Does the same to the store in memory and to another one."""

    def __init__(self, request: pytest.FixtureRequest, other: str) -> None:
        super().__init__()
        self.clock = VirtualClock(NINE)
        self.open = ExitStack()
        folder = Path(self.open.enter_context(tempfile.TemporaryDirectory()))
        self.stores = [self.open.enter_context(opened(request, name, folder, self.clock)) for name in ("memory", other)]
        self.last: dict[str, Change] = {}
        self.messages = 0

    def teardown(self) -> None:
        self.open.close()

    def all_do(self, what: Callable[[SharedStore], Any]) -> Any:
        """The one outcome that both stores have: an answer, or the kind of the exception."""
        expected, outcome = (_outcome(what, store) for store in self.stores)
        assert outcome == expected
        return expected

    # --- commits ------------------------------------------------------------------------------------------------

    @initialize(dues=st.tuples(MOMENTS, MOMENTS, MOMENTS))
    def open_some(self, dues: tuple[Any, ...]) -> None:
        for due in dues:
            self.open_one("desk", "138", due, OwnedBy("agent"), Listing(due_at=due), True)

    def open_one(self, book: str, phone: str | None, due: Any, owner: Any, listing: Listing, send: bool) -> None:
        name = f"t{len(self.last)}"
        change = opening(ticket(name, due=due, owner=owner, phone=phone), book=book, listing=listing)
        self.last[name] = change
        self.messages += send
        outbox = (message(f"m{self.messages}", deliver_at=due or NINE),) if send else ()
        self.all_do(lambda store: store.commit(Commit(changes=(change,), outbox=outbox)))

    @rule(book=BOOKS, phone=PHONES, due=MOMENTS, owner=OWNERS, listing=LISTINGS, send=st.booleans())
    def open_another(self, book: str, phone: str | None, due: Any, owner: Any, listing: Listing, send: bool) -> None:
        self.open_one(book, phone, due, owner, listing, send)

    @rule(pick=PICK, state=st.sampled_from(("received", "waiting")), phone=PHONES, due=MOMENTS, listing=LISTINGS)
    def change_one(self, pick: int, state: str, phone: str | None, due: Any, listing: Listing) -> None:
        before = self._picked(pick)
        change = step(before.ticket, book=before.book, listing=listing, due=due, state=state, fields={"phone": phone})
        self.last[change.ticket.id] = change
        self.all_do(lambda store: store.commit(Commit(changes=(change,))))

    @rule(pick=PICK, fresh=PICK)
    def change_one_that_moved_on(self, pick: int, fresh: int) -> None:
        stale, other = self._picked(pick), self._picked(fresh)
        changes = (step(other.ticket, book=other.book), opening(stale.ticket, book=stale.book))
        assert self.all_do(lambda store: store.commit(Commit(changes=changes))) == "ConflictError"

    @rule(key=st.sampled_from(("k1", "k2", "k3")), number=st.integers(1, 5), series=st.sampled_from(("C", "D")))
    def keep_an_answer_and_a_number(self, key: str, number: int, series: str) -> None:
        commit = Commit(answers={key: answered()}, numbers={f"desk/{series}": number}, audit=(refused(key),))
        self.all_do(lambda store: store.commit(commit))

    @rule(book=BOOKS, at=MOMENTS, next_at=MOMENTS)
    def come_on(self, book: str, at: Any, next_at: Any) -> None:
        turn = Turn(book=book, name="nightly", at=at, next_at=next_at)
        self.all_do(lambda store: store.commit(Commit(turns=(turn,))))

    def _picked(self, pick: int) -> Change:
        return list(self.last.values())[pick % len(self.last)]

    # --- workers ------------------------------------------------------------------------------------------------

    @rule(minutes=st.integers(1, 15))
    def wait(self, minutes: int) -> None:
        self.clock.move_to(self.clock.now() + timedelta(minutes=minutes))

    @rule(before=st.integers(-1, 5), limit=st.integers(1, 3))
    def claim_due(self, before: int, limit: int) -> None:
        self.all_do(lambda store: store.claim_due(hours(before), limit=limit, lease=LEASE))

    @rule(now=st.integers(-1, 5), limit=st.integers(1, 3), status=STATUSES, later=MOMENTS)
    def work_on_messages(self, now: int, limit: int, status: Status | None, later: Any) -> None:
        """Claim some messages; a worker that is killed (no status) says nothing more of them."""
        given = self.all_do(lambda store: store.claim_messages(hours(now), limit=limit, lease=LEASE))
        settled = [
            Delivery(
                id=claimed.outgoing.id,
                status=status,
                attempts=claimed.attempts + 1,
                at=self.clock.now(),
                try_at=later if status == "waiting" else None,
                taken_by=(*claimed.taken_by, "log"),
            )
            for claimed in given
            if status is not None
        ]
        self.all_do(lambda store: store.settle(settled))

    @rule(number=st.none() | st.integers(1, 5))
    def retry(self, number: int | None) -> None:
        ids = None if number is None else [f"m{each}" for each in range(number)]
        self.all_do(lambda store: store.retry_messages(ids, self.clock.now()))

    @rule(hour=st.integers(0, 2))
    def forget(self, hour: int) -> None:
        self.all_do(lambda store: store.forget_messages(hours(hour)))

    # --- rulebooks and questions --------------------------------------------------------------------------------

    @rule(book=BOOKS, version=st.integers(1, 2), words=st.sampled_from((b"a", b"b")), filed=st.booleans())
    def publish(self, book: str, version: int, words: bytes, filed: bool) -> None:
        fields = {"complaint": frozenset({"phone"} if filed else ())}
        self.all_do(lambda store: store.publish(book, f"{book}{version}", words, self.clock.now(), filed=fields))

    @rule(
        order=st.sampled_from(("due", "opened", "newest")),
        book=st.none() | BOOKS,
        closed=st.none() | st.booleans(),
        fields=st.sampled_from(({}, {"phone": "138"})),
        text=st.sampled_from((None, "lamp", "女")),
        limit=st.integers(1, 4),
    )
    def turn_the_pages(self, order: Any, book: Any, closed: Any, fields: Any, text: Any, limit: int) -> None:
        query = Query(order=order, book=book, closed=closed, fields=fields, text=text)
        self.all_do(lambda store: _pages(store, query, limit))

    @rule(book=BOOKS, phone=PHONES, states=st.sampled_from((None, frozenset(("received",)), frozenset[str]())))
    def select(self, book: str, phone: str | None, states: frozenset[str] | None) -> None:
        same = {"phone": phone}
        self.all_do(lambda store: store.select(book, "complaint", states, same))
        self.all_do(lambda store: store.lookalikes(book, "complaint", same))

    @invariant()
    def all_hold_the_same(self) -> None:
        self.all_do(everything)


def _outcome(what: Callable[[SharedStore], Any], store: SharedStore) -> Any:
    try:
        return what(store)
    except DutyflowError as error:
        return type(error).__name__


def _pages(store: SharedStore, query: Query, limit: int) -> list[Any]:
    page = store.find(query, limit=limit)
    pages = [page.rows]
    while page.cursor is not None:
        page = store.find(query, limit=limit, after=page.cursor)
        pages.append(page.rows)
    return pages


@pytest.mark.parametrize(("other", "examples"), [("sqlite", 30), ("postgres", 8)])
def test_a_database_does_what_the_store_in_memory_does(
    request: pytest.FixtureRequest, other: str, examples: int
) -> None:
    plan = settings(max_examples=examples, stateful_step_count=40)
    run_state_machine_as_test(lambda: Stores(request, other), settings=plan)
