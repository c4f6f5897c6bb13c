"""Soundness of the life cycle: every state can be reached, and from every state a ticket can be brought to its end."""

from __future__ import annotations

from dutyflow.checks.subject import Part


def unreachable_states(part: Part) -> None:
    """DF301: no event leads into a state."""
    for name, state in part.workflow.states.items():
        if name not in part.graph.reached:
            part.report("DF301", state.source, state=name, initial=part.workflow.initial)


def dead_ends(part: Part) -> None:
    """DF302: a state that is not final, and that nothing leaves."""
    for name in _dead_ends(part):
        state = part.workflow.states[name]
        part.report("DF302", state.source, state=name, way=part.graph.shortest_way_in(name))


def livelocks(part: Part) -> None:
    """DF303: states that can be left, but only in a circle that no final state belongs to."""
    goals = [name for name, state in part.workflow.states.items() if state.final]
    mended = part.graph.leads_to([*goals, *_dead_ends(part)])
    stuck = [name for name in part.reachable if name not in mended]
    if stuck:
        first = part.workflow.states[stuck[0]]
        way = part.graph.shortest_way_in(stuck[0])
        part.report("DF303", first.source, states=", ".join(f"`{name}`" for name in stuck), way=way)


def events_never_offered(part: Part) -> None:
    """DF307: an event whose `from` states can all not be reached."""
    for event in dict.fromkeys(rule.event for rule in part.workflow.rules):
        rules = [rule for rule in part.workflow.rules if rule.event == event]
        if not any(part.offered(rule) for rule in rules):
            states = dict.fromkeys(source for rule in rules for source in rule.sources)
            part.report("DF307", rules[0].source, event=event, states=", ".join(f"`{name}`" for name in states))


def _dead_ends(part: Part) -> list[str]:
    return [
        name
        for name, state in part.reachable.items()
        if not state.final and all(way.target == name for way in part.graph.ways_from(name))
    ]
