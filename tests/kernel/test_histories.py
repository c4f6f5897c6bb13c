"""DESIGN part 5, rule 17: a history replays to its ticket for ever, and nobody can change one unseen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernel.everything import everything
from tests.kernel.walker import STARTS, Walk

from dutyflow.kernel import events as ev
from dutyflow.kernel.encoding import canonical, decode
from dutyflow.kernel.evolve import evolve, replay
from dutyflow.kernel.history import GENESIS, chain_hash, first_broken, seal
from dutyflow.kernel.ticket import Ticket

GOLDEN = Path(__file__).parents[1] / "golden" / "histories"
"""Kept histories. A change that makes one of them fail breaks tickets that are open somewhere: add a new kind of
event instead. New ones are added beside them, old ones are never edited."""

seeds = st.integers(0, 2**32)


def walked(seed: int, steps: int = 20) -> Walk:
    """A ticket after a random walk."""
    for extra in range(50):
        walk = Walk(everything(), "job", Random(seed + extra))
        walk.go(steps)
        if walk.ticket is not None:
            return walk
    raise AssertionError("no walk ever opened a ticket")


def decoded(event: ev.Event) -> ev.Event:
    """The event as it comes back from its canonical bytes."""
    return decode(canonical(event), type(event))


# --- replaying --------------------------------------------------------------------------------------------------


@given(seed=seeds)
@settings(max_examples=40)
def test_replaying_the_history_gives_the_ticket_and_equal_tickets_have_equal_bytes(seed: int) -> None:
    walk, again = walked(seed), walked(seed)
    assert replay(walk.events) == walk.ticket == again.ticket
    assert canonical(replay(walk.events)) == canonical(walk.ticket) == canonical(again.ticket)


@given(seed=seeds)
@settings(max_examples=40)
def test_a_history_read_back_from_its_bytes_gives_the_same_bytes_and_the_same_ticket(seed: int) -> None:
    walk = walked(seed)
    back = [decoded(event) for event in walk.events]
    assert back == walk.events
    assert [canonical(event) for event in back] == [canonical(event) for event in walk.events]
    assert [type(event) for event in back] == [type(event) for event in walk.events]
    assert replay(back) == walk.ticket
    assert canonical(replay(back)) == canonical(walk.ticket)


@given(seed=seeds, cut=st.floats(0, 1))
@settings(max_examples=30)
def test_a_history_may_be_replayed_in_two_parts(seed: int, cut: float) -> None:
    walk = walked(seed)
    middle = 1 + int(cut * (len(walk.events) - 1))
    ticket = replay(walk.events[:middle])
    for event in walk.events[middle:]:
        ticket = evolve(ticket, event)
    assert ticket == walk.ticket


def test_the_order_in_which_fields_were_given_leaves_no_trace_in_the_bytes() -> None:
    at = STARTS
    one = ev.Opened(at=at, ticket="t", workflow="w", rules="r", fields={"a": 1, "b": 2})
    other = ev.Opened(at=at, ticket="t", workflow="w", rules="r", fields={"b": 2, "a": 1})
    assert one == other
    assert canonical(one) == canonical(other)
    assert canonical(evolve(None, one)) == canonical(evolve(None, other))


def test_every_moment_of_a_ticket_and_its_events_is_kept_in_utc() -> None:
    for seed in range(20):
        walk = walked(seed)
        text = canonical((walk.events, walk.ticket)).decode()
        assert "+08:00" not in text


# --- the chain --------------------------------------------------------------------------------------------------


@given(seed=seeds, data=st.data())
@settings(max_examples=60)
def test_the_chain_finds_the_first_event_that_was_edited_removed_or_moved(seed: int, data: st.DataObject) -> None:
    events = walked(seed, steps=8).events
    hashes = seal(events)
    assert first_broken(events, hashes) is None
    place = data.draw(st.integers(0, len(events) - 1))
    edited = [*events]
    edited[place] = msgspec.structs.replace(events[place], at=events[place].at + timedelta(seconds=1))
    assert first_broken(edited, hashes) == place
    removed = events[:place] + events[place + 1 :]
    assert first_broken(removed, hashes) == _first_difference(removed, events)
    other = data.draw(st.integers(0, len(events) - 1))
    swapped = [*events]
    swapped[place], swapped[other] = swapped[other], swapped[place]
    if swapped != events:
        assert first_broken(swapped, hashes) == min(place, other)
    added = [*events[:place], events[place], *events[place:]]
    assert first_broken(added, hashes) == _first_difference(added, events)


def _first_difference(found: list[ev.Event], expected: list[ev.Event]) -> int:
    """Where two histories of unequal length part."""
    same = (index for index, (one, other) in enumerate(zip(found, expected, strict=False)) if one != other)
    return next(same, min(len(found), len(expected)))


def test_a_history_whose_end_is_missing_or_has_grown_is_found_out() -> None:
    events = walked(1).events
    hashes = seal(events)
    assert first_broken(events[:-1], hashes) == len(events) - 1
    assert first_broken(events, hashes[:-1]) == len(events) - 1
    assert first_broken([], hashes) == 0


def test_a_hash_stands_on_all_events_before_it() -> None:
    events = walked(1).events
    hashes = seal(events)
    assert hashes[0] == chain_hash(GENESIS, events[0])
    assert hashes[1] == chain_hash(hashes[0], events[1])
    assert seal(events[2:], hashes[1]) == hashes[2:]
    assert len(set(hashes)) == len(hashes)


# --- kept histories ---------------------------------------------------------------------------------------------


def kept(name: str) -> Mapping[str, Any]:
    """A kept history by its file name."""
    found: Mapping[str, Any] = json.loads((GOLDEN / name).read_text(encoding="utf-8"))
    return found


NAMES = sorted(path.name for path in GOLDEN.glob("*.json"))


def test_there_are_kept_histories_and_together_they_hold_every_kind_of_event() -> None:
    tags = {event["type"] for name in NAMES for event in kept(name)["events"]}
    assert tags == {kind.__struct_config__.tag for kind in ev.Event.__args__}


@pytest.mark.parametrize("name", NAMES)
def test_a_kept_history_still_replays_to_its_ticket(name: str) -> None:
    events = msgspec.convert(kept(name)["events"], tuple[ev.Event, ...])
    ticket = msgspec.convert(kept(name)["ticket"], Ticket)
    assert canonical(replay(events)) == canonical(ticket)


@pytest.mark.parametrize("name", NAMES)
def test_the_hashes_of_a_kept_history_still_hold(name: str) -> None:
    events = msgspec.convert(kept(name)["events"], tuple[ev.Event, ...])
    assert first_broken(events, kept(name)["hashes"]) is None


@pytest.mark.parametrize("name", NAMES)
def test_a_kept_history_that_somebody_touched_fails(name: str) -> None:
    document = json.dumps(kept(name)["events"]).replace('"state": "closed"', '"state": "received"')
    events = msgspec.json.decode(document, type=tuple[ev.Event, ...])
    assert first_broken(events, kept(name)["hashes"]) is not None
