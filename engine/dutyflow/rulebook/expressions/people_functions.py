"""The functions that ask about people: their skills, whether they are on duty, and how much work they have."""

import math

from dutyflow.rulebook.expressions.function import Function
from dutyflow.rulebook.expressions.nodes import Evaluate
from dutyflow.rulebook.types import Scope


def _make_skill(person: Evaluate, name: Evaluate) -> Evaluate:
    def run(scope: Scope) -> int:
        who, what = person(scope), name(scope)
        return 0 if who is None or what is None else scope.skill_of(who, what)

    return run


def _make_on_duty(person: Evaluate) -> Evaluate:
    def run(scope: Scope) -> bool:
        who = person(scope)
        return who is not None and scope.on_duty(who)

    return run


def _make_open_load(person: Evaluate, field: str) -> Evaluate:
    def run(scope: Scope) -> int | None:
        who = person(scope)
        return None if who is None else scope.open_load(who, field)

    return run


def _make_least_loaded(role: str, field: str, skill: Evaluate | None = None, level: Evaluate | None = None) -> Evaluate:
    """Nobody fits a demand that is missing: work that needs an unknown skill must not go to just anyone."""

    def run(scope: Scope) -> str | None:
        what = skill(scope) if skill else None
        least = level(scope) if level else None
        if (skill and what is None) or (level and least is None):
            return None
        return scope.least_loaded(role, field, what, None if least is None else math.ceil(least))

    return run


PEOPLE_FUNCTIONS: tuple[Function, ...] = (
    Function(
        name="skill",
        parameters=("person", "text"),
        required=2,
        result="number",
        zh="该人员某项技能的等级, 没有则为 0",
        en="The level of a person's skill; 0 for none",
        make=_make_skill,
    ),
    Function(
        name="on_duty",
        parameters=("person",),
        required=1,
        result="boolean",
        zh="该人员此刻是否在岗",
        en="Whether the person is on duty now",
        make=_make_on_duty,
    ),
    Function(
        name="open_load",
        parameters=("person", "person_field"),
        required=2,
        result="number",
        zh="本流程有几张未办结的工单在该字段填了此人",
        en="How many open tickets of this workflow name the person in that field",
        make=_make_open_load,
    ),
    Function(
        name="least_loaded",
        parameters=("role", "person_field", "text", "number"),
        required=2,
        result="person",
        zh="该岗位中在岗、技能(可选)达到等级(可选)且手头工单最少的人: 相同则技能高者先, 再按编号",
        en="Who of a role is on duty, has the skill (at that level) and the fewest tickets in that field; "
        "then the highest skill, then the lowest id",
        make=_make_least_loaded,
    ),
)
