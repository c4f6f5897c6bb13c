"""`load_rulebook(path)`: from a folder of YAML to compiled rules, with every finding on the way."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from dutyflow.errors import RulebookError
from dutyflow.kernel import rules as kr
from dutyflow.kernel.calendars import Calendar, CalendarError
from dutyflow.kernel.local_time import load_zone
from dutyflow.kernel.quiet_hours import QuietHours
from dutyflow.resources import schemas_dir
from dutyflow.rulebook.assumed import Assumed, assumed_in
from dutyflow.rulebook.calendar_findings import report_calendar
from dutyflow.rulebook.compile.children import check_children, check_schedules
from dutyflow.rulebook.compile.context import Context, label, text_of
from dutyflow.rulebook.compile.fields import compile_form
from dutyflow.rulebook.compile.organisation import Item, compile_matrix, compile_organisation
from dutyflow.rulebook.compile.readers import with_readers
from dutyflow.rulebook.compile.reports import Reports, compile_reports
from dutyflow.rulebook.compile.schedules import compile_schedules
from dutyflow.rulebook.compile.sets import compile_sets, compile_templates
from dutyflow.rulebook.compile.tables import check_circles, columns_of, compile_table
from dutyflow.rulebook.compile.workflows import compile_workflow, names_of, others_of, read_skeletons
from dutyflow.rulebook.expressions import Expression
from dutyflow.rulebook.files import DISK, Files
from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.folder import VARIES, RawRulebook, read_rulebook
from dutyflow.rulebook.nodes import Node
from dutyflow.rulebook.places import Place
from dutyflow.rulebook.shape import Shapes

RULEBOOK_SCHEMA = "rulebook.schema.json"
DEFAULT_ZONE = "Asia/Shanghai"
DEFAULT_CALENDAR = "office"

WHOLE = {
    "departments": "organisation.schema.json#/$defs/department",
    "roles": "organisation.schema.json#/$defs/role",
    "members": "organisation.schema.json#/$defs/member",
    "responsibility": "organisation.schema.json#/$defs/item",
    "calendars": "calendars.schema.json#/$defs/calendar",
    "quiet_hours": "calendars.schema.json#/$defs/quiet",
    "forms": "forms.schema.json#/$defs/form",
    "tables": "tables.schema.json#/$defs/table",
    "workflows": "workflows.schema.json#/$defs/workflow",
    "slas": "slas.schema.json#/$defs/sla",
    "scripts": "scripts.schema.json#/$defs/script",
    "phrases": "scripts.schema.json#/$defs/word_list",
    "sets": "sets.schema.json#/$defs/set",
    "schedules": "schedules.schema.json#/$defs/schedule",
    "templates": "messages.schema.json#/$defs/template",
    "variables": "messages.schema.json#/$defs/variable",
    "metrics": "reports.schema.json#/$defs/metric",
    "statistics": "reports.schema.json#/$defs/statistic",
    "scenarios": "scenario.schema.json#/$defs/scenario",
}
"""The schema of one whole declaration of each section."""

EXECUTABLE = (
    "calendars",
    "defaults",
    "departments",
    "forms",
    "members",
    "quiet_hours",
    "responsibility",
    "roles",
    "schedules",
    "sets",
    "slas",
    "tables",
    "workflows",
)
"""The sections that decide what happens to a ticket; scripts and scenarios do not change the content hash."""

FOR_PEOPLE = frozenset(
    ("title", "note", "assumed", "replace", "varies", "customer", "customer_text", "help", "example")
)
"""What a declaration says to people only; a field or an expression of such a name stands deeper and counts."""

DECLARES = frozenset({"states", "events", "tasks", "fields"})
"""Keys under which further declarations stand, by name and in an order that matters."""

CASES = frozenset({"branches", "rows", "within"})
"""Keys under which cases are listed, each with words of its own."""

NAMED = frozenset({"options", "outcomes"})
"""Keys under which names stand, as a list or with a title each."""


@dataclass(slots=True)
class Loaded:
    """A rulebook as far as it could be loaded. `rules` is None as soon as there is one error."""

    path: Path
    name: str
    findings: Findings
    raw: RawRulebook | None = None
    rules: kr.Rules | None = None
    places: Mapping[str, Place] = field(default_factory=dict)
    expressions: Mapping[str, Expression] = field(default_factory=dict)
    matrix: Mapping[str, Item] = field(default_factory=dict)
    context: Context | None = None
    reports: Reports = field(default_factory=Reports)

    def require_rules(self) -> kr.Rules:
        """The compiled rules; raises `RulebookError` with the findings when there are errors."""
        if self.rules is None:
            raise RulebookError(self.findings.errors)
        return self.rules

    @property
    def assumed(self) -> tuple[Assumed, ...]:
        """The figures that somebody chose because the source is silent, in file order (M42)."""
        return assumed_in(self.raw) if self.raw else ()


def load_rulebook(path: Path, root: Path | None = None, *, files: Files = DISK) -> Loaded:
    """Read, check the shape of, and compile the rulebook at `path`. Never raises for what a rulebook gets wrong."""
    findings = Findings()
    raw = read_rulebook(path, findings, root, files=files)
    loaded = Loaded(path=path, name=raw.name if raw else path.name, findings=findings, raw=raw)
    if raw is None or findings.has_errors:
        return loaded
    for document in raw.documents:
        _shapes().validate(document, RULEBOOK_SCHEMA, findings)
    if not findings.errors:
        _check_overlays(raw, findings)
    if not findings.errors:
        _compile(loaded, raw)
    return loaded


def _check_overlays(raw: RawRulebook, findings: Findings) -> None:
    """A declaration that varies another is only a part; whole it is, and must fit, once it is laid over the other."""
    for section, declarations in raw.sections.items():
        for declaration in declarations.values():
            whole = WHOLE.get(section)
            if whole is not None and declaration.replaces is not None and declaration.node.get(VARIES) is not None:
                _shapes().validate(declaration.node, whole, findings)


@cache
def _shapes() -> Shapes:
    return Shapes.from_folder(schemas_dir())


def _compile(loaded: Loaded, raw: RawRulebook) -> None:
    header = raw.singles.get("rulebook")
    node = header.node if header else None
    context = Context(raw, loaded.findings, _zone(node, loaded.findings), _default_calendar(node))
    _compile_time(context)
    default = node.get("calendar") if node else None
    context.default_is_unknown = default is not None and not context.known(
        "calendar", default, context.section("calendars")
    )
    context.organisation = compile_organisation(context)
    matrix = compile_matrix(context)
    forms = {name: compile_form(context, declaration.node) for name, declaration in context.section("forms").items()}
    context.table_columns = {name: columns_of(d) for name, d in context.section("tables").items()}
    skeletons = read_skeletons(context, forms)
    everywhere = names_of(context, skeletons, None)
    tables = {name: compile_table(context, d, everywhere, matrix) for name, d in context.section("tables").items()}
    check_circles(context)
    sets = compile_sets(context, skeletons, everywhere)
    templates = compile_templates(context)
    compiled = {name: compile_workflow(context, skeletons, name, matrix) for name in skeletons}
    workflows = {name: with_readers(one, context.organisation, tables) for name, one in compiled.items()}
    schedules = compile_schedules(context, everywhere, others_of(skeletons))
    check_children(context, workflows)
    check_schedules(context, workflows, schedules)
    loaded.reports = compile_reports(
        context, {name: names_of(context, skeletons, one) for name, one in skeletons.items()}
    )
    loaded.places, loaded.expressions, loaded.matrix, loaded.context = (
        context.places,
        context.expressions,
        matrix,
        context,
    )
    if not loaded.findings.has_errors:
        loaded.rules = kr.Rules(
            name=raw.name,
            title=label(node.get("title") if node else None, raw.name),
            hash=content_hash(raw),
            zone=context.zone.key,
            workflows=workflows,
            organisation=context.organisation,
            calendars=context.calendars,
            tables=tables,
            sets=sets,
            templates=templates,
            schedules=schedules,
        )


def _zone(header: Node | None, findings: Findings) -> ZoneInfo:
    node = header.get("timezone") if header else None
    zone = load_zone(text_of(node, DEFAULT_ZONE))
    if zone is None and node is not None:
        problem = CalendarError("unknown_zone", ("timezone",), {"found": node.text})
        assert header is not None, "a header that names a zone exists"
        report_calendar(problem, header, findings)
    return zone or ZoneInfo(DEFAULT_ZONE)


def _default_calendar(header: Node | None) -> str:
    return text_of(header.get("calendar") if header else None, DEFAULT_CALENDAR)


def _compile_time(context: Context) -> None:
    zone = context.zone.key
    for name, declaration in context.section("calendars").items():
        mapping = _plain(declaration.node) | {"name": name}
        problems = Calendar.problems(mapping, timezone=zone)
        for problem in problems:
            report_calendar(problem, declaration.node, context.findings)
        if not problems:
            context.calendars[name] = Calendar.from_mapping(mapping, timezone=zone)
    for name, declaration in context.section("quiet_hours").items():
        mapping = _plain(declaration.node) | {"name": name}
        quiet_problems = QuietHours.problems(mapping, timezone=zone)
        for problem in quiet_problems:
            report_calendar(problem, declaration.node, context.findings)
        if not quiet_problems:
            context.quiet_hours[name] = QuietHours.from_mapping(mapping, timezone=zone)


def _plain(node: Node) -> dict[str, Any]:
    """A declaration as the calendars read it: without what every declaration may carry."""
    plain = node.plain()
    assert isinstance(plain, dict), "the schema has made sure of a mapping"
    return {key: value for key, value in plain.items() if key not in ("title", "note", "assumed", "replace", "varies")}


def content_hash(raw: RawRulebook) -> str:
    """The hash a ticket is pinned to: over everything that decides what happens, whatever the files and their order.

    Words for people (titles, notes, why a figure was assumed) are left out. States and events count in their order,
    because `any_before` and automatic events go by it.
    """
    content: dict[str, Any] = {
        section: {name: _executable(declaration.node) for name, declaration in raw.sections[section].items()}
        for section in EXECUTABLE
        if section in raw.sections
    }
    header = raw.singles.get("rulebook")
    content["rulebook"] = _executable(header.node) if header else None
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()


def _executable(node: Node) -> Any:
    """A declaration, state, event, task or field without its words; what stands under other keys counts as it is."""
    if node.is_list:
        return [_executable(child) for child in node.children]
    if not node.is_map:
        return node.plain()
    kept = {key: child for key, _, child in node.items() if key not in FOR_PEOPLE}
    return {key: _inside(key, child) for key, child in kept.items()}


def _inside(key: str, node: Node) -> Any:
    if key in CASES:
        return _executable(node)
    if not node.is_map or key not in DECLARES | NAMED:
        return node.plain()
    return [name if key in NAMED else (name, _executable(child)) for name, _, child in node.items()]
