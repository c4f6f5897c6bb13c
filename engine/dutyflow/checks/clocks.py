"""Time limits against the life cycle: every clock can start, can be stopped, and its states exist while it runs."""

from __future__ import annotations

from dutyflow.checks.subject import Part
from dutyflow.kernel.rules import Sla, State


def states_without_clock(part: Part) -> None:
    """DF401: somebody has work to do in a state, and no time limit runs."""
    for name, state in part.reachable.items():
        busy = any(name in part.clocks.running(sla.id) for sla in part.slas)
        timed = any(way.rule.trigger in ("timer", "data") for way in part.graph.ways_from(name))
        if not state.final and state.kind == "work" and not busy and not timed:
            part.report("DF401", state.source, state=name)


def clocks_that_nothing_stops(part: Part) -> None:
    """DF406: a clock can start, but after that no declared stop or cancel can happen any more."""
    for sla in part.slas:
        running = part.clocks.running(sla.id)
        depends_on_data = any(trigger.kind in ("when", "breached") for trigger in (*sla.stops, *sla.cancels))
        if running and not depends_on_data and not any(part.clocks.ends(way, sla) for way in part.clocks.ways_of(sla)):
            part.report("DF406", sla.source, sla=sla.id, states=_listed(running, part))


def clocks_that_never_start(part: Part) -> None:
    """DF407: nothing that could start the clock can happen, or only together with the end of the ticket."""
    for sla in part.slas:
        if not part.clocks.running(sla.id):
            part.report("DF407", sla.source, sla=sla.id)


def pauses_that_never_occur(part: Part) -> None:
    """DF414: a clock is to stand still in states in which it never runs."""
    for sla in part.slas:
        running = part.clocks.running(sla.id)
        for pause in sla.pauses if running else ():
            leaves = {leaf for name in pause.states for leaf in part.workflow.composites.get(name, (name,))}
            if leaves and not leaves & running:
                place = part.book.key_place("slas", sla.id, "pause")
                part.report("DF414", place, sla=sla.id, states=_listed(frozenset(leaves), part))


def breaches_nobody_hears_of(part: Part) -> None:
    """DF418: the due time passes and nobody is told, then or later."""
    for sla in part.slas:
        told = (*(sla.breach.to if sla.breach else ()), *(to for step in sla.escalations for to in step.to))
        if not told:
            part.report("DF418", sla.source, sla=sla.id)


def escalations_to_the_owner(part: Part) -> None:
    """DF404: a breach goes to nobody but the role that let it happen."""
    for sla in part.slas:
        owners = _owners(part, sla)
        told = [*(sla.breach.to if sla.breach else ()), *(to for step in sla.escalations for to in step.to)]
        if not told or not owners:
            continue
        if all(to.kind == "owner" or (to.kind == "role" and owners == {to.name}) for to in told):
            place = part.book.key_place("slas", sla.id, "breach")
            part.report("DF404", place, sla=sla.id, role=", ".join(f"`{owner}`" for owner in sorted(owners)))


def _owners(part: Part, sla: Sla) -> set[str]:
    """The roles that own the states in which the clock runs; empty as soon as one is found out only at run time."""
    owners: set[str] = set()
    for name in part.clocks.running(sla.id):
        state: State = part.workflow.states[name]
        if state.owner is None or state.owner.choose is not None or state.owner.role is None:
            return set()
        owners.add(state.owner.role)
    return owners


def _listed(states: frozenset[str], part: Part) -> str:
    return ", ".join(f"`{name}`" for name in part.workflow.states if name in states)
