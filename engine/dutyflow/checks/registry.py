"""The list of all checks, in the order of their phases, and the one function that runs them.

To add a rule of your own, write a function of a `Book` or a `Part` that reports findings, and pass it along:
`check_rulebook(loaded, extra=[Check("DF4", part=my_rule)])`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dutyflow.checks import (
    automatic,
    calendars,
    choices,
    clocks,
    duties,
    evidence,
    limits,
    reachability,
    scripts,
    sets,
)
from dutyflow.checks.subject import Book, Part
from dutyflow.rulebook.findings import Severity
from dutyflow.rulebook.load import Loaded


@dataclass(frozen=True, slots=True)
class Check:
    """One rule: the phase it belongs to, and the function that looks at the rulebook or at each workflow."""

    phase: str
    part: Callable[[Part], None] | None = None
    book: Callable[[Book], None] | None = None

    @property
    def run(self) -> Callable[[Part], None] | Callable[[Book], None]:
        """The function itself, whatever it looks at."""
        found = self.part or self.book
        assert found is not None, "a check looks at a part or at the book"
        return found


CHECKS: tuple[Check, ...] = (
    Check("DF2", book=scripts.lines_that_do_not_exist),
    Check("DF2", book=scripts.scripts_for_nothing),
    Check("DF2", part=automatic.automatic_events_without_rest),
    Check("DF3", part=reachability.unreachable_states),
    Check("DF3", part=reachability.dead_ends),
    Check("DF3", part=reachability.livelocks),
    Check("DF3", part=choices.overlapping_branches),
    Check("DF3", book=choices.overlapping_rows),
    Check("DF3", part=choices.cases_without_a_branch),
    Check("DF3", book=choices.cases_without_a_row),
    Check("DF3", part=automatic.automatic_circles),
    Check("DF3", part=reachability.events_never_offered),
    Check("DF3", part=choices.branches_never_taken),
    Check("DF3", book=choices.rows_never_taken),
    Check("DF3", part=automatic.timers_without_effect),
    Check("DF3", part=evidence.fields_nobody_fills),
    Check("DF3", book=automatic.children_without_end),
    Check("DF3", part=automatic.children_never_opened),
    Check("DF3", part=sets.signals_never_taken),
    Check("DF3", book=sets.sets_nobody_asks),
    Check("DF4", part=clocks.states_without_clock),
    Check("DF4", book=duties.items_without_accountable),
    Check("DF4", book=duties.items_with_two_accountable),
    Check("DF4", part=clocks.escalations_to_the_owner),
    Check("DF4", part=limits.warnings_too_late),
    Check("DF4", part=clocks.clocks_that_nothing_stops),
    Check("DF4", part=clocks.clocks_that_never_start),
    Check("DF4", part=duties.states_without_owner),
    Check("DF4", part=duties.owners_without_mark),
    Check("DF4", book=duties.routed_rows_without_mark),
    Check("DF4", book=duties.departments_without_item),
    Check("DF4", book=duties.items_without_department),
    Check("DF4", book=duties.roles_without_holder),
    Check("DF4", part=clocks.pauses_that_never_occur),
    Check("DF4", part=limits.stages_longer_than_the_whole),
    Check("DF4", part=limits.deadlines_in_quiet_hours),
    Check("DF4", part=clocks.breaches_nobody_hears_of),
    Check("DF4", part=duties.states_without_item),
    Check("DF4", part=limits.warnings_before_the_start),
    Check("DF5", book=calendars.dates_beyond_the_official_ones),
    Check("DF5", book=calendars.holidays_without_an_end),
)


def check_rulebook(loaded: Loaded, extra: Iterable[Check] = ()) -> None:
    """Add what the checks find to `loaded.findings`. Nothing is checked while the rulebook does not compile.

    A phase looks at a workflow only if the phase before found no error in it: what follows from a mistake is no news.
    """
    if loaded.rules is None:
        return
    book = Book(loaded, loaded.rules)
    parts = [Part(book, workflow) for workflow in loaded.rules.workflows.values()]
    checks = (*CHECKS, *extra)
    for phase in dict.fromkeys(check.phase for check in checks):
        chosen = [check for check in checks if check.phase == phase]
        parts = [part for part in parts if _is_clean_after(part, chosen)]
        for check in chosen:
            if check.book is not None:
                check.book(book)


def _is_clean_after(part: Part, checks: Iterable[Check]) -> bool:
    """Run the checks on one workflow; whether they found no error in it."""
    before = part.book.findings.count(Severity.ERROR)
    for check in checks:
        if check.part is not None:
            check.part(part)
    return part.book.findings.count(Severity.ERROR) == before
