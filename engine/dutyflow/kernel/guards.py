"""The checks an event may carry, each made once at load and probed on every command."""

from collections.abc import Callable
from typing import Any

import msgspec

from dutyflow.kernel.quiet_hours import QuietHours
from dutyflow.kernel.rules import Expression, Refusal, Title
from dutyflow.kernel.scope import Scope

Probe = Callable[[Scope], Refusal | None]


class Requirement(msgspec.Struct, frozen=True, kw_only=True):
    """Evidence that an event needs: any one of `fields`; `fresh` means given with this very command."""

    fields: tuple[str, ...]
    fresh: bool = False
    when: Expression | None = None


def evidence(requirements: tuple[Requirement, ...]) -> Probe:
    """Refuses with the names of what is missing. What was given once is not asked again, unless it must be fresh."""
    plain = tuple(r.fields[0] for r in requirements if len(r.fields) == 1 and not r.fresh and r.when is None)
    special = tuple(r for r in requirements if len(r.fields) > 1 or r.fresh or r.when is not None)

    def probe(scope: Scope) -> Refusal | None:
        values = scope.values
        missing = [name for name in plain if is_blank(values.get(name))] if plain else []
        if special:
            missing += [" | ".join(r.fields) for r in special if not _is_met(r, scope)]
        return Refusal(values={"missing": tuple(missing)}) if missing else None

    return probe


def _is_met(requirement: Requirement, scope: Scope) -> bool:
    if requirement.when is not None and not requirement.when.evaluate(scope):
        return True
    values = scope.given if requirement.fresh else scope.values
    return any(not is_blank(values.get(name)) for name in requirement.fields)


def is_blank(value: Any) -> bool:
    """Whether a value counts as not given: missing, empty text, empty list. Zero and false are values."""
    return value is None or value in ("", ())


def must_hold(
    expression: Expression,
    say: Title | None = None,
    *,
    bound: Expression | None = None,
    required: frozenset[str] = frozenset(),
) -> Probe:
    """Refuses when the expression is not true; `bound` is the limit to tell the person, if the rule has one.

    While a field that it reads is `required` and missing there is nothing to judge: the evidence check says so.
    """
    awaited = tuple(sorted(expression.reads & required))

    def probe(scope: Scope) -> Refusal | None:
        if expression.evaluate(scope):
            return None
        if awaited and any(is_blank(scope.values.get(name)) for name in awaited):
            return None
        values: dict[str, Any] = {"rule": expression.text}
        if bound is not None:
            values["bound"] = bound.evaluate(scope)
        return Refusal(values=values, say=say)

    return probe


def not_same_person(fields: tuple[str, ...], when: Expression | None) -> Probe:
    """Role separation: refuses the persons that these fields name (M46)."""

    def probe(scope: Scope) -> Refusal | None:
        if when is not None and not when.evaluate(scope):
            return None
        return _refuse_person(fields, scope)

    return probe


def no_conflict(fields: tuple[str, ...]) -> Probe:
    """Conflict of interest: refuses the persons that these fields name (M47)."""

    def probe(scope: Scope) -> Refusal | None:
        return _refuse_person(fields, scope)

    return probe


def _refuse_person(fields: tuple[str, ...], scope: Scope) -> Refusal | None:
    for name in fields:
        value = scope.values.get(name)
        if value is not None and (scope.actor in value if isinstance(value, tuple) else scope.actor == value):
            return Refusal(values={"person": scope.actor, "field": name})
    return None


def outside_quiet_hours(quiet_hours: QuietHours, agreed: Expression | None) -> Probe:
    """Refuses contact in quiet hours, unless the customer agreed to about this time (M30)."""

    def probe(scope: Scope) -> Refusal | None:
        agreed_at = agreed.evaluate(scope) if agreed is not None else None
        if not quiet_hours.is_quiet(scope.now, agreed_at):
            return None
        return Refusal(values={"until": quiet_hours.next_contact(scope.now)})

    return probe


def reason_given(scope: Scope) -> Refusal | None:
    """Refuses a command without a reason."""
    return None if scope.reason and scope.reason.strip() else Refusal()
