"""Forms and fields: the typed data of a ticket, and what a command may put into each field."""

from collections.abc import Mapping

from msgspec.structs import replace

from dutyflow.kernel import rules as kr
from dutyflow.rulebook.acceptors import BadValue, acceptor
from dutyflow.rulebook.compile.context import Context, label, text_of
from dutyflow.rulebook.compile.readers import named_readers
from dutyflow.rulebook.expressions import RESERVED_NAMES
from dutyflow.rulebook.nodes import Node
from dutyflow.rulebook.types import Type, choice, list_of

Fields = Mapping[str, tuple[kr.Field, Type]]


def compile_form(context: Context, form: Node) -> Fields:
    """The fields of one form with their types; broken ones are left out, with a finding."""
    fields: dict[str, tuple[kr.Field, Type]] = {}
    declared = form.get("fields")
    for name, place, node in declared.items() if declared else ():
        if name in RESERVED_NAMES:
            context.findings.add("DF109", place, key=name, reserved=name)
        field_type = type_of(context, name, node)
        if field_type is not None:
            fields[name] = (_field(context, name, node, field_type), field_type)
    return fields


def fields_of_workflow(
    context: Context, forms: Mapping[str, Fields], workflow: Node
) -> dict[str, tuple[kr.Field, Type]]:
    """All fields of the forms that a workflow lists; a field that two of them declare differently is a finding."""
    fields: dict[str, tuple[kr.Field, Type]] = {}
    listed = workflow.get("forms")
    for item in listed.children if listed else ():
        form = context.known("form", item, context.ids("forms"))
        for name, (field, field_type) in forms.get(form or "", {}).items():
            known = fields.get(name)
            if known is not None and known[1] != field_type:
                context.findings.add("DF254", item.place, field=name, form=form)
            fields[name] = (_as_private(field, known[0]) if known is not None else field, field_type)
    return fields


def _as_private(field: kr.Field, known: kr.Field) -> kr.Field:
    """The field, at least as private as the form before it has declared it."""
    if not known.private:
        return field
    narrower = field.seen_by & known.seen_by or field.seen_by or known.seen_by
    return replace(field, private=True, seen_by=narrower)


def type_of(context: Context, name: str, node: Node) -> Type | None:
    """The type that a field (or the items of a list) declares."""
    kind = text_of(node.get("type"))
    if kind == "choice":
        options = _options(node.get("options"))
        if not options:
            context.findings.add("DF255", node.place, field=name, missing="options")
            return None
        return choice(*options)
    if kind == "list":
        item = node.get("of")
        if item is None:
            context.findings.add("DF255", node.place, field=name, missing="of")
            return None
        item_type = type_of(context, name, item)
        return list_of(item_type) if item_type else None
    return Type(kind)


def _options(node: Node | None) -> tuple[str, ...]:
    if node is None:
        return ()
    return tuple(item.text for item in node.children) if node.is_list else tuple(node.keys())


def _field(context: Context, name: str, node: Node, field_type: Type) -> kr.Field:
    accept = acceptor(field_type, node.plain(), context.zone)
    role_node = node.get("role")
    role = context.known("role", role_node, context.ids("roles")) if role_node else None
    return kr.Field(
        id=name,
        title=label(node.get("title"), name),
        kind=field_type.kind,
        accept=accept,
        options=field_type.options,
        role=role,
        default=_default(context, name, node, field_type),
        private=node.get("private") is not None,
        seen_by=named_readers(context, node.get("private")),
    )


def _default(context: Context, name: str, node: Node, field_type: Type) -> object:
    default = node.get("default")
    if default is None:
        return None
    try:
        return acceptor(field_type, node.plain(), context.zone)(default.plain())
    except BadValue:
        context.findings.add("DF256", default.place, default=default.text, type=field_type.phrase, field=name)
        return None
