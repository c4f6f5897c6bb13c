"""Who owns and who is told: roles resolved at the moment, with people in conflict left out (M47)."""

from typing import Any

from dutyflow.kernel.effects import Addressee
from dutyflow.kernel.rules import Recipient, State
from dutyflow.kernel.scope import Scope
from dutyflow.kernel.ticket import OwnedBy


def conflicted_persons(scope: Scope) -> frozenset[str]:
    """The persons who may neither own this ticket nor hear of its alarms (the one complained about, for instance)."""
    found: set[str] = set()
    for name in scope.rules.workflows[scope.ticket.workflow].conflict_fields:
        value = scope.values.get(name)
        found.update(map(str, value) if isinstance(value, tuple) else (str(value),) if value else ())
    return frozenset(found)


def address(recipient: Recipient, scope: Scope) -> Addressee | None:
    """The role that is told and its members on duty; None when the rulebook names nobody there."""
    owner = scope.ticket.owner
    match recipient.kind:
        case "role":
            return _role(recipient.name, scope)
        case "owner":
            return _owner(owner, scope)
        case "head_of_owner" | "superior_of_owner":
            if owner is None or owner.role is None:
                return None
            organisation = scope.rules.organisation
            find = organisation.head_of if recipient.kind == "head_of_owner" else organisation.superior_of
            role = find(owner.role)
            return _role(role, scope) if role else None
        case "field":
            return _role_or_person(scope.values.get(recipient.name), scope)


def owner_of(state: State, scope: Scope) -> OwnedBy | None:
    """Who is in charge of `state`: when everybody of the role is in conflict, the next of the chain."""
    if state.owner is None:
        return None
    chosen: Any = state.owner.choose.evaluate(scope) if state.owner.choose else None
    role = state.owner.role
    if chosen is not None and str(chosen) in scope.rules.organisation.roles:
        role = str(chosen)
    elif chosen is not None and str(chosen) not in conflicted_persons(scope):
        return OwnedBy(role, str(chosen))
    return OwnedBy(_free_role(role, scope) if role is not None else None)


def _owner(owner: OwnedBy | None, scope: Scope) -> Addressee | None:
    if owner is None or (owner.role is None and owner.member is None):
        return None
    if owner.member is None:
        return _role(str(owner.role), scope)
    if owner.member not in conflicted_persons(scope):
        return Addressee(role=owner.role or "", members=(owner.member,))
    return _role(owner.role, scope) if owner.role else None


def _role_or_person(name: Any, scope: Scope) -> Addressee | None:
    if name is None:
        return None
    if str(name) in scope.rules.organisation.roles:
        return _role(str(name), scope)
    if str(name) not in conflicted_persons(scope):
        return Addressee(role="", members=(str(name),))
    roles = sorted(scope.roles_of(str(name)))  # the next of the person's own chain is told instead
    return _role(roles[0], scope) if roles else None


def _role(role: str, scope: Scope) -> Addressee:
    free = _free_role(role, scope)
    barred = conflicted_persons(scope)
    return Addressee(role=free, members=tuple(m for m in scope.facts.members_of(free, scope.now) if m not in barred))


def _free_role(role: str, scope: Scope) -> str:
    """The role itself, or the first superior with a member who is free of conflict."""
    barred = conflicted_persons(scope)
    if not barred:
        return role
    candidate: str | None = role
    seen: set[str] = set()
    while candidate is not None and candidate not in seen:
        seen.add(candidate)
        members = scope.facts.members_of(candidate, scope.now)
        if not members or any(member not in barred for member in members):
            return candidate
        candidate = scope.rules.organisation.superior_of(candidate)
    return role
