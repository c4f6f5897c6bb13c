"""The states of a workflow: composite ones flattened, owners resolved, names for `from:` and `to:`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dutyflow.kernel import rules as kr
from dutyflow.rulebook.compile.context import Context, is_true, label, text_of
from dutyflow.rulebook.nodes import Node
from dutyflow.rulebook.places import Place
from dutyflow.rulebook.types import Names

ANY_OPEN = "any_open"
"""In `from:`, every state that is not final; no state can have this name."""


@dataclass(slots=True)
class StateTree:
    """The states as they are declared: leaves in file order, composites with the leaves inside them."""

    leaves: dict[str, tuple[Node, tuple[str, ...]]] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    composites: dict[str, tuple[str, ...]] = field(default_factory=dict)
    around: dict[str, Node] = field(default_factory=dict)
    """The declarations of the composite states."""
    initial_of: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Every state that may be named, leaf or composite."""
        return (*self.leaves, *self.composites)

    def leaves_of(self, name: str) -> tuple[str, ...]:
        """The leaf itself, or all leaves inside a composite state."""
        return self.composites.get(name, (name,) if name in self.leaves else ())

    def leaf(self, name: str) -> str:
        """Where a ticket lands that goes to `name`: the leaf, or the innermost initial state of a composite."""
        seen: set[str] = set()
        while name in self.initial_of and name not in seen:
            seen.add(name)
            name = self.initial_of[name]
        return name

    def declared(self, leaf: str, key: str) -> Node | None:
        """What the leaf says under a key, or else the nearest composite state around it."""
        node, path = self.leaves[leaf]
        outer = () if self.is_final(leaf) else reversed(path[:-1])
        nodes = (node, *(self.around[name] for name in outer))
        return next((found for one in nodes if (found := one.get(key)) is not None), None)

    def is_final(self, leaf: str) -> bool:
        """Whether a leaf ends the ticket."""
        return is_true(self.leaves[leaf][0].get("final"))


def read_tree(context: Context, workflow: Node) -> StateTree:
    """The tree of states; the same name twice and composites without a usable `initial` are findings."""
    tree = StateTree()
    states = workflow.get("states")
    if states is not None:
        _read_level(context, tree, states, ())
    return tree


def _read_level(context: Context, tree: StateTree, states: Node, around: tuple[str, ...]) -> tuple[str, ...]:
    leaves: list[str] = []
    for name, place, node in states.items():
        if name == ANY_OPEN:
            context.findings.add("DF109", place, key=name, reserved=name)
        if name in tree.names:
            context.findings.add("DF262", place, name=name)
            continue
        inner = node.get("states")
        if inner is None:
            tree.leaves[name] = (node, (*around, name))
            tree.places[name] = place
            leaves.append(name)
            continue
        tree.composites[name], tree.around[name] = (), node
        tree.composites[name] = _read_level(context, tree, inner, (*around, name))
        leaves += tree.composites[name]
        _read_initial(context, tree, name, node, inner)
    return tuple(leaves)


def _read_initial(context: Context, tree: StateTree, name: str, node: Node, inner: Node) -> None:
    initial = node.get("initial")
    first = next(iter(inner.keys()), None)
    if initial is None:
        context.findings.add("DF253", node.place, name=name)
    elif context.known("state", initial, inner.keys()):
        first = initial.text
    if first is not None:
        tree.initial_of[name] = first


def compile_states(
    context: Context, workflow: Node, tree: StateTree, names: Names, items: Mapping[str, object]
) -> dict[str, kr.State]:
    """The kernel's leaf states, in file order."""
    serves = context.known("item", workflow.get("serves"), items)
    return {name: _state(context, tree, name, names, items, serves) for name in tree.leaves}


def _state(
    context: Context, tree: StateTree, name: str, names: Names, items: Mapping[str, object], serves: str | None
) -> kr.State:
    node, path = tree.leaves[name]
    tasks = node.get("tasks")
    customer_text, own_item = tree.declared(name, "customer_text"), tree.declared(name, "serves")
    return kr.State(
        id=name,
        title=label(node.get("title"), name),
        path=path,
        owner=_owner(context, tree.declared(name, "owner"), names),
        kind=text_of(tree.declared(name, "kind"), "work"),  # type: ignore[arg-type]  # the schema allows the three kinds only
        final=is_true(node.get("final")),
        outcomes=outcomes_of(node),
        outcome_titles=_outcome_titles(node),
        serves=context.known("item", own_item, items) if own_item else serves,
        tasks=tuple(kr.Task(id=t, title=label(n.get("title"), t)) for t, _, n in tasks.items()) if tasks else (),
        tasks_needed=tasks_needed(node),
        customer_text=label(customer_text) if customer_text else None,
        source=context.source(tree.places[name]),
    )


def tasks_needed(node: Node) -> int:
    """How many of the state's tasks complete it."""
    tasks = node.get("tasks")
    count = len(list(tasks.keys())) if tasks else 0
    complete = node.get("complete")
    need = complete.value if complete is not None else "all"
    return min(need, count) if isinstance(need, int) else 1 if need == "any" else count


def outcomes_of(state: Node) -> tuple[str, ...]:
    """The outcomes that a final state declares, as a list or as a mapping with titles."""
    node = state.get("outcomes")
    if node is None:
        return ()
    return tuple(item.text for item in node.children) if node.is_list else tuple(node.keys())


def _outcome_titles(state: Node) -> dict[str, kr.Title]:
    """The titles of the outcomes; outcomes declared as a list have none."""
    node = state.get("outcomes")
    return {name: label(title, name) for name, _, title in node.items()} if node is not None else {}


def _owner(context: Context, node: Node | None, names: Names) -> kr.Owner | None:
    """`owner: supervisor`, `{table: t, column: c}` or `{field: f, role: r}`."""
    if node is None:
        return None
    source = context.source(node.place)
    if node.is_scalar:
        role = context.known("role", node, names.roles)
        return kr.Owner(role=role, source=source) if role else None
    role_node = node.get("role")
    role = context.known("role", role_node, names.roles) if role_node else None
    return kr.Owner(role=role, choose=_choice_of_owner(context, node, names), source=source)


def _choice_of_owner(context: Context, node: Node, names: Names) -> kr.Expression | None:
    field_node = node.get("field")
    if field_node is not None:
        name = context.known("field", field_node, names.fields)
        if name is None:
            return None
        context.must_be(field_node, names.fields[name], "person", "text", "choice")  # a role may stand in it too
        return kr.Expression(text=name, evaluate=lambda scope: scope.values.get(name), reads=frozenset({name}))
    table = context.known("table", node.get("table"), names.tables)
    if table is None:
        return None
    column = context.known("column", node.get("column"), names.tables[table], table=table)
    if column is None:
        return None
    return kr.Expression(text=f"lookup({table}, {column})", evaluate=lambda scope: scope.lookup(table, column))


def leaves_named(context: Context, tree: StateTree, node: Node | None, event: str) -> dict[str, int]:
    """The leaves that a `from:` means, each with how precisely it was named (deeper wins over outer)."""
    found: dict[str, int] = {}
    if node is not None and node.is_map:
        return dict.fromkeys(_described(context, tree, node), 0)
    for item in node.children if node is not None and node.is_list else [node] if node is not None else []:
        if item.text == ANY_OPEN:
            found |= {leaf: found.get(leaf, 0) for leaf in tree.leaves if not tree.is_final(leaf)}
            continue
        name = context.known("state", item, tree.names, event=event)
        for leaf in tree.leaves_of(name) if name else ():
            found[leaf] = max(found.get(leaf, 0), _depth(tree, name or "", leaf))
    return found


def _described(context: Context, tree: StateTree, node: Node) -> Iterable[str]:
    open_leaves = [leaf for leaf in tree.leaves if not tree.is_final(leaf)]
    before, except_for = node.get("any_before"), node.get("any_except")
    if before is not None:
        name = context.known("state", before, tree.names)
        stop = tree.leaves_of(name)[0] if name and tree.leaves_of(name) else None
        return _until(tree.leaves, stop, open_leaves)
    listed = context.all_known("state", except_for, tree.names)
    barred = {leaf for name in listed for leaf in tree.leaves_of(name)}
    return [leaf for leaf in open_leaves if leaf not in barred]


def _until(leaves: Iterable[str], stop: str | None, open_leaves: list[str]) -> list[str]:
    found: list[str] = []
    for leaf in leaves:
        if leaf == stop:
            break
        if leaf in open_leaves:
            found.append(leaf)
    return found


def _depth(tree: StateTree, name: str, leaf: str) -> int:
    path = tree.leaves[leaf][1]
    return path.index(name) + 1 if name in path else 0
