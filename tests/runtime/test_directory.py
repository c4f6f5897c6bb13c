"""Who holds which role, and who is on duty."""

from tests.kernel.builders import OFFICE, at, member
from tests.kernel.samples import RULES

from dutyflow.kernel.rules import Absence
from dutyflow.runtime.directory import RulebookDirectory

MONDAY = at("03-02 10:00")
AWAY = member("A3", "agent", leave=(Absence(at("03-02 00:00"), at("03-03 00:00")),))
SHIFT = member("A4", "agent", shift=OFFICE)


def test_a_member_holds_roles_an_external_role_acts_as_itself_and_a_stranger_has_none() -> None:
    directory = RulebookDirectory(RULES.organisation)
    assert directory.roles_of("S1", MONDAY) == {"supervisor"}
    assert directory.roles_of("customer", MONDAY) == {"customer"}
    assert directory.roles_of("system", MONDAY) == {"system"}
    assert directory.roles_of("agent", MONDAY) == frozenset()
    assert directory.roles_of("nobody", MONDAY) == frozenset()


def test_who_is_on_leave_or_off_shift_is_not_on_duty_but_keeps_the_role() -> None:
    directory = RulebookDirectory(RULES.organisation, [SHIFT, AWAY])
    assert directory.members_of("agent", MONDAY) == ("A1", "A2", "A4")
    assert directory.members_of("agent", at("03-02 20:00")) == ("A1", "A2")
    assert directory.members_of("agent", at("03-03 10:00")) == ("A1", "A2", "A3", "A4")
    assert directory.roles_of("A3", MONDAY) == {"agent"}


def test_an_extra_member_replaces_one_of_the_same_id() -> None:
    directory = RulebookDirectory(RULES.organisation, [member("A1", "manager")])
    assert directory.roles_of("A1", MONDAY) == {"manager"}
    assert directory.members_of("agent", MONDAY) == ("A2",)
