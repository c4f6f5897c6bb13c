"""SLAs: what starts, stops and pauses a clock, how long it is, and who hears of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time

from msgspec.structs import replace

from dutyflow.kernel import rules as kr
from dutyflow.kernel.calendars import Calendar, measure
from dutyflow.kernel.durations import Duration, DurationError
from dutyflow.rulebook.compile.context import Context, is_true, items_of, label, text_of
from dutyflow.rulebook.compile.states import StateTree
from dutyflow.rulebook.duration_findings import report_duration
from dutyflow.rulebook.folder import Declaration
from dutyflow.rulebook.nodes import Node
from dutyflow.rulebook.types import DATETIME, Names

NONE = "none"
OF_DUE_DAY = "of due day"
SPECIAL_RECIPIENTS = ("owner", "head_of_owner", "superior_of_owner")
OWNER = (kr.Recipient(kind="owner"),)


@dataclass(slots=True)
class Surroundings:
    """What the SLAs of one workflow may refer to."""

    context: Context
    tree: StateTree
    names: Names
    events: frozenset[str]


def compile_sla(around: Surroundings, declaration: Declaration) -> kr.Sla:
    """One SLA with everything it declares; a missing part is left out with its finding."""
    context, node = around.context, declaration.node
    policy, min_remaining = _retarget(context, node.get("retarget"))
    breach, escalations = _breach(around, node.get("breach"))
    return kr.Sla(
        id=declaration.id,
        title=label(node.get("title"), declaration.id),
        targets=tuple(_targets(around, node)),
        starts=tuple(_triggers(around, node.get("start"))),
        stops=tuple(_triggers(around, node.get("stop"))),
        cancels=tuple(_triggers(around, node.get("cancel"))),
        pauses=tuple(_pauses(around, node.get("pause"))),
        moves=tuple(_moves(around, node.get("moved_by"))),
        breach=breach,
        escalations=escalations,
        reopen=text_of(node.get("reopen"), "new_cycle"),  # type: ignore[arg-type]  # closed by the schema
        if_running=text_of(node.get("if_running"), "keep"),  # type: ignore[arg-type]  # closed by the schema
        retarget=policy,  # type: ignore[arg-type]  # closed by the schema
        min_remaining=min_remaining,
        source=context.source(declaration.key_place),
    )


# --- how long ---------------------------------------------------------------------------------------------------


def _targets(around: Surroundings, node: Node) -> Iterator[kr.Target]:
    due, within, warn = node.get("due"), node.get("within"), node.get("warn")
    if due is not None:
        expression = around.context.expression(due, around.names, DATETIME)
        if expression is not None:
            warnings = _warnings(around, warn, None)
            yield kr.Target(due=expression, warnings=warnings, source=around.context.source(due.place))
        return
    for case in items_of(within):
        by_case = case.is_map and (case.get("is") is not None)
        target = _target(around, case, case.get("is") if by_case else case, warn, by_case=by_case)
        if target is not None:
            yield target


def _target(
    around: Surroundings, case: Node, span: Node | None, warn: Node | None, *, by_case: bool
) -> kr.Target | None:
    read = around.context.duration(span)
    if read is None:
        return None
    duration, calendar = read
    when = case.get("when") if by_case and not is_true(case.get("otherwise")) else None
    return kr.Target(
        when=around.context.condition(when, around.names),
        within=duration,
        calendar=calendar,
        measure=measure(duration, calendar),
        warnings=_warnings(around, warn, duration),
        source=around.context.source(case.place),
    )


def _retarget(context: Context, node: Node | None) -> tuple[str, tuple[Duration, Calendar] | None]:
    if node is None or node.is_scalar:
        return text_of(node, "keep_consumed"), None
    policy = next((key for key in ("keep_consumed", "restart", "keep_old") if is_true(node.get(key))), "keep_consumed")
    return policy, context.duration(node.get("min_remaining"))


# --- warnings ---------------------------------------------------------------------------------------------------


def _warnings(around: Surroundings, warn: Node | None, duration: Duration | None) -> tuple[kr.Alarm, ...]:
    """The declared warnings, or the rulebook's defaults for this kind of target (DOMAIN.md 3.0 item 5)."""
    if warn is not None:
        return tuple(_alarms(around, warn))
    defaults = around.context.section("defaults").get("warn")
    if defaults is None or _is_too_short(around.context, defaults.node.get("not_under"), duration):
        return ()
    kind = "instant" if duration is None else "hours" if duration.seconds is not None else "days"
    default = defaults.node.get(kind)
    return tuple(_alarms(around, default)) if default is not None else ()


def _is_too_short(context: Context, limit: Node | None, duration: Duration | None) -> bool:
    if limit is None or duration is None or duration.seconds is None:
        return False
    read = context.duration(limit)
    return read is not None and read[0].seconds is not None and duration.seconds <= read[0].seconds


def _alarms(around: Surroundings, node: Node) -> Iterator[kr.Alarm]:
    for level, item in enumerate(items_of(node), start=1):
        if item.is_scalar and item.text == NONE:
            continue
        alarm = _alarm(around, item, level)
        if alarm is not None:
            yield _watching(around, item, alarm)


def _alarm(around: Surroundings, item: Node, level: int) -> kr.Alarm | None:
    if item.is_map and item.get("at") is not None:
        at = around.context.expression(item.get("at"), around.names, DATETIME)
        to = _recipients(around, item.get("to")) or OWNER
        return kr.Alarm(kind="warning", level=level, to=to, at=at, text=at.text) if at else None
    on = item.get("on") if item.is_map else item
    if on is None:
        return None
    to = (_recipients(around, item.get("to")) if item.is_map else ()) or OWNER
    text = on.text.strip()
    if text.endswith("%") and text[:-1].strip().isdigit():
        return kr.Alarm(kind="warning", level=level, to=to, share=int(text[:-1]), text=text)
    if text.endswith(OF_DUE_DAY):
        return _on_due_day(around.context, on, text, level, to)
    return _before(around.context, on, text, level, to)


def _watching(around: Surroundings, item: Node, alarm: kr.Alarm) -> kr.Alarm:
    """The alarm with what it looks at when its moment has come: `unless` it is in order, and whom it `names`."""
    if not item.is_map:
        return alarm
    unless = around.context.condition(item.get("unless"), around.names)
    names = around.context.known("set", item.get("names"), around.names.sets)
    return replace(alarm, unless=unless or alarm.unless, names=names or alarm.names)


def _on_due_day(context: Context, on: Node, text: str, level: int, to: tuple[kr.Recipient, ...]) -> kr.Alarm | None:
    clock = text.removesuffix(OF_DUE_DAY).strip()
    try:
        return kr.Alarm(kind="warning", level=level, to=to, day_time=time.fromisoformat(clock), text=text)
    except ValueError:
        context.findings.add("DF114", on.place, value=text)
        return None


def _before(context: Context, on: Node, text: str, level: int, to: tuple[kr.Recipient, ...]) -> kr.Alarm | None:
    if not text.startswith("-"):
        context.findings.add("DF114", on.place, value=text)
        return None
    try:
        before = Duration.parse(text[1:])
    except DurationError as error:
        report_duration(error, on.place, context.findings)
        return None
    if before.seconds is None or before.calendar is not None:  # it is counted as the time limit itself is
        context.findings.add("DF114", on.place, value=text)
        return None
    return kr.Alarm(kind="warning", level=level, to=to, before=before, text=text)


# --- breaches ---------------------------------------------------------------------------------------------------


def _breach(around: Surroundings, node: Node | None) -> tuple[kr.Alarm, tuple[kr.Alarm, ...]]:
    """The breach at the due time, which is a fact even when nobody is told, and the steps after it."""
    breach = kr.Alarm(kind="breach", level=0, to=())
    escalations: list[kr.Alarm] = []
    for item in items_of(node):
        to = _recipients(around, item.get("escalate"))
        after = around.context.duration(item.get("after"))
        if after is None:
            everybody = tuple(dict.fromkeys((*breach.to, *to)))
            told = replace(breach, to=everybody, text="due")
            breach = _watching(around, item, told)
        else:
            level = len(escalations) + 1
            escalations.append(kr.Alarm(kind="escalation", level=level, to=to, after=after, text=f"+{after[0].text}"))
    return breach, tuple(escalations)


def _recipients(around: Surroundings, node: Node | None) -> tuple[kr.Recipient, ...]:
    found = (_recipient(around, item) for item in items_of(node))
    return tuple(recipient for recipient in found if recipient is not None)


def _recipient(around: Surroundings, item: Node) -> kr.Recipient | None:
    if item.is_map:
        field = item.get("field")
        name = around.context.known("field", field, around.names.fields)
        if name is None or field is None:
            return None
        around.context.must_be(field, around.names.fields[name], "person", "text", "choice")
        return kr.Recipient(kind="field", name=name)
    if item.text in SPECIAL_RECIPIENTS:
        return kr.Recipient(kind=item.text)  # type: ignore[arg-type]  # one of the special recipients
    role = around.context.known("role", item, around.names.roles)
    return kr.Recipient(kind="role", name=role) if role else None


# --- starting, stopping, pausing, moving ------------------------------------------------------------------------


def _triggers(around: Surroundings, node: Node | None) -> Iterator[kr.Trigger]:
    for item in items_of(node):
        trigger = _trigger(around, item)
        if trigger is not None:
            yield trigger


def _trigger(around: Surroundings, item: Node) -> kr.Trigger | None:
    context, names = around.context, around.names
    condition = context.condition(item.get("if"), names)
    anchor = context.expression(item.get("at"), names, DATETIME)
    when = item.get("when")
    if when is not None:
        became = context.condition(when, names)
        return kr.Trigger(kind="when", condition=became, anchor=anchor) if became else None
    known = {
        "entered": ("state", around.tree.names),
        "left": ("state", around.tree.names),
        "event": ("event", around.events),
        "breached": ("clock", names.clocks),
    }
    for key, (kind, candidates) in known.items():
        if item.get(key) is not None:
            found = frozenset(context.all_known(kind, item.get(key), candidates))
            return kr.Trigger(kind=key, names=found, condition=condition, anchor=anchor)  # type: ignore[arg-type]  # a key of `known`
    return None


def _pauses(around: Surroundings, node: Node | None) -> Iterator[kr.Pause]:
    for item in items_of(node):
        states = around.context.all_known("state", item.get("states"), around.tree.names)
        condition = around.context.condition(item.get("when"), around.names)
        yield kr.Pause(states=frozenset(states), condition=condition, reason=label(item.get("reason")))


def _moves(around: Surroundings, node: Node | None) -> Iterator[kr.Move]:
    context = around.context
    for item in items_of(node):
        due = context.expression(item.get("due"), around.names, DATETIME)
        events = context.all_known("event", item.get("event"), around.events)
        if due is None or not events:
            continue
        warn = item.get("warn")
        yield kr.Move(
            events=frozenset(events),
            when=context.condition(item.get("when"), around.names),
            due=due,
            warnings=tuple(_alarms(around, warn)) if warn is not None else (),
            source=context.source(item.place),
        )
