"""Types have names that people understand, in both languages."""

from __future__ import annotations

import pytest

from dutyflow.rulebook import types
from dutyflow.rulebook.types import DATE, MONEY, TEXT, Type, list_of

ALL_TYPES = [value for value in vars(types).values() if isinstance(value, Type)]


@pytest.mark.parametrize("kind", ALL_TYPES, ids=str)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_type_has_a_name_of_its_own(kind: Type, lang: str) -> None:
    titles = [other.title(lang) for other in ALL_TYPES]
    assert titles.count(kind.title(lang)) == 1


def test_the_name_of_a_list_says_what_is_in_it() -> None:
    assert list_of(DATE).title("en") == "a list (each item a date)"
    assert list_of(DATE).title("zh") == "列表（每项为日期）"


def test_only_what_can_be_less_or_greater_is_ordered() -> None:
    assert MONEY.is_ordered and MONEY.is_numeric and DATE.is_ordered
    assert not TEXT.is_ordered and not list_of(MONEY).is_numeric
