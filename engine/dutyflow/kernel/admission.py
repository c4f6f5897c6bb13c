"""Whether a request is let in: does the actor hold a role that may ask, do the values fit the fields that it takes."""

from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from dutyflow.kernel.denials import Denial
from dutyflow.kernel.draft import Draft
from dutyflow.kernel.rules import Workflow

OWNER = "owner"
"""In `by:`, whoever owns the present state."""

SHOWN_LENGTH_MAX = 200
"""Characters of a refused value that the refusal repeats."""

NUMBER_SHOWN_MAX = 10**18

_SINGLE = (bool, int, float, Decimal, date, time, timedelta)


def role_denied(draft: Draft, allowed: frozenset[str], event: str, actor: str, *, source: str) -> Denial | None:
    """The refusal of somebody who is none of those that may ask."""
    held = draft.facts.roles_of(actor, draft.now)
    if held & allowed or _acts_as_owner(draft, allowed, held, actor):
        return None
    values = {"actor": actor, "held": tuple(sorted(held)), "allowed": _spelled_out(draft, allowed)}
    return Denial(code="role", event=event, state=draft.ticket.state, values=values, source=source)


def _acts_as_owner(draft: Draft, allowed: frozenset[str], held: frozenset[str], actor: str) -> bool:
    owner = draft.ticket.owner
    if OWNER not in allowed or owner is None:
        return False
    return owner.member == actor if owner.member is not None else owner.role in held


def _spelled_out(draft: Draft, allowed: frozenset[str]) -> tuple[str, ...]:
    owner = draft.ticket.owner
    named = {(owner.member or owner.role or OWNER) if role == OWNER and owner else role for role in allowed}
    return tuple(sorted(named))


def offered(workflow: Workflow, state: str) -> tuple[str, ...]:
    """The events that people may ask for in a state."""
    return tuple(
        event for event, steps in workflow.steps.items() if state in steps and steps[state].trigger == "person"
    )


def accepted(
    draft: Draft, event: str, data: Mapping[str, Any], accepts: frozenset[str], *, source: str
) -> dict[str, Any] | Denial:
    """The data as they are stored, or the refusal of the first value that does not fit."""
    given: dict[str, Any] = {}
    for name, raw in data.items():
        if name not in accepts:
            values: dict[str, Any] = {"field": _shown(name), "accepts": tuple(sorted(accepts))}
            return _input_denied(draft, event, values, source)
        field = draft.workflow.fields[name]
        try:
            given[name] = value = field.accept(raw)
        except ValueError as problem:
            limits = getattr(problem, "limits", {})
            values = {"field": name, "value": _shown(raw), "problem": str(problem), "limits": limits}
            return _input_denied(draft, event, values, source)
        if field.kind == "person" and value is not None and not is_person(draft, field.role, value):
            values = {"field": name, "value": _shown(raw), "role": field.role or ""}
            return _input_denied(draft, event, values, source)
    return given


def _shown(raw: Any) -> Any:
    """What a refusal repeats of a value that it refuses: refusals are kept, and whatever was sent is not.

    A mapping could pass itself off as a typed value when the refusal is read again.
    """
    if isinstance(raw, str):
        return raw if len(raw) <= SHOWN_LENGTH_MAX else f"{raw[:SHOWN_LENGTH_MAX]}…"
    if isinstance(raw, int) and abs(raw) > NUMBER_SHOWN_MAX:
        return _shown(hex(raw))  # JSON readers take such a number for another one, or for none
    return raw if raw is None or isinstance(raw, _SINGLE) else _shown(str(raw))


def _input_denied(draft: Draft, event: str, values: Mapping[str, Any], source: str) -> Denial:
    return Denial(code="input", event=event, state=draft.ticket.state, values=values, source=source)


def is_person(draft: Draft, role: str | None, person: str) -> bool:
    """Whether somebody is known here and holds the role, if one is asked for."""
    held = draft.facts.roles_of(person, draft.now)
    return role in held if role is not None else bool(held)
