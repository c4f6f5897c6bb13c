"""Who may see a private field: the roles it names, or those who work on its tickets; and whoever stands above them."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from msgspec.structs import replace

from dutyflow.kernel import rules as kr
from dutyflow.rulebook.compile.context import Context
from dutyflow.rulebook.nodes import Node


def named_readers(context: Context, private: Node | None) -> frozenset[str]:
    """The roles that `private:` lists, with their superiors; none where it says `true` only."""
    if private is None or not private.is_list:
        return frozenset()
    named = context.all_known("role", private, context.ids("roles"))
    return frozenset(superior for role in named for superior in _upwards(context.organisation, role))


def with_readers(workflow: kr.Workflow, organisation: kr.Organisation, tables: Mapping[str, kr.Table]) -> kr.Workflow:
    """The workflow whose private fields know who sees them: where they name nobody, all who work on its tickets."""
    workers = _workers(workflow, organisation, tables)
    fields = {
        name: replace(field, seen_by=workers) if field.private and not field.seen_by else field
        for name, field in workflow.fields.items()
    }
    return replace(workflow, fields=fields)


def _workers(workflow: kr.Workflow, organisation: kr.Organisation, tables: Mapping[str, kr.Table]) -> frozenset[str]:
    """Who asks for events, has a permission or owns a state; their superiors, and the heads of their departments."""
    known = {*organisation.roles, kr.SYSTEM}
    asking = (rule.by for rule in workflow.rules)
    permitted = (permission.by for permission in workflow.permissions.values())
    owning = (role for owner in _owners(workflow) for role in possible_owners(owner, workflow, tables))
    working = [role for role in (*chain(*asking, *permitted), *owning) if role in known]
    heads = [head for role in working if (head := organisation.head_of(role)) is not None]
    return frozenset(superior for role in (*working, *heads) for superior in _upwards(organisation, role))


def _owners(workflow: kr.Workflow) -> Iterator[kr.Owner]:
    return (state.owner for state in workflow.states.values() if state.owner is not None)


def possible_owners(owner: kr.Owner, workflow: kr.Workflow, tables: Mapping[str, kr.Table]) -> Iterable[str]:
    """The roles that a state may get as its owner: the one it names, those of a table's column, a field's options."""
    if owner.role is not None:
        yield owner.role
    if owner.choose is None:
        return
    for name in owner.choose.reads:
        yield from workflow.fields[name].options
    for table in tables.values():
        for column in table.columns:
            if owner.choose.text == f"lookup({table.id}, {column})":
                yield from (str(row.values.get(column)) for row in table.rows)


def _upwards(organisation: kr.Organisation, role: str) -> tuple[str, ...]:
    """The role and its superiors. A circle, which is a finding elsewhere, ends where it began."""
    found = [role]
    while (superior := organisation.superior_of(found[-1])) is not None and superior not in found:
        found.append(superior)
    return tuple(found)
