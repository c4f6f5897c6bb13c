"""The picture of a life cycle: states with owner and clocks, events as arrows; as Graphviz DOT or as Mermaid."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from dutyflow.kernel.rules import NEW, EventRule, Rules, Sla, State, Title, Workflow

START = "[*]"
"""The dot from which opening events lead; no state can have this name."""

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
    by_itself: bool


def arrows_of(workflow: Workflow, lang: str) -> tuple[Arrow, ...]:
    """The moves between states, those with the same ends together; what stays in its state is left out."""
    shortcuts = {(shortcut.event, shortcut.label, shortcut.target) for shortcut in shortcuts_of(workflow, lang)}
    found: dict[tuple[str, str], dict[str, bool]] = {}
    for rule in workflow.rules:
        label = _title(rule.title, lang, rule.event)
        for source, target in _moves(rule):
            if (rule.event, label, target) not in shortcuts:
                labels = found.setdefault((source, target), {})
                labels[label] = labels.get(label, True) and rule.trigger != "person"
    return tuple(
        Arrow(source, target, tuple(labels), all(labels.values())) for (source, target), labels in found.items()
    )


def shortcuts_of(workflow: Workflow, lang: str) -> tuple[Shortcut, ...]:
    """The events that lead from many states to one, such as a withdrawal."""
    sources: dict[tuple[str, str, str], dict[str, bool]] = {}
    for rule in workflow.rules:
        label = _title(rule.title, lang, rule.event)
        for source, target in _moves(rule):
            states = sources.setdefault((rule.event, label, target), {})
            states[source] = states.get(source, True) and rule.trigger != "person"
    return tuple(
        Shortcut(event, label, target, tuple(states), all(states.values()))
        for (event, label, target), states in sources.items()
        if len(states) >= MANY and NEW not in states
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
        f'  {_quoted(START)} [shape=circle, label="", width=0.18, fillcolor="#4a6785"];',
    ]
    for state in workflow.states.values():
        fill = ', fillcolor="#e3efe4", color="#4c7a52", peripheries=2' if state.final else ""
        lines.append(f"  {_quoted(state.id)} [label=<{_node_markup(rules, workflow, state, lang)}>{fill}];")
    for arrow in arrows_of(workflow, lang):
        source = START if arrow.source == NEW else arrow.source
        lines.append(_dot_arrow(source, arrow.target, arrow.labels, by_itself=arrow.by_itself))
    for number, shortcut in enumerate(shortcuts_of(workflow, lang)):
        lines += _shortcut_lines(workflow, shortcut, number, lang)
    return "\n".join([*lines, "}", ""])


def _dot_arrow(source: str, target: str, labels: tuple[str, ...], *, by_itself: bool) -> str:
    label = _quoted(" " + "\n".join(labels) + " ")
    style = ', style="dashed"' if by_itself else ""
    return f"  {_quoted(source)} -> {_quoted(target)} [label={label}{style}];"


def _shortcut_lines(workflow: Workflow, shortcut: Shortcut, number: int, lang: str) -> list[str]:
    first, last = (workflow.states[state] for state in (shortcut.sources[0], shortcut.sources[-1]))
    ends = f"{_title(first.title, lang, first.id)} … {_title(last.title, lang, last.id)}"
    remark = {
        "zh": f"{ends}（{len(shortcut.sources)} 个状态）",
        "en": f"{ends} ({len(shortcut.sources)} states)",
    }
    name = f"[{number}]"
    look = 'shape=plaintext, style="", fontsize=10, fontcolor="#33475b"'
    return [
        f"  {_quoted(name)} [{look}, label={_quoted(remark[lang])}];",
        _dot_arrow(name, shortcut.target, (shortcut.label,), by_itself=shortcut.by_itself),
    ]


def lifecycle_mermaid(rules: Rules, workflow: Workflow, lang: str) -> str:
    """The life cycle as a Mermaid state diagram."""
    names = {NEW: "[*]"} | {state: f"s{number}" for number, state in enumerate(workflow.states)}
    lines = ["stateDiagram-v2"]
    for state in workflow.states.values():
        text = "<br/>".join(map(_mermaid_text, _node_lines(rules, workflow, state, lang)))
        lines.append(f"    {names[state.id]} : {text}")
    moves = [(arrow.source, arrow.target, arrow.labels) for arrow in arrows_of(workflow, lang)]
    for shortcut in shortcuts_of(workflow, lang):
        moves += [(state, shortcut.target, (shortcut.label,)) for state in shortcut.sources]
    for source, target, labels in moves:
        label = " / ".join(map(_mermaid_text, labels))
        lines.append(f"    {names[source]} --> {names[target]} : {label}")
    lines += [f"    {names[state.id]} --> [*]" for state in workflow.states.values() if state.final]
    return "\n".join([*lines, ""])


def _node_markup(rules: Rules, workflow: Workflow, state: State, lang: str) -> str:
    title, *rest = _node_lines(rules, workflow, state, lang)
    small = "".join(f'<BR/><FONT POINT-SIZE="10" COLOR="#55687a">{escape(line)}</FONT>' for line in rest)
    return f"<B>{escape(title)}</B>{small}"


def _node_lines(rules: Rules, workflow: Workflow, state: State, lang: str) -> list[str]:
    lines = [_title(state.title, lang, state.id)]
    owner = _owner_text(rules, state, lang)
    if owner:
        lines.append(owner)
    slas = [sla for sla in workflow.slas.values() if _belongs(sla, state)]
    return [*lines, *(f"{_title(sla.title, lang, sla.id)}: {_span(sla)}" for sla in slas)]


def _owner_text(rules: Rules, state: State, lang: str) -> str:
    if state.owner is None:
        return ""
    role = rules.organisation.roles.get(state.owner.role or "")
    return _title(role.title, lang, role.id) if role is not None else {"zh": "按分派", "en": "by routing"}[lang]


def _belongs(sla: Sla, state: State) -> bool:
    """Whether a clock runs from entering the state, or the composite state around it."""
    return any(trigger.kind == "entered" and not trigger.names.isdisjoint(state.path) for trigger in sla.starts)


def _span(sla: Sla) -> str:
    """How long it is: each of the lengths that the data of a ticket may choose."""
    texts = (target.within or target.due for target in sla.targets)
    return _one_line(" / ".join(dict.fromkeys(text.text for text in texts if text is not None)))


def _title(title: Title, lang: str, name: str) -> str:
    """A title on one line, without signs that no picture can show; the id where nothing is left of it."""
    return _one_line(title[lang]) or name


def _one_line(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _quoted(text: str) -> str:
    """A string of DOT; a line break in it stays one."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _mermaid_text(text: str) -> str:
    """A text with what Mermaid would read as its own signs, or as HTML, written as their numbers."""
    return re.sub(r"[\"#&:;<>%{}\[\]`]", lambda sign: f"#{ord(sign[0])};", text)
