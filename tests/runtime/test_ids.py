"""Ids are short, sort by time and never come twice."""

from datetime import timedelta

from tests.kernel.builders import at

from dutyflow.runtime.ids import is_derived, new_id

NOW = at("03-02 09:00")


def test_ids_of_the_same_second_differ() -> None:
    assert len({new_id(NOW) for _ in range(10_000)}) == 10_000


def test_ids_sort_in_the_order_of_opening() -> None:
    ids = [new_id(NOW + timedelta(seconds=step)) for step in (0, 1, 40, 3600, 86_400 * 400, 86_400 * 365 * 900)]
    assert sorted(ids) == ids
    assert {len(one) for one in ids} == {15}


def test_an_id_has_no_letters_that_are_misread() -> None:
    assert not set("".join(new_id(NOW) for _ in range(500))) & set("ilouILOU")


def test_a_machine_whose_clock_stands_long_ago_still_gets_ids() -> None:
    assert new_id(at("1970-01-01 09:00")).startswith("0000000-")


def test_ids_that_follow_from_others_are_recognised() -> None:
    assert all(map(is_derived, ("c-1.1", "c-1.1.12", "desk:daily@2026-03-02", "desk:daily@2026-03-02.A1")))
    assert not any(map(is_derived, (new_id(NOW), "c-1", "2026.03.case", "ann@example.com", "1.2-3")))
