"""The picture of a life cycle: states with owner and clocks, events as arrows; as Graphviz DOT or as Mermaid."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from dutyflow.kernel.rules import NEW, EventRule, Rules, Sla, State, Workflow

START = "start"
"""The dot from which opening events lead."""

MANY = 3
"""From this many states on, the same move is drawn once, from a remark that counts them."""


@dataclass(frozen=True, slots=True)
class Arrow:
    """One or more events that lead from one state to another."""

    source: str
    target: str
    labels: tuple[str, ...]
    by_itself: bool


@dataclass(frozen=True, slots=True)
class Shortcut:
    """One event that leads from many states to the same one."""

    event: str
    label: str
    target: str
    sources: tuple[str, ...]


def arrows_of(workflow: Workflow, lang: str) -> tuple[Arrow, ...]:
    """The moves between states, those with the same ends together; what stays in its state is left out."""
    shortcuts = {(shortcut.event, shortcut.target) for shortcut in shortcuts_of(workflow, lang)}
    found: dict[tuple[str, str], dict[tuple[str, bool], None]] = {}
    for rule in workflow.rules:
        for source, target in _moves(rule):
            if (rule.event, target) not in shortcuts:
                found.setdefault((source, target), {})[rule.title[lang], rule.trigger != "person"] = None
    return tuple(
        Arrow(source, target, tuple(text for text, _ in labels), all(by_itself for _, by_itself in labels))
        for (source, target), labels in found.items()
    )


def shortcuts_of(workflow: Workflow, lang: str) -> tuple[Shortcut, ...]:
    """The events that lead from many states to one, such as a withdrawal."""
    sources: dict[tuple[str, str, str], list[str]] = {}
    for rule in workflow.rules:
        for source, target in _moves(rule):
            sources.setdefault((rule.event, rule.title[lang], target), []).append(source)
    return tuple(
        Shortcut(event, label, target, tuple(states))
        for (event, label, target), states in sources.items()
        if len(states) >= MANY
    )


def _moves(rule: EventRule) -> Iterator[tuple[str, str]]:
    for source in rule.sources:
        for branch in rule.branches:
            if branch.target is not None and branch.target != source:
                yield source, branch.target


def lifecycle_dot(rules: Rules, workflow: Workflow, lang: str) -> str:
    """The life cycle for Graphviz. Dashed arrows happen by themselves."""
    lines = [
        f"digraph {_quoted(workflow.id)} {{",
        '  graph [rankdir=TB, ranksep=0.4, nodesep=0.5, fontname="sans-serif", pad=0.2];',
        '  node [shape=box, style="rounded,filled", fillcolor="#f4f7fb", color="#4a6785", fontname="sans-serif",'
        ' fontsize=12, margin="0.18,0.1"];',
        '  edge [color="#7a8ea3", fontcolor="#33475b", fontname="sans-serif", fontsize=10, arrowsize=0.7];',
        f'  {START} [shape=circle, label="", width=0.18, fillcolor="#4a6785"];',
    ]
    for state in workflow.states.values():
        fill = ', fillcolor="#e3efe4", color="#4c7a52", peripheries=2' if state.final else ""
        lines.append(f"  {_quoted(state.id)} [label=<{_node_markup(rules, workflow, state, lang)}>{fill}];")
    for arrow in arrows_of(workflow, lang):
        source = START if arrow.source == NEW else _quoted(arrow.source)
        style = ', style="dashed"' if arrow.by_itself else ""
        label = "\\n".join(arrow.labels)
        lines.append(f"  {source} -> {_quoted(arrow.target)} [label={_quoted(f' {label} ')}{style}];")
    for number, shortcut in enumerate(shortcuts_of(workflow, lang)):
        lines += _shortcut_lines(workflow, shortcut, number, lang)
    return "\n".join([*lines, "}", ""])


def _shortcut_lines(workflow: Workflow, shortcut: Shortcut, number: int, lang: str) -> list[str]:
    first, last = (workflow.states[state].title[lang] for state in (shortcut.sources[0], shortcut.sources[-1]))
    remark = {
        "zh": f"{first} … {last}（{len(shortcut.sources)} 个状态）",
        "en": f"{first} … {last} ({len(shortcut.sources)} states)",
    }
    name = f"many_{number}"
    return [
        f'  {name} [shape=plaintext, style="", fontsize=10, fontcolor="#33475b", label={_quoted(remark[lang])}];',
        f"  {name} -> {_quoted(shortcut.target)} [label={_quoted(f' {shortcut.label} ')}];",
    ]


def lifecycle_mermaid(rules: Rules, workflow: Workflow, lang: str) -> str:
    """The life cycle as a Mermaid state diagram."""
    names = {state: f"s{number}" for number, state in enumerate(workflow.states)}
    lines = ["stateDiagram-v2"]
    for state in workflow.states.values():
        text = "<br/>".join(_node_lines(rules, workflow, state, lang)).replace(":", "#58;")
        lines.append(f"    {names[state.id]} : {text}")
    for arrow in arrows_of(workflow, lang):
        source = "[*]" if arrow.source == NEW else names[arrow.source]
        lines.append(f"    {source} --> {names[arrow.target]} : {' / '.join(arrow.labels)}")
    for shortcut in shortcuts_of(workflow, lang):
        lines += [f"    {names[state]} --> {names[shortcut.target]} : {shortcut.label}" for state in shortcut.sources]
    lines += [f"    {names[state.id]} --> [*]" for state in workflow.states.values() if state.final]
    return "\n".join([*lines, ""])


def _node_markup(rules: Rules, workflow: Workflow, state: State, lang: str) -> str:
    title, *rest = _node_lines(rules, workflow, state, lang)
    small = "".join(f'<BR/><FONT POINT-SIZE="10" COLOR="#55687a">{escape(line)}</FONT>' for line in rest)
    return f"<B>{escape(title)}</B>{small}"


def _node_lines(rules: Rules, workflow: Workflow, state: State, lang: str) -> list[str]:
    lines = [state.title[lang]]
    owner = _owner_text(rules, state, lang)
    if owner:
        lines.append(owner)
    lines += [f"{sla.title[lang]}: {_span(sla)}" for sla in workflow.slas.values() if _belongs(sla, state)]
    return lines


def _owner_text(rules: Rules, state: State, lang: str) -> str:
    if state.owner is None:
        return ""
    role = rules.organisation.roles.get(state.owner.role or "")
    return role.title[lang] if role is not None else {"zh": "按分派", "en": "by routing"}[lang]


def _belongs(sla: Sla, state: State) -> bool:
    return any(trigger.kind == "entered" and state.id in trigger.names for trigger in sla.starts)


def _span(sla: Sla) -> str:
    target = sla.targets[0]
    return target.within.text if target.within is not None else target.due.text if target.due is not None else ""


def _quoted(text: str) -> str:
    escaped = text.replace('"', '\\"')
    return f'"{escaped}"'
