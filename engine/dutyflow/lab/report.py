"""What metrics and statistics come to for a set of tickets: exact shares with their targets, tables with totals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from dutyflow.kernel.facts import Facts
from dutyflow.kernel.guards import is_blank
from dutyflow.kernel.rules import Expression, Rules
from dutyflow.kernel.scope import Scope
from dutyflow.kernel.ticket import Ticket
from dutyflow.lab.simulation import Simulation
from dutyflow.rulebook.compile.reports import Metric, Reports, Statistic

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What a metric comes to. `excluded` stands on neither side; all are numbers of tickets, or sums of a field."""

    metric: Metric
    numerator: Decimal
    denominator: Decimal
    excluded: Decimal

    @property
    def value(self) -> Decimal | None:
        """The share; None where there is nothing to have a share of."""
        return self.numerator / self.denominator if self.denominator else None

    @property
    def reached(self) -> bool | None:
        """Whether the share is as large as the target wants; None without a target or without anything to count."""
        if self.metric.target is None or not self.denominator:
            return None
        return self.numerator >= self.metric.target * self.denominator

    def rounded(self, places: int) -> Decimal | None:
        """The share with so many decimal places, halves away from zero."""
        return None if self.value is None else self.value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What a statistic comes to. `cells` holds what is there, by row and column; a missing value is the key None."""

    statistic: Statistic
    rows: tuple[Any, ...]
    columns: tuple[Any, ...]
    cells: Mapping[tuple[Any, Any], Decimal]

    def cell(self, row: Any, column: Any) -> Decimal:
        """One number; 0 where there is no ticket."""
        return self.cells.get((row, column), ZERO)

    def row_total(self, row: Any) -> Decimal:
        """The sum of a row."""
        return sum((self.cell(row, column) for column in self.columns), ZERO)

    def column_total(self, column: Any) -> Decimal:
        """The sum of a column."""
        return sum((self.cell(row, column) for row in self.rows), ZERO)

    @property
    def total(self) -> Decimal:
        """The sum of the whole table."""
        return sum(self.cells.values(), ZERO)


class Counter:
    """Counts tickets under one rulebook, at one moment; `facts` answer what expressions ask of other tickets."""

    def __init__(self, rules: Rules, tickets: Iterable[Ticket], *, now: datetime, facts: Facts) -> None:
        self._rules = rules
        self._tickets = tuple(tickets)
        self._now = now
        self._facts = facts

    def figure(self, metric: Metric) -> Figure:
        """What one metric comes to."""
        looked_at = [ticket for ticket in self._of(metric.workflow) if self._holds(metric.among, ticket)]
        left_out = [ticket for ticket in looked_at if metric.excluded and self._holds(metric.excluded, ticket)]
        apart = {ticket.id for ticket in left_out}
        whole = [ticket for ticket in looked_at if ticket.id not in apart]
        return Figure(
            metric=metric,
            numerator=_amount((ticket for ticket in whole if self._holds(metric.counts, ticket)), metric.sum),
            denominator=_amount(whole, metric.sum),
            excluded=_amount(left_out, metric.sum),
        )

    def table(self, statistic: Statistic) -> Table:
        """What one statistic comes to: rows and columns in the order of the options, else sorted."""
        cells: dict[tuple[Any, Any], Decimal] = {}
        for ticket in self._of(statistic.workflow):
            if self._holds(statistic.where, ticket):
                column = _value(ticket, statistic.columns) if statistic.columns else None
                key = (_value(ticket, statistic.rows), column)
                cells[key] = cells.get(key, ZERO) + _amount((ticket,), statistic.sum)
        return Table(
            statistic=statistic,
            rows=self._sorted(statistic.workflow, statistic.rows, {row for row, _ in cells}),
            columns=self._sorted(statistic.workflow, statistic.columns, {column for _, column in cells}),
            cells=cells,
        )

    def _of(self, workflow: str) -> Iterator[Ticket]:
        return (ticket for ticket in self._tickets if ticket.workflow == workflow)

    def _holds(self, condition: Expression | None, ticket: Ticket) -> bool:
        scope = Scope(self._rules, ticket, values=ticket.fields, now=self._now, facts=self._facts)
        return condition is None or bool(condition.evaluate(scope))

    def _sorted(self, workflow: str, name: str | None, values: set[Any]) -> tuple[Any, ...]:
        """In the order of declaration where there is one; what is missing comes last."""
        declared = list(_declared(self._rules, workflow, name))

        def place(value: Any) -> tuple[bool, int, str]:
            return value is None, declared.index(value) if value in declared else len(declared), str(value)

        return tuple(sorted(values, key=place))


def figures_of(simulation: Simulation, reports: Reports) -> tuple[Figure, ...]:
    """What all metrics come to for the tickets of a simulation, where its clock stands."""
    counter = counter_of(simulation)
    return tuple(counter.figure(metric) for metric in reports.metrics.values())


def tables_of(simulation: Simulation, reports: Reports) -> tuple[Table, ...]:
    """What all statistics come to for the tickets of a simulation."""
    counter = counter_of(simulation)
    return tuple(counter.table(statistic) for statistic in reports.statistics.values())


def counter_of(simulation: Simulation) -> Counter:
    """Counts the tickets of a simulation, at the moment at which it stands."""
    facts = simulation.runner.facts()
    return Counter(simulation.rules, simulation.tickets(), now=simulation.now, facts=facts)


def _amount(tickets: Iterable[Ticket], field: str | None) -> Decimal:
    """How many tickets, or how much of a field; a field without a value adds nothing."""
    if field is None:
        return Decimal(sum(1 for _ in tickets))
    return sum((Decimal(ticket.fields.get(field) or 0) for ticket in tickets), ZERO)


def _value(ticket: Ticket, name: str) -> Any:
    if name not in ticket.fields and name in ("state", "outcome"):
        return ticket.state if name == "state" else ticket.outcome
    value = ticket.fields.get(name)
    return None if is_blank(value) else value


def _declared(rules: Rules, workflow: str, name: str | None) -> Iterator[str]:
    """The values that a field may have, in file order; the states and outcomes of a workflow likewise."""
    found = rules.workflows[workflow]
    if name is not None and name in found.fields:
        yield from found.fields[name].options
    elif name == "state":
        yield from found.states
    elif name == "outcome":
        yield from dict.fromkeys(outcome for state in found.states.values() for outcome in state.outcomes)
