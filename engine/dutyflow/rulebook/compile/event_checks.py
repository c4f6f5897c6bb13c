"""The checks an event declares: evidence, role separation, conflicts, quiet hours and conditions by denial code."""

from collections.abc import Iterator

from dutyflow.kernel import guards
from dutyflow.kernel import rules as kr
from dutyflow.kernel.denials import RANK
from dutyflow.rulebook.compile.context import Context, items_of, label, text_of
from dutyflow.rulebook.compile.limits import bound_of
from dutyflow.rulebook.nodes import Node
from dutyflow.rulebook.types import DATETIME, Names

CONDITION_CODES = ("window", "limit", "capacity", "consent", "evidence", "guard", "duplicate", "policy")
"""The keys of an event that hold conditions; each is the code of its denial."""


def compile_checks(context: Context, event: Node, names: Names) -> tuple[kr.Check, ...]:
    """All checks of one event, in the order in which denials are answered."""
    requirements = tuple(_requirements(context, event, names))
    found = [
        *_conditions(context, event, names, _always_needed(requirements)),
        *_evidence(context, event, requirements),
        *_quiet_hours(context, event, names),
        *_people(context, event, names),
    ]
    reason = event.get("reason")
    if text_of(reason) == "required" and reason is not None:
        found.append(kr.Check(code="reason", probe=guards.reason_given, source=context.source(reason.place)))
    return tuple(sorted(found, key=lambda check: RANK[check.code]))


def fields_taken(context: Context, event: Node, names: Names) -> frozenset[str]:
    """The fields that a command may bring with the event."""
    taken = {name for requirement in _requirements(context, event, names) for name in requirement.fields}
    return frozenset(taken | set(context.all_known("field", event.get("optional"), names.fields)))


def _requirements(context: Context, event: Node, names: Names) -> Iterator[guards.Requirement]:
    """`require:` is met by what the ticket already holds, `record:` only by what comes with the command."""
    for key in ("require", "record"):
        for item in items_of(event.get(key)):
            fields, when = item, None
            if item.is_map:
                fields = item.get("any_of") or item.get("field") or item
                when = context.condition(item.get("when"), names)
            known = context.all_known("field", fields, names.fields)
            if known:
                yield guards.Requirement(fields=known, fresh=key == "record", when=when)


def _always_needed(requirements: tuple[guards.Requirement, ...]) -> frozenset[str]:
    return frozenset(r.fields[0] for r in requirements if len(r.fields) == 1 and r.when is None)


def _evidence(context: Context, event: Node, requirements: tuple[guards.Requirement, ...]) -> Iterator[kr.Check]:
    node = event.get("require") or event.get("record")
    if requirements and node is not None:
        yield kr.Check(code="evidence", probe=guards.evidence(requirements), source=context.source(node.place))


def _conditions(context: Context, event: Node, names: Names, required: frozenset[str]) -> Iterator[kr.Check]:
    for code in CONDITION_CODES:
        for item in items_of(event.get(code)):
            rule, say = item, None
            if item.is_map and item.get("rule") is not None:
                rule, said = item.entries["rule"][1], item.get("say")
                say = label(said) if said is not None else None
            expression = context.condition(rule, names)
            if expression is not None:
                bound = bound_of(context.expressions[expression.source], names)
                probe = guards.must_hold(expression, say, bound=bound, required=required)
                yield kr.Check(code=code, probe=probe, source=expression.source)


def _quiet_hours(context: Context, event: Node, names: Names) -> Iterator[kr.Check]:
    node = event.get("quiet_hours")
    if node is None:
        return
    name = context.known("quiet_hours", node.get("name") if node.is_map else node, context.ids("quiet_hours"))
    agreed = context.expression(node.get("agreed"), names, DATETIME) if node.is_map else None
    quiet_hours = context.quiet_hours.get(name or "")
    if quiet_hours is not None:
        probe = guards.outside_quiet_hours(quiet_hours, agreed)
        yield kr.Check(code="quiet_hours", probe=probe, source=context.source(node.place))


def _people(context: Context, event: Node, names: Names) -> Iterator[kr.Check]:
    conflict = event.get("unless_conflict_with")
    if conflict is not None:
        fields = context.all_known("field", conflict, names.fields)
        probe = guards.no_conflict(fields)
        yield kr.Check(code="conflict", probe=probe, source=context.source(conflict.place))
    separated = event.get("not_by")
    if separated is not None:
        fields = context.all_known("field", separated.get("same_as"), names.fields)
        when = context.condition(separated.get("when"), names)
        probe = guards.not_same_person(fields, when)
        yield kr.Check(code="same_person", probe=probe, source=context.source(separated.place))
