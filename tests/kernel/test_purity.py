"""DESIGN part 5, rule 18, and the promise under it: deciding reads its arguments, changes nothing and sends nothing."""

from __future__ import annotations

import ast
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernel.everything import everything
from tests.kernel.story import MONDAY, SHANGHAI, Story, World, minutes
from tests.kernel.walker import Walk

import dutyflow.kernel
from dutyflow.kernel.commands import Fire, Open
from dutyflow.kernel.decide import decide
from dutyflow.kernel.effects import Effect, Notice, OpenChild, Resubmit, Send, Tell, TellParent
from dutyflow.kernel.encoding import canonical
from dutyflow.kernel.ticket import Ticket

KERNEL = Path(dutyflow.kernel.__path__[0])


@given(seed=st.integers(0, 2**32))
@settings(max_examples=20)
def test_the_same_walk_in_another_process_of_thought_gives_the_same_bytes(seed: int) -> None:
    def story() -> bytes:
        walk = Walk(everything(), "job", Random(seed))
        walk.go(25)
        return canonical((walk.events, walk.ticket, [denial.code for denial in walk.denials]))

    assert story() == story()


def test_a_command_that_is_refused_or_goes_through_leaves_its_own_data_alone() -> None:
    data = {"words": "hello", "notes": ["a", "b"]}
    kept = {"words": "hello", "notes": ["a", "b"]}
    story = Story(everything())
    story.begin()
    for actor in ("A1", "nobody"):
        decide(story.rules, story.ticket, Fire(event="note", actor=actor, data=data), minutes(1), story.world)
        assert data == kept


def test_what_a_command_brought_cannot_be_changed_afterwards_through_the_callers_own_list() -> None:
    mine = ["a", "b"]
    story = Story(everything())
    story.begin()
    story.do(minutes(1), "note", notes=mine)
    mine.append("c")
    assert story.ticket.fields["notes"] == ("a", "b")


@pytest.mark.parametrize("name", ["state", "seq", "fields", "clocks"])
def test_a_ticket_cannot_be_changed_in_place(name: str) -> None:
    story = Story(everything())
    story.begin()
    with pytest.raises(AttributeError):
        setattr(story.ticket, name, None)


def test_an_older_ticket_may_be_decided_on_again_as_if_nothing_had_happened() -> None:
    story = Story(everything())
    before = story.begin()
    first = decide(story.rules, before, Fire(event="take", actor="A1"), minutes(5), story.world)
    story.do(minutes(1), "take")
    story.do(minutes(2), "again", "W1")
    assert decide(story.rules, before, Fire(event="take", actor="A1"), minutes(5), story.world) == first


def test_the_moment_may_be_given_in_any_zone() -> None:
    story = Story(everything())
    story.begin()
    shanghai = minutes(5).astimezone(SHANGHAI)
    command = Fire(event="take", actor="A1")
    one, other = (decide(story.rules, story.ticket, command, at, story.world) for at in (minutes(5), shanghai))
    assert canonical(one) == canonical(other)


def test_threads_that_share_the_rules_and_their_machine_tell_the_same_stories() -> None:
    rules = everything()

    def life(seed: int) -> bytes:
        walk = Walk(rules, "job", Random(seed))
        walk.go(15)
        return canonical((walk.events, walk.ticket))

    alone = [life(seed) for seed in range(24)]
    with ThreadPoolExecutor(max_workers=8) as pool:
        together = list(pool.map(life, range(24)))
    assert together == alone


# --- nothing can be sent ----------------------------------------------------------------------------------------

MAY_IMPORT = {
    *("bisect", "collections", "datetime", "decimal", "difflib", "functools", "hashlib", "itertools", "re", "typing"),
    *("unicodedata", "zoneinfo", "msgspec", "transitions", "dutyflow"),
    *("calendar", "dateutil"),  # days of a month, and recurrence rules
}


CLOCKS = {(owner, name) for owner in ("datetime", "date") for name in ("now", "utcnow", "today")}


@pytest.mark.parametrize("path", sorted(KERNEL.glob("*.py")), ids=lambda path: path.stem)
def test_the_kernel_imports_nothing_that_could_read_a_clock_a_file_or_the_network(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert {alias.name.split(".")[0] for alias in node.names} <= MAY_IMPORT
        elif isinstance(node, ast.ImportFrom):
            assert (node.module or "").split(".")[0] in MAY_IMPORT
        elif isinstance(node, ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            assert (owner, node.attr) not in CLOCKS


def test_what_the_kernel_wants_done_in_the_world_is_said_in_plain_records() -> None:
    story = Story(everything())
    story.begin()
    story.pass_time(minutes(100_000))
    assert {type(effect) for effect in story.effects} == {Notice}
    assert set(Effect.__args__) == {OpenChild, TellParent, Resubmit, Tell, Notice, Send}
    for kind in Effect.__args__:
        assert issubclass(kind, msgspec.Struct)
        assert not [name for name, value in vars(kind).items() if callable(value) and not name.startswith("_")]
    assert msgspec.json.encode(story.effects)


def test_opening_does_not_look_at_a_ticket_that_is_passed_by_mistake() -> None:
    story = Story(everything())
    other = story.begin()
    command = Open(ticket="new", workflow="job", event="open", actor="A1")
    answers: list[Any] = [decide(story.rules, t, command, MONDAY, World()) for t in (None, other)]
    assert answers[0] == answers[1]
    assert isinstance(answers[0].ticket, Ticket) and answers[0].ticket.id == "new"
