"""The state machine of a workflow on `transitions`: one flat, shared machine; each step uses a throw-away walker.

Composite states are flattened before they come here. Callables only, no model, no queue: that is the way in which
the library is quick (about 7 us a step), thread-safe and small.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from transitions import EventData, Machine, State

from dutyflow.kernel.rules import NEW, Branch, EventRule
from dutyflow.kernel.scope import Scope


class Walker:
    """The throw-away object that walks one step: where it stands, what it sees, which branch it took."""

    __slots__ = ("scope", "state", "taken")

    def __init__(self, state: str, scope: Scope) -> None:
        self.state = state
        self.scope = scope
        self.taken: Branch | None = None


def build_machine(states: Iterable[str], rules: Iterable[EventRule]) -> Machine:
    """One machine for all tickets of a workflow: a row for each rule, source state and branch, in file order."""
    machine = Machine(
        model=None,
        states=[State(name) for name in (NEW, *states)],
        initial=NEW,
        auto_transitions=False,
        send_event=True,
        queued=False,
    )
    for rule in rules:
        for source in rule.sources:
            for branch in rule.branches:
                machine.add_transition(
                    rule.event,
                    source,
                    _destination(branch),
                    conditions=list(_conditions(branch)),
                    before=[_taker(branch)],
                )
    return machine


def choose_branch(machine: Machine, event: str, state: str, scope: Scope) -> Branch | None:
    """The first branch of the event whose condition holds in `scope`; None when there is none."""
    walker = Walker(state, scope)
    machine.events[event].trigger(walker)
    return walker.taken


def _destination(branch: Branch) -> str | None:
    return "=" if branch.reenter and branch.target is None else branch.target


def _conditions(branch: Branch) -> Sequence[Callable[[Any], bool]]:
    if branch.when is None:
        return []
    evaluate = branch.when.evaluate

    def holds(step: EventData) -> bool:
        walker: Walker = step.model  # type: ignore[assignment]  # the library types its model as `object`
        return bool(evaluate(walker.scope))

    return [holds]


def _taker(branch: Branch) -> Callable[[EventData], Any]:
    def take(step: EventData) -> None:
        walker: Walker = step.model  # type: ignore[assignment]  # the library types its model as `object`
        walker.taken = branch

    return take
