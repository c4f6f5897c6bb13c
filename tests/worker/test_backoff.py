"""Waits grow, stay below their limit, and are never all the same."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from dutyflow.worker.backoff import Backoff

FIRST, LONGEST = timedelta(seconds=5), timedelta(hours=1)
BACKOFF = Backoff(FIRST, LONGEST)
FAILURES = st.integers(1, 10_000)
CHANCE = st.floats(0, 1)
ASKED = st.none() | st.timedeltas(timedelta(), timedelta(days=1))


def test_the_longest_wait_doubles_from_the_first_to_the_limit() -> None:
    seconds = [int(BACKOFF.most(failures).total_seconds()) for failures in range(1, 13)]
    assert seconds == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]


@given(failures=FAILURES, chance=CHANCE)
def test_a_wait_is_never_longer_than_its_limit(failures: int, chance: float) -> None:
    assert timedelta() <= BACKOFF.wait(failures, chance) <= BACKOFF.most(failures) <= LONGEST


@given(failures=FAILURES, chance=CHANCE)
def test_another_failure_never_shortens_the_wait(failures: int, chance: float) -> None:
    assert BACKOFF.wait(failures, chance) <= BACKOFF.wait(failures + 1, chance)


@given(failures=FAILURES, one=CHANCE, other=CHANCE)
def test_chance_spreads_the_waits_over_the_whole_time(failures: int, one: float, other: float) -> None:
    waits = BACKOFF.wait(failures, one), BACKOFF.wait(failures, other)
    assert (one <= other) or waits[1] <= waits[0]
    assert BACKOFF.wait(failures, 0) == timedelta()
    assert BACKOFF.wait(failures, 1) == BACKOFF.most(failures)


@given(failures=FAILURES, chance=CHANCE, asked=ASKED)
def test_nobody_is_tried_again_before_the_time_he_asked_for(
    failures: int, chance: float, asked: timedelta | None
) -> None:
    wait = BACKOFF.wait(failures, chance, at_least=asked)
    assert wait >= (asked or timedelta())
    assert wait in (asked, BACKOFF.wait(failures, chance))
