"""Decision tables: rows of conditions and the values they give."""

from collections.abc import Mapping

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
        case "number" if not isinstance(node.value, int) and not hasattr(node.value, "as_tuple"):
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
