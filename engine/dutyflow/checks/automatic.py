"""What happens by itself: automatic events that never stop, timers without effect, child tickets without end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from dutyflow.checks.subject import Book, Part
from dutyflow.kernel.rules import NEW, Branch, EventRule, Spawn, Workflow


def automatic_events_without_rest(part: Part) -> None:
    """DF264: an automatic event without any condition that stays where it is, so that it fires for ever."""
    for way in part.graph.reachable_ways():
        always = way.rule.trigger == "data" and way.rule.when is None and way.branch.when is None
        if always and way.source == way.target:
            part.report("DF264", way.rule.source, event=way.rule.event, state=way.source)


def automatic_circles(part: Part) -> None:
    """DF306: automatic events without any condition that lead back to where they began."""
    following: dict[str, list[str]] = {}
    rule_of: dict[str, EventRule] = {}
    for way in part.graph.reachable_ways():
        unguarded = way.rule.trigger == "data" and way.rule.when is None and way.branch.when is None
        if unguarded and way.source != way.target:
            following.setdefault(way.source, []).append(way.target)
            rule_of[way.source] = way.rule
    for circle in _circles(following):
        chain = " -> ".join([*circle, circle[0]])
        part.report("DF306", rule_of[circle[0]].source, circle=chain)


def timers_without_effect(part: Part) -> None:
    """DF309: a timed event that changes nothing when its time comes."""
    for rule in part.workflow.rules:
        if rule.trigger == "timer" and not _has_effect(rule):
            part.report("DF309", rule.source, event=rule.event)


def children_without_end(book: Book) -> None:
    """DF311: opening a ticket opens another one, and so on, until one of the same workflow is opened again."""
    spawns = {name: list(_spawned_by_opening(workflow)) for name, workflow in book.rules.workflows.items()}
    following = {name: [spawn.workflow for spawn in found] for name, found in spawns.items()}
    for circle in _circles(following):
        chain = " -> ".join([*circle, circle[0]])
        following_one = circle[1] if len(circle) > 1 else circle[0]
        spawn = next(spawn for spawn in spawns[circle[0]] if spawn.workflow == following_one)
        book.report("DF311", spawn.source, circle=chain)


def children_never_opened(part: Part) -> None:
    """DF312: an event waits for the end of a child ticket that this workflow never opens."""
    opened = {spawn.workflow for rule in part.workflow.rules for spawn in _spawns(rule)}
    for rule in part.workflow.rules:
        if rule.child is not None and rule.child not in opened:
            part.report("DF312", rule.source, event=rule.event, child=rule.child)


def _has_effect(rule: EventRule) -> bool:
    return (
        bool(rule.sets or rule.then)
        or _reaches_out(rule)
        or any(_reaches_out(branch) for branch in rule.branches)
        or any(branch.target or branch.resume or branch.reenter or branch.sets for branch in rule.branches)
    )


def _reaches_out(part: EventRule | Branch) -> bool:
    """Whether something happens beyond the ticket itself."""
    return bool(part.spawns or part.signals or part.messages)


def _spawns(rule: EventRule) -> tuple[Spawn, ...]:
    return (*rule.spawns, *(spawn for branch in rule.branches for spawn in branch.spawns))


def _spawned_by_opening(workflow: Workflow) -> Iterator[Spawn]:
    """The child tickets that are opened in any case when a ticket of the workflow is."""
    for rule in workflow.rules:
        if NEW in rule.sources:
            certain = rule.branches[0].spawns if rule.branches and rule.branches[0].when is None else ()
            yield from (spawn for spawn in (*rule.spawns, *certain) if spawn.when is None and spawn.for_each is None)


def _circles(following: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Every circle once, beginning with the name that is met first."""
    circles: list[list[str]] = []
    done: set[str] = set()

    def walk(name: str, on_the_way: list[str]) -> None:
        if name in on_the_way:
            circles.append(on_the_way[on_the_way.index(name) :])
            return
        if name in done:
            return
        for target in following.get(name, ()):
            walk(target, [*on_the_way, name])
        done.add(name)

    for name in following:
        walk(name, [])
    return circles
