"""What a function of the expression language is: its name, signature, one-line description, and how it is built."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dutyflow.errors import MisuseError
from dutyflow.rulebook.expressions.nodes import Evaluate
from dutyflow.rulebook.types import Scope

Make = Callable[..., Evaluate]

# Parameters that take the name of something declared, written bare or in quotes.
NAME_PARAMETERS = frozenset(
    {
        "calendar",
        "clock",
        "workflow",
        "role",
        "table",
        "column",
        "field",
        "set",
        "set_field",
        "other_field",
        "person_field",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function of the language.

    `parameters` are kinds of `Type`, the names of `NAME_PARAMETERS`, or: `timespan` (any duration, calendars included),
    `day` (a date, or the day of a date-time), `counted` (number or money), `signed` (counted or a duration),
    `alike` and `ordered` (all arguments of one type), `item` (an item of the list before it), `same_list` (a list with
    items of the kind before it). The last one may repeat; a `calendar` at the end that is left out is the default one.
    `result` is a kind, or `first`, `item`, `list`, `sum`, `cell`, `references`, `set_field`, `other_field`,
    `same_list`: taken from the arguments.
    """

    name: str
    parameters: tuple[str, ...]
    required: int
    result: str
    zh: str
    en: str
    make: Make
    repeats: bool = False

    @property
    def signature(self) -> str:
        """The call as the documentation writes it, such as `is_open(calendar[, datetime])`."""
        shown = [_SHOWN.get(name, name) for name in self.parameters]
        needed = ", ".join(shown[: self.required])
        more = ", ..." if self.repeats else ""
        for name in shown[self.required :]:
            more += f"[, {name}]" if needed else f"[{name}]"
        return f"{self.name}({needed}{more})"


_SHOWN: Mapping[str, str] = {
    "timespan": "duration",
    "day": "date",
    "counted": "number",
    "signed": "number",
    "alike": "value",
    "ordered": "value",
    "set_field": "field",
    "other_field": "field",
    "person_field": "field",
    "same_list": "list",
}


def strict(compute: Callable[..., Any]) -> Make:
    """A function of values: missing as soon as one argument is, or where there is no result."""

    def make(*parts: Evaluate) -> Evaluate:
        def run(scope: Scope) -> Any:
            values = [part(scope) for part in parts]
            return None if any(value is None for value in values) else guarded(compute, values)

        return run

    return make


def local(compute: Callable[..., Any]) -> Make:
    """Like `strict`, for a function that also needs the zone of the rulebook."""

    def make(*parts: Evaluate) -> Evaluate:
        def run(scope: Scope) -> Any:
            values = [part(scope) for part in parts]
            return None if any(value is None for value in values) else guarded(compute, [*values, scope.zone])

        return run

    return make


def guarded(compute: Callable[..., Any], values: list[Any]) -> Any:
    """A result beyond what dates or numbers can hold is missing, like a division by zero."""
    try:
        return compute(*values)
    except (ArithmeticError, MisuseError, ValueError):
        return None


def of_list(compute: Callable[[tuple[Any, ...]], Any]) -> Make:
    """A function of one list, where a missing list is an empty one."""

    def make(part: Evaluate) -> Evaluate:
        return lambda scope: compute(part(scope) or ())

    return make
