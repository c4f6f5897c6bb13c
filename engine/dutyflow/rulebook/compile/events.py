"""Events: who may ask for what, where it leads, what it sets, opens and triggers."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from dutyflow.kernel import rules as kr
from dutyflow.kernel.admission import OWNER
from dutyflow.kernel.scope import Scope
from dutyflow.rulebook.compile.context import Context, is_true, items_of, label, text_of
from dutyflow.rulebook.compile.event_checks import compile_checks, fields_taken
from dutyflow.rulebook.compile.outreach import Others, compile_messages, compile_signals, compile_spawns
from dutyflow.rulebook.compile.states import StateTree, leaves_named, outcomes_of, tasks_needed
from dutyflow.rulebook.findings import Related
from dutyflow.rulebook.nodes import Node
from dutyflow.rulebook.places import Place
from dutyflow.rulebook.types import DATETIME, Names
from dutyflow.wording import Phrase


@dataclass(slots=True)
class Declared:
    """One rule of an event as it is declared: its node, where, and the leaves it applies to."""

    event: str
    node: Node
    place: Place
    sources: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Lifecycle:
    """What the compilation of a workflow's events needs to know about its surroundings."""

    context: Context
    workflow: str
    tree: StateTree
    names: Names
    others: Others
    events: frozenset[str] = frozenset()
    initial: str = ""


def compile_events(life: Lifecycle, workflow: Node) -> tuple[kr.EventRule, ...]:
    """All rules of a workflow, in file order; where two rules meet in a state, the more precisely named one wins."""
    declared = list(_declared(life, workflow))
    life.events = frozenset([rule.event for rule in declared] + [task for task, _, _ in _tasks(life)])
    _settle_overlaps(life, declared)
    rules = [_rule(life, rule) for rule in declared if rule.sources]
    tasks = list(_task_rules(life))
    _refuse_doubles(life, rules, tasks)
    return (*rules, *tasks)


def _refuse_doubles(life: Lifecycle, rules: list[kr.EventRule], tasks: list[kr.EventRule]) -> None:
    """A task is the event of its name: in its state no other rule may have that name."""
    context = life.context
    known = {(rule.event, state): rule for rule in rules for state in rule.sources}
    for task in tasks:
        first = known.setdefault((task.event, task.sources[0]), task)
        if first is not task:
            related = (Related(context.places[first.source]),)
            context.findings.add(
                "DF251", context.places[task.source], related=related, event=task.event, state=task.sources[0]
            )


def _declared(life: Lifecycle, workflow: Node) -> Iterator[Declared]:
    events = workflow.get("events")
    for event, place, node in events.items() if events else ():
        for item in items_of(node):
            rule = Declared(event, item, place if node.is_map else item.place)
            if is_true(item.get("opens")):
                rule.sources = {kr.NEW: 1}
            else:
                rule.sources = leaves_named(life.context, life.tree, item.get("from"), event)
            yield rule


def _settle_overlaps(life: Lifecycle, declared: list[Declared]) -> None:
    winners: dict[tuple[str, str], Declared] = {}
    for rule in declared:
        for state, depth in list(rule.sources.items()):
            known = winners.get((rule.event, state))
            if known is None or known.sources[state] < depth:
                if known is not None:
                    del known.sources[state]
                winners[rule.event, state] = rule
                continue
            if known.sources[state] == depth:
                life.context.findings.add(
                    "DF251", rule.place, related=(Related(known.place),), event=rule.event, state=state
                )
            del rule.sources[state]


# --- one rule ---------------------------------------------------------------------------------------------------


def _rule(life: Lifecycle, declared: Declared) -> kr.EventRule:
    context, node, names = life.context, declared.node, life.names
    trigger = _trigger(node)
    child = node.get("on_child")
    return kr.EventRule(
        event=declared.event,
        title=label(node.get("title"), declared.event),
        sources=tuple(declared.sources),
        by=_by(life, node),
        trigger=trigger,
        checks=compile_checks(context, node, names) if trigger == "person" else (),
        accepts=fields_taken(context, node, names) if trigger == "person" else frozenset(),
        sets=_sets(life, node.get("set")),
        branches=_branches(life, declared),
        unique=text_of(node.get("choose")) == "unique",
        then=tuple(_follow_ups(life, node)),
        spawns=tuple(compile_spawns(context, node, names, life.others)),
        signals=tuple(compile_signals(context, node, names, life.others)),
        messages=tuple(compile_messages(context, node, names)),
        approvals=_approvals(life, node),
        after=context.duration(node.get("after")),
        at=context.expression(node.get("at"), names, DATETIME),
        when=context.condition(node.get("when"), names),
        child=_child(life, child),
        child_outcomes=tuple(item.text for item in items_of(child.get("outcomes"))) if child else (),
        source=context.source(declared.place),
    )


def _trigger(node: Node) -> kr.TriggerKind:
    if node.get("after") is not None or node.get("at") is not None:
        return "timer"
    if is_true(node.get("auto")):
        return "data"
    return "child" if node.get("on_child") is not None else "person"


def _by(life: Lifecycle, node: Node) -> frozenset[str]:
    roles = {OWNER, kr.SYSTEM, *life.context.ids("roles")}
    approvals = node.get("approvals")
    named = life.context.all_known("role", node.get("by"), roles)
    signing = life.context.all_known("role", approvals.get("of"), roles) if approvals else ()
    return frozenset((*named, *signing))


def _child(life: Lifecycle, node: Node | None) -> str | None:
    if node is None:
        return None
    return life.context.known("workflow", node.get("workflow") if node.is_map else node, life.names.workflows)


def _sets(life: Lifecycle, node: Node | None) -> tuple[kr.Assignment, ...]:
    found = []
    for name, place, value in node.items() if node else ():
        expected = life.names.fields.get(name)
        if expected is None:
            life.context.known("field", _name_node(name, place), life.names.fields)
            continue
        expression = life.context.expression(value, life.names, expected)
        if expression is not None:
            found.append(kr.Assignment(field=name, value=expression))
    return tuple(found)


def _name_node(name: str, place: Place) -> Node:
    """A key of a mapping as a node, so that it can be looked up like any other name."""
    span = (place.line, place.column, place.end_line, place.end_column)
    return Node("scalar", place.file, span, value=name, text=name)


def _branches(life: Lifecycle, declared: Declared) -> tuple[kr.Branch, ...]:
    branches = declared.node.get("branches")
    if branches is None:
        return (_branch(life, declared, declared.node, 0, whole_event=True),)
    return tuple(_branch(life, declared, node, index) for index, node in enumerate(branches.children))


def _branch(life: Lifecycle, declared: Declared, node: Node, index: int, *, whole_event: bool = False) -> kr.Branch:
    """A branch; an event without branches is its own only one, whose `set`, `when` and `spawn` the rule keeps."""
    context, to = life.context, node.get("to")
    target, resume = _target(life, to, declared)
    if target is None and resume is None and is_true(declared.node.get("opens")):
        target = life.initial
    own = not whole_event
    return kr.Branch(
        index=index,
        when=context.condition(node.get("when"), life.names) if own else None,
        target=target,
        reenter=is_true(node.get("reenter")),
        resume=resume,
        outcome=_outcome(life, node, target),
        sets=_sets(life, node.get("set")) if own else (),
        spawns=tuple(compile_spawns(context, node, life.names, life.others)) if own else (),
        signals=tuple(compile_signals(context, node, life.names, life.others)) if own else (),
        messages=tuple(compile_messages(context, node, life.names)) if own else (),
        source=context.source(node.place if own else declared.place),
    )


def _target(life: Lifecycle, to: Node | None, declared: Declared) -> tuple[str | None, str | None]:
    if to is None:
        return None, None
    context, tree = life.context, life.tree
    if to.is_scalar:
        name = context.known("state", to, tree.names, event=declared.event)
        return (tree.leaf(name) if name else None), None
    resume, otherwise = to.get("resume"), to.get("otherwise")
    if resume is not None and resume.text not in tree.composites:
        context.findings.add("DF258", resume.place, name=resume.text)
    name = context.known("state", otherwise, tree.names, event=declared.event)
    return (tree.leaf(name) if name else None), text_of(resume) or None


def _outcome(life: Lifecycle, node: Node, target: str | None) -> str | None:
    outcome = node.get("outcome")
    if target is None or target not in life.tree.leaves:
        return text_of(outcome) or None
    if outcome is not None and not life.tree.is_final(target):
        problem = Phrase.of("shape.only_final_has_outcomes", state=target)
        life.context.findings.add("DF117", outcome.place, description=problem)
        return None
    allowed = outcomes_of(life.tree.leaves[target][0])
    if outcome is None:
        if len(allowed) > 1:
            place = (node.get("to") or node).place
            life.context.findings.add("DF252", place, state=target, allowed=", ".join(allowed))
        return allowed[0] if len(allowed) == 1 else None
    if allowed and outcome.text not in allowed:
        life.context.findings.add("DF215", outcome.place, name=outcome.text, state=target, allowed=", ".join(allowed))
    return outcome.text


def _follow_ups(life: Lifecycle, node: Node) -> Iterator[kr.FollowUp]:
    for item in items_of(node.get("then")):
        event = life.context.known("event", item.get("do"), life.events)
        if event is not None:
            yield kr.FollowUp(event=event, when=life.context.condition(item.get("when"), life.names))


def _approvals(life: Lifecycle, node: Node) -> kr.Approvals | None:
    approvals = node.get("approvals")
    if approvals is None:
        return None
    different = approvals.get("different_persons")
    return kr.Approvals(
        roles=life.context.all_known("role", approvals.get("of"), life.context.ids("roles")),
        in_order=text_of(approvals.get("order")) == "sequence",
        different_persons=different is None or different.value is not False,
    )


# --- tasks ------------------------------------------------------------------------------------------------------


def _tasks(life: Lifecycle) -> Iterator[tuple[str, str, Node]]:
    for leaf, (state, _) in life.tree.leaves.items():
        tasks = state.get("tasks")
        for task, _, node in tasks.items() if tasks else ():
            yield task, leaf, node


def _task_rules(life: Lifecycle) -> Iterator[kr.EventRule]:
    """Tasks are events that stay; when enough of them are done, the state's own `to` follows by itself."""
    for task, leaf, node in _tasks(life):
        checks = (_not_done_yet(task), *compile_checks(life.context, node, life.names))
        yield kr.EventRule(
            event=task,
            title=label(node.get("title"), task),
            sources=(leaf,),
            by=_by(life, node) or frozenset({OWNER}),
            checks=checks,
            accepts=fields_taken(life.context, node, life.names),
            branches=(kr.Branch(index=0, source=life.context.source(node.place)),),
            task=task,
            source=life.context.source(node.place),
        )
    for leaf, (state, _) in life.tree.leaves.items():
        to = state.get("to")
        if state.get("tasks") is not None and to is not None:
            yield _completion(life, leaf, state, to)


def _not_done_yet(task: str) -> kr.Check:
    def probe(scope: Scope) -> kr.Refusal | None:
        return kr.Refusal(values={"done": task}) if task in scope.ticket.tasks_done else None

    return kr.Check(code="state", probe=probe)


def _completion(life: Lifecycle, leaf: str, state: Node, to: Node) -> kr.EventRule:
    declared = Declared(f"{leaf}_complete", state, to.place, {leaf: 1})
    needed = tasks_needed(state)

    def enough(scope: Scope) -> bool:
        return len(scope.ticket.tasks_done) >= needed

    target, resume = _target(life, to, declared)
    return kr.EventRule(
        event=declared.event,
        title=label(None, declared.event),
        sources=(leaf,),
        trigger="data",
        branches=(
            kr.Branch(
                index=0,
                target=target,
                resume=resume,
                outcome=_outcome(life, state, target),
                source=life.context.source(to.place),
            ),
        ),
        when=kr.Expression(text=f"{needed} tasks done", evaluate=enough),
        source=life.context.source(to.place),
    )
