"""Exceptions for a library used wrongly, a rulebook that does not load, and a store that failed.

A command that the rules refuse is *not* an exception: it is a denial, a value with a code. A mistake in a
rulebook is a finding; `RulebookError` only carries findings to a caller who asked for a usable rulebook.

::

    DutyflowError
    |-- RulebookError           the rulebook has errors; `findings` lists them
    |-- InputError              a file or folder could not be read at all
    |-- ResourceError           dutyflow's own schemas or workflows are missing
    |-- MisuseError             the library was called in a way that can have no answer
    |   |-- NaiveTimeError      a date-time without a time zone   (also a ValueError)
    |   |-- UnknownTicketError  no ticket has this id             (also a LookupError)
    |   |-- TimersPendingError  a command came before the timers that are due earlier
    |   `-- RunawayError        automatic transitions of a ticket never come to rest
    |-- StoreError              a store could not read or keep what it was given
    |   |-- ConflictError       somebody else changed the same ticket meanwhile; nothing was written
    |   |   `-- MustWatchError  tickets were searched that others may be changing; begin again and watch them
    |   |-- UnavailableError    the store cannot be reached, is locked, full or read-only; try again with the same key
    |   `-- SchemaError         the tables of the store are older or newer than this version of dutyflow
    |-- DeliveryError           a message could not be handed over
    `-- ForbiddenError          an engine that acts for one person was asked to act or to look as another

The first line of an error's docstring is its message when none is given.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a name for readers and type checkers; at run time this module knows nothing above it
    from dutyflow.rulebook.findings import Finding


class DutyflowError(Exception):
    """dutyflow could not do what it was asked."""

    def __init__(self, message: str | None = None) -> None:
        """Keep `message`, or the first line of the class's docstring."""
        super().__init__(message or default_message(type(self)))

    @property
    def message(self) -> str:
        """The sentence to show to a person."""
        return str(self.args[0])


class RulebookError(DutyflowError):
    """The rulebook has errors."""

    def __init__(self, findings: Iterable[Finding] = (), message: str | None = None) -> None:
        """Keep the findings in the order in which they should be read."""
        self.findings = tuple(findings)
        super().__init__(message or _summary(self.findings))


class InputError(DutyflowError):
    """A file or folder could not be read."""


class ResourceError(DutyflowError):
    """A folder that ships with dutyflow is missing: install dutyflow again."""


class MisuseError(DutyflowError):
    """The library was called in a way that can have no answer."""


class NaiveTimeError(MisuseError, ValueError):
    """A date-time without a time zone was given: attach one, such as `tzinfo=ZoneInfo("Asia/Shanghai")`."""


class UnknownTicketError(MisuseError, LookupError):
    """No ticket has this id."""


class TimersPendingError(MisuseError):
    """Timers of this ticket are due before the command: let them fire first."""


class RunawayError(MisuseError):
    """The automatic transitions of a ticket never come to rest."""

    def __init__(self, ticket: str | None = None, event: str | None = None) -> None:
        """Keep which ticket and which event ran in a circle."""
        self.ticket = ticket
        self.event = event
        told = f"Ticket {ticket}: automatic transitions run in a circle (last event: {event})."
        super().__init__(told if ticket else None)


class StoreError(DutyflowError):
    """The store could not read or keep what it was given."""


class ConflictError(StoreError):
    """Another process changed the same ticket meanwhile; nothing was written."""


class MustWatchError(ConflictError):
    """Tickets were searched that others may be changing at this moment: begin again and watch their workflows."""

    def __init__(self, message: str | None = None, watched: Iterable[tuple[str, str]] = ()) -> None:
        """Keep the workflows (rulebook, workflow) in which tickets were searched."""
        self.watched = frozenset(watched)
        super().__init__(message)


class UnavailableError(StoreError):
    """The store cannot be used at the moment: try the same command again with its key."""


class SchemaError(StoreError):
    """The tables of the store do not fit this version: run `dutyflow db upgrade`."""


class DeliveryError(DutyflowError):
    """A message could not be handed over."""

    def __init__(
        self, message: str | None = None, *, final: bool = False, retry_after: timedelta | None = None
    ) -> None:
        """`final`: trying again will not help; `retry_after`: how long the receiver asks to be left alone."""
        self.final = final
        self.retry_after = retry_after
        super().__init__(message)


class ForbiddenError(DutyflowError):
    """This engine acts for one person and cannot act for another."""


def default_message(error: type[BaseException]) -> str:
    """Return the first line of an exception class's docstring, which is its default message."""
    lines = (error.__doc__ or error.__name__).strip().splitlines()
    return lines[0]


def _summary(findings: tuple[Finding, ...]) -> str | None:
    """Say how many findings there are and under which codes, or nothing when there are none."""
    if not findings:
        return None
    codes = ", ".join(sorted({finding.code for finding in findings}))
    noun = "finding" if len(findings) == 1 else "findings"
    return f"The rulebook has errors: {len(findings)} {noun} ({codes})."
