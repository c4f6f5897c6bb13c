"""What every part of the compiler shares: the findings, the names that exist, and small readers of nodes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from dutyflow.kernel import rules as kr
from dutyflow.kernel.calendars import ALWAYS, Calendar
from dutyflow.kernel.durations import Duration, DurationError
from dutyflow.kernel.quiet_hours import QuietHours
from dutyflow.rulebook.duration_findings import report_duration
from dutyflow.rulebook.expressions import Expression, Problem, compile_expression, compile_friendly
from dutyflow.rulebook.findings import Findings, closest
from dutyflow.rulebook.folder import Declaration, RawRulebook
from dutyflow.rulebook.nodes import Node
from dutyflow.rulebook.places import Place
from dutyflow.rulebook.types import BOOLEAN, Names, Type

UNKNOWN_NAME = {
    "state": "DF201",
    "event": "DF202",
    "role": "DF203",
    "department": "DF204",
    "field": "DF205",
    "form": "DF206",
    "calendar": "DF207",
    "clock": "DF208",
    "workflow": "DF209",
    "table": "DF210",
    "column": "DF211",
    "quiet_hours": "DF212",
    "item": "DF213",
    "member": "DF214",
    "set": "DF266",
    "template": "DF267",
}
"""The finding for a name that nobody declares, by what it should name."""


@dataclass(slots=True)
class Context:
    """The state of one compilation. Everything that is declared is known here by name before anything is compiled."""

    raw: RawRulebook
    findings: Findings
    zone: ZoneInfo
    default_calendar: str
    default_is_unknown: bool = False
    places: dict[str, Place] = field(default_factory=dict)
    expressions: dict[str, Expression] = field(default_factory=dict)
    calendars: dict[str, Calendar] = field(default_factory=dict)
    quiet_hours: dict[str, QuietHours] = field(default_factory=dict)
    table_columns: dict[str, Mapping[str, Type]] = field(default_factory=dict)
    set_fields: dict[str, Mapping[str, Type]] = field(default_factory=dict)
    all_fields: dict[str, Type] = field(default_factory=dict)
    tables: dict[str, kr.Table] = field(default_factory=dict)
    organisation: kr.Organisation = field(default_factory=kr.Organisation)

    def section(self, name: str) -> Mapping[str, Declaration]:
        """The declarations of a section; empty when no file has it."""
        return self.raw.sections.get(name, {})

    def ids(self, section: str) -> frozenset[str]:
        """The ids that a section declares."""
        return frozenset(self.section(section))

    def workflow_of_set(self, name: str) -> str:
        """The workflow whose tickets a set holds."""
        return text_of(self.section("sets")[name].node.get("of"))

    def source(self, place: Place) -> str:
        """The `file:line:column` that kernel records carry; remembered, so that a finding finds the whole span."""
        text = str(place)
        self.places[text] = place
        return text

    # --- names --------------------------------------------------------------------------------------------------

    def known(self, kind: str, node: Node | None, candidates: Iterable[str], **values: str) -> str | None:
        """The name in `node` if it is one of `candidates`; otherwise a finding and None."""
        if node is None:
            return None
        name = node.text if node.is_scalar else ""
        names = list(candidates)
        if name in names:
            return name
        suggestion = closest(name, names)
        self.findings.add(UNKNOWN_NAME[kind], node.place, related=(), name=name, suggestion=suggestion, **values)
        return None

    def all_known(self, kind: str, node: Node | None, candidates: Iterable[str], **values: str) -> tuple[str, ...]:
        """The names in a list (or a single name) that exist; a finding for each that does not."""
        names = list(candidates)
        found = (self.known(kind, item, names, **values) for item in items_of(node))
        return tuple(name for name in found if name is not None)

    def must_be(self, node: Node, found: Type, *expected: str) -> None:
        """Report a field (named in `node`) that has none of the expected types."""
        if found.kind not in expected:
            phrase = Type(expected[0]).phrase
            self.findings.add("DF263", node.place, name=node.text, expected=phrase, type=found.phrase)

    def refuse(self, names: Iterable[str], section: str) -> None:
        """Report the declarations of a section that have a name which means something else."""
        for name in names:
            declaration = self.section(section).get(name)
            if declaration is not None:
                self.findings.add("DF109", declaration.key_place, key=name, reserved=name)

    # --- expressions --------------------------------------------------------------------------------------------

    def expression(self, node: Node | None, names: Names, expect: Type | None = None) -> kr.Expression | None:
        """The expression written in `node`, for the kernel; findings and None when it is wrong."""
        if node is None:
            return None
        if node.is_map:
            return self._compiled(node, compile_friendly(_plain_map(node), names))
        if node.is_list:
            return None
        text = str(node.value).lower() if isinstance(node.value, bool) else node.text
        text = text if node.value is not None else "null"
        if expect is not None and text in expect.options and text not in names.fields:
            text = f"'{text}'"  # an option of a choice field may stand without quotes of its own
        return self._compiled(node, compile_expression(text, names, expect=expect))

    def condition(self, node: Node | None, names: Names) -> kr.Expression | None:
        """A condition: expression text, or the friendly mapping form."""
        return self.expression(node, names, BOOLEAN)

    def _compiled(self, node: Node, result: Expression | tuple[Problem, ...]) -> kr.Expression | None:
        problems = result if isinstance(result, tuple) else result.warnings
        for problem in problems:
            self.findings.add(problem.code, place_in(node, problem, self.findings), related=(), **problem.values)
        if isinstance(result, tuple):
            return None
        source = self.source(node.place)
        self.expressions[source] = result
        return result.for_kernel(source)

    # --- durations ----------------------------------------------------------------------------------------------

    def duration(self, node: Node | None) -> tuple[Duration, Calendar] | None:
        """The duration in `node` (text or full mapping) and the calendar it is reckoned in."""
        if node is None:
            return None
        try:
            if node.is_map:
                duration = Duration.from_mapping({key: value.text for key, _, value in node.items()})
            else:
                duration = Duration.parse(node.text)
        except DurationError as error:
            report_duration(error, node.place, self.findings)
            return None
        calendar = self.calendar_of(duration, node.place)
        return None if calendar is None else (duration, calendar)

    def calendar_of(self, duration: Duration, place: Place) -> Calendar | None:
        """The calendar a duration names, or the rulebook's default."""
        name = duration.calendar or self.default_calendar
        found = self.calendars.get(name)
        if found is None and (name in self.section("calendars") or (self.default_is_unknown and not duration.calendar)):
            return ALWAYS  # broken, or unknown where it is named for all: a finding there says so
        if found is None:
            suggestion = closest(name, self.calendars)
            self.findings.add("DF207", place, name=name, suggestion=suggestion)
        return found


def _plain_map(node: Node) -> Mapping[str, object]:
    plain = node.plain()
    assert isinstance(plain, dict), "a mapping node is plain as a dict"
    return plain


def place_in(node: Node, problem: Problem, findings: Findings) -> Place:
    """Where a problem of an expression stands in the file.

    Columns inside the text only mean something where the text stands in the file as it is: plain or simply quoted, on
    one line. Elsewhere the whole value is shown.
    """
    key = problem.values.get("key")
    if node.is_map and key is not None:
        entry = node.get(str(key))
        if entry is None:
            return node.place
        return node.key_place(str(key)) if entry.is_list or problem.end == 0 else _inside(entry, problem, findings)
    return _inside(node, problem, findings)


def _inside(node: Node, problem: Problem, findings: Findings) -> Place:
    place = node.place
    source = findings.sources.get(place.file)
    if source is None or place.line != place.end_line or not node.text:
        return place
    written = source.line(place.line)[place.column - 1 : place.end_column - 1]
    offset = written.find(node.text)
    if offset < 0:
        return place
    start = place.column + offset + problem.start
    end = max(place.column + offset + problem.end, start + 1)
    return Place(place.file, place.line, start, place.line, end)


def items_of(node: Node | None) -> tuple[Node, ...]:
    """The items of a list, or the one thing that stands where a list may."""
    if node is None:
        return ()
    return tuple(node.children) if node.is_list else (node,)


def label(node: Node | None, fallback: str = "") -> kr.Title:
    """A label in its languages; a plain text serves for both."""
    if node is None:
        return {"zh": fallback, "en": fallback}
    if node.is_map:
        texts = {key: value.text for key, _, value in node.items()}
        some = next(iter(texts.values()), fallback)
        return {"zh": texts.get("zh", some), "en": texts.get("en", some)}
    return {"zh": node.text, "en": node.text}


def text_of(node: Node | None, fallback: str = "") -> str:
    """The text of a scalar, or the fallback."""
    return node.text if node is not None and node.is_scalar else fallback


def is_true(node: Node | None) -> bool:
    """Whether a flag is set."""
    return node is not None and node.value is True


def each(section: Mapping[str, Declaration], make: Callable[[Declaration], object]) -> None:
    """Make something of every declaration, in file order."""
    for declaration in section.values():
        make(declaration)
