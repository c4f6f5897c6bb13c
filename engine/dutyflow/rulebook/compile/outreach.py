"""What an event does beyond its own ticket: children (one or a batch), signals to other tickets, messages."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from dutyflow.kernel import rules as kr
from dutyflow.kernel.scope import EACH
from dutyflow.rulebook.compile.context import Context, items_of, text_of
from dutyflow.rulebook.nodes import Node
from dutyflow.rulebook.types import NUMBER, TEXT, Names, Type

MY_OWN = ("owner", "head_of_owner", "superior_of_owner")


@dataclass(frozen=True, slots=True)
class Others:
    """The other workflows as far as an event may reach into them: their fields and their events."""

    fields: Mapping[str, Mapping[str, Type]]
    events: Mapping[str, frozenset[str]]


def compile_spawns(context: Context, node: Node, names: Names, others: Others) -> Iterator[kr.Spawn]:
    """The children that an event opens."""
    for item in items_of(node.get("spawn")):
        workflow = context.known("workflow", item.get("workflow"), names.workflows)
        event = item.get("event")
        if workflow is None or event is None:
            continue
        for_each = context.expression(item.get("for_each"), names)
        inside = _with_each(context, for_each, names)
        yield kr.Spawn(
            workflow=workflow,
            event=event.text,
            data=tuple(handed_over(context, item.get("with"), inside, others.fields.get(workflow, {}), workflow)),
            when=context.condition(item.get("when"), names),
            for_each=for_each,
            assign=_allocation(context, item.get("assign"), names, others.fields.get(workflow, {})),
            source=context.source(item.place),
        )


def _with_each(context: Context, for_each: kr.Expression | None, names: Names) -> Names:
    if for_each is None:
        return names
    items = context.expressions[for_each.source].type.item or TEXT
    return replace(names, fields={**names.fields, EACH: items})


def _allocation(context: Context, node: Node | None, names: Names, fields: Mapping[str, Type]) -> kr.Allocation | None:
    if node is None:
        return None
    field = context.known("field", node.get("field"), fields)
    role = context.known("role", node.get("role"), names.roles)
    if field is None or role is None:
        return None
    skill = text_of(node.get("skill")) or None
    return kr.Allocation(field=field, role=role, skill=skill, level=int(text_of(node.get("level"), "0")))


def handed_over(
    context: Context, node: Node | None, names: Names, fields: Mapping[str, Type], workflow: str, event: str = ""
) -> Iterator[kr.Assignment]:
    """`with:`: fields of another ticket, each with the expression that gives its value."""
    for name, place, value in node.items() if node else ():
        if name not in fields:
            context.findings.add("DF218", place, name=name, workflow=workflow, event=event or workflow)
            continue
        expression = context.expression(value, names, fields[name])
        if expression is not None:
            yield kr.Assignment(field=name, value=expression)


# --- signals ----------------------------------------------------------------------------------------------------


def compile_signals(context: Context, node: Node, names: Names, others: Others) -> Iterator[kr.Signal]:
    """The events that an event fires on other tickets."""
    for item in items_of(node.get("signal")):
        whom = item.get("set")
        chosen = context.known("set", whom, names.sets) if whom is not None else None
        to = context.known("field", item.get("to"), names.fields)
        if chosen is None and to is None:
            continue
        workflow = context.workflow_of_set(chosen) if chosen is not None else None
        event = _event(context, item.get("do"), workflow, others)
        if event is None:
            continue
        fields = others.fields.get(workflow, {}) if workflow is not None else names.all_fields
        yield kr.Signal(
            event=event,
            set=chosen,
            to=to,
            first=context.expression(item.get("first"), names, NUMBER),
            data=tuple(handed_over(context, item.get("with"), names, fields, workflow or "", event)),
            when=context.condition(item.get("when"), names),
            source=context.source(item.place),
        )


def _event(context: Context, node: Node | None, workflow: str | None, others: Others) -> str | None:
    if workflow is not None:
        return context.known("event", node, others.events.get(workflow, ()))
    return context.known("event", node, sorted(set().union(*others.events.values())))


# --- messages ---------------------------------------------------------------------------------------------------


def compile_messages(context: Context, node: Node, names: Names) -> Iterator[kr.Message]:
    """The messages that an event sends."""
    for item in items_of(node.get("notify")):
        template = context.known("template", item.get("template"), context.ids("templates"))
        for whom in items_of(item.get("to")):
            to = _addressee(context, whom, names)
            if template is not None and to is not None:
                yield kr.Message(
                    template=template,
                    to=to,
                    when=context.condition(item.get("when"), names),
                    source=context.source(item.place),
                )


def _addressee(context: Context, node: Node, names: Names) -> kr.Recipient | None:
    if node.is_map:
        field = context.known("field", node.get("field"), names.fields)
        return kr.Recipient(kind="field", name=field) if field else None
    if node.text in MY_OWN:
        return kr.Recipient(kind=node.text)  # type: ignore[arg-type]  # one of the three special recipients
    role = context.known("role", node, names.roles)
    return kr.Recipient(kind="role", name=role) if role else None
