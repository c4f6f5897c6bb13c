"""Workflows put together: fields, states, events and SLAs, and the tables that answer the kernel at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from dutyflow.kernel import rules as kr
from dutyflow.kernel.decide import NUMBER
from dutyflow.kernel.machine import build_machine
from dutyflow.rulebook.acceptors import acceptor
from dutyflow.rulebook.compile.context import Context, items_of, label, text_of
from dutyflow.rulebook.compile.events import Lifecycle, compile_events
from dutyflow.rulebook.compile.fields import Fields, fields_of_workflow
from dutyflow.rulebook.compile.outreach import Others
from dutyflow.rulebook.compile.permissions import compile_permissions
from dutyflow.rulebook.compile.slas import Surroundings, compile_sla
from dutyflow.rulebook.compile.states import StateTree, compile_states, read_tree
from dutyflow.rulebook.folder import Declaration
from dutyflow.rulebook.nodes import Node
from dutyflow.rulebook.types import TEXT, Names, Type


@dataclass(slots=True)
class Skeleton:
    """A workflow as far as others may name parts of it: its states, fields and clocks."""

    declaration: Declaration
    tree: StateTree
    fields: dict[str, tuple[kr.Field, Type]]
    slas: dict[str, Declaration]

    @property
    def types(self) -> dict[str, Type]:
        """The type of each field."""
        return {name: field_type for name, (_, field_type) in self.fields.items()}

    @property
    def events(self) -> frozenset[str]:
        """The events that the workflow declares."""
        declared = self.declaration.node.get("events")
        return frozenset(declared.keys()) if declared is not None else frozenset()


def read_skeletons(context: Context, forms: Mapping[str, Fields]) -> dict[str, Skeleton]:
    """Every workflow by its outline, before anything that refers to another is compiled."""
    skeletons: dict[str, Skeleton] = {}
    for name, declaration in context.section("workflows").items():
        node = declaration.node
        fields = fields_of_workflow(context, forms, node)
        if node.get("number") is not None:
            fields[NUMBER] = _number_field()
        skeletons[name] = Skeleton(declaration, read_tree(context, node), fields, slas={})
    for name, declaration in context.section("slas").items():
        on = context.known("workflow", declaration.node.get("on"), skeletons)
        if on is not None:
            skeletons[on].slas[name] = declaration
    context.all_fields = {n: kind for one in reversed(skeletons.values()) for n, kind in one.types.items()}
    for name, declaration in context.section("sets").items():
        of = context.known("workflow", declaration.node.get("of"), skeletons)
        if of is not None:
            context.set_fields[name] = skeletons[of].types
    return skeletons


def _number_field() -> tuple[kr.Field, Type]:
    """The built-in field that keeps a record number."""
    title = {"zh": "编号", "en": "Number"}
    return kr.Field(id=NUMBER, title=title, kind=TEXT.kind, accept=acceptor(TEXT, {}, ZoneInfo("UTC"))), TEXT


def names_of(context: Context, skeletons: Mapping[str, Skeleton], skeleton: Skeleton | None) -> Names:
    """What an expression may name inside one workflow; without one, what any of them knows (for tables)."""
    chosen = [skeleton] if skeleton is not None else list(skeletons.values())
    fields = {name: kind for one in reversed(chosen) for name, kind in one.types.items()}
    return Names(
        fields=fields,
        clocks=frozenset(sla for one in chosen for sla in one.slas),
        workflows=frozenset(skeletons),
        states=frozenset(state for one in chosen for state in one.tree.names),
        roles=context.ids("roles"),
        calendars=context.calendars,
        default_calendar=context.default_calendar,
        tables=context.table_columns,
        zone=context.zone,
        sets=context.set_fields,
        all_fields=context.all_fields,
    )


def others_of(skeletons: Mapping[str, Skeleton]) -> Others:
    """What may be handed to, or fired on, tickets of other workflows."""
    return Others(
        fields={name: skeleton.types for name, skeleton in skeletons.items()},
        events={name: skeleton.events for name, skeleton in skeletons.items()},
    )


def compile_workflow(
    context: Context, skeletons: Mapping[str, Skeleton], name: str, items: Mapping[str, object]
) -> kr.Workflow:
    """One workflow, ready for the kernel."""
    skeleton = skeletons[name]
    node, tree = skeleton.declaration.node, skeleton.tree
    names = names_of(context, skeletons, skeleton)
    initial = _initial(context, node, tree)
    life = Lifecycle(context, name, tree, names, others_of(skeletons), initial=initial)
    rules = compile_events(life, node)
    around = Surroundings(context, tree, names, life.events)
    states = compile_states(context, node, tree, names, items)
    if not any(kr.NEW in rule.sources for rule in rules):
        context.findings.add("DF250", skeleton.declaration.key_place, workflow=name)
    fields = {field_name: field for field_name, (field, _) in skeleton.fields.items()}
    return assemble(
        kr.Workflow(
            id=name,
            title=label(node.get("title"), name),
            initial=initial,
            states=states,
            fields=fields,
            rules=rules,
            steps={},
            automatic={},
            timed={},
            on_child={},
            roles_by_event={},
            slas={sla: compile_sla(around, declaration) for sla, declaration in skeleton.slas.items()},
            machine=None,
            duplicates=tuple(_duplicates(context, node, tree, names, life.events)),
            conflict_fields=context.all_known("field", node.get("conflict_of_interest"), names.fields),
            permissions=compile_permissions(context, node, names),
            composites=tree.composites,
            number=text_of(node.get("number")) or None,
            defaults={key: field.default for key, field in fields.items() if field.default is not None},
        )
    )


def assemble(workflow: kr.Workflow) -> kr.Workflow:
    """The workflow with the tables derived from its rules: which rule answers where, and the machine."""
    steps: dict[str, dict[str, kr.EventRule]] = {}
    roles: dict[str, frozenset[str]] = {}
    by_trigger: dict[str, dict[str, list[kr.EventRule]]] = {"data": {}, "timer": {}, "child": {}}
    for rule in workflow.rules:
        roles[rule.event] = roles.get(rule.event, frozenset()) | rule.by
        for state in rule.sources:
            steps.setdefault(rule.event, {})[state] = rule
            if rule.trigger in by_trigger:
                by_trigger[rule.trigger].setdefault(state, []).append(rule)
    frozen = {kind: {state: tuple(rules) for state, rules in found.items()} for kind, found in by_trigger.items()}
    return replace(
        workflow,
        steps=steps,
        automatic=frozen["data"],
        timed=frozen["timer"],
        on_child=frozen["child"],
        roles_by_event=roles,
        machine=build_machine(workflow.states, workflow.rules),
    )


def _initial(context: Context, node: Node, tree: StateTree) -> str:
    name = context.known("state", node.get("initial"), tree.names)
    return tree.leaf(name) if name else next(iter(tree.leaves), "")


def _duplicates(
    context: Context, node: Node, tree: StateTree, names: Names, events: frozenset[str]
) -> list[kr.Duplicate]:
    found = []
    for item in items_of(node.get("duplicates")):
        among = item.get("among")
        within = context.duration(among.get("within")) if among is not None and among.is_map else None
        found.append(
            kr.Duplicate(
                same=context.all_known("field", item.get("same"), names.fields),
                states=frozenset(_among(context, among, tree)),
                within=within,
                answer=text_of(item.get("answer"), "deny"),  # type: ignore[arg-type]  # closed by the schema
                then=context.known("event", item.get("then"), events),
                source=context.source(item.place),
            )
        )
    return found


def _among(context: Context, among: Node | None, tree: StateTree) -> list[str]:
    if among is None or among.is_scalar or among.get("states") is None:
        return [leaf for leaf in tree.leaves if not tree.is_final(leaf)]
    named = context.all_known("state", among.get("states"), tree.names)
    return [leaf for name in named for leaf in tree.leaves_of(name)]
