"""Branches and decision tables: exactly one way for every case, and none that can never be taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from dutyflow.checks.samples import Example, find_example
from dutyflow.checks.subject import Book, Part
from dutyflow.kernel.rules import Assignment, EventRule, Expression, Field, Table


@dataclass(frozen=True, slots=True)
class Option:
    """A branch or a row: its condition (none: whatever is left) and where it stands."""

    when: Expression | None
    source: str


def overlapping_branches(part: Part) -> None:
    """DF304: two branches of a `choose: unique` event hold at once."""
    for rule, options in _branching(part):
        if rule.unique:
            _report_overlaps(part.book, options, part.workflow.fields, rule.sets)


def overlapping_rows(book: Book) -> None:
    """DF304: two rows of a `hit: unique` table hold at once."""
    for table in book.rules.tables.values():
        if table.hit == "unique":
            _report_overlaps(book, _rows(table), _all_fields(book), ())


def cases_without_a_branch(part: Part) -> None:
    """DF305: no branch of an event holds."""
    for rule, options in _branching(part):
        example = _gap(part.book, options, part.workflow.fields, rule.sets)
        if example:
            part.report("DF305", rule.source, event=rule.event, related=(), **_shown(example))


def cases_without_a_row(book: Book) -> None:
    """DF305: no row of a table that must give one value holds."""
    for table in book.rules.tables.values():
        if table.hit == "collect":
            continue
        example = _gap(book, _rows(table), _all_fields(book), ())
        if example:
            book.report("DF305", book.declared_at("tables", table.id), related=(), table=table.id, **_shown(example))


def branches_never_taken(part: Part) -> None:
    """DF308: a branch stands behind one that always holds."""
    for _, options in _branching(part):
        _report_hidden(part.book, options)


def rows_never_taken(book: Book) -> None:
    """DF308: a row stands behind one that always holds."""
    for table in book.rules.tables.values():
        if table.hit == "first":
            _report_hidden(book, _rows(table))


def _branching(part: Part) -> Iterator[tuple[EventRule, list[Option]]]:
    for rule in part.workflow.rules:
        if len(rule.branches) > 1 or any(branch.when for branch in rule.branches):
            yield rule, [Option(branch.when, branch.source) for branch in rule.branches]


def _rows(table: Table) -> list[Option]:
    return [Option(row.when, row.source) for row in table.rows]


def _all_fields(book: Book) -> Mapping[str, Field]:
    """The fields that a table may ask for: those of every workflow."""
    return {name: field for workflow in book.rules.workflows.values() for name, field in workflow.fields.items()}


def _report_overlaps(
    book: Book, options: Sequence[Option], fields: Mapping[str, Field], sets: Sequence[Assignment]
) -> None:
    for first, second in combinations(options, 2):
        if first.when is None or second.when is None:
            continue
        example = find_example([first.when, second.when], all, fields, book.loaded.expressions, sets)
        if example:
            book.report("DF304", second.source, related=[first.source], **_shown(example))


def _gap(
    book: Book, options: Sequence[Option], fields: Mapping[str, Field], sets: Sequence[Assignment]
) -> Example | None:
    conditions = [option.when for option in options if option.when is not None]
    if len(conditions) < len(options) or not conditions:
        return None
    return find_example(conditions, lambda truth: not any(truth), fields, book.loaded.expressions, sets)


def _report_hidden(book: Book, options: Sequence[Option]) -> None:
    always = next((option for option in options if option.when is None), None)
    for option in options[options.index(always) + 1 :] if always else ():
        book.report("DF308", option.source, related=[always.source] if always else ())


def _shown(example: Example) -> dict[str, str | int]:
    fields = ", ".join(f"`{name}`" for name in example.values)
    return {"example": example.text, "fields": fields, "combinations": example.combinations}
