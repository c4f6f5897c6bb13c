"""Permissions: who may correct, comment and assign, which need no event of their own."""

from collections.abc import Mapping

from dutyflow.kernel import rules as kr
from dutyflow.kernel.admission import OWNER
from dutyflow.kernel.decide import NUMBER
from dutyflow.rulebook.compile.context import Context
from dutyflow.rulebook.nodes import Node
from dutyflow.rulebook.types import Names


def compile_permissions(context: Context, workflow: Node, names: Names) -> Mapping[str, kr.Permission]:
    """What a workflow declares under `permissions`; the kernel knows what holds where it declares nothing."""
    declared = workflow.get("permissions")
    if declared is None or not declared.is_map:
        return {}
    return {name: _permission(context, node, names) for name, _, node in declared.items()}


def _permission(context: Context, node: Node, names: Names) -> kr.Permission:
    roles = {OWNER, kr.SYSTEM, *context.ids("roles")}
    fields = node.get("fields")
    named = context.all_known("field", fields, names.fields) if fields is not None else set(names.fields) - {NUMBER}
    return kr.Permission(
        by=frozenset(context.all_known("role", node.get("by"), roles)),
        fields=frozenset(named),
        source=context.source(node.place),
    )
