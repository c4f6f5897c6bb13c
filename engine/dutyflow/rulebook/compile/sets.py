"""Sets of tickets and message templates: declared once, asked from everywhere."""

import re
from collections.abc import Mapping
from dataclasses import replace

from dutyflow.kernel import rules as kr
from dutyflow.kernel.decide import NUMBER
from dutyflow.kernel.outreach import TICKET
from dutyflow.rulebook.compile.context import Context, label, text_of
from dutyflow.rulebook.compile.states import StateTree
from dutyflow.rulebook.compile.workflows import Skeleton, names_of
from dutyflow.rulebook.findings import closest
from dutyflow.rulebook.folder import Declaration
from dutyflow.rulebook.nodes import Node
from dutyflow.rulebook.types import Names, Type

ANY, OPEN = "any", "open"
_PLACEHOLDER = re.compile(r"\{([^{}:]+)\}")


def compile_sets(context: Context, skeletons: Mapping[str, Skeleton], everywhere: Names) -> dict[str, kr.TicketSet]:
    """Every set whose workflow exists."""
    found: dict[str, kr.TicketSet] = {}
    for name in context.set_fields:
        on = skeletons[context.workflow_of_set(name)]
        names = names_of(context, skeletons, on)
        found[name] = _compile_set(context, context.section("sets")[name], on.tree, names, everywhere)
    return found


def compile_templates(context: Context) -> dict[str, kr.Template]:
    """Every message template."""
    declared = context.section("templates")
    return {name: _compile_template(context, declaration, context.all_fields) for name, declaration in declared.items()}


def _compile_set(
    context: Context, declaration: Declaration, tree: StateTree, names: Names, everywhere: Names
) -> kr.TicketSet:
    """One set. `names` are those of its own workflow, `everywhere` those of whatever ticket may ask."""
    node = declaration.node
    takes = context.all_known("field", node.get("takes"), everywhere.fields)
    taken = {field: everywhere.fields[field] for field in takes}
    return kr.TicketSet(
        id=declaration.id,
        title=label(node.get("title"), declaration.id),
        workflow=text_of(node.get("of")),
        states=_states(context, node.get("states"), tree),
        same=tuple(_same(context, node.get("same"), names.fields, everywhere)),
        takes=takes,
        where=context.condition(node.get("where"), replace(names, fields={**taken, **names.fields})),
        source=context.source(declaration.key_place),
    )


def _states(context: Context, node: Node | None, tree: StateTree) -> frozenset[str] | None:
    if node is None or text_of(node) == ANY:
        return None
    if text_of(node) == OPEN:
        return frozenset(leaf for leaf in tree.leaves if not tree.is_final(leaf))
    named = context.all_known("state", node, tree.names)
    return frozenset(leaf for name in named for leaf in tree.leaves_of(name))


def _same(context: Context, node: Node | None, fields: Mapping[str, Type], everywhere: Names) -> list[kr.Assignment]:
    found = []
    for name, place, value in node.items() if node else ():
        if name not in fields:
            context.findings.add("DF205", place, name=name)
            continue
        expression = context.expression(value, everywhere, fields[name])
        if expression is not None:
            found.append(kr.Assignment(field=name, value=expression))
    return found


def _compile_template(context: Context, declaration: Declaration, fields: Mapping[str, Type]) -> kr.Template:
    """One message template. Variables are put in; a placeholder that is no field either is a finding."""
    node = declaration.node
    text = {lang: _with_variables(context, written, lang) for lang, written in label(node.get("text")).items()}
    left = tuple(dict.fromkeys(name for written in text.values() for name in _PLACEHOLDER.findall(written)))
    known = {*fields, NUMBER, TICKET}
    for name in left:
        if name not in known:
            place = (node.get("text") or node).place
            context.findings.add("DF205", place, name=name, suggestion=closest(name, known))
    quiet = context.known("quiet_hours", node.get("quiet_hours"), context.quiet_hours)
    return kr.Template(
        id=declaration.id,
        title=label(node.get("title"), declaration.id),
        channel=text_of(node.get("channel"), "sms"),
        text=text,
        fields=left,
        quiet_hours=context.quiet_hours.get(quiet) if quiet else None,
    )


def _with_variables(context: Context, text: str, lang: str) -> str:
    """The text with what the rulebook's variables stand for (a brand, a site)."""
    variables = context.section("variables")

    def put_in(found: re.Match[str]) -> str:
        variable = variables.get(found[1])
        return found[0] if variable is None else label(variable.node.get("value"))[lang]

    return _PLACEHOLDER.sub(put_in, text)
