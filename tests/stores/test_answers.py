"""Answers are kept under their keys with all that happened, and the audit trail with all that was asked."""

from datetime import date
from decimal import Decimal

import pytest
from tests.stores.builders import NINE, advance, answered, hours, opening, put, refused, step, ticket

from dutyflow.errors import ConflictError
from dutyflow.kernel.denials import Denial
from dutyflow.kernel.effects import Resubmit
from dutyflow.ports.records import Answer, Asked, BadRow, BatchAnswer, Commit, Happening, KeptAnswer
from dutyflow.ports.store import SharedStore, TicketStore

DENIAL = Denial(
    code="duplicate",
    event="open",
    state="received",
    values={"since": date(2026, 3, 1), "amount": Decimal("1.50"), "ids": ("a", "b"), "none": None},
    say={"en": "There is one.", "zh": "已经有了。"},
    source="lifecycle.yaml:7",
    follow=Resubmit(ticket="a", event="note", actor="A1", data={"on": date(2026, 3, 2)}, reason="again"),
)


def test_an_answer_is_kept_under_its_key_once(ticket_store: TicketStore) -> None:
    ticket_store.commit(Commit(answers={"k": answered()}))
    assert ticket_store.answer("k") == answered() and ticket_store.answer("other") is None
    with pytest.raises(ConflictError):
        ticket_store.commit(Commit(answers={"k": answered("b")}))
    assert ticket_store.answer("k") == answered()


def test_an_answer_brings_back_what_happened_to_several_tickets(store: SharedStore) -> None:
    first, other = opening(ticket("a", on=date(2026, 3, 2))), opening(ticket("b"))
    second, third = step(first.ticket, text="two"), step(other.ticket, text="three")
    put(store, first, other)
    asked = refused("b", latest=date(2026, 3, 5))
    happened = (
        Happening("a", second.events[0], 2),
        Happening("b", asked),
        Happening("b", third.events[0], 2),
    )
    kept = KeptAnswer("print", Answer(ticket="a", happened=happened))
    store.commit(Commit(changes=(second, third), answers={"k": kept}))
    advance(store, "a", text="later, and not part of the answer")
    assert store.answer("k") == kept


def test_events_of_two_tickets_come_back_in_the_order_in_which_they_happened(store: SharedStore) -> None:
    a1, b1 = opening(ticket("a")), opening(ticket("b"))
    a2, b2 = step(a1.ticket, text="a2"), step(b1.ticket, text="b2")
    put(store, a1, b1)
    put(store, a2, b2)
    happened = tuple(
        Happening(name, change.events[0], seq)
        for name, change, seq in (("a", a1, 1), ("b", b1, 1), ("b", b2, 2), ("a", a2, 2))
    )
    kept = KeptAnswer("print", Answer(ticket="a", happened=happened))
    store.commit(Commit(answers={"k": kept}))
    assert store.answer("k") == kept


def test_a_refusal_comes_back_with_its_reasons(store: SharedStore) -> None:
    asked = Asked(at=NINE, ticket=None, workflow="complaint", actor="A1", event="open", reason="为什么", denial=DENIAL)
    kept = KeptAnswer("print", Answer(ticket=None, happened=(Happening(None, asked),), denial=DENIAL))
    store.commit(Commit(answers={"k": kept}, audit=(asked,)))
    assert store.answer("k") == kept
    assert list(store.audit()) == [asked]


def test_the_answer_to_a_batch_comes_back(store: SharedStore) -> None:
    changes = [opening(ticket(name)) for name in ("a", "b", "c")]
    happened = tuple(Happening(change.ticket.id, change.events[0], 1) for change in changes)
    kept = KeptAnswer("print", BatchAnswer(tickets=("a", "b", "c"), happened=happened))
    store.commit(Commit(changes=tuple(changes), answers={"k": kept}))
    assert store.answer("k") == kept


def test_the_bad_rows_of_a_batch_come_back(store: SharedStore) -> None:
    bad = (
        BadRow(number=2, key="", why="missing_key"),
        BadRow(number=3, key="r1", why="repeated_key", first=1),
        BadRow(number=4, key="r4", why="duplicate", denial=DENIAL),
    )
    kept = KeptAnswer("print", BatchAnswer(bad=bad))
    store.commit(Commit(answers={"k": kept}))
    assert store.answer("k") == kept


def test_what_was_asked_is_kept_in_order_and_by_ticket(store: SharedStore) -> None:
    accepted = Asked(at=hours(1), ticket="b", workflow="complaint", actor="A1", event="close", reason="done")
    store.commit(Commit(audit=(refused("a"), accepted)))
    store.commit(Commit(audit=(refused(None), refused("a", latest=date(2026, 3, 5)))))
    assert list(store.audit()) == [refused("a"), accepted, refused(None), refused("a", latest=date(2026, 3, 5))]
    assert store.asked("a") == (refused("a"), refused("a", latest=date(2026, 3, 5)))
    assert store.asked("b") == (accepted,) and store.asked("c") == ()
