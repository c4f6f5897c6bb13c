"""`evolve(ticket, event) -> ticket`: the only place where a ticket changes; replaying a history is folding it."""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from dutyflow.kernel import events as ev
from dutyflow.kernel.rules import NEW
from dutyflow.kernel.ticket import Child, ClockRun, Signature, Ticket


def evolve(ticket: Ticket | None, event: ev.Event) -> Ticket:
    """The ticket after `event`. `ticket` is None only for `Opened`."""
    if ticket is None:
        assert isinstance(event, ev.Opened), "a history begins with `opened`"
        return _opened(event)
    return _HANDLERS[type(event)](ticket, event)


def replay(events: Iterable[ev.Event]) -> Ticket:
    """The ticket that a whole history gives."""
    ticket: Ticket | None = None
    for event in events:
        ticket = evolve(ticket, event)
    assert ticket is not None, "a history is never empty"
    return ticket


def _opened(event: ev.Opened) -> Ticket:
    return Ticket(
        id=event.ticket,
        workflow=event.workflow,
        rules=event.rules,
        state=NEW,
        seq=1,
        opened_at=event.at,
        changed_at=event.at,
        entered_at=event.at,
        parent=event.parent,
        fields=event.fields,
    )


def _fired(ticket: Ticket, event: ev.Fired) -> Ticket:
    fields = {**ticket.fields, **event.changes} if event.changes else ticket.fields
    if not event.entered:
        signatures = tuple(s for s in ticket.signatures if s.event != event.event) if ticket.signatures else ()
        return replace(
            ticket,
            seq=ticket.seq + 1,
            changed_at=event.at,
            fields=fields,
            owner=event.owner,
            outcome=event.outcome,
            pending=event.pending,
            signatures=signatures,
        )
    return replace(
        ticket,
        seq=ticket.seq + 1,
        changed_at=event.at,
        state=event.state,
        entered_at=event.at,
        fields=fields,
        owner=event.owner,
        outcome=event.outcome,
        pending=event.pending,
        memory={**ticket.memory, **event.remember} if event.remember else ticket.memory,
        signatures=(),
        tasks_done=(),
    )


def _lapsed(ticket: Ticket, event: ev.Lapsed) -> Ticket:
    pending = tuple(item for item in ticket.pending if item.event != event.event)
    return _touch(ticket, event, pending=pending)


def _signed(ticket: Ticket, event: ev.Signed) -> Ticket:
    signatures = (*ticket.signatures, Signature(event.event, event.role, event.actor))
    fields = {**ticket.fields, **event.given} if event.given else ticket.fields
    return _touch(ticket, event, signatures=signatures, fields=fields)


def _task_done(ticket: Ticket, event: ev.TaskDone) -> Ticket:
    return _touch(ticket, event, tasks_done=(*ticket.tasks_done, event.task))


def _clock_started(ticket: Ticket, event: ev.ClockStarted) -> Ticket:
    run = ClockRun(
        sla=event.sla,
        run=event.run,
        anchor_at=event.anchor_at,
        started_at=event.at,
        due_at=event.due_at,
        nominal_due_at=event.due_at,
        seconds=event.seconds,
        target=event.target,
        fixed=event.fixed,
        pauses=event.pauses,
        alarms=event.alarms,
    )
    return _touch(ticket, event, clocks=(*ticket.clocks, run))


def _clock_stopped(ticket: Ticket, event: ev.ClockStopped) -> Ticket:
    run = _run(ticket, event)
    ended = replace(run, status=event.how, ended_at=event.at, alarms=())
    others = tuple([other for other in ticket.clocks if other is not run])
    return _touch(ticket, event, clocks=others, past_clocks=(*ticket.past_clocks, ended))


def _clock_paused(ticket: Ticket, event: ev.ClockPaused) -> Ticket:
    run = _run(ticket, event)
    return _with_run(ticket, event, replace(run, due_at=None, alarms=(), pauses=(*run.pauses, (event.at, None))))


def _clock_resumed(ticket: Ticket, event: ev.ClockResumed) -> Ticket:
    run = _run(ticket, event)
    pauses = (*run.pauses[:-1], (run.pauses[-1][0], event.at))
    return _with_run(ticket, event, replace(run, due_at=event.due_at, alarms=event.alarms, pauses=pauses))


def _clock_moved(ticket: Ticket, event: ev.ClockMoved) -> Ticket:
    run = _run(ticket, event)
    run = replace(
        run,
        due_at=event.due_at,
        nominal_due_at=event.due_at,
        seconds=event.seconds,
        target=event.target,
        fixed=event.fixed,
        alarms=event.alarms,
        rung=tuple(item for item in run.rung if item[0] != "warning"),  # the new due time has warnings of its own
    )
    return _with_run(ticket, event, run)


def _rang(ticket: Ticket, event: ev.Rang) -> Ticket:
    run = _run(ticket, event)
    rung = replace(
        run,
        alarms=tuple(a for a in run.alarms if a.kind != event.kind or a.level != event.level),
        rung=(*run.rung, (event.kind, event.level)),
        breached_at=event.at if event.kind == "breach" else run.breached_at,
    )
    return _with_run(ticket, event, rung)


def _hushed(ticket: Ticket, event: ev.Hushed) -> Ticket:
    run = _run(ticket, event)
    alarms = tuple(alarm for alarm in run.alarms if alarm.kind != event.kind or alarm.level != event.level)
    return _with_run(ticket, event, replace(run, alarms=alarms, rung=(*run.rung, (event.kind, event.level))))


def _listed(ticket: Ticket, event: ev.Listed) -> Ticket:
    return _touch(ticket, event)


def _child_opened(ticket: Ticket, event: ev.ChildOpened) -> Ticket:
    return _touch(ticket, event, children=(*ticket.children, Child(id=event.child, workflow=event.workflow)))


def _child_closed(ticket: Ticket, event: ev.ChildClosed) -> Ticket:
    children = tuple(
        replace(child, open=False, outcome=event.outcome) if child.id == event.child else child
        for child in ticket.children
    )
    return _touch(ticket, event, children=children)


def _amended(ticket: Ticket, event: ev.Amended) -> Ticket:
    return _touch(ticket, event, fields={**ticket.fields, **event.changes}, pending=event.pending)


def _commented(ticket: Ticket, event: ev.Commented) -> Ticket:
    return _touch(ticket, event)


def _assigned(ticket: Ticket, event: ev.Assigned) -> Ticket:
    return _touch(ticket, event, owner=event.owner)


def _run(ticket: Ticket, event: Any) -> ClockRun:
    for run in ticket.clocks:
        if run.run == event.run and run.sla == event.sla:
            return run
    raise LookupError(f"ticket {ticket.id} has no open run {event.run} of {event.sla}")


def _with_run(ticket: Ticket, event: Any, changed: ClockRun) -> Ticket:
    clocks = tuple([changed if run.sla == event.sla and run.run == event.run else run for run in ticket.clocks])
    return _touch(ticket, event, clocks=clocks)


def _touch(ticket: Ticket, event: Any, **changes: Any) -> Ticket:
    return replace(ticket, seq=ticket.seq + 1, changed_at=event.at, **changes)


_HANDLERS: dict[type, Callable[[Ticket, Any], Ticket]] = {
    ev.Fired: _fired,
    ev.Lapsed: _lapsed,
    ev.Signed: _signed,
    ev.TaskDone: _task_done,
    ev.ClockStarted: _clock_started,
    ev.ClockStopped: _clock_stopped,
    ev.ClockPaused: _clock_paused,
    ev.ClockResumed: _clock_resumed,
    ev.ClockMoved: _clock_moved,
    ev.Rang: _rang,
    ev.Listed: _listed,
    ev.Hushed: _hushed,
    ev.ChildOpened: _child_opened,
    ev.ChildClosed: _child_closed,
    ev.Amended: _amended,
    ev.Commented: _commented,
    ev.Assigned: _assigned,
}
