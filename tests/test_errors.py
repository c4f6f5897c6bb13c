"""Exceptions say something useful without being told what to say."""

import inspect
from types import SimpleNamespace

import pytest

from dutyflow import errors
from dutyflow.errors import DutyflowError, RulebookError

TREE = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, DutyflowError)]


@pytest.mark.parametrize("kind", TREE)
def test_the_docstring_is_the_default_message(kind: type[DutyflowError]) -> None:
    assert kind().message == (kind.__doc__ or "").splitlines()[0]


@pytest.mark.parametrize("kind", TREE)
def test_the_tree_in_the_module_docstring_draws_every_exception(kind: type[DutyflowError]) -> None:
    assert f" {kind.__name__} " in (errors.__doc__ or "").replace("\n", " \n ")


def test_a_given_message_wins() -> None:
    assert str(errors.StoreError("the disk is full")) == "the disk is full"


def test_a_rulebook_error_counts_its_findings_and_names_their_codes_once() -> None:
    findings = [SimpleNamespace(code=code) for code in ("DF203", "DF201", "DF203")]
    error = RulebookError(findings)
    assert error.findings == tuple(findings)
    assert error.message == "The rulebook has errors: 3 findings (DF201, DF203)."


def test_misuse_can_be_caught_as_what_python_programmers_expect() -> None:
    assert issubclass(errors.NaiveTimeError, ValueError)
    assert issubclass(errors.UnknownTicketError, LookupError)
