"""Answers one command on a work: what goes through, or the refusal and what it leaves behind."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import msgspec

from dutyflow.errors import MisuseError, NaiveTimeError, UnknownTicketError
from dutyflow.kernel.commands import Open, Request
from dutyflow.kernel.denials import Denial
from dutyflow.kernel.effects import Resubmit
from dutyflow.kernel.encoding import canonical
from dutyflow.kernel.rules import Rules
from dutyflow.ports.records import Answer, BatchAnswer, KeptAnswer
from dutyflow.runtime.step import Step, Versions, asked, fire_instead
from dutyflow.runtime.work import Work

COMMAND_BYTES_MAX = 1024 * 1024
"""What a command may bring, written down: many times the longest text, and far from what fills a disk."""

YEAR_MIN, YEAR_MAX = 1900, 2199


def answer(versions: Versions, rules: Rules, work: Work, command: Request, target: str, at: datetime) -> Answer:
    """Let a command go through or be refused; `work` then holds what is to be written.

    `rules` is the version under which a ticket is opened. Raises `UnknownTicketError` and `MisuseError`.
    """
    known = work.load(target)
    if known is None and not isinstance(command, Open):
        raise UnknownTicketError(f"No ticket has the id {target!r}.")
    workflow = known.workflow if known is not None else command.workflow if isinstance(command, Open) else ""
    step = Step(versions, rules, work.fork())
    denial = step.perform(target, command, at)
    if denial is None:
        step.work.note(asked(command, step.reached, at, None, workflow=workflow))
        work.join(step.work)
        return Answer(ticket=step.reached, happened=tuple(step.work.happened))
    ticket = known.id if known is not None else None
    refusal = work.fork()
    refusal.note(asked(command, ticket, at, denial, workflow=workflow))
    if denial.follow is not None:
        _follow(versions, rules, refusal, denial.follow, at)
    work.join(refusal)
    return Answer(ticket=ticket, happened=tuple(refusal.happened), denial=denial)


def _follow(versions: Versions, rules: Rules, work: Work, effect: Resubmit, at: datetime) -> None:
    """The entry that a refused duplicate leaves on the other ticket; it falls away where that refuses it."""
    other = work.load(effect.ticket)
    assert other is not None, "a duplicate is a duplicate of something"
    step = Step(versions, rules, work.fork())
    denial: Denial | None = step.perform_there(effect.ticket, fire_instead(effect), at)
    if denial is None:
        work.join(step.work)
    else:
        work.note(asked(fire_instead(effect), effect.ticket, at, denial, workflow=other.workflow))


def kept_answer(work: Work, key: str | None, fingerprint: str) -> Answer | BatchAnswer | None:
    """What was answered under a key already; `MisuseError` if that was to another command."""
    kept: KeptAnswer | None = work.answer(key) if key is not None else None
    if kept is None:
        return None
    if kept.fingerprint != fingerprint:
        raise MisuseError(f"The key {key!r} belongs to another command.")
    return kept.answer


def fingerprint(command: Request, ticket: str | None) -> str:
    """What makes two commands the same, the actor included; an id that was proposed for a new ticket does not count.

    Raises `MisuseError` where the values of a command are too much, or cannot be written down.
    """
    same = msgspec.structs.replace(command, ticket="") if isinstance(command, Open) else command
    return fingerprint_of((type(command).__name__, same, ticket), COMMAND_BYTES_MAX)


def fingerprint_of(values: object, bytes_max: int) -> str:
    """The hash of what can be written down in so many bytes; else `MisuseError`."""
    try:
        body = canonical(values)
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
        raise MisuseError(f"A command carries a value that no field can hold ({type(error).__name__}).") from error
    if len(body) > bytes_max:
        raise MisuseError(f"A command carries {len(body)} bytes of data; there may be {bytes_max}.")
    return hashlib.sha256(body).hexdigest()


def in_utc(at: datetime) -> datetime:
    """The moment in UTC; `NaiveTimeError` without a zone, `MisuseError` for one that not every zone can show."""
    if at.tzinfo is None:
        raise NaiveTimeError
    if not YEAR_MIN <= at.year <= YEAR_MAX:
        raise MisuseError(f"A moment lies between the years {YEAR_MIN} and {YEAR_MAX}, not in {at.year}.")
    return at.astimezone(UTC)


def target_of(command: Request, ticket: str | None) -> str:
    """The ticket that a command is for: `Open` brings its own id."""
    target = command.ticket if isinstance(command, Open) else ticket
    if not target:
        raise MisuseError("Say which ticket the command is for.")
    return target
