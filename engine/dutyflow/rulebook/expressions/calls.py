"""Checks a call against the closed list of functions: known, right number of arguments, right types, known names."""

import ast
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from dutyflow.kernel.durations import Duration
from dutyflow.rulebook.expressions.fitting import comparable
from dutyflow.rulebook.expressions.function import NAME_PARAMETERS, Function
from dutyflow.rulebook.expressions.functions import FUNCTIONS
from dutyflow.rulebook.expressions.literals import elapsed
from dutyflow.rulebook.expressions.nodes import Call, Literal, Node, Span, ToMoney, broken
from dutyflow.rulebook.findings import closest
from dutyflow.rulebook.types import DURATION, MONEY, NONE, NUMBER, REFERENCE, UNKNOWN, Type, list_of
from dutyflow.wording import Phrase, Value

if TYPE_CHECKING:
    from dutyflow.rulebook.expressions.typing import Typer

_FAMILIES: Mapping[str, frozenset[str]] = {
    "day": frozenset({"date", "datetime"}),
    "counted": frozenset({"number", "money"}),
    "signed": frozenset({"number", "money", "duration"}),
    "ordered": frozenset({"number", "money", "date", "time", "datetime", "duration"}),
}


def type_call(typer: "Typer", node: ast.Call) -> Node:
    """The typed call, or a stand-in once a problem is reported."""
    span = typer.parsed.span(node)
    if not isinstance(node.func, ast.Name):
        return typer.report("DF222", span, found=typer.parsed.source(span))
    function = FUNCTIONS.get(node.func.id)
    name_span = typer.parsed.span(node.func)
    if function is None or name_span.start in typer.parsed.durations:
        _visit_all(typer, node)
        return _unknown_function(typer, typer.parsed.source(name_span), name_span)
    if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
        return typer.report("DF222", span, found=typer.parsed.source(span), write=function.signature)
    if not _count_fits(function, len(node.args)):
        return typer.report(
            "DF224", span, function=function.name, signature=function.signature, count=str(len(node.args))
        )
    return _Arguments(typer, function, node.args, span).call()


def _unknown_function(typer: "Typer", name: str, span: Span) -> Node:
    near = closest(name, FUNCTIONS)
    return typer.report("DF223", span, name=name, **({"suggestion": near} if near else {}))


def _visit_all(typer: "Typer", node: ast.Call) -> None:
    """Look for problems in the arguments of a function that is not known; bare names may mean anything there."""
    for argument in node.args:
        if not isinstance(argument, ast.Name | ast.Starred):
            typer.visit(argument)


def _count_fits(function: Function, count: int) -> bool:
    return count >= function.required and (function.repeats or count <= len(function.parameters))


class _Arguments:
    """The arguments of one call, checked one after the other."""

    def __init__(self, typer: "Typer", function: Function, written: list[ast.expr], span: Span) -> None:
        self.typer = typer
        self.function = function
        self.written = written
        self.span = span
        self.done: list[Node | str] = []
        self.failed = False

    def call(self) -> Node:
        parameters = self.function.parameters
        if parameters[:1] in (("alike",), ("ordered",)):
            self._alike(parameters[0])
        else:
            for index, argument in enumerate(self.written):
                self._argument(parameters[min(index, len(parameters) - 1)], argument)
            self._default_calendar()
        if self.failed:
            return broken(self.span)
        call = Call(self.span, self._result(), self.function.name, tuple(self.done))
        # The sum of an empty list and a rounded amount are plain numbers until they are made money.
        return ToMoney(self.span, MONEY, call) if call.type == MONEY else call

    def _argument(self, parameter: str, node: ast.expr) -> None:
        if parameter in NAME_PARAMETERS:
            self._declared(parameter, node)
        elif parameter == "timespan":
            self._timespan(node)
        elif parameter == "item":
            self._item(node)
        elif parameter == "list":
            self._list(node)
        elif parameter == "same_list":
            self._same_list(node)
        elif parameter in _FAMILIES:
            self._family(parameter, self.typer.visit(node))
        else:
            self._typed(self.typer.visit(node), Type(parameter))

    def _typed(self, node: Node, want: Type) -> None:
        before = len(self.typer.problems)
        node = self.typer.wanted(node, want, "DF225", function=self.function.name, signature=self.function.signature)
        self.failed |= len(self.typer.problems) > before or node.type == UNKNOWN
        self.done.append(node)

    def _wrong(self, node: Node, expected: Value) -> None:
        self.failed = True
        if node.type != UNKNOWN:
            self.typer.report(
                "DF225",
                node.span,
                function=self.function.name,
                signature=self.function.signature,
                expected=expected,
                actual=node.type.phrase,
            )

    def _family(self, family: str, node: Node) -> None:
        kinds = _FAMILIES[family]
        if node.type.kind not in kinds:
            return self._wrong(node, Phrase.of(f"types.{family}"))
        self.done.append(node)
        return None

    def _alike(self, family: str) -> None:
        nodes = [self.typer.visit(argument) for argument in self.written]
        before = len(self.typer.problems)
        kind = self.typer.common(nodes)
        typed = [self.typer.as_type(node, kind) for node in nodes]
        self.failed |= len(self.typer.problems) > before or UNKNOWN in {kind, *(node.type for node in typed)}
        for node in typed:
            if family == "alike" or self.failed:
                self.done.append(node)
            else:
                self._family(family, node)

    def _list(self, argument: ast.expr) -> None:
        node = self.typer.visit(argument)
        item = node.type.item
        if item is None and node.type != NONE:
            return self._wrong(node, Phrase.of("types.list"))
        if (
            self.function.name == "total"
            and item is not None
            and not item.is_numeric
            and item.kind not in {"none", "unknown"}
        ):
            return self._wrong(node, Phrase.of("types.list_of", item=Phrase.of("types.counted")))
        self.done.append(node)
        return None

    def _same_list(self, argument: ast.expr) -> None:
        """A list whose items can equal those of the list before it; written items of either follow the other."""
        first = self.done[0] if self.done else None
        if not isinstance(first, Node):
            return self._list(argument)
        node = self.typer.as_type(self.typer.visit(argument, first.type), first.type)
        self.done[0] = first = self.typer.as_type(first, node.type)
        if node.type.item is None and node.type != NONE:
            return self._wrong(node, Phrase.of("types.list"))
        if not comparable(first.type, node.type):
            return self._wrong(node, first.type.phrase)
        self.failed |= UNKNOWN in (first.type, node.type)
        self.done.append(node)
        return None

    def _item(self, argument: ast.expr) -> None:
        items = self.done[0].type.item if self.done and isinstance(self.done[0], Node) else None
        node = self.typer.visit(argument, items)
        if items is not None and items.kind != "none":
            return self._typed(node, items)
        self.failed |= node.type == UNKNOWN
        self.done.append(node)
        return None

    def _timespan(self, argument: ast.expr) -> None:
        """A duration of any kind if it is written out, else an elapsed one."""
        span = self.typer.parsed.span(argument)
        text = self.typer.parsed.durations.get(span.start) if isinstance(argument, ast.Name) else None
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            text = argument.value
        if text is None:
            return self._typed(self.typer.visit(argument), DURATION)
        duration = self.typer.duration(text, span)
        usable = duration is not None and self._has_calendar(duration, span)
        self.failed |= not usable
        if duration is not None and usable:
            self.done.append(Literal(span, DURATION, elapsed(duration) or duration))
        return None

    def _default_calendar(self) -> None:
        """Add the calendar that counts where the last argument may name one and does not."""
        parameters, names = self.function.parameters, self.typer.names
        if self.failed or parameters[-1:] != ("calendar",) or not self.function.required <= len(self.done):
            return
        if len(self.done) == len(parameters) - 1:
            if names.default_calendar not in names.calendars:
                self.failed = True
                return self.typer.unknown("calendar", names.default_calendar, names.calendars, self.span)
            self.done.append(names.default_calendar)
        return None

    def _has_calendar(self, duration: Duration, span: Span) -> bool:
        """Whether the calendar that counts for a duration without one exists."""
        names = self.typer.names
        if duration.is_elapsed or duration.calendar is not None or names.default_calendar in names.calendars:
            return True
        self.typer.unknown("calendar", names.default_calendar, names.calendars, span)
        return False

    def _declared(self, parameter: str, argument: ast.expr) -> None:
        """The name of something declared, bare or in quotes."""
        span = self.typer.parsed.span(argument)
        name = _written_name(argument)
        if name is None or span.start in self.typer.parsed.durations:
            return self._wrong(self.typer.visit(argument), Phrase.of(f"types.{parameter}"))
        if name not in self._known(parameter):
            self.failed = True
            return self.typer.unknown(parameter, name, frozenset(self._known(parameter)), span)
        self.done.append(name)
        return None

    def _known(self, parameter: str) -> Collection[str]:
        names = self.typer.names
        table = self.done[0] if self.done and isinstance(self.done[0], str) else ""
        known: Mapping[str, Collection[str]] = {
            "calendar": names.calendars,
            "clock": names.clocks,
            "workflow": names.workflows,
            "role": names.roles,
            "table": names.tables,
            "column": names.tables.get(table, {}),
            "field": names.fields,
            "set": names.sets,
            "set_field": names.sets.get(table, {}),
            "other_field": names.all_fields,
            "person_field": {name: kind for name, kind in names.fields.items() if kind.kind == "person"},
        }
        return known[parameter]

    def _result(self) -> Type:
        first = self.done[0] if self.done else None
        kind = first.type if isinstance(first, Node) else NONE
        match self.function.result:
            case "cell":
                table, column = (str(part) for part in self.done)
                return self.typer.names.tables[table][column]
            case "first":
                return self._joined()
            case "item":
                return kind.item or NONE
            case "sum":
                return MONEY if kind.item == MONEY else NUMBER
            case "list":
                return self._list_result(kind)
            case "same_list":
                return self._joined_lists()
            case "references":
                return list_of(REFERENCE)
            case "set_field":
                return MONEY if self.typer.names.sets[str(self.done[0])][str(self.done[1])] == MONEY else NUMBER
            case "other_field":
                return self.typer.names.all_fields[str(self.done[1])]
        return Type(self.function.result)

    def _joined(self) -> Type:
        kinds = [part.type for part in self.done if isinstance(part, Node) and part.type != NONE]
        return next((kind for kind in kinds if kind == MONEY), kinds[0] if kinds else NONE)

    def _joined_lists(self) -> Type:
        """The first of the lists whose items have a type."""
        kinds = [part.type for part in self.done if isinstance(part, Node) and part.type.item not in (None, NONE)]
        return kinds[0] if kinds else list_of(NONE)

    def _list_result(self, kind: Type) -> Type:
        """The list keeps its item type; an empty or missing one takes that of the item added."""
        if kind.item is not None and kind.item != NONE:
            return kind
        added = self.done[1].type if len(self.done) > 1 and isinstance(self.done[1], Node) else NONE
        return list_of(added)


def _written_name(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
