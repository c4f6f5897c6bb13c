"""Places and a waiting list against a plain model: never over-booked, no place lost, first come first served."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.kernel.builders import at
from tests.runtime.school import fired, opened, running

PLACES = 2
OFFER_LASTS = timedelta(hours=24)
MAJORS = ("math", "art")
HOLDING = ("offered", "booked")


class Model:
    """The tickets in opening order with major, state and since when; slow and plain, so that it is obviously right."""

    def __init__(self) -> None:
        self.now = at("03-02 09:00")
        self.tickets: dict[str, tuple[str, str]] = {}
        self.since: dict[str, object] = {}

    def of(self, major: str, *states: str) -> list[str]:
        """The tickets of a major in some states."""
        return [name for name, (theirs, state) in self.tickets.items() if theirs == major and state in states]

    def put(self, name: str, state: str) -> None:
        """Move a ticket."""
        self.tickets[name] = (self.tickets[name][0], state)
        self.since[name] = self.now

    def book(self, name: str, major: str) -> None:
        """A place if one is free, else the end of the queue."""
        free = len(self.of(major, *HOLDING)) < PLACES
        self.tickets[name] = (major, "booked" if free else "waiting")

    def leave(self, name: str) -> None:
        """Go, and let the first of the queue have the place if there is one."""
        self.put(name, "gone")
        major = self.tickets[name][0]
        queue = self.of(major, "waiting")
        if queue and len(self.of(major, *HOLDING)) < PLACES:
            self.put(queue[0], "offered")

    def wait(self, hours: int) -> None:
        """Let offers lapse, each at its own moment."""
        until = self.now + timedelta(hours=hours)
        while True:
            open_offers = [(self.since[n], n) for n, (_, state) in self.tickets.items() if state == "offered"]
            lapsing = [(since + OFFER_LASTS, name) for since, name in open_offers if since + OFFER_LASTS <= until]
            if not lapsing:
                break
            self.now, name = min(lapsing)
            self.leave(name)
        self.now = until


class Seats(RuleBasedStateMachine):
    """People book, cancel, accept and forget; the runner and the model must always agree."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.runner = running()
        self.count = 0

    @rule(major=st.sampled_from(MAJORS))
    def book(self, major: str) -> None:
        self.count += 1
        name = f"t{self.count:04}"
        assert opened(self.runner, name, "book", self.model.now, major=major).accepted
        self.model.book(name, major)

    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        living = [name for name, (_, state) in self.model.tickets.items() if state != "gone"]
        if living:
            name = data.draw(st.sampled_from(living))
            assert fired(self.runner, name, "leave", self.model.now).accepted
            self.model.leave(name)

    @rule(data=st.data())
    def take(self, data: st.DataObject) -> None:
        if self.model.tickets:
            name = data.draw(st.sampled_from(list(self.model.tickets)))
            offered = self.model.tickets[name][1] == "offered"
            assert fired(self.runner, name, "take", self.model.now).accepted is offered
            if offered:
                self.model.put(name, "booked")

    @rule()
    def push(self) -> None:
        """A signal to everybody offers no place that is not there."""
        booked = [name for name, (_, state) in self.model.tickets.items() if state != "gone"]
        if booked:
            assert fired(self.runner, booked[0], "push", self.model.now).accepted

    @rule(hours=st.sampled_from((1, 11, 24, 60)))
    def wait(self, hours: int) -> None:
        self.model.wait(hours)
        self.runner.run_due(self.model.now)

    @invariant()
    def everybody_is_where_the_model_says(self) -> None:
        found = {ticket.id: (ticket.fields["major"], ticket.state) for ticket in self.runner.tickets()}
        assert found == self.model.tickets

    @invariant()
    def no_place_is_given_twice_and_none_is_lost(self) -> None:
        for major in MAJORS:
            theirs = [ticket.state for ticket in self.runner.tickets() if ticket.fields["major"] == major]
            held = sum(state in HOLDING for state in theirs)
            assert held <= PLACES
            assert held == PLACES or "waiting" not in theirs

    @invariant()
    def numbers_have_no_gap(self) -> None:
        numbers = [ticket.fields["number"] for ticket in self.runner.tickets()]
        assert numbers == [f"S-2026-{count:03}" for count in range(1, self.count + 1)]


TestSeats = Seats.TestCase
TestSeats.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
