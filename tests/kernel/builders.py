"""Small compiled rulebooks made in Python, so that tests of the kernel and of what stands on it need no YAML."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, time
from typing import Any, Literal
from zoneinfo import ZoneInfo

from dutyflow.kernel import rules as kr
from dutyflow.kernel.calendars import ALWAYS, Calendar, measure
from dutyflow.kernel.denials import RANK
from dutyflow.kernel.durations import Duration
from dutyflow.kernel.guards import Requirement, evidence, must_hold, reason_given
from dutyflow.kernel.machine import build_machine
from dutyflow.kernel.scope import Scope

ZONE = "Asia/Shanghai"
OFFICE = Calendar.from_mapping(
    {"name": "office", "timezone": ZONE, "hours": {"mon-fri": ["09:00-12:00", "13:00-18:00"]}, "closed": ["2026-03-10"]}
)
Evaluate = Callable[[Scope], Any]


def at(text: str) -> datetime:
    """A moment in Shanghai: `2026-03-02 09:14`, or `03-02 09:14` of 2026."""
    whole = text if text[4] == "-" else f"2026-{text}"
    return datetime.fromisoformat(whole).replace(tzinfo=ZoneInfo(ZONE))


def titled(name: str) -> kr.Title:
    """A title that says its language."""
    return {"en": name.replace("_", " "), "zh": f"{name}（中）"}


def expr(evaluate: Evaluate, text: str = "expression") -> kr.Expression:
    """An expression from a function of the scope."""
    return kr.Expression(text=text, evaluate=evaluate)


def value(name: str) -> kr.Expression:
    """The value of a field."""
    return expr(lambda scope: scope.values.get(name), name)


# --- states and events ------------------------------------------------------------------------------------------


def state(name: str, *path: str, owner: str | None = None, final: bool = False, **more: Any) -> kr.State:
    """A leaf state; `path` are the composite states around it, outermost first."""
    owned = kr.Owner(role=owner) if owner else None
    return kr.State(
        id=name,
        title=titled(name),
        path=(*path, name),
        owner=owned,
        final=final,
        source=f"lifecycle.yaml:{name}",
        **more,
    )


def branch(
    to: str | None = None, *, when: Evaluate | None = None, sets: Mapping[str, Evaluate] | None = None, **more: Any
) -> kr.Branch:
    """A way that an event may go; the index is given by `event`."""
    return kr.Branch(index=0, target=to, when=expr(when) if when else None, sets=_sets(sets), **more)


def event(
    name: str,
    sources: str | Iterable[str] = kr.NEW,
    to: str | None = None,
    *,
    by: Iterable[str] = ("agent",),
    require: Iterable[str] = (),
    accepts: Iterable[str] = (),
    sets: Mapping[str, Evaluate] | None = None,
    branches: Iterable[kr.Branch] = (),
    outcome: str | None = None,
    reenter: bool = False,
    reason: bool = False,
    after: str | None = None,
    at: Evaluate | None = None,
    auto: bool = False,
    child: str | None = None,
    when: Evaluate | None = None,
    checks: Iterable[tuple[str, Evaluate]] = (),
    spawns: Iterable[kr.Spawn] = (),
    **more: Any,
) -> kr.EventRule:
    """One rule of an event. It opens tickets when it has no sources; `after`, `at`, `auto`, `child` are its trigger."""
    trigger: kr.TriggerKind = "timer" if after or at else "data" if auto else "child" if child else "person"
    ways = tuple(branches) or (branch(to, outcome=outcome, reenter=reenter),)
    found = [kr.Check(code=code, probe=must_hold(expr(rule, f"{code} rule"))) for code, rule in checks]
    if tuple(require):
        found.append(kr.Check(code="evidence", probe=evidence(tuple(Requirement(fields=(name,)) for name in require))))
    if reason:
        found.append(kr.Check(code="reason", probe=reason_given))
    return kr.EventRule(
        event=name,
        title=titled(name),
        sources=(sources,) if isinstance(sources, str) else tuple(sources),
        by=frozenset(by) if trigger == "person" else frozenset(),
        trigger=trigger,
        checks=tuple(sorted(found, key=lambda check: RANK[check.code])),
        accepts=frozenset((*require, *accepts)),
        sets=_sets(sets),
        branches=tuple(_numbered(ways)),
        after=(Duration.parse(after), OFFICE) if after else None,
        at=expr(at) if at else None,
        when=expr(when) if when else None,
        child=child,
        spawns=tuple(spawns),
        source=f"lifecycle.yaml:{name}",
        **more,
    )


def spawn(workflow: str, event: str, *, when: Evaluate | None = None, **data: Evaluate) -> kr.Spawn:
    """A child ticket with the data it is given."""
    return kr.Spawn(workflow=workflow, event=event, data=_sets(data), when=expr(when) if when else None)


def _numbered(ways: Iterable[kr.Branch]) -> Iterable[kr.Branch]:
    return (
        kr.Branch(
            index=index,
            when=way.when,
            target=way.target,
            reenter=way.reenter,
            resume=way.resume,
            outcome=way.outcome,
            sets=way.sets,
            spawns=way.spawns,
        )
        for index, way in enumerate(ways)
    )


def _sets(sets: Mapping[str, Evaluate] | None) -> tuple[kr.Assignment, ...]:
    return tuple(kr.Assignment(field=name, value=expr(evaluate, name)) for name, evaluate in (sets or {}).items())


# --- time limits ------------------------------------------------------------------------------------------------


def on(
    kind: Literal["event", "entered", "left", "breached"], *names: str, anchor: Evaluate | None = None
) -> kr.Trigger:
    """What starts or stops a clock."""
    return kr.Trigger(kind=kind, names=frozenset(names), anchor=expr(anchor) if anchor else None)


def sla(
    name: str,
    within: str | Evaluate,
    *,
    start: kr.Trigger,
    stop: kr.Trigger,
    calendar: Calendar = OFFICE,
    warn: str | None = None,
    breach: str | None = "manager",
    escalate: Iterable[tuple[str, str]] = (),
    pause: Iterable[str] = (),
    **more: Any,
) -> kr.Sla:
    """A time limit: `warn` is `75%` or `09:00` (of the due day); `escalate` are (how long after due, role)."""
    warnings = (_warning(warn),) if warn else ()
    if isinstance(within, str):
        duration = Duration.parse(within)
        target = kr.Target(within=duration, calendar=calendar, measure=measure(duration, calendar), warnings=warnings)
    else:
        target = kr.Target(due=expr(within), warnings=warnings)
    return kr.Sla(
        id=name,
        title=titled(name),
        targets=(target,),
        starts=(start,),
        stops=(stop,),
        pauses=(kr.Pause(states=frozenset(pause)),) if tuple(pause) else (),
        breach=kr.Alarm(kind="breach", level=0, to=(_to(breach),) if breach else ()),
        escalations=tuple(
            kr.Alarm(kind="escalation", level=level, to=(_to(role),), after=(Duration.parse(later), OFFICE))
            for level, (later, role) in enumerate(escalate, start=1)
        ),
        source=f"sla.yaml:{name}",
        **more,
    )


def _to(name: str) -> kr.Recipient:
    return kr.Recipient(kind="owner") if name == "owner" else kr.Recipient(kind="role", name=name)


def _warning(text: str) -> kr.Alarm:
    to = (kr.Recipient(kind="owner"),)
    if text.endswith("%"):
        return kr.Alarm(kind="warning", level=1, to=to, share=int(text[:-1]), text=text)
    if ":" in text:
        return kr.Alarm(kind="warning", level=1, to=to, day_time=time.fromisoformat(text), text=text)
    raise ValueError(f"a warning is `75%` or `09:00` here, not {text}")


# --- the whole --------------------------------------------------------------------------------------------------


def field(name: str, kind: str = "text", accept: Callable[[Any], Any] = lambda raw: raw, **more: Any) -> kr.Field:
    """A field that takes everything, unless `accept` says otherwise."""
    return kr.Field(id=name, title=titled(name), kind=kind, accept=accept, **more)


def number(name: str) -> kr.Field:
    """A field for whole numbers, also written as text."""
    return field(name, "number", int)


def workflow(
    name: str,
    *,
    states: Iterable[kr.State],
    rules: Iterable[kr.EventRule],
    slas: Iterable[kr.Sla] = (),
    fields: Iterable[kr.Field] = (),
    **more: Any,
) -> kr.Workflow:
    """A workflow with everything the compiler derives; the first state is the initial one."""
    found, declared = tuple(rules), {item.id: item for item in states}
    steps: dict[str, dict[str, kr.EventRule]] = {}
    roles: dict[str, frozenset[str]] = {}
    for rule in found:
        steps.setdefault(rule.event, {}).update(dict.fromkeys(rule.sources, rule))
        roles[rule.event] = roles.get(rule.event, frozenset()) | rule.by
    composites: dict[str, tuple[str, ...]] = {}
    for item in declared.values():
        for outer in item.path[:-1]:
            composites[outer] = (*composites.get(outer, ()), item.id)
    by_id = {item.id: item for item in fields}
    return kr.Workflow(
        id=name,
        title=titled(name),
        initial=next(iter(declared)),
        states=declared,
        fields=by_id,
        rules=found,
        steps=steps,
        automatic=_by_state(found, "data"),
        timed=_by_state(found, "timer"),
        on_child=_by_state(found, "child"),
        roles_by_event=roles,
        slas={item.id: item for item in slas},
        machine=build_machine(declared, found),
        composites=composites,
        defaults={item.id: item.default for item in by_id.values() if item.default is not None},
        **more,
    )


def _by_state(rules: Iterable[kr.EventRule], trigger: str) -> dict[str, tuple[kr.EventRule, ...]]:
    found: dict[str, tuple[kr.EventRule, ...]] = {}
    for rule in rules:
        for source in rule.sources if rule.trigger == trigger else ():
            found[source] = (*found.get(source, ()), rule)
    return found


def role(name: str, *, superior: str | None = None, external: bool = False) -> kr.Role:
    """A role with a title."""
    return kr.Role(id=name, title=titled(name), superior=superior, external=external)


def member(name: str, *roles: str, **more: Any) -> kr.Member:
    """A person who holds roles."""
    return kr.Member(id=name, title=titled(name), roles=frozenset(roles), **more)


PEOPLE = (
    member("A1", "agent"),
    member("A2", "agent"),
    member("S1", "supervisor"),
    member("M1", "manager"),
)
ROLES = (
    role("agent", superior="supervisor"),
    role("supervisor", superior="manager"),
    role("manager"),
    role("customer", external=True),
)


def rulebook(
    *workflows: kr.Workflow, roles: Iterable[kr.Role] = ROLES, people: Iterable[kr.Member] = PEOPLE, hash: str = "v1"
) -> kr.Rules:
    """A compiled rulebook; roles agent < supervisor < manager, customer external; A1, A2, S1, M1 hold them."""
    return kr.Rules(
        name="test",
        title=titled("test"),
        hash=hash,
        zone=ZONE,
        workflows={item.id: item for item in workflows},
        organisation=kr.Organisation(
            roles={item.id: item for item in roles}, members={item.id: item for item in people}
        ),
        calendars={"office": OFFICE, "always": ALWAYS},
    )
