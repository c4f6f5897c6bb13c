"""Metrics and statistics: what `dutyflow report` counts. They decide nothing, so that the kernel does not know them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from dutyflow.kernel import rules as kr
from dutyflow.rulebook.compile.context import Context, label, text_of
from dutyflow.rulebook.folder import Declaration
from dutyflow.rulebook.nodes import Node
from dutyflow.rulebook.types import Names

BUILT_IN = ("state", "outcome")
"""What statistics may be laid out by besides fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A share: the tickets (or the sum of a field) for which `counts` holds, out of all that are looked at."""

    id: str
    title: kr.Title
    workflow: str
    among: kr.Expression | None = None
    counts: kr.Expression
    excluded: kr.Expression | None = None
    sum: str | None = None
    target: Decimal | None = None
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistic:
    """A table of how many tickets, or how much of a field, by one thing and perhaps another."""

    id: str
    title: kr.Title
    workflow: str
    rows: str
    columns: str | None = None
    where: kr.Expression | None = None
    sum: str | None = None
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """All that a rulebook wants counted, in file order."""

    metrics: Mapping[str, Metric] = field(default_factory=dict)
    statistics: Mapping[str, Statistic] = field(default_factory=dict)


def compile_reports(context: Context, workflows: Mapping[str, Names]) -> Reports:
    """Everything under `metrics:` and `statistics:`; `workflows` gives the names that each workflow knows."""
    metrics = (_metric(context, one, workflows) for one in context.section("metrics").values())
    statistics = (_statistic(context, one, workflows) for one in context.section("statistics").values())
    return Reports(
        metrics={metric.id: metric for metric in metrics if metric is not None},
        statistics={statistic.id: statistic for statistic in statistics if statistic is not None},
    )


def _metric(context: Context, declaration: Declaration, workflows: Mapping[str, Names]) -> Metric | None:
    node = declaration.node
    workflow = context.known("workflow", node.get("of"), workflows)
    if workflow is None:
        return None
    names = workflows[workflow]
    among, counts, excluded = (context.condition(node.get(key), names) for key in ("among", "counts", "excluded"))
    if counts is None:
        return None
    return Metric(
        id=declaration.id,
        title=label(node.get("title"), declaration.id),
        workflow=workflow,
        among=among,
        counts=counts,
        excluded=excluded,
        sum=_summed(context, node.get("sum"), names),
        target=_share(node.get("target")),
        source=context.source(declaration.key_place),
    )


def _statistic(context: Context, declaration: Declaration, workflows: Mapping[str, Names]) -> Statistic | None:
    node = declaration.node
    workflow = context.known("workflow", node.get("of"), workflows)
    if workflow is None:
        return None
    names = workflows[workflow]
    rows = context.known("field", node.get("rows"), [*names.fields, *BUILT_IN])
    value = node.get("value")
    return Statistic(
        id=declaration.id,
        title=label(node.get("title"), declaration.id),
        workflow=workflow,
        rows=rows or "",
        columns=context.known("field", node.get("columns"), [*names.fields, *BUILT_IN]),
        where=context.condition(node.get("where"), names),
        sum=_summed(context, value.get("sum"), names) if value is not None and value.is_map else None,
        source=context.source(declaration.key_place),
    )


def _summed(context: Context, node: Node | None, names: Names) -> str | None:
    """A field that can be added up."""
    name = context.known("field", node, names.fields)
    if name is not None and node is not None:
        context.must_be(node, names.fields[name], "number", "money")
    return name


def _share(node: Node | None) -> Decimal | None:
    """`92%` as the share that it is."""
    return None if node is None else Decimal(text_of(node).removesuffix("%")) / 100
