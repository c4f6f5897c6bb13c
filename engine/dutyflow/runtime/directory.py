"""The people of a rulebook, and those that a scenario or a host adds to them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from dutyflow.kernel.rules import SYSTEM, Member, Organisation


class RulebookDirectory:
    """A `Directory` of the members that a rulebook names. An extra member replaces one of the same id."""

    def __init__(self, organisation: Organisation, extra: Iterable[Member] = ()) -> None:
        self._external = {role.id: frozenset((role.id,)) for role in organisation.roles.values() if role.external}
        self._members = {**organisation.members, **{member.id: member for member in extra}}
        self._by_role: dict[str, list[Member]] = {}
        for member in sorted(self._members.values(), key=lambda member: member.id):
            for role in member.roles:
                self._by_role.setdefault(role, []).append(member)

    def roles_of(self, person: str, at: datetime) -> frozenset[str]:
        """The roles of a member, on duty or not; an external role acts as itself, and so does `system`."""
        member = self._members.get(person)
        if member is not None:
            return member.roles
        return frozenset((SYSTEM,)) if person == SYSTEM else self._external.get(person, frozenset())

    def skill_of(self, person: str, skill: str) -> int:
        """The level of a member's skill; 0 for none and for strangers."""
        member = self._members.get(person)
        return member.skills.get(skill, 0) if member is not None else 0

    def members_of(self, role: str, at: datetime) -> tuple[str, ...]:
        """Those who hold the role and are on duty at `at`, sorted by id."""
        return tuple(member.id for member in self._by_role.get(role, ()) if member.is_on_duty(at))
