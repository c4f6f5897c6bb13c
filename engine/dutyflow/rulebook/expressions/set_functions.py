"""The functions that look beyond the ticket itself: sets of tickets, and single tickets that a field refers to."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from dutyflow.rulebook.expressions.function import Function
from dutyflow.rulebook.expressions.nodes import Evaluate
from dutyflow.rulebook.types import Scope


def _of_set(compute: Callable[[Any], Any]) -> Callable[[str], Evaluate]:
    return lambda name: lambda scope: compute(scope.tickets_in(name))


def _make_sum(name: str, field: str) -> Evaluate:
    def run(scope: Scope) -> Any:
        values = [ticket.fields.get(field) for ticket in scope.tickets_in(name)]
        return sum((value for value in values if value is not None), start=0)

    return run


def _make_share(part: str, whole: str) -> Evaluate:
    def run(scope: Scope) -> Decimal | None:
        total = len(scope.tickets_in(whole))
        return Decimal(len(scope.tickets_in(part))) / total if total else None

    return run


def _make_field_of(reference: Evaluate, field: str) -> Evaluate:
    def run(scope: Scope) -> Any:
        ticket = reference(scope)
        return None if ticket is None else scope.field_of(ticket, field)

    return run


def _make_state_of(reference: Evaluate) -> Evaluate:
    def run(scope: Scope) -> str | None:
        ticket = reference(scope)
        return None if ticket is None else scope.state_of(ticket)

    return run


SET_FUNCTIONS: tuple[Function, ...] = (
    Function(
        name="size",
        parameters=("set",),
        required=1,
        result="number",
        zh="集合中有几张工单",
        en="How many tickets are in the set",
        make=_of_set(len),
    ),
    Function(
        name="list_of",
        parameters=("set",),
        required=1,
        result="references",
        zh="集合中的工单, 按开单先后",
        en="The tickets of the set, in the order in which they were opened",
        make=_of_set(lambda tickets: tuple(ticket.id for ticket in tickets)),
    ),
    Function(
        name="first_of",
        parameters=("set",),
        required=1,
        result="reference",
        zh="集合中最早的工单",
        en="The first ticket of the set",
        make=_of_set(lambda tickets: tickets[0].id if tickets else None),
    ),
    Function(
        name="sum_of",
        parameters=("set", "set_field"),
        required=2,
        result="set_field",
        zh="集合中该字段的合计",
        en="The sum of a field over the set",
        make=_make_sum,
    ),
    Function(
        name="share",
        parameters=("set", "set"),
        required=2,
        result="number",
        zh="前一个集合占后一个的比例, 0 到 1; 后一个为空则缺失",
        en="The size of the first set as a share of the second, 0 to 1; missing when the second is empty",
        make=_make_share,
    ),
    Function(
        name="field_of",
        parameters=("reference", "other_field"),
        required=2,
        result="other_field",
        zh="另一张工单的字段",
        en="A field of another ticket",
        make=_make_field_of,
    ),
    Function(
        name="state_of",
        parameters=("reference",),
        required=1,
        result="text",
        zh="另一张工单的状态",
        en="The state of another ticket",
        make=_make_state_of,
    ),
)
