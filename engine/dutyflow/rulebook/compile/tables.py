"""Decision tables: rows of conditions and the values they give."""

from collections.abc import Mapping
from decimal import Decimal

from dutyflow.kernel import rules as kr
from dutyflow.kernel.durations import Duration, DurationError
from dutyflow.rulebook.compile.context import Context, is_true, text_of
from dutyflow.rulebook.duration_findings import report_duration
from dutyflow.rulebook.folder import Declaration
from dutyflow.rulebook.nodes import Node
from dutyflow.rulebook.types import NUMBER, TEXT, Names, Type

COLUMN_TYPES: Mapping[str, Type] = {
    "role": TEXT,
    "item": TEXT,
    "text": TEXT,
    "choice": TEXT,
    "number": NUMBER,
    "duration": TEXT,
}


def columns_of(declaration: Declaration) -> dict[str, Type]:
    """The columns of a table and the types an expression sees in them."""
    columns = declaration.node.get("columns")
    return {name: COLUMN_TYPES.get(kind.text, TEXT) for name, _, kind in columns.items()} if columns else {}


def compile_table(context: Context, declaration: Declaration, names: Names, items: Mapping[str, object]) -> kr.Table:
    """One table; its conditions may use every field that any workflow has."""
    node = declaration.node
    columns = node.get("columns")
    kinds = {name: kind.text for name, _, kind in columns.items()} if columns else {}
    rows = node.get("rows")
    return kr.Table(
        id=declaration.id,
        hit=text_of(node.get("hit"), "first"),  # type: ignore[arg-type]  # the schema allows the three hit policies only
        columns=tuple(kinds),
        rows=tuple(_row(context, declaration.id, kinds, row, names, items) for row in (rows.children if rows else ())),
    )


def check_circles(context: Context) -> None:
    """A table whose conditions look into itself, directly or through others, would never come to an answer."""
    asks = {name: _asked_by(context, declaration.node) for name, declaration in context.section("tables").items()}
    for name, declaration in context.section("tables").items():
        chain = _way_back(name, asks)
        if chain:
            context.findings.add("DF265", declaration.key_place, table=name, chain=" → ".join(chain))


def _asked_by(context: Context, table: Node) -> list[str]:
    rows = table.get("rows")
    conditions = [row.get("when") for row in (rows.children if rows else ())]
    sources = [str(node.place) for node in conditions if node is not None]
    compiled = [context.expressions[source] for source in sources if source in context.expressions]
    return sorted({other for expression in compiled for other, _ in expression.tables})


def _way_back(start: str, asks: Mapping[str, list[str]]) -> list[str]:
    """The shortest way from a table back to itself; empty if there is none."""
    ways, seen = [[start]], set[str]()
    for way in ways:
        for other in asks.get(way[-1], ()):
            if other == start:
                return [*way, other]
            if other not in seen:
                seen.add(other)
                ways.append([*way, other])
    return []


def _row(
    context: Context, table: str, kinds: Mapping[str, str], row: Node, names: Names, items: Mapping[str, object]
) -> kr.TableRow:
    give = row.get("give")
    values: dict[str, object] = {}
    for column, place, value in give.items() if give else ():
        if column not in kinds:
            context.findings.add("DF211", place, name=column, table=table)
        else:
            values[column] = _cell(context, kinds[column], value, column, items)
    for column in kinds:
        if column not in values and give is not None:
            context.findings.add("DF259", row.place, column=column, table=table)
    when = None if is_true(row.get("otherwise")) else context.condition(row.get("when"), names)
    item = next((str(values[column]) for column, kind in kinds.items() if kind == "item" and column in values), None)
    return kr.TableRow(when=when, values=values, item=item, source=context.source(row.place))


def _cell(context: Context, kind: str, node: Node, column: str, items: Mapping[str, object]) -> object:
    match kind:
        case "role":
            return context.known("role", node, context.ids("roles"))
        case "item":
            return context.known("item", node, items)
        case "number" if isinstance(node.value, bool) or not isinstance(node.value, int | Decimal):
            context.findings.add("DF261", node.place, value=node.text, column=column, kind=kind)
            return None
        case "duration":
            return _duration_text(context, node)
    return node.value


def _duration_text(context: Context, node: Node) -> str | None:
    try:
        return Duration.parse(node.text).text
    except DurationError as error:
        report_duration(error, node.place, context.findings)
        return None
