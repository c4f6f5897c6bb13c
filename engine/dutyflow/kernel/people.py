"""The people a rulebook names: departments, roles and their chain, members with skills, shifts and leave."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from dutyflow.kernel.calendars import Calendar
from dutyflow.kernel.quiet_hours import QuietHours

Title = Mapping[str, str]


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """A post. `superior` is the next role of the escalation chain; `external` roles act without a login (M19)."""

    id: str
    title: Title
    department: str | None = None
    superior: str | None = None
    external: bool = False
    quiet_hours: QuietHours | None = None


class Department(msgspec.Struct, frozen=True, kw_only=True):
    """A department and the role that leads it."""

    id: str
    title: Title
    head: str | None = None


class Absence(msgspec.Struct, frozen=True):
    """A span, half open, in which a member is not on duty."""

    start_at: datetime
    end_at: datetime


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A person who holds roles; `shift` limits the hours in which the person is on duty (none: always)."""

    id: str
    title: Title
    roles: frozenset[str]
    skills: Mapping[str, int] = {}
    shift: Calendar | None = None
    leave: tuple[Absence, ...] = ()

    def is_on_duty(self, at: datetime) -> bool:
        """Whether the person works at `at` (aware)."""
        if any(absence.start_at <= at < absence.end_at for absence in self.leave):
            return False
        return self.shift is None or self.shift.is_open(at)


class Organisation(msgspec.Struct, frozen=True, kw_only=True):
    """Departments, roles and the members the rulebook itself names (a host may bring its own directory)."""

    departments: Mapping[str, Department] = {}
    roles: Mapping[str, Role] = {}
    members: Mapping[str, Member] = {}

    def superior_of(self, role: str) -> str | None:
        """The next role of the chain, or None at its top."""
        found = self.roles.get(role)
        return found.superior if found else None

    def head_of(self, role: str) -> str | None:
        """The role that leads the department of `role`."""
        found = self.roles.get(role)
        department = self.departments.get(found.department) if found and found.department else None
        return department.head if department else None
