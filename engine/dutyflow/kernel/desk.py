"""What is done to a ticket beside its events: its data corrected, something noted down, its owner named."""

from typing import Any

from dutyflow.kernel import events as ev
from dutyflow.kernel.admission import OWNER, accepted, is_person, offered, role_denied
from dutyflow.kernel.clockwork import look_again
from dutyflow.kernel.commands import Amend, Assign, Comment, name_of
from dutyflow.kernel.denials import Denial
from dutyflow.kernel.draft import Draft
from dutyflow.kernel.guards import no_conflict, reason_given
from dutyflow.kernel.rules import Permission, Workflow
from dutyflow.kernel.step import go_by_condition, pending_events, scope_for
from dutyflow.kernel.ticket import OwnedBy

TEXT_MAX = 10_000
"""Characters in a comment."""

_NOTHING_DECLARED = Permission()


def attend(draft: Draft, request: Amend | Comment | Assign) -> Denial | None:
    """Do what is asked and everything that follows from it by itself."""
    name = name_of(request)
    permission = _permission(draft, name)
    allowed = permission.by or _usual(draft, name)
    denial = role_denied(draft, allowed, name, request.actor, source=permission.source)
    if denial is not None:
        return denial
    match request:
        case Amend():
            return _amend(draft, request)
        case Comment():
            return _comment(draft, request)
        case Assign():
            return _assign(draft, request)


def amendable(workflow: Workflow) -> frozenset[str]:
    """The fields that may be corrected: those that are declared, else those that people give with some event.

    What only `set` writes (who judged first, how often it was contested) is out of reach unless it is declared:
    role separation rests on it.
    """
    declared = workflow.permissions.get("amend")
    if declared is not None:
        return declared.fields
    return frozenset().union(*(rule.accepts for rule in workflow.rules))


def _permission(draft: Draft, name: str) -> Permission:
    return draft.workflow.permissions.get(name, _NOTHING_DECLARED)


def _usual(draft: Draft, name: str) -> frozenset[str]:
    """Who may, where the rulebook says nothing. When the ticket is over nobody owns it: then the state refuses."""
    organisation, owner = draft.rules.organisation, draft.ticket.owner
    if name == "comment" or _is_over(draft):
        return frozenset(organisation.roles)
    role = owner.role if owner is not None else None
    above = (organisation.superior_of(role), organisation.head_of(role)) if role is not None else ()
    return frozenset({OWNER, *(found for found in above if found is not None)})


def _is_over(draft: Draft) -> bool:
    return draft.workflow.states[draft.ticket.state].final


def _denied(draft: Draft, name: str, code: str, **values: Any) -> Denial:
    source = _permission(draft, name).source
    return Denial(code=code, event=name, state=draft.ticket.state, values=values, source=source)


def _state_denied(draft: Draft, name: str) -> Denial:
    return _denied(draft, name, "state", offered=(*offered(draft.workflow, draft.ticket.state), "comment"))


def _amend(draft: Draft, request: Amend) -> Denial | None:
    """A correction is one more event: clocks and automatic events see it as they see any changed field."""
    if _is_over(draft):
        return _state_denied(draft, "amend")
    before, source = draft.ticket, _permission(draft, "amend").source
    given = accepted(draft, "amend", request.data, amendable(draft.workflow), source=source)
    if isinstance(given, Denial):
        return given
    changes = {name: value for name, value in given.items() if before.fields.get(name) != value}
    if not changes:
        return _denied(draft, "amend", "input", unchanged=tuple(given))
    scope = scope_for(draft, request.actor, changes, request.reason)
    if request.reason is None or reason_given(scope) is not None:
        return _denied(draft, "amend", "reason")
    pending = pending_events(draft, scope, state=before.state)
    draft.add(ev.Amended(at=draft.now, actor=request.actor, changes=changes, reason=request.reason, pending=pending))
    look_again(draft, before)
    return go_by_condition(draft)


def _comment(draft: Draft, request: Comment) -> Denial | None:
    text: object = request.text  # whatever a caller really brought
    if not isinstance(text, str):
        return _denied(draft, "comment", "input", problem="text_expected")
    if not text.strip():
        return _denied(draft, "comment", "input", problem="blank")
    if len(text) > TEXT_MAX:
        return _denied(draft, "comment", "input", problem="too_long", limits={"max": TEXT_MAX})
    draft.add(ev.Commented(at=draft.now, actor=request.actor, text=text))
    return None


def _assign(draft: Draft, request: Assign) -> Denial | None:
    owner, member = draft.ticket.owner, request.member
    if owner is None or _is_over(draft):
        return _state_denied(draft, "assign")
    denial = _unfit(draft, owner, member)
    if denial is None:
        given_to = OwnedBy(owner.role, member)
        draft.add(ev.Assigned(at=draft.now, actor=request.actor, owner=given_to, reason=request.reason))
    return denial


def _unfit(draft: Draft, owner: OwnedBy, member: str | None) -> Denial | None:
    """Why the person cannot own the state, or why it cannot go back to a role."""
    if member is None:
        return _denied(draft, "assign", "input", no_role=True) if owner.role is None else None
    if not is_person(draft, owner.role, member):
        return _denied(draft, "assign", "input", member=member, role=owner.role or "")
    conflict = no_conflict(draft.workflow.conflict_fields)(draft.scope(member))
    return _denied(draft, "assign", "conflict", owning=True, **conflict.values) if conflict is not None else None
